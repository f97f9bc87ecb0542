package webhook

import (
	"container/heap"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"wagateway/models"
)

// result is what came of an attempt.
type result struct {
	lane    *lane
	probe   bool // made before the policy would have
	outcome outcome
}

// dispatch starts what may be started: attempts, and loads of what waits in the
// ledger.
func (e *endpoint) dispatch(work context.Context, now time.Time) {
	if !e.mayDeliver(now) {
		return
	}
	if e.breaker.open && !e.breaker.probing && !now.Before(e.breaker.probeAt) && e.maySend() {
		e.probe(work, now)
	}
	for len(e.retries) > 0 && e.maySend() && e.mayLoad(e.retries[0]) {
		e.start(work, pop(&e.retries), now, false)
	}
	for !e.breaker.open && e.maySend() {
		switch {
		case len(e.stored) > 0 && e.mayLoad(e.stored[0]): // they happened before
			e.start(work, pop(&e.stored), now, false)
		case len(e.fresh) > 0:
			e.start(work, pop(&e.fresh), now, false)
		default:
			return
		}
	}
}

// mayDeliver reports whether the lease is good: nobody else can deliver yet.
func (e *endpoint) mayDeliver(now time.Time) bool { return now.UnixNano() < e.leaseUntil.Load() }

func (e *endpoint) maySend() bool {
	return e.sending+e.loading < maxSending && e.progress.uncommitted() < maxUncommitted
}

// mayLoad reports whether there is room for what a lane has to load, if it has.
func (e *endpoint) mayLoad(l *lane) bool { return len(l.items) > 0 || e.loadedNow < maxWindow }

// probe tries an endpoint that is down, with the lane that is most likely to
// show that it is back: one in which nothing has failed, else the one that is
// due first, else any.
func (e *endpoint) probe(work context.Context, now time.Time) {
	var l *lane
	for _, queue := range []*[]*lane{&e.fresh, &e.stored} {
		untried := slices.IndexFunc(*queue, func(l *lane) bool { return !l.probed })
		if l == nil && untried >= 0 {
			l = takeOut(queue, untried)
		}
	}
	switch {
	case l != nil:
	case len(e.waiting) > 0:
		l = e.waiting[0]
		heap.Remove(&e.waiting, 0)
	case len(e.fresh) > 0:
		l = pop(&e.fresh)
	case len(e.stored) > 0:
		l = pop(&e.stored)
	default:
		return
	}
	l.probed, e.breaker.probing = true, true
	e.start(work, l, now, true)
}

// start begins the attempt of a lane's first, or loads it.
func (e *endpoint) start(work context.Context, l *lane, now time.Time, probe bool) {
	hook := e.hook.Load()
	for len(l.items) > 0 && !hook.Wants(l.items[0].delivery.SessionID, l.items[0].delivery.Event) {
		e.skip(l)
	}
	if len(l.items) == 0 {
		e.startLoad(work, l, now, probe)
		return
	}
	it := l.items[0]
	l.working, l.hasty = true, false
	e.sending++
	e.service.stats.attempts.Add(1)
	service, to := e.service, e.target
	go func() {
		e.results <- result{lane: l, probe: probe, outcome: service.send(work, to, it.delivery.EventID, it.body)}
	}()
}

// skip settles a lane's first, which the webhook does not want any more.
func (e *endpoint) skip(l *lane) {
	it := l.items[0]
	if it.stored {
		it.delivery.Status = models.DeliverySkipped
		e.service.stats.skipped.Add(1)
		e.finishItem(l)
		return
	}
	it.settled = true
	e.drop(l)
}

// drop forgets a lane's first.
func (e *endpoint) drop(l *lane) {
	it := l.items[0]
	e.letGo(it)
	l.items[0] = nil
	l.items = l.items[1:]
	l.tried, l.due = false, time.Time{}
	if len(l.items) > 0 { // one that was redelivered can stand before one that was tried
		next := l.items[0].delivery.NextAttemptAt
		l.tried, l.due = next != 0, next.Time()
	}
}

