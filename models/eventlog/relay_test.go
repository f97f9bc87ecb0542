package eventlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
)

// outbox is a Source in memory whose deletes fail as often as it is told.
type outbox struct {
	mu       sync.Mutex
	rows     []eventlog.Event
	rejected []string
	fails    int
	wake     chan struct{}
	empty    chan struct{}
}

func newOutbox(rows ...eventlog.Event) *outbox {
	return &outbox{rows: slices.Clone(rows), wake: make(chan struct{}, 1), empty: make(chan struct{}, 1)}
}

func (o *outbox) Next(_ context.Context, limit int, except []string) ([]eventlog.Event, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.rows) == 0 {
		select {
		case o.empty <- struct{}{}:
		default:
		}
	}
	rows := slices.DeleteFunc(slices.Clone(o.rows), func(e eventlog.Event) bool { return slices.Contains(except, e.Organization) })
	return rows[:min(limit, len(rows))], nil
}

func (o *outbox) Delete(_ context.Context, ids []string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails > 0 {
		o.fails--
		return errors.New("the database is away")
	}
	o.rows = slices.DeleteFunc(o.rows, func(e eventlog.Event) bool { return slices.Contains(ids, e.ID) })
	return nil
}

func (o *outbox) Reject(_ context.Context, id, _ string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rejected = append(o.rejected, id)
	o.rows = slices.DeleteFunc(o.rows, func(e eventlog.Event) bool { return e.ID == id })
	return nil
}

func (o *outbox) Wake() <-chan struct{} { return o.wake }

func (o *outbox) add(events ...eventlog.Event) {
	o.mu.Lock()
	o.rows = append(o.rows, events...)
	select { // not empty any more
	case <-o.empty:
	default:
	}
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run relays until the test ends.
func run(t testing.TB, source eventlog.Source, log *eventlog.Log) *eventlog.Relay {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	relay := eventlog.NewRelay(source, log)
	go func() { done <- relay.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.ErrorIs(t, <-done, context.Canceled)
	})
	return relay
}

func itoa(n int) string { return strconv.Itoa(n) }

func TestRelayEmptiesTheOutboxInOrderThroughFailures(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	events := many("org", 700)
	source := newOutbox(events[:600]...)
	source.fails = 3
	relay := run(t, source, log)
	<-source.empty
	source.add(events[600:]...)
	<-source.empty
	same(t, ids(events), ids(all(t, log, "org")))
	stats := relay.Stats()
	assert.EqualValues(t, 700, stats.Published)
	assert.WithinDuration(t, time.Now(), stats.LastPublishedAt, time.Minute)
	assert.Contains(t, stats.LastError, "the database is away")
}

// An organization whose log cannot be written, however much it has to say, holds up
// no other, and is heard when its log works again.
func TestOneLogThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	x := newExternal(t)
	x.start()
	log := x.log(t)
	require.NoError(t, log.Append(t.Context(), many("broken", 1)))
	conn, err := nats.Connect(x.url())
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	var stream jetstream.StreamConfig
	for info := range js.ListStreams(t.Context()).Info() {
		stream = info.Config
	}
	require.NoError(t, js.DeleteStream(t.Context(), stream.Name))
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "squatter", Subjects: stream.Subjects})
	require.NoError(t, err)

	broken, well := many("broken", 700), many("well", 30)
	source := newOutbox(append(slices.Clone(broken), well...)...)
	relay := run(t, source, log)
	require.Eventually(t, func() bool { return relay.Stats().Published >= 30 }, 20*time.Second, time.Millisecond)
	same(t, ids(well), ids(all(t, log, "well")))
	assert.True(t, relay.Stats().Failing())
	more := many("well", 300)
	source.add(more...)
	require.Eventually(t, func() bool { return relay.Stats().Published >= 330 }, 20*time.Second, time.Millisecond)
	assert.True(t, relay.Stats().Failing(), "one of them does")

	require.NoError(t, js.DeleteStream(t.Context(), "squatter"))
	<-source.empty
	same(t, ids(broken), ids(all(t, log, "broken")))
	same(t, ids(append(well, more...)), ids(all(t, log, "well")))
	require.Eventually(t, func() bool { return !relay.Stats().Failing() }, 10*time.Second, time.Millisecond)
}

func TestRelayWaitsForTheLog(t *testing.T) {
	t.Parallel()
	nats := newExternal(t)
	log := nats.log(t) // away
	events := many("org", 900)
	source := newOutbox(events[:300]...)
	relay := run(t, source, log)
	failing := func() bool { return relay.Stats().Failing() }
	require.Eventually(t, failing, 10*time.Second, 5*time.Millisecond)
	assert.Zero(t, relay.Stats().Published)

	nats.start()
	<-source.empty
	assert.False(t, failing())
	for at := 300; at < 900; at += 300 {
		nats.stop()
		source.add(events[at : at+300]...)
		require.Eventually(t, failing, 10*time.Second, 5*time.Millisecond)
		nats.start()
		<-source.empty
	}
	same(t, ids(events), ids(all(t, log, "org")))
	assert.False(t, failing())
}

func TestRelayNeverRepeatsHoweverLongAgo(t *testing.T) {
	t.Parallel()
	server := newExternal(t)
	server.start()
	log := server.log(t)
	for _, organization := range []string{"crashed", "control"} {
		require.NoError(t, log.Append(t.Context(), many(organization, 1)))
	}
	events, control := many("crashed", 600), many("control", 1)
	require.NoError(t, log.Append(t.Context(), events[:400]), "and then the process died before it deleted them")
	require.NoError(t, log.Append(t.Context(), control))
	forgetIDs(t, server.url())
	require.NoError(t, log.Append(t.Context(), control))
	require.Len(t, all(t, log, "control"), 3, "JetStream has forgotten the ids")

	source := newOutbox(events...)
	source.fails = 1
	run(t, source, log)
	<-source.empty
	same(t, ids(events), ids(all(t, log, "crashed"))[1:])
}

