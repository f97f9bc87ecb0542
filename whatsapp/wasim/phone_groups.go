package wasim

import (
	"context"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// The acts below are the user's on the phone. They follow the same rules as
// those of companions and fail with a *StanzaError.

// CreateGroup makes a group with the account as its creator. Members are named
// by phone number or LID; those who do not exist or do not want to be added are
// left out, see [Phone.CreateGroupFrom].
func (p *Phone) CreateGroup(ctx context.Context, subject string, members ...types.JID) (types.JID, error) {
	jid, _, err := p.CreateGroupFrom(ctx, GroupSpec{Subject: subject, Members: members})
	return jid, err
}

// CreateGroupFrom makes a group and reports the outcome for each member.
func (p *Phone) CreateGroupFrom(ctx context.Context, spec GroupSpec) (types.JID, []ParticipantResult, error) {
	if err := ctx.Err(); err != nil {
		return types.EmptyJID, nil, err
	}
	g, results, refusal := p.srv.createGroup(p, spec, randomHex(8))
	if refusal != nil {
		return types.EmptyJID, nil, refusal
	}
	return g.jid, results, nil
}

// CreateCommunity makes a community and its announcement group, which is the
// first of its groups: see [GroupInfo.SubGroups].
func (p *Phone) CreateCommunity(ctx context.Context, subject string, members ...types.JID) (types.JID, error) {
	jid, _, err := p.CreateGroupFrom(ctx, GroupSpec{Subject: subject, Members: members, Community: true})
	return jid, err
}

// LinkGroup puts a group into a community; the account administers both.
func (p *Phone) LinkGroup(ctx context.Context, community, jid types.JID) error {
	return p.inGroup(ctx, community, func(g *group) *StanzaError { return p.srv.link(p, g, p.srv.groupOf(jid)) })
}

// UnlinkGroup takes a group out of a community.
func (p *Phone) UnlinkGroup(ctx context.Context, community, jid types.JID) error {
	return p.inGroup(ctx, community, func(g *group) *StanzaError { return p.srv.unlink(p, g, p.srv.groupOf(jid)) })
}

// Groups lists the groups that the account is in, by JID.
func (p *Phone) Groups() []types.JID {
	groups := p.joined()
	jids := make([]types.JID, len(groups))
	for i, g := range groups {
		jids[i] = g.jid
	}
	return jids
}

// joined lists the account's groups by JID, which is by age.
func (p *Phone) joined() []*group {
	p.mu.Lock()
	defer p.mu.Unlock()
	groups := make([]*group, 0, len(p.groups))
	for g := range p.groups {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *group) int { return strings.Compare(a.jid.User, b.jid.User) })
	return groups
}

// AddMembers adds accounts to a group and reports the outcome for each.
func (p *Phone) AddMembers(ctx context.Context, jid types.JID, who ...types.JID) ([]ParticipantResult, error) {
	return p.changeMembers(ctx, jid, changeAdd, who)
}

// RemoveMembers removes members and reports the outcome for each.
func (p *Phone) RemoveMembers(ctx context.Context, jid types.JID, who ...types.JID) ([]ParticipantResult, error) {
	return p.changeMembers(ctx, jid, changeRemove, who)
}

// Promote makes members admins and reports the outcome for each.
func (p *Phone) Promote(ctx context.Context, jid types.JID, who ...types.JID) ([]ParticipantResult, error) {
	return p.changeMembers(ctx, jid, changePromote, who)
}

// Demote makes admins ordinary members and reports the outcome for each.
func (p *Phone) Demote(ctx context.Context, jid types.JID, who ...types.JID) ([]ParticipantResult, error) {
	return p.changeMembers(ctx, jid, changeDemote, who)
}

func (p *Phone) changeMembers(ctx context.Context, jid types.JID, what memberChange, who []types.JID) (results []ParticipantResult, err error) {
	err = p.inGroup(ctx, jid, func(g *group) *StanzaError {
		var refusal *StanzaError
		results, refusal = g.change(p, what, who)
		return refusal
	})
	return results, err
}

// SetSubject renames a group.
func (p *Phone) SetSubject(ctx context.Context, jid types.JID, subject string) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.setSubject(p, subject) })
}

// SetDescription replaces a group's description; empty removes it.
func (p *Phone) SetDescription(ctx context.Context, jid types.JID, text string) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError {
		return g.setDescription(p, newMessageID(), g.info().DescriptionID, text)
	})
}

// SetAnnounce decides whether only admins may send.
func (p *Phone) SetAnnounce(ctx context.Context, jid types.JID, on bool) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.setAnnounce(p, on) })
}

