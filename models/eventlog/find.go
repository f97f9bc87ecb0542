package eventlog

import (
	"context"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// skew is how far the times in event ids may stand out of order in a log: clocks
// of several gateways differ, clocks are set, and an id is made some time before
// its transaction ends.
const skew = 10 * time.Second

// Find gives the position of an event by its id, to resume after it. An id from
// before what is kept is cursor_expired; one that never was, or is another
// organization's, invalid_cursor.
//
// The newest events are known by heart. For others the time in the id says where
// to look, by bisection, so that an id that never was costs no more than a look
// at the events of those seconds.
func (l *Log) Find(ctx context.Context, organization, eventID string) (Position, error) {
	made, ok := idTime(eventID)
	if !ok {
		return 0, forgedCursor()
	}
	l.mu.Lock()
	t := l.tails[organization]
	l.mu.Unlock()
	if t != nil {
		if at, ok := t.find(eventID); ok {
			return at, nil
		}
	}
	info, err := l.Info(ctx, organization)
	if err != nil {
		return 0, err
	}
	at, first, err := l.scan(ctx, organization, info, made, eventID)
	if err != nil || at > 0 {
		return at, err
	}
	gone := info.First > 1
	if gone && (info.Events == 0 || !made.After(first.Add(skew))) {
		return 0, expiredCursor()
	}
	return 0, forgedCursor()
}

// scan looks for an event by its id and the time when that was made; 0 when the
// log does not keep it. It also tells when the first of what is kept was made.
//
// Ids are nearly always in order, so it looks at the neighbours first, and at
// all that may stand out of order only then.
func (l *Log) scan(ctx context.Context, organization string, info Info, made time.Time, id string) (found Position, first time.Time, err error) {
	if info.Events == 0 {
		return 0, first, nil
	}
	near, first, err := l.bisect(ctx, organization, info, func(other string) bool { return other < id })
	if err != nil || first.After(made.Add(skew)) {
		return 0, first, err
	}
	neighbours, _, err := l.page(ctx, organization, near-min(near, pageEvents/4), pageEvents)
	if err != nil {
		return 0, first, err
	}
	for _, event := range neighbours {
		if event.ID == id {
			return event.Seq, first, nil
		}
	}
	after, _, err := l.bisect(ctx, organization, info, madeBefore(made.Add(-skew)))
	if err != nil {
		return 0, first, err
	}
	err = l.span(ctx, organization, after, info, pageEvents, func(event Event) bool {
		if event.ID == id {
			found = event.Seq
		}
		at, ok := idTime(event.ID)
		return found == 0 && (!ok || !at.After(made.Add(skew)))
	})
	return found, first, err
}

// bisect gives the last position whose event is early, given that the early ones
// stand before all others. It also tells when the first of what is kept was made.
func (l *Log) bisect(ctx context.Context, organization string, info Info, early func(id string) bool) (Position, time.Time, error) {
	var first time.Time
	low, high := info.First-1, info.Last // the answer is one of these or between
	for mid := info.First; ; mid = low + 1 + (high-low-1)/2 {
		events, _, err := l.page(ctx, organization, mid-1, 1)
		if err != nil {
			return 0, time.Time{}, err
		}
		lower := true // what is gone, or not ours, is passed over
		if len(events) > 0 && events[0].ID != "" {
			lower = early(events[0].ID)
			if mid == info.First {
				first, _ = idTime(events[0].ID)
			}
		}
		if lower {
			low = mid
		} else {
			high = mid - 1
		}
		if low >= high {
			return min(low, info.Last), first, nil
		}
	}
}

// madeBefore is early for ids that were made before a time.
func madeBefore(at time.Time) func(id string) bool {
	return func(id string) bool {
		made, ok := idTime(id)
		return !ok || made.Before(at)
	}
}

func idTime(eventID string) (time.Time, bool) {
	if !idShape.MatchString(eventID) {
		return time.Time{}, false
	}
	id, err := ulid.ParseStrict(strings.TrimPrefix(eventID, "evt_"))
	return ulid.Time(id.Time()), err == nil
}
