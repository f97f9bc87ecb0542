// Package auth tells who calls: it reads the credential of a request, a login
// token (JWT) or an API key, and puts the outcome on the context. It never
// answers a request, so each front reports a refusal in its own form.
package auth

import (
	"context"
	"errors"

	"wagateway/models"
	"wagateway/models/fault"
)

// Actor is an authenticated caller. It is shared by all that runs for the
// request and must not be changed.
type Actor struct {
	OrganizationID string               // "" only for a platform token without one
	UserID         string               // a login token's subject; "" for an API key
	APIKey         *models.APIKey       // nil for a login token
	Capabilities   models.CapabilitySet // what the caller may do, not what a field needs
	SessionID      string               // the only session an API key is good for; "" = all of the organization
	ExpiresAt      models.Millis        // when the credential ends by itself; 0: never
}

// outcome is what became of the request's credential: an actor or the error
// that every guarded field reports.
type outcome struct {
	actor *Actor
	err   error
}

type contextKey struct{}

// WithActor puts a caller on the context.
func WithActor(ctx context.Context, actor *Actor) context.Context {
	return context.WithValue(ctx, contextKey{}, outcome{actor: actor})
}

// WithRefusal puts the error on the context that [ActorFrom] then gives.
func WithRefusal(ctx context.Context, err error) context.Context {
	return context.WithValue(ctx, contextKey{}, outcome{err: err})
}

// ActorFrom gives the caller. Without a valid credential the error is
// fault.Unauthorized, or fault.Unavailable when it could not be checked.
func ActorFrom(ctx context.Context) (*Actor, error) {
	o, ok := ctx.Value(contextKey{}).(outcome)
	switch {
	case !ok:
		return nil, fault.NoCredential(errors.New("no credential was looked for"))
	case o.err != nil:
		return nil, o.err
	default:
		return o.actor, nil
	}
}

// presented reports whether the context already tells of a credential, valid or not.
func presented(ctx context.Context) bool {
	o, ok := ctx.Value(contextKey{}).(outcome)
	return ok && !errors.Is(o.err, errNone)
}
