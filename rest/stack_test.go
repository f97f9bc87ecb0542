package rest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph"
	"wagateway/graph/auth"
	"wagateway/graph/auth/authtest"
	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/stream"
	"wagateway/whatsapp/whatsapptest"
)

// otherOrganization is the one that must see nothing of whatsapptest.Organization's.
const otherOrganization = "org_other"

// stack is both fronts over the real stores, the real service and a simulated
// WhatsApp, behind one HTTP server.
type stack struct {
	*testing.T

	db      *models.DB
	log     *eventlog.Log
	core    *graph.Resolver
	url     string
	key     string // read, send, manage of whatsapptest.Organization
	signing authtest.Key

	document *openAPI

	answers *answerLog
}

// answerLog is which statuses each operation has answered with, by operationId.
type answerLog struct {
	mu    sync.Mutex
	of    map[string]map[int]bool
	exact map[string]bool // a success was compared byte by byte
}

func (l *answerLog) add(operation string, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[operation] == nil {
		l.of[operation] = make(map[int]bool)
	}
	l.of[operation][status] = true
}

// in gives the stack for a subtest.
func (s *stack) in(t *testing.T) *stack {
	c := *s
	c.T = t
	return &c
}

// stackOptions are what a test may change of its stack.
type stackOptions struct {
	log     eventlog.Config
	streams int // of an organization
	timing  StreamTiming
	above   func(http.Handler) http.Handler
}

// newStack serves a database and a service; both end with the test.
func newStack(t *testing.T, db *models.DB, service *whatsapp.Service, change ...func(*stackOptions)) *stack {
	t.Helper()
	var options stackOptions
	for _, c := range change {
		c(&options)
	}
	s := &stack{T: t, db: db, document: newOpenAPI(t), answers: &answerLog{of: make(map[string]map[int]bool), exact: make(map[string]bool)}}
	provider := authtest.New(t)
	s.signing = authtest.NewKey(t, "k1", jwa.EdDSA)
	provider.Publish(t, s.signing)
	authenticator, err := auth.New(auth.Config{JWKSURL: provider.URL}, db)
	require.NoError(t, err)
	gate, err := graph.NewGate()
	require.NoError(t, err)
	s.log = graphtest.OpenLog(t, options.log)
	resolver := &graph.Resolver{
		Gate: gate, DB: db, WhatsApp: service, Events: s.log, Hooks: graphtest.Webhooks(db, s.log),
		Streams: stream.Slots{PerOrganization: options.streams},
	}
	s.core = resolver
	graphQL, err := graph.NewServer(graph.Options{Resolver: resolver, Auth: authenticator, Recheck: options.timing.Recheck})
	require.NoError(t, err)
	api, err := New(Options{Resolver: resolver, Gate: gate, Auth: authenticator, Streams: options.timing, Version: "test", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/graphql", graphQL)
	mux.Handle("/", api)
	handler := authenticator.Middleware(graph.WithLoaders(resolver, mux))
	if options.above != nil {
		handler = options.above(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections() // streams have no end of their own
		server.Close()
	})
	s.url = server.URL
	for _, organization := range []string{whatsapptest.Organization, otherOrganization} {
		_, err := db.Organizations.Ensure(t.Context(), organization, "")
		require.NoError(t, err)
	}
	s.key = s.newKey(whatsapptest.Organization, models.Read, models.Send, models.Manage)
	return s
}

// offline is a stack whose sessions never connect: nothing starts them, and
// there is no WhatsApp to reach.
func offline(t *testing.T, db *models.DB, change ...func(*stackOptions)) *stack {
	t.Helper()
	whatsapptest.Trust(t)
	service, err := whatsapp.New(t.Context(), whatsapp.Config{WhatsAppURL: "ws://127.0.0.1:1"}, db)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, service.Close(whatsapptest.Within(t))) })
	return newStack(t, db, service, change...)
}

// eachOffline runs a test on an offline stack over each database.
func eachOffline(t *testing.T, test func(s *stack)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) { test(offline(t, db)) })
}

func (s *stack) newKey(organization string, capabilities ...models.Capability) string {
	s.Helper()
	_, secret, err := s.db.APIKeys.Create(s.Context(), models.NewAPIKey{OrganizationID: organization, Name: "test", Capabilities: capabilities})
	require.NoError(s, err)
	return secret
}

// token signs a login token.
func (s *stack) token(organization, role string) string {
	s.Helper()
	claims := authtest.Claims{"sub": "user_1", "role": role}
	if organization != "" {
		claims["org"] = organization
	}
	return s.signing.Sign(s, claims)
}

