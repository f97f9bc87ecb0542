package eventlog_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
	"wagateway/models/fault"
)

const session = "01J9ZX8K2QHV0M3T6R7P4N5W8C"

func open(t testing.TB, config eventlog.Config) *eventlog.Log {
	t.Helper()
	if config.Dir == "" {
		config.Dir = t.TempDir()
	}
	log, err := eventlog.Open(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close(context.Background())) })
	return log
}

func event(organization, name string) eventlog.Event {
	return eventlog.Event{
		ID: "evt_" + ulid.Make().String(), Organization: organization, Session: session, Name: name,
		Key: "chat", At: time.Now().UnixMilli(), Payload: json.RawMessage(`{"a":1}`),
	}
}

func many(organization string, n int) []eventlog.Event {
	events := make([]eventlog.Event, n)
	for i := range events {
		events[i] = event(organization, []string{"message", "message.status"}[i%2])
	}
	return events
}

func ids(events []eventlog.Event) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = e.ID
	}
	return out
}

func all(t testing.TB, log *eventlog.Log, organization string) []eventlog.Event {
	t.Helper()
	events, _, err := log.Read(t.Context(), eventlog.Filter{Organization: organization}, 0, 1_000_000)
	require.NoError(t, err)
	return events
}

func refused(t *testing.T, err error, code fault.Code, reason fault.Reason) {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, code, fault.CodeOf(err), err)
	assert.Equal(t, reason, fault.From(err).Reason(), err)
}

func TestEnvelopeIsTheContracts(t *testing.T) {
	t.Parallel()
	body, err := eventlog.Event{ID: "evt_1", Name: "message", Session: "s", Organization: "o", At: 7}.Envelope()
	require.NoError(t, err)
	assert.Equal(t, `{"schema":"v1","id":"evt_1","event":"message","session":"s","organization":"o","timestamp":7,"payload":{}}`, string(body))
}

func TestRestartKeepsEventsAndDropsRepeats(t *testing.T) {
	t.Parallel()
	config := eventlog.Config{Dir: t.TempDir()}
	first, err := eventlog.Open(t.Context(), config)
	require.NoError(t, err)
	events := many("org", 20)
	require.NoError(t, first.Append(t.Context(), events))
	require.NoError(t, first.Append(t.Context(), events[5:]))
	require.NoError(t, first.Close(t.Context()))

	second := open(t, config)
	require.NoError(t, second.Append(t.Context(), events))
	got := all(t, second, "org")
	assert.Equal(t, ids(events), ids(got))
	events[3].Seq = 4
	assert.EqualExportedValues(t, events[3], got[3])
}

func TestOrganizationsAreApart(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	mine, theirs := event("a.*>/ ü", "message"), event("b", "message")
	require.NoError(t, log.Append(t.Context(), []eventlog.Event{mine, theirs}))
	assert.Equal(t, []string{mine.ID}, ids(all(t, log, "a.*>/ ü")))

	_, err := log.Find(t.Context(), "b", mine.ID)
	refused(t, err, fault.Validation, fault.ReasonInvalidCursor)
	at, err := log.Find(t.Context(), "b", theirs.ID)
	require.NoError(t, err)
	assert.EqualValues(t, 1, at)
	for _, forged := range []string{"", "evt_x", "evt_" + ulid.Make().String(), "evt_" + strings.Repeat("0", 26), "evt_7" + strings.Repeat("Z", 25)} {
		_, err = log.Find(t.Context(), "b", forged)
		refused(t, err, fault.Validation, fault.ReasonInvalidCursor)
	}
	_, _, err = log.Read(t.Context(), eventlog.Filter{Organization: "b"}, 9, 1)
	refused(t, err, fault.Validation, fault.ReasonInvalidCursor)
	_, err = log.Subscribe(t.Context(), eventlog.Filter{Organization: "nobody"}, 9)
	refused(t, err, fault.Validation, fault.ReasonInvalidCursor)
	assert.Empty(t, all(t, log, "nobody"))
}

func TestPagesFollowTheFilter(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	events := many("org", 30)
	require.NoError(t, log.Append(t.Context(), events))
	var got []eventlog.Event
	for at := eventlog.Position(0); ; {
		page, next, err := log.Read(t.Context(), eventlog.Filter{Organization: "org", Session: session, Names: []string{"message.status"}}, at, 4)
		require.NoError(t, err)
		got = append(got, page...)
		if at = next; len(page) < 4 {
			break
		}
	}
	require.Len(t, got, 15)
	assert.Equal(t, events[29].ID, got[14].ID)
	none, _, err := log.Read(t.Context(), eventlog.Filter{Organization: "org", Session: "other"}, 0, 4)
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestReconnectingReadersReceiveExactlyTheLog(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	events := many("org", 300)
	require.NoError(t, log.Append(t.Context(), events[:100]))
	var group sync.WaitGroup
	group.Go(func() {
		for i := 100; i < len(events); i += 10 {
			assert.NoError(t, log.Append(t.Context(), events[i:i+10]))
		}
	})
	for range 5 {
		group.Go(func() {
			var got []string
			for at := eventlog.Position(0); len(got) < len(events); {
				reader, err := log.Subscribe(t.Context(), eventlog.Filter{Organization: "org"}, at)
				if !assert.NoError(t, err) {
					return
				}
				for range min(1+rand.IntN(40), len(events)-len(got)) {
					e, err := reader.Next(t.Context())
					if !assert.NoError(t, err) {
						return
					}
					got = append(got, e.ID)
				}
				reader.Stop()
				if at, err = log.Find(t.Context(), "org", got[len(got)-1]); !assert.NoError(t, err) {
					return
				}
			}
			assert.Equal(t, ids(events), got)
		})
	}
	group.Wait()
}

func TestConcurrentAppendersKeepTheirOrder(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	var group sync.WaitGroup
	for key := range 4 {
		group.Go(func() {
			for i := range 10 {
				batch := many("org", 5)
				for n := range batch {
					batch[n].Key, batch[n].At = fmt.Sprint(key), int64(i*5+n)
				}
				assert.NoError(t, log.Append(t.Context(), batch))
			}
		})
	}
	group.Wait()
	next := map[string]int64{}
	for _, e := range all(t, log, "org") {
		assert.Equal(t, next[e.Key], e.At)
		next[e.Key]++
	}
	assert.Equal(t, map[string]int64{"0": 50, "1": 50, "2": 50, "3": 50}, next)
}

func TestRefusesWhatCannotBeLogged(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	for name, change := range map[string]func(*eventlog.Event){
		"id":           func(e *eventlog.Event) { e.ID = "x" },
		"session":      func(e *eventlog.Event) { e.Session = "a.b" },
		"name":         func(e *eventlog.Event) { e.Name = "message.*" },
		"organization": func(e *eventlog.Event) { e.Organization = "" },
		"payload":      func(e *eventlog.Event) { e.Payload = json.RawMessage("{") },
	} {
		bad := event("org", "message")
		change(&bad)
		require.Error(t, log.Append(t.Context(), []eventlog.Event{event("org", "message"), bad}), name)
	}
	assert.Empty(t, all(t, log, "org"), "nothing of a refused batch is logged")
	_, err := eventlog.Open(t.Context(), eventlog.Config{})
	require.Error(t, err)
}

// same compares long lists of ids without printing them.
func same(t testing.TB, expected, got []string) {
	t.Helper()
	for i := range min(len(expected), len(got)) {
		require.Equal(t, expected[i], got[i], "at %d", i)
	}
	require.Equal(t, len(expected), len(got), "the rest") //nolint:testifylint // Len would print thousands of ids
}
