package wasim

import (
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// node is the group as members see it.
func (g *group) node() node {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.nodeLocked(nil)
}

// nodeLocked writes <group>. Its id is the bare number, not a JID. refused are
// those who could not be added at creation.
func (g *group) nodeLocked(refused []ParticipantResult) node {
	version := strconv.Itoa(g.version)
	return node{Tag: "group", Attrs: attrs{
		"id": g.jid.User, "subject": g.subject.text, "creation": unixText(g.created),
		"creator": g.creator.lid, "creator_pn": g.creator.JID(),
		"s_t": unixText(g.subject.at), "s_o": g.subject.by.lid, "s_o_pn": g.subject.by.JID(),
		"addressing_mode": string(g.addressing), "p_v_id": version, "a_v_id": strconv.Itoa(g.announceVer),
		"size": strconv.Itoa(len(g.members)),
	}, Content: append(g.settingNodes(), g.participantNodes(refused)...)}
}

// settingNodes are the children of <group> that are not members.
func (g *group) settingNodes() []node {
	var out []node
	if g.description.id != "" {
		out = append(out, node{Tag: "description", Attrs: attrs{
			"id": g.description.id, "t": unixText(g.description.at),
			"participant": g.description.by.lid, "participant_pn": g.description.by.JID(),
		}, Content: []node{{Tag: "body", Content: []byte(g.description.text)}}})
	}
	if g.locked {
		out = append(out, node{Tag: "locked"})
	}
	if g.announce {
		out = append(out, node{Tag: "announcement"})
	}
	if g.ephemeral > 0 {
		out = append(out, node{Tag: "ephemeral", Attrs: attrs{"expiration": strconv.FormatUint(uint64(g.ephemeral), 10)}})
	}
	// whatsmeow reads any membership_approval_mode as "on", so "off" is left out.
	if g.approval {
		out = append(out, approvalNode(true))
	}
	out = append(out, g.communityNodes()...)
	return append(out, node{Tag: "member_add_mode", Content: []byte(g.addMode)})
}

func (g *group) participantNodes(refused []ParticipantResult) []node {
	out := make([]node, 0, len(g.members))
	for _, member := range g.members {
		out = append(out, g.participantNode(member))
	}
	for _, result := range refused {
		if result.Error != 0 {
			out = append(out, g.resultNode(result))
		}
	}
	return out
}

// participantNode writes a member, or somebody who is or was to be one.
func (g *group) participantNode(who *Phone) node {
	a := attrs{"jid": g.addressOf(who, 0)}
	if g.addressing == types.AddressingModePN {
		a["lid"] = who.lid
	} else {
		a["phone_number"] = who.JID()
	}
	if role := g.roles[who]; role != RoleMember {
		a["type"] = string(role)
	}
	return node{Tag: "participant", Attrs: a}
}

// resultNode writes the outcome of an act for one account.
func (g *group) resultNode(result ParticipantResult) node {
	n := node{Tag: "participant", Attrs: attrs{"jid": result.JID}}
	if result.phone != nil {
		n = g.participantNode(result.phone)
	}
	if result.Error != 0 {
		n.Attrs["error"] = strconv.Itoa(result.Error)
	}
	if result.InviteCode != "" {
		n.Content = []node{{Tag: "add_request", Attrs: attrs{"code": result.InviteCode, "expiration": unixText(result.InviteExpires)}}}
	}
	return n
}

// resultNodes writes outcomes. It takes the lock.
func (g *group) resultNodes(results []ParticipantResult) []node {
	g.mu.RLock()
	defer g.mu.RUnlock()
	out := make([]node, len(results))
	for i, result := range results {
		out[i] = g.resultNode(result)
	}
	return out
}
