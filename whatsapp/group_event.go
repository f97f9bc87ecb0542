package whatsapp

import (
	"context"
	"slices"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
	"wagateway/models/fault"
)

// handleGroupEvent stores what an event tells of groups and people: one store
// call, done when it returns, so that WhatsApp is acknowledged only afterwards.
// An error asks for redelivery.
func (s *Service) handleGroupEvent(ctx context.Context, x *session, evt any) (handled bool, err error) {
	switch evt := evt.(type) {
	case *events.GroupInfo:
		return true, s.groupChanged(ctx, x, evt)
	case *events.JoinedGroup:
		return true, s.groupJoined(ctx, x, evt)
	case *events.PushName:
		return true, s.learn(ctx, x, evt.JID, evt.JIDAlt, models.Person{PushName: evt.NewPushName})
	case *events.PushNameSetting:
		pn, lid := x.own()
		return false, s.learn(ctx, x, pn, lid, models.Person{PushName: evt.Action.GetName()})
	case *events.BusinessName:
		return true, s.learn(ctx, x, evt.JID, types.EmptyJID, models.Person{BusinessName: evt.NewBusinessName})
	case *events.Contact:
		return true, s.contactChanged(ctx, x, evt)
	case *events.AppStateSyncComplete:
		// A first synchronization has filled whatsmeow's address book.
		if evt.Name == appstate.WAPatchCriticalUnblockLow {
			x.groups.want(wanted{names: true})
		}
		return false, nil
	default:
		return false, nil
	}
}

// groupJoined stores a group that the account has created, joined or been added to.
func (s *Service) groupJoined(ctx context.Context, x *session, evt *events.JoinedGroup) error {
	_, err := s.storeSnapshot(ctx, x, &evt.GroupInfo)
	return gone(err)
}

// groupChanged stores a change of a group, made by anybody.
func (s *Service) groupChanged(ctx context.Context, x *session, evt *events.GroupInfo) error {
	if evt.Delete != nil || slices.ContainsFunc(evt.Leave, x.isOwn) {
		_, err := s.storeLeft(ctx, x, evt.JID)
		return gone(err)
	}
	if tellsTooLittle(evt) || slices.ContainsFunc(evt.Join, x.isOwn) {
		x.groups.want(wanted{group: evt.JID})
	}
	missed := false
	err := x.groups.change(evt.JID, func(p *groupPage) error {
		if _, err := s.db.Groups.Apply(ctx, x.id, evt.JID.String(), x.groupChange(ctx, evt)); err != nil {
			return err
		}
		missed = p.advance(evt.PrevParticipantVersionID, evt.ParticipantVersionID)
		return nil
	})
	s.changes.notify(err)
	if missed || fault.Is(err, fault.NotFound) {
		x.groups.want(wanted{group: evt.JID})
	}
	return gone(err)
}

// gone makes a success of the failure to store a change of a group, or session,
// that is not there: a redelivery would find it as little.
func gone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// advance notes the version a notification leads to, and reports whether one
// before it was missed. Versions are opaque: a notification that is older than
// what is stored looks the same, and fetching the group answers both.
func (p *groupPage) advance(from, to string) (missed bool) {
	if to == "" {
		return false
	}
	missed = p.version != "" && from != "" && p.version != from && p.version != to
	p.version = to
	return missed
}

// tellsTooLittle reports whether the group has to be fetched to know what
// changed: whatsmeow does not say whether the approval mode was turned on or
// off, nor what became of the mode of adding members.
func tellsTooLittle(evt *events.GroupInfo) bool {
	if evt.MembershipApprovalMode != nil || evt.Link != nil || evt.Unlink != nil {
		return true
	}
	for _, change := range evt.UnknownChanges {
		if change.Tag == "member_add_mode" {
			return true
		}
	}
	return false
}

func (x *session) groupChange(ctx context.Context, evt *events.GroupInfo) models.GroupChange {
	change := models.GroupChange{
		Removed: x.people(ctx, evt.Leave, ""),
		Added:   x.people(ctx, evt.Join, models.RoleMember),
		Roles:   x.people(ctx, evt.Demote, models.RoleMember),
		At:      models.MillisOf(evt.Timestamp),
	}
	// Added keeps a higher role: who created the group stays its superadmin.
	change.Added = append(change.Added, x.people(ctx, evt.Promote, models.RoleAdmin)...)
	if evt.Name != nil {
		change.Subject = &evt.Name.Name
	}
	if evt.Topic != nil {
		change.Description = &evt.Topic.Topic
	}
	if evt.Locked != nil {
		change.IsLocked = &evt.Locked.IsLocked
	}
	if evt.Announce != nil {
		change.IsAnnounce = &evt.Announce.IsAnnounce
	}
	if evt.Ephemeral != nil {
		seconds := int(evt.Ephemeral.DisappearingTimer)
		change.EphemeralSeconds = &seconds
	}
	return change
}
