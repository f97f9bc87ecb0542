package eventlog_test

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
)

// external is a NATS server beside the process's own, which can go and come.
type external struct {
	t       testing.TB
	options server.Options
	server  *server.Server
}

// newExternal reserves an address for a server; start it.
func newExternal(t testing.TB, change ...func(*server.Options)) *external {
	t.Helper()
	x := &external{t: t, options: server.Options{
		Host: "127.0.0.1", Port: freePort(t), NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: t.TempDir(), MaxPayload: 4 << 20,
	}}
	for _, apply := range change {
		apply(&x.options)
	}
	t.Cleanup(x.stop)
	return x
}

func (x *external) start() {
	x.t.Helper()
	options := x.options
	srv, err := server.NewServer(&options)
	require.NoError(x.t, err)
	srv.Start()
	require.True(x.t, srv.ReadyForConnections(30*time.Second))
	x.server = srv
}

func (x *external) stop() {
	if x.server == nil {
		return
	}
	x.server.Shutdown()
	x.server.WaitForShutdown()
	x.server = nil
}

func (x *external) url() string {
	return "nats://" + net.JoinHostPort(x.options.Host, itoa(x.options.Port))
}

func (x *external) log(t testing.TB) *eventlog.Log {
	t.Helper()
	return open(t, eventlog.Config{URL: x.url()})
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func port(t testing.TB, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	require.NoError(t, err)
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}
