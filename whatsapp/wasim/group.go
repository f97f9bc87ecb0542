package wasim

import (
	"slices"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// WhatsApp's limits on groups.
const (
	maxSubject     = 100 // characters
	maxDescription = 2048
	maxMembers     = 1024
)

// Role is what a member may do in a group. Its values are the wire's, where an
// ordinary member has none.
type Role string

// The roles.
const (
	RoleMember     Role = ""
	RoleAdmin      Role = "admin"
	RoleSuperAdmin Role = "superadmin"
)

// GroupMember is one member of a group.
type GroupMember struct {
	LID         types.JID
	PhoneNumber types.JID
	Role        Role
}

// JoinRequest is somebody waiting to be let in.
type JoinRequest struct {
	LID         types.JID
	PhoneNumber types.JID
	RequestedAt time.Time
}

// GroupInfo is what the server knows of a group: the truth for assertions.
type GroupInfo struct {
	JID              types.JID
	Subject          string
	SubjectSetAt     time.Time
	SubjectSetBy     types.JID // LID
	Description      string
	DescriptionID    string // empty without a description
	CreatedAt        time.Time
	Creator          types.JID // LID
	Announce         bool      // only admins may send
	Locked           bool      // only admins may change subject, description, timer
	ApprovalRequired bool      // joining by link needs an admin's consent
	MemberAddMode    types.GroupMemberAddMode
	Ephemeral        uint32 // seconds messages live; 0 means for ever
	Addressing       types.AddressingMode
	InviteCode       string
	PictureID        string
	Members          []GroupMember // in the order of joining
	Requests         []JoinRequest // oldest first
	Version          int           // counts changes of the members
	Community        bool          // holds groups instead of messages
	SubGroups        []types.JID   // of a community, its announcement group first
	Parent           types.JID     // the community that the group is in, or empty
	Announcements    bool          // the group of a community that everybody in it is in
}

// group is a group on the server.
type group struct {
	srv        *Server
	jid        types.JID
	addressing types.AddressingMode
	creator    *Phone
	created    time.Time

	// mu is held from the first check of an act to its last notification, so that
	// everybody hears of a group's changes in the same order.
	mu          sync.RWMutex
	subject     groupText
	description groupText
	announce    bool
	locked      bool
	approval    bool
	addMode     types.GroupMemberAddMode
	ephemeral   uint32
	inviteCode  string
	pictureID   string
	members     []*Phone
	roles       map[*Phone]Role
	requests    []request
	addRequests map[string]addRequest // personal invitations, by code
	version     int
	announceVer int
	epoch       int // counts departures, see distribution
	community   community
}

// groupText is a subject or a description with its author.
type groupText struct {
	text string
	id   string
	at   time.Time
	by   *Phone
}

// request is somebody waiting to be let in.
type request struct {
	phone *Phone
	at    time.Time
}

// Group gives the server's view of a group.
func (s *Server) Group(jid types.JID) (GroupInfo, bool) {
	g := s.groupOf(jid)
	if g == nil {
		return GroupInfo{}, false
	}
	return g.info(), true
}

func (g *group) info() GroupInfo {
	g.mu.RLock()
	defer g.mu.RUnlock()
	info := GroupInfo{
		JID: g.jid, Subject: g.subject.text, SubjectSetAt: g.subject.at, SubjectSetBy: g.subject.by.lid,
		Description: g.description.text, DescriptionID: g.description.id, CreatedAt: g.created, Creator: g.creator.lid,
		Announce: g.announce, Locked: g.locked, ApprovalRequired: g.approval, MemberAddMode: g.addMode,
		Ephemeral: g.ephemeral, Addressing: g.addressing, InviteCode: g.inviteCode, PictureID: g.pictureID, Version: g.version,
		Members: make([]GroupMember, len(g.members)), Requests: make([]JoinRequest, len(g.requests)),
	}
	for i, member := range g.members {
		info.Members[i] = GroupMember{LID: member.lid, PhoneNumber: member.JID(), Role: g.roles[member]}
	}
	for i, waiting := range g.requests {
		info.Requests[i] = JoinRequest{LID: waiting.phone.lid, PhoneNumber: waiting.phone.JID(), RequestedAt: waiting.at}
	}
	info.Community, info.Announcements = g.community.is, g.community.isMain
	for _, sub := range g.community.subs {
		info.SubGroups = append(info.SubGroups, sub.jid)
	}
	if g.community.parent != nil {
		info.Parent = g.community.parent.jid
	}
	return info
}

// enter makes somebody a member. The caller holds the lock.
func (g *group) enter(who *Phone, role Role) {
	g.members = append(g.members, who)
	g.roles[who] = role
	if g.community.parent != nil {
		g.community.came = append(g.community.came, who)
	}
	who.mu.Lock()
	defer who.mu.Unlock()
	if who.groups == nil {
		who.groups = map[*group]struct{}{}
	}
	who.groups[g] = struct{}{}
}

// exit ends somebody's membership. The caller holds the lock.
func (g *group) exit(who *Phone) {
	g.members = slices.DeleteFunc(g.members, func(member *Phone) bool { return member == who })
	delete(g.roles, who)
	g.epoch++
	if g.community.is || g.community.isMain {
		g.community.went = append(g.community.went, who)
	}
	who.mu.Lock()
	defer who.mu.Unlock()
	delete(who.groups, g)
}

// has reports whether somebody is a member. The caller holds the lock.
func (g *group) has(who *Phone) bool {
	_, ok := g.roles[who]
	return ok
}

// adminOnly refuses whoever is not an admin: 403, also to strangers. The caller
// holds the lock.
func (g *group) adminOnly(who *Phone) *StanzaError {
	if g.roles[who] == RoleMember {
		return ErrForbidden
	}
	return nil
}

// isAdmin reports whether somebody decides in the group. It takes the lock.
func (g *group) isAdmin(who *Phone) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return who != nil && g.adminOnly(who) == nil
}

