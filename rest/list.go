package rest

import (
	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph/gen"
)

// maxLimit bounds a page (contract §2); limits are clamped to 1 and to it.
const maxLimit = 200

// page is the part of a list's input that says which part of the list. One-page
// lists give everything when there is no limit.
type page struct {
	Limit  *int   `query:"limit" json:"-" nullable:"false" description:"How many at most: 1 to 200; more is taken as 200, less than 0 as 1. Absent or 0: everything, in one page." example:"50"`
	Cursor string `query:"cursor" json:"-" description:"Continue where nextCursor of the page before left off." example:"c2Vzc2lvbjoxMjM"`
}

// first is the page size for a resolver: nil means everything.
func (p page) first() *int32 {
	if p.Limit == nil || *p.Limit == 0 {
		return nil
	}
	return new(int32(max(1, min(*p.Limit, maxLimit))))
}

// after is the cursor for a resolver: nil means from the start.
func (p page) after() *string {
	if p.Cursor == "" {
		return nil
	}
	return &p.Cursor
}

// defaultLimit is the size of a page of the cursor lists when none is asked for
// (contract §2).
const defaultLimit = 50

// cursorPage is page for the lists that are never given in one piece.
type cursorPage struct {
	Limit  *int   `query:"limit" json:"-" nullable:"false" description:"How many at most: 1 to 200; more is taken as 200, less than 0 as 1. Absent or 0: 50." example:"50"`
	Cursor string `query:"cursor" json:"-" description:"Continue where nextCursor of the page before left off." example:"c2Vzc2lvbjoxMjM"`
}

// first is the page size for a resolver.
func (p cursorPage) first() *int32 {
	if first := (page{Limit: p.Limit}).first(); first != nil {
		return first
	}
	return new(int32(defaultLimit))
}

// after is the cursor for a resolver: nil means from the start.
func (p cursorPage) after() *string { return page{Cursor: p.Cursor}.after() }

// nullEndList is a list whose nextCursor is null at the end: sessions, chats and
// chat messages.
type nullEndList[T any] struct {
	Data       []T     `json:"data" required:"true" nullable:"false" description:"The page."`
	NextCursor *string `json:"nextCursor" required:"true" description:"For cursor, to get the next page; null at the end."`
}

// emptyEndList is a list whose nextCursor is "" at the end: groups, members,
// keys and requests.
type emptyEndList[T any] struct {
	Data       []T    `json:"data" required:"true" nullable:"false" description:"The page."`
	NextCursor string `json:"nextCursor" required:"true" description:"For cursor, to get the next page; empty at the end."`
}

// nullEnd makes such a list.
func nullEnd[T any](data []T, at *gen.PageInfo) nullEndList[T] {
	list := nullEndList[T]{Data: data}
	if next := nextCursor(at); next != "" {
		list.NextCursor = &next
	}
	return list
}

// presentEach presents every item. An empty list is [], never null.
func presentEach[In, Shape any](items []In, present func(In) Shape) []Shape {
	shapes := make([]Shape, len(items))
	for i, item := range items {
		shapes[i] = present(item)
	}
	return shapes
}

// nextCursor is where the next page begins, "" at the end.
func nextCursor(p *gen.PageInfo) string {
	if p == nil || !p.HasNextPage || p.EndCursor == nil {
		return ""
	}
	return *p.EndCursor
}

// omit turns an absent field into an absent input field of a resolver.
func omit[T any](v *T) graphql.Omittable[*T] {
	if v == nil {
		return graphql.Omittable[*T]{}
	}
	return graphql.OmittableOf(v)
}
