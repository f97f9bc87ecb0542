package whatsapp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// healthy waits until the session's health is as wanted.
func healthy(t *testing.T, w *whatsapptest.World, sessionID string, wanted func(whatsapp.SessionHealth) bool) whatsapp.SessionHealth {
	t.Helper()
	require.Eventually(t, func() bool { return wanted(w.Service.Health(sessionID)) }, whatsapptest.Patience, 5*time.Millisecond,
		"%+v", w.Service.Health(sessionID))
	return w.Service.Health(sessionID)
}

func TestHealthCountsWhatCame(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		assert.Equal(t, whatsapp.SessionHealth{Phone: whatsapp.PhoneUnknown}, w.Service.Health("unknown"))
		session, phone := w.PairedSession("491700000001", "Anna")
		ben, err := w.WhatsApp.AddPhone("491700000002", "Ben")
		require.NoError(t, err)
		before := w.Service.Health(session.ID)
		// Whether a copy gets past whatsmeow depends on when the first was cleared from
		// its buffer: it is counted, or never heard of.
		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultDuplicate, Count: 1}))
		for range 5 {
			_, err := ben.SendText(t.Context(), phone.LID(), "hello")
			require.NoError(t, err)
		}
		after := healthy(t, w, session.ID, func(h whatsapp.SessionHealth) bool {
			return h.Stored >= before.Stored+5 && h.Received == h.Stored+h.Duplicates
		})
		assert.Zero(t, after.Failed)
		assert.NotZero(t, after.LastReceivedAt)
		all := w.Service.Stats()
		assert.GreaterOrEqual(t, all.Duplicates, after.Duplicates)
		assert.GreaterOrEqual(t, all.Stored, after.Stored)
		assert.Equal(t, 1, all.Connected)
	})
}

// WhatsApp answers a question into the silence.
func TestSilenceIsProbed(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite, whatsapptest.WithTiming(func(t *whatsapp.Timing) {
		t.Health, t.Silence = 20*time.Millisecond, 100*time.Millisecond
	}))
	session, _ := w.PairedSession("491700000001", "Anna")
	first := healthy(t, w, session.ID, func(h whatsapp.SessionHealth) bool { return h.LastRoundTripAt != 0 })
	healthy(t, w, session.ID, func(h whatsapp.SessionHealth) bool { return h.LastRoundTripAt > first.LastRoundTripAt })
	assert.True(t, w.Service.Connected(session.ID))
}

// A stream on which nothing comes back any more looks like one that is quiet.
func TestSilentStreamIsReplaced(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite, whatsapptest.WithTiming(func(t *whatsapp.Timing) {
		t.Health, t.Silence, t.Answer = 20*time.Millisecond, 500*time.Millisecond, 500*time.Millisecond
	}))
	session, _ := w.PairedSession("491700000001", "Anna")
	next(t, w, session.ID, func() {
		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultSlow, Delay: time.Hour}))
		require.Eventually(t, func() bool { return !w.Service.Connected(session.ID) }, whatsapptest.Patience, 5*time.Millisecond)
		w.WhatsApp.ClearFaults()
	})
}

// The phone's receipt for a question tells whether it is there; one that was
// offline answers when it comes back.
func TestPhoneIsAsked(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite, whatsapptest.WithTiming(func(t *whatsapp.Timing) {
		t.Health, t.Answer, t.PhoneCheck = 20*time.Millisecond, time.Second, 300*time.Millisecond
	}))
	began := models.Now()
	session, _ := w.PairedSession("491700000001", "Anna")
	online := healthy(t, w, session.ID, func(h whatsapp.SessionHealth) bool { return h.Phone == whatsapp.PhoneOnline })
	assert.GreaterOrEqual(t, online.PhoneSeenAt, began)

	require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline}))
	offline := healthy(t, w, session.ID, func(h whatsapp.SessionHealth) bool { return h.Phone == whatsapp.PhoneOffline })
	assert.True(t, w.Service.Connected(session.ID), "the gateway goes on without it")

	w.WhatsApp.ClearFaults()
	back := healthy(t, w, session.ID, func(h whatsapp.SessionHealth) bool { return h.Phone == whatsapp.PhoneOnline })
	assert.Greater(t, back.PhoneSeenAt, offline.PhoneSeenAt)
}
