package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/errgroup"
)

// Source is the outbox that a [Relay] empties. It is compared by ==, to find two
// relays of one.
type Source interface {
	// Next gives up to limit of the oldest events, in order, but none of the
	// organizations that are excepted; none when there are none.
	Next(ctx context.Context, limit int, except []string) ([]Event, error)
	// Delete forgets events by id; unknown ids are no error.
	Delete(ctx context.Context, ids []string) error
	// Reject moves an event aside that the log can never take, and why.
	Reject(ctx context.Context, id, reason string) error
	// Wake tells that there may be new events of this process.
	Wake() <-chan struct{}
}

const (
	relayBatch = 256             // events that are taken at once
	relayIdle  = 2 * time.Second // between looks for what other processes left behind
	// relayPace lets events gather when they come faster than one by one: each
	// batch is a sync of the log and of the database, which writers wait for.
	relayPace = 10 * time.Millisecond
)

// ErrRelayed is what Run fails with when the source has a relay already.
var ErrRelayed = errors.New("the outbox has a relay already")

// Relay moves events from an outbox into the log: appended in order, deleted
// once they are on the disk.
//
// It knows where each organization's log ends and writes only there, and it
// finds out by looking which of its events are in the log already. So a crash
// between appending and deleting, a lost answer, or a relay in another process
// repeats nothing and reorders nothing, however long ago it was. Relays in
// several processes are safe, but only in each other's way.
type Relay struct {
	source  Source
	log     *Log
	places  map[string]*place // where organizations' logs end, as far as is known; Run's own
	resting map[string]*rest  // organizations whose logs failed; Run's own

	mu    sync.Mutex
	stats RelayStats
}

// rest is how long a log that failed is left alone: the others go on meanwhile.
type rest struct {
	until time.Time
	pause *backoff.ExponentialBackOff
}

// RelayStats is what a relay has done since the process started.
type RelayStats struct {
	Published       uint64    // events that are in the log and gone from the outbox
	Rejected        uint64    // events moved aside
	LastPublishedAt time.Time // zero before the first
	FailingSince    time.Time // of the failures without a success between; zero when all is well
	LastError       string    // the newest failure, kept after it has passed; for people
}

// Failing reports whether the last attempt failed.
func (s RelayStats) Failing() bool { return !s.FailingSince.IsZero() }

// NewRelay makes a relay; Run it.
func NewRelay(source Source, log *Log) *Relay {
	return &Relay{source: source, log: log, places: map[string]*place{}, resting: map[string]*rest{}}
}

// Stats gives the counters of now.
func (r *Relay) Stats() RelayStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// Run relays until ctx ends or the log is closed, and returns why. While the log
// or the outbox is away it tries again, waiting up to five seconds; order is
// kept, for no event is taken before the one before it is in the log. An
// organization whose log fails holds up no other. A second
// relay of a source in this process fails with [ErrRelayed].
func (r *Relay) Run(ctx context.Context) error {
	leave, err := r.log.enter(r.source)
	if err != nil {
		return err
	}
	defer leave()
	wait := relayBackOff()
	idle := time.NewTimer(relayIdle)
	defer idle.Stop()
	for {
		moved, full, err := r.step(ctx)
		gathering := moved > 1 && !full
		if ctx.Err() != nil {
			return fmt.Errorf("relaying events: %w", ctx.Err())
		}
		r.note(err)
		pause := relayIdle
		var wake <-chan struct{}
		switch {
		case err != nil:
			clear(r.places)
			pause = wait.NextBackOff()
			r.log.config.Logger.LogAttrs(ctx, slog.LevelWarn, "relaying events failed", slog.Any("error", err), slog.Duration("retry_in", pause))
		case full: // there may be more, behind what failed too
			wait.Reset()
			continue
		case gathering:
			wait.Reset()
			pause = relayPace
		case moved > 0:
			wait.Reset()
			continue
		default:
			wait.Reset()
			wake = r.source.Wake()
			for _, resting := range r.resting {
				pause = min(pause, max(time.Until(resting.until), 0))
			}
		}
		idle.Reset(pause)
		select {
		case <-ctx.Done():
		case <-r.log.life.Done():
			return fmt.Errorf("relaying events: %w", context.Cause(r.log.life))
		case <-idle.C:
		case <-wake:
		}
	}
}

func relayBackOff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 20*time.Millisecond, 5*time.Second
	return b
}

