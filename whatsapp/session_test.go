package whatsapp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/whatsapptest"
)

// eachWhatsApp runs a test in a world on each database.
func eachWhatsApp(t *testing.T, test func(t *testing.T, w *whatsapptest.World), options ...whatsapptest.Option) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) { test(t, whatsapptest.NewWorldOn(t, db, options...)) })
}

func requireFault(t *testing.T, err error, code fault.Code, reason fault.Reason) {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, code, fault.CodeOf(err), "%v", err)
	assert.Equal(t, reason, fault.From(err).Reason(), "%v", err)
}

// devicesStored counts the devices in whatsmeow's own table.
func devicesStored(t *testing.T, db *models.DB) (n int) {
	t.Helper()
	pool, _ := db.WhatsmeowDB()
	require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT count(*) FROM whatsmeow_device").Scan(&n))
	return n
}

func TestPairedSessionKnowsItsAccount(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.PairedSession("491700000001", "Anna")
		assert.Equal(t, "491700000001", session.PhoneNumber)
		assert.Equal(t, phone.JID().String(), session.WAJID)
		assert.Equal(t, phone.LID().String(), session.WALID)
		assert.Equal(t, "gw-test", session.GatewayID)
		assert.NotZero(t, session.LastConnectedAt)
		assert.True(t, session.Enabled)
		assert.True(t, w.Service.Connected(session.ID))
		named := w.Wait(session.ID, func(u whatsapp.PairingUpdate) bool { return u.Session.PushName != "" })
		assert.Equal(t, "Anna", named.Session.PushName)
		stored, err := w.DB.Sessions.Find(t.Context(), session.ID)
		require.NoError(t, err)
		assert.Equal(t, named.Session, stored, "what is told is what is stored")
	})
}

func TestStopStartRestart(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.PairedSession("491700000001", "Anna")
		for range 2 {
			stopped, err := w.Service.StopSession(t.Context(), session.ID)
			require.NoError(t, err)
			assert.Equal(t, models.SessionStopped, stopped.Status)
			assert.Empty(t, stopped.StatusReason)
			assert.Empty(t, stopped.GatewayID)
			assert.False(t, stopped.Enabled)
			assert.True(t, stopped.Paired(), "it stays paired")
			assert.False(t, w.Service.Connected(session.ID))
		}
		_, err := w.Service.GroupInvite(t.Context(), session.ID, "120363041234567890@g.us")
		requireFault(t, err, fault.NotImplemented, fault.ReasonNotConnected)

		started, err := w.Service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		assert.Equal(t, models.SessionStarting, started.Status, "it connects in the background")
		w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
		again, err := w.Service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		assert.Equal(t, models.SessionWorking, again.Status, "starting what runs changes nothing")

		restarted, err := w.Service.RestartSession(t.Context(), session.ID)
		require.NoError(t, err)
		assert.Equal(t, models.SessionStarting, restarted.Status)
		working := w.Wait(session.ID, whatsapptest.Status(models.SessionWorking)).Session
		assert.Equal(t, session.DeviceJID, working.DeviceJID)
		assert.Len(t, phone.Devices(), 1)
	})
}

func TestLogout(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.PairedSession("491700000001", "Anna")
		for range 2 {
			out, err := w.Service.LogoutSession(t.Context(), session.ID)
			require.NoError(t, err)
			assert.Equal(t, models.SessionStopped, out.Status)
			assert.False(t, out.Paired())
			assert.False(t, out.Enabled)
			assert.Empty(t, out.PhoneNumber+out.WAJID+out.WALID+out.PushName)
		}
		assert.Empty(t, phone.Devices(), "the phone knows")
		assert.Zero(t, devicesStored(t, w.DB))

		w.Pair(session.ID, phone)
		working := w.Wait(session.ID, whatsapptest.Status(models.SessionWorking)).Session
		assert.NotEqual(t, session.DeviceJID, working.DeviceJID, "it is another device")
	})
}

func TestLogoutOffline(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.PairedSession("491700000001", "Anna")
		_, err := w.Service.StopSession(t.Context(), session.ID)
		require.NoError(t, err)
		out, err := w.Service.LogoutSession(t.Context(), session.ID)
		require.NoError(t, err)
		assert.False(t, out.Paired())
		assert.Zero(t, devicesStored(t, w.DB))
		assert.Len(t, phone.Devices(), 1, "WhatsApp could not be told")
	})
}

func TestLogoutFromThePhone(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.PairedSession("491700000001", "Anna")
		require.Equal(t, 1, phone.LogoutDevices())
		w.Wait(session.ID, whatsapptest.Failed(models.ReasonLoggedOut))
		out := w.Wait(session.ID, func(u whatsapp.PairingUpdate) bool { return !u.Session.Paired() })
		assert.Equal(t, models.ReasonLoggedOut, out.StatusReason)
		assert.Zero(t, devicesStored(t, w.DB))
		_, err := w.Service.GroupInvite(t.Context(), session.ID, "120363041234567890@g.us")
		requireFault(t, err, fault.NotImplemented, fault.ReasonNotConnected)

		w.Pair(session.ID, phone)
		w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
		assert.Len(t, phone.Devices(), 1)
	})
}

