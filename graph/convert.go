package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// pointers gives pointers into items, as the executor takes lists.
func pointers[T any](items []T) []*T {
	all := make([]*T, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}

// number gives an optional input field as the service takes it; nil when it is
// absent or null.
func number(given graphql.Omittable[*int32]) *int {
	value := given.Value()
	if value == nil {
		return nil
	}
	n := int(*value)
	return &n
}

// byPointer passes a stream on, as the executor takes streams, until it ends or
// ctx does. Its goroutine ends with either.
func byPointer[T any](ctx context.Context, in <-chan T) <-chan *T {
	out := make(chan *T)
	go func() {
		defer close(out)
		for {
			select {
			case item, open := <-in:
				if !open {
					return
				}
				select {
				case out <- &item:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// orZero gives an optional value, the zero value when there is none.
func orZero[T any](given *T) T {
	if given == nil {
		var zero T
		return zero
	}
	return *given
}

// numberOrNull gives a number as a nullable field takes it: null for 0.
func numberOrNull(n int) *int32 {
	if n == 0 {
		return nil
	}
	return new(int32(n))
}

// textOrNull gives a text as a nullable field takes it: null for "".
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
