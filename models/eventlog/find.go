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
	found, first, err := l.scan(ctx, organization, info, made, made, map[string]bool{eventID: true})
	if err != nil {
		return 0, err
	}
	if at, ok := found[eventID]; ok {
		return at, nil
	}
	gone := info.First > 1
	if gone && (info.Events == 0 || !made.After(first.Add(skew))) {
		return 0, expiredCursor()
	}
	return 0, forgedCursor()
}

// scan looks for event ids that were made between two times in what the log
// keeps up to info.Last. It also tells when the first of what is kept was made.
func (l *Log) scan(ctx context.Context, organization string, info Info, from, to time.Time, ids map[string]bool) (map[string]Position, time.Time, error) {
	found := make(map[string]Position, len(ids))
	if info.Events == 0 {
		return found, time.Time{}, nil
	}
	after, first, err := l.bisect(ctx, organization, info, from.Add(-skew))
	if err != nil || first.After(to.Add(skew)) {
		return found, first, err
	}
	until := to.Add(skew)
	err = l.span(ctx, organization, after, info, pageEvents, func(event Event) bool {
		if ids[event.ID] {
			found[event.ID] = event.Seq
		}
		made, ok := idTime(event.ID)
		return len(found) < len(ids) && (!ok || !made.After(until))
	})
	return found, first, err
}

// bisect gives a position that is before every event made at a time or later,
// given that ids are in order but for skew, which the caller has taken off. It
// also tells when the first of what is kept was made.
func (l *Log) bisect(ctx context.Context, organization string, info Info, from time.Time) (Position, time.Time, error) {
	var first time.Time
	low, high := info.First-1, info.Last // low is before from, as far as is known; the answer lies in [low, high)
	for mid := info.First; ; mid = low + 1 + (high-low-1)/2 {
		events, _, err := l.page(ctx, organization, mid-1, 1)
		if err != nil {
			return 0, time.Time{}, err
		}
		early := true // what is gone, or not ours, is passed over
		if len(events) > 0 {
			if made, ok := idTime(events[0].ID); ok {
				early = made.Before(from)
				if mid == info.First {
					first = made
				}
			}
		}
		if early {
			low = mid
		} else {
			high = mid - 1
		}
		if low >= high {
			return min(low, info.Last), first, nil
		}
	}
}

func idTime(eventID string) (time.Time, bool) {
	if !idShape.MatchString(eventID) {
		return time.Time{}, false
	}
	id, err := ulid.ParseStrict(strings.TrimPrefix(eventID, "evt_"))
	return ulid.Time(id.Time()), err == nil
}