// enter takes a source for the only relay of it in this process.
func (l *Log) enter(source Source) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.relays[source] {
		return nil, ErrRelayed
	}
	l.relays[source] = true
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.relays, source)
	}, nil
}

func (r *Relay) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil && len(r.resting) == 0:
		r.stats.FailingSince = time.Time{}
		return
	case err == nil, errors.Is(err, errMoved):
		return // another relay was faster, or a log rests
	case r.stats.FailingSince.IsZero():
		r.stats.FailingSince = time.Now()
	}
	r.stats.LastError = err.Error()
}

// step takes one batch and tells by how much the outbox got shorter, and whether
// there may be more in it. A log that fails is left alone for a while; an error is
// about the outbox.
func (r *Relay) step(ctx context.Context) (moved int, full bool, err error) {
	except := r.except(time.Now())
	events, err := r.source.Next(ctx, relayBatch, except)
	if err != nil {
		return 0, false, fmt.Errorf("reading the outbox: %w", err)
	}
	full = len(events) == relayBatch
	var (
		order  []*queue
		queues = map[string]*queue{}
	)
	for _, event := range events {
		msg, err := event.message()
		if err != nil {
			if err = r.reject(ctx, event.ID, err); err != nil {
				return moved, full, err
			}
			moved++
			continue
		}
		q := queues[event.Organization]
		if q == nil {
			q = &queue{organization: event.Organization, place: r.places[event.Organization]}
			queues[event.Organization] = q
			order = append(order, q)
		}
		q.messages = append(q.messages, msg)
	}
	var group errgroup.Group
	group.SetLimit(appenders)
	for _, q := range order {
		group.Go(func() error {
			q.failure = r.log.drain(ctx, q)
			return nil
		})
	}
	_ = group.Wait() // each queue has its own
	settled, err := r.settle(ctx, order)
	if ctx.Err() == nil {
		r.judge(ctx, order)
	}
	if !full { // who was looked for and has nothing to say any more has no failure either
		for organization := range r.resting {
			if queues[organization] == nil && !slices.Contains(except, organization) {
				delete(r.resting, organization)
			}
		}
	}
	return moved + settled, full, err
}

// except gives the organizations whose logs rest.
func (r *Relay) except(now time.Time) []string {
	var names []string
	for organization, resting := range r.resting {
		if now.Before(resting.until) {
			names = append(names, organization)
		}
	}
	return names
}

// judge lets the logs that failed rest, longer each time.
func (r *Relay) judge(ctx context.Context, queues []*queue) {
	for _, q := range queues {
		if q.failure == nil {
			delete(r.resting, q.organization)
			continue
		}
		delete(r.places, q.organization)
		resting := r.resting[q.organization]
		if resting == nil {
			resting = &rest{pause: relayBackOff()}
			r.resting[q.organization] = resting
		}
		pause := resting.pause.NextBackOff()
		resting.until = time.Now().Add(pause)
		r.note(q.failure)
		if !errors.Is(q.failure, errMoved) {
			r.log.config.Logger.LogAttrs(ctx, slog.LevelWarn, "relaying events failed",
				slog.String("organization_id", q.organization), slog.Any("error", q.failure), slog.Duration("retry_in", pause))
		}
	}
}

// settle deletes what is in the log, moves aside what never will be, and
// remembers where the logs end.
func (r *Relay) settle(ctx context.Context, queues []*queue) (moved int, err error) {
	var done []string
	for _, q := range queues {
		r.places[q.organization] = q.place
		done = append(done, q.done...)
		if q.refused != "" {
			if err = r.reject(ctx, q.refused, q.reason); err != nil {
				return moved, err
			}
			moved++
		}
	}
	if len(done) == 0 {
		return moved, nil
	}
	if err = r.source.Delete(ctx, done); err != nil {
		return moved, fmt.Errorf("deleting from the outbox: %w", err)
	}
	r.mu.Lock()
	r.stats.Published += uint64(len(done))
	r.stats.LastPublishedAt = time.Now()
	r.mu.Unlock()
	return moved + len(done), nil
}

func (r *Relay) reject(ctx context.Context, id string, cause error) error {
	r.log.config.Logger.LogAttrs(ctx, slog.LevelError, "an event can never be logged and is moved aside", slog.String("event_id", id), slog.Any("error", cause))
	if err := r.source.Reject(ctx, id, cause.Error()); err != nil {
		return fmt.Errorf("moving event %s aside: %w", id, err)
	}
	r.mu.Lock()
	r.stats.Rejected++
	r.mu.Unlock()
	return nil
}
