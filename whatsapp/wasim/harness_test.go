package wasim_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite"

	"wagateway/whatsapp/wasim"
)

type jid = types.JID

// rootSeed makes all servers of this binary trusted by the one key that
// whatsmeow keeps in a package variable.
var rootSeed = []byte("wasim tests")

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	srv, err := wasim.New(wasim.Options{RootSeed: rootSeed})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	whatsmeow.WACertPubKey = srv.RootKey()
	os.Exit(m.Run())
}

// newServer starts a server for one test.
func newServer(t testing.TB, options ...func(*wasim.Options)) *wasim.Server {
	t.Helper()
	o := wasim.Options{RootSeed: rootSeed}
	for _, option := range options {
		option(&o)
	}
	srv, err := wasim.New(o)
	require.NoError(t, err)
	require.NoError(t, srv.Start("127.0.0.1:0"))
	t.Cleanup(func() { require.NoError(t, srv.Close()) })
	return srv
}

func addPhone(t testing.TB, srv *wasim.Server, number, name string) *wasim.Phone {
	t.Helper()
	p, err := srv.AddPhone(number, name)
	require.NoError(t, err)
	return p
}

// within bounds a call that waits.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// client is a real whatsmeow client that writes its events down.
type client struct {
	*whatsmeow.Client
	t testing.TB

	mu     sync.Mutex
	events []any
	wake   chan struct{} // closed at the next event
	refuse func(any) bool
}

// newClient makes a client that is not linked, with a database of its own.
func newClient(t testing.TB, srv *wasim.Server) *client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "client.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	container := sqlstore.NewWithDB(db, "sqlite3", waLog.Noop)
	require.NoError(t, container.Upgrade(within(t)))
	device, err := container.GetFirstDevice(within(t))
	require.NoError(t, err)
	log := &clientLog{Logger: waLog.Noop}
	// WASIM_DEBUG is a log level of whatsmeow's, to see what clients complain about.
	if level := os.Getenv("WASIM_DEBUG"); level != "" {
		log.Logger = waLog.Stdout(t.Name(), level, false)
	}
	c := &client{Client: whatsmeow.NewClient(device, log), t: t, wake: make(chan struct{})}
	attach(srv, c.Client)
	c.SynchronousAck = true
	c.EnableDecryptedEventBuffer = true
	c.EmitAppStateEventsOnFullSync = true
	c.AddEventHandlerWithSuccessStatus(c.handle)
	t.Cleanup(func() {
		c.Disconnect()
		_ = db.Close()
		require.Zero(t, log.mismatches.Load(), "the server's list of devices differs from the client's")
	})
	return c
}

// clientLog counts the complaints of a client that must not happen.
type clientLog struct {
	waLog.Logger
	mismatches atomic.Int32
}

func (l *clientLog) Warnf(format string, args ...any) {
	if strings.Contains(format, "different participant list hash") {
		l.mismatches.Add(1)
	}
	l.Logger.Warnf(format, args...)
}

// attach points a client at the server.
func attach(srv *wasim.Server, c *whatsmeow.Client) {
	web := &http.Client{Transport: srv.Transport()}
	c.SetWebsocketHTTPClient(web)
	c.SetPreLoginHTTPClient(web)
	c.SetMediaHTTPClient(web)
}

func (c *client) handle(event any) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil && c.refuse(event) {
		return false
	}
	c.events = append(c.events, event)
	close(c.wake)
	c.wake = make(chan struct{})
	return true
}

// refuseEvents makes the handler fail for events that match.
func (c *client) refuseEvents(match func(any) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = match
}

// want waits for an event, takes it and gives it.
func want[T any](c *client, match func(T) bool) T {
	c.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		event, wake, seen := take(c, match)
		if event != nil {
			return *event
		}
		select {
		case <-wake:
		case <-deadline.C:
			var zero T
			require.Failf(c.t, "event missing", "no %T among %s", zero, seen)
		}
	}
}

func take[T any](c *client, match func(T) bool) (found *T, wake <-chan struct{}, seen string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for i, event := range c.events {
		if typed, ok := event.(T); ok && (match == nil || match(typed)) {
			c.events = append(c.events[:i:i], c.events[i+1:]...)
			return &typed, nil, ""
		}
		names = append(names, fmt.Sprintf("%T", event))
	}
	return nil, c.wake, strings.Join(names, " ")
}

// count gives how many untaken events match.
func count[T any](c *client, match func(T) bool) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, event := range c.events {
		if typed, ok := event.(T); ok && (match == nil || match(typed)) {
			n++
		}
	}
	return n
}

// pair links a new client to the phone by QR and waits until it is connected and
// has the account's app state.
func pair(t testing.TB, srv *wasim.Server, phone *wasim.Phone) *client {
	t.Helper()
	c := newClient(t, srv)
	link(t, c, phone)
	return c
}

// link is pair for a client that exists.
func link(t testing.TB, c *client, phone *wasim.Phone) {
	t.Helper()
	codes, err := c.GetQRChannel(within(t))
	require.NoError(t, err)
	require.NoError(t, c.Connect())
	for item := range codes {
		switch item.Event {
		case whatsmeow.QRChannelEventCode:
			require.NoError(t, phone.ScanQR(within(t), item.Code))
		case whatsmeow.QRChannelSuccess.Event:
		default:
			require.Failf(t, "pairing failed", "%+v", item)
		}
	}
	want[*events.Connected](c, nil)
	want(c, func(p *events.PushNameSetting) bool { return p.Action.GetName() == phone.Name() })
}

func text(body string) *waE2E.Message { return &waE2E.Message{Conversation: proto.String(body)} }

// saying matches message events by their text.
func saying(body string) func(*events.Message) bool {
	return func(m *events.Message) bool {
		return m.Message.GetConversation() == body || m.Message.GetExtendedTextMessage().GetText() == body
	}
}

// spoken matches messages with text, as opposed to those of the account's own
// business.
func spoken(m *events.Message) bool { return m.Message.GetConversation() != "" }

// heard matches messages on a phone by their text.
func heard(body string) func(wasim.PhoneMessage) bool {
	return func(m wasim.PhoneMessage) bool { return m.Text == body }
}
