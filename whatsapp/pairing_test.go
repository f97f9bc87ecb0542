package whatsapp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

func showsQR(u whatsapp.PairingUpdate) bool { return u.QR != nil }

func TestPairByCode(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		phone, session := w.Phone("491700000001", "Anna"), w.Session()
		before := time.Now()
		code, err := w.Service.SessionPairingCode(t.Context(), session.ID, phone.Number())
		require.NoError(t, err)
		assert.Regexp(t, `^[1-9A-HJ-NP-TV-Z]{4}-[1-9A-HJ-NP-TV-Z]{4}$`, code.Code)
		assert.WithinDuration(t, before.Add(160*time.Second), code.ExpiresAt.Time(), 20*time.Second)
		shown := w.Wait(session.ID, func(u whatsapp.PairingUpdate) bool { return u.PairingCode != nil })
		assert.Equal(t, models.SessionScanQRCode, shown.Status)
		assert.Equal(t, code, shown.PairingCode)
		assert.NotNil(t, shown.QR, "either may be used")

		require.ErrorIs(t, phone.EnterCode(whatsapptest.Within(t), "1111-1111"), wasim.ErrWrongCode)
		again, err := w.Service.SessionPairingCode(t.Context(), session.ID, phone.Number())
		require.NoError(t, err)
		assert.NotEqual(t, code.Code, again.Code)
		require.NoError(t, phone.EnterCode(whatsapptest.Within(t), again.Code))
		working := w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
		assert.Nil(t, working.QR)
		assert.Nil(t, working.PairingCode)
		assert.Equal(t, phone.JID().String(), working.Session.WAJID)

		_, err = w.Service.SessionPairingCode(t.Context(), session.ID, phone.Number())
		requireFault(t, err, fault.Validation, fault.ReasonAlreadyPaired)
		_, err = w.Service.SessionQR(t.Context(), session.ID)
		requireFault(t, err, fault.Validation, fault.ReasonAlreadyPaired)
	})
}

func TestPairingCodeWantsANumber(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite)
	session := w.Session()
	for _, phone := range []string{"", "123456", "+491700000001", "0491700000001", "49170000000 1", "1234567890123456"} {
		_, err := w.Service.SessionPairingCode(t.Context(), session.ID, phone)
		requireFault(t, err, fault.Validation, "")
		assert.Equal(t, "phone", fault.From(err).Details()["field"])
	}
	stored, err := w.DB.Sessions.Find(t.Context(), session.ID)
	require.NoError(t, err)
	assert.Equal(t, models.SessionStopped, stored.Status, "nothing was started")
}

func TestQRIsNotReadyAtOnce(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session := w.Session()
		_, err := w.Service.SessionQR(t.Context(), session.ID)
		requireFault(t, err, fault.NotFound, fault.ReasonQRNotReady)
		shown := w.Wait(session.ID, showsQR)
		qr, err := w.Service.SessionQR(t.Context(), session.ID)
		require.NoError(t, err)
		assert.Equal(t, shown.QR, qr)
		assert.WithinDuration(t, time.Now().Add(60*time.Second), qr.ExpiresAt.Time(), 20*time.Second)
		assert.True(t, shown.Session.Enabled)
	})
}

func TestQRCodesRotateAndExpire(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session := w.Session()
		updates, err := w.Service.WatchPairing(t.Context(), session.ID)
		require.NoError(t, err)
		_, err = w.Service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		var last whatsapp.PairingUpdate
		codes := map[string]models.Millis{}
		for last = range updates {
			if last.QR != nil {
				codes[last.QR.Code] = last.QR.ExpiresAt
			}
		}
		assert.Greater(t, len(codes), 3, "codes rotate")
		assert.Equal(t, models.SessionFailed, last.Status)
		assert.Equal(t, models.ReasonQRExpired, last.StatusReason)
		assert.Nil(t, last.QR)

		// It starts again, also by asking for a code, and the phone can still scan.
		_, err = w.Service.SessionQR(t.Context(), session.ID)
		requireFault(t, err, fault.NotFound, fault.ReasonQRNotReady)
		phone := w.Phone("491700000001", "Anna")
		require.NoError(t, phone.ScanQR(whatsapptest.Within(t), w.Wait(session.ID, showsQR).QR.Code))
		w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
	}, whatsapptest.WithTiming(func(t *whatsapp.Timing) { t.FirstQR, t.NextQR = time.Second, 150*time.Millisecond }))
}

