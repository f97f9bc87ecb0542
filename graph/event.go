package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wagateway/graph/auth"
	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/fault"
	"wagateway/whatsapp/stream"
)

// EventFilter is what a caller wants to hear of.
type EventFilter struct {
	SessionID *string            // nil: every session that the caller may see
	Types     []models.EventName // nil: all
	After     string             // an event's id, to continue behind it
}

// eventRequest turns a filter into what the caller may hear: of the own
// organization, of a session that it may see, of the only one that its key is
// good for. It fails with fault.NotFound for any other session, fault.Validation
// for a name that is no event.
func (r *Resolver) eventRequest(ctx context.Context, f EventFilter) (stream.Request, error) {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return stream.Request{}, err
	}
	organization, err := r.organization(ctx)
	if err != nil {
		return stream.Request{}, err
	}
	request := stream.Request{After: f.After, Filter: eventlog.Filter{Organization: organization, Session: actor.SessionID}}
	if f.SessionID != nil {
		session, err := r.session(ctx, *f.SessionID)
		if err != nil {
			return stream.Request{}, err
		}
		request.Session = session.ID
	}
	if f.Types != nil && len(f.Types) == 0 {
		return stream.Request{}, fault.Invalid("events", "an empty list of events chooses none; leave it out to hear of all")
	}
	for _, name := range f.Types {
		if !name.Valid() {
			return stream.Request{}, fault.Invalid("events", fmt.Sprintf("%q is not an event", string(name))).With("known", knownEvents())
		}
		request.Names = append(request.Names, string(name))
	}
	if r.Events == nil {
		return stream.Request{}, eventlog.Down(errors.New("the gateway runs without an event log"))
	}
	return request, nil
}

func knownEvents() string {
	names := make([]string, 0, len(models.EventNames()))
	for _, name := range models.EventNames() {
		names = append(names, string(name))
	}
	return strings.Join(names, ",")
}

// OpenEvents begins a stream of events behind f.After, "" being now, for whoever
// the context says calls: the one way to a stream, for both fronts. Close it.
func (r *Resolver) OpenEvents(ctx context.Context, f EventFilter) (*stream.Stream, error) {
	request, err := r.eventRequest(ctx, f)
	if err != nil {
		return nil, err
	}
	return stream.Open(ctx, r.Events, &r.Streams, request)
}

// subscribe gives the typed events of a stream. Its goroutine reads one event
// when the one before was taken, and ends with ctx, or with the stream's error as
// the subscription's last response.
func (r *Resolver) subscribe(ctx context.Context, f EventFilter) (<-chan gen.Event, error) {
	events, err := r.OpenEvents(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make(chan gen.Event)
	go func() {
		defer close(out)
		defer events.Close()
		for {
			event, err := events.Next(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				endWith(ctx, err)
				return
			}
			select {
			case out <- typedEvent(event):
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

// eventPage gives a page of the log, the oldest event first.
func (r *Resolver) eventPage(ctx context.Context, f EventFilter, limit int) (*gen.EventConnection, error) {
	request, err := r.eventRequest(ctx, f)
	if err != nil {
		return nil, err
	}
	page, err := stream.Read(ctx, r.Events, request, limit)
	if err != nil {
		return nil, err
	}
	connection := &gen.EventConnection{
		Nodes: make([]gen.Event, len(page.Events)), Edges: make([]*gen.EventEdge, len(page.Events)),
		PageInfo: &gen.PageInfo{HasNextPage: page.More, HasPreviousPage: f.After != ""},
	}
	for i, event := range page.Events {
		connection.Nodes[i] = typedEvent(event)
		connection.Edges[i] = &gen.EventEdge{Cursor: event.ID, Node: connection.Nodes[i]}
	}
	r.relateEvents(ctx, connection.Nodes)
	if len(page.Events) > 0 {
		connection.PageInfo.StartCursor = &page.Events[0].ID
	}
	if page.End != "" {
		connection.PageInfo.EndCursor = &page.End
	}
	return connection, nil
}

// relateEvents makes siblings of the messages of events that were read together.
func (r *Resolver) relateEvents(ctx context.Context, events []gen.Event) {
	var (
		messages models.List[models.Message]
		of       []*gen.MessageEvent
	)
	for _, event := range events {
		if m, ok := event.(*gen.MessageEvent); ok {
			messages.Items, of = append(messages.Items, *m.Message), append(of, m)
		}
	}
	for i, event := range of {
		event.Message = &messages.Items[i] // siblings are known by where they stand
	}
	r.relateMessages(ctx)(messages)
}

// createTicket makes a ticket for one WebSocket connection of the caller's.
func (r *Resolver) createTicket(ctx context.Context, f EventFilter) (*gen.CreateRealtimeTicketPayload, error) {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	request, err := r.eventRequest(ctx, f)
	if err != nil {
		return nil, err
	}
	ticket := models.Ticket{
		OrganizationID: request.Organization, SessionID: request.Session, Events: slices.Clone(f.Types),
		UserID: actor.UserID, CredentialExpiresAt: actor.ExpiresAt,
	}
	if actor.APIKey != nil {
		ticket.APIKeyID = actor.APIKey.ID
	}
	secret, expiresAt, err := r.DB.Tickets.Create(ctx, ticket)
	if err != nil {
		return nil, err
	}
	return &gen.CreateRealtimeTicketPayload{Ticket: secret, ExpiresAt: expiresAt, URL: realtimeURL(ctx, secret)}, nil
}

// UseTicket gives the context of the caller who made a ticket, and what the
// ticket is for; a ticket that is not good any more is fault.Unauthorized.
func (r *Resolver) UseTicket(ctx context.Context, secret string) (context.Context, EventFilter, error) {
	ticket, err := r.DB.Tickets.Use(ctx, secret)
	if err != nil {
		return nil, EventFilter{}, err
	}
	actor := &auth.Actor{
		OrganizationID: ticket.OrganizationID, UserID: ticket.UserID, SessionID: ticket.SessionID,
		Capabilities: models.CapabilitySet{models.Read}, ExpiresAt: ticket.CredentialExpiresAt,
	}
	if ticket.APIKeyID != "" {
		actor.APIKey = &models.APIKey{ID: ticket.APIKeyID, OrganizationID: ticket.OrganizationID}
	}
	filter := EventFilter{Types: ticket.Events}
	if ticket.SessionID != "" {
		filter.SessionID = &ticket.SessionID
	}
	return auth.WithActor(ctx, actor), filter, nil
}
