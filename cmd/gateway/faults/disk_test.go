//go:build linux

package faults

import (
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// diskOfTheLog is the size of the disk that gets full, in mount's words.
const diskOfTheLog = "size=24m"

// backlog is how many events wait when it is certain that the disk's end is felt.
const backlog = 50

func TestDiskOfTheLogFull(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		disk := w.smallDisk()
		f := w.newFlood()
		f.start()
		ballast := filepath.Join(disk, "ballast")
		for i := range times(1, 3) {
			pause(200*time.Millisecond, 500*time.Millisecond)
			fill(t, ballast)
			until(t, "events wait", func() bool { return w.count("SELECT COUNT(*) FROM event_outbox") >= backlog })
			if i%2 == 1 { // dying does not free the disk either
				w.gateway.kill()
			}
			require.NoError(t, os.Remove(ballast))
			if i%2 == 1 {
				w.gateway.start()
			}
		}
		f.end()
		w.working()
		f.verify()
	})
}

// smallDisk moves the gateway's log to a disk of its own that is soon full.
func (w *world) smallDisk() (folder string) {
	w.Helper()
	folder = filepath.Join(w.dataDir(), "events")
	w.gateway.kill()
	require.NoError(w, os.Rename(folder, folder+".moved"))
	require.NoError(w, os.Mkdir(folder, 0o700))
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, diskOfTheLog); err != nil {
		w.Skipf("mounting a small disk needs root: %v", err)
	}
	w.Cleanup(func() { assert.NoError(w, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	require.NoError(w, os.CopyFS(folder, os.DirFS(folder+".moved")))
	w.gateway.start()
	w.working()
	return folder
}

// dataDir gives the gateway's folder.
func (w *world) dataDir() (folder string) {
	for _, setting := range w.gateway.env {
		if value, ok := strings.CutPrefix(setting, "GATEWAY_DATA_DIR="); ok {
			folder = value
		}
	}
	return folder
}

// fill writes a file until the disk takes no more.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	_, err = io.Copy(file, rand.Reader)
	require.ErrorIs(t, err, syscall.ENOSPC)
}
