package whatsapp

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// bare makes a service that never connects, with one session.
func bare(t *testing.T) (*Service, *session, *models.DB) {
	t.Helper()
	db := modelstest.Open(t, modelstest.SQLite)
	s, err := New(t.Context(), Config{WhatsAppURL: "ws://127.0.0.1:1"}, db)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	x, err := s.session(t.Context(), modelstest.Session(t, db, "org").ID)
	require.NoError(t, err)
	return s, x, db
}

// withLink gives the session a link that is not connected.
func withLink(t *testing.T, s *Service, x *session) *link {
	t.Helper()
	l, err := order(t.Context(), x, func(o *owner) (*link, error) {
		o.link.Store(newLink(x, s.devices.NewDevice(), "", &o.row))
		return o.link.Load(), nil
	})
	require.NoError(t, err)
	return l
}

func TestHandlerPanicIsNoSuccess(t *testing.T) {
	t.Parallel()
	s, x, _ := bare(t)
	l := withLink(t, s, x)
	assert.False(t, x.handle(l, (*events.GroupInfo)(nil)), "a panic would lose the event")
	assert.False(t, x.handle(l, &events.Receipt{}), "nor is what follows it on this connection")
	l.refuses.Store(false)
	assert.True(t, x.handle(l, &events.Receipt{}), "the handler goes on")
	assert.True(t, x.handle(l, "something of a later version"))
}

func TestEventsOfAnOldLinkAreNotStored(t *testing.T) {
	t.Parallel()
	s, x, _ := bare(t)
	old := withLink(t, s, x)
	withLink(t, s, x)
	joined := &events.JoinedGroup{}
	joined.JID = types.NewJID("120363041234567890", types.GroupServer)
	assert.False(t, x.handle(old, joined))
	x.handle(old, &events.StreamReplaced{})
	row, err := s.UpdateSession(t.Context(), x.id, SessionSettings{})
	require.NoError(t, err)
	assert.Equal(t, models.SessionStopped, row.Status, "nor do they change the state")
	old.close(nil)
}

func TestEventThatCannotBeStoredIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s, x, db := bare(t)
	l := withLink(t, s, x)
	pool, _ := db.WhatsmeowDB()
	_, err := pool.ExecContext(t.Context(), `CREATE TRIGGER broken BEFORE INSERT ON wa_groups BEGIN SELECT RAISE(ABORT, 'broken'); END`)
	require.NoError(t, err)
	joined := &events.JoinedGroup{}
	joined.JID = types.NewJID("120363041234567890", types.GroupServer)
	assert.False(t, x.handle(l, joined), "not acknowledged")
	waits, err := order(t.Context(), x, func(o *owner) (bool, error) { return o.alarms[alarmRedeliver] != nil, nil })
	require.NoError(t, err)
	assert.True(t, waits, "it is to be delivered again")
	_, err = pool.ExecContext(t.Context(), `DROP TRIGGER broken`)
	require.NoError(t, err)
	assert.False(t, x.handle(l, joined), "this connection is out of order from here on")
	l.refuses.Store(false) // as the next connection does
	assert.True(t, x.handle(l, joined))
	_, err = db.Groups.Get(t.Context(), x.id, "120363041234567890@g.us")
	require.NoError(t, err)
}

func TestForbiddenStepsAreNotTaken(t *testing.T) {
	t.Parallel()
	_, x, db := bare(t)
	_, err := order(t.Context(), x, func(o *owner) (struct{}, error) {
		o.become(models.SessionWorking, "")
		o.become(models.SessionStarting, models.ReasonBanned)
		return struct{}{}, nil
	})
	require.NoError(t, err)
	row, err := db.Sessions.Find(t.Context(), x.id)
	require.NoError(t, err)
	assert.Equal(t, models.SessionStopped, row.Status)
}

func TestOwnerSurvivesAPanic(t *testing.T) {
	t.Parallel()
	s, x, _ := bare(t)
	x.post(func(*owner) { panic("a bug") })
	_, err := s.StopSession(t.Context(), x.id)
	require.NoError(t, err)
}

func TestSlowWatcherGetsTheLatest(t *testing.T) {
	t.Parallel()
	var w watchers
	w.publish(PairingUpdate{Status: models.SessionStopped})
	updates := w.follow(t.Context(), follower{last: func(u PairingUpdate) bool { return u.Status == models.SessionFailed }})
	for _, status := range []models.SessionStatus{models.SessionStarting, models.SessionScanQRCode, models.SessionFailed} {
		w.publish(PairingUpdate{Status: status})
	}
	w.publish(PairingUpdate{Status: models.SessionStarting}) // too late
	assert.Equal(t, models.SessionFailed, (<-updates).Status)
	_, open := <-updates
	assert.False(t, open)

	ctx, cancel := context.WithCancel(t.Context())
	until := w.follow(ctx, follower{})
	assert.Equal(t, models.SessionStarting, (<-until).Status, "the present step comes at once")
	cancel()
	_, open = <-until
	assert.False(t, open)
	w.end()
	late := w.follow(t.Context(), follower{})
	<-late
	_, open = <-late
	assert.False(t, open)
}

