package wasim

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/types"
)

// setSubject renames the group.
func (g *group) setSubject(by *Phone, subject string) *StanzaError {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal := g.editable(by); refusal != nil {
		return refusal
	}
	if subject == "" || utf8.RuneCountInString(subject) > maxSubject {
		return ErrNotAcceptable
	}
	g.subject = groupText{text: subject, at: g.srv.now(), by: by}
	a := attrs{"subject": subject, "s_t": unixText(g.subject.at), "s_o": by.lid, "s_o_pn": by.JID()}
	g.notify(by, g.members, node{Tag: "subject", Attrs: a})
	return nil
}

// setDescription replaces the description that has the id prev; an empty text
// removes it. A wrong prev is a conflict: somebody else was faster.
func (g *group) setDescription(by *Phone, id, prev, text string) *StanzaError {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal := g.editable(by); refusal != nil {
		return refusal
	}
	if g.description.id != prev {
		return ErrConflict
	}
	if utf8.RuneCountInString(text) > maxDescription {
		return ErrNotAcceptable
	}
	change := node{Tag: "description", Attrs: attrs{"id": id}}
	if text == "" {
		g.description = groupText{}
		change.Content = []node{{Tag: "delete"}}
	} else {
		g.description = groupText{text: text, id: id, at: g.srv.now(), by: by}
		change.Content = []node{{Tag: "body", Content: []byte(text)}}
	}
	g.notify(by, g.members, change)
	return nil
}

// setAnnounce decides whether only admins may send.
func (g *group) setAnnounce(by *Phone, on bool) *StanzaError {
	return g.set(by, g.adminOnly, func() node {
		g.announce = on
		g.announceVer++
		return node{Tag: tagFor(on, "announcement", "not_announcement"), Attrs: attrs{"v_id": strconv.Itoa(g.announceVer)}}
	})
}

// setLocked decides whether only admins may edit subject and description.
func (g *group) setLocked(by *Phone, on bool) *StanzaError {
	return g.set(by, g.adminOnly, func() node {
		g.locked = on
		return node{Tag: tagFor(on, "locked", "unlocked")}
	})
}

// setApproval decides whether joining needs an admin's consent. Without, those
// who wait are let in.
func (g *group) setApproval(by *Phone, on bool) *StanzaError {
	return g.set(by, g.adminOnly, func() node {
		g.approval = on
		if !on {
			g.letAllIn(by)
		}
		return approvalNode(on)
	})
}

// setMemberAddMode decides who may add members.
func (g *group) setMemberAddMode(by *Phone, mode types.GroupMemberAddMode) *StanzaError {
	if mode != types.GroupMemberAddModeAdmin && mode != types.GroupMemberAddModeAllMember {
		return ErrBadRequest
	}
	return g.set(by, g.adminOnly, func() node {
		g.addMode = mode
		return node{Tag: "member_add_mode", Content: []byte(mode)}
	})
}

// setEphemeral decides how many seconds messages live; 0 means for ever. Other
// times than WhatsApp's are 400.
func (g *group) setEphemeral(by *Phone, seconds uint32) *StanzaError {
	if !slices.Contains([]uint32{0, 86_400, 604_800, 7_776_000}, seconds) {
		return ErrBadRequest
	}
	return g.set(by, g.editable, func() node {
		g.ephemeral = seconds
		if seconds == 0 {
			return node{Tag: "not_ephemeral"}
		}
		return node{Tag: "ephemeral", Attrs: attrs{"expiration": strconv.FormatUint(uint64(seconds), 10)}}
	})
}

// pictureFor gives the id of the group's picture to a member or the holder of an
// invite code: 401 to others, 404 without one.
func (g *group) pictureFor(who *Phone, invite string) (string, *StanzaError) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	switch {
	case !g.has(who) && invite != g.inviteCode:
		return "", ErrNotAuthorized
	case g.pictureID == "":
		return "", ErrNotFound
	}
	return g.pictureID, nil
}

// setPicture changes the group's picture; an empty id removes it.
func (g *group) setPicture(by *Phone, id string) *StanzaError {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal := g.editable(by); refusal != nil {
		return refusal
	}
	g.pictureID = id
	change := node{Tag: "set", Attrs: attrs{"jid": g.jid, "id": id, "author": by.lid}}
	if id == "" {
		change = node{Tag: "delete", Attrs: attrs{"jid": g.jid, "author": by.lid}}
	}
	for _, member := range g.members {
		for _, device := range member.companions() {
			device.deliver(node{Tag: "notification", Attrs: attrs{
				"from": g.jid, "type": "picture", "id": g.srv.nextID(), "t": g.srv.nowText(),
			}, Content: []node{change}})
		}
	}
	return nil
}

// set changes a setting and tells every member.
func (g *group) set(by *Phone, allowed func(*Phone) *StanzaError, change func() node) *StanzaError {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal := allowed(by); refusal != nil {
		return refusal
	}
	news := change()
	g.notify(by, slices.Clone(g.members), news)
	return nil
}

func tagFor(on bool, yes, no string) string {
	if on {
		return yes
	}
	return no
}

// approvalNode is the setting for join approval. whatsmeow takes any such child
// of a notification for "on".
func approvalNode(on bool) node {
	return node{Tag: "membership_approval_mode", Content: []node{{Tag: "group_join", Attrs: attrs{"state": tagFor(on, "on", "off")}}}}
}
