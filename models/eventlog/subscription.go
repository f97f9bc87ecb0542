package eventlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wagateway/models/fault"
)

// readAhead is how many events a reader that is behind holds in memory at most:
// about a quarter of a mebibyte of usual events.
const readAhead = 128

// Subscription is one reader of an organization's log. Next and Position belong
// to one goroutine; Stop it, from any.
type Subscription struct {
	log    *Log
	filter Filter
	tail   *tail
	last   Position // given or passed over
	lastID string   // of the event there; "" none yet
	ahead  []Event  // read, not given yet
	taken  []Event  // the memory of ahead, when it came from the tail

	stopOnce sync.Once
	stopped  chan struct{}
}

// Subscribe reads the events after a position: first those that are kept, then
// those that come, with no gap and no repeat. A slow reader is paced from the
// log, never from memory: it holds readAhead events at most. A position older than the
// retention is cursor_expired; 0 begins with what is kept. An organization that
// has no event yet is waited for.
//
// The whole organization is read and chosen from here, because only without a
// filter do sequence numbers show whether retention overtook the reader.
func (l *Log) Subscribe(ctx context.Context, filter Filter, after Position) (*Subscription, error) {
	info, err := l.Info(ctx, filter.Organization)
	if err != nil {
		return nil, err
	}
	if after > info.Last {
		return nil, forgedCursor()
	}
	if info.Expired(after) {
		return nil, expiredCursor()
	}
	s := &Subscription{log: l, filter: filter, last: after, stopped: make(chan struct{})}
	if after == 0 && info.First > 0 {
		if s.last, s.ahead, err = l.beginning(ctx, filter.Organization, info); err != nil {
			return nil, err
		}
	}
	if s.tail, err = l.follow(filter.Organization, info); err != nil {
		return nil, err
	}
	return s, nil
}

// beginning reads the first events that are kept, so that retention, which may
// be at work, does not expire a reader before it has begun.
func (l *Log) beginning(ctx context.Context, organization string, info Info) (before Position, events []Event, err error) {
	before = info.First - 1
	events, _, err = l.page(ctx, organization, before, readAhead)
	if len(events) > 0 {
		before = events[0].Seq - 1
	}
	return before, events, err
}

// Next waits for the next event that the filter chooses. It fails with the
// context's error when that ends first, cursor_expired when retention overtook
// the reader, and Unavailable when the log or the subscription is closed. While
// the log is away it waits.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for {
		event, ok, err := s.Ready()
		if ok || err != nil {
			return event, err
		}
		if err := s.fill(ctx); err != nil {
			return Event{}, err
		}
	}
}

// Ready gives the next event without waiting, if one is at hand: for who writes
// several at once. That there is none says nothing about the log.
func (s *Subscription) Ready() (event Event, ok bool, err error) {
	for len(s.ahead) > 0 {
		event := s.ahead[0]
		s.ahead[0] = Event{} // so that who waits for long holds none in memory
		s.ahead = s.ahead[1:]
		if event.Seq != s.last+1 {
			return Event{}, false, expiredCursor()
		}
		s.last = event.Seq
		if event.ID != "" {
			s.lastID = event.ID
		}
		if s.filter.matches(event) {
			return event, true, nil
		}
	}
	return Event{}, false, nil
}

// Position is that of the last event that Next gave or passed over: a cursor to
// store, which moves on even when the filter chooses nothing.
func (s *Subscription) Position() Position { return s.last }

// LastID is the id of the event at Position, "" before the first.
func (s *Subscription) LastID() string { return s.lastID }

// Stop ends the subscription and a Next that waits. It may be called again.
func (s *Subscription) Stop() {
	s.stopOnce.Do(func() {
		close(s.stopped)
		s.tail.leave()
	})
}

// fill waits until some events are ahead.
func (s *Subscription) fill(ctx context.Context) error {
	for {
		if err := s.ended(ctx); err != nil {
			return err
		}
		if s.taken == nil {
			s.taken = make([]Event, 0, handful)
		}
		now := s.tail.after(s.last, s.taken)
		switch {
		case now.gone:
			return expiredCursor()
		case len(now.events) > 0:
			s.ahead = now.events
			return nil
		case now.moved != nil:
			select {
			case <-now.moved:
			case <-ctx.Done():
			case <-s.stopped:
			case <-s.log.life.Done():
			}
		default:
			return s.catchUp(ctx)
		}
	}
}

// catchUp reads a page of the log, again and again while that is away.
func (s *Subscription) catchUp(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 20*time.Millisecond, 2*time.Second
	for {
		events, _, err := s.log.page(ctx, s.filter.Organization, s.last, readAhead)
		if ended := s.ended(ctx); ended != nil {
			return ended
		}
		if err == nil && len(events) > 0 {
			s.ahead = events
			return nil
		}
		if err == nil { // the tail is further, so there was more
			var info Info
			if info, err = s.log.Info(ctx, s.filter.Organization); err == nil && info.Expired(s.last) {
				return expiredCursor()
			}
		}
		if err != nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
		select {
		case <-time.After(wait.NextBackOff()):
		case <-ctx.Done():
		case <-s.stopped:
		case <-s.log.life.Done():
		}
	}
}

func (s *Subscription) ended(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("waiting for an event: %w", ctx.Err())
	case <-s.stopped:
		return Down(errors.New("the subscription was stopped"))
	case <-s.log.life.Done():
		return Down(errors.New("the event log is closed"))
	default:
		return nil
	}
}

// Read gives up to limit of the events that are kept after a position, and the
// position to go on from: that of the last event looked at, so that a page may
// be short of limit only at the end of the log. Cursors fail as in Subscribe.
func (l *Log) Read(ctx context.Context, filter Filter, after Position, limit int) ([]Event, Position, error) {
	info, err := l.Info(ctx, filter.Organization)
	if err != nil {
		return nil, 0, err
	}
	if after > info.Last {
		return nil, 0, forgedCursor()
	}
	if info.Expired(after) {
		return nil, 0, expiredCursor()
	}
	var (
		events []Event
		gap    bool
		begins = after == 0
	)
	if begins && info.First > 0 {
		after = info.First - 1
	}
	if limit <= 0 {
		return nil, after, nil
	}
	at, size := after, pageEvents
	if filter.Session == "" && len(filter.Names) == 0 {
		size = limit
	}
	err = l.span(ctx, filter.Organization, after, info, size, func(event Event) bool {
		if gap = event.Seq != at+1 && !begins; gap {
			return false
		}
		at, begins = event.Seq, false
		if filter.matches(event) {
			events = append(events, event)
		}
		return len(events) < limit
	})
	if err != nil {
		return nil, 0, err
	}
	if gap || at == after && at < info.Last && !begins {
		return nil, 0, expiredCursor()
	}
	return events, at, nil
}

func expiredCursor() *fault.Error {
	return fault.New(fault.Validation, fault.ReasonCursorExpired, "the cursor is older than the events that are kept")
}

func forgedCursor() *fault.Error {
	return fault.New(fault.Validation, fault.ReasonInvalidCursor, "the cursor is not one of this list")
}
