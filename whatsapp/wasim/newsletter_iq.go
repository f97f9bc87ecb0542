package wasim

import (
	"strconv"
	"time"
)

const (
	// liveUpdateLife is how long WhatsApp tells a client of reactions and views
	// before it has to ask again.
	liveUpdateLife = 5 * time.Minute
	// channelPage is how many messages a question without a number gets.
	channelPage = 50
)

// newsletterIQ answers the newsletter namespace: messages of a channel, by
// address or invite code, what became of them, and the wish to hear of that.
func (s *Server) newsletterIQ(device *companion, n *node) (node, *StanzaError) {
	act := firstChild(n)
	ch := s.channelOf(jidOf(n, "to"))
	if act.Tag == "messages" {
		if ch = s.channelOf(jidOf(&act, "jid")); textOf(&act, "type") == "invite" {
			ch = s.channelByInvite(textOf(&act, "key"))
		}
	}
	if ch == nil {
		return node{}, ErrNotFound
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	switch act.Tag {
	case "messages":
		found := ch.page(numberOf(&act, "count"), numberOf(&act, "before"), numberOf(&act, "after"), time.Time{})
		return resultOf(n, node{Tag: "messages", Attrs: attrs{"jid": ch.jid, "t": s.nowText()}, Content: messageNodes(found, true)}), nil
	case "message_updates":
		var since time.Time
		if seconds := numberOf(&act, "since"); seconds > 0 {
			since = time.Unix(int64(seconds), 0)
		}
		found := ch.page(numberOf(&act, "count"), numberOf(&act, "before"), numberOf(&act, "after"), since)
		list := node{Tag: "messages", Attrs: attrs{"jid": ch.jid, "t": s.nowText()}, Content: messageNodes(found, false)}
		return resultOf(n, node{Tag: "message_updates", Content: []node{list}}), nil
	case "live_updates":
		life := s.options.LiveUpdateLife
		ch.live[device] = s.now().Add(life)
		return resultOf(n, node{Tag: "live_updates", Attrs: attrs{"duration": strconv.Itoa(int(life / time.Second))}}), nil
	}
	return node{}, ErrNotImplemented
}

// page gives messages that have not been deleted, oldest first: those right
// behind the server id after, or else the newest before before; 0 sets no bound.
// since leaves older ones out. The caller holds the lock.
func (ch *channel) page(count, before, after int, since time.Time) []*channelMessage {
	if count <= 0 {
		count = channelPage
	}
	var found []*channelMessage
	for _, m := range ch.messages {
		if m.message == nil || (before > 0 && m.serverID >= before) || m.serverID <= after || m.at.Before(since) {
			continue
		}
		found = append(found, m)
	}
	if len(found) <= count {
		return found
	}
	if after > 0 {
		return found[:count]
	}
	return found[len(found)-count:]
}

// messageNodes are messages as they are listed, with or without their content.
func messageNodes(messages []*channelMessage, content bool) []node {
	nodes := make([]node, len(messages))
	for i, m := range messages {
		nodes[i] = m.node(content)
	}
	return nodes
}

func (m *channelMessage) node(content bool) node {
	var children []node
	if content {
		children = append([]node{m.plain}, m.editNodes()...)
	}
	if len(m.viewers) > 0 {
		children = append(children, node{Tag: "views_count", Attrs: attrs{"count": len(m.viewers)}})
	}
	counts := m.tally()
	reactions := make([]node, 0, len(counts))
	for _, emoji := range popular(counts) {
		reactions = append(reactions, node{Tag: "reaction", Attrs: attrs{"code": emoji, "count": counts[emoji]}})
	}
	// Without any left the list comes empty, so that clients drop the last one.
	children = append(children, node{Tag: "reactions", Content: reactions})
	return node{Tag: "message", Attrs: attrs{
		"id": m.id, "server_id": m.serverID, "type": m.label, "t": unixText(m.at),
	}, Content: children}
}

// tellLive tells the views and reactions of messages to those who asked for it.
// The caller holds the lock.
func (ch *channel) tellLive(messages ...*channelMessage) {
	news := messageNodes(messages, false)
	for device, until := range ch.live {
		if !ch.srv.now().Before(until) {
			delete(ch.live, device)
			continue
		}
		device.transient(node{Tag: "notification", Attrs: attrs{
			"from": ch.jid, "type": "newsletter", "id": ch.srv.nextID(), "t": ch.srv.nowText(),
		}, Content: []node{{Tag: "live_updates", Content: news}}})
	}
}

// channelReceipt takes a companion's word that messages of a channel were viewed.
func (s *Server) channelReceipt(device *companion, n *node) {
	ch := s.channelOf(jidOf(n, "to"))
	if ch == nil || textOf(n, "type") != "view" {
		return
	}
	list := n.GetChildByTag("list")
	var viewed []int
	for _, item := range list.GetChildrenByTag("item") {
		viewed = append(viewed, numberOf(&item, "server_id"))
	}
	ch.view(device.phone, viewed)
}

// termsIQ takes the consent to terms of service.
func (s *Server) termsIQ(device *companion, n *node) node {
	notice := firstChild(n)
	if textOf(&notice, "id") == channelTerms {
		device.phone.channelTerms.Store(true)
	}
	return resultOf(n)
}

// channelTerms is the notice that has to be accepted before a companion creates
// a channel.
const channelTerms = "20601218"
