package webhook

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"wagateway/models"
)

// errEnded says that an endpoint is to end in order.
var errEnded = errors.New("the endpoint has ended")

// progress is what is not committed yet.
type progress struct {
	rows     map[string]models.Delivery // to commit, by event
	since    time.Time                  // when the first of rows came
	failed   *models.Millis             // Webhook.FailingSince, when it changed
	gone     bool                       // deactivate after the last commit
	position int64                      // committed last

	underWay *models.Progress // nil: none
	number   int              // of the commit that is made next
	done     int              // the last one that succeeded
	last     time.Time        // when
	retryAt  time.Time        // after a failure
	waiting  []*lane          // lanes to load once their lines are committed
}

// uncommitted tells how many lines would be lost by a crash.
func (p *progress) uncommitted() int {
	n := len(p.rows)
	if p.underWay != nil {
		n += len(p.underWay.Deliveries)
	}
	return n
}

func (p *progress) failing(since models.Millis) { p.failed = &since }

// due gives when the next commit is to be made; zero: not for these rows.
func (p *progress) due(timing Timing) time.Time {
	if p.underWay != nil || len(p.rows) == 0 && p.failed == nil {
		return time.Time{}
	}
	due := p.since.Add(timing.Commit)
	if len(p.rows) >= maxUncommitted/2 {
		due = p.since
	}
	if due.Before(p.retryAt) {
		due = p.retryAt
	}
	return due
}

// record puts an item's line into the next commit; the position may pass it.
func (e *endpoint) record(l *lane, it *item) {
	p := &e.progress
	if len(p.rows) == 0 {
		p.since = time.Now()
	}
	p.rows[it.delivery.EventID] = it.delivery
	it.settled = true
	l.saved = p.number + 1
}

// position gives how far everything is settled.
func (e *endpoint) position() int64 {
	for len(e.span) > 0 && e.span[0].settled {
		e.span[0] = nil
		e.span = e.span[1:]
	}
	if len(e.span) > 0 {
		return e.span[0].delivery.Position - 1
	}
	return e.reader.passed.Load()
}

// commit starts the next commit when it is due.
func (e *endpoint) commit(work context.Context, now time.Time) {
	p := &e.progress
	position := e.position()
	if p.underWay != nil || now.Before(p.retryAt) {
		return
	}
	due := p.due(e.timing)
	idle := position != p.position && now.Sub(p.last) >= e.timing.Idle
	if !idle && e.replay == nil && (due.IsZero() || now.Before(due)) {
		return
	}
	next := e.collect(position)
	go func() {
		e.commits <- e.service.store(work, func(ctx context.Context) error {
			return e.service.config.DB.Deliveries.Commit(ctx, next)
		})
	}()
}

// collect makes the progress of the next commit.
func (e *endpoint) collect(position int64) models.Progress {
	p := &e.progress
	next := models.Progress{
		WebhookID: e.id, Owner: e.service.owner, Position: position, Failing: p.failed, Replay: e.replay,
		Deliveries: make([]models.Delivery, 0, len(p.rows)),
	}
	for _, row := range p.rows {
		next.Deliveries = append(next.Deliveries, row)
	}
	p.underWay, p.rows, p.failed, e.replay = &next, map[string]models.Delivery{}, nil, nil
	p.number++
	return next
}

// committed takes in the end of a commit.
func (e *endpoint) committed(work context.Context, err error) error {
	p := &e.progress
	made := p.underWay
	p.underWay = nil
	if errors.Is(err, models.ErrLeaseLost) {
		return err
	}
	now := time.Now()
	if err != nil {
		if p.retryAt.IsZero() { // once for each outage
			e.log.LogAttrs(work, slog.LevelWarn, "storing deliveries failed", slog.Any("error", err))
		}
		p.retryAt = now.Add(e.timing.Retry)
		e.putBack(made)
		return nil
	}
	p.position, p.last, p.done, p.retryAt = made.Position, now, p.number, time.Time{}
	for _, l := range p.waiting {
		l.working = false
		e.place(l, now)
	}
	p.waiting = nil
	return nil
}

// putBack keeps what could not be committed for the next time, unless something
// newer is known.
func (e *endpoint) putBack(made *models.Progress) {
	p := &e.progress
	if len(p.rows) == 0 {
		p.since = time.Now()
	}
	for _, row := range made.Deliveries {
		if _, newer := p.rows[row.EventID]; !newer {
			p.rows[row.EventID] = row
		}
	}
	if p.failed == nil {
		p.failed = made.Failing
	}
	if e.replay == nil {
		e.replay = made.Replay
	}
}

// finish lets what is under way come to its end, within bounds, commits, and
// gives up the lease.
func (e *endpoint) finish(work context.Context, stop context.CancelFunc) {
	if e.service.crash.Load() {
		return
	}
	deadline := time.NewTimer(e.timing.CloseWithin / 2)
	defer deadline.Stop()
	for e.sending > 0 {
		select {
		case r := <-e.results:
			_ = e.settle(work, r) // it ends already
		case <-deadline.C:
			stop() // the attempts under way will be made again
			e.sending = 0
		}
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(work), e.timing.CloseWithin/2)
	defer cancel()
	if e.progress.underWay != nil {
		select {
		case err := <-e.commits:
			if e.committed(closing, err) != nil {
				return
			}
		case <-closing.Done():
			return
		}
	}
	err := e.service.config.DB.Deliveries.Commit(closing, e.collect(e.position()))
	if errors.Is(err, models.ErrLeaseLost) { // deleted, or somebody else's
		return
	}
	if err != nil {
		e.log.LogAttrs(closing, slog.LevelWarn, "storing the last deliveries failed: they will be repeated", slog.Any("error", err))
		return
	}
	if e.progress.gone {
		if err := e.service.config.DB.Webhooks.Deactivate(closing, e.id, models.InactiveGone); err != nil {
			e.log.LogAttrs(closing, slog.LevelWarn, "deactivating a webhook failed", slog.Any("error", err))
		}
	}
	e.release(closing)
}

// release gives up the lease, so that nobody has to wait for its end.
func (e *endpoint) release(ctx context.Context) {
	if err := e.service.config.DB.Webhooks.Release(ctx, e.service.owner, e.id); err != nil {
		e.log.LogAttrs(ctx, slog.LevelWarn, "releasing a webhook failed", slog.Any("error", err))
	}
}
