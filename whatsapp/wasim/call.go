package wasim

import (
	"slices"
	"strings"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// CallState is how far a call has come.
type CallState string

// The states of a call.
const (
	CallRinging  CallState = "ringing"
	CallAccepted CallState = "accepted"
	CallRejected CallState = "rejected"
	CallEnded    CallState = "ended" // hung up, or nobody answered
)

// What the end of a call says of its reason; hanging up says nothing.
const (
	CallTimeout           = "timeout"            // nobody answered
	callAcceptedElsewhere = "accepted_elsewhere" // for the callee's other devices
	callRejectedElsewhere = "rejected_elsewhere"
)

// PhoneCall is a call as a phone knows it.
type PhoneCall struct {
	ID     string
	From   types.JID // LID of the caller
	To     types.JID // LID of the callee, or the group
	Video  bool
	FromMe bool // the account is the caller
	State  CallState
	// Reason says why the call ended, if the caller gave one.
	Reason     string
	At         time.Time
	RejectedBy []types.JID // LIDs of the accounts that did not want it
}

// call is a call on the server.
type call struct {
	srv    *Server
	id     string
	caller *Phone
	to     types.JID
	group  *group // of a group call, else nil
	video  bool
	at     time.Time

	// mu is held until the last notification of a change.
	mu       sync.Mutex
	callees  []*Phone
	state    CallState
	reason   string
	rejected []types.JID
}

// startCall rings at an account or at all members of a group. Whoever blocks the
// caller hears nothing.
func (s *Server) startCall(caller *Phone, to types.JID, video bool) (*call, *StanzaError) {
	c := &call{srv: s, id: strings.ToUpper(randomHex(16)), caller: caller, to: to, video: video, at: s.now(), state: CallRinging}
	if c.group = s.groupOf(to); c.group != nil {
		members, _, refusal := c.group.audience(caller)
		if refusal != nil {
			return nil, refusal
		}
		c.callees = slices.DeleteFunc(members, func(member *Phone) bool { return member == caller })
	} else {
		callee := s.phoneOf(to)
		if callee == nil || callee == caller {
			return nil, ErrNotFound
		}
		c.to, c.callees = callee.lid, []*Phone{callee}
	}
	c.callees = slices.DeleteFunc(c.callees, func(callee *Phone) bool { return callee.hasBlocked(caller) })
	s.mu.Lock()
	s.calls[c.id] = c
	s.mu.Unlock()
	s.stats.calls.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write()
	c.tell(c.callees, nil, c.offer())
	return c, nil
}

// offer is the ringing: of a group call only a notice of it.
func (c *call) offer() node {
	a := c.about()
	if c.group != nil {
		a["media"], a["type"] = tagFor(c.video, "video", "audio"), "group"
		return node{Tag: "offer_notice", Attrs: a}
	}
	content := []node{{Tag: "audio", Attrs: attrs{"enc": "opus", "rate": "16000"}}}
	if c.video {
		content = append(content, node{Tag: "video", Attrs: attrs{"enc": "vp8", "orientation": "0"}})
	}
	return node{Tag: "offer", Attrs: a, Content: content}
}

// about names the call in whatever is said of it.
func (c *call) about() attrs {
	a := attrs{"call-id": c.id, "call-creator": c.caller.lid, "caller_pn": c.caller.JID()}
	if c.group != nil {
		a["group-jid"] = c.group.jid
	}
	return a
}

// tell sends something about the call, in the caller's name, to the companions of
// accounts but one device.
func (c *call) tell(to []*Phone, except *companion, what node) {
	for _, phone := range to {
		for _, device := range phone.companions() {
			if device != except {
				device.deliver(node{Tag: "call", Attrs: attrs{
					"from": c.caller.lid, "id": c.srv.nextID(), "t": c.srv.nowText(), "notify": c.caller.Name(),
					"platform": "android", "version": "2.26.9.1",
				}, Content: []node{what}})
			}
		}
	}
}

// terminate is the word that a call is over.
func (c *call) terminate(reason string) node {
	a := c.about()
	if reason != "" {
		a["reason"] = reason
	}
	return node{Tag: "terminate", Attrs: a}
}

// write notes the call on the phones concerned, and forgets it on the server once
// it is over. The caller holds the lock.
func (c *call) write() {
	if !c.open() {
		c.srv.mu.Lock()
		delete(c.srv.calls, c.id)
		c.srv.mu.Unlock()
	}
	for _, phone := range append([]*Phone{c.caller}, c.callees...) {
		entry := PhoneCall{
			ID: c.id, From: c.caller.lid, To: c.to, Video: c.video, FromMe: phone == c.caller, State: c.state, Reason: c.reason,
			At: c.at, RejectedBy: slices.Clone(c.rejected),
		}
		phone.calls.put(c.id, entry, func(known *PhoneCall) { *known = entry })
	}
}

// open reports whether the call rings or goes on. The caller holds the lock.
func (c *call) open() bool { return c.state == CallRinging || c.state == CallAccepted }

// accept is somebody answering; their other devices stop ringing. device is nil
// for the phone itself.
func (c *call) accept(who *Phone, device *companion) *StanzaError {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.callees, who) {
		return ErrNotFound
	}
	if !c.open() || (c.group == nil && c.state == CallAccepted) {
		return ErrGone
	}
	c.state = CallAccepted
	c.write()
	c.tell([]*Phone{who}, device, c.terminate(callAcceptedElsewhere))
	return nil
}

// reject is somebody declining. One to one that ends the call; in a group the
// others go on.
func (c *call) reject(who *Phone, device *companion) *StanzaError {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.callees, who) {
		return ErrNotFound
	}
	if !c.open() || slices.Contains(c.rejected, who.lid) || (c.group == nil && c.state == CallAccepted) {
		return ErrGone
	}
	c.rejected = append(c.rejected, who.lid)
	if c.group == nil {
		c.state = CallRejected
	}
	c.write()
	c.tell([]*Phone{who}, device, c.terminate(callRejectedElsewhere))
	return nil
}

// end is the caller hanging up or giving up, or a callee hanging up one to one.
func (c *call) end(by *Phone, device *companion, reason string) *StanzaError {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by != c.caller && (c.group != nil || !slices.Contains(c.callees, by)) {
		return ErrNotFound
	}
	if !c.open() {
		return ErrGone
	}
	c.state, c.reason = CallEnded, reason
	c.write()
	ringing := slices.DeleteFunc(slices.Clone(c.callees), func(callee *Phone) bool { return slices.Contains(c.rejected, callee.lid) })
	c.tell(ringing, device, c.terminate(reason))
	return nil
}

// callOf finds a call that is not over, or nil.
func (s *Server) callOf(id string) *call {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.calls[id]
}

// companionCall takes what a companion says of a call: that it accepts, rejects
// or ends it. What is late or about no call changes nothing.
func (s *Server) companionCall(c *conn, device *companion, n *node) {
	word := firstChild(n)
	if known := s.callOf(textOf(&word, "call-id")); known != nil {
		var refusal *StanzaError
		switch word.Tag {
		case "reject":
			refusal = known.reject(device.phone, device)
		case "accept":
			refusal = known.accept(device.phone, device)
		case "terminate":
			refusal = known.end(device.phone, device, textOf(&word, "reason"))
		}
		if refusal != nil {
			s.log.Debug("word on a call without effect", "tag", word.Tag, "error", refusal)
		}
	}
	c.send(node{Tag: "ack", Attrs: attrs{"class": "call", "id": n.Attrs["id"], "from": n.Attrs["to"], "type": word.Tag, "t": s.nowText()}})
}
