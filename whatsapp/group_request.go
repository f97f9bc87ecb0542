package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
)

// GroupRequest is somebody who asks to join a group.
type GroupRequest struct {
	JID         string // the LID where known
	PhoneJID    string // "" unknown
	RequestedAt models.Millis
}

// GroupRequests gives who asks to join a group whose admins decide.
func (s *Service) GroupRequests(ctx context.Context, sessionID, groupJID string) ([]GroupRequest, error) {
	jid, err := parseGroup(groupJID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	waiting, err := ask(ctx, x, groupAnswers(), func(ctx context.Context, cli *whatsmeow.Client) ([]types.GroupParticipantRequest, error) {
		return cli.GetGroupRequestParticipants(ctx, jid)
	})
	if err != nil {
		return nil, s.groupFailure(ctx, x, jid, err)
	}
	requests := make([]GroupRequest, len(waiting))
	for i, w := range waiting {
		person := x.person(ctx, w.JID, types.EmptyJID)
		requests[i] = GroupRequest{JID: person.LID, PhoneJID: person.PhoneJID, RequestedAt: models.MillisOf(w.RequestedAt)}
		if person.LID == "" {
			requests[i].JID = person.PhoneJID
		}
	}
	return requests, nil
}

// ApproveGroupMembers lets people in who asked to join. A member already is a
// success; a single person who did not ask is fault.NotFound.
func (s *Service) ApproveGroupMembers(ctx context.Context, sessionID, groupJID string, participants []string) (*MembersChanged, error) {
	return s.changeMembers(ctx, sessionID, groupJID, participants, memberAct{
		request: decideRequests(whatsmeow.ParticipantChangeApprove),
		codes:   reading{settled: []int{409}, explain: whyNotDecided},
		change: func(done []models.MemberSnapshot) models.GroupChange {
			return models.GroupChange{Added: withRole(done, models.RoleMember)}
		},
	})
}

// RejectGroupMembers turns down people who asked to join. A single person who
// did not ask is fault.NotFound.
func (s *Service) RejectGroupMembers(ctx context.Context, sessionID, groupJID string, participants []string) (*MembersChanged, error) {
	return s.changeMembers(ctx, sessionID, groupJID, participants, memberAct{
		request: decideRequests(whatsmeow.ParticipantChangeReject),
		codes:   reading{explain: whyNotDecided},
		change:  func([]models.MemberSnapshot) models.GroupChange { return models.GroupChange{} },
	})
}

func decideRequests(change whatsmeow.ParticipantRequestChange) func(context.Context, *whatsmeow.Client, types.JID, []types.JID) ([]types.GroupParticipant, error) {
	return func(ctx context.Context, cli *whatsmeow.Client, group types.JID, people []types.JID) ([]types.GroupParticipant, error) {
		return cli.UpdateGroupRequestParticipants(ctx, group, people, change)
	}
}
