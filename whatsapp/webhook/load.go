package webhook

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/fault"
)

// load is what was read of a lane from the ledger, with the events' bodies.
type load struct {
	lane   *lane
	growth int
	probe  bool
	items  []*item // one without a body is gone from the log
	err    error
}

// maxAhead bounds what is remembered of events that were delivered beyond the
// position before a restart; the span and the time to save bound what there is.
const maxAhead = 20_000

// startLoad reads what a lane has in the ledger. Lines that are not committed
// yet are waited for.
func (e *endpoint) startLoad(work context.Context, l *lane, now time.Time, probe bool) {
	if !l.parked {
		e.endProbe(probe)
		e.place(l, now)
		return
	}
	l.working = true
	if l.saved > e.progress.done {
		e.endProbe(probe)
		e.progress.waiting = append(e.progress.waiting, l)
		return
	}
	e.loading++
	hook, growth := e.hook.Load(), l.growth
	go func() {
		var items []*item
		err := e.service.store(work, func(ctx context.Context) (err error) {
			items, err = e.service.read(ctx, hook, l.key)
			return err
		})
		e.loads <- load{lane: l, growth: growth, probe: probe, items: items, err: err}
	}()
}

// endProbe lets another probe be made at once: this one has come to nothing.
func (e *endpoint) endProbe(probe bool) {
	if probe {
		e.breaker.probing = false
	}
}

// read gives the first deliveries that wait in a lane.
func (s *Service) read(ctx context.Context, hook *models.Webhook, key models.Lane) ([]*item, error) {
	rows, err := s.config.DB.Deliveries.Pending(ctx, hook.ID, key, loadBatch)
	if err != nil {
		return nil, err
	}
	items := make([]*item, 0, len(rows))
	for _, row := range rows {
		it := &item{delivery: row, stored: true, loaded: true, settled: true}
		if hook.Wants(row.SessionID, row.Event) {
			if it.body, err = s.body(ctx, hook.OrganizationID, &row); err != nil {
				return nil, err
			}
		}
		items = append(items, it)
	}
	return items, nil
}

// body reads the envelope of a delivery's event; nil when the log has it no more.
func (s *Service) body(ctx context.Context, organizationID string, d *models.Delivery) ([]byte, error) {
	events, _, err := s.config.Log.Read(ctx, eventlog.Filter{Organization: organizationID}, eventlog.Position(d.Position-1), 1)
	if fault.Is(err, fault.Validation) || err == nil && (len(events) == 0 || events[0].ID != d.EventID) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return events[0].Envelope()
}

// errGone is what the ledger says of an event that retention overtook.
const errGone = "the event is no longer in the log"

// fill takes in what was loaded.
func (e *endpoint) fill(work context.Context, l load) {
	now, to := time.Now(), l.lane
	e.loading--
	to.working = false
	if l.err != nil {
		e.endProbe(l.probe)
		e.breaker.probeAt = now.Add(e.timing.Retry)
		e.log.LogAttrs(work, slog.LevelWarn, "loading pending deliveries failed", slog.Any("error", l.err))
		to.due = now.Add(e.timing.Retry)
		e.place(to, now)
		return
	}
	if len(l.items) < loadBatch && to.growth == l.growth {
		to.parked = false
	}
	hook := e.hook.Load()
	for _, it := range l.items {
		e.hold(it)
		to.items = append(to.items, it)
	}
	for len(to.items) > 0 && to.items[0].body == nil {
		if hook.Wants(to.items[0].delivery.SessionID, to.items[0].delivery.Event) {
			to.items[0].delivery.Status, to.items[0].delivery.Error = models.DeliveryFailed, errGone
			e.service.stats.failed.Add(1)
			e.finishItem(to)
			continue
		}
		e.skip(to)
	}
	e.afterLoad(work, to, l.probe, now)
}

// afterLoad tries the first of what was loaded, if it may be tried now.
func (e *endpoint) afterLoad(work context.Context, to *lane, probe bool, now time.Time) {
	if len(to.items) == 0 {
		e.endProbe(probe)
		e.place(to, now)
		return
	}
	next := to.items[0].delivery.NextAttemptAt
	to.tried, to.due = next != 0, next.Time()
	if to.hasty {
		to.due = time.Time{}
	}
	switch {
	case probe, !to.due.After(now) && (to.tried || !e.breaker.open):
		e.start(work, to, now, probe)
	default:
		e.parkLane(to)
		e.place(to, now)
	}
}

