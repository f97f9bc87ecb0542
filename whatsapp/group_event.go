package whatsapp

import (
	"context"
	"errors"
	"slices"
	"time"

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
	err := x.groups.change(evt.JID, func(p *groupPage) error {
		if p.facts.fresh(time.Now()) {
			return errOutdated // an own act has changed it since
		}
		p.version = evt.ParticipantVersionID
		_, err := s.db.Groups.Sync(ctx, x.id, x.snapshot(ctx, &evt.GroupInfo))
		return err
	})
	return s.settle(x, evt.JID, err)
}

// errOutdated is a notification that may be older than what is stored.
var errOutdated = errors.New("an own act is younger than the notification")

// settle ends the handling of a notification: what could not be stored because
// it may be outdated, or is about something unknown, is fetched instead.
func (s *Service) settle(x *session, jid types.JID, err error) error {
	s.changes.notify(err)
	if errors.Is(err, errOutdated) || fault.Is(err, fault.NotFound) {
		x.groups.want(wanted{group: jid})
		return nil
	}
	return err
}

// groupChanged stores a change of a group, made by anybody.
func (s *Service) groupChanged(ctx context.Context, x *session, evt *events.GroupInfo) error {
	incomplete := tellsTooLittle(evt) || slices.ContainsFunc(evt.Join, x.isOwn)
	left := evt.Delete != nil || slices.ContainsFunc(evt.Leave, x.isOwn)
	err := x.groups.change(evt.JID, func(p *groupPage) error {
		missed := p.advance(evt.PrevParticipantVersionID, evt.ParticipantVersionID)
		incomplete = incomplete || missed && !left
		change := x.groupChange(ctx, evt)
		var err error
		switch {
		case p.facts.contradicted(change, time.Now()):
			return errOutdated
		case left:
			p.version = ""
			_, err = s.db.Groups.MarkLeft(ctx, x.id, evt.JID.String(), change.By)
		default:
			_, err = s.db.Groups.Apply(ctx, x.id, evt.JID.String(), change)
		}
		return err
	})
	if incomplete && err == nil {
		x.groups.want(wanted{group: evt.JID})
	}
	return s.settle(x, evt.JID, err)
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
		By:      x.actor(ctx, evt),
		ByLink:  evt.JoinReason == "invite",
		At:      models.MillisOf(evt.Timestamp),
		Version: storable(evt.ParticipantVersionID),
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

// actor gives who made a change; empty when WhatsApp does not say.
func (x *session) actor(ctx context.Context, evt *events.GroupInfo) models.Person {
	var jid, number types.JID
	if evt.Sender != nil {
		jid = *evt.Sender
	}
	if evt.SenderPN != nil {
		number = *evt.SenderPN
	}
	return x.person(ctx, jid, number)
}
