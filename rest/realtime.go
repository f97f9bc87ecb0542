package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph"
	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

const (
	tagRealtime = "Realtime"
	ticketPath  = graph.RealtimePath + "/ticket"
)

// EventsPath is where the stream of Server-Sent Events is, whatever its caller
// says to accept.
const EventsPath = "/api/v1/events"

// StreamTiming are the times of event streams. The zero value means the
// defaults: tests have less patience.
type StreamTiming struct {
	Heartbeat    time.Duration // between signs of life; default 15 s
	WriteTimeout time.Duration // for what a client must take at once, 64 KiB or one event; default 30 s
	Recheck      time.Duration // how often the caller's credential is looked at again; default auth.DefaultRecheck
}

func (t StreamTiming) withDefaults() StreamTiming {
	if t.Heartbeat == 0 {
		t.Heartbeat = 15 * time.Second
	}
	if t.WriteTimeout == 0 {
		t.WriteTimeout = 30 * time.Second
	}
	return t
}

// Ticket is the contract's answer of createRealtimeTicket.
type Ticket struct {
	ExpiresAt int64  `json:"expiresAt" required:"true" description:"Until when it can be used, Unix epoch milliseconds." example:"1719662400000"`
	Ticket    string `json:"ticket" required:"true" description:"Good for one connection." example:"rt_5XQZ3KJH2L7MNPQRSTUVWXYZ23"`
	URL       string `json:"url" required:"true" description:"The address to open a WebSocket at, ticket included." example:"wss://gateway.example.com/api/v1/realtime?ticket=rt_5XQZ3KJH2L7MNPQRSTUVWXYZ23"`
}

func presentTicket(p *gen.CreateRealtimeTicketPayload) Ticket {
	return Ticket{ExpiresAt: int64(p.ExpiresAt), Ticket: p.Ticket, URL: p.URL}
}

// inCreateTicket is the input of createRealtimeTicket.
type inCreateTicket struct {
	SessionID *string  `json:"sessionId" description:"Only events of this session. Absent: of all that the caller may read." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Events    []string `json:"events" description:"Only these events. Absent or [\"*\"]: all." example:"[\"message\",\"message.status\"]"`
}

// inEvents is the input of streamEvents.
type inEvents struct {
	Session     string `query:"session" json:"-" description:"Only events of this session. Absent: of all that the caller may read." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Events      string `query:"events" json:"-" description:"Only these events, with commas between. Absent or *: all." example:"message,message.status"`
	After       string `query:"after" json:"-" description:"Continue behind the event with this id. Absent: only what happens from now on." example:"evt_01J9XYZABCDEF0123456789AB"`
	LastEventID string `header:"Last-Event-ID" json:"-" description:"The same as after, and wins over it: EventSource sends it when it reconnects." example:"evt_01J9XYZABCDEF0123456789AB"`
}

func (in inEvents) filter() graph.EventFilter {
	f := graph.EventFilter{After: in.After}
	if in.LastEventID != "" {
		f.After = in.LastEventID
	}
	if in.Session != "" {
		f.SessionID = &in.Session
	}
	if in.Events != "" {
		f.Types = eventNames(strings.Split(in.Events, ","))
	}
	return f
}

// eventNames turns the contract's names into the schema's; nil is all of them.
// Which are events is the resolvers' business.
func eventNames(given []string) []models.EventName {
	if given == nil || len(given) == 1 && given[0] == "*" {
		return nil
	}
	names := make([]models.EventName, len(given))
	for i, name := range given {
		names[i] = models.EventName(strings.TrimSpace(name))
	}
	return names
}

func realtimeRows() []route {
	return []route{
		row(spec{
			Operation: "createRealtimeTicket", Tag: tagRealtime, Method: http.MethodPost, Pattern: ticketPath,
			Field: "Mutation.createRealtimeTicket", Status: http.StatusCreated,
			Summary: "A ticket for one WebSocket connection.",
			Notes:   "For browsers, which cannot send a header there. The ticket is good once, for 60 seconds; the connection ends when the credential that made the ticket does.",
			Faults:  []fault.Code{fault.NotFound},
		}, func(ctx context.Context, root gen.ResolverRoot, in inCreateTicket) (*gen.CreateRealtimeTicketPayload, error) {
			input := gen.CreateRealtimeTicketInput{SessionID: omit(in.SessionID)}
			if names := eventNames(in.Events); names != nil {
				input.Types = graphql.OmittableOf(names)
			}
			return root.Mutation().CreateRealtimeTicket(ctx, &input)
		}, presentTicket),
		streamed(spec{
			Operation: "streamEvents", Tag: tagRealtime, Method: http.MethodGet, Pattern: EventsPath,
			Field: "Subscription.events", Status: http.StatusOK,
			Summary: "Everything that happens, as Server-Sent Events.",
			Notes: "First what was missed since `after` or `Last-Event-ID`, then live, without a gap or a repeat. `id` is the event's id, `event` its name, `data` the envelope in one line. " +
				"A comment comes every 15 seconds. A failure after the beginning is an event `error` with the body of an error, and the end. " +
				"400 with the reason `cursor_expired` when the id is older than what is kept.",
			Faults: []fault.Code{fault.NotFound, fault.RateLimited},
		}, mediaEvents, (*api).serveEvents),
	}
}
