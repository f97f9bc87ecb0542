package graph_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/auth/authtest"
	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

func TestWebsocketOperations(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	key := s.Key(t, models.Read, models.Manage)
	socket := s.Open(t, map[string]any{"x-api-key": key})
	for i, test := range []struct{ query, code string }{
		{`{ viewer { capabilities } }`, ""},
		{`{ session(id: "x") { id } }`, notFound},
		{`mutation { createSession(input: {}) { session { id } } }`, ""},
		{`{ nope }`, "GRAPHQL_VALIDATION_FAILED"},
		{`{`, "GRAPHQL_PARSE_FAILED"},
		{`{ ` + repeated(300, "a%d: __typename ") + `}`, "GRAPHQL_LIMIT_EXCEEDED"},
		{`subscription { pairing(sessionId: "x") { status } }`, notFound},
		{`subscription { a: events { id } b: events { id } }`, "GRAPHQL_VALIDATION_FAILED"},
		{`subscription { ...f ...g } fragment f on Subscription { a: events { id } } fragment g on Subscription { b: events { id } }`, "GRAPHQL_VALIDATION_FAILED"},
		{`subscription { events @skip(if: true) { id } }`, "GRAPHQL_VALIDATION_FAILED"},
		{`subscription { a: pairing(sessionId: "x") { status } ...f } fragment f on Subscription { a: pairing(sessionId: "x") { session { id } } }`, notFound},
	} {
		id := strconv.Itoa(i)
		socket.Subscribe(t, id, test.query, nil)
		answer := socket.Next(t)
		for answer.Type == "complete" { // of the operation before
			answer = socket.Next(t)
		}
		assert.Equal(t, id, answer.ID)
		assert.Equal(t, test.code, answer.Response(t).Code(), test.query)
	}
}

func TestWebsocketCredential(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	key := s.Key(t, models.Read)
	const query = `{ viewer { userId } }`
	for name, test := range map[string]struct {
		header  http.Header
		payload map[string]any
		code    string
	}{
		"by x-api-key":     {payload: map[string]any{"x-api-key": key}},
		"by authorization": {payload: map[string]any{"Authorization": "Bearer " + key}},
		"by the upgrade":   {header: http.Header{"Authorization": {"Bearer " + key}}},
		"by a token":       {payload: map[string]any{"authorization": "Bearer " + s.Token(t, "member")}},
		"none":             {code: "UNAUTHORIZED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket := s.Dial(t, test.header)
			socket.Init(t, test.payload)
			require.Equal(t, "connection_ack", socket.Next(t).Type)
			socket.Subscribe(t, "1", query, nil)
			assert.Equal(t, test.code, socket.Next(t).Response(t).Code())
		})
	}
	for name, payload := range map[string]map[string]any{
		"wrong":  {"x-api-key": key + "x"},
		"double": {"x-api-key": key, "authorization": "Bearer " + key},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket := s.Dial(t, nil)
			socket.Init(t, payload)
			assert.Equal(t, websocket.StatusCode(4403), socket.Closed(t))
		})
	}
}

func TestWebsocketRefused(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	dial := func(options websocket.DialOptions) int {
		conn, answer, err := websocket.Dial(t.Context(), strings.Replace(s.URL, "http", "ws", 1), &options)
		if err == nil {
			_ = conn.CloseNow()
			return 101
		}
		require.NotNil(t, answer, "%v", err)
		return answer.StatusCode
	}
	protocol := []string{"graphql-transport-ws"}
	assert.Equal(t, 101, dial(websocket.DialOptions{Subprotocols: protocol}))
	own := strings.TrimSuffix(s.URL, "/graphql")
	assert.Equal(t, 101, dial(websocket.DialOptions{Subprotocols: protocol, HTTPHeader: http.Header{"Origin": {own}}}))
	assert.Equal(t, 403, dial(websocket.DialOptions{Subprotocols: protocol, HTTPHeader: http.Header{"Origin": {"https://evil.example"}}}))
	assert.Equal(t, 403, dial(websocket.DialOptions{Subprotocols: protocol, HTTPHeader: http.Header{"Origin": {"null"}}}))
	assert.Equal(t, 400, dial(websocket.DialOptions{Subprotocols: []string{"graphql-ws"}}))
	assert.Equal(t, 400, dial(websocket.DialOptions{}))
}

