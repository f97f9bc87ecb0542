package eventlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
	"wagateway/models/fault"
)

func TestRetentionExpiresCursors(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{MaxBytes: 8 << 10})
	old := event("org", "message")
	require.NoError(t, log.Append(t.Context(), []eventlog.Event{old}))
	slow, err := log.Subscribe(t.Context(), eventlog.Filter{Organization: "org"}, 0)
	require.NoError(t, err)
	defer slow.Stop()
	require.NoError(t, log.Append(t.Context(), many("org", 400)))

	_, err = log.Find(t.Context(), "org", old.ID)
	refused(t, err, fault.Validation, fault.ReasonCursorExpired)
	_, _, err = log.Read(t.Context(), eventlog.Filter{Organization: "org"}, 1, 1)
	refused(t, err, fault.Validation, fault.ReasonCursorExpired)
	_, err = log.Subscribe(t.Context(), eventlog.Filter{Organization: "org"}, 1)
	refused(t, err, fault.Validation, fault.ReasonCursorExpired)
	for err = nil; err == nil; {
		_, err = slow.Next(t.Context())
	}
	refused(t, err, fault.Validation, fault.ReasonCursorExpired)

	info, err := log.Info(t.Context(), "org")
	require.NoError(t, err)
	assert.EqualValues(t, 401, info.Last)
	assert.LessOrEqual(t, info.Bytes, uint64(8<<10))
	assert.Len(t, all(t, log, "org"), int(info.Events))
}

func TestAgeExpiresCursors(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{Retention: 500 * time.Millisecond})
	events := many("org", 20)
	require.NoError(t, log.Append(t.Context(), events))
	filter := eventlog.Filter{Organization: "org"}
	fresh := subscribe(t, log, "org", 20)
	late := subscribe(t, log, "org", 3)
	require.Eventually(t, func() bool { // the log does not tell when it lets go
		info, err := log.Info(t.Context(), "org")
		return err == nil && info.Events == 0
	}, 20*time.Second, 10*time.Millisecond)

	_, err := log.Find(t.Context(), "org", events[4].ID)
	refused(t, err, fault.Validation, fault.ReasonCursorExpired)
	_, _, err = log.Read(t.Context(), filter, 5, 10)
	refused(t, err, fault.Validation, fault.ReasonCursorExpired)
	_, err = log.Subscribe(t.Context(), filter, 5)
	refused(t, err, fault.Validation, fault.ReasonCursorExpired)
	_, err = late.Next(t.Context())
	refused(t, err, fault.Validation, fault.ReasonCursorExpired)

	assert.Empty(t, all(t, log, "org"), "from the beginning of what is kept there is nothing, and no error")
	_, at, err := log.Read(t.Context(), filter, 20, 10)
	require.NoError(t, err, "who has read all has lost nothing")
	assert.EqualValues(t, 20, at)
	beginning := subscribe(t, log, "org", 0)
	next := event("org", "message")
	require.NoError(t, log.Append(t.Context(), []eventlog.Event{next}))
	for _, reader := range []*eventlog.Subscription{fresh, beginning} {
		e, err := reader.Next(t.Context())
		require.NoError(t, err)
		assert.Equal(t, next.ID, e.ID)
		assert.EqualValues(t, 21, reader.Position())
	}
}

func TestInfoTellsLagAndExpiry(t *testing.T) {
	t.Parallel()
	info := eventlog.Info{First: 10, Last: 20}
	assert.EqualValues(t, 20, info.Lag(0))
	assert.EqualValues(t, 5, info.Lag(15))
	assert.Zero(t, info.Lag(20))
	assert.Zero(t, info.Lag(25))
	assert.False(t, info.Expired(0))
	assert.True(t, info.Expired(8))
	assert.False(t, info.Expired(9))
	assert.False(t, eventlog.Info{}.Expired(0))
}
