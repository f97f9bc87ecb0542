package eventlog_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
)

// crashDir tells the test binary that it is the process to be killed, and where
// its files are.
const crashDir = "EVENTLOG_CRASH_DIR"

// durable is an outbox in two files: all events, and the ids that were deleted.
type durable struct {
	*outbox
	deleted *os.File
}

func openDurable(t testing.TB, dir string) durable {
	t.Helper()
	written, err := os.ReadFile(filepath.Join(dir, "events"))
	require.NoError(t, err)
	deleted, err := os.OpenFile(filepath.Join(dir, "deleted"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { deleted.Close() })
	gone := map[string]bool{}
	for lines := bufio.NewScanner(deleted); lines.Scan(); {
		gone[lines.Text()] = true
	}
	var rows []eventlog.Event
	for id := range strings.Lines(string(written)) {
		e := event("org", "message")
		if e.ID = strings.TrimSpace(id); !gone[e.ID] {
			rows = append(rows, e)
		}
	}
	return durable{newOutbox(rows...), deleted}
}

func (d durable) Delete(ctx context.Context, ids []string) error {
	<-time.After(10 * time.Millisecond) // where a kill leaves events in both
	if _, err := d.deleted.WriteString(strings.Join(ids, "\n") + "\n"); err != nil {
		return err
	}
	fmt.Println("moved", len(ids)) //nolint:forbidigo // the parent reads it
	return d.outbox.Delete(ctx, ids)
}

func TestKilledProcess(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		return // it is TestKillsRepeatAndLoseNothing that is run
	}
	log := open(t, eventlog.Config{Dir: filepath.Join(dir, "log")})
	source := openDurable(t, dir)
	run(t, source, log)
	<-source.empty
}

func TestKillsRepeatAndLoseNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	events := many("org", 20_000)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "events"), []byte(strings.Join(ids(events), "\n")+"\n"), 0o600))
	both := 0 // events that a kill left in the log and in the outbox
	for range 12 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		child.Env = append(os.Environ(), crashDir+"="+dir)
		said, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		lines := bufio.NewScanner(said)
		for range 1 + rand.IntN(4) { // it has moved some batches
			lines.Scan()
		}
		<-time.After(time.Duration(rand.IntN(25)) * time.Millisecond) // anywhere in the next one
		require.NoError(t, child.Process.Kill())
		_ = child.Wait() // it was killed
		both += overlap(t, dir, len(events))
	}
	log := open(t, eventlog.Config{Dir: filepath.Join(dir, "log")})
	source := openDurable(t, dir)
	require.NotEmpty(t, source.rows, "the kills came too late to show anything")
	run(t, source, log)
	<-source.empty
	same(t, ids(events), ids(all(t, log, "org")))
	t.Logf("12 kills left %d events both in the log and in the outbox", both)
}

// overlap counts the events that are in the log and in the outbox.
func overlap(t testing.TB, dir string, events int) int {
	t.Helper()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: filepath.Join(dir, "log")})
	require.NoError(t, err)
	defer log.Close(t.Context())
	return len(all(t, log, "org")) + len(openDurable(t, dir).rows) - events
}