func TestAStepIsToldOnce(t *testing.T) {
	t.Parallel()
	var w watchers
	step := func(label, code string) PairingUpdate {
		return PairingUpdate{Status: models.SessionScanQRCode, QR: &QRCode{Code: code}, Session: &models.Session{Label: label}}
	}
	w.publish(step("a", "1"))
	updates := w.follow(t.Context(), follower{news: PairingUpdate.differs})
	w.publish(step("b", "1"))
	assert.Equal(t, "b", (<-updates).Session.Label, "who has not read it gets the latest of it")
	w.publish(step("c", "1"))
	assert.Empty(t, updates)
	w.publish(step("c", "2"))
	assert.Equal(t, "2", (<-updates).QR.Code)
	claimed := step("c", "2")
	claimed.Session.DeviceJID = "1:2@s.whatsapp.net"
	w.publish(claimed)
	assert.True(t, (<-updates).Session.Paired())
}

func TestLibraryLogKeepsNumbersToDebug(t *testing.T) {
	t.Parallel()
	for level, shown := range map[slog.Level]bool{slog.LevelInfo: false, slog.LevelDebug: true} {
		var out bytes.Buffer
		log := newLibraryLog(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})), "client").Sub("Recv")
		log.Errorf("Failed to decrypt message from %s", "491700000001@s.whatsapp.net")
		log.Warnf("strange %s", "491700000001")
		log.Debugf("%s", "<message from=491700000001/>")
		assert.Contains(t, out.String(), "Failed to decrypt message from")
		assert.Contains(t, out.String(), "client/Recv")
		assert.Equal(t, shown, bytes.Contains(out.Bytes(), []byte("491700000001")), "%s", out.String())
	}
}

func TestClientVersion(t *testing.T) {
	t.Parallel()
	var page atomic.Value
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(page.Load().(string)))
	}))
	t.Cleanup(server.Close)
	web, err := newTransports("ws" + server.URL[len("http"):])
	require.NoError(t, err)
	builtIn := store.GetWAVersion()
	v := newClientVersion(web.shared, Timing{OutdatedRetry: time.Hour}, slog.New(slog.DiscardHandler))
	for _, bad := range []string{`"client_revision":1,`, "nothing", ""} {
		page.Store(bad)
		v.refresh(t.Context())
		assert.Equal(t, builtIn, v.get(), "never below the built-in one, after %q", bad)
	}
	page.Store(`"client_revision":4000000000,`)
	v.refreshOutdated(t.Context())
	assert.Equal(t, uint32(4_000_000_000), v.get()[2])
	before := asked.Load()
	v.refreshOutdated(t.Context())
	assert.Equal(t, before, asked.Load(), "at most once in the pause")
	assert.Equal(t, builtIn, store.GetWAVersion(), "whatsmeow's variable is left alone")
}

func TestTransports(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"http://x", "ws://", "x", "://"} {
		_, err := newTransports(bad)
		require.Error(t, err, bad)
	}
	direct, err := newTransports("")
	require.NoError(t, err)
	assert.Same(t, direct.shared, direct.client(""), "sessions share one")
	proxied := direct.client("socks5://proxy:1080").Transport.(*http.Transport)
	through, err := proxied.Proxy(httptest.NewRequest(http.MethodGet, "https://web.whatsapp.com", nil))
	require.NoError(t, err)
	assert.Equal(t, "socks5://proxy:1080", through.String())
	broken := direct.client("http://[").Transport.(*http.Transport)
	_, err = broken.Proxy(httptest.NewRequest(http.MethodGet, "https://web.whatsapp.com", nil))
	require.Error(t, err, "never a direct connection instead")
	simulated, err := newTransports("ws://127.0.0.1:1")
	require.NoError(t, err)
	assert.Same(t, simulated.shared, simulated.client("socks5://proxy:1080"))
}

func TestPayload(t *testing.T) {
	t.Parallel()
	s, _, _ := bare(t)
	device := s.devices.NewDevice()
	p := payload{version: store.WAVersionContainer{2, 3000, 4_000_000_000}, deviceName: "Desk", historyDays: 30}
	registration := p.of(device)
	assert.Equal(t, uint32(4_000_000_000), registration.GetUserAgent().GetAppVersion().GetTertiary())
	hash := p.version.Hash()
	assert.Equal(t, hash[:], registration.GetDevicePairingData().GetBuildHash())
	var told waCompanionReg.DeviceProps
	require.NoError(t, proto.Unmarshal(registration.GetDevicePairingData().GetDeviceProps(), &told))
	assert.Equal(t, "Desk", told.GetOs())
	assert.Equal(t, waCompanionReg.DeviceProps_CHROME, told.GetPlatformType())
	assert.True(t, told.GetRequireFullSync())
	assert.Equal(t, uint32(30), told.GetHistorySyncConfig().GetFullSyncDaysLimit())
	assert.Equal(t, "whatsmeow", store.DeviceProps.GetOs(), "whatsmeow's variable is left alone")
	jid := types.JID{User: "491700000001", Device: 3, Server: types.DefaultUserServer}
	device.ID = &jid
	login := p.of(device)
	assert.Nil(t, login.GetDevicePairingData())
	assert.Equal(t, uint32(4_000_000_000), login.GetUserAgent().GetAppVersion().GetTertiary())
}

func TestRootKeyIsChecked(t *testing.T) {
	t.Parallel()
	_, err := New(t.Context(), Config{RootKey: []byte("short")}, modelstest.Open(t, modelstest.SQLite))
	require.ErrorContains(t, err, "root key")
}
