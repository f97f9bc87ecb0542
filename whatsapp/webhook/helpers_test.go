package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/webhook"
)

const patience = time.Minute

// quick makes a policy's seconds and the service's own times short.
func quick() webhook.Timing {
	return webhook.Timing{
		Timeout: 2 * time.Second, Second: 20 * time.Millisecond, Commit: 10 * time.Millisecond, Idle: 50 * time.Millisecond,
		Save: 100 * time.Millisecond, FirstProbe: 20 * time.Millisecond, MaxProbe: 100 * time.Millisecond, Poll: 100 * time.Millisecond,
		Lease: 20 * time.Second, Retry: 20 * time.Millisecond, CloseWithin: 2 * time.Second,
	}
}

// stack is a database, a log and a service that delivers.
type stack struct {
	t       testing.TB
	db      *models.DB
	log     *eventlog.Log
	service *webhook.Service
	stop    func() // ends the service in order
	config  webhook.Config
}

func newStack(t testing.TB, db *models.DB, changes ...func(*webhook.Config)) *stack {
	t.Helper()
	log, err := eventlog.Open(context.Background(), eventlog.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, log.Close(context.Background())) })
	s := &stack{t: t, db: db, log: log, config: webhook.Config{
		DB: db, Log: log, Guard: outbound.New(outbound.Config{AllowPrivate: true}), GatewayID: "gw", Timing: quick(),
	}}
	for _, change := range changes {
		change(&s.config)
	}
	s.run()
	return s
}

// run starts another service on the same database and log.
func (s *stack) run() {
	s.service = webhook.New(s.config)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	service := s.service
	go func() { defer close(done); _ = service.Run(ctx) }()
	s.stop = func() { cancel(); <-done }
	s.t.Cleanup(s.stop)
}

// kill ends the service as a process that is killed does.
func (s *stack) kill() {
	webhook.Crash(s.service)
	s.stop()
}

func (s *stack) hook(organization, url string, changes ...func(*models.NewWebhook)) *models.Webhook {
	s.t.Helper()
	wanted := models.NewWebhook{
		OrganizationID: organization, URL: url, Secret: secret,
		RetryPolicy: models.RetryPolicyPatch{Policy: new("constant"), DelaySeconds: new(1), Attempts: new(50)},
	}
	for _, change := range changes {
		change(&wanted)
	}
	made, _, err := s.service.Create(s.t.Context(), wanted)
	require.NoError(s.t, err)
	return made
}

func attempts(n int) func(*models.NewWebhook) {
	return func(w *models.NewWebhook) { w.RetryPolicy.Attempts = &n }
}

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

const session = "01J9ZX8K2QHV0M3T6R7P4N5W8C"

func event(organization, key string, n int) eventlog.Event {
	return eventlog.Event{
		ID: "evt_" + ulid.Make().String(), Organization: organization, Session: session, Name: "message",
		Key: key, At: time.Now().UnixMilli(), Payload: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)),
	}
}

// happen appends n events to each key, one of each key after the other.
func (s *stack) happen(organization string, n int, keys ...string) []eventlog.Event {
	s.t.Helper()
	events := make([]eventlog.Event, 0, n*len(keys))
	for i := range n {
		for _, key := range keys {
			events = append(events, event(organization, key, i))
		}
	}
	require.NoError(s.t, s.log.Append(context.Background(), events))
	return events
}

func keys(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("chat%d@s.whatsapp.net", i)
	}
	return out
}

// got is a request that a receiver accepted or refused.
type got struct {
	id     string
	header http.Header
	body   []byte
	at     time.Time
	status int
}

