package faults

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"wagateway/cmd/gateway/internal/app"
)

// runAsGateway makes the test binary be the gateway: a process of its own that
// can be killed, without building anything.
const runAsGateway = "TEST_RUN_AS_GATEWAY"

// patience bounds every wait for something that normally takes a second or two,
// and a few more while a process restarts.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(runAsGateway) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(app.Run(ctx, app.Process{Args: os.Args[1:], Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr}))
}

// full tells whether the tests are to take their full numbers.
func full() bool { return os.Getenv("FAULTS") == "full" }

// times gives the number of a suite.
func times(short, all int) int {
	if full() {
		return all
	}
	return short
}

// gateway is a gateway that is killed and started again on the same data. Its
// address stays the same.
type gateway struct {
	t       *testing.T
	command *exec.Cmd // of the process that runs
	env     []string
	address string
	key     string
	log     *tail
	ended   chan struct{}
}

// tail keeps the end of what the processes log, for a test that fails.
type tail struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *tail) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.text.Len() > 1<<20 {
		b.text.Next(b.text.Len() / 2)
	}
	return b.text.Write(p)
}

func (b *tail) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// freeAddress finds an address that one process after the other can listen on: below
// the ports that systems give to connections, which would take it in between.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 12_000+rand.IntN(20_000))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.FailNow(t, "no address is free")
	return ""
}

// newGateway starts a gateway for the first time.
func newGateway(t *testing.T, settings ...string) *gateway {
	t.Helper()
	address := freeAddress(t)
	g := &gateway{t: t, address: address, log: &tail{}, env: append([]string{
		runAsGateway + "=1", "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "GATEWAY_ADDR=" + address, "GATEWAY_ALLOW_PRIVATE_NETWORKS=true",
	}, settings...)}
	g.start()
	t.Cleanup(func() {
		g.kill()
		if t.Failed() {
			t.Logf("log of the gateway:\n%s", g.log)
		}
	})
	return g
}

// start starts the gateway and returns when it serves.
func (g *gateway) start() {
	g.t.Helper()
	self, err := os.Executable()
	require.NoError(g.t, err)
	command := exec.CommandContext(context.WithoutCancel(g.t.Context()), self, "serve")
	command.Env = g.env
	command.Stderr = g.log
	stdout, err := command.StdoutPipe()
	require.NoError(g.t, err)
	require.NoError(g.t, command.Start())
	g.command, g.ended = command, make(chan struct{})
	serves := make(chan string, 1)
	go g.read(stdout, command, serves, g.ended)
	select {
	case key := <-serves:
		if key != "" {
			g.key = key
		}
	case <-g.ended:
		require.FailNow(g.t, "the gateway ended", g.log.String())
	case <-time.After(patience):
		require.FailNow(g.t, "the gateway does not start", g.log.String())
	}
}

// read reads what the process prints, until it ends, and tells when it serves.
func (g *gateway) read(stdout io.Reader, command *exec.Cmd, serves chan<- string, ended chan<- struct{}) {
	key := ""
	for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
		line := strings.TrimSpace(scanner.Text())
		switch {
		case strings.HasPrefix(line, "wa_"):
			key = line
		case strings.HasPrefix(line, "REST"):
			serves <- key
		}
	}
	_ = command.Wait() // it is killed most of the time
	close(ended)
}

// kill ends the process as a power cut would end it, but for the disk's cache.
func (g *gateway) kill() {
	g.t.Helper()
	_ = g.command.Process.Kill()
	<-g.ended
}

// url gives the address of a route.
func (g *gateway) url(format string, args ...any) string {
	return "http://" + g.address + fmt.Sprintf(format, args...)
}
