package webhook

import (
	"context"
	"log/slog"
	"time"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/fault"
)

// Range says which events a webhook gets again. Of a time and an event that are
// both given the narrower counts; empty fields bound nothing.
type Range struct {
	FromTime, UntilTime   models.Millis // when the events happened, both included
	FromEvent, UntilEvent string        // ids, both included
	OnlyFailed            bool          // only what failed at this webhook; else everything that it wants
}

// Redelivery says what a range has become.
type Redelivery struct {
	Queued int            // deliveries that wait again, with OnlyFailed
	Replay *models.Replay // the part of the log that is being read again, else; nil: no event in it
}

// timeSkew is how far events stand from the order of their times.
const timeSkew = models.Millis(time.Hour / time.Millisecond)

// RedeliverRange delivers again what is kept of a range to a webhook, be it new:
// in the order of the log, as its filter is now, beside what happens meanwhile.
// An event that never was, or is older than what is kept, is a validation error.
func (s *Service) RedeliverRange(ctx context.Context, organizationID, id string, wanted Range) (*Redelivery, error) {
	webhook, err := s.Get(ctx, organizationID, id)
	if err != nil {
		return nil, err
	}
	part, err := s.part(ctx, organizationID, wanted)
	if err != nil {
		return nil, err
	}
	made := &Redelivery{}
	switch {
	case wanted.OnlyFailed:
		made.Queued, err = s.config.DB.Deliveries.RedeliverFailed(ctx, webhook, part)
	case part.Position < part.UntilPosition:
		made.Replay, err = s.config.DB.Deliveries.AddReplay(ctx, webhook, part)
	}
	if err != nil {
		return nil, err
	}
	s.wake()
	return made, nil
}

// part finds a range in the log.
func (s *Service) part(ctx context.Context, organizationID string, wanted Range) (models.Replay, error) {
	part := models.Replay{FromAt: wanted.FromTime, UntilAt: wanted.UntilTime}
	switch {
	case wanted.FromTime < 0:
		return part, fault.Invalid("fromTime", "fromTime must not be negative")
	case wanted.UntilTime < 0 || wanted.UntilTime != 0 && wanted.UntilTime < wanted.FromTime:
		return part, fault.Invalid("untilTime", "untilTime must not be before fromTime")
	}
	info, err := s.config.Log.Info(ctx, organizationID)
	if err != nil {
		return part, err
	}
	part.Position, part.UntilPosition = max(int64(info.First)-1, 0), int64(info.Last)
	if wanted.FromTime != 0 && !wanted.OnlyFailed {
		if part.Position, err = s.positionAt(ctx, organizationID, info, wanted.FromTime-timeSkew); err != nil {
			return part, err
		}
	}
	if wanted.OnlyFailed {
		part.Position = 0 // the ledger reaches further back than the log may
	}
	if wanted.FromEvent != "" {
		at, err := s.find(ctx, organizationID, "fromEvent", wanted.FromEvent)
		if err != nil {
			return part, err
		}
		part.Position = max(part.Position, at-1)
	}
	if wanted.UntilEvent != "" {
		at, err := s.find(ctx, organizationID, "untilEvent", wanted.UntilEvent)
		if err != nil {
			return part, err
		}
		part.UntilPosition = min(part.UntilPosition, at)
	}
	return part, nil
}

func (s *Service) find(ctx context.Context, organizationID, field, eventID string) (int64, error) {
	at, err := s.config.Log.Find(ctx, organizationID, eventID)
	if fault.Is(err, fault.Validation) {
		return 0, fault.New(fault.Validation, fault.From(err).Reason(), field+" is not an event that is kept").With("field", field)
	}
	return int64(at), err
}

