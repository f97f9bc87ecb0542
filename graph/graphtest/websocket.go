package graphtest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/whatsapptest"
)

// Socket is an open websocket that speaks graphql-transport-ws.
type Socket struct {
	*websocket.Conn

	ctx context.Context //nolint:containedctx // bounds all waiting of one test
}

// Message is a message of graphql-transport-ws.
type Message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// Response reads the payload of a "next" or an "error" message.
func (m Message) Response(t testing.TB) *Response {
	t.Helper()
	response := &Response{Body: string(m.Payload)}
	if m.Type == "error" {
		require.NoError(t, json.Unmarshal(m.Payload, &response.Errors), response.Body)
		return response
	}
	require.Equal(t, "next", m.Type, response.Body)
	require.NoError(t, json.Unmarshal(m.Payload, response), response.Body)
	return response
}

// Dial opens a websocket, without the first message; it ends with the test.
func (s *Server) Dial(t testing.TB, header http.Header) *Socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), whatsapptest.Patience)
	t.Cleanup(cancel)
	conn, answer, err := websocket.Dial(ctx, strings.Replace(s.URL, "http", "ws", 1), &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: []string{"graphql-transport-ws"},
	})
	require.NoError(t, err)
	if answer.Body != nil {
		require.NoError(t, answer.Body.Close())
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &Socket{Conn: conn, ctx: ctx}
}

// Open opens a websocket and sends the payload of its first message.
func (s *Server) Open(t testing.TB, payload map[string]any) *Socket {
	t.Helper()
	socket := s.Dial(t, nil)
	socket.Init(t, payload)
	require.Equal(t, "connection_ack", socket.Next(t).Type)
	return socket
}

// Init sends the first message.
func (s *Socket) Init(t testing.TB, payload map[string]any) {
	t.Helper()
	s.Send(t, map[string]any{"type": "connection_init", "payload": payload})
}

// Send sends any message.
func (s *Socket) Send(t testing.TB, message any) {
	t.Helper()
	require.NoError(t, wsjson.Write(s.ctx, s.Conn, message))
}

// Subscribe starts an operation.
func (s *Socket) Subscribe(t testing.TB, id, query string, variables map[string]any) {
	t.Helper()
	s.Send(t, map[string]any{"id": id, "type": "subscribe", "payload": map[string]any{"query": query, "variables": variables}})
}

// Next waits for the next message that is no ping.
func (s *Socket) Next(t testing.TB) Message {
	t.Helper()
	for {
		var m Message
		require.NoError(t, wsjson.Read(s.ctx, s.Conn, &m))
		if m.Type != "ping" {
			return m
		}
	}
}

// Closed waits until the server closes the socket, and gives its code.
func (s *Socket) Closed(t testing.TB) websocket.StatusCode {
	t.Helper()
	for {
		if _, _, err := s.Read(s.ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}
