package eventlog_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

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
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "jetstream"), nil, 0o600))
		var said bytes.Buffer
		_, err := eventlog.Open(t.Context(), eventlog.Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&said, nil))})
		require.Error(t, err)
		assert.Contains(t, said.String(), "level=ERROR")
	})
	t.Run("a folder in use", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		first, err := eventlog.Open(t.Context(), eventlog.Config{Dir: dir})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err = eventlog.Open(ctx, eventlog.Config{Dir: dir})
		require.ErrorContains(t, err, "in use by another process")
		require.NoError(t, first.Close(t.Context()))
		second, err := eventlog.Open(t.Context(), eventlog.Config{Dir: dir})
		require.NoError(t, err)
		require.NoError(t, second.Close(t.Context()))
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
