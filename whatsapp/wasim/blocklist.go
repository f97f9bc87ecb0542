package wasim

import (
	"go.mau.fi/whatsmeow/types"
)

// hasBlocked reports whether the account blocks somebody.
func (p *Phone) hasBlocked(who *Phone) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.blocked[who.lid.User]
	return ok
}

// Blocked lists whom the account blocks, by LID.
func (p *Phone) Blocked() []types.JID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.blockedLocked()
}

func (p *Phone) blockedLocked() []types.JID {
	list := make([]types.JID, 0, len(p.blocked))
	for lid := range p.blocked {
		list = append(list, types.NewJID(lid, types.HiddenUserServer))
	}
	return jidsByText(list)
}

// Block is the user putting another account on the block list, or taking it off.
// The companions are told. The server swallows messages of blocked accounts, and
// hides picture and about text from them.
func (p *Phone) Block(who types.JID, on bool) error {
	other := p.srv.phoneOf(who)
	if other == nil {
		return ErrNotFound
	}
	if other == p {
		return ErrBadRequest
	}
	p.block(other, on, nil)
	return nil
}

// block changes the block list and tells the companions but the one that did it.
func (p *Phone) block(other *Phone, on bool, by *companion) {
	p.mu.Lock()
	_, was := p.blocked[other.lid.User]
	before := listHash(p.blockedLocked())
	if p.blocked == nil {
		p.blocked = map[string]struct{}{}
	}
	if on {
		p.blocked[other.lid.User] = struct{}{}
	} else {
		delete(p.blocked, other.lid.User)
	}
	after := listHash(p.blockedLocked())
	p.mu.Unlock()
	if was == on {
		return
	}
	p.tellAccount(by, node{Tag: "blocklist", Attrs: attrs{"dhash": after, "prev_dhash": before}, Content: []node{{
		Tag: "item", Attrs: attrs{"jid": other.lid, "pn_jid": other.JID(), "action": tagFor(on, "block", "unblock")},
	}}})
}

// blocklistIQ answers and changes the block list.
func (s *Server) blocklistIQ(device *companion, n *node) (node, *StanzaError) {
	p := device.phone
	if textOf(n, "type") == "set" {
		child := firstChild(n)
		other := s.phoneOf(jidOf(&child, "jid"))
		action := textOf(&child, "action")
		switch {
		case other == nil:
			return node{}, ErrNotFound
		case other == p || (action != "block" && action != "unblock"):
			return node{}, ErrBadRequest
		}
		p.block(other, action == "block", device)
	}
	list := p.Blocked()
	items := make([]node, len(list))
	for i, jid := range list {
		items[i] = node{Tag: "item", Attrs: attrs{"jid": jid}}
	}
	return resultOf(n, node{Tag: "list", Attrs: attrs{"dhash": listHash(list)}, Content: items}), nil
}
