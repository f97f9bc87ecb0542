package wasim

import "sync/atomic"

// Stats counts what the server did since it started. Connected is a gauge, the
// rest only grow.
type Stats struct {
	Phones      int   `json:"phones"`
	Groups      int   `json:"groups"`
	Channels    int   `json:"channels"`
	Calls       int64 `json:"calls"`       // placed, answered or not
	Sockets     int   `json:"sockets"`     // open websockets, logged in or not
	Connected   int64 `json:"connected"`   // logged-in companions
	StanzasIn   int64 `json:"stanzasIn"`   // read from companions
	StanzasOut  int64 `json:"stanzasOut"`  // written to companions
	Accepted    int64 `json:"accepted"`    // messages taken from companions and phones
	Refused     int64 `json:"refused"`     // messages answered with an error
	Delivered   int64 `json:"delivered"`   // copies of messages queued for companions, one per device
	Acked       int64 `json:"acked"`       // stanzas of any kind acknowledged by companions
	Redelivered int64 `json:"redelivered"` // stanzas sent again after a new log-in
	Decrypted   int64 `json:"decrypted"`   // messages phones could read
	Unreadable  int64 `json:"unreadable"`  // messages phones could not decrypt
	Repeated    int64 `json:"repeated"`    // messages that phones had by their id already, and showed no second time
	Faults      int64 `json:"faults"`      // times a fault acted
	Downloads   int64 `json:"downloads"`   // files that were being downloaded at the same time, at most
}

type counters struct {
	connected, stanzasIn, stanzasOut, accepted, refused, calls             atomic.Int64
	delivered, acked, redelivered, decrypted, unreadable, repeated, faults atomic.Int64
	downloading, downloads                                                 atomic.Int64
}

// Stats gives the counts at this moment.
func (s *Server) Stats() Stats {
	s.mu.RLock()
	phones, groups, channels, sockets := len(s.phones), len(s.groups), len(s.channels), len(s.conns)
	s.mu.RUnlock()
	c := &s.stats
	return Stats{
		Phones: phones, Groups: groups, Channels: channels, Calls: c.calls.Load(), Sockets: sockets, Connected: c.connected.Load(),
		StanzasIn: c.stanzasIn.Load(), StanzasOut: c.stanzasOut.Load(),
		Accepted: c.accepted.Load(), Refused: c.refused.Load(), Delivered: c.delivered.Load(),
		Acked: c.acked.Load(), Redelivered: c.redelivered.Load(),
		Decrypted: c.decrypted.Load(), Unreadable: c.unreadable.Load(), Repeated: c.repeated.Load(), Faults: c.faults.Load(),
		Downloads: c.downloads.Load(),
	}
}

// downloadBegins counts a download until done is called.
func (c *counters) downloadBegins() (done func()) {
	now := c.downloading.Add(1)
	for most := c.downloads.Load(); now > most && !c.downloads.CompareAndSwap(most, now); most = c.downloads.Load() {
	}
	return func() { c.downloading.Add(-1) }
}
