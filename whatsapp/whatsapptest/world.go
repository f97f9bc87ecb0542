// Package whatsapptest gives tests a gateway's WhatsApp side that is real but for
// WhatsApp: a simulated server, a database of its own, and the service between.
package whatsapptest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/blob"
	"wagateway/whatsapp/wasim"
)

// Patience is how long a helper waits for what must happen, on a busy machine.
const Patience = 20 * time.Second

// Organization owns the sessions that a world makes.
const Organization = "org_test"

// World is a simulated WhatsApp, a database and a service that uses both. All end
// with the test.
type World struct {
	WhatsApp *wasim.Server
	DB       *models.DB
	Service  *whatsapp.Service
	Media    *blob.Store

	t      testing.TB
	config whatsapp.Config
}

// Option changes how a world is made.
type Option func(*options)

type options struct {
	simulator wasim.Options
	service   whatsapp.Config
}

// WithSimulator changes the simulator's options; the root seed must stay.
func WithSimulator(change func(*wasim.Options)) Option {
	return func(o *options) { change(&o.simulator) }
}

// WithService changes the service's configuration; address and root key must stay.
func WithService(change func(*whatsapp.Config)) Option {
	return func(o *options) { change(&o.service) }
}

// WithTiming changes the service's times.
func WithTiming(change func(*whatsapp.Timing)) Option {
	return WithService(func(c *whatsapp.Config) { change(&c.Timing) })
}

// NewWorld makes a world with a database of the dialect (see modelstest). The
// service is started.
func NewWorld(t testing.TB, dialect string, opts ...Option) *World {
	t.Helper()
	return NewWorldOn(t, modelstest.Open(t, dialect), opts...)
}

// NewWorldOn makes a world over a migrated database.
func NewWorldOn(t testing.TB, db *models.DB, opts ...Option) *World {
	t.Helper()
	o := options{
		simulator: wasim.Options{RootSeed: rootSeed()},
		// Short pauses: nobody else would be spared by long ones.
		service: whatsapp.Config{GatewayID: "gw-test", Timing: whatsapp.Timing{
			MinBackOff: 5 * time.Millisecond, MaxBackOff: 200 * time.Millisecond, FetchRetry: 20 * time.Millisecond,
		}},
	}
	o.service.Media = whatsapp.MediaConfig{Store: openMedia(t), AutoDownload: true}
	for _, opt := range opts {
		opt(&o)
	}
	server, err := wasim.New(o.simulator)
	require.NoError(t, err)
	require.NoError(t, server.Start("127.0.0.1:0"))
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	Trust(t)
	key := server.RootKey()
	o.service.WhatsAppURL, o.service.RootKey = server.URL(), key[:]
	w := &World{WhatsApp: server, DB: db, Media: o.service.Media.Store, t: t, config: o.service}
	w.Service = w.NewService()
	require.NoError(t, w.Service.Start(t.Context()))
	return w
}

// openMedia opens a place of files that ends with the test, after the service.
func openMedia(t testing.TB) *blob.Store {
	t.Helper()
	address, err := blob.FolderURL(t.TempDir())
	require.NoError(t, err)
	store, err := blob.Open(t.Context(), address, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// NewService makes a further service over the world's database, as the next
// process would; it is not started. It is closed at the end of the test.
func (w *World) NewService(opts ...Option) *whatsapp.Service {
	w.t.Helper()
	o := options{service: w.config}
	for _, opt := range opts {
		opt(&o)
	}
	service, err := whatsapp.New(w.t.Context(), o.service, w.DB)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, service.Close(Within(w.t))) })
	return service
}

// Phone adds an account to the simulated WhatsApp.
func (w *World) Phone(number, name string) *wasim.Phone {
	w.t.Helper()
	phone, err := w.WhatsApp.AddPhone(number, name)
	require.NoError(w.t, err)
	return phone
}

// Session makes a session that is not started.
func (w *World) Session() *models.Session {
	w.t.Helper()
	session, err := w.Service.CreateSession(w.t.Context(), whatsapp.NewSession{OrganizationID: Organization, Label: "Test"})
	require.NoError(w.t, err)
	return session
}

// PairedSession makes a session, pairs it by QR with the account of this number,
// which is added when it is new, and waits until it works.
func (w *World) PairedSession(number, name string) (*models.Session, *wasim.Phone) {
	w.t.Helper()
	phone := w.Phone(number, name)
	session := w.Session()
	w.Pair(session.ID, phone)
	return w.Wait(session.ID, Status(models.SessionWorking)).Session, phone
}

// Pair starts a session and scans the first QR code that it shows.
func (w *World) Pair(sessionID string, phone *wasim.Phone) {
	w.t.Helper()
	_, err := w.Service.StartSession(w.t.Context(), sessionID)
	require.NoError(w.t, err)
	update := w.Wait(sessionID, func(u whatsapp.PairingUpdate) bool { return u.QR != nil })
	require.NoError(w.t, phone.ScanQR(Within(w.t), update.QR.Code))
}

// Wait waits until a session is as wanted, and gives the update that says so.
func (w *World) Wait(sessionID string, wanted func(whatsapp.PairingUpdate) bool) whatsapp.PairingUpdate {
	w.t.Helper()
	return Wait(w.t, w.Service, sessionID, wanted)
}

// Wait is [World.Wait] for any service.
func Wait(t testing.TB, service *whatsapp.Service, sessionID string, wanted func(whatsapp.PairingUpdate) bool) whatsapp.PairingUpdate {
	t.Helper()
	ctx := Within(t)
	updates, err := service.WatchSession(ctx, sessionID)
	require.NoError(t, err)
	var last whatsapp.PairingUpdate
	for last = range updates {
		if wanted(last) {
			return last
		}
	}
	require.FailNow(t, "the session did not become as wanted", "it is %s %s", last.Status, last.StatusReason)
	return last
}

// Status matches updates of a state.
func Status(status models.SessionStatus) func(whatsapp.PairingUpdate) bool {
	return func(u whatsapp.PairingUpdate) bool { return u.Status == status }
}

// Failed matches updates of a failure.
func Failed(reason models.StatusReason) func(whatsapp.PairingUpdate) bool {
	return func(u whatsapp.PairingUpdate) bool {
		return u.Status == models.SessionFailed && u.StatusReason == reason
	}
}

// Within gives a context that bounds waiting, also in a cleanup function.
func Within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// rootSeed makes the servers of all worlds trusted by one key, because whatsmeow
// keeps the key it trusts in a package variable.
func rootSeed() []byte { return []byte("whatsapptest") }

// trusted sets whatsmeow's package variable once in a test binary, before any
// client reads it.
var trusted sync.Once //nolint:gochecknoglobals // it guards another package's global

// Trust makes the process trust the worlds' servers. NewWorld does it; a test
// that runs services of its own calls it first.
func Trust(t testing.TB) {
	t.Helper()
	trusted.Do(func() {
		server, err := wasim.New(wasim.Options{RootSeed: rootSeed()})
		require.NoError(t, err)
		defer func() { require.NoError(t, server.Close()) }()
		whatsmeow.WACertPubKey = server.RootKey()
	})
}

// RootSeed is the seed that a simulator needs to be trusted by [Trust].
func RootSeed() []byte { return rootSeed() }
