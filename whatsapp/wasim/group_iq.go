package wasim

import (
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// groupIQ answers the w:g2 namespace: acts on one group, or, to the group
// server itself, on groups in general.
func (s *Server) groupIQ(device *companion, n *node) (node, *StanzaError) {
	to := jidOf(n, "to")
	act := firstChild(n)
	me := device.phone
	var content []node
	var refusal *StanzaError
	set := textOf(n, "type") == "set"
	if to.User == "" {
		content, refusal = s.groupsAct(me, set, &act)
	} else {
		g := s.groupOf(to)
		if g == nil {
			return node{}, ErrNotFound
		}
		content, refusal = g.act(me, set, &act)
		s.settle(g)
	}
	if refusal != nil {
		return node{}, refusal
	}
	return resultOf(n, content...), nil
}

// groupsAct is an act that does not name its group by address.
func (s *Server) groupsAct(me *Phone, set bool, act *node) ([]node, *StanzaError) {
	switch act.Tag {
	case "create":
		return s.createAct(me, act)
	case "participating":
		return []node{{Tag: "groups", Content: me.groupNodes()}}, nil
	case "leave":
		return s.leaveAct(me, act)
	case "invite":
		return s.inviteAct(me, set, textOf(act, "code"))
	}
	return nil, ErrNotImplemented
}

func (s *Server) createAct(me *Phone, act *node) ([]node, *StanzaError) {
	spec := GroupSpec{Subject: textOf(act, "subject")}
	for _, child := range act.GetChildren() {
		switch child.Tag {
		case "participant":
			spec.Members = append(spec.Members, jidOf(&child, "jid"))
		case "locked":
			spec.Locked = true
		case "announcement":
			spec.Announce = true
		case "ephemeral":
			spec.Ephemeral = uint32(max(0, numberOf(&child, "expiration")))
		case "member_add_mode":
			spec.MemberAddMode = types.GroupMemberAddMode(contentOf(child))
		case "membership_approval_mode":
			spec.ApprovalRequired = approvalState(&child)
		case "parent":
			spec.Community, spec.CommunityApproval = true, textOf(&child, "default_membership_approval_mode")
		case "linked_parent":
			spec.Parent = jidOf(&child, "jid")
		}
	}
	g, results, refusal := s.createGroup(me, spec, randomHex(8))
	if refusal != nil {
		return nil, refusal
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	return []node{g.nodeLocked(results)}, nil
}

func (s *Server) leaveAct(me *Phone, act *node) ([]node, *StanzaError) {
	var left []node
	for _, child := range act.GetChildrenByTag("group") {
		g := s.groupOf(jidOf(&child, "id"))
		if g == nil {
			return nil, ErrNotFound
		}
		if refusal := g.leave(me); refusal != nil {
			return nil, refusal
		}
		s.settle(g)
		left = append(left, node{Tag: "group", Attrs: attrs{"id": child.Attrs["id"]}})
	}
	return []node{{Tag: "leave", Content: left}}, nil
}

func (s *Server) inviteAct(me *Phone, set bool, code string) ([]node, *StanzaError) {
	g, refusal := s.groupByInvite(code)
	if refusal != nil {
		return nil, refusal
	}
	if !set {
		preview, refusal := g.preview(code)
		return []node{preview}, refusal
	}
	joined, refusal := g.join(me, code)
	s.settle(g)
	if refusal != nil {
		return nil, refusal
	}
	return []node{{Tag: tagFor(joined, "group", "membership_approval_request"), Attrs: attrs{"jid": g.jid}}}, nil
}

// act is an act on one group.
func (g *group) act(me *Phone, set bool, act *node) ([]node, *StanzaError) {
	if !set {
		return g.query(me, act)
	}
	switch act.Tag {
	case "add", "remove", "promote", "demote":
		results, refusal := g.change(me, memberChange(act.Tag), participantsOf(act))
		if refusal != nil {
			return nil, refusal
		}
		return []node{{Tag: act.Tag, Content: g.resultNodes(results)}}, nil
	case "membership_requests_action":
		return g.requestsAct(me, act)
	case "cancel_membership_requests":
		return []node{{Tag: act.Tag}}, g.withdraw(me)
	case "invite":
		code, refusal := g.invite(me, true)
		return []node{{Tag: "invite", Attrs: attrs{"code": code}}}, refusal
	case "links", "unlink":
		return g.linkAct(me, act)
	case "accept":
		return []node{{Tag: "group", Attrs: attrs{"jid": g.jid}}}, g.accept(me, textOf(act, "code"))
	}
	return nil, g.settingAct(me, act)
}

// query is a question about one group.
func (g *group) query(me *Phone, act *node) ([]node, *StanzaError) {
	switch act.Tag {
	case "query":
		if invitation, ok := act.GetOptionalChildByTag("add_request"); ok {
			seen, refusal := g.invited(me, textOf(&invitation, "code"))
			return []node{seen}, refusal
		}
		g.mu.RLock()
		defer g.mu.RUnlock()
		if !g.has(me) {
			return nil, ErrForbidden
		}
		return []node{g.nodeLocked(nil)}, nil
	case "sub_groups", "linked_groups_participants":
		return g.communityQuery(me, act)
	case "pictures":
		return g.picturesQuery(me, act)
	case "invite":
		code, refusal := g.invite(me, false)
		return []node{{Tag: "invite", Attrs: attrs{"code": code}}}, refusal
	case "membership_approval_requests":
		waiting, refusal := g.pending(me)
		if refusal != nil {
			return nil, refusal
		}
		list := make([]node, len(waiting))
		for i, r := range waiting {
			list[i] = node{Tag: "membership_approval_request", Attrs: attrs{
				"jid": g.addressOf(r.phone, 0), "phone_number": r.phone.JID(), "request_time": unixText(r.at), "request_method": "invite_link",
			}}
		}
		return []node{{Tag: act.Tag, Content: list}}, nil
	}
	return nil, ErrNotImplemented
}

func (g *group) requestsAct(me *Phone, act *node) ([]node, *StanzaError) {
	decision := firstChild(act)
	if decision.Tag != "approve" && decision.Tag != "reject" {
		return nil, ErrBadRequest
	}
	results, refusal := g.decide(me, decision.Tag == "approve", participantsOf(&decision))
	if refusal != nil {
		return nil, refusal
	}
	return []node{{Tag: act.Tag, Content: []node{{Tag: decision.Tag, Content: g.resultNodes(results)}}}}, nil
}

// settingAct changes one setting.
func (g *group) settingAct(me *Phone, act *node) *StanzaError {
	switch act.Tag {
	case "subject":
		return g.setSubject(me, string(contentOf(*act)))
	case "description":
		text := string(contentOf(act.GetChildByTag("body")))
		if textOf(act, "delete") == "true" {
			text = ""
		}
		return g.setDescription(me, textOf(act, "id"), textOf(act, "prev"), text)
	case "locked", "unlocked":
		return g.setLocked(me, act.Tag == "locked")
	case "announcement", "not_announcement":
		return g.setAnnounce(me, act.Tag == "announcement")
	case "ephemeral", "not_ephemeral":
		seconds, err := strconv.ParseUint(textOf(act, "expiration"), 10, 32)
		if err != nil && act.Tag == "ephemeral" {
			return ErrBadRequest
		}
		return g.setEphemeral(me, uint32(seconds))
	case "member_add_mode":
		return g.setMemberAddMode(me, types.GroupMemberAddMode(contentOf(*act)))
	case "membership_approval_mode":
		return g.setApproval(me, approvalState(act))
	}
	return ErrNotImplemented
}

func approvalState(n *node) bool {
	join := n.GetChildByTag("group_join")
	return textOf(&join, "state") == "on"
}

func participantsOf(n *node) []types.JID {
	var who []types.JID
	for _, child := range n.GetChildrenByTag("participant") {
		who = append(who, jidOf(&child, "jid"))
	}
	return who
}

// groupNodes are the groups that an account is in.
func (p *Phone) groupNodes() []node {
	groups := p.joined()
	out := make([]node, len(groups))
	for i, g := range groups {
		out[i] = g.node()
	}
	return out
}
