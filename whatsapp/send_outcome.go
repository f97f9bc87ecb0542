package whatsapp

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
)

// fate is what is known of a message after a try.
type fate int

const (
	fateSent    fate = iota
	fateRefused      // it was not sent, and never will be
	fateAway         // it was not sent: the connection was not there
	fateLater        // it was not sent, for a reason that time may mend
	fateUnknown      // it may have been sent
	fateOdd          // something failed that is not known here
)

// fateOf reads the error of whatsmeow's SendMessage; why is what a caller is told
// of what was not sent.
func fateOf(err error) (f fate, why *fault.Error) {
	if err == nil {
		return fateSent, nil
	}
	if code, answered := sendCode(err); answered {
		if code == 429 || code >= 500 {
			return fateLater, refused(code).Because(err)
		}
		return fateRefused, refused(code).Because(err)
	}
	var disconnected *whatsmeow.DisconnectedError
	switch {
	case errors.Is(err, whatsmeow.ErrMessageTimedOut), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fateUnknown, nil
	case errors.Is(err, whatsmeow.ErrIQDisconnected), errors.Is(err, whatsmeow.ErrNotLoggedIn):
		return fateAway, fault.NotConnected().Because(err)
	case errors.As(err, &disconnected):
		return fateUnknown, nil
	case err == whatsmeow.ErrNotConnected: //nolint:errorlint // bare, it comes behind a first try on a connection that was lost
		return fateUnknown, nil
	case errors.Is(err, whatsmeow.ErrNotConnected):
		return fateAway, fault.NotConnected().Because(err)
	case errors.Is(err, whatsmeow.ErrIQTimedOut):
		return fateLater, fault.From(upstream(err, nil))
	case strings.Contains(err.Error(), "no LID found for "): // whatsmeow has no sentinel for it
		return fateRefused, notOnWhatsApp().Because(err)
	default:
		return fateOdd, fault.From(err)
	}
}

// sendCode gives the code with which WhatsApp refused a message, or a question
// that its sending needs answered.
func sendCode(err error) (code int, answered bool) {
	if errors.Is(err, whatsmeow.ErrServerReturnedError) {
		text := err.Error() // "server returned error 479": there is no type for it
		code, parseErr := strconv.Atoi(text[strings.LastIndexByte(text, ' ')+1:])
		return code, parseErr == nil
	}
	return answerCode(err)
}

// conclude sees to the outcome of a try.
func (q *sendQueue) conclude(ctx context.Context, send *models.Outgoing, answer whatsmeow.SendResponse, err error) {
	f, why := fateOf(err)
	if f == fateRefused && postGone(send, err) {
		f = fateSent
	}
	switch f {
	case fateSent:
		delete(q.holds, send.Message.ChatID)
		at := models.MillisOf(answer.Timestamp)
		if answer.Timestamp.IsZero() { // of a refusal that is none
			at = models.Now()
		}
		send.Message.ServerID = int64(answer.ServerID)
		q.settle(ctx, send, func(ctx context.Context) (*models.Outgoing, error) {
			return q.session.service.db.Outgoing.Sent(ctx, send, at)
		})
	case fateRefused:
		q.failed(ctx, send, q.mayNotWrite(ctx, send, why))
	case fateAway:
		q.again(ctx, send, why, math.MaxInt)
	case fateLater:
		q.again(ctx, send, why, maxSendTries)
	case fateOdd:
		q.session.log.ErrorContext(ctx, "sending failed in an unknown way", "outbox_id", send.ID, "error", err)
		q.takeBack(ctx, send)
		if tries := q.hold(send); tries >= maxSendTries && q.session.service.db.Ping(ctx) == nil {
			if mayHaveLeft(send) {
				why = unknownOutcome(send).Because(err)
			}
			q.failed(ctx, send, why)
		}
	default:
		q.session.log.WarnContext(ctx, "the outcome of a send is not known, trying again", "outbox_id", send.ID, "error", err)
		q.unknown(ctx, send)
	}
}

// mayNotWrite says what WhatsApp means by not allowing a message to a group; another
// refusal stays as it is.
func (q *sendQueue) mayNotWrite(ctx context.Context, send *models.Outgoing, why *fault.Error) *fault.Error {
	const notAllowed = 405
	if !strings.HasSuffix(send.Recipient, "@"+types.GroupServer) || why.Details()["code"] != notAllowed {
		return why
	}
	reason, message := fault.ReasonNotGroupAdmin, "only admins may write in this group"
	group, err := q.session.service.db.Groups.Get(ctx, q.session.id, send.Recipient)
	if err == nil && group.IsCommunity {
		reason, message = "", "nobody can write in a community, only in its groups"
	}
	return fault.New(fault.Forbidden, reason, message).With("code", notAllowed).Because(why)
}

