package wasim_test

import (
	"net"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

// TestCloseEndsEverything closes a server with linked clients, a silent socket, a
// message held back and a phone that waits for the end of a fault. It is not
// parallel: tests that are have not started yet, so every goroutine of the
// package is this server's.
func TestCloseEndsEverything(t *testing.T) {
	srv, anna, bert, a, _ := twoLinked(t)
	silent, err := net.Dial("tcp", srv.Addr())
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	_, err = silent.Write([]byte("GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return srv.Stats().Sockets == 3 }, patience, time.Millisecond)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: anna.Number(), For: time.Hour}))
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultReorder, Phone: anna.Number(), Count: 1}))
	_, err = bert.SendText(within(t), anna.JID(), "never arrives")
	require.NoError(t, err)

	assert.NotEmpty(t, serving())
	require.NoError(t, srv.Close())
	a.Disconnect()
	assert.Empty(t, serving())
	assert.Zero(t, srv.Stats().Sockets)
	assert.Zero(t, srv.Stats().Connected)
	_, err = srv.AddPhone("491700000009", "Late")
	require.ErrorIs(t, err, wasim.ErrClosed)
	require.ErrorIs(t, srv.Start("127.0.0.1:0"), wasim.ErrClosed)
	require.NoError(t, srv.Close(), "closing twice does nothing")
	assert.Zero(t, count[*events.LoggedOut](a, nil))
}

// serving lists the methods of the server that some goroutine is in. The
// clients' transport is not the server.
func serving() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return regexp.MustCompile(`whatsapp/wasim\.\(\*(Server|conn|Phone|companion|registration)\)\.\w+`).FindAllString(string(stacks), -1)
}
