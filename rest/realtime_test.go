package rest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/whatsapp/whatsapptest"
)

// lifeOfATicket makes a ticket and opens the stream of events.
func (s *stack) lifeOfATicket(expect expectation) {
	s.Helper()
	host := strings.TrimPrefix(s.url, "http://")
	expect("POST", "/api/v1/realtime/ticket", `{"events":["message","session.status"]}`, 201,
		`{"expiresAt":MS,"ticket":"TICKET","url":"ws://`+host+`/api/v1/realtime?ticket=TICKET"}`)
	expect("GET", "/api/v1/events?events=message", "", 200, strings.TrimSuffix(reconnectAfter, "\n"))
}

// used gives the status and the code of an address that is opened by a GET or as
// a WebSocket.
func (s *stack) used(address string) (int, string) {
	s.Helper()
	conn, response, err := websocket.Dial(s.Context(), address, nil)
	if err == nil {
		_ = conn.CloseNow()
		return http.StatusSwitchingProtocols, ""
	}
	require.NotNil(s, response, "%v", err)
	l := s.refused(response, nil)
	return response.StatusCode, l.next().failure.Code
}

func TestTickets(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		good := s.ticket(wish{credential: s.key})
		status, _ := s.used(good)
		assert.Equal(s, 101, status)
		status, code := s.used(good)
		assert.Equal(s, 401, status, "used")
		assert.Equal(s, "unauthorized", code)

		bare, _, _ := strings.Cut(good, "?")
		for name, address := range map[string]string{
			"absent":  bare,
			"empty":   bare + "?ticket=",
			"foreign": bare + "?ticket=rt_" + strings.Repeat("A", 26),
			"a key":   bare + "?ticket=" + url.QueryEscape(s.key),
		} {
			status, _ = s.used(address)
			assert.Equal(s, 401, status, name)
			status = s.send("GET", strings.TrimPrefix(address, strings.Replace(s.url, "http", "ws", 1)), s.key, "").StatusCode
			assert.Equal(s, 401, status, "%s, no WebSocket", name)
		}

		expired := s.ticket(wish{credential: s.key})
		pool, _ := s.db.WhatsmeowDB()
		_, err := pool.ExecContext(s.Context(), "UPDATE realtime_tickets SET expires_at = 1")
		require.NoError(s, err)
		status, _ = s.used(expired)
		assert.Equal(s, 401, status, "expired")

		noSocket := s.ticket(wish{credential: s.key})
		_, query, _ := strings.Cut(noSocket, "?")
		assert.Equal(s, 400, s.send("GET", "/api/v1/realtime?"+query, "", "").StatusCode, "a good one, but no WebSocket")

		key, secret, err := s.db.APIKeys.Create(s.Context(), models.NewAPIKey{
			OrganizationID: whatsapptest.Organization, Name: "n", Capabilities: models.CapabilitySet{models.Read},
		})
		require.NoError(s, err)
		orphan := s.ticket(wish{credential: secret})
		_, err = s.db.APIKeys.Revoke(s.Context(), whatsapptest.Organization, key.ID)
		require.NoError(s, err)
		status, _ = s.used(orphan)
		assert.Equal(s, 401, status, "of a key that was revoked since")

		login := s.token(whatsapptest.Organization, "member")
		status, _ = s.used(s.ticket(wish{credential: login}))
		assert.Equal(s, 101, status, "of a login token")

		mine := s.session()
		lonely := s.ticket(wish{credential: s.key, session: mine})
		require.NoError(s, s.db.Sessions.Delete(s.Context(), mine))
		h := s.listenSocket(lonely, "").next()
		require.NotNil(s, h.failure, "of a session that was deleted since")
		assert.Equal(s, "not_found", h.failure.Code)
	})
}

// TestTicketOverGraphQL: the same ticket by the mutation.
func TestTicketOverGraphQL(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	session := s.session()
	events := happened(session, 4)
	graphtest.Append(t, s.log, events...)
	data, code, message := s.graphQL(s.key, `mutation($s: ID) { createRealtimeTicket(input: {sessionId: $s, types: [MESSAGE]}) { ticket url expiresAt } }`, map[string]any{"s": session})
	require.Empty(t, code, message)
	var made struct {
		CreateRealtimeTicket struct {
			URL       string
			ExpiresAt time.Time
		}
	}
	answer{body: string(data)}.into(t, &made)
	assert.WithinDuration(t, time.Now().Add(time.Minute), made.CreateRealtimeTicket.ExpiresAt, 30*time.Second)
	hears(t, s.listenSocket(made.CreateRealtimeTicket.URL, events[0].ID), []string{events[2].ID})
}

