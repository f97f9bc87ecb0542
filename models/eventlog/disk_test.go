//go:build linux

package eventlog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
	"wagateway/models/fault"
)

// large gives events of 8 KiB each.
func large(n int) []eventlog.Event {
	events := many("org", n)
	for i := range events {
		events[i].Payload = json.RawMessage(fmt.Sprintf(`{"text":%q}`, bytes.Repeat([]byte("x"), 8<<10)))
	}
	return events
}

// relaysThroughWant relays events into a log that has room for some of them,
// gives it room when it is full, and expects all of them.
func relaysThroughWant(t *testing.T, log *eventlog.Log, events []eventlog.Event, room func()) {
	t.Helper()
	source := newOutbox(events...)
	relay := run(t, source, log)
	require.Eventually(t, func() bool { return relay.Stats().Failing() }, 30*time.Second, 10*time.Millisecond)
	require.Less(t, int(relay.Stats().Published), len(events))
	refused(t, log.Append(t.Context(), large(1)), fault.Unavailable, fault.ReasonEventLog)
	room()
	<-source.empty
	same(t, ids(events), ids(all(t, log, "org")))
	assert.False(t, relay.Stats().Failing())
}

func TestFullServerIsWaitedFor(t *testing.T) {
	t.Parallel()
	x := newExternal(t, func(o *server.Options) { o.JetStreamMaxStore = 4 << 20 })
	x.start()
	conn, err := nats.Connect(x.url())
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ballast", Subjects: []string{"ballast"}})
	require.NoError(t, err)
	for range 6 {
		_, err = js.Publish(t.Context(), "ballast", make([]byte, 512<<10))
		require.NoError(t, err)
	}
	relaysThroughWant(t, x.log(t), large(300), func() { require.NoError(t, js.DeleteStream(t.Context(), "ballast")) })
}

func TestFullAccountIsWaitedFor(t *testing.T) {
	t.Parallel()
	account := server.NewAccount("gateway")
	x := newExternal(t, func(o *server.Options) {
		o.Accounts = []*server.Account{account}
		o.Users = []*server.User{{Username: "gateway", Password: "secret", Account: account}}
	})
	x.start()
	held, err := x.server.LookupAccount("gateway")
	require.NoError(t, err)
	limits := func(store int64) map[string]server.JetStreamAccountLimits {
		return map[string]server.JetStreamAccountLimits{"": {
			MaxMemory: 1 << 20, MaxStore: store, MaxStreams: -1, MaxConsumers: -1, MaxAckPending: -1, MemoryMaxStreamBytes: -1, StoreMaxStreamBytes: -1,
		}}
	}
	require.NoError(t, held.EnableJetStream(limits(1<<20), nil))
	log := open(t, eventlog.Config{URL: fmt.Sprintf("nats://gateway:secret@127.0.0.1:%d", x.options.Port)})
	relaysThroughWant(t, log, large(300), func() { require.NoError(t, held.UpdateJetStreamLimits(limits(64<<20))) })
}

func TestFullDiskIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("mounting a small disk needs root: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 14<<20), 0o600))
	log := open(t, eventlog.Config{Dir: filepath.Join(dir, "log")})
	relaysThroughWant(t, log, large(600), func() { require.NoError(t, os.Remove(ballast)) })
}
