package graph

import (
	"context"
	"maps"
	"slices"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/whatsapp/address"
)

func callHandle(c *models.Call) any { return c }
func callKey(c *models.Call) int64  { return c.ID }

// personOrNone reads the address of a person that may be absent; "" then.
func personOrNone(field string, given *string) (string, error) {
	if given == nil {
		return "", nil
	}
	return address.ParsePerson(field, *given)
}

// callFilter reads which calls are asked for.
func callFilter(given *gen.CallFilter) (models.CallFilter, error) {
	if given == nil {
		return models.CallFilter{}, nil
	}
	from, err := personOrNone("from", given.From.Value())
	return models.CallFilter{Status: orZero(given.Status.Value()), From: from}, err
}

// listCalls gives a page of those calls of a session that a filter chooses.
func (r *Resolver) listCalls(ctx context.Context, session *models.Session, filter models.CallFilter, page models.Page) (*gen.CallConnection, error) {
	type arguments struct {
		models.CallFilter
		models.Page
	}
	many := func(ctx context.Context, ids []string) (map[string]models.List[models.Call], error) {
		lists, err := r.DB.Calls.ListBySessions(ctx, ids, filter, page)
		siblings(ctx, callHandle, callKey, slices.Collect(maps.Values(lists))...)
		return lists, err
	}
	list, err := together(ctx, handleOn(session, page), session.ID, field{"calls", arguments{filter, page}}, one(many), many)
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		many := func(ctx context.Context, ids []string) (map[string]int, error) {
			return r.DB.Calls.CountBySessions(ctx, ids, filter)
		}
		return together(ctx, session, session.ID, field{"calls.totalCount", filter}, one(many), many)
	}), nil
}

// one makes of what loads for many rows what loads for one.
func one[K comparable, V any](many func(context.Context, []K) (map[K]V, error)) func(context.Context, K) (V, error) {
	return func(ctx context.Context, id K) (V, error) {
		found, err := many(ctx, []K{id})
		return found[id], err
	}
}
