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
	// Community makes the group a community. Its announcement group is made with
	// it, of the same name and with the same members.
	Community bool
	// CommunityApproval is the community's default for who has to ask before
	// joining its groups. Empty means "request_required".
	CommunityApproval string
	// Parent is the community to make the group in, or empty.
	Parent types.JID

	isMain bool // the announcement group of Parent
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
	if spec.CommunityApproval == "" {
		spec.CommunityApproval = "request_required"
	}
	parent, refusal := s.parentFor(by, spec)
	if refusal != nil {
		return nil, nil, refusal
	}
	now := s.now()
	g := &group{
		srv: s, addressing: spec.Addressing, creator: by, created: now,
		jid:     types.NewJID("120363"+strconv.FormatUint(100_000_000_000+s.ids.Add(1), 10), types.GroupServer),
		subject: groupText{text: spec.Subject, at: now, by: by}, announce: spec.Announce, locked: spec.Locked, approval: spec.ApprovalRequired,
		addMode: spec.MemberAddMode, ephemeral: spec.Ephemeral, roles: map[*Phone]Role{}, addRequests: map[string]addRequest{},
		community: community{is: spec.Community, approval: spec.CommunityApproval, parent: parent, isMain: spec.isMain},
	}
	results := g.fill(by, spec, key)
	switch {
	case parent != nil:
		s.communities.Lock()
		s.linkChecked(by, parent, g)
		s.communities.Unlock()
		s.settle(g)
	case spec.Community:
		main := GroupSpec{Subject: spec.Subject, Announce: true, Addressing: spec.Addressing, Parent: g.jid, isMain: true}
		for _, member := range g.info().Members {
			main.Members = append(main.Members, member.LID)
		}
		if _, _, refusal := s.createGroup(by, main, key); refusal != nil {
			return nil, nil, refusal
		}
	}
	return g, results, nil
}

// fill gives a new group its members and tells them.
func (g *group) fill(by *Phone, spec GroupSpec, key string) []ParticipantResult {
	s := g.srv
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
	return results
}
