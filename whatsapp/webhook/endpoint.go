package webhook

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"wagateway/models"
	"wagateway/models/eventlog"
)

// endpoint delivers to one webhook. Its goroutine, run, owns every field but
// those that say otherwise.
type endpoint struct {
	service *Service
	id      string
	log     *slog.Logger
	timing  Timing

	// Set by the service.
	changes    chan *models.Webhook // the row as it is now; the latest only
	leaseUntil atomic.Int64         // unix nanoseconds: until when it may deliver
	cancel     context.CancelFunc   // ends it; what is under way may finish
	ended      chan struct{}        // closed when it has ended
	more       chan struct{}        // holds a token when there may be replays

	hook   atomic.Pointer[models.Webhook] // written by run, read by its reader too
	target *target
	reader *reader

	lanes   map[models.Lane]*lane
	fresh   []*lane // ready, their first in memory and not tried
	stored  []*lane // ready, their first in the ledger and not tried
	retries []*lane // ready, their first tried before
	waiting waiting
	breaker breaker
	ahead   map[string]bool // events behind the position that are in the ledger, by id

	sending   int // attempts and probes under way
	loading   int
	held      int // items in memory, bytes of them, and how many came from the ledger
	bytes     int
	loadedNow int
	span      []*item // read and not settled, or settled behind such; in the log's order
	pending   int     // lines of the ledger that wait, about: see recount
	counted   time.Time

	progress progress
	replay   *models.Replay // how far the replay under way has come since the last commit

	results  chan result
	loads    chan load
	setups   chan setup
	replays  chan replayPage
	commits  chan error
	changing bool // a setup is under way

	shown struct { // for Stats, read by others
		held, pending, position atomic.Int64
		open                    atomic.Bool
	}
}

func newEndpoint(s *Service, hook *models.Webhook) *endpoint {
	e := &endpoint{
		service: s, id: hook.ID, timing: s.config.Timing,
		log:     s.config.Logger.With("webhook_id", hook.ID, "organization_id", hook.OrganizationID),
		changes: make(chan *models.Webhook, 1), ended: make(chan struct{}), more: make(chan struct{}, 1),
		lanes: map[models.Lane]*lane{}, ahead: map[string]bool{},
		results: make(chan result, maxSending), loads: make(chan load, maxSending), setups: make(chan setup, 1),
		replays: make(chan replayPage), commits: make(chan error, 1),
		progress: progress{rows: map[string]models.Delivery{}},
	}
	e.hook.Store(hook)
	e.shown.position.Store(hook.Position)
	return e
}

// change passes on the row as it is now. It never blocks.
func (e *endpoint) change(hook *models.Webhook) {
	select {
	case <-e.changes: // one that was not seen yet
	default:
	}
	e.changes <- hook
}

// lookForReplays makes the endpoint look for replays. It never blocks.
func (e *endpoint) lookForReplays() {
	select {
	case e.more <- struct{}{}:
	default:
	}
}

// run delivers until ctx ends, then lets what is under way finish, commits and
// gives up the lease; or until the lease is lost or the webhook inactive.
func (e *endpoint) run(ctx context.Context) {
	defer close(e.ended)
	// Work under way outlives ctx for a while; see finish.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if !e.prepare(ctx) {
		e.release(work)
		return
	}
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	e.reader = newReader(e, eventlog.Position(e.hook.Load().Position))
	go e.reader.run(reading)
	go e.replayer(reading)

	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		now := time.Now()
		e.wakeDue(now)
		e.saveOld(now)
		e.recount(work, now)
		e.dispatch(work, now)
		e.commit(work, now)
		e.show()
		timer.Reset(e.next(now))
		err := e.step(ctx, work, timer)
		switch {
		case err == nil:
		case errors.Is(err, errEnded):
			stopReading()
			e.finish(work, stop)
			return
		default:
			stopReading()
			e.log.LogAttrs(work, slog.LevelWarn, "somebody else delivers to the webhook now", slog.Any("error", err))
			return
		}
	}
}

