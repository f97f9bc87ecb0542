package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/models/eventlog"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/webhook"
)

// lockFile keeps a second gateway away from a data folder.
const lockFile = "gateway.lock"

// lockFolder takes the data folder for this process while the database is in it.
// The operating system lets go of it whatever becomes of the process.
func lockFolder(settings *config.Config) (*flock.Flock, error) {
	if settings.DatabaseURL != "" {
		return nil, nil //nolint:nilnil // replicas share a server's database, and nothing is to be closed
	}
	if err := os.MkdirAll(settings.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	lock := flock.New(filepath.Join(settings.DataDir, lockFile), flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", errors.Join(err, lock.Close()))
	}
	if !taken {
		return nil, errors.Join(fmt.Errorf("the data folder %s is in use by another gateway: stop it, or give this one a GATEWAY_DATA_DIR or GATEWAY_DATABASE_URL of its own",
			settings.DataDir), lock.Close())
	}
	return lock, nil
}

// background is a goroutine of the program's, which ends when it is stopped.
type background struct {
	stop  context.CancelFunc
	ended chan struct{}
}

// openEvents opens the event log and starts what moves events: the relay from
// the database into it, and the webhooks out of it. An external log that is away
// is waited for in the background.
func (p *Program) openEvents(ctx context.Context) (err error) {
	p.Events, err = eventlog.Open(ctx, eventlog.Config{
		URL:       p.settings.NATSURL,
		Dir:       filepath.Join(p.settings.DataDir, "events"),
		Retention: p.settings.Event.Retention,
		MaxBytes:  p.settings.Event.MaxBytes,
		Logger:    p.logger,
	})
	if err != nil {
		return fmt.Errorf("opening the event log: %w", err)
	}
	p.relayed = eventlog.NewRelay(eventlog.NewOutboxSource(p.DB.Outbox), p.Events)
	p.relay = p.inBackground("relaying events", p.relayed.Run)
	p.Webhooks = webhook.New(webhook.Config{
		DB: p.DB, Log: p.Events, GatewayID: p.settings.ID, Logger: p.logger,
		Guard:     newGuard(p.settings),
		UserAgent: userAgent(),
	})
	p.hooks = p.inBackground("delivering to webhooks", p.Webhooks.Run)
	return nil
}

// newGuard makes a guard of the addresses that callers give.
func newGuard(settings *config.Config) *outbound.Guard {
	return outbound.New(outbound.Config{AllowPrivate: settings.AllowPrivateNetworks, UserAgent: userAgent()})
}

// userAgent is what the gateway calls itself to the servers of others.
func userAgent() string { return "wagateway/" + readBuild().version }

// closeEvents lets the relay empty the outbox within a bound, ends the webhooks
// and closes the log.
func (p *Program) closeEvents(ctx context.Context) error {
	var errs []error
	if p.relay != nil {
		p.drainOutbox(ctx)
		errs = append(errs, p.relay.end(ctx, "stopping the relay"))
	}
	if p.hooks != nil {
		errs = append(errs, p.hooks.end(ctx, "stopping webhooks"))
	}
	if p.Events != nil {
		closing, cancel := context.WithTimeout(ctx, eventTimeout)
		defer cancel()
		if err := p.Events.Close(closing); err != nil {
			errs = append(errs, fmt.Errorf("closing the event log: %w", err))
		}
	}
	return errors.Join(errs...)
}

// drainOutbox waits until the outbox is empty. What is left is relayed at the
// next start.
func (p *Program) drainOutbox(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		left, _, err := p.DB.Outbox.Backlog(ctx)
		if err == nil && left == 0 {
			return
		}
		select {
		case <-ctx.Done():
			p.logger.Info("events stay in the outbox until the next start", "events", left)
			return
		case <-look.C:
		}
	}
}

// inBackground runs work until it is ended. Work that ends by itself, other than
// with the log, is a bug, and said.
func (p *Program) inBackground(what string, work func(context.Context) error) *background {
	ctx, stop := context.WithCancel(context.WithoutCancel(p.closing))
	b := &background{stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(b.ended)
		if err := work(ctx); ctx.Err() == nil {
			p.logger.Error("the gateway goes on without a part of it: restart it", slog.String("part", what), slog.Any("error", err))
		}
	}()
	return b
}

// end stops the goroutine and waits for it.
func (b *background) end(ctx context.Context, doing string) error {
	b.stop()
	select {
	case <-b.ended:
		return nil
	case <-time.After(eventTimeout):
		return fmt.Errorf("%s: it did not end in time", doing)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
}