// positionAt gives the position before the first event from a time on, by
// halving: events stand nearly in the order of their times.
func (s *Service) positionAt(ctx context.Context, organizationID string, info eventlog.Info, from models.Millis) (int64, error) {
	low, high := info.First, info.Last+1
	for low < high {
		middle := low + (high-low)/2
		events, _, err := s.config.Log.Read(ctx, eventlog.Filter{Organization: organizationID}, middle-1, 1)
		gone := fault.Is(err, fault.Validation) // overtaken by retention meanwhile
		switch {
		case err != nil && !gone:
			return 0, err
		case gone, len(events) > 0 && models.Millis(events[0].At) < from:
			low = middle + 1
		default:
			high = middle
		}
	}
	return max(int64(low)-1, 0), nil
}

// replayPage is a part of a replay.
type replayPage struct {
	events []eventlog.Event
	replay models.Replay // as it is when these are done
}

// replayPageSize is how many events of a replay are put into the ledger at once.
const replayPageSize = maxUncommitted / 2

// mayReplay reports whether there is room for a page of a replay. One page is
// committed before the next is taken.
func (e *endpoint) mayReplay() bool {
	p := &e.progress
	return !e.breaker.open && e.pending < maxPending/2 && len(p.rows) < maxUncommitted/2 &&
		e.replay == nil && (p.underWay == nil || p.underWay.Replay == nil)
}

// takeReplay puts a page into the ledger, to be delivered from there.
func (e *endpoint) takeReplay(page replayPage) {
	now, hook := time.Now(), e.hook.Load()
	for _, event := range page.events {
		at := models.Millis(event.At)
		in := at >= page.replay.FromAt && (page.replay.UntilAt == 0 || at <= page.replay.UntilAt)
		if !in || !hook.Wants(event.Session, event.Name) {
			continue
		}
		l := e.lane(models.Lane{SessionID: event.Session, EventKey: event.Key})
		e.park(l, &item{delivery: pendingDelivery(e.id, event)})
		e.place(l, now)
	}
	e.replay = &page.replay
}

// replayer reads the parts of the log that are to be delivered again, one after
// the other. It has a goroutine of its own and ends with ctx.
func (e *endpoint) replayer(ctx context.Context) {
	done := map[string]bool{}
	for {
		replays, err := e.service.config.DB.Deliveries.Replays(ctx, e.id)
		for _, replay := range replays {
			if err == nil && !done[replay.ID] {
				if err = e.replayPart(ctx, replay); err == nil {
					done[replay.ID] = true
				}
			}
		}
		var again <-chan time.Time
		if err != nil && ctx.Err() == nil {
			e.log.LogAttrs(ctx, slog.LevelWarn, "reading events again failed", slog.Any("error", err))
			again = time.After(e.timing.Retry)
		}
		select {
		case <-ctx.Done():
			return
		case <-e.more:
		case <-again:
		}
	}
}

func (e *endpoint) replayPart(ctx context.Context, replay models.Replay) error {
	filter := eventlog.Filter{Organization: e.hook.Load().OrganizationID}
	for replay.Position < replay.UntilPosition {
		limit := min(replayPageSize, int(replay.UntilPosition-replay.Position))
		events, at, err := e.service.config.Log.Read(ctx, filter, eventlog.Position(replay.Position), limit)
		switch {
		case fault.From(err) != nil && fault.From(err).Reason() == fault.ReasonCursorExpired:
			events, at, err = e.service.config.Log.Read(ctx, filter, 0, limit)
		case fault.Is(err, fault.Validation): // the log is another one
			events, at, err = nil, eventlog.Position(replay.UntilPosition), nil
		}
		if err != nil {
			return err
		}
		if int64(at) <= replay.Position { // nothing is left
			at = eventlog.Position(replay.UntilPosition)
		}
		if n := len(events); n > 0 && replay.UntilAt != 0 && models.Millis(events[n-1].At) > replay.UntilAt+timeSkew {
			at = eventlog.Position(replay.UntilPosition)
		}
		replay.Position = int64(at)
		select {
		case e.replays <- replayPage{events: events, replay: replay}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
