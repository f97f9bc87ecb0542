package eventlog

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
)

func idAt(t testing.TB, at time.Time) string {
	t.Helper()
	id, err := ulid.New(ulid.Timestamp(at), rand.Reader)
	require.NoError(t, err)
	return "evt_" + id.String()
}

// fill logs events whose ids were made at times around a second after each
// other, out of order by some seconds.
func fill(t testing.TB, log *Log, n int, begin time.Time) []Event {
	t.Helper()
	events := make([]Event, n)
	for i := range events {
		at := begin.Add(time.Duration(i) * time.Second).Add(time.Duration(mathrand.IntN(4000)) * time.Millisecond)
		events[i] = Event{ID: idAt(t, at), Organization: "org", Session: "s", Name: "message", At: at.UnixMilli()}
	}
	require.NoError(t, log.Append(t.Context(), events))
	return events
}

func TestFindLooksWhereTheIDPoints(t *testing.T) {
	t.Parallel()
	log, err := Open(t.Context(), Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	begin := time.Now().Add(-24 * time.Hour)
	events := fill(t, log, 20_000, begin)

	answers := func() uint64 { return log.read.Stats().InMsgs }
	before := answers()
	for i := 0; i < len(events); i += 1999 {
		at, err := log.Find(t.Context(), "org", events[i].ID)
		require.NoError(t, err)
		assert.EqualValues(t, i+1, at)
	}
	for _, at := range []time.Duration{-time.Hour, 0, time.Hour, 3 * time.Hour, 20_000 * time.Second, 23 * time.Hour, 48 * time.Hour} {
		_, err := log.Find(t.Context(), "org", idAt(t, begin.Add(at)))
		assert.Equal(t, fault.ReasonInvalidCursor, fault.From(err).Reason(), at)
	}
	assert.Less(t, answers()-before, uint64(18*700), "each looks at two pages and a bisection, not at the log")
}

func TestFindKnowsTheNewestByHeart(t *testing.T) {
	t.Parallel()
	log, err := Open(t.Context(), Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	reader, err := log.Subscribe(t.Context(), Filter{Organization: "org"}, 0)
	require.NoError(t, err)
	defer reader.Stop()
	events := fill(t, log, 500, time.Now())
	for range events {
		_, err = reader.Next(t.Context())
		require.NoError(t, err)
	}
	before := log.read.Stats().OutMsgs
	at, err := log.Find(t.Context(), "org", events[400].ID)
	require.NoError(t, err)
	assert.EqualValues(t, 401, at)
	assert.Equal(t, before, log.read.Stats().OutMsgs)
}

func TestAReplacedStreamExpiresItsReaders(t *testing.T) {
	t.Parallel()
	log, err := Open(t.Context(), Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	fill(t, log, 20, time.Now())
	reader, err := log.Subscribe(t.Context(), Filter{Organization: "org"}, 20)
	require.NoError(t, err)
	defer reader.Stop()
	done := make(chan error, 1)
	go func() { _, err := reader.Next(t.Context()); done <- err }()
	require.NoError(t, log.js.DeleteStream(t.Context(), streamName("org")))
	again := func(n int) (events []Event) {
		for range n {
			events = append(events, Event{ID: idAt(t, time.Now()), Organization: "org", Session: "s", Name: "message"})
		}
		return events
	}
	require.Error(t, log.Append(t.Context(), again(1)), "the log finds out that its stream is gone")
	require.NoError(t, log.Append(t.Context(), again(50)), "and makes it again, longer than it was")
	assert.Equal(t, fault.ReasonCursorExpired, fault.From(<-done).Reason(), "what follows is not what followed there")
	next, err := log.Subscribe(t.Context(), Filter{Organization: "org"}, 0)
	require.NoError(t, err)
	defer next.Stop()
	for i := range 50 {
		event, err := next.Next(t.Context())
		require.NoError(t, err)
		assert.EqualValues(t, i+1, event.Seq)
	}
}

// The same where another process makes the stream again, and things go on happening.
func TestAStreamReplacedByOthersExpiresItsReaders(t *testing.T) {
	t.Parallel()
	log, err := Open(t.Context(), Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	fill(t, log, 20, time.Now())
	reader, err := log.Subscribe(t.Context(), Filter{Organization: "org"}, 20)
	require.NoError(t, err)
	defer reader.Stop()
	done := make(chan error, 1)
	go func() { _, err := reader.Next(t.Context()); done <- err }()
	config := jetstream.StreamConfig{Name: streamName("org"), Subjects: []string{subjectRoot("org") + ">"}, AllowDirect: true, AllowAtomicPublish: true}
	require.NoError(t, log.js.DeleteStream(t.Context(), streamName("org")))
	_, err = log.js.CreateStream(t.Context(), config)
	require.NoError(t, err)
	for {
		select {
		case err := <-done:
			assert.Equal(t, fault.ReasonCursorExpired, fault.From(err).Reason())
			return
		case <-time.After(200 * time.Millisecond):
			log.announce("org") // that something has happened
		}
	}
}

func TestForeignMessagesStopNoReader(t *testing.T) {
	t.Parallel()
	log, err := Open(t.Context(), Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	first := fill(t, log, 1, time.Now())
	for _, foreign := range []*nats.Msg{
		{Subject: "evt." + token("org") + ".s.message", Data: []byte("not ours")},
		{Subject: "evt." + token("org") + ".x", Header: nats.Header{"Status": {"204"}, "Nats-Sequence": {"1"}}},
	} {
		_, err = log.js.PublishMsg(t.Context(), foreign)
		require.NoError(t, err)
	}
	last := fill(t, log, 1, time.Now())
	events, at, err := log.Read(t.Context(), Filter{Organization: "org"}, 0, 10)
	require.NoError(t, err)
	assert.EqualValues(t, 4, at)
	require.Len(t, events, 2)
	assert.Equal(t, []string{first[0].ID, last[0].ID}, []string{events[0].ID, events[1].ID})
	at, err = log.Find(t.Context(), "org", last[0].ID)
	require.NoError(t, err)
	assert.EqualValues(t, 4, at)
}
