package rest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"wagateway/graph"
	"wagateway/graph/auth"
	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/whatsapptest"
)

// The benchmarks append events as fast as the log takes them and wait until each
// client has received each: one client, and 100 of one organization, in turn.
// "ratio" is the deliveries per second to 100 clients over those to one, in the
// same run. Server, log and clients share the machine.

func BenchmarkStreamSSE(b *testing.B)       { benchmarkStream(b, "sse") }
func BenchmarkStreamWebSocket(b *testing.B) { benchmarkStream(b, "websocket") }
func BenchmarkStreamGraphQLWS(b *testing.B) { benchmarkStream(b, "graphql-ws") }

const benchClients = 100

func benchmarkStream(b *testing.B, kind string) {
	const events, batch = 1024, 32
	one, many := newStreamBench(b), newStreamBench(b)
	one.connect(b, kind, 1)
	many.connect(b, kind, benchClients)
	var alone, together time.Duration
	for b.Loop() {
		alone += one.run(b, events, batch)
		together += many.run(b, events, batch)
	}
	rate := func(d time.Duration) float64 { return float64(events*b.N) / d.Seconds() }
	b.ReportMetric(0, "ns/op") // of both together: it says nothing
	b.ReportMetric(rate(alone), "events/s-1")
	b.ReportMetric(rate(together), "events/s-100")
	b.ReportMetric(benchClients*rate(together), "deliveries/s-100")
	b.ReportMetric(benchClients*rate(together)/rate(alone), "ratio")
}

// streamBench is a gateway with clients of one kind.
type streamBench struct {
	url, key, session string
	log               *eventlog.Log
	core              *graph.Resolver
	clients           []func() (events int, err error)
}

func newStreamBench(b *testing.B) *streamBench {
	db := modelstest.Open(b, modelstest.SQLite)
	whatsapptest.Trust(b)
	service, err := whatsapp.New(b.Context(), whatsapp.Config{WhatsAppURL: "ws://127.0.0.1:1"}, db)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, service.Close(whatsapptest.Within(b))) })
	authenticator, err := auth.New(auth.Config{}, db)
	require.NoError(b, err)
	gate, err := graph.NewGate()
	require.NoError(b, err)
	s := &streamBench{log: graphtest.OpenLog(b, eventlog.Config{})}
	s.core = &graph.Resolver{Gate: gate, DB: db, WhatsApp: service, Events: s.log}
	front, err := New(Options{Resolver: s.core, Gate: gate, Auth: authenticator})
	require.NoError(b, err)
	graphQL, err := graph.NewServer(graph.Options{Resolver: s.core, Auth: authenticator})
	require.NoError(b, err)
	mux := http.NewServeMux()
	mux.Handle("/graphql", graphQL)
	mux.Handle("/", front)
	server := httptest.NewServer(authenticator.Middleware(graph.WithLoaders(s.core, mux)))
	b.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.url, s.session = server.URL, modelstest.Session(b, db, whatsapptest.Organization).ID
	_, s.key, err = db.APIKeys.Create(b.Context(), models.NewAPIKey{OrganizationID: whatsapptest.Organization, Name: "bench", Capabilities: models.CapabilitySet{models.Read}})
	require.NoError(b, err)
	return s
}

// connect opens so many streams.
func (s *streamBench) connect(b *testing.B, kind string, n int) {
	for range n {
		switch kind {
		case "sse":
			s.clients = append(s.clients, s.sse(b))
		case "websocket":
			s.clients = append(s.clients, s.webSocket(b))
		default:
			s.clients = append(s.clients, s.graphQLWS(b))
		}
	}
	require.Eventually(b, func() bool { return s.core.Streams.Open(whatsapptest.Organization) == n }, whatsapptest.Patience, time.Millisecond)
}

// run appends events and waits until every client has them.
func (s *streamBench) run(b *testing.B, events, batch int) time.Duration {
	all := make([]eventlog.Event, events)
	payload := map[string]any{"waMessageId": "3EB0C431C26A1916E07A", "chatJid": "6281234567890@s.whatsapp.net", "ackLevel": 2, "status": "delivered", "participantJid": "6281234567890@s.whatsapp.net"}
	for i := range all {
		all[i] = graphtest.EventOf(whatsapptest.Organization, s.session, models.EventMessageStatus, payload)
	}
	var clients sync.WaitGroup
	start := time.Now()
	for _, next := range s.clients {
		clients.Go(func() {
			for heard := 0; heard < events; {
				n, err := next()
				if err != nil {
					b.Error(err)
					return
				}
				heard += n
			}
		})
	}
	for i := 0; i < events; i += batch {
		require.NoError(b, s.log.Append(context.Background(), all[i:i+batch]))
	}
	clients.Wait()
	return time.Since(start)
}

func (s *streamBench) sse(b *testing.B) func() (int, error) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.url+EventsPath, nil)
	require.NoError(b, err)
	request.Header.Set("X-Api-Key", s.key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(b, err)
	b.Cleanup(func() { _ = response.Body.Close() })
	lines := bufio.NewReaderSize(response.Body, 64<<10)
	return func() (int, error) {
		line, err := lines.ReadSlice('\n')
		if bytes.HasPrefix(line, []byte("data: ")) {
			return 1, err
		}
		return 0, err
	}
}

func (s *streamBench) webSocket(b *testing.B) func() (int, error) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.url+ticketPath, nil)
	require.NoError(b, err)
	request.Header.Set("X-Api-Key", s.key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(b, err)
	defer response.Body.Close()
	var ticket Ticket
	require.NoError(b, json.NewDecoder(response.Body).Decode(&ticket))
	conn, _, err := websocket.Dial(b.Context(), ticket.URL, nil)
	require.NoError(b, err)
	return frames(b, conn)
}

// frames counts the frames of a socket.
func frames(b *testing.B, conn *websocket.Conn) func() (int, error) {
	b.Cleanup(func() { _ = conn.CloseNow() })
	var frame bytes.Buffer
	return func() (int, error) {
		_, message, err := conn.Reader(b.Context())
		if err != nil {
			return 0, err
		}
		frame.Reset()
		if _, err = frame.ReadFrom(message); err != nil || bytes.HasPrefix(frame.Bytes(), []byte(`{"type":"p`)) {
			return 0, err // a ping of graphql-transport-ws
		}
		return 1, nil
	}
}

func (s *streamBench) graphQLWS(b *testing.B) func() (int, error) {
	conn, _, err := websocket.Dial(b.Context(), strings.Replace(s.url, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	require.NoError(b, err)
	for _, frame := range []string{
		`{"type":"connection_init","payload":{"x-api-key":"` + s.key + `"}}`,
		`{"id":"1","type":"subscribe","payload":{"query":"subscription { events { id type ... on MessageStatusEvent { waMessageId chatJid ackLevel } } }"}}`,
	} {
		require.NoError(b, conn.Write(b.Context(), websocket.MessageText, []byte(frame)))
	}
	_, ack, err := conn.Read(b.Context())
	require.NoError(b, err)
	require.Contains(b, string(ack), "connection_ack")
	return frames(b, conn)
}
