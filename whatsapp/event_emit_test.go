package whatsapp_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/whatsapp"
	"wagateway/whatsapp/whatsapptest"
)

// waiting gives the events in the outbox of one name.
func waiting(t *testing.T, w *whatsapptest.World, name models.EventName) (events []models.Event) {
	t.Helper()
	all, err := w.DB.Outbox.Next(t.Context(), 1000)
	require.NoError(t, err)
	for _, e := range all {
		if e.Name == name {
			events = append(events, e)
		}
	}
	return events
}

// The way of a session from its creation to its first code is in the events,
// with the very code that is shown.
func TestPairingIsToldOf(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session := w.Session()
		_, err := w.Service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		shown := w.Wait(session.ID, func(u whatsapp.PairingUpdate) bool { return u.QR != nil })
		require.Eventually(t, func() bool { return len(waiting(t, w, models.EventAuthQR)) > 0 }, whatsapptest.Patience, 5*time.Millisecond)
		qr := waiting(t, w, models.EventAuthQR)[0]
		var code contract.QR
		require.NoError(t, json.Unmarshal(qr.Payload, &code))
		assert.Equal(t, shown.QR.Shape(), code)
		assert.Equal(t, session.ID, qr.Key)

		pairingCode, err := w.Service.SessionPairingCode(t.Context(), session.ID, "491700000009")
		require.NoError(t, err)
		require.Eventually(t, func() bool { return len(waiting(t, w, models.EventAuthPairingCode)) > 0 }, whatsapptest.Patience, 5*time.Millisecond)
		var typed contract.PairingCode
		require.NoError(t, json.Unmarshal(waiting(t, w, models.EventAuthPairingCode)[0].Payload, &typed))
		assert.Equal(t, pairingCode.Shape(), typed)

		var states []string
		for _, e := range waiting(t, w, models.EventSessionStatus) {
			var s contract.Session
			require.NoError(t, json.Unmarshal(e.Payload, &s))
			states = append(states, s.Status)
		}
		assert.Equal(t, []string{"starting", "scan_qr_code"}, states)
	})
}
