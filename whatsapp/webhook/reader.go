package webhook

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wagateway/models/eventlog"
	"wagateway/models/fault"
)

// reader reads the log for one endpoint. It has a goroutine of its own.
type reader struct {
	endpoint *endpoint
	events   chan eventlog.Event // unbuffered: what was sent has arrived
	passed   atomic.Int64        // every event up to here was sent, or is not wanted
}

func newReader(e *endpoint, after eventlog.Position) *reader {
	r := &reader{endpoint: e, events: make(chan eventlog.Event)}
	r.passed.Store(int64(after))
	return r
}

// run reads until ctx ends. While the log is away it tries again.
func (r *reader) run(ctx context.Context) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = r.endpoint.timing.Retry, 10*r.endpoint.timing.Retry
	for ctx.Err() == nil {
		before := r.passed.Load()
		err := r.follow(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case fault.Is(err, fault.Validation):
			if err = r.skipGap(ctx); err == nil {
				continue
			}
		}
		if r.passed.Load() != before {
			wait.Reset()
		}
		pause := wait.NextBackOff()
		r.endpoint.log.LogAttrs(ctx, slog.LevelWarn, "reading events failed", slog.Any("error", err), slog.Duration("retry_in", pause))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// follow sends the wanted events behind passed until something fails.
func (r *reader) follow(ctx context.Context) error {
	hook := r.endpoint.hook.Load()
	after := eventlog.Position(r.passed.Load())
	if after == 0 {
		// The log would begin with what is kept and say nothing.
		if info, err := r.endpoint.service.config.Log.Info(ctx, hook.OrganizationID); err != nil || info.First > 1 {
			if err == nil {
				err = fault.New(fault.Validation, fault.ReasonCursorExpired, "events are gone")
			}
			return err
		}
	}
	events, err := r.endpoint.service.config.Log.Subscribe(ctx, eventlog.Filter{Organization: hook.OrganizationID}, after)
	if err != nil {
		return err
	}
	defer events.Stop()
	for {
		event, err := events.Next(ctx)
		if err != nil {
			return err
		}
		if r.endpoint.hook.Load().Wants(event.Session, event.Name) {
			select {
			case r.events <- event:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		r.passed.Store(int64(event.Seq))
	}
}

// skipGap goes on with the oldest event that is kept, when retention has
// overtaken the webhook, or the log is not the one that it was; and says so
// loudly, because events are lost to this webhook.
func (r *reader) skipGap(ctx context.Context) error {
	e, service := r.endpoint, r.endpoint.service
	info, err := service.config.Log.Info(ctx, e.hook.Load().OrganizationID)
	if err != nil {
		return err
	}
	after := r.passed.Load()
	to := max(int64(info.First)-1, 0)
	lost := max(to-after, 0)
	if after > int64(info.Last) {
		to = 0 // another log: all of it is new
		if info.First > 0 {
			to = int64(info.First) - 1
		}
	}
	e.log.LogAttrs(ctx, slog.LevelError, "events were gone from the log before they were delivered",
		slog.Int64("events", lost), slog.Int64("position", after), slog.Int64("continues_at", to))
	if err := service.config.DB.Webhooks.NoteLost(ctx, e.id, lost, to); err != nil {
		return err
	}
	service.stats.lost.Add(lost)
	r.passed.Store(to)
	return nil
}
