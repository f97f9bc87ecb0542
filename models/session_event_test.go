package models_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/modelstest"
)

// The status is told when it, or its reason, becomes another one, and then only.
func TestSessionStatusIsToldOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		label, proxy := "Sales", "http://proxy.example"
		become := func(status models.SessionStatus, reason models.StatusReason) *models.Session {
			row, err := db.Sessions.SetState(t.Context(), session.ID, models.SessionState{Status: status, Reason: reason, GatewayID: "gw"})
			require.NoError(t, err)
			return row
		}
		become(models.SessionStopped, "")
		assert.Empty(t, outbox(t, db), "it was stopped before")

		become(models.SessionStarting, "")
		become(models.SessionStarting, "")
		become(models.SessionStarting, models.ReasonDisconnected)
		failed := become(models.SessionFailed, models.ReasonBanned)
		_, err := db.Sessions.Update(t.Context(), session.ID, models.SessionPatch{Label: &label})
		require.NoError(t, err)
		_, err = db.Sessions.SetEnabled(t.Context(), session.ID, true)
		require.NoError(t, err)
		_, err = db.Sessions.SetPaired(t.Context(), session.ID, models.Pairing{DeviceJID: "1:1@s.whatsapp.net"})
		require.NoError(t, err)
		require.NoError(t, db.Sessions.SetProxy(t.Context(), session.ID, proxy))

		events, err := db.Outbox.Next(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, events, 3)
		for _, e := range events {
			assert.Equal(t, models.EventSessionStatus, e.Name)
			assert.Equal(t, session.ID, e.Key)
			assert.Equal(t, session.ID, e.SessionID)
			assert.Equal(t, "org", e.OrganizationID)
		}
		var payload contract.Session
		require.NoError(t, json.Unmarshal(events[2].Payload, &payload))
		assert.Equal(t, failed.Shape(), payload)
		assert.Equal(t, "banned", payload.StatusReason)
	})
}
