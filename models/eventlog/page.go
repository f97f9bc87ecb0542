package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A page is what is asked of the log at once: it ends with the event that passes
// pageBytes.
const (
	pageEvents = 256
	pageBytes  = 256 << 10
)

// page gives the events that are kept after a position, in order, up to limit or
// pageEvents, and whether there are more. A stream that is not there is empty.
//
// It asks by sequence number and leaves nothing behind on the server, so an
// outage or a restart of the log costs a reader no more than asking again. The
// server answers only with what is on its disk.
func (l *Log) page(ctx context.Context, organization string, after Position, limit int) (events []Event, more bool, err error) {
	limit = min(limit, pageEvents)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	question, err := json.Marshal(struct {
		Seq      Position `json:"seq"`
		Batch    int      `json:"batch"`
		MaxBytes int      `json:"max_bytes"`
	}{after + 1, limit, pageBytes})
	if err != nil {
		return nil, false, fmt.Errorf("asking for events: %w", err)
	}
	lost := l.lost()
	inbox := l.read.NewInbox()
	answers := make(chan *nats.Msg, limit+1)
	sub, err := l.read.ChanSubscribe(inbox, answers)
	if err != nil {
		return nil, false, Down(fmt.Errorf("reading events: %w", err))
	}
	defer func() { _ = sub.Unsubscribe() }() // fails only when the connection is gone
	if err = l.read.PublishRequest("$JS.API.DIRECT.GET."+streamName(organization), inbox, question); err != nil {
		return nil, false, Down(fmt.Errorf("reading events: %w", err))
	}
	for {
		var msg *nats.Msg
		select {
		case msg = <-answers:
		case <-lost:
			return nil, false, Down(errors.New("reading events: the connection was lost"))
		case <-ctx.Done():
			return nil, false, l.late(ctx, "reading events")
		}
		status := msg.Header.Get("Status")
		if told(msg, jetstream.SubjectHeader) != "" {
			status = "" // an event, whatever else stands on it
		}
		switch status {
		case "":
			event, err := decode(organization, msg)
			if err != nil {
				return nil, false, err
			}
			events = append(events, event)
		case "204": // the end of the page
			return events, told(msg, "Nats-Num-Pending") != "0", nil
		case "404": // nothing stands there
			return nil, false, nil
		case "503":
			return nil, false, l.missing(ctx, organization)
		default:
			return nil, false, Down(fmt.Errorf("reading events: the log answered %s %s", status, msg.Header.Get("Description")))
		}
	}
}

// missing tells a stream that is not there, which is no error, from a log that
// does not answer.
func (l *Log) missing(ctx context.Context, organization string) error {
	info, err := l.Info(ctx, organization)
	if err == nil && info != (Info{}) {
		err = Down(errors.New("reading events: nobody answers for the organization's stream"))
	}
	return err
}

// late sorts the end of a context: the log's patience is its own failure, and
// the caller's end is the caller's.
func (l *Log) late(ctx context.Context, doing string) error {
	if l.life.Err() != nil {
		return Down(fmt.Errorf("%s: the event log is closed", doing))
	}
	err := fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	if errors.Is(err, context.DeadlineExceeded) {
		return Down(err)
	}
	return err
}

// span hands over the events after a position, up to the last of info, in pages
// of a size, until take says that it has enough.
func (l *Log) span(ctx context.Context, organization string, after Position, info Info, size int, take func(Event) (more bool)) error {
	for after < info.Last {
		events, _, err := l.page(ctx, organization, after, size)
		if err != nil {
			return err
		}
		for _, event := range events {
			if event.Seq > info.Last || !take(event) {
				return nil
			}
			after = event.Seq
		}
		if len(events) > 0 {
			continue
		}
		// Either retention took it all meanwhile, or a replica has not caught up.
		now, err := l.Info(ctx, organization)
		if err != nil || now.First > info.Last || now.Last < info.Last {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return l.late(ctx, "reading events")
		}
	}
	return nil
}
