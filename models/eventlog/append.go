package eventlog

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Append puts events at the end of their organizations' logs, in the order
// given, and returns when all are on the disk. An event whose id was appended
// within the last ten minutes is dropped. It stops at the first event that
// fails, which may be in the log all the same: append that and the rest again.
//
// Events are published one after the other. In flight together, one could be
// stored although the one before failed, and the repeat would stand behind it;
// and it is no faster, because the log syncs each to the disk.
func (l *Log) Append(ctx context.Context, events []Event) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	messages := make([]*nats.Msg, 0, len(events))
	for _, event := range events {
		msg, err := event.message()
		if err != nil {
			return err
		}
		messages = append(messages, msg)
	}
	for i, msg := range messages {
		if err := l.ensure(ctx, events[i].Organization); err != nil {
			return err
		}
		if _, err := l.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(streamName(events[i].Organization))); err != nil {
			return Down(fmt.Errorf("appending event %s: %w", events[i].ID, err))
		}
	}
	return nil
}
