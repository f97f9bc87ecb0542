package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// What is scheduled is not queued before its time, and what has expired is found,
// of every session.
func TestTimesOfSends(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		one, two := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		now := models.Now()
		add := func(session *models.Session, id string, scheduledAt, expiresAt models.Millis) *models.Outgoing {
			wanted := intent(session, id, aliceJID)
			wanted.ScheduledAt, wanted.ExpiresAt = scheduledAt, expiresAt
			send, err := db.Outgoing.Create(t.Context(), wanted)
			require.NoError(t, err)
			return send
		}
		hour := models.Millis(3_600_000)
		later := add(one, "A", now+hour, 0)
		over := add(one, "B", 0, now-2)
		overToo := add(two, "C", 0, now-1)
		add(two, "D", 0, now+2*hour)
		tried := add(two, "E", 0, now-1)
		require.NoError(t, db.Outgoing.Attempted(t.Context(), tried))

		queued, err := db.Outgoing.Queued(t.Context(), one.ID, nil, 10)
		require.NoError(t, err)
		require.Len(t, queued, 1)
		assert.Equal(t, over.ID, queued[0].ID)
		due, err := db.Outgoing.NextDue(t.Context(), one.ID)
		require.NoError(t, err)
		assert.Equal(t, now+hour, due)
		for send, wanted := range map[*models.Outgoing]bool{later: true, over: false} {
			scheduled, err := db.Outgoing.IsScheduled(t.Context(), send.MessageID)
			require.NoError(t, err)
			assert.Equal(t, wanted, scheduled)
		}

		expired := func(after string, limit int) (ids []string) {
			rows, err := db.Outgoing.Expired(t.Context(), now, after, limit)
			require.NoError(t, err)
			for _, row := range rows {
				ids = append(ids, row.ID)
			}
			return ids
		}
		assert.Equal(t, []string{over.ID, overToo.ID}, expired("", 10), "what may have left is not given up")
		assert.Equal(t, []string{over.ID}, expired("", 1))
		assert.Equal(t, []string{overToo.ID}, expired(over.ID, 1))
		next, err := db.Outgoing.NextExpiry(t.Context(), now)
		require.NoError(t, err)
		assert.Equal(t, now+2*hour, next)
		_, err = db.Outgoing.Failed(t.Context(), over, models.FailureOf(fault.NotConnected()))
		require.NoError(t, err)
		assert.Equal(t, []string{overToo.ID}, expired("", 10))
		next, err = db.Outgoing.NextExpiry(t.Context(), now+3*hour)
		require.NoError(t, err)
		assert.Equal(t, models.Never, next)
	})
}

// A file that is to be sent is kept, however old it is, until that has an outcome.
func TestFilesToSendAreNotForgotten(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		wanted := intent(session, "A", aliceJID)
		wanted.Message.Type, wanted.Message.HasMedia = models.MessageImage, true
		wanted.Message.Media = &models.NewMedia{Status: models.MediaStored, StorageKey: "k/1", Mimetype: "image/png"}
		send, err := db.Outgoing.Create(t.Context(), wanted)
		require.NoError(t, err)
		forget := func() int {
			forgotten, err := db.Media.Forget(t.Context(), models.Now()+1000, 10)
			require.NoError(t, err)
			return forgotten
		}
		assert.Zero(t, forget())
		require.NoError(t, db.Outgoing.Brought(t.Context(), send, []byte("raw"), "/v/1", "h"))
		brought, err := db.Outgoing.Get(t.Context(), send.ID)
		require.NoError(t, err)
		assert.Equal(t, "h", brought.MediaHandle)
		handle, err := db.Outgoing.MediaHandle(t.Context(), send.MessageID)
		require.NoError(t, err)
		assert.Equal(t, "h", handle)
		assert.Zero(t, forget(), "it has not been sent yet")
		_, err = db.Outgoing.Sent(t.Context(), send, 5000)
		require.NoError(t, err)
		assert.Equal(t, 1, forget())
		file, err := db.Media.Get(t.Context(), send.MessageID)
		require.NoError(t, err)
		assert.Empty(t, file.StorageKey)
	})
}
