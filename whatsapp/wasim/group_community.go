package wasim

import (
	"slices"

	"go.mau.fi/whatsmeow/types"
)

// maxSubGroups is how many groups WhatsApp lets a community have.
const maxSubGroups = 100

// community is what a group has to do with communities: it is one, which holds
// groups instead of messages, or it is in one. The zero value is an ordinary
// group. It is guarded by the group's lock, and changes of it happen under
// Server.communities besides, so that never two groups are locked at once.
type community struct {
	is       bool     // for life
	approval string   // of a community: how people ask to join its groups
	subs     []*group // of a community, the announcement group first
	parent   *group   // the community that the group is in
	isMain   bool     // the announcement group, in which everybody is; for life
	came     []*Phone // members that the community has not taken in yet
	went     []*Phone // former members that it has not let go yet
}

// settle makes those who have come to a group members of its community and the
// announcement group, and removes those who have left either of the two from all
// its groups. It is called after every act on a group, without locks.
func (s *Server) settle(g *group) {
	if g == nil {
		return
	}
	g.mu.RLock()
	idle := len(g.community.came) == 0 && len(g.community.went) == 0
	g.mu.RUnlock()
	if idle {
		return
	}
	s.communities.Lock()
	defer s.communities.Unlock()
	g.mu.Lock()
	came, went, parent := g.community.came, g.community.went, g.community.parent
	g.community.came, g.community.went = nil, nil
	if g.community.is {
		parent = g
	}
	g.mu.Unlock()
	if parent == nil {
		return
	}
	all := append([]*group{parent}, parent.subGroups()...)
	for _, other := range all {
		if other == g {
			continue
		}
		if other == parent || other.community.isMain {
			other.takeIn(came)
		}
		other.letGo(went)
	}
}

// takeIn makes accounts members, as followers of those who let them into a group
// of the community.
func (g *group) takeIn(who []*Phone) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var fresh []*Phone
	for _, phone := range who {
		if !g.has(phone) && len(g.members) < maxMembers {
			g.enter(phone, RoleMember)
			fresh = append(fresh, phone)
		}
	}
	// What was done for the community needs no settling of its own.
	g.community.came = slices.DeleteFunc(g.community.came, func(phone *Phone) bool { return slices.Contains(fresh, phone) })
	if len(fresh) > 0 {
		g.notify(fresh[0], slices.Clone(g.members), g.memberNode("add", "linked_group_join", fresh))
	}
}

// letGo ends memberships, because the community has ended.
func (g *group) letGo(who []*Phone) {
	g.mu.Lock()
	defer g.mu.Unlock()
	audience := slices.Clone(g.members)
	var gone []*Phone
	for _, phone := range who {
		if g.has(phone) {
			g.exit(phone)
			gone = append(gone, phone)
		}
	}
	g.community.went = slices.DeleteFunc(g.community.went, func(phone *Phone) bool { return slices.Contains(gone, phone) })
	if len(gone) > 0 {
		g.notify(gone[0], audience, g.memberNode("remove", "", gone))
	}
}

// subGroups lists a community's groups.
func (g *group) subGroups() []*group {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return slices.Clone(g.community.subs)
}

// target names the group in news about links.
func (g *group) target() node {
	g.mu.RLock()
	defer g.mu.RUnlock()
	n := node{Tag: "group", Attrs: attrs{"jid": g.jid, "subject": g.subject.text, "s_t": unixText(g.subject.at)}}
	if g.community.isMain {
		n.Content = []node{{Tag: "default_sub_group"}}
	}
	return n
}

// link puts a group into a community; both have to be administered by the same
// account. One that is in it already stays.
func (s *Server) link(by *Phone, parent, child *group) *StanzaError {
	s.communities.Lock()
	refusal := s.mayLink(by, parent, child)
	if refusal == nil && !slices.Contains(parent.subGroups(), child) {
		s.linkChecked(by, parent, child)
	}
	s.communities.Unlock()
	s.settle(child)
	return refusal
}

// mayLink refuses what cannot be linked: 404 without the group, 403 for those who
// do not administer both, 406 for what is no community or is one itself, 409 for
// a group of another community.
func (s *Server) mayLink(by *Phone, parent, child *group) *StanzaError {
	switch {
	case child == nil:
		return ErrNotFound
	case !parent.isAdmin(by), !child.isAdmin(by):
		return ErrForbidden
	case !parent.community.is, child.community.is:
		return ErrNotAcceptable
	}
	child.mu.RLock()
	other := child.community.parent
	child.mu.RUnlock()
	if other != nil && other != parent {
		return ErrConflict
	}
	if other == nil && len(parent.subGroups()) >= maxSubGroups {
		return ErrResourceLimit
	}
	return nil
}

// parentFor finds the community that a new group is to be in, nil if in none.
// The refusals are those of mayLink.
func (s *Server) parentFor(by *Phone, spec GroupSpec) (*group, *StanzaError) {
	if spec.Parent.IsEmpty() {
		return nil, nil
	}
	parent := s.groupOf(spec.Parent)
	switch {
	case parent == nil:
		return nil, ErrNotFound
	case !parent.isAdmin(by):
		return nil, ErrForbidden
	case !parent.community.is, spec.Community:
		return nil, ErrNotAcceptable
	case len(parent.subGroups()) >= maxSubGroups:
		return nil, ErrResourceLimit
	}
	return parent, nil
}

