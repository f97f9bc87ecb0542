package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runAsGateway makes the test binary be the gateway, so that the tests start
// real processes with real signals and exit codes, without building anything.
const runAsGateway = "TEST_RUN_AS_GATEWAY"

// patience bounds every wait for something that normally takes well below a second.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(runAsGateway) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is a running gateway.
type process struct {
	t       *testing.T
	command *exec.Cmd
	lines   chan string // of stdout; closed at its end
	log     *buffer     // stderr
	ended   chan struct{}
}

// buffer collects output; the process writes while the test reads.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// gateway prepares a command with only these settings in its environment.
func gateway(t *testing.T, settings []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, args...)
	command.Dir = t.TempDir()
	command.Env = append([]string{runAsGateway + "=1", "HOME=" + command.Dir, "TMPDIR=" + t.TempDir()}, settings...)
	return command
}

// start runs a command that goes on; it is killed at the end of the test.
func start(t *testing.T, settings []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, command: gateway(t, settings, args...), lines: make(chan string, 100), log: &buffer{}, ended: make(chan struct{})}
	stdout, err := p.command.StdoutPipe()
	require.NoError(t, err)
	p.command.Stderr = p.log
	require.NoError(t, p.command.Start())
	go p.read(stdout)
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("log of %v:\n%s", args, p.log)
		}
	})
	return p
}

func (p *process) read(stdout io.Reader) {
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		p.lines <- scanner.Text()
	}
	close(p.lines)
	_ = p.command.Wait() // the exit code is read from ProcessState
	close(p.ended)
}

// line waits for a line of stdout that starts with prefix and gives the rest of it.
func (p *process) line(prefix string) string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				require.FailNow(p.t, "the process ended", "before a line with %q; its log:\n%s", prefix, p.log)
			}
			if rest, found := strings.CutPrefix(line, prefix); found {
				return strings.TrimSpace(rest)
			}
		case <-deadline:
			require.FailNow(p.t, "no line", "with %q; the log:\n%s", prefix, p.log)
		}
	}
}

// rest gives the lines of stdout that were not read yet, after the process's end.
func (p *process) rest() string {
	var text strings.Builder
	for line := range p.lines {
		text.WriteString(line + "\n")
	}
	return text.String()
}

// stop sends SIGTERM and gives the exit code.
func (p *process) stop() int {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Signal(syscall.SIGTERM))
	return p.exitCode()
}

func (p *process) exitCode() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.command.ProcessState.ExitCode()
	case <-time.After(patience):
		require.FailNow(p.t, "the process goes on", "its log:\n%s", p.log)
		return -1
	}
}

// run runs a command that ends by itself.
func run(t *testing.T, settings []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	command := gateway(t, settings, args...)
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	err := command.Run()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &exit)
	}
	return out.String(), log.String(), command.ProcessState.ExitCode()
}

func TestWrongSettingsStopTheStart(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{nil, {"serve"}, {"keys", "list"}, {"migrate"}, {"healthcheck"}, {"demo"}, {"simulator"}} {
		stdout, stderr, code := run(t, []string{"GATEWAY_ADR=x", "GATEWAY_LOG_FORMAT=xml"}, command...)
		assert.Equal(t, 2, code, command)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "GATEWAY_ADR: is no setting of the gateway; did you mean GATEWAY_ADDR?")
		assert.Contains(t, stderr, "GATEWAY_LOG_FORMAT: must be text or json")
	}
}

func TestWrongCommandLine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"fly"}, {"serve", "--fast"}, {"keys"}, {"keys", "revoke"}, {"demo", "--group-size", "1025"}, {"keys", "create", "--capabilities", "super_admin"}} {
		_, stderr, code := run(t, nil, args...)
		assert.Equal(t, 2, code, args)
		assert.Len(t, strings.Split(strings.TrimSpace(stderr), "\n"), 1, "one line: %s", stderr)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"demo", "--help"}, {"keys", "create", "-h"}} {
		stdout, stderr, code := run(t, nil, args...)
		assert.Zero(t, code)
		assert.Contains(t, stdout, "Usage: gateway")
		assert.Empty(t, stderr)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	stdout, _, code := run(t, nil, "version")
	assert.Zero(t, code)
	assert.Regexp(t, `(?m)^go +go1\.`, stdout)
	assert.Regexp(t, `(?m)^whatsmeow +v0\.0\.0-`, stdout)
}
