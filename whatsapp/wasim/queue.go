package wasim

import "container/list"

// ackKey names a stanza in the client's acknowledgement of it.
type ackKey struct{ class, id, from, participant string }

// keyOf is the key under which the client will acknowledge n.
func keyOf(n *node) ackKey {
	return ackKey{n.Tag, textOf(n, "id"), textOf(n, "from"), textOf(n, "participant")}
}

// pendingStanza is a stanza the device has not acknowledged.
type pendingStanza struct {
	stanza node
	key    ackKey
	sent   bool // at least once written to a socket
}

// pendingQueue keeps unacknowledged stanzas in the order of delivery. The zero
// value is empty. It is guarded by its companion's lock.
type pendingQueue struct {
	order list.List // of *pendingStanza
	byKey map[ackKey][]*list.Element
}

func (q *pendingQueue) add(n node, sent bool) {
	if q.byKey == nil {
		q.byKey = map[ackKey][]*list.Element{}
	}
	p := &pendingStanza{stanza: n, key: keyOf(&n), sent: sent}
	q.byKey[p.key] = append(q.byKey[p.key], q.order.PushBack(p))
}

// remove drops the oldest stanza of that key: a retry answer may be queued under
// the same key before the original is acknowledged.
func (q *pendingQueue) remove(key ackKey) bool {
	elements := q.byKey[key]
	if len(elements) == 0 {
		return false
	}
	q.order.Remove(elements[0])
	if len(elements) == 1 {
		delete(q.byKey, key)
	} else {
		q.byKey[key] = elements[1:]
	}
	return true
}

func (q *pendingQueue) len() int { return q.order.Len() }

// each visits the stanzas from the oldest on.
func (q *pendingQueue) each(visit func(*pendingStanza)) {
	for e := q.order.Front(); e != nil; e = e.Next() {
		if p, ok := e.Value.(*pendingStanza); ok {
			visit(p)
		}
	}
}