// mayHaveLeft reports whether an earlier try of a message has an unknown outcome.
func mayHaveLeft(send *models.Outgoing) bool { return send.Attempts > 0 }

// again tries a message later that has not left now, at most so often; if a caller
// waits for it, it has failed. One that may have left before is tried until it is
// known: who is told that it was not sent may send it anew.
func (q *sendQueue) again(ctx context.Context, send *models.Outgoing, why *fault.Error, most int) {
	if mayHaveLeft(send) {
		q.hold(send)
		return
	}
	q.takeBack(ctx, send)
	q.rested(send.WAMessageID())
	if q.awaited(send.WAMessageID()) || q.hold(send) >= most {
		q.failed(ctx, send, why)
	}
}

// takeBack takes the counting of a try back that has not left. If that cannot be
// stored, the message is sent rather than given up when it has expired.
func (q *sendQueue) takeBack(ctx context.Context, send *models.Outgoing) {
	if q.announced != send.ID {
		return
	}
	ctx, cancel := storing(ctx)
	defer cancel()
	if err := q.session.service.db.Outgoing.Rested(ctx, send); err != nil {
		q.session.log.ErrorContext(ctx, "taking back the counting of a try failed", "outbox_id", send.ID, "error", err)
	}
}

// unknown tries a message again that may have left, later, and with its id.
func (q *sendQueue) unknown(ctx context.Context, send *models.Outgoing) {
	q.hold(send)
	if q.announced == send.ID {
		q.session.service.changes.notify(nil)
		return // counted already
	}
	ctx, cancel := storing(ctx)
	defer cancel()
	if err := q.session.service.db.Outgoing.Attempted(ctx, send); err != nil {
		q.session.log.ErrorContext(ctx, "counting a try failed", "outbox_id", send.ID, "error", err)
	}
	q.session.service.changes.notify(nil)
}

// failed gives a message up.
func (q *sendQueue) failed(ctx context.Context, send *models.Outgoing, why error) {
	delete(q.holds, send.Message.ChatID)
	q.session.log.WarnContext(ctx, "a message was not sent", "outbox_id", send.ID, "error", why)
	q.settle(ctx, send, func(ctx context.Context) (*models.Outgoing, error) {
		return q.session.service.db.Outgoing.Failed(ctx, send, models.FailureOf(why))
	})
}

// settle stores an outcome while the next message is sent, for as long as it
// takes or until the link ends: then the message is still queued, and is sent
// again with its id. It waits when too many are stored already.
func (q *sendQueue) settle(ctx context.Context, send *models.Outgoing, store func(context.Context) (*models.Outgoing, error)) {
	if q.slots.Acquire(ctx, 1) != nil {
		return
	}
	q.mu.Lock()
	q.settling[send.ID] = true
	q.mu.Unlock()
	q.settlers.Go(func() {
		defer q.slots.Release(1)
		q.settleNow(ctx, send, store)
		q.mu.Lock()
		delete(q.settling, send.ID)
		q.mu.Unlock()
	})
}

func (q *sendQueue) settleNow(ctx context.Context, send *models.Outgoing, store func(context.Context) (*models.Outgoing, error)) {
	pause := backOff(q.session.service.cfg.Timing.SendRetry, maxSendPause)
	for {
		row, err := storeOutcome(ctx, store)
		switch {
		case err == nil:
			q.end(row)
			if row.Status != models.OutgoingQueued {
				q.session.service.tally.settled(row.Status == models.OutgoingSent)
			}
			q.session.service.changes.notify(nil)
			return
		case fault.Is(err, fault.NotFound):
			return // deleted with its session
		case ctx.Err() != nil:
			q.session.log.ErrorContext(ctx, "the outcome of a send is not stored, it will be sent again", "outbox_id", send.ID, "error", err)
			return
		}
		q.session.log.ErrorContext(ctx, "storing the outcome of a send failed, trying again", "outbox_id", send.ID, "error", err)
		select {
		case <-ctx.Done(): // once more
		case <-time.After(pause.NextBackOff()):
		}
	}
}

// storeOutcome stores also behind the end of the link.
func storeOutcome(ctx context.Context, store func(context.Context) (*models.Outgoing, error)) (*models.Outgoing, error) {
	ctx, cancel := storing(ctx)
	defer cancel()
	return store(ctx)
}
