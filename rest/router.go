package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"wagateway/graph"
	"wagateway/graph/auth"
	"wagateway/models/fault"
	"wagateway/rest/pages"
)

// DefaultMaxBody bounds request bodies when Options.MaxBody is 0.
const DefaultMaxBody = 1 << 20

// Options are what the front needs.
type Options struct {
	// Resolver is what every route calls. Required.
	Resolver *graph.Resolver
	// Gate holds the permissions of the schema. Required.
	Gate *graph.Gate
	// Auth looks again at the credentials of streams. Required.
	Auth *auth.Authenticator
	// Streams are the times of event streams.
	Streams StreamTiming
	// Version of the gateway, for the OpenAPI document.
	Version string
	// MaxBody bounds a request body in bytes; 0: [DefaultMaxBody].
	MaxBody int64
	// Checks are asked by /readyz besides the database.
	Checks []Check
	// Metrics answers /metrics; nil: there is none.
	Metrics http.Handler
	// MetricsKey demands a credential that may manage of who reads the metrics.
	MetricsKey bool
	// Logger; nil: slog.Default().
	Logger *slog.Logger
}

// New makes the handler of /api/v1/*, /healthz, /readyz, /docs and /pair. It must be
// mounted below auth.Middleware, which reads the credential, and
// graph.WithLoaders. It fails when a route names a field that the schema lacks.
func New(o Options) (http.Handler, error) {
	if o.Resolver == nil || o.Gate == nil || o.Auth == nil {
		return nil, errors.New("rest: a resolver, a gate and an authenticator are required")
	}
	a := &api{
		root: graph.NewRoot(o.Resolver), core: o.Resolver, auth: o.Auth, timing: o.Streams.withDefaults(),
		gate: o.Gate, maxBody: o.MaxBody, log: o.Logger,
	}
	if a.maxBody == 0 {
		a.maxBody = DefaultMaxBody
	}
	if a.log == nil {
		a.log = slog.Default()
	}
	checks := append([]Check{{Name: "database", Do: o.Resolver.DB.Ping}}, o.Checks...)
	return newRouter(a, checks, a.metrics(o), func() ([]byte, error) { return OpenAPI(o.Version) })
}

// newRouter mounts the table and the routes that are not of the table.
func newRouter(a *api, checks []Check, metrics http.HandlerFunc, document func() ([]byte, error)) (http.Handler, error) {
	m := chi.NewRouter()
	m.Use(escapedPath, middleware.GetHead)
	m.NotFound(a.unknownRoute)
	m.MethodNotAllowed(a.wrongMethod(m))
	for _, rt := range table() {
		if err := rt.check(a.gate.Has); err != nil {
			return nil, err
		}
		m.Method(rt.Method, rt.Pattern, a.handler(rt))
	}
	m.Get(graph.RealtimePath, a.serveRealtime)
	m.Get("/healthz", alive)
	m.Get("/readyz", ready(checks, a.log))
	if metrics != nil {
		m.Get("/metrics", metrics)
	}
	people, err := pages.Handlers()
	if err != nil {
		return nil, err
	}
	for address, page := range people {
		m.Method(http.MethodGet, address, page)
	}
	m.Get(openAPIPath, a.serveDocument(document))
	return m, nil
}

// escapedPath makes the router match the path as it was sent. Left alone it
// matches the decoded path or the sent one by how it was written, and a
// parameter could not be unescaped exactly once.
func escapedPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rctx := chi.RouteContext(r.Context()); rctx != nil {
			rctx.RoutePath = routePath(r.URL)
		}
		next.ServeHTTP(w, r)
	})
}

// colons are what some clients make of the one before an action's verb.
var colons = strings.NewReplacer("%3A", ":", "%3a", ":") //nolint:gochecknoglobals // never changes

// routePath gives the path as it was sent; an escaped colon is one all the same.
func routePath(address *url.URL) string { return colons.Replace(address.EscapedPath()) }

// unknownRoute is the 404 of an address that no row has.
func (a *api) unknownRoute(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, "unknown", fault.New(fault.NotFound, "", "no such route"))
}

// wrongMethod is the 405 of an address that has rows, but none for the method.
// The contract's codes have none of their own for it: not_found it is, since the
// operation does not exist.
func (a *api) wrongMethod(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := allowedMethods(routes, routePath(r.URL))
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		f := fault.New(fault.NotFound, "", fmt.Sprintf("%s is not allowed here", r.Method)).With("allow", allowed)
		writeJSON(w, http.StatusMethodNotAllowed, presentFault(f))
	}
}

// allowedMethods asks the router which methods an address has.
func allowedMethods(routes chi.Routes, path string) []string {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		asked := m
		if m == http.MethodHead {
			asked = http.MethodGet
		}
		if routes.Match(chi.NewRouteContext(), asked, path) {
			allowed = append(allowed, m)
		}
	}
	return allowed
}
