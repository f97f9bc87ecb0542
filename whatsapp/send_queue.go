package whatsapp

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"golang.org/x/sync/semaphore"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
)

// sendQueue is the goroutine that sends what a session has to send, one message
// after the other, in the order of asking within each chat; one for each link.
// What it holds is bounded: the queue is in the database.
//
// Messages that a caller waits for come first, unless something of the same chat
// waits. The others wait for the session's rate. A chat whose last message has no
// outcome yet is held: nothing else goes there before that is tried again, and
// no other chat waits for it.
type sendQueue struct {
	*sender
	session *session
	link    *link

	first []*models.Outgoing // that callers wait for
	page  []models.Outgoing  // of the queue
	more  bool               // there may be more in the database
	holds map[int64]*hold    // by chat
	timed bool               // due has to be looked up
	due   time.Time          // when the next scheduled message is to leave; zero: none is
	// preparing are messages, by their own ids, for which something is done before
	// they leave, and typed those before which typing was shown.
	preparing, typed map[string]bool
	// announced is the message, by its own id, whose try was counted before it was made.
	announced string

	settlers sync.WaitGroup
	slots    *semaphore.Weighted // outcomes being stored

	mu       sync.Mutex // guards settling; a leaf
	settling map[string]bool
}

// hold is a chat whose last message has to be tried again.
type hold struct {
	until time.Time // zero: now
	tries int
	pause *backoff.ExponentialBackOff
}

// forever is a pause that only news ends.
const forever = time.Hour

// errLinkEnded is the end of the connection's life before the answer to a message.
var errLinkEnded = errors.New("the session was stopped before WhatsApp answered")

// runSender sends until ctx, the link's, ends.
func (s *Service) runSender(ctx context.Context, x *session, l *link) {
	if !x.sender.enter(ctx) {
		return
	}
	defer x.sender.leave()
	s.recallSent(ctx, x)
	q := &sendQueue{
		sender: x.sender, session: x, link: l, more: true, timed: true,
		holds: make(map[int64]*hold), preparing: make(map[string]bool), typed: make(map[string]bool), settling: make(map[string]bool), slots: semaphore.NewWeighted(maxSettling),
	}
	defer q.settlers.Wait()
	for ctx.Err() == nil {
		if pause := q.step(ctx); pause > 0 {
			q.rest(ctx, pause)
		}
	}
}

// recallSent has a session's limits know what was sent before this process began.
func (s *Service) recallSent(ctx context.Context, x *session) {
	if x.sender.recalled {
		return
	}
	sent, err := s.db.Outgoing.SentSince(ctx, x.id, models.MillisOf(time.Now().Add(-time.Hour)))
	if ctx.Err() != nil {
		return
	}
	x.sender.recalled = true // also if that failed: later it would count what this process has sent
	if err != nil {
		x.log.WarnContext(ctx, "looking up what was sent in the last hour failed: the limits count from now on", "error", err)
		return
	}
	times := make([]time.Time, len(sent))
	for i, at := range sent {
		times[i] = at.Time()
	}
	x.sender.rate.recall(times)
}

