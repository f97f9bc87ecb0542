package whatsapp

import (
	"context"
	"fmt"
	"time"

	"wagateway/models"
	"wagateway/models/fault"
)

// StartBackfill reads the account's address book, all its groups and their members
// anew, in the background, and gives the job; [models.BackfillStore.Latest] tells
// how it goes. While one runs, another is fault.Conflict. It ends with the
// connection: what was stored by then stays.
func (s *Service) StartBackfill(ctx context.Context, sessionID string) (*models.BackfillJob, error) {
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	l := x.link.Load()
	if l == nil {
		return nil, fault.NotConnected()
	}
	release, err := s.enter()
	if err != nil {
		return nil, err
	}
	job, err := s.db.Backfills.Start(ctx, x.id)
	if err != nil {
		release()
		return nil, err
	}
	go func() {
		defer release()
		s.backfill(l.ctx, x, job.ID)
	}()
	return job, nil
}

// backfill does a job until ctx, the link's, ends.
func (s *Service) backfill(ctx context.Context, x *session, job string) {
	var counts models.BackfillCounts
	err := s.backfillGuarded(ctx, x, func(reached models.BackfillCounts) error {
		counts = reached
		return s.db.Backfills.Progress(ctx, job, reached)
	})
	reason := ""
	switch {
	case err == nil:
	case s.isClosing(): // the connection may end before the context does
		reason = models.BackfillInterrupted
	case ctx.Err() != nil:
		reason = fault.NotConnected().Message()
	default:
		reason = fault.From(err).Message()
		x.log.WarnContext(ctx, "a backfill failed", "error", err)
	}
	for s.finishBackfill(ctx, x, job, counts, reason) != nil && !s.isClosing() {
		// Until it is stored, it would stand in the way of the next one.
		select {
		case <-time.After(storeRetry):
		case <-s.life.Done():
		}
	}
}

func (s *Service) finishBackfill(ctx context.Context, x *session, job string, counts models.BackfillCounts, reason string) error {
	saving, cancel := storing(ctx)
	defer cancel()
	err := s.db.Backfills.Finish(saving, job, counts, reason)
	s.changes.notify(err)
	if err != nil {
		x.log.ErrorContext(saving, "storing the end of a backfill failed", "error", err)
	}
	return err
}

// backfillGuarded reads everything; a bug in that is an error.
func (s *Service) backfillGuarded(ctx context.Context, x *session, reached func(models.BackfillCounts) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a backfill: %v", p)
		}
	}()
	return s.syncCounting(ctx, x, reached)
}

func (s *Service) isClosing() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.closing
}

// interruptBackfills ends the jobs that the process before did not.
func (s *Service) interruptBackfills(ctx context.Context) error {
	ended, err := s.db.Backfills.Interrupt(ctx)
	if ended > 0 {
		s.log.InfoContext(ctx, "backfills were interrupted", "jobs", ended)
	}
	return err
}
