package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
)

// Bounds of the caches of documents: whoever can reach the server can fill them.
// A kilobyte of document is some ten of syntax tree.
const (
	cachedDocuments = 500
	maxCachedLength = 8 << 10
)

// boundedCache keeps recent documents, long ones not.
type boundedCache[T any] struct {
	recent *lru.LRU[T]
	length func(key string, value T) int
}

func newBoundedCache[T any](length func(key string, value T) int) graphql.Cache[T] {
	return boundedCache[T]{recent: lru.New[T](cachedDocuments), length: length}
}

// Get implements [graphql.Cache].
func (c boundedCache[T]) Get(ctx context.Context, key string) (T, bool) {
	return c.recent.Get(ctx, key)
}

// Add implements [graphql.Cache].
func (c boundedCache[T]) Add(ctx context.Context, key string, value T) {
	if c.length(key, value) <= maxCachedLength {
		c.recent.Add(ctx, key, value)
	}
}
