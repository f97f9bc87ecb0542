package eventlog

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLookAsksTheLogItself(t *testing.T) {
	t.Parallel()
	log, err := Open(t.Context(), Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	events := make([]Event, 10)
	messages := make([]*nats.Msg, len(events))
	for i := range events {
		events[i] = Event{ID: "evt_" + ulid.Make().String(), Organization: "org", Session: "s", Name: "message"}
		messages[i], err = events[i].message()
		require.NoError(t, err)
	}
	require.NoError(t, log.Append(t.Context(), events[:7]))
	q := &queue{organization: "org", messages: messages}
	q.place, err = log.look(t.Context(), "org", q.oldest())
	require.NoError(t, err)
	q.sift()
	assert.EqualValues(t, 7, q.place.end)
	assert.Len(t, q.done, 7)
	require.Len(t, q.messages, 3)
	assert.Equal(t, events[7].ID, messageID(q.messages[0]))

	require.NoError(t, log.Append(t.Context(), events[7:8]), "somebody else is faster")
	require.ErrorIs(t, log.drain(t.Context(), q), errMoved)
	assert.EqualValues(t, 7, q.place.end)
	q.place = nil
	require.NoError(t, log.drain(t.Context(), q))
	assert.Len(t, q.done, 10)
	info, err := log.Info(t.Context(), "org")
	require.NoError(t, err)
	assert.EqualValues(t, 10, info.Last)
}
