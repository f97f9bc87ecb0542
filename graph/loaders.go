package graph

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"wagateway/models"
)

// loaders answer the nested fields of rows that were listed together (25
// sessions' groups, all those groups' members) with one statement for all: the
// first row that is asked loads for its siblings, which wait for it. Since a
// list's rows are all asked for the same fields, nothing is loaded in vain and no
// timer is needed. They live as long as one operation or one REST request, so
// what was read is never older.
type loaders struct {
	mu       sync.Mutex
	listings []listing       // not yet in families
	families map[any]*family // by a row's handle
}

// listing is a list whose rows are siblings. Most are never asked for nested
// fields, so its families are made only when the first row is.
type listing func() (handles []any, f *family)

// family is a group of rows that are siblings.
type family struct {
	keys any // []K

	mu    sync.Mutex
	calls map[any]*call
}

// call is one nested field of all rows of a family.
type call struct {
	once   sync.Once
	values any // map[K]V
	err    error
}

type loadersKey struct{}

// WithLoaders gives each request loaders, and resolvers the address that it came
// to; mount it above both fronts. The GraphQL server gives each operation of a
// websocket its own.
func WithLoaders(_ *Resolver, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(withAddress(withLoaders(r.Context()), r)))
	})
}

func withLoaders(ctx context.Context) context.Context {
	return context.WithValue(ctx, loadersKey{}, &loaders{families: make(map[any]*family)})
}

// siblings tells the loaders that the rows of these lists were read together.
// handle and key say what a row is asked by later: the handle identifies it in
// this listing, the key in the statement. Nothing is computed before that.
func siblings[T any, K comparable](ctx context.Context, handle func(*T) any, key func(*T) K, lists ...models.List[T]) {
	l, ok := ctx.Value(loadersKey{}).(*loaders)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listings = append(l.listings, func() ([]any, *family) {
		var handles []any
		var keys []K
		for _, list := range lists {
			for i := range list.Items {
				handles = append(handles, handle(&list.Items[i]))
				keys = append(keys, key(&list.Items[i]))
			}
		}
		return handles, &family{keys: keys, calls: make(map[any]*call)}
	})
}

// familyOf gives the siblings of a row, nil when it has none.
func familyOf(ctx context.Context, handle any) *family {
	l, ok := ctx.Value(loadersKey{}).(*loaders)
	if !ok {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, list := range l.listings {
		handles, f := list()
		for _, h := range handles {
			if _, known := l.families[h]; !known {
				l.families[h] = f
			}
		}
	}
	l.listings = nil
	return l.families[handle]
}

// errLoading is what siblings get when the one that loaded panicked.
var errLoading = errors.New("loading nested rows was interrupted")

// field identifies a nested field with its arguments, comparable.
type field struct {
	name string
	args any
}

// together gives a nested field of a row: with many, for all its siblings at
// once, or with one when it has none.
func together[K comparable, V any](
	ctx context.Context, handle any, key K, what field,
	one func(context.Context, K) (V, error),
	many func(context.Context, []K) (map[K]V, error),
) (V, error) {
	f := familyOf(ctx, handle)
	if f == nil {
		return one(ctx, key)
	}
	f.mu.Lock()
	c, found := f.calls[what]
	if !found {
		c = &call{err: errLoading}
		f.calls[what] = c
	}
	f.mu.Unlock()
	c.once.Do(func() {
		keys, _ := f.keys.([]K)
		c.values, c.err = many(ctx, keys)
	})
	values, _ := c.values.(map[K]V)
	return values[key], c.err
}
