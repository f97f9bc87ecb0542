package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
)

// MembersChanged is the outcome of an act on several people.
type MembersChanged struct {
	Group   *models.Group       // as stored
	Results []ParticipantResult // one for each participant, in the order given
}

// AddGroupMembers adds people, 1 to 1,024 person JIDs, none twice. WhatsApp may
// decline some, even all: see the results. A member already is a success.
func (s *Service) AddGroupMembers(ctx context.Context, sessionID, groupJID string, participants []string) (*MembersChanged, error) {
	return s.changeMembers(ctx, sessionID, groupJID, participants, memberAct{
		request:  updateParticipants(whatsmeow.ParticipantChangeAdd),
		codes:    reading{settled: []int{409}, explain: whyNotAdded},
		declines: true,
		change: func(done []models.MemberSnapshot) models.GroupChange {
			return models.GroupChange{Added: withRole(done, models.RoleMember)}
		},
	})
}

// RemoveGroupMembers removes people. Who once was a member and is none counts as
// removed; a single person who never was one is fault.NotFound.
func (s *Service) RemoveGroupMembers(ctx context.Context, sessionID, groupJID string, participants []string) (*MembersChanged, error) {
	return s.changeMembers(ctx, sessionID, groupJID, participants, memberAct{
		request: updateParticipants(whatsmeow.ParticipantChangeRemove),
		codes:   reading{explain: whyNotChanged},
		former:  true,
		change: func(done []models.MemberSnapshot) models.GroupChange {
			return models.GroupChange{Removed: done}
		},
	})
}

// PromoteGroupMembers makes members admins. An admin already is a success; a
// single person who is no member is fault.NotFound.
func (s *Service) PromoteGroupMembers(ctx context.Context, sessionID, groupJID string, participants []string) (*MembersChanged, error) {
	return s.changeMembers(ctx, sessionID, groupJID, participants, memberAct{
		request: updateParticipants(whatsmeow.ParticipantChangePromote),
		codes:   reading{settled: []int{409}, explain: whyNotChanged},
		change: func(done []models.MemberSnapshot) models.GroupChange {
			// Added keeps a higher role, so promoting the creator is harmless.
			return models.GroupChange{Added: withRole(done, models.RoleAdmin)}
		},
	})
}

// DemoteGroupMembers makes admins ordinary members. One who is already is a
// success; a single person who is no member is fault.NotFound.
func (s *Service) DemoteGroupMembers(ctx context.Context, sessionID, groupJID string, participants []string) (*MembersChanged, error) {
	return s.changeMembers(ctx, sessionID, groupJID, participants, memberAct{
		request: updateParticipants(whatsmeow.ParticipantChangeDemote),
		codes:   reading{settled: []int{409}, explain: whyNotChanged},
		change: func(done []models.MemberSnapshot) models.GroupChange {
			return models.GroupChange{Roles: withRole(done, models.RoleMember)}
		},
	})
}

// memberAct is what one act on several people differs in.
type memberAct struct {
	request func(ctx context.Context, cli *whatsmeow.Client, group types.JID, people []types.JID) ([]types.GroupParticipant, error)
	codes   reading
	// former says that somebody who no longer is a member is what was asked for.
	former bool
	// declines says that WhatsApp declining everybody is an answer, not a failure.
	declines bool
	// change is what is stored for those with whom it was done.
	change func(done []models.MemberSnapshot) models.GroupChange
}

func updateParticipants(change whatsmeow.ParticipantChange) func(context.Context, *whatsmeow.Client, types.JID, []types.JID) ([]types.GroupParticipant, error) {
	return func(ctx context.Context, cli *whatsmeow.Client, group types.JID, people []types.JID) ([]types.GroupParticipant, error) {
		return cli.UpdateGroupParticipants(ctx, group, people, change)
	}
}

// changeMembers validates, acts, and stores what WhatsApp says it did. Blocks
// until WhatsApp has answered, at most 20 s.
func (s *Service) changeMembers(ctx context.Context, sessionID, groupJID string, participants []string, act memberAct) (*MembersChanged, error) {
	jid, err := parseGroup(groupJID)
	if err != nil {
		return nil, err
	}
	people, err := parseParticipants(participants, 1, maxGroupMembers)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	answered, err := ask(ctx, x, groupAnswers(), func(ctx context.Context, cli *whatsmeow.Client) ([]types.GroupParticipant, error) {
		return act.request(ctx, cli, jid, jids(people))
	})
	if err != nil {
		return nil, s.groupFailure(ctx, x, jid, err)
	}
	results := x.results(ctx, people, answered, act.codes)
	group, err := s.storeChange(ctx, x, jid, act.change(x.members(ctx, act.codes.agreed(answered))))
	if err != nil {
		return nil, s.groupFailure(ctx, x, jid, err)
	}
	if act.former {
		if err := s.settleFormer(ctx, x, group, people, results); err != nil {
			return nil, err
		}
	}
	if len(results) == 1 && !results[0].OK && !act.declines {
		return nil, results[0].fault()
	}
	return &MembersChanged{Group: group, Results: results}, nil
}

// settleFormer turns "not a member" (404) into success for those who once were.
func (s *Service) settleFormer(ctx context.Context, x *session, group *models.Group, people []participant, results []ParticipantResult) error {
	for i := range results {
		if results[i].OK || results[i].Code == nil || *results[i].Code != 404 {
			continue
		}
		_, err := s.db.Members.Find(ctx, group.ID, people[i].jid.String())
		if other := x.otherAddress(ctx, people[i].jid); fault.Is(err, fault.NotFound) && !other.IsEmpty() {
			_, err = s.db.Members.Find(ctx, group.ID, other.String())
		}
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		results[i] = ParticipantResult{JID: results[i].JID, OK: true}
	}
	return nil
}

func withRole(members []models.MemberSnapshot, role models.MemberRole) []models.MemberSnapshot {
	for i := range members {
		members[i].Role = role
	}
	return members
}