// linkChecked links and tells the members of all groups concerned; those of a
// group that was made in its community have heard of it already. The caller holds
// Server.communities.
func (s *Server) linkChecked(by *Phone, parent, child *group) {
	siblings := parent.subGroups()
	child.mu.Lock()
	made := child.community.parent == parent
	child.community.parent = parent
	child.community.came = slices.Clone(child.members)
	child.mu.Unlock()
	parent.mu.Lock()
	parent.community.subs = append(parent.community.subs, child)
	parent.mu.Unlock()
	if child.community.isMain {
		return // comes with the community
	}
	tell := func(g *group, kind types.GroupLinkChangeType, about node) {
		g.tellAll(by, node{Tag: "link", Attrs: attrs{"link_type": string(kind)}, Content: []node{about}})
	}
	about := child.target()
	if !made {
		tell(child, types.GroupLinkChangeTypeParent, parent.target())
	}
	tell(parent, types.GroupLinkChangeTypeSub, about)
	for _, sibling := range siblings {
		tell(sibling, types.GroupLinkChangeTypeSibling, about)
	}
}

// unlink takes a group out of a community, whose members stay in both. The
// announcement group cannot leave: 405.
func (s *Server) unlink(by *Phone, parent, child *group) *StanzaError {
	s.communities.Lock()
	defer s.communities.Unlock()
	switch {
	case !parent.isAdmin(by):
		return ErrForbidden
	case child == nil, !slices.Contains(parent.subGroups(), child):
		return ErrNotFound
	case child.community.isMain:
		return ErrNotAllowed
	}
	child.mu.Lock()
	child.community.parent = nil
	child.mu.Unlock()
	parent.mu.Lock()
	parent.community.subs = slices.DeleteFunc(parent.community.subs, func(sub *group) bool { return sub == child })
	parent.mu.Unlock()
	tell := func(g *group, kind types.GroupLinkChangeType, about node) {
		g.tellAll(by, node{Tag: "unlink", Attrs: attrs{
			"unlink_type": string(kind), "unlink_reason": string(types.GroupUnlinkReasonDefault),
		}, Content: []node{about}})
	}
	about := child.target()
	tell(child, types.GroupLinkChangeTypeParent, parent.target())
	tell(parent, types.GroupLinkChangeTypeSub, about)
	for _, sibling := range parent.subGroups() {
		tell(sibling, types.GroupLinkChangeTypeSibling, about)
	}
	return nil
}

// tellAll tells every member something. It takes the lock.
func (g *group) tellAll(by *Phone, change node) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notify(by, slices.Clone(g.members), change)
}

// communityNodes are the children of <group> about communities. The caller holds
// the lock.
func (g *group) communityNodes() []node {
	var out []node
	if g.community.is {
		out = append(out, node{Tag: "parent", Attrs: attrs{"default_membership_approval_mode": g.community.approval}})
	}
	if g.community.parent != nil {
		out = append(out, node{Tag: "linked_parent", Attrs: attrs{"jid": g.community.parent.jid}})
	}
	if g.community.isMain {
		out = append(out, node{Tag: "default_sub_group"})
	}
	return out
}

// linkAct is an act of a community on a group of it.
func (g *group) linkAct(me *Phone, act *node) ([]node, *StanzaError) {
	links := act
	if act.Tag == "links" {
		link := firstChild(act)
		links = &link
	}
	groups := links.GetChildrenByTag("group")
	if len(groups) == 0 {
		return nil, ErrBadRequest
	}
	change := g.srv.unlink
	if act.Tag == "links" {
		change = g.srv.link
	}
	for _, child := range groups {
		if refusal := change(me, g, g.srv.groupOf(jidOf(&child, "jid"))); refusal != nil {
			return nil, refusal
		}
	}
	return []node{*act}, nil
}

// communityQuery answers what its members ask about a community: 403 for others,
// 406 if it is none.
func (g *group) communityQuery(me *Phone, act *node) ([]node, *StanzaError) {
	g.mu.RLock()
	member := g.has(me)
	g.mu.RUnlock()
	switch {
	case !member:
		return nil, ErrForbidden
	case !g.community.is:
		return nil, ErrNotAcceptable
	}
	var list []node
	seen := map[*Phone]bool{}
	for _, sub := range g.subGroups() {
		if act.Tag == "sub_groups" {
			about := sub.target()
			about.Attrs["id"] = sub.jid.User
			delete(about.Attrs, "jid")
			list = append(list, about)
			continue
		}
		sub.mu.RLock()
		for _, who := range sub.members {
			if !seen[who] {
				seen[who] = true
				list = append(list, node{Tag: "participant", Attrs: attrs{"jid": who.lid, "phone_number": who.JID()}})
			}
		}
		sub.mu.RUnlock()
	}
	return []node{{Tag: act.Tag, Content: list}}, nil
}

// picturesQuery answers for a community's picture, which is not asked for in the
// way of other pictures.
func (g *group) picturesQuery(me *Phone, act *node) ([]node, *StanzaError) {
	asked := firstChild(act)
	id, refusal := g.pictureFor(me, textOf(&asked, "invite"))
	if refusal != nil {
		return nil, refusal
	}
	return []node{{Tag: act.Tag, Content: []node{pictureNode(id, &asked)}}}, nil
}
