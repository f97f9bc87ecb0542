package wasim

import (
	"maps"
	"slices"

	"go.mau.fi/whatsmeow/types"
)

// relay hands a message to every device it is for.
func (s *Server) relay(e *envelope) accepted {
	outcome := s.route(e)
	outcome.at = e.at
	if outcome.code != 0 {
		s.stats.refused.Add(1)
	} else {
		s.stats.accepted.Add(1)
	}
	return outcome
}

func (s *Server) route(e *envelope) accepted {
	switch e.to.Server {
	case types.GroupServer:
		return s.relayGroup(e)
	case types.DefaultUserServer, types.HiddenUserServer:
		if e.direct != nil {
			return s.relayDirect(e)
		}
		return s.relayUser(e)
	case types.BroadcastServer:
		return s.relayStatus(e)
	case types.NewsletterServer:
		return s.relayChannel(e)
	default:
		return accepted{code: ErrNotAllowed.Code}
	}
}

// relayUser delivers a message to an account and to the sender's other devices.
func (s *Server) relayUser(e *envelope) accepted {
	to := s.phoneOf(e.to)
	if to == nil {
		return accepted{code: ErrNotFound.Code}
	}
	outcome := accepted{}
	if to != e.sender {
		// A client that writes to itself counts its devices twice.
		outcome.phash = hashOf([]*Phone{to, e.sender}, e.to.Server == types.DefaultUserServer)
	}
	recipients := []*Phone{to}
	if to.hasBlocked(e.sender) {
		recipients = nil // the sender sees one tick for ever
	}
	if to != e.sender {
		recipients = append(recipients, e.sender)
	}
	for _, phone := range recipients {
		if phone != e.sender || e.device != 0 {
			e.toPhone(phone, to.lid)
		}
		for _, device := range phone.companions() {
			if phone == e.sender && device.id == e.device {
				continue
			}
			if enc, ok := e.each[deviceRef{phone, device.id}]; ok {
				device.deliver(e.stanza(e.userAddress(phone, to), enc))
			}
		}
	}
	return outcome
}

// hashOf is the hash of all devices of the accounts, in the addresses that the
// sender used.
func hashOf(phones []*Phone, byNumber bool) string {
	var all []types.JID
	for _, phone := range phones {
		pns, lids := deviceLists(phone, phone.companions())
		if byNumber {
			all = append(all, pns...)
		} else {
			all = append(all, lids...)
		}
	}
	return listHash(all)
}

// userAddress is where a one-to-one message says it comes from. For the
// sender's own devices it also says whom it is for.
func (e *envelope) userAddress(receiver, to *Phone) attrs {
	lid, pn := deviceJID(e.sender.lid, e.device), deviceJID(e.sender.JID(), e.device)
	byNumber := e.sender.addressingMode() == types.AddressingModePN
	if receiver == e.sender {
		if byNumber {
			return attrs{"from": pn, "recipient": to.JID(), "peer_recipient_lid": to.lid}
		}
		return attrs{"from": lid, "recipient": to.lid, "peer_recipient_pn": to.JID()}
	}
	if byNumber {
		return attrs{"from": pn, "sender_lid": lid}
	}
	return attrs{"from": lid, "sender_pn": pn}
}

// relayDirect delivers a message to one device: a retry, or a message of a
// companion to its own phone.
func (s *Server) relayDirect(e *envelope) accepted {
	to := s.phoneOf(e.to)
	if to == nil {
		return accepted{code: ErrNotFound.Code}
	}
	chat := to
	if !e.recipient.IsEmpty() {
		if chat = s.phoneOf(e.recipient); chat == nil {
			return accepted{code: ErrNotFound.Code}
		}
	}
	e.deliverDirect(to, e.to.Device, chat.lid, e.userAddress(to, chat))
	return accepted{}
}

func (e *envelope) deliverDirect(to *Phone, id uint16, chat types.JID, address attrs) {
	if id == 0 {
		to.receive(letter{from: e.sender, device: e.device, id: e.id, chat: chat, at: e.at, stanza: e.attrs, encs: []node{*e.direct}})
		return
	}
	if device := to.companion(id); device != nil {
		device.deliver(e.stanza(address, *e.direct))
	}
}

// relayGroup delivers a message to everybody in a group.
func (s *Server) relayGroup(e *envelope) accepted {
	g := s.groupOf(e.to)
	if g == nil {
		return accepted{code: ErrNotFound.Code}
	}
	members, refusal := g.recipients(e.sender)
	if refusal != nil {
		return accepted{code: refusal.Code}
	}
	address := g.senderAddress(e.sender, e.device)
	if e.direct != nil {
		if to := s.phoneOf(e.participant); to != nil && slices.Contains(members, to) {
			e.deliverDirect(to, e.participant.Device, g.jid, address)
		}
		return accepted{}
	}
	for _, phone := range members {
		if phone != e.sender || e.device != 0 {
			e.toPhone(phone, g.jid)
		}
		for _, device := range phone.companions() {
			if phone == e.sender && device.id == e.device {
				continue
			}
			encs := e.shared
			if key, ok := e.each[deviceRef{phone, device.id}]; ok {
				encs = append([]node{key}, e.shared...)
			}
			device.deliver(e.stanza(address, encs...))
		}
	}
	if e.phash != "" {
		return accepted{phash: hashOf(members, g.addressing == types.AddressingModePN)}
	}
	return accepted{}
}

// stanza is the message as one device gets it.
func (e *envelope) stanza(address attrs, encs ...node) node {
	a := make(attrs, len(e.attrs)+len(address)+3)
	maps.Copy(a, e.attrs)
	maps.Copy(a, address)
	a["id"], a["t"], a["notify"] = e.id, unixText(e.at), e.sender.Name()
	content := make([]node, 0, len(encs)+len(e.common))
	return node{Tag: "message", Attrs: a, Content: append(append(content, encs...), e.common...)}
}

// toPhone puts the message into a phone's inbox.
func (e *envelope) toPhone(phone *Phone, chat types.JID) {
	l := letter{from: e.sender, device: e.device, id: e.id, chat: chat, at: e.at, stanza: e.attrs, clear: e.clear}
	if e.clear == nil {
		if enc, ok := e.each[deviceRef{phone, 0}]; ok {
			l.encs = append(l.encs, enc)
		}
		l.encs = append(l.encs, e.shared...)
		if len(l.encs) == 0 {
			return
		}
	}
	// One to one, the recipient's chat is with the sender.
	if chat.Server == types.HiddenUserServer && phone != e.sender {
		l.chat = e.sender.lid
	}
	phone.receive(l)
}
