package eventlog

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Append puts events at the end of their organizations' logs, in the order
// given, and returns when all are on the disk. An event whose id was appended
// within the last ten minutes is dropped. After an error any of them may be in
// the log, each at most once: append them again.
func (l *Log) Append(ctx context.Context, events []Event) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	messages := make([]*nats.Msg, 0, len(events))
	for _, event := range events {
		msg, err := event.message()
		if err != nil {
			return err
		}
		if err = l.ensure(ctx, event.Organization); err != nil {
			return err
		}
		messages = append(messages, msg)
	}
	futures := make([]jetstream.PubAckFuture, 0, len(messages))
	for i, msg := range messages {
		future, err := l.js.PublishMsgAsync(msg, jetstream.WithExpectStream(streamName(events[i].Organization)))
		if err != nil {
			return Down(fmt.Errorf("appending event %s: %w", events[i].ID, err))
		}
		futures = append(futures, future)
	}
	for i, future := range futures {
		select {
		case <-future.Ok():
		case err := <-future.Err():
			return Down(fmt.Errorf("appending event %s: %w", events[i].ID, err))
		case <-ctx.Done():
			return Down(fmt.Errorf("appending event %s: %w", events[i].ID, ctx.Err()))
		}
	}
	return nil
}