func TestLogoutFromThePhoneWhileStopped(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.PairedSession("491700000001", "Anna")
		_, err := w.Service.StopSession(t.Context(), session.ID)
		require.NoError(t, err)
		require.Equal(t, 1, phone.LogoutDevices())
		_, err = w.Service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		w.Wait(session.ID, func(u whatsapp.PairingUpdate) bool {
			return u.StatusReason == models.ReasonLoggedOut && !u.Session.Paired()
		})
		w.Pair(session.ID, phone)
		w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.PairedSession("491700000001", "Anna")
		updates, err := w.Service.WatchSession(t.Context(), session.ID)
		require.NoError(t, err)
		require.NoError(t, w.Service.DeleteSession(t.Context(), session.ID))
		assert.Empty(t, phone.Devices())
		assert.Zero(t, devicesStored(t, w.DB))
		_, err = w.DB.Sessions.Find(t.Context(), session.ID)
		requireFault(t, err, fault.NotFound, "")
		requireFault(t, w.Service.DeleteSession(t.Context(), session.ID), fault.NotFound, "")
		for range updates { // it ends
		}
		// Deleting what never ran, and what is being paired.
		require.NoError(t, w.Service.DeleteSession(t.Context(), w.Session().ID))
		pairing := w.Session()
		_, err = w.Service.StartSession(t.Context(), pairing.ID)
		require.NoError(t, err)
		require.NoError(t, w.Service.DeleteSession(t.Context(), pairing.ID))
	})
}

func TestUnknownSession(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite)
	s, ctx, id := w.Service, t.Context(), "01J9ZX8K2QHV0M3T6R7P4N5W8C"
	for name, call := range map[string]func() error{
		"update":  func() error { _, err := s.UpdateSession(ctx, id, whatsapp.SessionSettings{}); return err },
		"start":   func() error { _, err := s.StartSession(ctx, id); return err },
		"stop":    func() error { _, err := s.StopSession(ctx, id); return err },
		"restart": func() error { _, err := s.RestartSession(ctx, id); return err },
		"logout":  func() error { _, err := s.LogoutSession(ctx, id); return err },
		"delete":  func() error { return s.DeleteSession(ctx, id) },
		"qr":      func() error { _, err := s.SessionQR(ctx, id); return err },
		"code":    func() error { _, err := s.SessionPairingCode(ctx, id, "491700000001"); return err },
		"watch":   func() error { _, err := s.WatchPairing(ctx, id); return err },
		"live":    func() error { _, err := s.GroupInvite(ctx, id, "120363041234567890@g.us"); return err },
	} {
		requireFault(t, call(), fault.NotFound, "")
		assert.Equal(t, "session not found", fault.From(call()).Message(), name)
	}
	assert.False(t, s.Connected(id))
}

func TestSessionSettings(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		number := func(n int) *int { return &n }
		text := func(s string) *string { return &s }
		session, err := w.Service.CreateSession(t.Context(), whatsapp.NewSession{
			OrganizationID: "org", CreatedByUserID: "user", Label: "Línea", AutoRead: true, HistoryDays: number(7), ProxyURL: "socks5://u:p@proxy:1080",
		})
		require.NoError(t, err)
		assert.Equal(t, []any{models.SessionStopped, 20, 600, 7, true, false, false},
			[]any{session.Status, session.RatePerMin, session.RatePerHour, session.HistoryDays, session.AutoRead, session.PresenceTyping, session.Enabled})
		proxy, err := w.DB.Sessions.Proxy(t.Context(), session.ID)
		require.NoError(t, err)
		assert.Equal(t, "socks5://u:p@proxy:1080", proxy)

		changed, err := w.Service.UpdateSession(t.Context(), session.ID, whatsapp.SessionSettings{Label: text("New"), RatePerMin: number(5), ProxyURL: text("")})
		require.NoError(t, err)
		assert.Equal(t, []any{"New", 5, 600, true}, []any{changed.Label, changed.RatePerMin, changed.RatePerHour, changed.AutoRead})
		proxy, err = w.DB.Sessions.Proxy(t.Context(), session.ID)
		require.NoError(t, err)
		assert.Empty(t, proxy)

		for field, bad := range map[string]whatsapp.SessionSettings{
			"label":       {Label: text(strings.Repeat("ö", 101))},
			"ratePerMin":  {RatePerMin: number(0)},
			"ratePerHour": {RatePerHour: number(50_001)},
			"historyDays": {HistoryDays: number(-1)},
			"proxyUrl":    {ProxyURL: text("ftp://user:s3cret@proxy")},
		} {
			_, err := w.Service.UpdateSession(t.Context(), session.ID, bad)
			requireFault(t, err, fault.Validation, "")
			assert.Equal(t, field, fault.From(err).Details()["field"])
			assert.NotContains(t, err.Error(), "s3cret")
		}
		for _, bad := range []whatsapp.NewSession{
			{OrganizationID: "org", Label: strings.Repeat("x", 101)}, {OrganizationID: "org", RatePerMin: number(1001)},
			{OrganizationID: "org", ProxyURL: "proxy:1080"}, {OrganizationID: "org", ProxyURL: "http://"}, {},
		} {
			_, err := w.Service.CreateSession(t.Context(), bad)
			requireFault(t, err, fault.Validation, "")
		}
		all, err := w.DB.Sessions.Count(t.Context(), models.SessionFilter{})
		require.NoError(t, err)
		assert.Equal(t, 1, all, "nothing half done")
	})
}
