package faults

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"wagateway/models/modelstest"
)

// gate stands between the gateway and its database: closed, it cuts connections
// wherever they are, a commit's answer included, and refuses new ones.
type gate struct {
	t       *testing.T
	address string
	behind  string
	mu      sync.Mutex
	door    net.Listener
	conns   map[net.Conn]struct{}
	all     sync.WaitGroup
}

// newGate opens a gate before the host of a URL and gives the URL to use.
func newGate(t *testing.T, address string) (g *gate, front string) {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	g = &gate{t: t, address: "127.0.0.1:0", behind: parsed.Host, conns: map[net.Conn]struct{}{}}
	g.open()
	t.Cleanup(func() {
		g.close()
		g.all.Wait()
	})
	parsed.Host = g.address
	return g, parsed.String()
}

func (g *gate) open() {
	g.t.Helper()
	door, err := net.Listen("tcp", g.address)
	require.NoError(g.t, err)
	g.mu.Lock()
	g.door, g.address = door, door.Addr().String()
	g.mu.Unlock()
	g.all.Go(func() {
		for {
			in, err := door.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", g.behind)
			if err != nil {
				_ = in.Close()
				continue
			}
			g.join(door, in, out)
		}
	})
}

// join lets bytes through both ways until either side or the gate is closed.
func (g *gate) join(door net.Listener, in, out net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	if g.door != door { // it was closed meanwhile
		_, _ = in.Close(), out.Close()
		return
	}
	g.conns[in], g.conns[out] = struct{}{}, struct{}{}
	g.all.Go(func() { pass(out, in) })
	g.all.Go(func() { pass(in, out) })
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.door == nil {
		return
	}
	_ = g.door.Close()
	g.door = nil
	for conn := range g.conns {
		_ = conn.Close()
	}
	clear(g.conns)
}

// TestDatabaseCutOff cuts the connections to PostgreSQL in a flood without a
// word, commits whose answer is on its way included: what was committed must not
// be stored again, what was not must come back.
func TestDatabaseCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.Postgres)
	g, front := newGate(t, w.url)
	w.gateway.kill()
	w.gateway.env = append(w.gateway.env, "GATEWAY_DATABASE_URL="+front)
	w.gateway.start()
	w.working()
	f := w.newFlood()
	f.start()
	for i := range times(4, 10) {
		pause(200*time.Millisecond, 500*time.Millisecond)
		g.close()
		if i%4 == 3 {
			pause(time.Second, 3*time.Second)
		}
		g.open()
	}
	f.end()
	f.verify()
}

// TestDatabaseLockedForLong locks SQLite's file for longer than the gateway waits
// for it, so that storing fails. It takes its time and runs in full only.
func TestDatabaseLockedForLong(t *testing.T) {
	t.Parallel()
	if !full() {
		t.Skip("takes half a minute; set FAULTS=full")
	}
	w := newWorld(t, modelstest.SQLite)
	f := w.newFlood()
	f.start()
	pause(200*time.Millisecond, 400*time.Millisecond)
	w.lockSQLite(17 * time.Second)
	f.end()
	f.verify()
}
