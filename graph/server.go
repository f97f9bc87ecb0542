package graph

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/ast"

	"wagateway/graph/auth"
	"wagateway/graph/gen"
)

// Defaults of [Options].
const (
	DefaultMaxBody = 1 << 20
	// DefaultMaxUpload lets a file of 16 MiB through: 22 MiB in base64, and the rest.
	DefaultMaxUpload = 24 << 20
	defaultTimeout   = time.Minute
)

// Options are what the GraphQL server needs.
type Options struct {
	Resolver *Resolver           // required
	Auth     *auth.Authenticator // required: reads the credential of websockets, and looks at those of streams again

	Introspection bool          // whether the schema can be asked for
	Limits        Limits        // of one operation; zero fields are the defaults
	MaxBody       int64         // of a request without a credential or a websocket's message, in bytes; 0: 1 MiB
	MaxUpload     int64         // of a POST with a credential, in bytes; 0: 24 MiB
	Timeout       time.Duration // of a query or mutation; 0: a minute. Acts on WhatsApp have shorter ones of their own
	Recheck       time.Duration // how often the credential of a subscription is looked at again; 0: 30 s
	Logger        *slog.Logger  // nil: silent
}

// NewServer makes the handler of the GraphQL endpoint, by the GraphQL-over-HTTP
// specification: POST, GET (queries only), SSE ("distinct connections" of the
// GraphQL-over-SSE protocol) and graphql-transport-ws. It must be mounted below
// auth.Middleware.
func NewServer(o Options) (http.Handler, error) {
	if o.Resolver == nil || o.Resolver.Gate == nil || o.Auth == nil {
		return nil, errors.New("graph: a resolver, a gate and an authenticator are required")
	}
	o = o.withDefaults()
	errs := presenter{log: o.Logger}
	schema := gen.NewExecutableSchema(gen.Config{
		Resolvers:  NewRoot(o.Resolver),
		Directives: directives(o.Resolver.Gate),
		Complexity: complexities(),
	})
	server := handler.New(schema)
	server.SetErrorPresenter(errs.present)
	server.SetRecoverFunc(errs.recovered)
	server.SetParserTokenLimit(o.Limits.Tokens)

	documents := newBoundedCache(func(query string, _ *ast.QueryDocument) int { return len(query) })
	server.SetQueryCache(documents)
	server.Use(extension.AutomaticPersistedQuery{
		Cache: newBoundedCache(func(hash, query string) int { return len(hash) + len(query) }),
	})
	server.Use(limiter{Limits: o.Limits, introspection: o.Introspection, accepted: documents, schema: schema})
	if o.Introspection {
		server.Use(extension.Introspection{})
	}
	lifetimes := lifetime{auth: o.Auth, timeout: o.Timeout, recheck: o.Recheck, errs: errs}
	server.AroundOperations(lifetimes.operation)
	server.AroundResponses(response)

	server.AddTransport(websocketTransport(o))
	server.AddTransport(httpTransport{maxBody: o.MaxBody, maxUpload: o.MaxUpload, log: o.Logger})
	return server, nil
}

func (o Options) withDefaults() Options {
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxUpload == 0 {
		o.MaxUpload = DefaultMaxUpload
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Recheck == 0 {
		o.Recheck = auth.DefaultRecheck
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Limits = o.Limits.withDefaults()
	return o
}
