package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// place is what a relay knows about the end of one organization's log.
type place struct {
	end    Position        // nothing stands behind it, unless another relay is at work
	seen   map[string]bool // ids at the end of the log that may be in the outbox still
	looked time.Time       // when that was so; events made later are not among them
}

// queue is what a relay has for one organization's log.
type queue struct {
	organization string
	messages     []*nats.Msg
	place        *place // nil when it is not known

	done    []string // ids that are in the log
	refused string   // an id that never will be
	reason  error
	failure error // of the log; what is done is done
}

// drain puts a queue into the log, up to the first event that fails. One that
// can never be logged is no failure: it is marked, and what follows it is left
// for the next time.
func (l *Log) drain(ctx context.Context, q *queue) error {
	oldest := q.oldest()
	if q.place == nil {
		known, err := l.look(ctx, q.organization, oldest)
		if err != nil {
			return err
		}
		q.place = known
	}
	if oldest.After(q.place.looked.Add(skew)) {
		q.place.seen = nil
	}
	q.sift()
	n, err := l.put(ctx, q.organization, q.messages, &q.place.end)
	for _, msg := range q.messages[:n] {
		q.done = append(q.done, messageID(msg))
	}
	if errors.Is(err, ErrUnloggable) {
		q.refused, q.reason = messageID(q.messages[n]), err
		return nil
	}
	return err
}

func (q *queue) oldest() time.Time {
	oldest := time.Now()
	for _, msg := range q.messages {
		if made, _ := idTime(messageID(msg)); made.Before(oldest) { // message has checked the id's shape
			oldest = made
		}
	}
	return oldest
}

// sift takes out what is in the log already.
func (q *queue) sift() {
	fresh := q.messages[:0]
	for _, msg := range q.messages {
		if id := messageID(msg); q.place.seen[id] {
			q.done = append(q.done, id)
		} else {
			fresh = append(fresh, msg)
		}
	}
	q.messages = fresh
}

// look finds the end of the log, and the ids before it that may be of events in
// an outbox whose oldest was made at a time.
//
// They can only be among the newest events, whatever clocks say, unless another
// process wrote many since; then their ids' times lead to them.
func (l *Log) look(ctx context.Context, organization string, oldest time.Time) (*place, error) {
	now := time.Now()
	info, err := l.Info(ctx, organization)
	if err != nil {
		return nil, err
	}
	found := &place{end: info.Last, seen: map[string]bool{}, looked: now}
	if info.Events == 0 {
		return found, nil
	}
	after, _, err := l.bisect(ctx, organization, info, madeBefore(oldest.Add(-skew)))
	if err != nil {
		return nil, err
	}
	after = min(after, info.Last-min(info.Last, 4*relayBatch))
	err = l.span(ctx, organization, after, info, pageEvents, func(event Event) bool {
		found.seen[event.ID] = true
		return true
	})
	return found, err
}

func messageID(msg *nats.Msg) string { return msg.Header.Get(jetstream.MsgIDHeader) }
