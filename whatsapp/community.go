package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/whatsapp/address"
)

// SubGroup is a group of a community.
type SubGroup struct {
	JID     string
	Subject string
	// IsDefault says that it is the announcement group that every member of the
	// community is in.
	IsDefault bool
	// Group is the group as stored; nil when the account is not in it.
	Group *models.Group
}

// parseCommunity gives the address of a community; field is what the caller calls
// it.
func parseCommunity(field, jid string) (types.JID, error) {
	canonical, err := address.ParseGroup(field, jid)
	if err != nil {
		return types.JID{}, err
	}
	return parseCanonical(canonical)
}

// storeAnnouncements stores the group that WhatsApp makes with a community. Should
// that fail, the notification about it comes, or the next listing.
func (s *Service) storeAnnouncements(ctx context.Context, x *session, community types.JID) {
	targets, err := ask(ctx, x, readAnswers(), func(ctx context.Context, cli *whatsmeow.Client) ([]*types.GroupLinkTarget, error) {
		return cli.GetSubGroups(ctx, community)
	})
	for _, target := range targets {
		if target.IsDefaultSubGroup && err == nil {
			_, err = s.refreshGroup(ctx, x, target.JID)
		}
	}
	if err != nil {
		x.log.WarnContext(ctx, "reading a new community's announcement group failed", "group_jid", community.String(), "error", err)
	}
}

// SubGroups lists the groups of a community, as WhatsApp knows them.
func (s *Service) SubGroups(ctx context.Context, sessionID, communityJID string) ([]SubGroup, error) {
	jid, err := parseCommunity("communityJid", communityJID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	targets, err := ask(ctx, x, readAnswers(), func(ctx context.Context, cli *whatsmeow.Client) ([]*types.GroupLinkTarget, error) {
		return cli.GetSubGroups(ctx, jid)
	})
	if err != nil {
		return nil, s.groupFailure(ctx, x, jid, err)
	}
	jids := make([]string, len(targets))
	for i, target := range targets {
		jids[i] = target.JID.String()
	}
	known, err := s.db.Groups.ByJIDs(ctx, x.id, jids)
	if err != nil {
		return nil, err
	}
	groups := make([]SubGroup, len(targets))
	for i, target := range targets {
		groups[i] = SubGroup{JID: jids[i], Subject: target.Name, IsDefault: target.IsDefaultSubGroup}
		if group, stored := known[jids[i]]; stored {
			groups[i].Group = &group
		}
	}
	return groups, nil
}

// CommunityMembers lists the people in the groups of a community, by number where
// it is known.
func (s *Service) CommunityMembers(ctx context.Context, sessionID, communityJID string) ([]string, error) {
	jid, err := parseCommunity("communityJid", communityJID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	people, err := ask(ctx, x, readAnswers(), func(ctx context.Context, cli *whatsmeow.Client) ([]types.JID, error) {
		return cli.GetLinkedGroupsParticipants(ctx, jid)
	})
	if err != nil {
		return nil, s.groupFailure(ctx, x, jid, err)
	}
	members := make([]string, 0, len(people))
	for _, member := range people {
		person := x.person(ctx, member, types.EmptyJID)
		if person.PhoneJID != "" {
			members = append(members, person.PhoneJID)
		} else if person.LID != "" {
			members = append(members, person.LID)
		}
	}
	return members, nil
}

// LinkGroup puts a group into a community; the account administers both. A group
// that is in it already stays.
func (s *Service) LinkGroup(ctx context.Context, sessionID, communityJID, groupJID string) (*models.Group, error) {
	return s.relink(ctx, sessionID, communityJID, groupJID, true)
}

// UnlinkGroup takes a group out of a community.
func (s *Service) UnlinkGroup(ctx context.Context, sessionID, communityJID, groupJID string) (*models.Group, error) {
	return s.relink(ctx, sessionID, communityJID, groupJID, false)
}

func (s *Service) relink(ctx context.Context, sessionID, communityJID, groupJID string, in bool) (*models.Group, error) {
	community, err := parseCommunity("communityJid", communityJID)
	if err != nil {
		return nil, err
	}
	group, err := parseGroup(groupJID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	parent := ""
	err = tell(ctx, x, groupAnswers(), func(ctx context.Context, cli *whatsmeow.Client) error {
		if in {
			parent = community.String()
			return cli.LinkGroup(ctx, community, group)
		}
		return cli.UnlinkGroup(ctx, community, group)
	})
	if err != nil {
		return nil, s.groupFailure(ctx, x, group, err)
	}
	return s.storeChange(ctx, x, group, models.GroupChange{ParentJID: &parent})
}
