package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// GroupInvite is a group's invite link.
type GroupInvite struct {
	Invite string // https://chat.whatsapp.com/…
}

// GroupPreview is what an invite link leads to.
type GroupPreview struct {
	JID              string
	Subject          string
	Description      string
	ParticipantCount int
	JoinApproval     bool // joining asks the admins first
}

// JoinedGroup is the outcome of joining by an invite.
type JoinedGroup struct {
	GroupJID        string
	Group           *models.Group // as stored; nil while pending
	PendingApproval bool          // an admin has yet to let the account in
}

// GroupInvite gives a group's invite link; only admins may ask WhatsApp for it.
func (s *Service) GroupInvite(ctx context.Context, sessionID, groupJID string) (*GroupInvite, error) {
	return s.groupInvite(ctx, sessionID, groupJID, false)
}

// RevokeGroupInvite gives up the invite link and makes a new one.
func (s *Service) RevokeGroupInvite(ctx context.Context, sessionID, groupJID string) (*GroupInvite, error) {
	return s.groupInvite(ctx, sessionID, groupJID, true)
}

func (s *Service) groupInvite(ctx context.Context, sessionID, groupJID string, reset bool) (*GroupInvite, error) {
	jid, err := parseGroup(groupJID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	link, err := ask(ctx, x, readAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (string, error) {
		return cli.GetGroupInviteLink(ctx, jid, reset)
	})
	if err != nil {
		return nil, s.groupFailure(ctx, x, jid, err)
	}
	return &GroupInvite{Invite: link}, nil
}

// PreviewGroupInvite tells what an invite, a bare code or a link, leads to.
func (s *Service) PreviewGroupInvite(ctx context.Context, sessionID, invite string) (*GroupPreview, error) {
	code, err := address.ParseInvite("invite", invite)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	info, err := invitedTo(asking, x, code)
	if err != nil {
		return nil, err
	}
	return &GroupPreview{
		JID:              info.JID.String(),
		Subject:          info.Name,
		Description:      info.Topic,
		ParticipantCount: max(info.ParticipantCount, len(info.Participants)),
		JoinApproval:     info.IsJoinApprovalRequired,
	}, nil
}

// JoinGroup joins by an invite, a bare code or a link. The group is stored at
// once; where admins decide it is pending instead. A member already is a success.
func (s *Service) JoinGroup(ctx context.Context, sessionID, invite string) (*JoinedGroup, error) {
	code, err := address.ParseInvite("invite", invite)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	jid, err := join(asking, x, code)
	if err != nil {
		return nil, err
	}
	x.groups.acted(jid, x.ownMembership(ctx, true))
	// whatsmeow gives the same answer for joined and pending: who may read the
	// group's members has joined.
	group, err := s.refreshGroup(asking, x, jid)
	switch {
	case err == nil:
		return &JoinedGroup{GroupJID: jid.String(), Group: group}, nil
	case notIn(err):
		return &JoinedGroup{GroupJID: jid.String(), PendingApproval: true}, nil
	default:
		return nil, err
	}
}

// join asks to be let in and gives the group's address. A member already is told
// so with a conflict; where the link leads to is then the answer.
func join(ctx context.Context, x *session, code string) (types.JID, error) {
	known := inviteAnswers()
	conflict := fault.New(fault.Conflict, "", "already a member")
	known[409] = conflict
	jid, err := ask(ctx, x, known, func(ctx context.Context, cli *whatsmeow.Client) (types.JID, error) {
		return cli.JoinGroupWithLink(ctx, code)
	})
	if err == nil && !jid.IsEmpty() {
		return jid, nil
	}
	if err != nil && !fault.Is(err, fault.Conflict) {
		return types.JID{}, err
	}
	info, err := invitedTo(ctx, x, code)
	if err != nil {
		return types.JID{}, err
	}
	return info.JID, nil
}

func invitedTo(ctx context.Context, x *session, code string) (*types.GroupInfo, error) {
	return ask(ctx, x, inviteAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (*types.GroupInfo, error) {
		return cli.GetGroupInfoFromLink(ctx, code)
	})
}

// inviteAnswers are the codes with which WhatsApp refuses an invite.
func inviteAnswers() answers {
	invalid := fault.New(fault.Validation, fault.ReasonInvalidInvite, "the invite is invalid, expired or revoked").With("field", "invite")
	return answers{400: invalid, 401: invalid, 404: invalid, 406: invalid, 410: invalid}
}
