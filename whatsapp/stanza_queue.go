package whatsapp

import "sync/atomic"

// afterOverflow is how many events are still taken once whatsmeow's queue has
// overflowed. 2,048 stanzas are in it then, in order, and not every one is an
// event.
const afterOverflow = 1024

// stanzaQueue watches the queue between a client's socket and its handlers. When
// it is full, as by a backlog of thousands, whatsmeow goes on without a place in
// it, and without order. What was in it before is good; the rest is not taken, so
// WhatsApp delivers it again, in order, to the next connection. The zero value is
// an empty queue.
type stanzaQueue struct {
	overflown atomic.Bool
	left      atomic.Int64
}

// overflow is whatsmeow's word that the queue is full.
func (q *stanzaQueue) overflow() {
	if !q.overflown.Load() {
		q.left.Store(afterOverflow)
		q.overflown.Store(true)
	}
}

// inOrder reports whether the next event came in order, and counts it.
func (q *stanzaQueue) inOrder() bool {
	return !q.overflown.Load() || q.left.Add(-1) >= 0
}

// reset is for a new connection.
func (q *stanzaQueue) reset() { q.overflown.Store(false) }
