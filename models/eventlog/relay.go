package eventlog

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Source is the outbox that a [Relay] empties.
type Source interface {
	// Next gives up to limit of the oldest events, in order; none when empty.
	Next(ctx context.Context, limit int) ([]Event, error)
	// Delete forgets events by id; unknown ids are no error.
	Delete(ctx context.Context, ids []string) error
	// Wake tells that there may be new events.
	Wake() <-chan struct{}
}

// relayBatch is how many events are in flight at once.
const relayBatch = 256

// Relay moves events from an outbox into the log: appended in order, deleted
// once they are on the disk. One relay runs per outbox.
type Relay struct {
	source Source
	log    *Log
	unsure bool // the next batch may have been appended before
}

// NewRelay makes a relay; Run it.
func NewRelay(source Source, log *Log) *Relay {
	return &Relay{source: source, log: log, unsure: true}
}

// Run relays until ctx ends, and returns its error. While the log or the outbox
// is away it tries again, waiting up to five seconds; order is kept, for no
// event is taken before the one before it is in the log.
//
// A batch that was appended but not deleted, by a crash or an error between, is
// met again as the first one: the log itself is asked which of it are there, so
// that no repeat depends on JetStream's window.
func (r *Relay) Run(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 20*time.Millisecond, 5*time.Second
	for {
		moved, err := r.step(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("relaying events: %w", ctx.Err())
		}
		var retry <-chan time.Time
		var wake <-chan struct{}
		switch {
		case err != nil:
			r.unsure = true
			pause := wait.NextBackOff()
			r.log.config.Logger.LogAttrs(ctx, slog.LevelWarn, "relaying events failed", slog.Any("error", err), slog.Duration("retry_in", pause))
			retry = time.After(pause)
		case moved > 0:
			wait.Reset()
			continue
		default:
			wait.Reset()
			wake = r.source.Wake()
		}
		select {
		case <-ctx.Done():
		case <-retry:
		case <-wake:
		}
	}
}

func (r *Relay) step(ctx context.Context) (int, error) {
	events, err := r.source.Next(ctx, relayBatch)
	if err != nil {
		return 0, fmt.Errorf("reading the outbox: %w", err)
	}
	if len(events) == 0 {
		return 0, nil
	}
	fresh := events
	if r.unsure {
		if fresh, err = r.log.missing(ctx, events); err != nil {
			return 0, err
		}
	}
	if err = r.log.Append(ctx, fresh); err != nil {
		return 0, err
	}
	ids := make([]string, len(events))
	for i, event := range events {
		ids[i] = event.ID
	}
	if err = r.source.Delete(ctx, ids); err != nil {
		return 0, fmt.Errorf("deleting from the outbox: %w", err)
	}
	r.unsure = false
	return len(events), nil
}

// missing gives those events that the log does not have, in order.
func (l *Log) missing(ctx context.Context, events []Event) ([]Event, error) {
	type batch struct {
		ids   map[string]bool
		since time.Time
	}
	batches := map[string]*batch{}
	for _, event := range events {
		made, err := idTime(event.ID)
		if err != nil {
			return nil, fmt.Errorf("reading the time of event %q: %w", event.ID, err)
		}
		b, ok := batches[event.Organization]
		if !ok {
			b = &batch{ids: map[string]bool{}, since: made}
			batches[event.Organization] = b
		}
		b.ids[event.ID] = true
		if made.Before(b.since) {
			b.since = made
		}
	}
	there := map[string]bool{}
	for organization, b := range batches {
		info, err := l.Info(ctx, organization)
		if err != nil {
			return nil, err
		}
		found, err := l.scan(ctx, organization, info, b.since, b.ids)
		if err != nil {
			return nil, err
		}
		for id := range found {
			there[id] = true
		}
	}
	fresh := make([]Event, 0, len(events))
	for _, event := range events {
		if !there[event.ID] {
			fresh = append(fresh, event)
		}
	}
	return fresh, nil
}