// forgetIDs makes the server forget the ids that it has seen, in every stream.
func forgetIDs(t testing.TB, url string) {
	t.Helper()
	conn, err := nats.Connect(url)
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	for stream := range js.ListStreams(t.Context()).Info() {
		stream.Config.Duplicates = 100 * time.Millisecond
		_, err = js.UpdateStream(t.Context(), stream.Config)
		require.NoError(t, err)
	}
	<-time.After(300 * time.Millisecond) // the window itself is what is waited for
}

func TestRelaysOfSeveralProcessesRepeatAndReorderNothing(t *testing.T) {
	t.Parallel()
	server := newExternal(t)
	server.start()
	events := many("org", 3000)
	source := newOutbox()
	for range 3 {
		run(t, source, server.log(t))
	}
	for at := 0; at < len(events); at += 100 {
		source.mu.Lock()
		source.fails = at / 100 % 3
		source.mu.Unlock()
		source.add(events[at : at+100]...)
	}
	reader := subscribe(t, server.log(t), "org", 0)
	for i := range events {
		e, err := reader.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, events[i].ID, e.ID)
	}
	require.Eventually(t, func() bool {
		source.mu.Lock()
		defer source.mu.Unlock()
		return len(source.rows) == 0
	}, 30*time.Second, 20*time.Millisecond)
	same(t, ids(events), ids(all(t, server.log(t), "org")))
}

func TestOneRelayPerOutboxAndProcess(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	source := newOutbox()
	run(t, source, log)
	<-source.empty
	assert.ErrorIs(t, eventlog.NewRelay(source, log).Run(t.Context()), eventlog.ErrRelayed)
}

func TestRelayEndsWithTheLog(t *testing.T) {
	t.Parallel()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	source := newOutbox()
	done := make(chan error, 1)
	go func() { done <- eventlog.NewRelay(source, log).Run(t.Context()) }()
	<-source.empty
	require.NoError(t, log.Close(t.Context()))
	assert.ErrorContains(t, <-done, "closed")
}

func TestWhatCanNeverBeLoggedIsMovedAside(t *testing.T) {
	t.Parallel()
	small := newExternal(t, func(o *server.Options) { o.MaxPayload = 64 << 10 })
	small.start()
	for name, test := range map[string]struct {
		config  eventlog.Config
		payload int
	}{
		"larger than any event":        {eventlog.Config{}, 2 << 20},
		"larger than the server takes": {eventlog.Config{URL: small.url()}, 100 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer // written by the relay, read after it has reported
			test.config.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelError}))
			log := open(t, test.config)
			events := many("org", 40)
			events[3].Payload = json.RawMessage(`{`)
			events[5].Name = "no name"
			events[20].Payload = json.RawMessage(fmt.Sprintf(`{"text":%q}`, bytes.Repeat([]byte("x"), test.payload)))
			bad := []string{events[3].ID, events[5].ID, events[20].ID}
			source := newOutbox(events...)
			relay := run(t, source, log)
			<-source.empty
			source.mu.Lock()
			assert.ElementsMatch(t, bad, source.rejected)
			source.mu.Unlock()
			good := slices.DeleteFunc(slices.Clone(events), func(e eventlog.Event) bool { return slices.Contains(bad, e.ID) })
			same(t, ids(good), ids(all(t, log, "org")))
			assert.EqualValues(t, 3, relay.Stats().Rejected)
			assert.False(t, relay.Stats().Failing())
			assert.Contains(t, logged.String(), "event_id="+events[20].ID)
			assert.NotContains(t, logged.String(), "xxxx", "no text in the process's log")
		})
	}
}

func TestEventsOfAMebibyteAreLogged(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	events := many("org", 20)
	for i := range events {
		text := bytes.Repeat([]byte("<"), 1<<20-len(`{"text":""}`)) // no byte more in the log than here
		events[i].Payload = json.RawMessage(`{"text":"` + string(text) + `"}`)
	}
	require.NoError(t, log.Append(t.Context(), events))
	reader := subscribe(t, log, "org", 0)
	for i := range events {
		e, err := reader.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, events[i].ID, e.ID)
		require.True(t, bytes.Equal(events[i].Payload, e.Payload))
	}
}

func TestTheDatabasesOutboxIsRelayed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		log := open(t, eventlog.Config{})
		session := modelstest.Session(t, db, "org_1")
		reader := subscribe(t, log, "org_1", 0)
		relay := run(t, eventlog.NewOutboxSource(db.Outbox), log)
		require.NoError(t, db.Outbox.Add(t.Context(), session.ID, models.NewEvent{Name: models.EventMessage, Key: "chat", Payload: map[string]any{"id": "A"}}))
		e, err := reader.Next(t.Context())
		require.NoError(t, err)
		assert.Equal(t, session.ID, e.Session)
		assert.Equal(t, "chat", e.Key)
		assert.JSONEq(t, `{"id":"A"}`, string(e.Payload))
		assert.InDelta(t, time.Now().UnixMilli(), e.At, 60_000)
		require.Eventually(t, func() bool { return relay.Stats().Published == 1 }, 10*time.Second, 5*time.Millisecond)
		backlog, _, err := db.Outbox.Backlog(t.Context())
		require.NoError(t, err)
		assert.Zero(t, backlog)

		second := eventlog.NewRelay(eventlog.NewOutboxSource(db.Outbox), log)
		assert.ErrorIs(t, second.Run(t.Context()), eventlog.ErrRelayed, "the same outbox in another wrapping")
	})
}