// setup is what a changed webhook needs.
type setup struct {
	hook    *models.Webhook
	target  *target
	pending []models.PendingLane
	err     error
}

func (e *endpoint) setUp(ctx context.Context, hook *models.Webhook) setup {
	made := setup{hook: hook}
	made.err = e.service.store(ctx, func(ctx context.Context) (err error) {
		if made.target, err = e.service.target(ctx, hook); err == nil {
			made.pending, err = e.service.config.DB.Deliveries.PendingLanes(ctx, hook.ID)
		}
		return err
	})
	return made
}

// begin loads the row again, which may have changed since it was claimed, and
// what belongs to it.
func (e *endpoint) begin(ctx context.Context) (made setup, ahead []string) {
	db := e.service.config.DB
	if made.hook, made.err = db.Webhooks.Find(ctx, e.id); made.err != nil {
		return made, nil
	}
	if made.hook.LeaseOwner != e.service.owner {
		made.err = models.ErrLeaseLost
		return made, nil
	}
	if made = e.setUp(ctx, made.hook); made.err == nil {
		ahead, made.err = db.Deliveries.Ahead(ctx, e.id, made.hook.Position, maxAhead)
	}
	return made, ahead
}

// prepare loads what an endpoint begins with; false when ctx ended before,
// or somebody else has the lease.
func (e *endpoint) prepare(ctx context.Context) bool {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = e.timing.Retry, time.Minute
	for {
		made, ahead := e.begin(ctx)
		if made.err == nil {
			for _, id := range ahead {
				e.ahead[id] = true
			}
			e.hook.Store(made.hook)
			e.target, e.progress.position = made.target, made.hook.Position
			e.addPending(made.pending, time.Now())
			return true
		}
		if ctx.Err() != nil || errors.Is(made.err, models.ErrLeaseLost) {
			return false
		}
		pause := wait.NextBackOff()
		e.log.LogAttrs(ctx, slog.LevelWarn, "loading a webhook failed", slog.Any("error", made.err), slog.Duration("retry_in", pause))
		select {
		case <-ctx.Done():
			return false
		case <-e.changes: // perhaps what failed will not fail any more
		case <-time.After(pause):
		}
	}
}

// apply takes over a changed webhook.
func (e *endpoint) apply(work context.Context, made setup) {
	e.changing = false
	if made.err != nil {
		if !errors.Is(made.err, context.Canceled) {
			e.log.LogAttrs(work, slog.LevelWarn, "loading a changed webhook failed", slog.Any("error", made.err))
		}
		return // the service sees the old revision and passes it on again
	}
	now, before := time.Now(), e.hook.Load()
	e.hook.Store(made.hook)
	e.target = made.target
	if made.hook.UpdatedAt != before.UpdatedAt { // what failed may not fail any more
		e.reopen(now)
	}
	e.addPending(made.pending, now)
}

// recount puts right how many lines of the ledger wait, before their number keeps
// the log from being read: those that a replay makes wait although they wait
// already are counted twice, and what ends while others count is not left out.
func (e *endpoint) recount(work context.Context, now time.Time) {
	switch {
	case len(e.lanes) == 0:
		e.pending = 0
	case e.pending >= maxPending/2 && !e.breaker.open && !e.changing && now.Sub(e.counted) >= e.timing.Poll:
		e.counted, e.changing = now, true
		hook := e.hook.Load()
		go func() { e.setups <- e.setUp(work, hook) }()
	}
}

// addPending takes note of what waits in the ledger.
func (e *endpoint) addPending(pending []models.PendingLane, now time.Time) {
	e.pending = 0
	for _, p := range pending {
		e.pending += p.Count
		l := e.lane(p.Lane)
		l.parked = true
		l.growth++
		if len(l.items) == 0 && !l.working {
			l.due, l.tried = p.DueAt.Time(), p.DueAt != 0
		}
		e.place(l, now)
	}
}
