package eventlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"wagateway/models/fault"
)

// readAhead is how many events a reader holds in memory at most.
const readAhead = 64

// Subscription is one reader of an organization's log. It belongs to one
// goroutine; Stop it.
type Subscription struct {
	filter   Filter
	messages jetstream.MessagesContext
	last     Position // read, chosen or not
}

// Subscribe reads the events after a position: first those that are kept, then
// those that come, with no gap and no repeat. A slow reader is paced from the
// log. A position older than the retention is cursor_expired; 0 begins with
// what is kept.
//
// The whole organization is read and chosen from here, because only without a
// filter do sequence numbers show whether retention overtook the reader.
func (l *Log) Subscribe(ctx context.Context, filter Filter, after Position) (*Subscription, error) {
	if err := l.ensure(ctx, filter.Organization); err != nil {
		return nil, err
	}
	info, err := l.Info(ctx, filter.Organization)
	if err != nil {
		return nil, err
	}
	if after > info.Last {
		return nil, forgedCursor()
	}
	if after != 0 && after+1 < info.First {
		return nil, expiredCursor()
	}
	start := max(after+1, info.First)
	messages, err := l.messages(ctx, filter.Organization, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: uint64(start),
	})
	if err != nil {
		return nil, err
	}
	return &Subscription{filter: filter, messages: messages, last: start - 1}, nil
}

func (l *Log) messages(ctx context.Context, organization string, config jetstream.OrderedConsumerConfig) (jetstream.MessagesContext, error) {
	consumer, err := l.js.OrderedConsumer(ctx, streamName(organization), config)
	if err != nil {
		return nil, Down(fmt.Errorf("reading the event log: %w", err))
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(readAhead))
	if err != nil {
		return nil, Down(fmt.Errorf("reading the event log: %w", err))
	}
	return messages, nil
}

// Next waits for the next event that the filter chooses. It fails with the
// context's error when that ends first, cursor_expired when retention overtook
// the reader, and Unavailable when the log is closed. While the log is away it
// waits.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for {
		event, err := s.step(ctx)
		if err != nil || s.filter.matches(event) {
			return event, err
		}
	}
}

// Stop ends the subscription.
func (s *Subscription) Stop() { s.messages.Stop() }

func (s *Subscription) step(ctx context.Context) (Event, error) {
	msg, at, err := next(ctx, s.messages)
	if err != nil {
		return Event{}, err
	}
	if at != s.last+1 {
		return Event{}, expiredCursor()
	}
	s.last = at
	return decode(msg, at)
}

func next(ctx context.Context, messages jetstream.MessagesContext) (jetstream.Msg, Position, error) {
	msg, err := messages.Next(jetstream.NextContext(ctx))
	if err != nil {
		if ctx.Err() != nil {
			return nil, 0, fmt.Errorf("waiting for an event: %w", ctx.Err())
		}
		return nil, 0, Down(fmt.Errorf("waiting for an event: %w", err))
	}
	meta, err := msg.Metadata()
	if err != nil {
		return nil, 0, fmt.Errorf("reading an event's position: %w", err)
	}
	return msg, Position(meta.Sequence.Stream), nil
}

// Read gives up to limit of the events that are kept after a position, and the
// position to go on from: that of the last event looked at, so that a page may
// be short of limit only at the end of the log. Cursors fail as in Subscribe.
func (l *Log) Read(ctx context.Context, filter Filter, after Position, limit int) ([]Event, Position, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	info, err := l.Info(bounded, filter.Organization)
	if err != nil {
		return nil, 0, err
	}
	if after > info.Last {
		return nil, 0, forgedCursor()
	}
	if after == info.Last || info.Events == 0 && after == 0 {
		return nil, info.Last, nil
	}
	reader, err := l.Subscribe(bounded, filter, after)
	if err != nil {
		return nil, 0, err
	}
	defer reader.Stop()
	var events []Event
	for len(events) < limit && reader.last < info.Last {
		event, err := reader.step(bounded)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return nil, 0, Down(err)
		}
		if err != nil {
			return nil, 0, err
		}
		if filter.matches(event) {
			events = append(events, event)
		}
	}
	return events, reader.last, nil
}

func expiredCursor() *fault.Error {
	return fault.New(fault.Validation, fault.ReasonCursorExpired, "the cursor is older than the events that are kept")
}

func forgedCursor() *fault.Error {
	return fault.New(fault.Validation, fault.ReasonInvalidCursor, "the cursor is not one of this list")
}
