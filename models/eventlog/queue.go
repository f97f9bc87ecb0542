package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// queue is what a relay has for one organization's log.
type queue struct {
	organization string
	messages     []*nats.Msg
	end          Position // where the log ends
	sure         bool     // that it does, and that none of the messages is before

	done    []string // ids that are in the log
	refused string   // an id that never will be
	reason  error
}

// drain puts a queue into the log, up to the first event that fails. One that
// can never be logged is no failure: it is marked, and what follows it is left
// for the next time.
func (l *Log) drain(ctx context.Context, q *queue) error {
	if !q.sure {
		if err := l.look(ctx, q); err != nil {
			return err
		}
	}
	n, err := l.put(ctx, q.organization, q.messages, &q.end)
	for _, msg := range q.messages[:n] {
		q.done = append(q.done, messageID(msg))
	}
	if errors.Is(err, ErrUnloggable) {
		q.refused, q.reason = messageID(q.messages[n]), err
		return nil
	}
	return err
}

// look finds the end of the log, and the messages that stand before it.
//
// They can only be among the newest events, whatever clocks say, unless another
// process wrote many since; then their ids' times lead to them.
func (l *Log) look(ctx context.Context, q *queue) error {
	info, err := l.Info(ctx, q.organization)
	if err != nil {
		return err
	}
	wanted := make(map[string]bool, len(q.messages))
	oldest := time.Now()
	for _, msg := range q.messages {
		id := messageID(msg)
		wanted[id] = true
		if made, _ := idTime(id); made.Before(oldest) { // message has checked the id's shape
			oldest = made
		}
	}
	q.end, q.sure = info.Last, true
	if info.Events == 0 {
		return nil
	}
	after, _, err := l.bisect(ctx, q.organization, info, oldest.Add(-skew))
	if err != nil {
		return err
	}
	there := map[string]bool{}
	after = min(after, info.Last-min(info.Last, 4*relayBatch))
	err = l.span(ctx, q.organization, after, info, pageEvents, func(event Event) bool {
		if wanted[event.ID] {
			there[event.ID] = true
		}
		return len(there) < len(wanted)
	})
	if err != nil {
		return err
	}
	fresh := q.messages[:0]
	for _, msg := range q.messages {
		if id := messageID(msg); there[id] {
			q.done = append(q.done, id)
		} else {
			fresh = append(fresh, msg)
		}
	}
	q.messages = fresh
	return nil
}

func messageID(msg *nats.Msg) string { return msg.Header.Get(jetstream.MsgIDHeader) }
