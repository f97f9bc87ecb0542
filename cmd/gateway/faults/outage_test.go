package faults

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/wasim"
)

// outage is how long something is away.
func outage() time.Duration {
	if full() {
		return 5 * time.Second
	}
	return time.Second
}

// TestDatabaseAway takes the database away in a flood: SQLite's file is locked by
// somebody else, PostgreSQL ends all connections and accepts none.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		f := w.newFlood()
		f.start()
		for range times(1, 3) {
			pause(200*time.Millisecond, 400*time.Millisecond)
			if dialect == modelstest.SQLite {
				w.lockSQLite(outage())
			} else {
				w.closePostgres(outage())
			}
		}
		pause(200*time.Millisecond, 400*time.Millisecond)
		f.end()
		f.verify()
	})
}

// lockSQLite holds the file's write lock for a while, as another process could.
func (w *world) lockSQLite(d time.Duration) {
	w.Helper()
	pool, _ := w.db.WhatsmeowDB()
	tx, err := pool.BeginTx(w.Context(), nil) // IMMEDIATE: see models/sqlite.go
	require.NoError(w, err)
	<-time.After(d)
	require.NoError(w, tx.Rollback())
}

// closePostgres ends all connections to the database and accepts none for a while.
func (w *world) closePostgres(d time.Duration) {
	w.Helper()
	address, err := url.Parse(w.url)
	require.NoError(w, err)
	name := address.Path[1:]
	address.Path = "/postgres"
	admin := modelstestOpen(w.T, address.String())
	exec := func(statement string) {
		_, err := admin.ExecContext(w.Context(), statement)
		require.NoError(w, err)
	}
	exec(fmt.Sprintf("ALTER DATABASE %q WITH ALLOW_CONNECTIONS false", name))
	exec(fmt.Sprintf("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'", name))
	<-time.After(d)
	exec(fmt.Sprintf("ALTER DATABASE %q WITH ALLOW_CONNECTIONS true", name))
}

// modelstestOpen opens another database of the cluster.
func modelstestOpen(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := models.Open(context.WithoutCancel(t.Context()), models.Config{URL: address, Secret: modelstest.Secret(), MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	pool, _ := db.WhatsmeowDB()
	return pool
}

// nats is a NATS server beside the gateway that goes and comes on its address.
type nats struct {
	t       *testing.T
	options server.Options
	server  *server.Server
}

func newNATS(t *testing.T, room int64) *nats {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	n := &nats{t: t, options: server.Options{
		Host: "127.0.0.1", Port: number, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), MaxPayload: 4 << 20, JetStreamMaxStore: room,
	}}
	n.start()
	t.Cleanup(n.stop)
	return n
}

func (n *nats) start() {
	n.t.Helper()
	options := n.options
	srv, err := server.NewServer(&options)
	require.NoError(n.t, err)
	srv.Start()
	require.True(n.t, srv.ReadyForConnections(30*time.Second))
	n.server = srv
}

func (n *nats) stop() {
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
		n.server = nil
	}
}

func (n *nats) setting() string {
	return "GATEWAY_NATS_URL=nats://127.0.0.1:" + strconv.Itoa(n.options.Port)
}

// TestLogAway stops NATS in a flood, and kills the gateway while it is away.
func TestLogAway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		n := newNATS(t, 1<<30)
		w := newWorld(t, dialect, n.setting())
		f := w.newFlood()
		f.start()
		for i := range times(1, 3) {
			pause(200*time.Millisecond, 400*time.Millisecond)
			n.stop()
			pause(outage()/2, outage())
			if i%2 == 0 {
				w.gateway.kill()
				w.gateway.start()
			}
			n.start()
		}
		pause(200*time.Millisecond, 400*time.Millisecond)
		f.end()
		f.verify()
	})
}

// TestLogFull fills the log's disk in a flood, and gives it room later.
func TestLogFull(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		n := newNATS(t, 128<<10)
		w := newWorld(t, dialect, n.setting(), "GATEWAY_EVENT_MAX_BYTES=0")
		f := w.newFlood()
		f.start()
		until(t, "the log is full", func() bool { return w.count("SELECT COUNT(*) FROM event_outbox") > 100 })
		pause(outage()/2, outage())
		n.stop()
		n.options.JetStreamMaxStore = 1 << 30
		n.start()
		f.end()
		f.verify()
	})
}

// TestSocketsDrop cuts the connection to WhatsApp again and again in a flood.
func TestSocketsDrop(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		f := w.newFlood()
		f.start()
		for range times(4, 20) {
			pause(100*time.Millisecond, 500*time.Millisecond)
			require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultDropSocket, Phone: w.own.Number()}))
		}
		f.end()
		f.verify()
	})
}

// TestServerRepeats has WhatsApp deliver messages twice, with kills between.
func TestServerRepeats(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultDuplicate, Phone: w.own.Number()}))
		f := w.newFlood()
		f.start()
		for range times(1, 5) {
			pause(200*time.Millisecond, 600*time.Millisecond)
			w.gateway.kill()
			w.gateway.start()
		}
		pause(200*time.Millisecond, 400*time.Millisecond)
		f.end()
		f.verify()
	})
}

// TestServerReorders has WhatsApp deliver messages out of order: nothing is lost
// or stored twice, and what is stored is logged in the order in which it came.
func TestServerReorders(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultReorder, Phone: w.own.Number(), Count: times(20, 200)}))
		f := w.newFlood()
		f.shuffled = true
		f.start()
		for range times(1, 3) {
			pause(200*time.Millisecond, 600*time.Millisecond)
			w.gateway.kill()
			w.gateway.start()
		}
		pause(400*time.Millisecond, 800*time.Millisecond)
		f.end()
		f.verify()
	})
}
