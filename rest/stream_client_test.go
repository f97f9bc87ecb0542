package rest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/whatsapptest"
)

// kinds are the ways to a stream of events.
var kinds = []string{"sse", "websocket", "graphql-sse", "graphql-ws"}

// heard is what a stream's client hears next: an event, or the end.
type heard struct {
	id      string
	name    string
	body    string // the envelope, or GraphQL's data
	failure *FailureBody
	closed  websocket.StatusCode // 0: not closed, or no websocket
	ended   bool
}

// listener is a client of a stream.
type listener struct {
	next   func() heard
	drop   func() // breaks the connection off
	header http.Header
}

// wish is what a client asks for.
type wish struct{ credential, session, events, after string }

// listen opens a stream; it ends with the test.
func (s *stack) listen(kind string, w wish) *listener {
	s.Helper()
	if w.credential == "" {
		w.credential = s.key
	}
	switch kind {
	case "sse":
		return s.listenSSE(w)
	case "websocket":
		return s.listenSocket(s.ticket(w), w.after)
	case "graphql-sse":
		return s.listenGraphSSE(w)
	default:
		return s.listenGraphSocket(w)
	}
}

// within bounds all waiting of one client.
func (s *stack) within() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*whatsapptest.Patience)
	s.Cleanup(cancel)
	return ctx, cancel
}

// credentialed is a header with the credential.
func credentialed(credential string) http.Header {
	return http.Header{"Authorization": {"Bearer " + credential}}
}

func (s *stack) listenSSE(w wish) *listener {
	s.Helper()
	ctx, cancel := s.within()
	query := url.Values{}
	for name, value := range map[string]string{"session": w.session, "events": w.events, "after": w.after} {
		if value != "" {
			query.Set(name, value)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/events?"+query.Encode(), nil)
	require.NoError(s, err)
	request.Header = credentialed(w.credential)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s, err)
	s.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		return s.refused(response, cancel)
	}
	require.Equal(s, "text/event-stream", response.Header.Get("Content-Type"))
	messages := messagesOf(response.Body)
	return &listener{header: response.Header, drop: cancel, next: func() heard {
		m, ok := messages()
		for ok && m.data == "" {
			m, ok = messages()
		}
		switch {
		case !ok:
			return heard{ended: true}
		case m.event == "error":
			return heard{failure: failureIn(s, m.data)}
		default:
			return heard{id: m.id, name: m.event, body: m.data}
		}
	}}
}

// refused gives a client that hears only why it is not served.
func (s *stack) refused(response *http.Response, drop func()) *listener {
	s.Helper()
	body, err := io.ReadAll(response.Body)
	require.NoError(s, err)
	said := false
	return &listener{header: response.Header, drop: drop, next: func() heard {
		if said {
			return heard{ended: true}
		}
		said = true
		return heard{failure: failureIn(s, string(body))}
	}}
}

func failureIn(t require.TestingT, body string) *FailureBody {
	var f Failure
	require.NoError(t, json.Unmarshal([]byte(body), &f), body)
	require.NotEmpty(t, f.Error.Code, body)
	return &f.Error
}

// message is one message of Server-Sent Events.
type message struct{ id, event, data, comment string }

// messagesOf reads Server-Sent Events.
func messagesOf(body io.Reader) func() (message, bool) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 4<<20)
	return func() (m message, ok bool) {
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			switch {
			case lines.Text() == "":
				return m, true
			case name == "":
				m.comment += "beat"
			case name == "id":
				m.id = value
			case name == "event":
				m.event = value
			case name == "data":
				m.data = value
			}
		}
		return m, false
	}
}

// ticket makes a ticket and gives the address with it.
func (s *stack) ticket(w wish) string {
	s.Helper()
	body := map[string]any{}
	if w.session != "" {
		body["sessionId"] = w.session
	}
	if w.events != "" {
		body["events"] = strings.Split(w.events, ",")
	}
	a := s.send("POST", "/api/v1/realtime/ticket", w.credential, encoded(s.T, body))
	require.Equal(s, 201, a.StatusCode, a.body)
	var t Ticket
	a.into(s.T, &t)
	return t.URL
}