// session stores a session of whatsapptest.Organization's that is not paired.
func (s *stack) session() string {
	s.Helper()
	row := &models.Session{OrganizationID: whatsapptest.Organization, Label: "Test", Status: models.SessionStopped, RatePerMin: 20, RatePerHour: 600}
	require.NoError(s, s.db.Sessions.Create(s.Context(), row))
	return row.ID
}

// group stores a group of so many members.
func (s *stack) group(session, jid string, members int) *models.Group {
	s.Helper()
	snapshot := models.GroupSnapshot{JID: jid, Subject: "Team", OwnerJID: "491700000000@s.whatsapp.net", CreatedAtWA: 1_700_000_000_000}
	for i := range members {
		snapshot.Members = append(snapshot.Members, memberSnapshot(i))
	}
	group, err := s.db.Groups.Sync(s.Context(), session, snapshot)
	require.NoError(s, err)
	return group
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), v), a.body)
}

func (a answer) failure(t *testing.T) FailureBody {
	t.Helper()
	var f Failure
	a.into(t, &f)
	return f.Error
}

// send makes a request and holds the answer to the OpenAPI document.
func (s *stack) send(method, path, credential, body string, header ...string) answer {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), method, s.url+path, bytes.NewReader([]byte(body)))
	require.NoError(s, err)
	switch {
	case strings.HasPrefix(credential, "wa_"):
		request.Header.Set("x-api-key", credential)
	case credential != "":
		request.Header.Set("Authorization", "Bearer "+credential)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(s, err)
	defer func() { require.NoError(s, response.Body.Close()) }()
	var whole io.Reader = response.Body
	if response.Header.Get("Content-Type") == mediaEvents {
		whole = io.LimitReader(response.Body, int64(len(reconnectAfter))) // it has no end
	}
	content, err := io.ReadAll(whole)
	require.NoError(s, err)
	a := answer{Response: response, body: string(content)}
	s.conforms(method, path, a)
	return a
}

// conforms checks an answer of the table against the document, and logs it.
func (s *stack) conforms(method, path string, a answer) {
	s.Helper()
	path, _, _ = strings.Cut(path, "?")
	rt := routeOf(method, path)
	if rt == nil || method == http.MethodHead {
		return
	}
	s.answers.add(rt.Operation, a.StatusCode)
	if a.StatusCode == http.StatusNoContent {
		assert.Empty(s, a.body, rt.Operation)
	}
	if err := s.document.validate(rt, a); err != nil {
		assert.NoError(s, err, "%s answered %d %s", rt.Operation, a.StatusCode, a.body)
	}
}

// graphQL runs an operation and gives its data, or the first error.
func (s *stack) graphQL(credential, query string, variables map[string]any) (data json.RawMessage, code, message string) {
	s.Helper()
	data, failure := s.graphQLFailure(credential, query, variables)
	return data, failure.Code, failure.Message
}

// graphQLFailure runs an operation and gives its answer, or its first error.
func (s *stack) graphQLFailure(credential, query string, variables map[string]any) (data json.RawMessage, failure FailureBody) {
	s.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(s, err)
	header := []string{"Content-Type", "application/json", "Accept", "application/json"}
	a := s.send(http.MethodPost, "/graphql", credential, string(body), header...)
	var result struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct {
				Code, Reason string
				Details      map[string]any
			}
		}
	}
	a.into(s.T, &result)
	if len(result.Errors) > 0 {
		first := result.Errors[0]
		details := maps.Clone(first.Extensions.Details)
		if details == nil {
			details = make(map[string]any)
		}
		if first.Extensions.Reason != "" { // REST has it among the details
			details["reason"] = first.Extensions.Reason
		}
		return nil, FailureBody{Code: first.Extensions.Code, Message: first.Message, Details: details}
	}
	return result.Data, FailureBody{}
}

func memberSnapshot(i int) models.MemberSnapshot {
	role := models.RoleMember
	if i == 0 {
		role = models.RoleSuperAdmin
	}
	return models.MemberSnapshot{Role: role, Person: models.Person{
		LID: lidOf(i), PhoneJID: phoneOf(i), PushName: "Person " + statusKey(i),
	}}
}

func lidOf(i int) string   { return statusKey(100_000_000_000+i) + "@lid" }
func phoneOf(i int) string { return statusKey(491_700_000_000+i) + "@s.whatsapp.net" }

// waitForGroup waits until a session knows a group. The service gives no signal
// of it to the outside, so the store is asked again and again.
func (s *stack) waitForGroup(session, jid string) {
	s.Helper()
	require.Eventually(s, func() bool {
		_, err := s.db.Groups.Get(s.Context(), session, jid)
		return err == nil
	}, whatsapptest.Patience, 5*time.Millisecond)
}
