// Package gen is the generated executor with the types that are only GraphQL's.
// By hand are only this file, the one shape of all connections, node.go and event.go.
package gen

import (
	"context"

	"wagateway/models"
)

// Connection is a page of a list. Nodes and PageInfo are there for REST too;
// edges and the count cost something only when they are asked for.
type Connection[T any] struct {
	Nodes    []*T
	PageInfo *PageInfo

	list  models.List[T]
	count func(context.Context) (int, error)
}

// Edge is an item with its cursor.
type Edge[T any] struct {
	Cursor string
	Node   *T
}

type (
	// SessionConnection is a page of sessions.
	SessionConnection = Connection[models.Session]
	// SessionEdge is a session in a page.
	SessionEdge = Edge[models.Session]
	// APIKeyConnection is a page of API keys.
	APIKeyConnection = Connection[models.APIKey]
	// APIKeyEdge is an API key in a page.
	APIKeyEdge = Edge[models.APIKey]
	// GroupConnection is a page of groups.
	GroupConnection = Connection[models.Group]
	// GroupEdge is a group in a page.
	GroupEdge = Edge[models.Group]
	// GroupMemberConnection is a page of members.
	GroupMemberConnection = Connection[models.GroupMember]
	// GroupMemberEdge is a member in a page.
	GroupMemberEdge = Edge[models.GroupMember]
	// ContactConnection is a page of contacts.
	ContactConnection = Connection[models.Identity]
	// ContactEdge is a contact in a page.
	ContactEdge = Edge[models.Identity]
	// ChatConnection is a page of chats.
	ChatConnection = Connection[models.Chat]
	// ChatEdge is a chat in a page.
	ChatEdge = Edge[models.Chat]
	// WebhookConnection is a page of webhooks.
	WebhookConnection = Connection[models.Webhook]
	// WebhookEdge is a webhook in a page.
	WebhookEdge = Edge[models.Webhook]
	// DeliveryConnection is a page of deliveries.
	DeliveryConnection = Connection[models.Delivery]
	// DeliveryEdge is a delivery in a page.
	DeliveryEdge = Edge[models.Delivery]
	// MessageConnection is a page of messages.
	MessageConnection = Connection[models.Message]
	// MessageEdge is a message in a page.
	MessageEdge = Edge[models.Message]
	// SendConnection is a page of sends.
	SendConnection = Connection[models.Outgoing]
	// SendEdge is a send in a page.
	SendEdge = Edge[models.Outgoing]
	// CallConnection is a page of calls.
	CallConnection = Connection[models.Call]
	// CallEdge is a call in a page.
	CallEdge = Edge[models.Call]
	// ChannelConnection is a page of channels.
	ChannelConnection = Connection[models.Channel]
	// ChannelEdge is a channel in a page.
	ChannelEdge = Edge[models.Channel]
)

// NewConnection makes the connection of a page. after is the cursor the page
// was asked with; count tells the length of the whole list. Nodes point into
// the list's items.
func NewConnection[T any](list models.List[T], after string, count func(context.Context) (int, error)) *Connection[T] {
	c := &Connection[T]{
		Nodes:    make([]*T, len(list.Items)),
		PageInfo: &PageInfo{HasNextPage: list.HasNext, HasPreviousPage: after != ""},
		list:     list,
		count:    count,
	}
	for i := range list.Items {
		c.Nodes[i] = &list.Items[i]
	}
	if last := len(list.Items) - 1; last >= 0 {
		start, end := list.Cursor(0), list.Cursor(last)
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &start, &end
	}
	return c
}

// Edges gives the items with their cursors.
func (c *Connection[T]) Edges() []*Edge[T] {
	edges := make([]*Edge[T], len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = &Edge[T]{Cursor: c.list.Cursor(i), Node: node}
	}
	return edges
}

// TotalCount gives the length of the whole list.
func (c *Connection[T]) TotalCount(ctx context.Context) (int, error) { return c.count(ctx) }
