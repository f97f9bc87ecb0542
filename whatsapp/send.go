package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"

	"wagateway/models"
	"wagateway/models/fault"
)

// NewSend is what to send, and to whom. Exactly one kind of content is set.
type NewSend struct {
	To       string // a person by LID or phone number, a group, or, for texts and files, a channel of the account's own
	Text     *TextContent
	Media    *MediaContent
	Poll     *PollContent
	Location *LocationContent
	Contact  *ContactContent
	ReplyTo  string // WhatsApp's id of a message of the same chat; "" none
	Async    bool   // queue it instead of waiting for WhatsApp
	// ScheduledAt is when to send it, 0: at once. It makes the send a queued one; one for
	// a time that has passed leaves as soon as it can.
	ScheduledAt models.Millis
	// ExpiresAt is when to give up a message that could not be sent; 0: never.
	ExpiresAt      models.Millis
	IdempotencyKey string // names the request within the organization for 24 hours, 1 to 255 characters; "" none
}

// SendMessage sends a message of a session: one stored intent, one message with
// one id, however often it is tried.
//
// It waits for WhatsApp, at most 25 s. A session that is not connected is
// fault.NotImplemented, one over its limit fault.RateLimited with the time to
// wait, a refusal fault.Upstream with details.code, but fault.Forbidden where only a
// group's admins may write. An outcome that is not known in time is fault.Upstream
// with ReasonSendUnknown: the gateway goes on with the same id, as it does when the
// caller has gone. Failures behind the storing have outboxId and waMessageId in their
// details.
//
// With Async it returns when the message is queued, also while the session is
// offline; events tell the outcome. With an idempotency key that is known it gives
// the earlier send, Replayed, or its failure; fault.Conflict when that was another
// request, or is under way.
func (s *Service) SendMessage(ctx context.Context, session *models.Session, send NewSend) (*models.Outgoing, error) {
	d, err := send.check()
	if err != nil {
		return nil, err
	}
	if send.ScheduledAt != 0 {
		send.Async = true
	}
	x, err := s.session(ctx, session.ID)
	if err != nil {
		return nil, err
	}
	if send.IdempotencyKey != "" {
		s.pruneKeys()
		if d.mark, err = fingerprint(x.id, send); err != nil {
			return nil, err
		}
		earlier, err := s.db.Outgoing.Replay(ctx, session.OrganizationID, send.IdempotencyKey, d.mark)
		if !fault.Is(err, fault.NotFound) {
			return replayed(earlier, err)
		}
	}
	// Behind the replay: a repeat may come when its times are over.
	if err := send.checkTimes(); err != nil {
		return nil, err
	}
	if err := s.mayPost(ctx, x, d.to); err != nil {
		return nil, err
	}
	return s.submit(ctx, x, session, send, &d)
}

// submit prepares a send, stores it and has it sent. What is prepared and not
// stored leaves nothing behind.
func (s *Service) submit(ctx context.Context, x *session, session *models.Session, send NewSend, d *draft) (row *models.Outgoing, err error) {
	stored := false
	defer func() {
		if !stored && d.file != nil {
			d.file.discard(s)
		}
	}()
	about, err := s.judge(ctx, x, d)
	if err != nil {
		return nil, err
	}
	giveBack := func() {}
	if !send.Async {
		if !x.connected() {
			return nil, fault.NotConnected()
		}
		var wait time.Duration
		if giveBack, wait = x.sender.rate.take(time.Now()); wait > 0 {
			return nil, fault.Limited("the session's sending limit is reached", wait)
		}
		if err := s.checkReachable(ctx, x, d.to); err != nil {
			giveBack()
			return nil, err
		}
	}
	if err := s.prepare(ctx, x, d, about, !send.Async); err != nil {
		giveBack()
		return nil, err
	}
	intent, err := s.newOutgoing(ctx, x, session, send, d)
	if err != nil {
		giveBack()
		return nil, err
	}
	if send.Async {
		row, stored, err = s.enqueue(ctx, x, intent)
	} else {
		row, stored, err = s.sendNow(ctx, x, intent, giveBack)
	}
	return row, err
}

// judge looks at the rest of what the caller has given, which comes before whether
// it can be sent: a file of the request itself, which comes into storage for that,
// and what the message refers to.
func (s *Service) judge(ctx context.Context, x *session, d *draft) (about *waE2E.ContextInfo, err error) {
	if about, err = s.contextOf(ctx, x, d); err != nil {
		return nil, err
	}
	if d.file != nil && d.file.inline() && s.cfg.Media.Store != nil { // else prepare says so
		return about, s.loadFile(ctx, x, d)
	}
	return about, nil
}

// prepare completes a draft: files come into storage and, with upload, to
// WhatsApp.
func (s *Service) prepare(ctx context.Context, x *session, d *draft, about *waE2E.ContextInfo, upload bool) error {
	if d.preview {
		s.addPreview(ctx, d)
	}
	if d.file != nil {
		if err := s.loadFile(ctx, x, d); err != nil {
			return err
		}
		if upload {
			if err := s.uploadFile(ctx, x, d); err != nil {
				return err
			}
		}
	}
	withContext(d.message, about)
	if d.details.ViewOnce {
		d.message = seenOnce(d.message)
	}
	return nil
}

// mayBeStored reports whether a send may be stored although that failed: when the
// database did not say.
func mayBeStored(err error) bool {
	return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Internal)
}

