package stream

import (
	"context"
	"slices"

	"wagateway/models/eventlog"
)

// Bounds of a page: events are read in chunks, and a page whose filter chooses
// little ends, perhaps empty, when so many were looked at.
const (
	chunk   = 500
	maxLook = 20_000
)

// Page is a part of the log.
type Page struct {
	Events []eventlog.Event
	End    string // the id of the last event looked at: behind it the next page begins; "" when the log is empty
	More   bool   // there may be more behind End
}

// Read gives up to limit events behind request.After, "" being the oldest that is
// kept. While More it may hold fewer, even none.
func Read(ctx context.Context, log *eventlog.Log, request Request, limit int) (Page, error) {
	var (
		page = Page{End: request.After}
		at   eventlog.Position
		err  error
	)
	if request.After != "" {
		if at, err = log.Find(ctx, request.Organization, request.After); err != nil {
			return Page{}, err
		}
	}
	everything := eventlog.Filter{Organization: request.Organization}
	size := chunk
	if request.Session == "" && len(request.Names) == 0 {
		size = limit + 1
	}
	for looked := 0; looked < maxLook; looked += size {
		var events []eventlog.Event
		if events, at, err = log.Read(ctx, everything, at, size); err != nil {
			return Page{}, err
		}
		for _, event := range events {
			wanted := chosen(request, event)
			if wanted && len(page.Events) == limit {
				page.More = true
				return page, nil
			}
			if wanted {
				page.Events = append(page.Events, event)
			}
			page.End = event.ID
		}
		if len(events) < size {
			return page, nil
		}
	}
	page.More = true
	return page, nil
}

func chosen(r Request, e eventlog.Event) bool {
	return (r.Session == "" || r.Session == e.Session) && (len(r.Names) == 0 || slices.Contains(r.Names, e.Name))
}