func (s *stack) listenSocket(address, after string) *listener {
	s.Helper()
	ctx, cancel := s.within()
	if after != "" {
		address += "&after=" + url.QueryEscape(after)
	}
	conn, response, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://elsewhere.example"}}})
	if err != nil {
		require.NotNil(s, response, "%v", err)
		return s.refused(response, cancel)
	}
	conn.SetReadLimit(4 << 20)
	s.Cleanup(func() { _ = conn.CloseNow() })
	return &listener{drop: func() { _ = conn.CloseNow() }, next: func() heard {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			return heard{ended: true, closed: websocket.CloseStatus(err)}
		}
		var envelope struct {
			ID, Event string
			Error     *FailureBody
		}
		require.NoError(s, json.Unmarshal(frame, &envelope))
		return heard{id: envelope.ID, name: envelope.Event, body: string(frame), failure: envelope.Error}
	}}
}

const subscription = `subscription($session: ID, $types: [EventType!], $after: ID) {
	events(sessionId: $session, types: $types, after: $after) { id type payload } }`

func (w wish) variables() map[string]any {
	variables := map[string]any{}
	if w.session != "" {
		variables["session"] = w.session
	}
	if w.after != "" {
		variables["after"] = w.after
	}
	if w.events != "" {
		variables["types"] = strings.Split(strings.ToUpper(strings.ReplaceAll(w.events, ".", "_")), ",")
	}
	return variables
}

// graphHeard reads a response of a subscription.
func graphHeard(t require.TestingT, body []byte) heard {
	var response struct {
		Data struct {
			Events struct{ ID, Type string }
		}
		Errors []struct {
			Message    string
			Extensions struct {
				Code, Reason string
				RetryAfter   int
			}
		}
	}
	require.NoError(t, json.Unmarshal(body, &response), string(body))
	if len(response.Errors) > 0 {
		e := response.Errors[0]
		f := &FailureBody{Code: strings.ToLower(e.Extensions.Code), Message: e.Message, Details: map[string]any{}}
		if e.Extensions.Reason != "" {
			f.Details["reason"] = e.Extensions.Reason
		}
		return heard{failure: f}
	}
	return heard{id: response.Data.Events.ID, name: strings.ToLower(strings.Replace(response.Data.Events.Type, "_", ".", 1)), body: string(body)}
}

func (s *stack) listenGraphSSE(w wish) *listener {
	s.Helper()
	ctx, cancel := s.within()
	body, err := json.Marshal(map[string]any{"query": subscription, "variables": w.variables()})
	require.NoError(s, err)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	require.NoError(s, err)
	request.Header = credentialed(w.credential)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	require.NoError(s, err)
	s.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(s, http.StatusOK, response.StatusCode)
	messages := messagesOf(response.Body)
	return &listener{header: response.Header, drop: cancel, next: func() heard {
		m, ok := messages()
		for ok && m.event == "" {
			m, ok = messages()
		}
		if !ok || m.event == "complete" {
			return heard{ended: true}
		}
		return graphHeard(s, []byte(m.data))
	}}
}

func (s *stack) listenGraphSocket(w wish) *listener {
	s.Helper()
	ctx, cancel := s.within()
	conn, _, err := websocket.Dial(ctx, strings.Replace(s.url, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	require.NoError(s, err)
	conn.SetReadLimit(4 << 20)
	s.Cleanup(func() { cancel(); _ = conn.CloseNow() })
	type frame struct {
		ID      string          `json:"id,omitempty"`
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload,omitempty"`
	}
	send := func(f frame) { require.NoError(s, wsjson.Write(ctx, conn, f)) }
	send(frame{Type: "connection_init", Payload: json.RawMessage(`{"Authorization":"Bearer ` + w.credential + `"}`)})
	var f frame
	require.NoError(s, wsjson.Read(ctx, conn, &f))
	require.Equal(s, "connection_ack", f.Type)
	payload, err := json.Marshal(map[string]any{"query": subscription, "variables": w.variables()})
	require.NoError(s, err)
	send(frame{ID: "1", Type: "subscribe", Payload: payload})
	return &listener{drop: func() { _ = conn.CloseNow() }, next: func() heard {
		for {
			var f frame
			if err := wsjson.Read(ctx, conn, &f); err != nil {
				return heard{ended: true, closed: websocket.CloseStatus(err)}
			}
			switch f.Type {
			case "next":
				return graphHeard(s, f.Payload)
			case "error":
				return graphHeard(s, []byte(`{"errors":`+string(f.Payload)+`}`))
			case "complete":
				return heard{ended: true}
			}
		}
	}}
}