// editable refuses whoever may not change the group's description. The caller
// holds the lock.
func (g *group) editable(who *Phone) *StanzaError {
	if !g.has(who) {
		return ErrForbidden
	}
	if g.locked {
		return g.adminOnly(who)
	}
	return nil
}

// audience gives the members for a message of one of them, and the epoch.
func (g *group) audience(sender *Phone) ([]*Phone, int, *StanzaError) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.has(sender) {
		return nil, 0, ErrForbidden
	}
	if g.community.is || (g.announce && g.roles[sender] == RoleMember) {
		return nil, 0, ErrNotAllowed
	}
	return slices.Clone(g.members), g.epoch, nil
}

// recipients gives the members for a message of one of them.
func (g *group) recipients(sender *Phone) ([]*Phone, *StanzaError) {
	members, _, refusal := g.audience(sender)
	return members, refusal
}

// addressOf is how the group names a member's device.
func (g *group) addressOf(who *Phone, device uint16) types.JID {
	if g.addressing == types.AddressingModePN {
		return deviceJID(who.JID(), device)
	}
	return deviceJID(who.lid, device)
}

// senderAddress is where a message or notification of a member says it comes from.
func (g *group) senderAddress(who *Phone, device uint16) attrs {
	a := attrs{"from": g.jid, "participant": g.addressOf(who, device), "addressing_mode": string(g.addressing)}
	if g.addressing == types.AddressingModePN {
		a["participant_lid"] = deviceJID(who.lid, device)
	} else {
		a["participant_pn"] = deviceJID(who.JID(), device)
	}
	return a
}

// notify tells a change to every companion of those concerned. The caller holds
// the lock.
func (g *group) notify(by *Phone, to []*Phone, change node) {
	a := g.senderAddress(by, 0)
	a["type"], a["id"], a["t"], a["notify"] = "w:gp2", g.srv.nextID(), g.srv.nowText(), by.Name()
	news := node{Tag: "notification", Attrs: a, Content: []node{change}}
	for _, phone := range to {
		for _, device := range phone.companions() {
			device.deliver(news)
		}
	}
}

// admins gives the members who decide. The caller holds the lock.
func (g *group) admins() []*Phone {
	var admins []*Phone
	for _, member := range g.members {
		if g.roles[member] != RoleMember {
			admins = append(admins, member)
		}
	}
	return admins
}
