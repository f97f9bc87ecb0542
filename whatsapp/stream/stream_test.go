package stream_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
	"wagateway/models/fault"
	"wagateway/whatsapp/stream"
)

const session = "01J9ZX8K2QHV0M3T6R7P4N5W8C"

func open(t *testing.T, config eventlog.Config) *eventlog.Log {
	t.Helper()
	config.Dir = t.TempDir()
	log, err := eventlog.Open(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close(context.Background())) })
	return log
}

func events(n int) []eventlog.Event {
	all := make([]eventlog.Event, n)
	for i := range all {
		all[i] = eventlog.Event{
			ID: "evt_" + ulid.Make().String(), Organization: "org", Session: session, Name: []string{"message", "call"}[i%2],
			At: time.Now().UnixMilli(), Payload: json.RawMessage(`{}`),
		}
	}
	return all
}

func appended(t *testing.T, log *eventlog.Log, n int) []eventlog.Event {
	t.Helper()
	all := events(n)
	require.NoError(t, log.Append(t.Context(), all))
	return all
}

func request(after string, names ...string) stream.Request {
	return stream.Request{Filter: eventlog.Filter{Organization: "org", Names: names}, After: after}
}

func ids(all []eventlog.Event) []string {
	out := make([]string, len(all))
	for i, event := range all {
		out[i] = event.ID
	}
	return out
}

// pages reads the whole log page by page.
func pages(t *testing.T, log *eventlog.Log, r stream.Request, limit int) (got []string, count int) {
	t.Helper()
	for {
		page, err := stream.Read(t.Context(), log, r, limit)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Events), limit)
		got, count = append(got, ids(page.Events)...), count+1
		if !page.More {
			return got, count
		}
		require.NotEqual(t, r.After, page.End, "a page must lead on")
		r.After = page.End
	}
}

func TestPagesLeadThroughTheLog(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	empty, err := stream.Read(t.Context(), log, request(""), 10)
	require.NoError(t, err)
	assert.Equal(t, stream.Page{}, empty)

	all := appended(t, log, 45)
	for _, limit := range []int{1, 9, 44, 45, 46} {
		got, _ := pages(t, log, request(""), limit)
		assert.Equal(t, ids(all), got, limit)
	}
	got, count := pages(t, log, request(all[9].ID), 35)
	assert.Equal(t, ids(all[10:]), got)
	assert.Equal(t, 1, count, "the last page knows that it is")

	calls, _ := pages(t, log, request("", "call"), 7)
	assert.Len(t, calls, 22)
	assert.Equal(t, all[1].ID, calls[0])
	last, err := stream.Read(t.Context(), log, request("", "call"), 50)
	require.NoError(t, err)
	assert.Equal(t, all[44].ID, last.End, "what was passed over is not looked at again")

	_, err = stream.Read(t.Context(), log, request("nonsense"), 1)
	assert.Equal(t, fault.ReasonInvalidCursor, fault.From(err).Reason())
}

// A filter that chooses nothing must not make one page read the whole log.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	for range 25 {
		appended(t, log, 1000)
	}
	rare := events(1)
	rare[0].Name = "presence"
	require.NoError(t, log.Append(t.Context(), rare))
	first, err := stream.Read(t.Context(), log, request("", "presence"), 10)
	require.NoError(t, err)
	assert.Empty(t, first.Events)
	assert.True(t, first.More)
	got, count := pages(t, log, request("", "presence"), 10)
	assert.Equal(t, ids(rare), got)
	assert.Equal(t, 2, count)
}

func TestCursorOfAStream(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	slots := &stream.Slots{}
	s, err := stream.Open(t.Context(), log, slots, request(""))
	require.NoError(t, err)
	assert.Empty(t, s.Cursor(), "the log is empty")
	s.Close()

	all := appended(t, log, 3)
	s, err = stream.Open(t.Context(), log, slots, request("", "message"))
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, all[2].ID, s.Cursor(), "where it begins")
	more := appended(t, log, 4) // message, call, message, call
	for _, want := range []string{more[0].ID, more[2].ID} {
		event, err := s.Next(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, event.ID)
		assert.Equal(t, want, s.Cursor())
	}
	// What is passed over counts, too.
	waiting, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = s.Next(waiting)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, more[3].ID, s.Cursor())
	last := appended(t, log, 1)
	event, err := s.Next(t.Context())
	require.NoError(t, err, "waiting can be repeated")
	assert.Equal(t, last[0].ID, event.ID)
}

// A reader that retention overtakes is told so, not left with a gap.
func TestRetentionOvertakesAStream(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{MaxBytes: 64 << 10})
	first := appended(t, log, 1)
	s, err := stream.Open(t.Context(), log, &stream.Slots{}, request(first[0].ID))
	require.NoError(t, err)
	defer s.Close()
	for range 5 {
		appended(t, log, 1000)
	}
	for err == nil {
		_, err = s.Next(t.Context())
	}
	assert.Equal(t, fault.ReasonCursorExpired, fault.From(err).Reason(), "%v", err)
}

func TestSlotsAreGivenBack(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	slots := &stream.Slots{PerOrganization: 3}
	other := request("")
	other.Organization = "other"
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for range 20 {
				if s, err := stream.Open(t.Context(), log, slots, request("")); err == nil {
					assert.LessOrEqual(t, slots.Open("org"), 3)
					s.Close()
					s.Close()
				} else {
					assert.True(t, fault.Is(err, fault.RateLimited), "%v", err)
					assert.Positive(t, fault.From(err).RetryAfter())
				}
				_, err := stream.Open(t.Context(), log, slots, request("nonsense"))
				assert.Error(t, err)
			}
		})
	}
	clients.Wait()
	assert.Zero(t, slots.Open("org"))
	s, err := stream.Open(t.Context(), log, slots, other)
	require.NoError(t, err)
	assert.Equal(t, 1, slots.Open("other"))
	s.Close()
	assert.Zero(t, slots.Open("other"))
}
