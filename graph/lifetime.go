package graph

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"wagateway/graph/auth"
	"wagateway/models/fault"
)

// lifetime bounds operations: queries and mutations by time, subscriptions by
// their caller's credential, and those of one websocket by number.
type lifetime struct {
	auth    *auth.Authenticator
	timeout time.Duration
	recheck time.Duration
	errs    presenter
}

// operation implements [graphql.OperationMiddleware].
func (l lifetime) operation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if s := socketOf(ctx); s != nil {
		if !s.begin(ctx) {
			return l.refuse(ctx, errTooManyOperations)
		}
		// A request's credential was checked a moment ago, a socket's when it opened.
		ctx = l.rechecked(ctx)
	}
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		return l.subscription(ctx, next)
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	answer := next(ctx)
	return func(ctx context.Context) *graphql.Response {
		defer cancel()
		return answer(ctx)
	}
}

// rechecked gives the context with the caller's credential looked at again.
func (l lifetime) rechecked(ctx context.Context) context.Context {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return ctx
	}
	if err := l.auth.StillValid(ctx, actor); err != nil {
		return auth.WithRefusal(ctx, err)
	}
	return ctx
}

// subscription ends the stream, with the reason as its last response, when the
// credential ends or its resolver says [endWith].
func (l lifetime) subscription(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return next(ctx) // the gate refuses it
	}
	var reason ending
	ctx, end := l.auth.WhileValid(context.WithValue(ctx, endingKey{}, &reason), actor, l.recheck)
	answer, said := next(ctx), false
	return func(responseCtx context.Context) *graphql.Response {
		response := answer(responseCtx)
		cause := context.Cause(ctx)
		refused := fault.Is(cause, fault.Unauthorized)
		failed := response != nil && len(response.Errors) > 0
		// What failed because the credential ended is not what its caller is told.
		if over := response == nil || failed && refused; said || !over {
			return response
		}
		said = true
		end(nil)
		if !refused {
			cause = reason.get()
		}
		if cause == nil {
			return nil
		}
		return &graphql.Response{Errors: gqlerror.List{l.errs.present(ctx, cause)}}
	}
}

// ending is why a subscription's resolver closes its channel, which itself
// cannot carry an error.
type ending struct{ err atomic.Pointer[error] }

type endingKey struct{}

func (e *ending) get() error {
	if err := e.err.Load(); err != nil {
		return *err
	}
	return nil
}

// endWith makes an error the last response of the subscription that ctx belongs
// to. Its resolver calls it before it closes its channel.
func endWith(ctx context.Context, err error) {
	if e, ok := ctx.Value(endingKey{}).(*ending); ok {
		e.err.Store(&err)
	}
}

// refuse answers an operation with an error only.
func (l lifetime) refuse(ctx context.Context, err error) graphql.ResponseHandler {
	return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{l.errs.present(ctx, err)}})
}

// maxRequestErrors bounds what a client is told about a document that is not
// valid: the rules can find an error in each of its words.
const maxRequestErrors = 20

// response implements [graphql.ResponseMiddleware]: each response, also each of
// a subscription, reads anew.
func response(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	r := next(withLoaders(ctx))
	if r != nil && r.Data == nil && len(r.Errors) > maxRequestErrors {
		r.Errors = r.Errors[:maxRequestErrors]
	}
	return r
}
