// Package gen is the generated executor with the types that are only GraphQL's.
// By hand are only this file, the one shape of all connections, and node.go.
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

// The connections and edges of the schema.
type (
	SessionConnection     = Connection[models.Session]
	SessionEdge           = Edge[models.Session]
	APIKeyConnection      = Connection[models.APIKey]
	APIKeyEdge            = Edge[models.APIKey]
	GroupConnection       = Connection[models.Group]
	GroupEdge             = Edge[models.Group]
	GroupMemberConnection = Connection[models.GroupMember]
	GroupMemberEdge       = Edge[models.GroupMember]
	ContactConnection     = Connection[models.Identity]
	ContactEdge           = Edge[models.Identity]
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
