package whatsapp

import (
	"context"
	"time"

	"wagateway/models"
	"wagateway/models/fault"
)

// expiryBatch is how many messages are given up before it is looked again.
const expiryBatch = 100

// expired is why a message was given up that could not be sent in time.
func expired() *fault.Error {
	return fault.New(fault.Unavailable, fault.ReasonTimeout, "the message could not be sent before it expired")
}

// runExpiry gives up the queued messages of all sessions whose time is over, until
// the service closes: also of those that are not connected, or are never again.
func (s *Service) runExpiry(ctx context.Context) {
	added, stop := s.expiring.watch()
	defer stop()
	for {
		pause := storeRetry
		next, err := s.expire(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.ErrorContext(ctx, "giving up messages that have expired failed, trying again", "error", err)
		case next == models.Never:
			pause = forever
		default:
			// Not for long: the clock may be set.
			pause = min(max(time.Until(next.Time()), time.Millisecond), forever)
		}
		timer := time.NewTimer(pause)
		select {
		case <-added:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// expire gives up what has expired, and says when the next message does. What is
// being tried, or somebody waits for, is left to the goroutine that sends.
func (s *Service) expire(ctx context.Context) (next models.Millis, err error) {
	now := models.Now()
	after := ""
	for {
		late, err := s.db.Outgoing.Expired(ctx, now, after, expiryBatch)
		if err != nil {
			return models.Never, err
		}
		for i := range late {
			if err := s.expireOne(ctx, &late[i]); err != nil {
				return models.Never, err
			}
			after = late[i].ID
		}
		if len(late) < expiryBatch {
			return s.db.Outgoing.NextExpiry(ctx, now)
		}
	}
}

func (s *Service) expireOne(ctx context.Context, send *models.Outgoing) error {
	x, err := s.session(ctx, send.SessionID)
	if fault.Is(err, fault.NotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	if !x.sender.cancel(send.WAMessageID()) {
		return nil
	}
	defer x.sender.buried(send.WAMessageID())
	storing, cancel := storing(ctx)
	defer cancel()
	_, err = s.db.Outgoing.Failed(storing, send, models.FailureOf(expired()))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		x.log.WarnContext(ctx, "a message was not sent", "outbox_id", send.ID, "error", expired())
	}
	s.changes.notify(err)
	return err
}