func TestWebsocketMessages(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite, func(setup *graphtest.Setup) { setup.Options.MaxBody = 10_000 })
	key := s.Key(t, models.Read)
	for name, message := range map[string]string{
		"not JSON":         `{`,
		"an unknown type":  `{"type":"hello"}`,
		"a second init":    `{"type":"connection_init"}`,
		"a large message":  `{"id":"1","type":"subscribe","payload":{"query":"` + strings.Repeat(" ", 20_000) + `"}}`,
		"something binary": "\x00\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket := s.Open(t, map[string]any{"x-api-key": key})
			require.NoError(t, socket.Write(t.Context(), websocket.MessageText, []byte(message)))
			assert.NotZero(t, socket.Closed(t))
		})
	}
	t.Run("an operation before init", func(t *testing.T) {
		t.Parallel()
		socket := s.Dial(t, nil)
		socket.Subscribe(t, "1", `{ __typename }`, nil)
		assert.NotZero(t, socket.Closed(t))
	})
}

func TestWebsocketOperationsAreBounded(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session := s.SessionOf(t, graphtest.Organization)
	socket := s.Open(t, map[string]any{"x-api-key": s.Key(t, models.Manage)})
	const many = 80
	for i := range many {
		socket.Subscribe(t, strconv.Itoa(i), `subscription($s: ID!) { pairing(sessionId: $s) { status } }`, map[string]any{"s": session.ID})
	}
	following, refused := 0, 0
	for following+refused < many {
		switch m := socket.Next(t); m.Type {
		case "complete":
		default:
			if code := m.Response(t).Code(); code == "" {
				following++
			} else {
				assert.Equal(t, "RATE_LIMITED", code)
				refused++
			}
		}
	}
	assert.Equal(t, 50, following)
}

// An id names one operation at a time: the protocol's way to say so is its code 4409.
func TestWebsocketIDs(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session := s.SessionOf(t, graphtest.Organization)
	socket := s.Open(t, map[string]any{"x-api-key": s.Key(t, models.Manage)})
	follow := func(id string) {
		socket.Subscribe(t, id, `subscription($s: ID!) { pairing(sessionId: $s) { status } }`, map[string]any{"s": session.ID})
		m := socket.Next(t)
		for ; m.Type == "complete"; m = socket.Next(t) { // of the operation before
		}
		require.Empty(t, m.Response(t).Errors)
	}
	for _, query := range []string{`{ viewer { userId } }`, `{ nope }`, `{`} { // what has ended frees its id
		socket.Subscribe(t, "1", query, nil)
		for socket.Next(t).Type != "complete" {
		}
	}
	follow("1")
	socket.Send(t, map[string]any{"id": "1", "type": "complete"})
	follow("1")
	follow(strings.Repeat("long", 100))
	socket.Subscribe(t, strings.Repeat("long", 100), `{ viewer { userId } }`, nil)
	assert.Equal(t, websocket.StatusCode(4409), socket.Closed(t))
}

// A socket outlives its credential; what it may do does not.
func TestSocketAfterItsCredential(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite, func(setup *graphtest.Setup) { setup.Options.Recheck = 20 * time.Millisecond })
	session := s.SessionOf(t, graphtest.Organization)
	key, secret, err := s.DB.APIKeys.Create(t.Context(), models.NewAPIKey{
		OrganizationID: graphtest.Organization, Name: "n", Capabilities: models.CapabilitySet{models.Read, models.Manage},
	})
	require.NoError(t, err)
	const follow = `subscription($s: ID!) { pairing(sessionId: $s) { status } }`
	socket := s.Open(t, map[string]any{"x-api-key": secret})
	socket.Subscribe(t, "1", follow, map[string]any{"s": session.ID})
	require.Empty(t, socket.Next(t).Response(t).Errors)
	events := s.Subscribe(t, secret, follow, map[string]any{"s": session.ID})
	require.Empty(t, events.Next(t).Errors)

	_, err = s.DB.APIKeys.Revoke(t.Context(), graphtest.Organization, key.ID)
	require.NoError(t, err)
	assert.Equal(t, "UNAUTHORIZED", socket.Next(t).Response(t).Code(), "the subscription says why it ends")
	assert.Equal(t, "complete", socket.Next(t).Type)
	assert.Equal(t, "UNAUTHORIZED", events.Next(t).Code())
	assert.Nil(t, events.Next(t))
	socket.Subscribe(t, "2", `{ viewer { userId } }`, nil)
	assert.Equal(t, "UNAUTHORIZED", socket.Next(t).Response(t).Code(), "an operation after that")
}

func TestSubscriptionEndsWithTheToken(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session := s.SessionOf(t, graphtest.Organization)
	// Within the skew of 30 s the token is good for about a second still.
	token := s.TokenOf(t, authtest.Claims{"org": graphtest.Organization, "role": "owner", "exp": time.Now().Add(-28 * time.Second)})
	events := s.Subscribe(t, token, `subscription($s: ID!) { pairing(sessionId: $s) { status } }`, map[string]any{"s": session.ID})
	require.Empty(t, events.Next(t).Errors)
	assert.Equal(t, "UNAUTHORIZED", events.Next(t).Code())
	assert.Nil(t, events.Next(t))
}
