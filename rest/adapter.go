package rest

import (
	"context"
	"log/slog"
	"net/http"

	"wagateway/graph"
	"wagateway/graph/auth"
	"wagateway/graph/gen"
	"wagateway/models/fault"
)

// gate is what the adapter needs of graph.Gate.
type gate interface {
	// Has reports whether the schema has the field.
	Has(field string) bool
	// Check fails with 401 or 403 when the caller may not use the field.
	Check(ctx context.Context, field string) error
}

// api runs the rows. It is safe for use by many goroutines and holds no state
// of a request.
type api struct {
	root    gen.ResolverRoot
	core    *graph.Resolver // streams are opened there
	auth    *auth.Authenticator
	timing  StreamTiming
	gate    gate
	maxBody int64
	log     *slog.Logger
}

// handler is the one adapter that every row goes through. The credential has
// been read by auth.Middleware above it; the gate reports a refused one.
func (a *api) handler(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer a.recovered(w, r, rt.Operation)
		if err := a.gate.Check(r.Context(), rt.Field); err != nil {
			a.fail(w, r, rt.Operation, err)
			return
		}
		if err := rt.run(a, w, r); err != nil {
			a.fail(w, r, rt.Operation, err)
		}
	}
}

// sessionFirst keeps the order of checks when the input is bad: a session that
// the caller cannot see is 404 whatever the body holds. Resolvers look the
// session up first themselves, so good input costs no second look.
func (a *api) sessionFirst(r *http.Request, pattern string, bad error) error {
	if !ofSession(pattern) {
		return bad
	}
	id, err := pathValue(r, "session")
	if err != nil {
		return fault.NoSuch("session")
	}
	if _, err := a.root.Query().Session(r.Context(), id); err != nil {
		return err
	}
	return bad
}