func TestPairingCodeOutlivesQRCodes(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite, whatsapptest.WithTiming(func(t *whatsapp.Timing) {
		t.FirstQR, t.NextQR, t.PairingCode = 6*time.Second, 20*time.Millisecond, time.Minute
	}))
	session, phone := w.Session(), w.Phone("491700000001", "Anna")
	code, err := w.Service.SessionPairingCode(t.Context(), session.ID, phone.Number())
	require.NoError(t, err)
	w.Wait(session.ID, func(u whatsapp.PairingUpdate) bool { return u.QR == nil && u.PairingCode != nil })
	require.NoError(t, phone.EnterCode(whatsapptest.Within(t), code.Code))
	w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
}

func TestPairingSurvivesALostConnection(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite)
	session, phone := w.Session(), w.Phone("491700000001", "Anna")
	require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultOffline, Count: 3}))
	w.Pair(session.ID, phone)
	w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
}

// The server's request to connect again (515) is lost when the socket closes
// right behind it: the device is linked, and nobody says so.
func TestLinkedButNotToldToConnect(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite,
		whatsapptest.WithSimulator(func(o *wasim.Options) { o.CloseGrace = time.Nanosecond }),
		whatsapptest.WithTiming(func(t *whatsapp.Timing) { t.Link, t.Login = 300*time.Millisecond, time.Second }))
	var sessions []string
	for _, number := range []string{"491700000001", "491700000002", "491700000003", "491700000004", "491700000005", "491700000006"} {
		phone, session := w.Phone(number, "Anna"), w.Session()
		sessions = append(sessions, session.ID)
		_, err := w.Service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		err = phone.ScanQR(whatsapptest.Within(t), w.Wait(session.ID, showsQR).QR.Code)
		if !errors.Is(err, wasim.ErrPairingEnded) { // lost a moment earlier: the phone has an error, the gateway the device
			require.NoError(t, err)
		}
	}
	for _, id := range sessions {
		w.Wait(id, func(u whatsapp.PairingUpdate) bool {
			return u.Status == models.SessionWorking || u.Status == models.SessionFailed
		})
	}
}

func TestStoppedPairing(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.Session(), w.Phone("491700000001", "Anna")
		_, err := w.Service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		stale := w.Wait(session.ID, showsQR).QR.Code
		stopped, err := w.Service.StopSession(t.Context(), session.ID)
		require.NoError(t, err)
		assert.Equal(t, models.SessionStopped, stopped.Status)
		assert.Nil(t, w.Wait(session.ID, whatsapptest.Status(models.SessionStopped)).QR)
		w.Pair(session.ID, phone)
		w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
		require.Error(t, phone.ScanQR(whatsapptest.Within(t), stale))
	})
}

func TestPairingOfAStoppedSessionAnswersWhoWaits(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite)
	require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultOffline})) // no QR codes, so no pairing code
	session := w.Session()
	failed := make(chan error, 1)
	go func() {
		_, err := w.Service.SessionPairingCode(t.Context(), session.ID, "491700000001")
		failed <- err
	}()
	w.Wait(session.ID, whatsapptest.Status(models.SessionStarting))
	_, err := w.Service.StopSession(t.Context(), session.ID)
	require.NoError(t, err)
	select {
	case err := <-failed:
		require.Error(t, err)
	case <-whatsapptest.Within(t).Done():
		require.Fail(t, "nobody answers")
	}
}