// What a client of the socket sends is thrown away, within bounds.
func TestSocketsOfTalkativeClients(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	dial := func() (*websocket.Conn, context.Context) {
		ctx, _ := s.within()
		conn, _, err := websocket.Dial(ctx, s.ticket(wish{credential: s.key}), nil)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.CloseNow() })
		return conn, ctx
	}
	closed := func(conn *websocket.Conn, ctx context.Context) websocket.StatusCode {
		for {
			if _, _, err := conn.Read(ctx); err != nil {
				return websocket.CloseStatus(err)
			}
		}
	}
	conn, ctx := dial()
	require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte(strings.Repeat("x", 5<<10))))
	assert.Equal(t, websocket.StatusMessageTooBig, closed(conn, ctx))

	conn, ctx = dial()
	for range 40 {
		if conn.Write(ctx, websocket.MessageText, []byte("hello")) != nil {
			break
		}
	}
	assert.Equal(t, websocket.StatusPolicyViolation, closed(conn, ctx))

	conn, ctx = dial()
	s.open(1)
	require.NoError(t, conn.Write(ctx, websocket.MessageBinary, []byte("hello")))
	events := happened(s.session(), 1)
	graphtest.Append(t, s.log, events...)
	_, frame, err := conn.Read(ctx)
	require.NoError(t, err)
	assert.Contains(t, string(frame), events[0].ID)
	require.NoError(t, conn.Close(websocket.StatusNormalClosure, ""))
	s.open(0)
}

// Quiet streams show that they live, and a stream that passes much over tells
// where to continue.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	s := streaming(t, func(o *stackOptions) { o.timing.Heartbeat = 10 * time.Millisecond })
	session := s.session()
	before := happened(session, 1)
	graphtest.Append(t, s.log, before...)

	ctx, cancel := s.within()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+EventsPath+"?events=call", nil)
	require.NoError(t, err)
	request.Header = credentialed(s.key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	next := messagesOf(response.Body)
	hello, _ := next()
	assert.Equal(t, message{id: before[0].ID}, hello, "where to continue when it breaks off at once")
	beat, _ := next()
	assert.Equal(t, message{comment: "beat"}, beat)
	passed := happened(session, 3)
	graphtest.Append(t, s.log, passed...)
	for beat.id != passed[2].ID {
		var ok bool
		beat, ok = next()
		require.True(t, ok)
		assert.Empty(t, beat.data)
	}
	cancel()

	pings := make(chan struct{}, 1)
	conn, _, err := websocket.Dial(t.Context(), s.ticket(wish{credential: s.key}), &websocket.DialOptions{
		OnPingReceived: func(context.Context, []byte) bool {
			select {
			case pings <- struct{}{}:
			default:
			}
			return true
		},
	})
	require.NoError(t, err)
	defer conn.CloseNow()
	conn.CloseRead(t.Context())
	for range 2 {
		select {
		case <-pings:
		case <-time.After(whatsapptest.Patience):
			require.FailNow(t, "no ping came")
		}
	}
}

// A socket whose client answers no ping is given up.
func TestSocketsOfSilentClients(t *testing.T) {
	t.Parallel()
	s := streaming(t, func(o *stackOptions) {
		o.timing.Heartbeat, o.timing.WriteTimeout = 10*time.Millisecond, 20*time.Millisecond
	})
	conn, _, err := websocket.Dial(t.Context(), s.ticket(wish{credential: s.key}), nil)
	require.NoError(t, err)
	defer conn.CloseNow()
	s.open(1)
	s.open(0) // it reads nothing, so it answers nothing
}

func TestEventStreamHeaders(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	events := happened(s.session(), 3)
	graphtest.Append(t, s.log, events...)
	head := s.send(http.MethodHead, EventsPath, s.key, "")
	assert.Equal(t, 200, head.StatusCode)
	s.open(0)

	a := s.send("GET", EventsPath+"?after="+events[0].ID, s.key, "", "Last-Event-ID", "nonsense", "Accept-Encoding", "gzip")
	assert.Equal(t, 400, a.StatusCode, "the header wins")
	a = s.send("GET", EventsPath+"?after=nonsense", s.key, "", "Last-Event-ID", events[0].ID, "Accept-Encoding", "gzip")
	assert.Equal(t, 200, a.StatusCode)
	assert.Empty(t, a.Header.Get("Content-Encoding"))
	assert.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	assert.Equal(t, "no", a.Header.Get("X-Accel-Buffering"))
}
