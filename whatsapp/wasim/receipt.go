package wasim

import (
	"time"

	"go.mau.fi/whatsmeow/types"
)

// PhoneReceipt is a receipt that reached a phone: somebody's device got or read
// messages of the account.
type PhoneReceipt struct {
	IDs  []string
	Chat types.JID // the group, or the LID of the other side
	From types.JID // the LID of the device, or of the account for read receipts
	Type types.ReceiptType
	Time time.Time
}

// receiptOut is a receipt on its way from one device.
type receiptOut struct {
	from    *Phone
	device  uint16
	kind    types.ReceiptType
	id      string
	to      types.JID // the group, or the author's device or account
	author  types.JID // participant: the author in a group
	chat    types.JID // recipient: the chat of an own message
	content any
}

// companionReceipt takes a receipt from a companion: acknowledge it, take the
// message off the queue, pass the receipt on.
func (s *Server) companionReceipt(c *conn, device *companion, n *node) {
	ack := attrs{"class": "receipt", "id": n.Attrs["id"], "from": n.Attrs["to"], "t": s.nowText()}
	copyAttrs(ack, n.Attrs, "type", "participant", "recipient")
	c.send(node{Tag: "ack", Attrs: ack})
	r := receiptOut{
		from: device.phone, device: device.id, kind: types.ReceiptType(textOf(n, "type")), id: textOf(n, "id"),
		to: jidOf(n, "to"), author: jidOf(n, "participant"), chat: jidOf(n, "recipient"), content: n.Content,
	}
	if r.kind != types.ReceiptTypeRetry {
		device.acknowledge(ackKey{"message", r.id, textOf(n, "to"), textOf(n, "participant")})
	}
	s.routeReceipt(r)
}

// routeReceipt passes a receipt on to whom it concerns.
func (s *Server) routeReceipt(r receiptOut) {
	if s.historyReceipt(r) {
		return
	}
	switch r.kind {
	case types.ReceiptTypeRetry:
		s.routeRetry(r)
	case types.ReceiptTypeDelivered, types.ReceiptTypeInactive:
		s.tellAuthor(r)
	case types.ReceiptTypeRead, types.ReceiptTypePlayed:
		s.tellAuthor(r)
		s.tellOwnDevices(r)
	case types.ReceiptTypeReadSelf:
		s.tellOwnDevices(r)
	case types.ReceiptTypeServerError:
		s.routeMediaRetry(r)
	default:
		// The others are for the server: sender, peer_msg.
	}
}

// tellAuthor passes a receipt on to all devices of the message's author.
func (s *Server) tellAuthor(r receiptOut) {
	authorJID, g := r.to, s.groupOf(r.to)
	if isShared(r.to) {
		authorJID = r.author
	}
	author := s.phoneOf(authorJID)
	if author == nil || author == r.from {
		return
	}
	byAccount := r.kind == types.ReceiptTypeRead || r.kind == types.ReceiptTypePlayed
	device := r.device
	if byAccount {
		device = 0
	}
	out := r.stanza(s, attrs{"from": deviceJID(r.from.lid, device)})
	chat := r.from.lid
	switch {
	case g != nil:
		out = r.stanza(s, attrs{"from": g.jid, "participant": g.addressOf(r.from, device)})
		chat = g.jid
	case isShared(r.to):
		out = r.stanza(s, attrs{"from": r.to, "participant": deviceJID(r.from.lid, device)})
		chat = r.to
	}
	author.gotReceipt(r, chat, deviceJID(r.from.lid, device))
	if g != nil && s.gather(author, r, g.addressOf(r.from, device)) {
		return
	}
	for _, companion := range author.companions() {
		companion.deliver(out)
	}
}

// tellOwnDevices lets the account's other devices know what was read.
func (s *Server) tellOwnDevices(r receiptOut) {
	if r.to.Server == types.BroadcastServer || r.to.Server == types.NewsletterServer {
		return
	}
	out := r.stanza(s, attrs{"from": r.from.lid, "recipient": r.to.ToNonAD()})
	if g := s.groupOf(r.to); g != nil {
		out = r.stanza(s, attrs{"from": g.jid, "participant": g.addressOf(r.from, 0)})
	}
	for _, companion := range r.from.companions() {
		if companion.id != r.device {
			companion.deliver(out)
		}
	}
}

// routeRetry passes a request to encrypt a message again on to the device that
// sent the message.
func (s *Server) routeRetry(r receiptOut) {
	target := r.to
	out := r.stanza(s, attrs{"from": deviceJID(r.from.lid, r.device)})
	if g := s.groupOf(r.to); g != nil {
		target = r.author
		out = r.stanza(s, attrs{"from": g.jid, "participant": g.addressOf(r.from, r.device)})
	} else if isShared(r.to) {
		target = r.author
		out = r.stanza(s, attrs{"from": r.to, "participant": deviceJID(r.from.lid, r.device)})
	}
	if !r.chat.IsEmpty() {
		out.Attrs["recipient"] = r.chat
	}
	author := s.phoneOf(target)
	if author == nil {
		return
	}
	if target.Device == 0 {
		author.answerRetry(r)
		return
	}
	if device := author.companion(target.Device); device != nil {
		device.deliver(out)
	}
}

// stanza is the receipt as it is passed on.
func (r receiptOut) stanza(s *Server, address attrs) node {
	address["id"], address["t"] = r.id, s.nowText()
	if r.kind != types.ReceiptTypeDelivered {
		address["type"] = string(r.kind)
	}
	return node{Tag: "receipt", Attrs: address, Content: r.content}
}

// ids are all the messages that a receipt is about.
func (r receiptOut) ids() []string {
	ids := []string{r.id}
	n := node{Content: r.content}
	list := n.GetChildByTag("list")
	for _, item := range list.GetChildrenByTag("item") {
		ids = append(ids, textOf(&item, "id"))
	}
	return ids
}
