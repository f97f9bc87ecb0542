package wasim

import (
	"time"

	"go.mau.fi/whatsmeow/types"
)

// companionPresence takes a companion's presence, or its wish to hear of
// somebody else's, which ends with the connection.
func (s *Server) companionPresence(c *conn, device *companion, n *node) {
	switch kind := textOf(n, "type"); kind {
	case "subscribe":
		target := s.phoneOf(jidOf(n, "to"))
		if target == nil {
			return
		}
		target.mu.Lock()
		if target.presenceWatcher == nil {
			target.presenceWatcher = map[*companion]*conn{}
		}
		target.presenceWatcher[device] = c
		target.mu.Unlock()
		c.send(target.seenBy(device.phone).node(jidOf(n, "to").ToNonAD()))
	case "", "available", "unavailable":
		device.mu.Lock()
		device.present = kind != "unavailable"
		device.mu.Unlock()
		device.phone.announcePresence()
	}
}

// sighting is what somebody may know of an account's presence.
type sighting struct {
	online   bool
	lastSeen time.Time // zero if online or hidden
	known    bool      // it is not hidden
}

// seenBy is the account's presence for somebody. Who hides the own last time
// online sees nobody else's.
func (p *Phone) seenBy(watcher *Phone) sighting {
	lastShown := p.shows("last", watcher) && (watcher == p || watcher.privacySetting("last") != "none")
	onlineShown := lastShown || (!p.hasBlocked(watcher) && p.privacySetting("online") == "all")
	p.mu.Lock()
	lastSeen := p.lastSeen
	p.mu.Unlock()
	if onlineShown && p.online() {
		return sighting{online: true, known: true}
	}
	if !lastShown {
		return sighting{}
	}
	return sighting{lastSeen: lastSeen, known: true}
}

// node is the sighting as a companion gets it.
func (s sighting) node(from types.JID) node {
	a := attrs{"from": from}
	if s.online {
		return node{Tag: "presence", Attrs: a}
	}
	a["type"] = "unavailable"
	a["last"] = "deny"
	if s.known {
		a["last"] = unixText(s.lastSeen)
	}
	return node{Tag: "presence", Attrs: a}
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
	online := p.online()
	p.mu.Lock()
	if p.wasOnline && !online {
		p.lastSeen = p.srv.now()
	}
	p.wasOnline = online
	devices := make(map[*companion]*conn, len(p.presenceWatcher))
	for watcher, asked := range p.presenceWatcher {
		if watcher.socket() != asked {
			delete(p.presenceWatcher, watcher)
			continue
		}
		devices[watcher] = asked
	}
	phones := make([]*Phone, 0, len(p.presencePhones))
	for watcher := range p.presencePhones {
		phones = append(phones, watcher)
	}
	p.mu.Unlock()
	for watcher := range devices {
		watcher.transient(p.seenBy(watcher.phone).node(p.lid))
	}
	for _, watcher := range phones {
		watcher.sees(p)
	}
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
	chat := who.lid
	var readers []*Phone
	if g := s.groupOf(to); g != nil {
		members, refusal := g.recipients(who)
		if refusal != nil {
			return
		}
		readers, chat = members, g.jid
		address = attrs{"from": g.jid, "participant": g.addressOf(who, 0)}
	} else if phone := s.phoneOf(to); phone != nil && !phone.hasBlocked(who) {
		readers = []*Phone{phone}
	}
	for _, reader := range readers {
		if reader == who {
			continue
		}
		reader.gotTyping(chat, who, &state[0])
		for _, device := range reader.companions() {
			device.transient(node{Tag: "chatstate", Attrs: address, Content: state})
		}
	}
}