// rest waits for news, at most for a while.
func (q *sendQueue) rest(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-q.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// step sends one message, if there is one to send, and says how long to rest.
func (q *sendQueue) step(ctx context.Context) time.Duration {
	if !q.session.connected() {
		return forever // ready wakes
	}
	news := q.look()
	q.first = append(q.first, news.offered...)
	q.more, q.timed = q.more || news.queued, q.timed || news.timed
	for _, done := range news.done {
		done(q)
	}
	now := time.Now()
	next := q.release(now, news.back)
	if !q.due.IsZero() {
		if !now.Before(q.due) {
			q.due, q.more, q.timed = time.Time{}, true, true
		} else {
			next = min(next, q.due.Sub(now))
		}
	}
	if len(q.first) > 0 {
		send := q.first[0]
		q.first = q.first[1:]
		q.jump(ctx, send)
		return 0
	}
	if len(q.page) == 0 && q.more {
		if err := q.load(ctx); err != nil {
			q.session.log.ErrorContext(ctx, "loading what is to be sent failed, trying again", "error", err)
			return storeRetry
		}
	}
	for len(q.page) > 0 {
		send := q.page[0]
		if q.held(&send) {
			q.page = q.page[1:]
			continue
		}
		giveBack := func() {} // a caller who waits has paid
		if !q.awaited(send.WAMessageID()) {
			var wait time.Duration
			if giveBack, wait = q.rate.take(now); wait > 0 {
				return min(wait, next)
			}
		}
		q.page = q.page[1:]
		if !q.try(ctx, &send) {
			giveBack()
		}
		return 0
	}
	if q.more {
		return 0
	}
	return next
}

// jump sends a message that a caller waits for, unless something of the same chat
// was asked for before: then its turn comes in the queue.
func (q *sendQueue) jump(ctx context.Context, send *models.Outgoing) {
	if !q.awaited(send.WAMessageID()) {
		return // done, from the queue
	}
	waits := q.held(send)
	if !waits && (q.more || len(q.page) > 0) {
		earlier, err := q.session.service.db.Outgoing.HasEarlier(ctx, send)
		waits = earlier || err != nil
	}
	if waits {
		q.more = true
		return
	}
	q.page = slices.DeleteFunc(q.page, func(o models.Outgoing) bool { return o.ID == send.ID })
	q.try(ctx, send)
}

// load reads the beginning of the queue, but for the chats that are held. What is
// being stored as sent at this moment is queued there still.
func (q *sendQueue) load(ctx context.Context) error {
	q.mu.Lock()
	settling := maps.Clone(q.settling)
	q.mu.Unlock()
	var held []int64
	for chat, h := range q.holds {
		if !h.until.IsZero() {
			held = append(held, chat)
		}
	}
	slices.Sort(held)
	limit := sendPage + len(settling)
	queued, err := q.session.service.db.Outgoing.Queued(ctx, q.session.id, held, limit)
	if err != nil {
		return err
	}
	q.more = len(queued) == limit
	if q.timed {
		due, err := q.session.service.db.Outgoing.NextDue(ctx, q.session.id)
		if err != nil {
			return err
		}
		q.timed, q.due = false, time.Time{}
		if due != models.Never {
			q.due = due.Time()
		}
	}
	q.page = slices.DeleteFunc(queued, func(o models.Outgoing) bool { return settling[o.ID] })
	return nil
}

// release lets the chats go on whose pause is over, or all, and gives the time
// until the next one's is.
func (q *sendQueue) release(now time.Time, all bool) time.Duration {
	next := forever
	for _, h := range q.holds {
		switch {
		case h.until.IsZero():
		case all || !now.Before(h.until):
			h.until = time.Time{}
			q.more = true
		default:
			next = min(next, h.until.Sub(now))
		}
	}
	return next
}

func (q *sendQueue) held(send *models.Outgoing) bool {
	h := q.holds[send.Message.ChatID]
	return h != nil && !h.until.IsZero()
}

// hold lets a chat wait before its message is tried again, and tells how often it
// was tried.
func (q *sendQueue) hold(send *models.Outgoing) (tries int) {
	h := q.holdOf(send)
	h.tries++
	h.until = time.Now().Add(h.pause.NextBackOff())
	return h.tries
}

// holdOf gives the hold of a message's chat, made if there is none.
func (q *sendQueue) holdOf(send *models.Outgoing) *hold {
	h := q.holds[send.Message.ChatID]
	if h == nil {
		h = &hold{pause: backOff(q.session.service.cfg.Timing.SendRetry, maxSendPause)}
		q.holds[send.Message.ChatID] = h
	}
	return h
}

// drop lets go of a message that must not be sent any more; if it is to be after
// all, the database says so.
func (q *sendQueue) drop(waMessageID string) {
	q.first = slices.DeleteFunc(q.first, func(o *models.Outgoing) bool { return o.WAMessageID() == waMessageID })
	q.page = slices.DeleteFunc(q.page, func(o models.Outgoing) bool { return o.WAMessageID() == waMessageID })
	q.more = true
}

// try sends a message and sees to its outcome; tried is false when it did not come
// to that. One whose file is not at WhatsApp's yet, or before which typing is to be
// shown, holds its chat until that is done.
func (q *sendQueue) try(ctx context.Context, send *models.Outgoing) (tried bool) {
	if send.ExpiresAt != 0 && send.Attempts == 0 && models.Now() >= send.ExpiresAt {
		if q.begin(send.WAMessageID()) {
			q.failed(ctx, send, expired())
		}
		return false
	}
	if q.bringFirst(ctx, send) || q.typeFirst(ctx, send) {
		return false
	}
	delete(q.typed, send.ID)
	if !q.begin(send.WAMessageID()) {
		return false
	}
	to, err := types.ParseJID(send.Recipient)
	message := &waE2E.Message{}
	if err == nil {
		err = proto.Unmarshal(send.Content, message)
	}
	if err != nil {
		q.failed(ctx, send, err)
		return true
	}
	if !q.announce(ctx, send) {
		q.rested(send.WAMessageID())
		q.hold(send)
		return false
	}
	answer, err := q.attempt(ctx, send, to, message)
	if ctx.Err() != nil && err != nil {
		q.unknown(ctx, send)
		return true
	}
	q.conclude(ctx, send, answer, err)
	return true
}

// announce counts the first try of a message that expires before it is made: should
// the process die over it, the next one must not give up what may have left.
func (q *sendQueue) announce(ctx context.Context, send *models.Outgoing) bool {
	q.announced = ""
	if send.ExpiresAt == 0 || mayHaveLeft(send) {
		return true
	}
	ctx, cancel := storing(ctx)
	defer cancel()
	if err := q.session.service.db.Outgoing.Attempted(ctx, send); err != nil {
		q.session.log.ErrorContext(ctx, "counting a try failed", "outbox_id", send.ID, "error", err)
		return false
	}
	q.announced = send.ID
	return true
}

// attempt hands a message to WhatsApp and waits for the answer, or for the end of
// the link. The request itself goes on then: see [ask].
func (q *sendQueue) attempt(ctx context.Context, send *models.Outgoing, to types.JID, message *waE2E.Message) (whatsmeow.SendResponse, error) {
	timing := q.session.service.cfg.Timing
	// Twice: once to prepare it, or to see the connection back, and once for the answer.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*timing.Send)
	type outcome struct {
		answer whatsmeow.SendResponse
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer cancel()
		var o outcome
		o.answer, o.err = guarded(asking, q.link.client, func(ctx context.Context, cli *whatsmeow.Client) (whatsmeow.SendResponse, error) {
			return cli.SendMessage(ctx, to, message, whatsmeow.SendRequestExtra{
				ID: send.WAMessageID(), Timeout: timing.Send, MediaHandle: send.MediaHandle,
			})
		})
		done <- o
	}()
	select {
	case o := <-done:
		return o.answer, o.err
	case <-ctx.Done():
		return whatsmeow.SendResponse{}, errLinkEnded
	}
}
