package webhook

import (
	"time"

	"wagateway/models"
)

// tripLanes is in how many lanes attempts must fail, with no success between,
// for the endpoint as a whole to be down. One chat whose events an endpoint
// cannot take trips nothing.
const tripLanes = 5

// looksPerProbe bounds what is read of the log for one probe of an endpoint that
// is down; most of it goes to the ledger, behind what has failed.
const looksPerProbe = 16

// breaker tells an endpoint that is down from one that refuses some events.
type breaker struct {
	failed  map[models.Lane]bool // since the last success
	since   time.Time            // the first of these failures
	open    bool
	probing bool      // a probe is under way
	probeAt time.Time // when the next one is due; while open
	wait    time.Duration
	looks   int // how many events may still be read to find a lane to probe with
}

// failure notes a failed attempt and reports whether it opened the breaker.
func (b *breaker) failure(lane models.Lane, began, now time.Time, timing Timing) (opened bool) {
	if b.failed == nil {
		b.failed, b.since = map[models.Lane]bool{}, began
	}
	if b.open {
		return false
	}
	b.failed[lane] = true
	if len(b.failed) < tripLanes {
		return false
	}
	b.open, b.wait = true, timing.FirstProbe
	b.probeAt, b.looks = now.Add(b.wait), looksPerProbe
	return true
}

// probed notes that a probe failed: the next one waits twice as long.
func (b *breaker) probed(now time.Time, timing Timing) {
	if !b.open {
		return
	}
	b.wait = min(2*b.wait, timing.MaxProbe)
	b.probeAt, b.looks = now.Add(b.wait), looksPerProbe
}
