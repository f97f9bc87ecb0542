package whatsapp

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// sendRate is how much a session may send: a bucket for the minute and one for
// the hour, of which each send takes one token. Both are full at the start, but for
// what was sent before ([sendRate.recall]). It is safe for concurrent use. The zero
// value allows nothing.
type sendRate struct {
	mu              sync.Mutex
	perMin, perHour int
	minute, hour    *rate.Limiter
}

// set changes the limits. What was used stays used, so that changing them is no way
// around them; raising them helps at once.
func (r *sendRate) set(now time.Time, perMin, perHour int) (changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.minute != nil && r.perMin == perMin && r.perHour == perHour {
		return false
	}
	r.perMin, r.perHour = perMin, perHour
	r.minute = resized(r.minute, now, time.Minute, perMin)
	r.hour = resized(r.hour, now, time.Hour, perHour)
	return true
}

// resized gives a bucket that holds most and fills within a time, with as much used
// of it as of the one before, if any: all of it at most.
func resized(before *rate.Limiter, now time.Time, within time.Duration, most int) *rate.Limiter {
	bucket := rate.NewLimiter(rate.Limit(float64(most)/within.Seconds()), most)
	if before != nil {
		used := math.Ceil(float64(before.Burst()) - before.TokensAt(now))
		bucket.AllowN(now, min(int(used), most))
	}
	return bucket
}

// recall takes the tokens of what was sent within the last hour by a process before
// this one, the earliest first: to restart it must not be a way around the limits.
func (r *sendRate) recall(sent []time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range sent {
		r.minute.AllowN(at, 1)
		r.hour.AllowN(at, 1)
	}
}

// take takes a token of both buckets, and gives the function that puts them back.
// When one is empty nothing is taken, and wait is how long it stays so.
func (r *sendRate) take(now time.Time) (giveBack func(), wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Nothing is reserved and cancelled here: that would spoil giving back others.
	if wait = max(untilOne(r.minute, now), untilOne(r.hour, now)); wait > 0 {
		return nil, wait
	}
	minute, hour := r.minute.ReserveN(now, 1), r.hour.ReserveN(now, 1)
	return func() {
		minute.CancelAt(now)
		hour.CancelAt(now)
	}, 0
}

// untilOne is how long a bucket has no token; never less than a millisecond then.
func untilOne(bucket *rate.Limiter, now time.Time) time.Duration {
	lacks := 1 - bucket.TokensAt(now)
	if lacks <= 0 {
		return 0
	}
	return max(time.Duration(lacks/float64(bucket.Limit())*float64(time.Second)), time.Millisecond)
}
