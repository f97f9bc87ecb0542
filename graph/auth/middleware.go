package auth

import (
	"context"
	"errors"
	"net/http"

	"wagateway/models/fault"
)

// Middleware reads the credential of every request and puts the outcome on its
// context, for [ActorFrom]. It answers nothing itself.
func (a *Authenticator) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(a.withCredential(r.Context(), func() (credential, error) {
			return credentialOf(r.Header)
		})))
	})
}

// FromPayload gives the context of a websocket whose init payload may carry the
// credential, since browsers cannot send headers there: the fields authorization
// and x-api-key, in any case. A payload without one leaves the upgrade request's.
// A refused or second credential is an error, so that the socket is closed at once.
func (a *Authenticator) FromPayload(ctx context.Context, payload map[string]any) (context.Context, error) {
	headers := make(http.Header)
	for name, value := range payload {
		switch canonical := http.CanonicalHeaderKey(name); canonical {
		case headerAuthorization, headerAPIKey:
			text, ok := value.(string)
			if !ok && value != nil {
				return nil, fault.NoCredential(errors.New("a credential that is no text"))
			}
			headers.Add(canonical, text)
		}
	}
	c, err := credentialOf(headers)
	if errors.Is(err, errNone) {
		return ctx, nil
	}
	if err == nil && presented(ctx) {
		err = fault.NoCredential(errors.New("more than one credential"))
	}
	if err != nil {
		return nil, err
	}
	ctx = a.withCredential(ctx, func() (credential, error) { return c, nil })
	if _, err := ActorFrom(ctx); err != nil {
		return nil, err
	}
	return ctx, nil
}

func (a *Authenticator) withCredential(ctx context.Context, read func() (credential, error)) context.Context {
	c, err := read()
	if err != nil {
		return WithRefusal(ctx, err)
	}
	actor, err := a.authenticate(ctx, c)
	if err != nil {
		return WithRefusal(ctx, err)
	}
	return WithActor(ctx, actor)
}
