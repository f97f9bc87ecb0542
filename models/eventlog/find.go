package eventlog

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/oklog/ulid/v2"
)

// skew is how far the clock that made an event's id may be ahead of the log's.
const skew = time.Minute

// Find gives the position of an event by its id, to resume after it. An id from
// before what is kept is cursor_expired; one that never was, or is another
// organization's, invalid_cursor.
//
// The time in the id says where to look; from there the log is scanned, headers
// only, so an id that was just given out costs little.
func (l *Log) Find(ctx context.Context, organization, eventID string) (Position, error) {
	if !idShape.MatchString(eventID) {
		return 0, forgedCursor()
	}
	info, err := l.Info(ctx, organization)
	if err != nil {
		return 0, err
	}
	made, err := idTime(eventID)
	if err != nil {
		return 0, forgedCursor()
	}
	found, err := l.scan(ctx, organization, info, made, map[string]bool{eventID: true})
	if err != nil {
		return 0, err
	}
	if at, ok := found[eventID]; ok {
		return at, nil
	}
	if gone := info.First > 1; gone && (info.Events == 0 || !made.Add(-skew).After(time.UnixMilli(info.FirstAt))) {
		return 0, expiredCursor()
	}
	return 0, forgedCursor()
}

// scan looks for event ids in what was appended since a time, up to info.Last.
func (l *Log) scan(ctx context.Context, organization string, info Info, since time.Time, ids map[string]bool) (map[string]Position, error) {
	found := make(map[string]Position, len(ids))
	from := since.Add(-skew)
	if info.Events == 0 || from.UnixMilli() >= info.LastAt {
		return found, nil // nothing is there, and nothing to wait for
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	messages, err := l.messages(bounded, organization, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &from, HeadersOnly: true,
	})
	if err != nil {
		return nil, err
	}
	defer messages.Stop()
	for len(found) < len(ids) {
		msg, at, err := next(bounded, messages)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return nil, Down(err)
		}
		if err != nil {
			return nil, err
		}
		if id := msg.Headers().Get(jetstream.MsgIDHeader); ids[id] {
			found[id] = at
		}
		if at >= info.Last {
			break
		}
	}
	return found, nil
}

func idTime(eventID string) (time.Time, error) {
	id, err := ulid.ParseStrict(strings.TrimPrefix(eventID, "evt_"))
	if err != nil {
		return time.Time{}, err
	}
	return ulid.Time(id.Time()), nil
}
