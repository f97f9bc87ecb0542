package eventlog

import (
	"testing"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMissingAsksTheLogItself(t *testing.T) {
	t.Parallel()
	log, err := Open(t.Context(), Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	events := make([]Event, 10)
	for i := range events {
		organization := []string{"a", "b"}[i%2]
		events[i] = Event{ID: "evt_" + ulid.Make().String(), Organization: organization, Session: "s", Name: "message"}
	}
	require.NoError(t, log.Append(t.Context(), events[:7]))
	fresh, err := log.missing(t.Context(), events)
	require.NoError(t, err)
	assert.Equal(t, events[7:], fresh)
}
