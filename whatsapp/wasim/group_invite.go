package wasim

import (
	"encoding/base64"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// inviteLinkPrefix is what an invite code becomes a link with.
const inviteLinkPrefix = "https://chat.whatsapp.com/"

// newInviteCode makes a code of the length and alphabet WhatsApp uses.
func newInviteCode() string {
	return strings.NewReplacer("-", "A", "_", "B").Replace(base64.RawURLEncoding.EncodeToString(randomBytes(17)))[:22]
}

// invite gives the code, to admins only, and to members in general if everybody
// may add members; with reset, the old code ends first, which is for admins.
func (g *group) invite(by *Phone, reset bool) (string, *StanzaError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.has(by) {
		return "", ErrForbidden
	}
	if g.roles[by] == RoleMember && (reset || g.addMode == types.GroupMemberAddModeAdmin) {
		return "", ErrNotAuthorized
	}
	if reset {
		g.inviteCode = newInviteCode()
		g.srv.mu.Lock()
		g.srv.invites[g.inviteCode] = g
		g.srv.mu.Unlock()
		g.notify(by, g.members, node{Tag: "invite", Attrs: attrs{"code": g.inviteCode}})
	}
	return g.inviteCode, nil
}

// groupByInvite finds the group of a code: 406 if there never was one, 410 if
// the code was revoked.
func (s *Server) groupByInvite(code string) (*group, *StanzaError) {
	s.mu.RLock()
	g := s.invites[strings.TrimPrefix(code, inviteLinkPrefix)]
	s.mu.RUnlock()
	if g == nil {
		return nil, ErrNotAcceptable
	}
	return g, nil
}

// preview is what a stranger sees of the group behind a code.
func (g *group) preview(code string) (node, *StanzaError) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.inviteCode != strings.TrimPrefix(code, inviteLinkPrefix) {
		return node{}, ErrGone
	}
	return g.nodeLocked(nil), nil
}

// join takes somebody in by the group's code, or notes the wish if an admin has
// to consent.
func (g *group) join(who *Phone, code string) (joined bool, refusal *StanzaError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.inviteCode != strings.TrimPrefix(code, inviteLinkPrefix):
		return false, ErrGone
	case g.has(who):
		return false, ErrConflict
	case g.approval:
		g.ask(who)
		return false, nil
	}
	return true, g.welcome(who, who, "invite")
}

// accept takes somebody in by a personal invitation.
func (g *group) accept(who *Phone, code string) *StanzaError {
	g.mu.Lock()
	defer g.mu.Unlock()
	invitation, ok := g.addRequests[code]
	switch {
	case !ok || invitation.invitee != who:
		return ErrNotAcceptable
	case !g.srv.now().Before(invitation.expires):
		return ErrGone
	case g.has(who):
		return ErrConflict
	}
	delete(g.addRequests, code)
	return g.welcome(who, invitation.admin, "invite")
}

// invited gives the group to the holder of a personal invitation.
func (g *group) invited(who *Phone, code string) (node, *StanzaError) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	invitation, ok := g.addRequests[code]
	if !ok || invitation.invitee != who {
		return node{}, ErrNotAcceptable
	}
	if !g.srv.now().Before(invitation.expires) {
		return node{}, ErrGone
	}
	return g.nodeLocked(nil), nil
}

// welcome makes somebody a member and tells everybody. The caller holds the lock.
func (g *group) welcome(who, by *Phone, reason string) *StanzaError {
	if len(g.members) >= maxMembers {
		return ErrResourceLimit
	}
	g.enter(who, RoleMember)
	g.dropRequest(who)
	g.notify(by, slices.Clone(g.members), g.memberNode("add", reason, []*Phone{who}))
	return nil
}
