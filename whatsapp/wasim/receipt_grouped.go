package wasim

import (
	"cmp"
	"sync"

	"go.mau.fi/whatsmeow/types"
)

// groupedReceipts gathers receipts of several members for one message, which
// WhatsApp passes on in one stanza when many come at once. The zero value is
// empty.
type groupedReceipts struct {
	mu      sync.Mutex
	waiting map[groupedKey][]node
}

// groupedKey is what receipts in one stanza have in common.
type groupedKey struct {
	author *Phone
	chat   types.JID
	kind   types.ReceiptType
	id     string
}

// gather keeps a receipt of a group's member back, to be passed on with those
// that come in the meantime, if a fault wants it; false if not.
func (s *Server) gather(author *Phone, r receiptOut, member types.JID) bool {
	fault, ok := s.faults.take(FaultGroupedReceipts, author.number)
	if !ok {
		return false
	}
	for _, id := range r.ids() {
		key := groupedKey{author, r.to.ToNonAD(), r.kind, id}
		s.grouped.mu.Lock()
		if s.grouped.waiting == nil {
			s.grouped.waiting = map[groupedKey][]node{}
		}
		first := len(s.grouped.waiting[key]) == 0
		s.grouped.waiting[key] = append(s.grouped.waiting[key], node{Tag: "user", Attrs: attrs{"jid": member, "t": s.nowText()}})
		s.grouped.mu.Unlock()
		if first {
			s.after(cmp.Or(fault.Delay, defaultDelay), func() { s.passGrouped(key) })
		}
	}
	return true
}

// passGrouped passes on what was gathered for a message.
func (s *Server) passGrouped(key groupedKey) {
	s.grouped.mu.Lock()
	users := s.grouped.waiting[key]
	delete(s.grouped.waiting, key)
	s.grouped.mu.Unlock()
	r := receiptOut{kind: key.kind, id: key.id, content: []node{{Tag: "participants", Attrs: attrs{"key": key.id}, Content: users}}}
	out := r.stanza(s, attrs{"from": key.chat})
	for _, device := range key.author.companions() {
		device.deliver(out)
	}
}
