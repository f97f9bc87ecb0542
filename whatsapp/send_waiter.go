package whatsapp

import (
	"context"
	"slices"
	"sync"
	"time"

	"wagateway/models"
)

// sender is what a session has to send and who waits for it, as far as it is in
// memory; the queue itself is in the database. Callers and the session's owner
// use it, and the goroutine that sends (see send_queue.go). It is safe for
// concurrent use.
type sender struct {
	rate sendRate
	wake chan struct{} // holds a token when there is something to look at
	turn chan struct{} // held by the goroutine that sends
	// recalled says that rate knows what was sent before; guarded by turn.
	recalled bool

	mu      sync.Mutex // guards what follows; a leaf
	open    bool       // the session runs
	news    sendNews
	waiters map[string]*waiter // by WhatsApp's id of the message
	// withdrawn are the messages, by WhatsApp's id, that must not be sent any more,
	// until that is stored.
	withdrawn map[string]bool
	// trying are the messages, by WhatsApp's id, that have been tried and may have
	// left.
	trying map[string]bool
}

// sendNews is what the goroutine that sends has not looked at yet.
type sendNews struct {
	offered []*models.Outgoing // by callers who wait, and have paid
	queued  bool               // there may be more in the database
	timed   bool               // a scheduled one is among it
	back    bool               // the session has logged in
	// done are outcomes of what was begun elsewhere, to be seen to by the goroutine
	// that sends.
	done []func(*sendQueue)
}

// waiter is a caller who waits for the outcome of a send, and has taken its token.
type waiter struct {
	sendID string // its own id, once it is stored
	tried  bool   // it may have left
	answer chan sendAnswer
}

// sendAnswer is what a waiting caller is told.
type sendAnswer struct {
	verdict verdict
	send    *models.Outgoing // with verdictResolved
}

type verdict int

const (
	verdictResolved  verdict = iota // send has the outcome
	verdictLook                     // the outcome is in the database
	verdictWithdrawn                // it has not left, and will not
	verdictOpen                     // it is not known, the gateway goes on
)

func newSender(row *models.Session) *sender {
	q := &sender{
		wake: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		waiters: make(map[string]*waiter), withdrawn: make(map[string]bool),
		trying: make(map[string]bool),
	}
	q.rate.set(time.Now(), row.RatePerMin, row.RatePerHour)
	return q
}

// limit takes over the session's limits.
func (q *sender) limit(row *models.Session) {
	if q.rate.set(time.Now(), row.RatePerMin, row.RatePerHour) {
		q.poke()
	}
}

// poke makes the goroutine that sends look again.
func (q *sender) poke() {
	select {
	case q.wake <- struct{}{}:
	default: // it will
	}
}

// enter waits until nobody else sends; false when ctx ends first.
func (q *sender) enter(ctx context.Context) bool {
	select {
	case q.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (q *sender) leave() { <-q.turn }

// expect lets a caller wait for a message that is about to be stored; false when
// the session does not run. It must be before the message can be found in the
// database.
func (q *sender) expect(waMessageID string) (*waiter, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.open {
		return nil, false
	}
	w := &waiter{answer: make(chan sendAnswer, 1)}
	q.waiters[waMessageID] = w
	return w, true
}

// forget ends the waiting for a message.
func (q *sender) forget(waMessageID string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.waiters, waMessageID)
}

// offer hands over a message that somebody waits for and that is stored.
func (q *sender) offer(send *models.Outgoing) {
	q.mu.Lock()
	if w := q.waiters[send.WAMessageID()]; w != nil {
		w.sendID = send.ID
	}
	q.news.offered = append(q.news.offered, send)
	q.mu.Unlock()
	q.poke()
}

// added tells that there is a message more in the database, which may be scheduled.
func (q *sender) added(scheduled bool) {
	q.mu.Lock()
	q.news.queued, q.news.timed = true, q.news.timed || scheduled
	q.mu.Unlock()
	q.poke()
}

// ready tells that the session has logged in.
func (q *sender) ready() {
	q.mu.Lock()
	q.open, q.news.queued, q.news.back = true, true, true
	q.mu.Unlock()
	q.poke()
}

// finish has the goroutine that sends see to something.
func (q *sender) finish(work func(*sendQueue)) {
	q.mu.Lock()
	q.news.done = append(q.news.done, work)
	q.mu.Unlock()
	q.poke()
}

// cancel takes a queued message back that nobody waits for and that is not being
// tried; false when it is too late.
func (q *sender) cancel(waMessageID string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiters[waMessageID] != nil || q.trying[waMessageID] {
		return false
	}
	q.withdrawn[waMessageID] = true
	return true
}

// resolved tells that receipts have resolved sends, by their own ids: whoever
// waits looks for themselves.
func (q *sender) resolved(ids []string) {
	if len(ids) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.waiters {
		if slices.Contains(ids, w.sendID) {
			w.tell(sendAnswer{verdict: verdictLook})
		}
	}
}

// close tells those who wait that the session does not run any more. What has not
// been tried is withdrawn; the rest stays queued.
func (q *sender) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open = false
	q.news.offered = nil
	for id, w := range q.waiters {
		answer := sendAnswer{verdict: verdictOpen}
		if !w.tried {
			answer.verdict = verdictWithdrawn
			q.withdrawn[id] = true
		}
		w.tell(answer)
		delete(q.waiters, id)
	}
}

// withdraw takes a message back that has not been tried; false when it is too late.
func (q *sender) withdraw(waMessageID string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.waiters[waMessageID]
	if w == nil || w.tried {
		return false
	}
	q.withdrawn[waMessageID] = true
	delete(q.waiters, waMessageID)
	return true
}

// buried tells that the outcome of a withdrawn message is stored. The goroutine that
// sends may hold it still: only when that has let go of it is it forgotten.
func (q *sender) buried(waMessageID string) {
	q.finish(func(sending *sendQueue) {
		sending.drop(waMessageID)
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.withdrawn, waMessageID)
	})
}

// rested tells that a try has ended, and that the message certainly has not left.
func (q *sender) rested(waMessageID string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.trying, waMessageID)
}

// look gives what is new since the last look.
func (q *sender) look() sendNews {
	q.mu.Lock()
	defer q.mu.Unlock()
	news := q.news
	q.news = sendNews{}
	return news
}

// awaited reports whether somebody waits for a message, who has paid for it.
func (q *sender) awaited(waMessageID string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiters[waMessageID] != nil
}

// begin is the start of a try; false when the message must not be sent any more.
func (q *sender) begin(waMessageID string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w := q.waiters[waMessageID]; w != nil {
		w.tried = true
	}
	if q.withdrawn[waMessageID] {
		return false
	}
	q.trying[waMessageID] = true
	return true
}

// end tells the outcome of a message to whoever waits for it.
func (q *sender) end(send *models.Outgoing) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.trying, send.WAMessageID())
	if w := q.waiters[send.WAMessageID()]; w != nil {
		w.tell(sendAnswer{verdict: verdictResolved, send: send})
		delete(q.waiters, send.WAMessageID())
	}
}

// tell answers; a later answer replaces one that was not heard yet. The sender's
// mutex is held, so nobody else writes.
func (w *waiter) tell(answer sendAnswer) {
	select {
	case <-w.answer:
	default:
	}
	w.answer <- answer
}