// receiver is an endpoint. It can be told how to answer and be taken off the
// network.
type receiver struct {
	t       testing.TB
	mu      sync.Mutex
	answer  func(id string, n int, w http.ResponseWriter, r *http.Request) int
	all     []got // each request
	tries   map[string]int
	changed chan struct{}
	server  *httptest.Server
	address string
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{t: t, tries: map[string]int{}, changed: make(chan struct{}, 1)}
	// An address of its own, where there are many, so that nobody takes the port
	// while the receiver is away.
	own := fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	if listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", own); err == nil {
		require.NoError(t, listener.Close())
		r.open(own)
	} else {
		r.open("127.0.0.1:0")
	}
	t.Cleanup(r.close)
	return r
}

func (r *receiver) open(address string) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	require.NoError(r.t, err)
	r.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: r}}
	r.server.Start()
	r.address = listener.Addr().String()
}

func (r *receiver) close()      { r.server.CloseClientConnections(); r.server.Close() }
func (r *receiver) url() string { return "http://" + r.address + "/hook" }

// answers sets how requests are answered: by the event's id and the number of
// times that it came.
func (r *receiver) answers(fn func(id string, n int, w http.ResponseWriter, req *http.Request) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = fn
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	id := req.Header.Get("webhook-id")
	r.mu.Lock()
	r.tries[id]++
	n, answer := r.tries[id], r.answer
	r.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		status = answer(id, n, w, req)
	}
	r.mu.Lock()
	r.all = append(r.all, got{id, req.Header, body, time.Now(), status})
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
	if status > 0 {
		w.WriteHeader(status)
	}
}

func (r *receiver) requests() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]got(nil), r.all...)
}

// accepted gives the ids that were answered with 2xx, each for the first time.
func (r *receiver) accepted() []string {
	seen, out := map[string]bool{}, []string{}
	for _, g := range r.requests() {
		if g.status >= 200 && g.status < 300 && !seen[g.id] {
			seen[g.id] = true
			out = append(out, g.id)
		}
	}
	return out
}

// until waits for a condition, looked at after each request.
func (r *receiver) until(condition func() bool, what string) {
	r.t.Helper()
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-r.changed:
		case <-deadline:
			require.FailNow(r.t, "waited in vain", what)
		}
	}
}

// receives waits until all events are accepted, and checks the order of each key.
func (r *receiver) receives(events []eventlog.Event) {
	r.t.Helper()
	r.until(func() bool { return len(r.accepted()) >= len(events) }, "all events")
	r.inOrder(events)
}

func (r *receiver) inOrder(events []eventlog.Event) {
	r.t.Helper()
	key := map[string]string{}
	want := map[string][]string{}
	for _, e := range events {
		lane := e.Session + e.Key
		key[e.ID] = lane
		want[lane] = append(want[lane], e.ID)
	}
	have := map[string][]string{}
	for _, id := range r.accepted() {
		have[key[id]] = append(have[key[id]], id)
	}
	for k := range want {
		assert.Equal(r.t, want[k], have[k], k)
	}
}

// repeats tells how many accepted requests repeat an event.
func (r *receiver) repeats() int {
	n := 0
	for _, g := range r.requests() {
		if g.status >= 200 && g.status < 300 {
			n++
		}
	}
	return n - len(r.accepted())
}

// settles waits until the ledger has n lines of a status.
func (s *stack) settles(hook *models.Webhook, status models.DeliveryStatus, n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		count, err := s.service.CountDeliveries(context.Background(), hook.OrganizationID, hook.ID, models.DeliveryFilter{Status: status})
		return err == nil && count == n
	}, patience, 5*time.Millisecond, "%d %s", n, status)
}

func (s *stack) ledger(hook *models.Webhook) []models.Delivery {
	s.t.Helper()
	list, err := s.service.Deliveries(context.Background(), hook.OrganizationID, hook.ID, models.DeliveryFilter{}, models.Page{})
	require.NoError(s.t, err)
	return list.Items
}

func open(t testing.TB) *models.DB { return modelstest.Open(t, modelstest.SQLite) }

func newLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// tried reports whether an event came at all.
func (r *receiver) tried(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries[id] > 0
}
