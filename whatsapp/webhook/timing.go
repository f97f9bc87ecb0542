package webhook

import "time"

// Timing holds the times of delivery; zero fields have the defaults beside them.
type Timing struct {
	Timeout     time.Duration // of one attempt: 15 s (contract §6)
	Second      time.Duration // what a policy's delaySeconds counts: 1 s
	MaxDelay    time.Duration // the longest wait between attempts: 1 h
	Commit      time.Duration // the longest that a result waits for its commit: 50 ms
	Idle        time.Duration // how often a position alone is committed: 5 s
	Save        time.Duration // from when what waits is written into the ledger: 1 s
	FirstProbe  time.Duration // after a breaker has opened: 1 s
	MaxProbe    time.Duration // the longest between probes: 1 min
	Poll        time.Duration // how often leases are renewed and changes of other processes looked for: 5 s
	Lease       time.Duration // of a lease, from its last renewal: 30 s; the holder stops after half of it
	Retry       time.Duration // after a failure of the database or the log: 1 s
	Retention   time.Duration // of settled deliveries: 7 days
	PruneEvery  time.Duration // 10 min
	CloseWithin time.Duration // how long Run takes to end, half for attempts under way and half to store them: 4 s
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Timeout, 15 * time.Second},
		{&t.Second, time.Second},
		{&t.MaxDelay, time.Hour},
		{&t.Commit, 50 * time.Millisecond},
		{&t.Idle, 5 * time.Second},
		{&t.Save, time.Second},
		{&t.FirstProbe, time.Second},
		{&t.MaxProbe, time.Minute},
		{&t.Poll, 5 * time.Second},
		{&t.Lease, 30 * time.Second},
		{&t.Retry, time.Second},
		{&t.Retention, 7 * 24 * time.Hour},
		{&t.PruneEvery, 10 * time.Minute},
		{&t.CloseWithin, 4 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return t
}

// The bounds of one endpoint.
const (
	maxWindow      = 64      // events held in memory
	maxWindowBytes = 1 << 20 // and their bytes, one event over
	maxSending     = 8       // deliveries under way at once
	maxUncommitted = 64      // results that wait for their commit
	maxSpan        = 1024    // events between the position and the reader
	maxPending     = 5000    // deliveries that wait in the ledger
	loadBatch      = 8       // deliveries of a lane that are loaded at once
)
