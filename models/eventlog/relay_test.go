package eventlog_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
)

// outbox is a Source in memory whose deletes fail as often as it is told.
type outbox struct {
	mu       sync.Mutex
	rows     []eventlog.Event
	rejected []string
	fails    int
	wake     chan struct{}
	empty    chan struct{}
}

func newOutbox(rows ...eventlog.Event) *outbox {
	return &outbox{rows: slices.Clone(rows), wake: make(chan struct{}, 1), empty: make(chan struct{}, 1)}
}

func (o *outbox) Next(_ context.Context, limit int) ([]eventlog.Event, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.rows) == 0 {
		select {
		case o.empty <- struct{}{}:
		default:
		}
	}
	return slices.Clone(o.rows[:min(limit, len(o.rows))]), nil
}

func (o *outbox) Delete(_ context.Context, ids []string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails > 0 {
		o.fails--
		return errors.New("the database is away")
	}
	o.rows = slices.DeleteFunc(o.rows, func(e eventlog.Event) bool { return slices.Contains(ids, e.ID) })
	return nil
}

func (o *outbox) Reject(_ context.Context, id, _ string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rejected = append(o.rejected, id)
	o.rows = slices.DeleteFunc(o.rows, func(e eventlog.Event) bool { return e.ID == id })
	return nil
}

func (o *outbox) Wake() <-chan struct{} { return o.wake }

func (o *outbox) add(events ...eventlog.Event) {
	o.mu.Lock()
	o.rows = append(o.rows, events...)
	o.mu.Unlock()
	o.wake <- struct{}{}
}

func TestRelayEmptiesTheOutboxInOrderThroughFailures(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	events := many("org", 700)
	source := newOutbox(events[:600]...)
	source.fails = 3
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- eventlog.NewRelay(source, log).Run(ctx) }()
	<-source.empty
	source.add(events[600:]...)
	<-source.empty
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	assert.Equal(t, ids(events), ids(all(t, log, "org")))
}
