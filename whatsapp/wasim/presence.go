package wasim

import (
	"context"

	"go.mau.fi/whatsmeow/types"
)

// companionPresence takes a companion's presence, or its wish to hear of
// somebody else's.
func (s *Server) companionPresence(c *conn, device *companion, n *node) {
	switch kind := textOf(n, "type"); kind {
	case "subscribe":
		target := s.phoneOf(jidOf(n, "to"))
		if target == nil {
			return
		}
		target.mu.Lock()
		if target.presenceWatcher == nil {
			target.presenceWatcher = map[*companion]struct{}{}
		}
		target.presenceWatcher[device] = struct{}{}
		target.mu.Unlock()
		c.send(target.presenceNode(jidOf(n, "to").ToNonAD()))
	case "", "available", "unavailable":
		device.mu.Lock()
		device.present = kind != "unavailable"
		device.mu.Unlock()
		device.phone.announcePresence()
	}
}

// presenceNode is the account's presence as a watcher gets it.
func (p *Phone) presenceNode(from types.JID) node {
	if p.online() {
		return node{Tag: "presence", Attrs: attrs{"from": from}}
	}
	return node{Tag: "presence", Attrs: attrs{"from": from, "type": "unavailable", "last": p.srv.nowText()}}
}

// online reports whether any of the account's devices is available.
func (p *Phone) online() bool {
	p.mu.Lock()
	available := p.available
	p.mu.Unlock()
	for _, device := range p.companions() {
		device.mu.Lock()
		available = available || device.present
		device.mu.Unlock()
	}
	return available
}

// announcePresence tells those who watch.
func (p *Phone) announcePresence() {
	p.mu.Lock()
	watchers := make([]*companion, 0, len(p.presenceWatcher))
	for watcher := range p.presenceWatcher {
		watchers = append(watchers, watcher)
	}
	p.mu.Unlock()
	news := p.presenceNode(p.lid)
	for _, watcher := range watchers {
		watcher.transient(news)
	}
}

// SetAvailable is the user opening or closing the app on the phone.
func (p *Phone) SetAvailable(on bool) {
	p.mu.Lock()
	p.available = on
	p.mu.Unlock()
	p.announcePresence()
}

// companionTyping passes a companion's chat state on.
func (s *Server) companionTyping(device *companion, n *node) {
	s.typing(device.phone, jidOf(n, "to"), n.GetChildren())
}

// typing tells the other side, or a group, what somebody does.
func (s *Server) typing(who *Phone, to types.JID, state []node) {
	if len(state) != 1 {
		return
	}
	address := attrs{"from": who.lid}
	var readers []*Phone
	if g := s.groupOf(to); g != nil {
		members, refusal := g.recipients(who)
		if refusal != nil {
			return
		}
		readers = members
		address = attrs{"from": g.jid, "participant": g.addressOf(who, 0)}
	} else if phone := s.phoneOf(to); phone != nil {
		readers = []*Phone{phone}
	}
	for _, reader := range readers {
		if reader == who {
			continue
		}
		for _, device := range reader.companions() {
			device.transient(node{Tag: "chatstate", Attrs: address, Content: state})
		}
	}
}

// Typing is the user typing in a chat, or stopping to.
func (p *Phone) Typing(ctx context.Context, chat types.JID, on bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.srv.groupOf(chat) == nil && p.srv.phoneOf(chat) == nil {
		return ErrNotFound
	}
	p.srv.typing(p, chat, []node{{Tag: tagFor(on, "composing", "paused")}})
	return nil
}
