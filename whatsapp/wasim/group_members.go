package wasim

import (
	"slices"
	"strconv"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// addRequestLife is how long a personal invitation can be accepted.
const addRequestLife = 72 * time.Hour

// ParticipantResult is the outcome of an act for one account.
type ParticipantResult struct {
	JID         types.JID // the LID, or the address as asked if there is no such account
	PhoneNumber types.JID
	Role        Role
	Error       int // 0, or 403 not allowed by the other, 404 unknown, 409 already so, 419 group full
	// InviteCode and InviteExpires are a personal invitation, made when the other
	// does not let everybody add it to groups.
	InviteCode    string
	InviteExpires time.Time

	phone *Phone
}

// memberChange is what can be done to members.
type memberChange string

const (
	changeAdd     memberChange = "add"
	changeRemove  memberChange = "remove"
	changePromote memberChange = "promote"
	changeDemote  memberChange = "demote"
)

// addRequest is a personal invitation.
type addRequest struct {
	invitee *Phone
	admin   *Phone
	expires time.Time
}

// change adds, removes, promotes or demotes, and tells everybody concerned.
func (g *group) change(by *Phone, what memberChange, who []types.JID) ([]ParticipantResult, *StanzaError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal := g.mayChange(by, what); refusal != nil {
		return nil, refusal
	}
	if len(who) == 0 {
		return nil, ErrBadRequest
	}
	audience := slices.Clone(g.members) // with those who are about to leave
	results := make([]ParticipantResult, 0, len(who))
	var done []*Phone
	for _, jid := range who {
		var result ParticipantResult
		if what == changeAdd {
			result = g.admit(by, jid)
		} else {
			result = g.changeOne(what, jid)
		}
		if result.Error == 0 {
			done = append(done, result.phone)
		}
		results = append(results, result)
	}
	if len(done) > 0 {
		if what == changeAdd {
			audience = slices.Clone(g.members)
		}
		g.notify(by, audience, g.memberNode(string(what), "", done))
	}
	return results, nil
}

// mayChange refuses whoever may not. The caller holds the lock.
func (g *group) mayChange(by *Phone, what memberChange) *StanzaError {
	if !g.has(by) {
		return ErrForbidden
	}
	if what == changeAdd && g.addMode == types.GroupMemberAddModeAllMember {
		return nil
	}
	return g.adminOnly(by)
}

// admit makes an account a member, unless it does not exist, is in already,
// finds no room, or does not want to be added. The caller holds the lock.
func (g *group) admit(by *Phone, jid types.JID) ParticipantResult {
	phone := g.srv.phoneOf(jid)
	if phone == nil {
		return ParticipantResult{JID: jid.ToNonAD(), Error: ErrNotFound.Code}
	}
	result := ParticipantResult{JID: phone.lid, PhoneNumber: phone.JID(), phone: phone}
	switch {
	case g.has(phone):
		result.Role, result.Error = g.roles[phone], ErrConflict.Code
	case len(g.members) >= maxMembers:
		result.Error = ErrResourceLimit.Code
	case phone.privacySetting("groupadd") != "all":
		result.Error = ErrForbidden.Code
		result.InviteCode, result.InviteExpires = randomHex(8), g.srv.now().Add(addRequestLife).Truncate(time.Second)
		g.addRequests[result.InviteCode] = addRequest{invitee: phone, admin: by, expires: result.InviteExpires}
	default:
		g.enter(phone, RoleMember)
		g.dropRequest(phone)
	}
	return result
}

// changeOne removes, promotes or demotes a member. The group's creator cannot be
// removed or demoted. The caller holds the lock.
func (g *group) changeOne(what memberChange, jid types.JID) ParticipantResult {
	phone := g.srv.phoneOf(jid)
	if phone == nil {
		return ParticipantResult{JID: jid.ToNonAD(), Error: ErrNotFound.Code}
	}
	result := ParticipantResult{JID: phone.lid, PhoneNumber: phone.JID(), Role: g.roles[phone], phone: phone}
	switch {
	case !g.has(phone):
		result.Error = ErrNotFound.Code
	case what == changePromote && result.Role != RoleMember, what == changeDemote && result.Role == RoleMember:
		result.Error = ErrConflict.Code
	case what != changePromote && result.Role == RoleSuperAdmin:
		result.Error = ErrForbidden.Code
	case what == changeRemove:
		g.exit(phone)
		result.Role = RoleMember
	case what == changePromote:
		g.roles[phone] = RoleAdmin
		result.Role = RoleAdmin
	case what == changeDemote:
		g.roles[phone] = RoleMember
		result.Role = RoleMember
	}
	return result
}

// memberNode is the notification of a change of members, with the next version.
// The caller holds the lock.
func (g *group) memberNode(tag, reason string, who []*Phone) node {
	a := attrs{"prev_v_id": strconv.Itoa(g.version), "v_id": strconv.Itoa(g.version + 1)}
	g.version++
	if reason != "" {
		a["reason"] = reason
	}
	children := make([]node, len(who))
	for i, phone := range who {
		children[i] = g.participantNode(phone)
	}
	return node{Tag: tag, Attrs: a, Content: children}
}

// leave ends one's own membership. If no admin remains, the oldest member
// becomes one.
func (g *group) leave(who *Phone) *StanzaError {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.has(who) {
		return ErrNotFound
	}
	audience := slices.Clone(g.members)
	g.exit(who)
	g.notify(who, audience, g.memberNode("remove", "", []*Phone{who}))
	if len(g.members) > 0 && len(g.admins()) == 0 {
		heir := g.members[0]
		g.roles[heir] = RoleAdmin
		g.notify(who, g.members, g.memberNode("promote", "", []*Phone{heir}))
	}
	return nil
}
