package webhook

import (
	"container/heap"
	"time"

	"wagateway/models"
	"wagateway/models/eventlog"
)

// item is an event on its way to one endpoint.
type item struct {
	delivery models.Delivery // the line of the ledger that it has or will have
	body     []byte          // the envelope, shared with the log's other readers
	read     time.Time
	stored   bool // a line of the ledger says that it waits
	loaded   bool // it came from the ledger
	settled  bool // the position may pass it
}

func newItem(webhookID string, event eventlog.Event, body []byte, now time.Time) *item {
	return &item{read: now, body: body, delivery: pendingDelivery(webhookID, event)}
}

// pendingDelivery is the line of an event that waits and was not tried.
func pendingDelivery(webhookID string, event eventlog.Event) models.Delivery {
	return models.Delivery{
		WebhookID: webhookID, EventID: event.ID, Event: event.Name, SessionID: event.Session, EventKey: event.Key,
		EventAt: models.Millis(event.At), Position: int64(event.Seq), Status: models.DeliveryPending,
	}
}

func laneOf(d *models.Delivery) models.Lane {
	return models.Lane{SessionID: d.SessionID, EventKey: d.EventKey}
}

// lane holds the events of one key in order. It is in one place at a time: at
// work (sending or loading), in a queue of lanes that are ready, among those that
// wait for a time, or empty and forgotten.
type lane struct {
	key    models.Lane
	items  []*item
	parked bool      // more may wait in the ledger, behind the items
	growth int       // rises when something is parked
	due    time.Time // not before; zero: now
	tried  bool      // the first has failed before, so its time is the policy's
	failed time.Time // when it failed last
	probed bool      // was a probe since the breaker opened
	hasty  bool      // is tried before its time, because the endpoint is back

	working bool
	queued  bool // ready
	saved   int  // the commit that holds its last line
	index   int  // in waiting; -1: not there
}

// waiting is a heap of lanes by time.
type waiting []*lane

var _ heap.Interface = (*waiting)(nil)

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, j int) bool { return w[i].due.Before(w[j].due) }
func (w waiting) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].index, w[j].index = i, j
}

// Push is for package heap.
func (w *waiting) Push(x any) {
	l, _ := x.(*lane)
	l.index = len(*w)
	*w = append(*w, l)
}

// Pop is for package heap.
func (w *waiting) Pop() any {
	last := len(*w) - 1
	l := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	l.index = -1
	return l
}

// place puts a lane where it belongs after a change.
func (e *endpoint) place(l *lane, now time.Time) {
	if l.working || l.queued {
		return
	}
	if l.index >= 0 {
		heap.Remove(&e.waiting, l.index)
	}
	switch {
	case len(l.items) == 0 && !l.parked:
		delete(e.lanes, l.key)
	case l.due.After(now):
		heap.Push(&e.waiting, l)
	case l.tried:
		push(&e.retries, l)
	case len(l.items) > 0:
		push(&e.fresh, l)
	default:
		push(&e.stored, l)
	}
}

func (e *endpoint) lane(key models.Lane) *lane {
	l, ok := e.lanes[key]
	if !ok {
		l = &lane{key: key, index: -1}
		e.lanes[key] = l
	}
	return l
}

// wakeDue makes those lanes ready whose time has come.
func (e *endpoint) wakeDue(now time.Time) {
	for len(e.waiting) > 0 && !e.waiting[0].due.After(now) {
		l := e.waiting[0]
		heap.Remove(&e.waiting, 0)
		e.place(l, now)
	}
}

// hasten lets the lanes that failed since a time be tried now, whatever the
// policy says of their next attempt.
func (e *endpoint) hasten(since, now time.Time) {
	for _, l := range e.lanes {
		if l.failed.IsZero() || l.failed.Before(since) {
			continue
		}
		l.hasty, l.due = true, time.Time{}
		e.place(l, now)
	}
}

func push(queue *[]*lane, l *lane) {
	l.queued = true
	*queue = append(*queue, l)
}

// takeOut takes a lane out of a queue of ready ones.
func takeOut(queue *[]*lane, i int) *lane {
	l := (*queue)[i]
	*queue = append((*queue)[:i], (*queue)[i+1:]...)
	l.queued = false
	return l
}

// pop takes the first of a queue of ready lanes.
func pop(queue *[]*lane) *lane {
	l := (*queue)[0]
	(*queue)[0] = nil
	*queue = (*queue)[1:]
	l.queued = false
	return l
}