// finishItem records the end of a lane's first and forgets it.
func (e *endpoint) finishItem(l *lane) {
	it := l.items[0]
	if it.stored {
		e.pending = max(e.pending-1, 0)
	}
	it.delivery.NextAttemptAt = 0
	e.record(l, it)
	e.drop(l)
}

// settle takes in the result of an attempt.
func (e *endpoint) settle(work context.Context, r result) error {
	now, l, o := time.Now(), r.lane, r.outcome
	e.sending--
	l.working = false
	if r.probe {
		e.breaker.probing = false
	}
	it := l.items[0]
	d := &it.delivery
	d.ResponseStatus, d.DurationMS, d.Error, d.LastAttemptAt = o.status, o.took.Milliseconds(), o.problem, models.MillisOf(o.at)
	if d.FirstAttemptAt == 0 {
		d.FirstAttemptAt = d.LastAttemptAt
	}
	switch {
	case o.delivered():
		d.Attempts++
		d.Status = models.DeliveryDelivered
		e.service.stats.delivered.Add(1)
		e.finishItem(l)
		e.recovered(work, now)
	case o.status == http.StatusGone:
		d.Attempts++
		e.store(l, it)
		return e.gone(work)
	default:
		e.failed(work, l, r, now)
	}
	e.place(l, now)
	return nil
}

// failed decides what becomes of a delivery whose attempt failed.
func (e *endpoint) failed(work context.Context, l *lane, r result, now time.Time) {
	it, policy := l.items[0], e.hook.Load().RetryPolicy
	d := &it.delivery
	l.failed = now
	if e.breaker.failure(l.key, r.outcome.at, now, e.timing) {
		e.log.LogAttrs(work, slog.LevelWarn, "a webhook's endpoint is down", slog.String("problem", d.Error))
		e.progress.failing(models.MillisOf(e.breaker.since))
		e.unload(now)
	}
	if r.probe {
		e.breaker.probed(now, e.timing)
		e.store(l, it)
		if l.due = d.NextAttemptAt.Time(); l.tried || it.loaded {
			e.parkLane(l)
		}
		return
	}
	d.Attempts++
	if d.Attempts >= policy.Attempts {
		d.Status = models.DeliveryFailed
		e.service.stats.failed.Add(1)
		e.finishItem(l)
		return
	}
	l.due = now.Add(e.timing.delay(policy, d.Attempts, r.outcome.retryAfter))
	d.NextAttemptAt = models.MillisOf(l.due)
	e.store(l, it)
	l.tried = true
	e.parkLane(l)
}

// parkLane moves what a lane holds in memory to the ledger.
func (e *endpoint) parkLane(l *lane) {
	for _, it := range l.items {
		e.park(l, it)
		e.letGo(it)
	}
	l.items = nil
}

// unload forgets what was loaded for lanes that are not tried while the breaker
// is open: the room is for those that are.
func (e *endpoint) unload(now time.Time) {
	kept := e.fresh
	e.fresh = nil
	for _, l := range kept {
		l.queued = false
		if l.items[0].loaded {
			e.parkLane(l)
		}
		e.place(l, now)
	}
}

// recovered notes that the endpoint took an event.
func (e *endpoint) recovered(work context.Context, now time.Time) {
	since := e.breaker.since
	if !e.breaker.open {
		e.breaker = breaker{}
		return
	}
	e.log.LogAttrs(work, slog.LevelInfo, "a webhook's endpoint is back", slog.Duration("after", now.Sub(since)))
	e.reopen(now)
}

// reopen lets everything be tried again that failed since the last success.
func (e *endpoint) reopen(now time.Time) {
	since := e.breaker.since
	if e.breaker.open {
		e.progress.failing(0)
	}
	e.breaker = breaker{}
	for _, l := range e.lanes {
		l.probed = false
	}
	if !since.IsZero() {
		e.hasten(since, now)
	}
}

// gone ends the deliveries of an endpoint that says it is gone. The event waits
// in the ledger: an activated webhook goes on with it.
func (e *endpoint) gone(work context.Context) error {
	e.log.LogAttrs(work, slog.LevelWarn, "a webhook's endpoint is gone: deactivated")
	e.progress.gone = true
	return errEnded
}