// SetLocked decides whether only admins may change subject and description.
func (p *Phone) SetLocked(ctx context.Context, jid types.JID, on bool) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.setLocked(p, on) })
}

// SetApprovalMode decides whether joining by link needs an admin's consent.
func (p *Phone) SetApprovalMode(ctx context.Context, jid types.JID, on bool) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.setApproval(p, on) })
}

// SetMemberAddMode decides who may add members.
func (p *Phone) SetMemberAddMode(ctx context.Context, jid types.JID, mode types.GroupMemberAddMode) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.setMemberAddMode(p, mode) })
}

// SetEphemeral decides how many seconds messages live; 0 means for ever.
func (p *Phone) SetEphemeral(ctx context.Context, jid types.JID, seconds uint32) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.setEphemeral(p, seconds) })
}

// SetGroupPicture changes a group's picture (JPEG) and gives its id; nil removes it.
func (p *Phone) SetGroupPicture(ctx context.Context, jid types.JID, jpeg []byte) (id string, err error) {
	err = p.inGroup(ctx, jid, func(g *group) *StanzaError {
		id = p.srv.media.putPicture(p.srv, jpeg)
		return g.setPicture(p, id)
	})
	return id, err
}

// GetInvite gives a group's invite code.
func (p *Phone) GetInvite(ctx context.Context, jid types.JID) (string, error) {
	return p.invite(ctx, jid, false)
}

// ResetInvite revokes a group's invite code and gives the new one.
func (p *Phone) ResetInvite(ctx context.Context, jid types.JID) (string, error) {
	return p.invite(ctx, jid, true)
}

func (p *Phone) invite(ctx context.Context, jid types.JID, reset bool) (code string, err error) {
	err = p.inGroup(ctx, jid, func(g *group) *StanzaError {
		var refusal *StanzaError
		code, refusal = g.invite(p, reset)
		return refusal
	})
	return code, err
}

// JoinWithInvite joins a group by its code or link. joined is false if an admin
// has to consent first.
func (p *Phone) JoinWithInvite(ctx context.Context, code string) (jid types.JID, joined bool, err error) {
	if err = ctx.Err(); err != nil {
		return types.EmptyJID, false, err
	}
	g, refusal := p.srv.groupByInvite(code)
	if refusal != nil {
		return types.EmptyJID, false, refusal
	}
	joined, refusal = g.join(p, code)
	p.srv.settle(g)
	if refusal != nil {
		return types.EmptyJID, false, refusal
	}
	return g.jid, joined, nil
}

// AcceptInvitation joins a group by a personal invitation.
func (p *Phone) AcceptInvitation(ctx context.Context, jid types.JID, code string) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.accept(p, code) })
}

// RequestJoin asks to join a group whose code is not known, as if its link had
// been followed. joined is true if no consent is needed.
func (p *Phone) RequestJoin(ctx context.Context, jid types.JID) (joined bool, err error) {
	err = p.inGroup(ctx, jid, func(g *group) *StanzaError {
		var refusal *StanzaError
		joined, refusal = g.join(p, g.info().InviteCode)
		return refusal
	})
	return joined, err
}

// CancelJoinRequest takes back the wish to join.
func (p *Phone) CancelJoinRequest(ctx context.Context, jid types.JID) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.withdraw(p) })
}

// ApproveRequests lets people in who asked to join.
func (p *Phone) ApproveRequests(ctx context.Context, jid types.JID, who ...types.JID) ([]ParticipantResult, error) {
	return p.decide(ctx, jid, true, who)
}

// RejectRequests turns people away who asked to join.
func (p *Phone) RejectRequests(ctx context.Context, jid types.JID, who ...types.JID) ([]ParticipantResult, error) {
	return p.decide(ctx, jid, false, who)
}

func (p *Phone) decide(ctx context.Context, jid types.JID, approve bool, who []types.JID) (results []ParticipantResult, err error) {
	err = p.inGroup(ctx, jid, func(g *group) *StanzaError {
		var refusal *StanzaError
		results, refusal = g.decide(p, approve, who)
		return refusal
	})
	return results, err
}

// Leave leaves a group.
func (p *Phone) Leave(ctx context.Context, jid types.JID) error {
	return p.inGroup(ctx, jid, func(g *group) *StanzaError { return g.leave(p) })
}

// inGroup finds the group and acts on it.
func (p *Phone) inGroup(ctx context.Context, jid types.JID, act func(*group) *StanzaError) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g := p.srv.groupOf(jid)
	if g == nil {
		return ErrNotFound
	}
	refusal := act(g)
	p.srv.settle(g)
	if refusal != nil {
		return refusal
	}
	return nil
}
