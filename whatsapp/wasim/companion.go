package wasim

import (
	"strconv"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// DeviceInfo describes a linked companion.
type DeviceInfo struct {
	ID        uint16 // the device number in its JIDs, from 1
	Connected bool   // logged in and past the passive phase
	Pending   int    // stanzas queued or not yet acknowledged
	PreKeys   int    // one-time prekeys left on the server
}

// companion is a linked device as the server knows it.
type companion struct {
	phone *Phone
	id    uint16
	noise [32]byte // the key it logs in with
	wish  historyWish

	mu       sync.Mutex
	identity [32]byte
	keys     keyMaterial
	conn     *conn
	live     bool // past the passive phase: stanzas go out at once
	present  bool // announced itself available
	welcomed bool // was given the app state key
	unlinked bool
	queue    pendingQueue
	held     *node // taken back by the reorder fault until the next delivery
}

// lid is the device's LID address.
func (c *companion) lid() types.JID { return deviceJID(c.phone.lid, c.id) }

// info describes the device.
func (c *companion) info() DeviceInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return DeviceInfo{ID: c.id, Connected: c.live, Pending: c.queue.len(), PreKeys: len(c.keys.oneTime)}
}

// attach makes conn the device's socket; an older one is told that it was
// replaced. It gives false if the device was unlinked meanwhile.
func (c *companion) attach(next *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unlinked {
		return false
	}
	if c.conn != nil {
		c.conn.conflict("replaced", nil)
	} else {
		c.phone.srv.stats.connected.Add(1)
	}
	c.conn, c.live = next, false
	return true
}

// detach forgets conn unless another socket took its place.
func (c *companion) detach(gone *conn) {
	c.mu.Lock()
	current := c.conn == gone
	wasPresent := c.present
	if current {
		c.conn, c.live, c.present = nil, false, false
		c.phone.srv.stats.connected.Add(-1)
	}
	c.mu.Unlock()
	if current && wasPresent {
		c.phone.announcePresence()
	}
}

// socket gives the current connection, or nil.
func (c *companion) socket() *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

// deliver queues a stanza until the device acknowledges it, and sends it at once
// if the device is online. Faults may send it twice or behind its successor.
func (c *companion) deliver(n node) {
	faults := c.phone.srv.faults
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.Tag == "message" {
		if c.held == nil {
			if _, ok := faults.take(FaultReorder, c.phone.number); ok {
				c.hold(n)
				return
			}
		}
		defer c.releaseLocked()
	}
	c.push(n)
	if n.Tag == "message" {
		if _, ok := faults.take(FaultDuplicate, c.phone.number); ok {
			c.push(n)
		}
	}
}

// push queues and, if live, sends. The caller holds the lock, so queue and
// socket have the same order.
func (c *companion) push(n node) {
	if c.unlinked {
		return
	}
	c.queue.add(n, c.live)
	if n.Tag == "message" {
		c.phone.srv.stats.delivered.Add(1)
	}
	if c.live {
		c.conn.send(n)
	}
}

// hold keeps a message back until the next one, or for reorderPatience.
func (c *companion) hold(n node) {
	c.held = &n
	c.phone.srv.after(reorderPatience, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.held == &n {
			c.releaseLocked()
		}
	})
}

func (c *companion) releaseLocked() {
	if c.held != nil {
		n := *c.held
		c.held = nil
		c.push(n)
	}
}

// transient sends a stanza that is not worth queueing, such as presence.
func (c *companion) transient(n node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live {
		c.conn.send(n)
	}
}

// acknowledge takes a stanza off the queue.
func (c *companion) acknowledge(key ackKey) {
	c.mu.Lock()
	removed := c.queue.remove(key)
	c.mu.Unlock()
	if removed {
		c.phone.srv.stats.acked.Add(1)
	}
}

// goLive ends the passive phase: the backlog goes out in order, then every new
// stanza at once.
func (c *companion) goLive(on *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != on || c.live {
		return
	}
	c.live = true
	counts := map[string]int{}
	c.queue.each(func(p *pendingStanza) { counts[p.stanza.Tag]++ })
	total := c.queue.len()
	on.send(node{Tag: "ib", Attrs: attrs{"from": types.ServerJID}, Content: []node{{Tag: "offline_preview", Attrs: attrs{
		"count": total, "message": counts["message"], "notification": counts["notification"],
		"receipt": counts["receipt"], "appdata": 0, "call": counts["call"],
	}}}})
	index := 0
	c.queue.each(func(p *pendingStanza) {
		if p.sent {
			c.phone.srv.stats.redelivered.Add(1)
		}
		p.sent = true
		on.send(withAttrs(p.stanza, attrs{"offline": strconv.Itoa(index)}))
		index++
	})
	on.send(node{Tag: "ib", Attrs: attrs{"from": types.ServerJID}, Content: []node{{Tag: "offline", Attrs: attrs{"count": total}}}})
}

// unlink ends the device for good. announce tells it so; without, only the
// socket's stream ends.
func (c *companion) unlink() {
	c.mu.Lock()
	on := c.conn
	c.unlinked = true
	c.queue = pendingQueue{}
	c.held = nil
	c.mu.Unlock()
	if on != nil {
		on.conflict("device_removed", attrs{"code": "401"})
	}
}

// reorderPatience is how long the reorder fault waits for a successor.
const reorderPatience = time.Second

// deviceJID is an account's JID with a device number.
func deviceJID(account types.JID, device uint16) types.JID {
	account.Device = device
	return account
}