// enqueue stores a send that nobody waits for; stored says that it is, or may be.
func (s *Service) enqueue(ctx context.Context, x *session, intent models.NewOutgoing) (row *models.Outgoing, stored bool, err error) {
	row, err = s.db.Outgoing.Create(ctx, intent)
	if err != nil {
		return nil, mayBeStored(err), err
	}
	if row.Replayed {
		row, err = replayed(row, nil)
		return row, false, err
	}
	x.sender.added(row.ScheduledAt != 0)
	if row.ExpiresAt != 0 {
		s.expiring.notify(nil)
	}
	s.changes.notify(nil)
	return row, true, nil
}

// sendNow stores a send, has it sent and waits for the outcome; stored says that it
// is stored, or may be. giveBack returns what it has taken of the session's rate.
func (s *Service) sendNow(ctx context.Context, x *session, intent models.NewOutgoing, giveBack func()) (row *models.Outgoing, stored bool, err error) {
	id := intent.Message.WAMessageID
	waiting, running := x.sender.expect(id)
	if !running {
		giveBack()
		return nil, false, fault.NotConnected()
	}
	row, err = s.db.Outgoing.Create(ctx, intent)
	if err != nil || row.Replayed {
		x.sender.forget(id)
		giveBack()
		stored = err != nil && mayBeStored(err)
		row, err = replayed(row, err)
		return row, stored, err
	}
	defer x.sender.forget(id)
	s.changes.notify(nil)
	x.sender.offer(row)
	row, err = s.await(ctx, x, row, waiting)
	return row, true, err
}

// await waits for the outcome of a send, for a bounded time.
func (s *Service) await(ctx context.Context, x *session, row *models.Outgoing, waiting *waiter) (*models.Outgoing, error) {
	timer := time.NewTimer(s.cfg.Timing.SendWait)
	defer timer.Stop()
	for {
		select {
		case answer := <-waiting.answer:
			switch answer.verdict {
			case verdictResolved:
				return sendResult(answer.send)
			case verdictWithdrawn:
				return s.bury(ctx, x, row)
			case verdictLook:
				now, err := s.db.Outgoing.Get(ctx, row.ID)
				if err == nil && now.Status != models.OutgoingQueued {
					return sendResult(now)
				}
			default:
				return nil, unknownOutcome(row)
			}
		case <-timer.C:
			if !x.connected() && x.sender.withdraw(row.WAMessageID()) {
				return s.bury(ctx, x, row)
			}
			return nil, unknownOutcome(row)
		case <-ctx.Done():
			return nil, unknownOutcome(row).Because(ctx.Err())
		}
	}
}

// bury stores that a withdrawn send has not left because the session was away.
func (s *Service) bury(ctx context.Context, x *session, row *models.Outgoing) (*models.Outgoing, error) {
	ctx, cancel := storing(ctx)
	defer cancel()
	defer x.sender.buried(row.WAMessageID())
	now, err := s.db.Outgoing.Failed(ctx, row, models.FailureOf(fault.NotConnected()))
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, fault.NotConnected() // deleted with its session
	case err != nil:
		return nil, unknownOutcome(row).Because(err) // it is queued still
	}
	s.changes.notify(nil)
	return sendResult(now)
}

// sendResult is what the caller gets of a send that is resolved.
func sendResult(row *models.Outgoing) (*models.Outgoing, error) {
	if row.Status == models.OutgoingFailed {
		return nil, named(row.Failure.Fault(), row)
	}
	return row, nil
}

// replayed is what the caller gets of an earlier send with the same key.
func replayed(row *models.Outgoing, err error) (*models.Outgoing, error) {
	switch {
	case err != nil:
		return nil, err
	case row.Mode == models.SendAsync:
		return row, nil
	case row.Status == models.OutgoingQueued:
		return nil, named(fault.New(fault.Conflict, fault.ReasonKeyInFlight, "the first request with this Idempotency-Key is under way"), row)
	default:
		return sendResult(row)
	}
}

func unknownOutcome(row *models.Outgoing) *fault.Error {
	return named(fault.New(fault.Upstream, fault.ReasonSendUnknown,
		"WhatsApp did not answer in time; the gateway goes on with this message, so do not send it again"), row)
}

// named adds which send it is about.
func named(err *fault.Error, row *models.Outgoing) *fault.Error {
	return err.With("outboxId", row.ID).With("waMessageId", row.WAMessageID())
}

const (
	// keyPruneInterval is how often idempotency keys are pruned, while there are any.
	keyPruneInterval = time.Hour
	// keyPruneBatch is how many are pruned in one transaction.
	keyPruneBatch = 500
)

// pruneKeys forgets old idempotency keys in the background, from time to time:
// nothing else makes them more.
func (s *Service) pruneKeys() {
	last, now := s.keysPruned.Load(), time.Now().UnixNano()
	if now-last < keyPruneInterval.Nanoseconds() || !s.keysPruned.CompareAndSwap(last, now) {
		return
	}
	release, err := s.enter()
	if err != nil {
		return // closing
	}
	go func() {
		defer release()
		for pruned := keyPruneBatch; pruned == keyPruneBatch && err == nil; {
			ctx, cancel := context.WithTimeout(s.life, storeTimeout)
			pruned, err = s.db.Outgoing.PruneKeys(ctx, keyPruneBatch)
			cancel()
		}
		if err != nil {
			s.log.Error("pruning idempotency keys failed", "error", err)
		}
	}()
}
