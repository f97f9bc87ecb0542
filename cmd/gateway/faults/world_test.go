package faults

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/wasim"
)

// numbers gives every phone a number of its own.
var numbers atomic.Int64

// world is a simulated WhatsApp, which outlives the gateway's processes, a
// gateway with one paired session, and a look into its database.
type world struct {
	*testing.T
	server  *wasim.Server
	gateway *gateway
	db      *models.DB
	url     string // of the database
	session string
	own     *wasim.Phone
}

// onBoth runs a suite on both databases.
func onBoth(t *testing.T, test func(t *testing.T, dialect string)) {
	t.Helper()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, dialect)
		})
	}
}

func newWorld(t *testing.T, dialect string, settings ...string) *world {
	t.Helper()
	server, err := wasim.New(wasim.Options{})
	require.NoError(t, err)
	require.NoError(t, server.Start("127.0.0.1:0"))
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	root := server.RootKey()
	data := filepath.Join(t.TempDir(), "data")
	settings = append([]string{
		"GATEWAY_DATA_DIR=" + data, "GATEWAY_WHATSAPP_URL=" + server.URL(), "GATEWAY_WHATSAPP_ROOT_KEY=" + hex.EncodeToString(root[:]),
	}, settings...)
	url := "sqlite:" + filepath.Join(data, "gateway.db")
	if dialect == modelstest.Postgres {
		url = modelstest.EmptyURL(t, dialect)
		settings = append(settings, "GATEWAY_DATABASE_URL="+url)
	}
	w := &world{T: t, server: server, gateway: newGateway(t, settings...), url: url}
	w.db = modelstest.OpenURL(t, url)
	w.own = w.phone("Own")
	w.pair()
	return w
}

// phone adds an account to the simulated WhatsApp.
func (w *world) phone(name string) *wasim.Phone {
	w.Helper()
	phone, err := w.server.AddPhone(fmt.Sprintf("4915%08d", numbers.Add(1)), name)
	require.NoError(w, err)
	return phone
}

// pair makes a session and links it by QR.
func (w *world) pair() {
	w.Helper()
	var session struct {
		ID string `json:"id"`
	}
	status := w.gateway.call(http.MethodPost, w.gateway.url("/api/v1/sessions"), map[string]any{
		"label": "faults", "start": true, "ratePerMin": 1000, "ratePerHour": 50000,
	}, &session)
	require.Equal(w, http.StatusCreated, status)
	w.session = session.ID
	var qr struct {
		Code string `json:"code"`
	}
	until(w.T, "a QR code", func() bool {
		return w.gateway.call(http.MethodGet, w.gateway.url("/api/v1/sessions/%s/qr", w.session), nil, &qr) == http.StatusOK
	})
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	require.NoError(w, w.own.ScanQR(ctx, qr.Code))
	w.working()
}

// working waits until the session is connected.
func (w *world) working() {
	w.Helper()
	until(w.T, "the session works", func() bool {
		var me struct {
			Connected bool `json:"connected"`
		}
		return w.gateway.call(http.MethodGet, w.gateway.url("/api/v1/sessions/%s/me", w.session), nil, &me) == http.StatusOK && me.Connected
	})
}

// stored gives the messages of a chat in the order in which they were stored.
func (w *world) stored(chat types.JID) []models.Message {
	w.Helper()
	known, err := w.db.Chats.Get(w.Context(), w.session, chat.String())
	if err != nil {
		return nil
	}
	pool, _ := w.db.WhatsmeowDB()
	rows, err := pool.QueryContext(w.Context(), fmt.Sprintf("SELECT wa_message_id, body, from_me FROM messages WHERE chat_id = %d ORDER BY id", known.ID))
	require.NoError(w, err)
	defer rows.Close()
	var messages []models.Message
	for rows.Next() {
		m := models.Message{ChatJID: known.JID}
		require.NoError(w, rows.Scan(&m.WAMessageID, &m.Body, &m.FromMe))
		messages = append(messages, m)
	}
	require.NoError(w, rows.Err())
	return messages
}

// relayed waits until every event that is stored is in the log.
func (w *world) relayed() {
	w.Helper()
	until(w.T, "the outbox is empty", func() bool { return w.count("SELECT COUNT(*) FROM event_outbox") == 0 })
}

// resolved waits until the outcome of every send is known.
func (w *world) resolved() {
	w.Helper()
	until(w.T, "every send is resolved", func() bool { return w.count("SELECT COUNT(*) FROM outgoing WHERE status = 'queued'") == 0 })
}

// killed ends the gateway in the middle of calls, and waits until the next process
// works.
func (w *world) killed(calls *sync.WaitGroup) {
	w.Helper()
	w.gateway.kill()
	calls.Wait()
	w.server.ClearFaults()
	w.gateway.start()
	w.working()
}

// count runs a query for a number; -1 while the database does not answer.
func (w *world) count(query string) (n int) {
	w.Helper()
	pool, _ := w.db.WhatsmeowDB()
	if err := pool.QueryRowContext(w.Context(), query).Scan(&n); err != nil {
		return -1
	}
	return n
}
