package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"wagateway/models"
)

// Run delivers until ctx ends, and returns its error; then everything that is
// under way has come to its end or will be done again. Run is called once.
func (s *Service) Run(ctx context.Context) error {
	defer s.client.CloseIdleConnections()
	defer s.stopAll()
	go s.prune(ctx)
	family := s.family() // only now: later it would be another process of the same name
	for {
		began := time.Now()
		lease := models.Lease{Owner: s.owner, Family: family, Until: models.MillisOf(began.Add(s.config.Timing.Lease))}
		webhooks, err := s.claim(ctx, lease)
		pause := s.config.Timing.Poll
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("delivering to webhooks: %w", ctx.Err())
		case err != nil:
			s.config.Logger.LogAttrs(ctx, slog.LevelWarn, "claiming webhooks failed", slog.Any("error", err))
			pause = s.config.Timing.Retry
		default:
			family = ""
			s.assign(ctx, webhooks, began.Add(s.config.Timing.Lease/2))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("delivering to webhooks: %w", ctx.Err())
		case <-s.changed:
			// Many changes at once are looked for together.
			select {
			case <-ctx.Done():
			case <-time.After(time.Until(began.Add(s.config.Timing.Commit))):
			}
		case <-time.After(pause):
		}
	}
}

func (s *Service) claim(ctx context.Context, lease models.Lease) ([]models.Webhook, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return s.config.DB.Webhooks.Claim(ctx, lease)
}

const (
	// maxStoring bounds how many endpoints use the database at once, so that
	// requests find a connection too. Those that wait store more at once.
	maxStoring = 6
	// storeTimeout bounds one use of the database. What has an unknown outcome is
	// stored again, which changes nothing.
	storeTimeout = 10 * time.Second
)

// store runs one use of the database by an endpoint.
func (s *Service) store(ctx context.Context, use func(ctx context.Context) error) error {
	select {
	case s.storing <- struct{}{}:
		defer func() { <-s.storing }()
	case <-ctx.Done():
		return fmt.Errorf("waiting for the database: %w", ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return use(ctx)
}

// assign makes the running endpoints those of the webhooks, as they are now.
func (s *Service) assign(ctx context.Context, webhooks []models.Webhook, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	claimed := make(map[string]bool, len(webhooks))
	for i := range webhooks {
		hook := &webhooks[i]
		claimed[hook.ID] = true
		e, running := s.endpoints[hook.ID]
		if !running {
			s.start(ctx, hook, until)
			continue
		}
		e.leaseUntil.Store(until.UnixNano())
		if e.hook.Load().Revision != hook.Revision {
			e.change(hook)
			e.lookForReplays()
		}
	}
	for id, e := range s.endpoints {
		if !claimed[id] {
			e.cancel()
		}
	}
}

// start runs an endpoint. s.mu is held.
func (s *Service) start(ctx context.Context, hook *models.Webhook, until time.Time) {
	e := newEndpoint(s, hook)
	e.leaseUntil.Store(until.UnixNano())
	ctx, e.cancel = context.WithCancel(ctx)
	s.endpoints[hook.ID] = e
	go func() {
		defer e.cancel()
		e.run(ctx)
		s.mu.Lock()
		delete(s.endpoints, hook.ID)
		s.mu.Unlock()
		s.wake() // it may have been activated again meanwhile
	}()
}

// stopAll ends every endpoint and waits for them.
func (s *Service) stopAll() {
	s.mu.Lock()
	running := make([]*endpoint, 0, len(s.endpoints))
	for _, e := range s.endpoints {
		e.cancel()
		running = append(running, e)
	}
	s.mu.Unlock()
	for _, e := range running {
		<-e.ended
	}
}

// pruneBatch is how many deliveries are removed in one transaction.
const pruneBatch = 500

// prune removes settled deliveries that are old, until ctx ends.
func (s *Service) prune(ctx context.Context) {
	for {
		n, err := s.config.DB.Deliveries.Prune(ctx, time.Now().Add(-s.config.Timing.Retention), pruneBatch)
		pause := s.config.Timing.PruneEvery
		if err != nil && ctx.Err() == nil {
			s.config.Logger.LogAttrs(ctx, slog.LevelWarn, "pruning deliveries failed", slog.Any("error", err))
		} else if n == pruneBatch {
			pause = s.config.Timing.Commit // others want to write too
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
