package stream

import (
	"context"
	"sync"

	"wagateway/models/eventlog"
	"wagateway/models/fault"
)

// Request says what a caller wants to hear, and may.
type Request struct {
	eventlog.Filter

	After string // an event's id, to continue behind it; "" = only what happens from now on
}

// Stream is an open stream. Its methods belong to one goroutine, but for Close.
type Stream struct {
	events *eventlog.Subscription
	first  string // the id of the event before the first, when the caller gave none
	close  func()
}

// Open begins a stream: it replays what came after request.After, then goes live,
// without a gap or a repeat. Close it. It does not wait for events; no goroutine
// runs for it.
func Open(ctx context.Context, log *eventlog.Log, slots *Slots, request Request) (*Stream, error) {
	if err := slots.take(request.Organization); err != nil {
		return nil, err
	}
	s, err := open(ctx, log, request)
	if err != nil {
		slots.give(request.Organization)
		return nil, err
	}
	s.close = sync.OnceFunc(func() {
		s.events.Stop()
		slots.give(request.Organization)
	})
	return s, nil
}

func open(ctx context.Context, log *eventlog.Log, request Request) (*Stream, error) {
	var (
		s     = Stream{first: request.After}
		after eventlog.Position
		err   error
	)
	if request.After != "" {
		after, err = log.Find(ctx, request.Organization, request.After)
	} else {
		after, s.first, err = now(ctx, log, request.Organization)
	}
	if err != nil {
		return nil, err
	}
	s.events, err = log.Subscribe(ctx, request.Filter, after)
	return &s, err
}

// now gives where the log ends, and the id of the event there, "" in an empty log.
func now(ctx context.Context, log *eventlog.Log, organization string) (eventlog.Position, string, error) {
	info, err := log.Info(ctx, organization)
	if err != nil || info.Events == 0 {
		return info.Last, "", err
	}
	last, _, err := log.Read(ctx, eventlog.Filter{Organization: organization}, info.Last-1, 1)
	if fault.Is(err, fault.Validation) { // retention took it in this moment
		return info.Last, "", nil
	}
	if err != nil || len(last) == 0 {
		return info.Last, "", err
	}
	return last[0].Seq, last[0].ID, nil
}

// Next waits for the next event. It fails with ctx's error when that ends first,
// and can be called again then; with cursor_expired when the log dropped what was
// to come next; with Unavailable when the log is closed.
func (s *Stream) Next(ctx context.Context) (eventlog.Event, error) { return s.events.Next(ctx) }

// Ready gives the next event if one is at hand: to write several at once.
func (s *Stream) Ready() (event eventlog.Event, ok bool, err error) { return s.events.Ready() }

// Cursor is the id to continue behind: that of the last event that was given or
// passed over, "" when there was none yet in the log.
func (s *Stream) Cursor() string {
	if id := s.events.LastID(); id != "" {
		return id
	}
	return s.first
}

// Close ends the stream and a Next that waits. It may be called again, from any
// goroutine.
func (s *Stream) Close() { s.close() }
