package eventlog_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
)

func TestOpenSaysWhyItFails(t *testing.T) {
	t.Parallel()
	t.Run("no folder", func(t *testing.T) {
		t.Parallel()
		_, err := eventlog.Open(t.Context(), eventlog.Config{})
		require.ErrorContains(t, err, "folder")
	})
	t.Run("a folder that is a file", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		var said bytes.Buffer
		_, err := eventlog.Open(t.Context(), eventlog.Config{Dir: file, Logger: slog.New(slog.NewTextHandler(&said, nil))})
		require.Error(t, err)
		assert.Contains(t, said.String(), "level=ERROR")
	})
	t.Run("no address", func(t *testing.T) {
		t.Parallel()
		_, err := eventlog.Open(t.Context(), eventlog.Config{URL: "nats://no address:x"})
		require.Error(t, err)
	})
	t.Run("a server without JetStream", func(t *testing.T) {
		t.Parallel()
		x := newExternal(t)
		x.options.JetStream = false
		x.start()
		_, err := eventlog.Open(t.Context(), eventlog.Config{URL: x.url()})
		require.ErrorContains(t, err, "opening the event log")
	})
}
