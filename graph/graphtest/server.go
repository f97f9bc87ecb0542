// Package graphtest runs the whole GraphQL front for tests: a real database, the
// WhatsApp service before a simulated WhatsApp, real credentials, a real HTTP
// server.
package graphtest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/stretchr/testify/require"

	"wagateway/graph"
	"wagateway/graph/auth"
	"wagateway/graph/auth/authtest"
	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/stream"
	"wagateway/whatsapp/whatsapptest"
)

// Organization is the organization of [Server.Key] and [Server.Token].
const Organization = whatsapptest.Organization

// Server is a GraphQL front of a test's own.
type Server struct {
	*whatsapptest.World

	URL      string // of the endpoint
	Handler  http.Handler
	Resolver *graph.Resolver
	Gate     *graph.Gate
	Auth     *auth.Authenticator
	Provider *authtest.Provider

	signer authtest.Key
}

// Setup is what a test may change before the server is made.
type Setup struct {
	Options  graph.Options           // Resolver, Gate and Auth are filled in
	Database []modelstest.Option     // how the database is opened
	Log      eventlog.Config         // Dir is filled in
	Streams  int                     // how many streams an organization can have; 0: the default
	Fields   graphql.FieldMiddleware // around each field of an answer; nil: nothing
}

// New starts a server on a database of the dialect; all of it ends with the test.
func New(t testing.TB, dialect string, changes ...func(*Setup)) *Server {
	t.Helper()
	var setup Setup
	setup.Options.Introspection = true
	for _, change := range changes {
		change(&setup)
	}
	world := whatsapptest.NewWorldOn(t, modelstest.Open(t, dialect, setup.Database...))
	s := &Server{World: world, Provider: authtest.New(t)}
	var err error
	s.signer = authtest.NewKey(t, "key", "EdDSA")
	s.Provider.Publish(t, s.signer)
	s.Auth, err = auth.New(auth.Config{JWKSURL: s.Provider.URL}, s.DB)
	require.NoError(t, err)
	s.Gate, err = graph.NewGate()
	require.NoError(t, err)
	log := OpenLog(t, setup.Log)
	s.Resolver = &graph.Resolver{
		Gate: s.Gate, DB: s.DB, WhatsApp: s.Service, Events: log, Hooks: Webhooks(s.DB, log),
		Streams: stream.Slots{PerOrganization: setup.Streams},
	}
	setup.Options.Resolver, setup.Options.Auth = s.Resolver, s.Auth
	front, err := graph.NewServer(setup.Options)
	require.NoError(t, err)
	if setup.Fields != nil {
		server, ok := front.(*handler.Server)
		require.True(t, ok)
		server.AroundFields(setup.Fields)
	}
	s.Handler = s.Auth.Middleware(graph.WithLoaders(s.Resolver, front))
	server := httptest.NewServer(s.Handler)
	t.Cleanup(server.Close)
	s.URL = server.URL + "/graphql"
	return s
}

// Key makes an API key of [Organization] and gives its secret.
func (s *Server) Key(t testing.TB, capabilities ...models.Capability) string {
	t.Helper()
	return s.KeyOf(t, models.NewAPIKey{OrganizationID: Organization, Capabilities: capabilities})
}

// KeyOf makes an API key as wanted and gives its secret.
func (s *Server) KeyOf(t testing.TB, wanted models.NewAPIKey) string {
	t.Helper()
	if wanted.Name == "" {
		wanted.Name = "test"
	}
	_, secret, err := s.DB.APIKeys.Create(t.Context(), wanted)
	require.NoError(t, err)
	return secret
}

// Token makes a login token of [Organization] with these roles.
func (s *Server) Token(t testing.TB, roles ...string) string {
	t.Helper()
	return s.TokenOf(t, authtest.Claims{"sub": "user", "org": Organization, "role": roles})
}

// TokenOf makes a login token.
func (s *Server) TokenOf(t testing.TB, claims authtest.Claims) string {
	t.Helper()
	return s.signer.Sign(t, claims)
}

// SessionOf stores a session of an organization's.
func (s *Server) SessionOf(t testing.TB, organizationID string) *models.Session {
	t.Helper()
	return modelstest.Session(t, s.DB, organizationID)
}

// Response is an answer.
type Response struct {
	Status int             `json:"-"`
	Header http.Header     `json:"-"`
	Body   string          `json:"-"`
	Data   json.RawMessage `json:"data"`
	Errors []Error         `json:"errors"`
}

// Error is one error of an answer.
type Error struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code    string         `json:"code"`
		Reason  string         `json:"reason"`
		Details map[string]any `json:"details"`
	} `json:"extensions"`
}

// Code gives the code of the first error, "" when there is none.
func (r *Response) Code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Extensions.Code
}

// Post sends an operation with a credential ("" is none).
func (s *Server) Post(t testing.TB, credential, query string, variables map[string]any) *Response {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(t, err)
	return s.Send(t, http.MethodPost, "", string(body), http.Header{
		"Content-Type": {"application/json"}, "Authorization": bearer(credential),
	})
}

// Send sends any request; query is the address's.
func (s *Server) Send(t testing.TB, method, query, body string, header http.Header) *Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+query, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	maps.Copy(r.Header, header)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	response := &Response{Status: answer.StatusCode, Header: answer.Header, Body: string(content)}
	require.NoError(t, json.Unmarshal(content, response), "%s", content)
	return response
}

// Get sends an operation that must succeed and fills data with its answer.
func (s *Server) Get(t testing.TB, credential, query string, variables map[string]any, data any) {
	t.Helper()
	response := s.Post(t, credential, query, variables)
	require.Empty(t, response.Errors, response.Body)
	require.NoError(t, json.Unmarshal(response.Data, data), response.Body)
}

func bearer(credential string) []string {
	if credential == "" {
		return nil
	}
	return []string{"Bearer " + credential}
}