// step waits for the next thing to happen and takes it in.
func (e *endpoint) step(ctx, work context.Context, timer *time.Timer) error {
	var events <-chan eventlog.Event
	if e.mayRead() {
		events = e.reader.events
	}
	var changes <-chan *models.Webhook
	if !e.changing {
		changes = e.changes
	}
	var replays <-chan replayPage
	if e.mayReplay() {
		replays = e.replays
	}
	select {
	case event := <-events:
		return e.take(event)
	case r := <-e.results:
		return e.settle(work, r)
	case l := <-e.loads:
		e.fill(work, l)
	case page := <-replays:
		e.takeReplay(page)
	case err := <-e.commits:
		return e.committed(work, err)
	case hook := <-changes:
		e.changing = true
		go func() { e.setups <- e.setUp(work, hook) }()
	case made := <-e.setups:
		e.apply(work, made)
	case <-timer.C:
	case <-ctx.Done():
		return errEnded
	}
	return nil
}

// mayRead reports whether there is room for another event. While the breaker is
// open one is read only to find a lane to probe with: what an endpoint that is
// down does not get waits in the log.
func (e *endpoint) mayRead() bool {
	room := e.held < maxWindow && e.bytes < maxWindowBytes && e.progress.uncommitted() < maxUncommitted &&
		len(e.span) < maxSpan && e.pending < maxPending
	return room && (!e.breaker.open || e.breaker.looks > 0 && !e.unprobed())
}

// unprobed reports whether a lane is ready that no attempt in this outage failed
// in.
func (e *endpoint) unprobed() bool {
	untried := func(l *lane) bool { return !l.probed }
	return slices.ContainsFunc(e.fresh, untried) || slices.ContainsFunc(e.stored, untried)
}

// take puts an event into its lane.
func (e *endpoint) take(event eventlog.Event) error {
	hook := e.hook.Load()
	if !hook.Wants(event.Session, event.Name) {
		return nil
	}
	if e.ahead[event.ID] {
		delete(e.ahead, event.ID)
		return nil
	}
	if e.breaker.open {
		e.breaker.looks--
	}
	body, err := event.Envelope()
	if err != nil { // not possible with an event that was read
		return err
	}
	now := time.Now()
	it := newItem(e.id, event, body, now)
	l := e.lane(models.Lane{SessionID: event.Session, EventKey: event.Key})
	if l.parked {
		e.park(l, it)
		e.place(l, now)
		return nil
	}
	e.hold(it)
	e.span = append(e.span, it)
	l.items = append(l.items, it)
	e.place(l, now)
	return nil
}

func (e *endpoint) hold(it *item) {
	e.held++
	e.bytes += len(it.body)
	if it.loaded {
		e.loadedNow++
	}
}

func (e *endpoint) letGo(it *item) {
	e.held--
	e.bytes -= len(it.body)
	if it.loaded {
		e.loadedNow--
	}
}

// park writes an item into the ledger, to be loaded again in its turn.
func (e *endpoint) park(l *lane, it *item) {
	l.parked = true
	l.growth++
	if !it.stored {
		e.store(l, it)
	}
}

// store writes the line of an item that waits.
func (e *endpoint) store(l *lane, it *item) {
	if !it.stored {
		it.stored = true
		e.pending++
	}
	e.record(l, it)
}

// saveOld writes what has waited for some time into the ledger, so that the
// position can go on.
func (e *endpoint) saveOld(now time.Time) {
	for _, it := range e.span {
		if now.Sub(it.read) < e.timing.Save {
			break
		}
		if !it.settled && e.progress.uncommitted() < 2*maxUncommitted {
			e.store(e.lane(laneOf(&it.delivery)), it)
		}
	}
}

// shortest is the least time to wait for: what is due may have to wait for
// something else.
const shortest = 2 * time.Millisecond

// next gives how long nothing is due.
func (e *endpoint) next(now time.Time) time.Duration {
	at := now.Add(e.timing.Idle)
	earlier := func(t time.Time) {
		if t.Before(at) {
			at = t
		}
	}
	if len(e.waiting) > 0 {
		earlier(e.waiting[0].due)
	}
	probes := len(e.fresh)+len(e.stored)+len(e.waiting) > 0 && e.maySend() && e.mayDeliver(now)
	if e.breaker.open && !e.breaker.probing && probes {
		earlier(e.breaker.probeAt)
	}
	for _, it := range e.span {
		if !it.settled && e.progress.uncommitted() < 2*maxUncommitted {
			earlier(it.read.Add(e.timing.Save))
			break
		}
	}
	if due := e.progress.due(e.timing); !due.IsZero() {
		earlier(due)
	}
	return max(at.Sub(now), shortest)
}

func (e *endpoint) show() {
	e.shown.held.Store(int64(e.held))
	e.shown.pending.Store(int64(e.pending))
	e.shown.open.Store(e.breaker.open)
	e.shown.position.Store(e.progress.position)
}
