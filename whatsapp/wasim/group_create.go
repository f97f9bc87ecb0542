package wasim

import (
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// GroupSpec describes a group to create. The zero values are WhatsApp's.
type GroupSpec struct {
	Subject          string
	Members          []types.JID // by phone number or LID, without the creator
	Announce         bool
	Locked           bool
	ApprovalRequired bool
	MemberAddMode    types.GroupMemberAddMode // empty means all members may add
	Ephemeral        uint32
	// Addressing is how the group names its members: LID, which is the default,
	// or phone number, as groups from before LIDs do.
	Addressing types.AddressingMode
}

// createGroup makes a group and tells everybody in it. Those who could not be
// added are reported and not in it.
func (s *Server) createGroup(by *Phone, spec GroupSpec, key string) (*group, []ParticipantResult, *StanzaError) {
	if runes := len([]rune(spec.Subject)); runes == 0 || runes > maxSubject {
		return nil, nil, ErrNotAcceptable
	}
	if len(spec.Members)+1 > maxMembers {
		return nil, nil, ErrResourceLimit
	}
	if spec.MemberAddMode == "" {
		spec.MemberAddMode = types.GroupMemberAddModeAllMember
	}
	if spec.Addressing == "" {
		spec.Addressing = types.AddressingModeLID
	}
	now := s.now()
	g := &group{
		srv: s, addressing: spec.Addressing, creator: by, created: now,
		jid:     types.NewJID("120363"+strconv.FormatUint(100_000_000_000+s.ids.Add(1), 10), types.GroupServer),
		subject: groupText{text: spec.Subject, at: now, by: by}, announce: spec.Announce, locked: spec.Locked, approval: spec.ApprovalRequired,
		addMode: spec.MemberAddMode, ephemeral: spec.Ephemeral, roles: map[*Phone]Role{}, addRequests: map[string]addRequest{},
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.enter(by, RoleSuperAdmin)
	results := make([]ParticipantResult, 0, len(spec.Members))
	for _, jid := range spec.Members {
		result := g.admit(by, jid)
		if result.Error == ErrConflict.Code && result.phone == by {
			continue // naming oneself is harmless
		}
		results = append(results, result)
	}
	g.inviteCode = newInviteCode()
	s.mu.Lock()
	s.groups[g.jid.User] = g
	s.invites[g.inviteCode] = g
	s.mu.Unlock()
	g.notify(by, g.members, node{
		Tag: "create", Attrs: attrs{"type": "new", "key": key, "reason": "invite"}, Content: []node{g.nodeLocked(results)},
	})
	return g, results, nil
}
