package app

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/whatsapp/blob"
)

func TestMediaIsInTheDataFolder(t *testing.T) {
	t.Parallel()
	settings := &config.Config{DataDir: filepath.Join(t.TempDir(), "data")}
	store, err := openMedia(t.Context(), settings, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	_, err = store.Put(t.Context(), "s/f", strings.NewReader("x"))
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(settings.DataDir, "media", "s", "f"))
}

// A bucket that does not exist is a mistake; one that nobody may list, or that
// does not answer, may be there.
func TestMediaInABucket(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	for code, status := range map[string]int{"NoSuchBucket": http.StatusNotFound, "AccessDenied": http.StatusForbidden} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<Error><Code>" + code + "</Code></Error>"))
		}))
		settings := &config.Config{DataDir: t.TempDir(), Media: config.Media{URL: "s3://bucket?endpoint=" + server.URL}}
		var log bytes.Buffer
		store, err := openMedia(t.Context(), settings, slog.New(slog.NewTextHandler(&log, nil)))
		server.Close()
		if code == "NoSuchBucket" {
			require.ErrorIs(t, err, blob.ErrNoBucket)
			require.ErrorContains(t, err, "GATEWAY_MEDIA_URL")
			continue
		}
		require.NoError(t, err, code)
		require.NoError(t, store.Close())
		assert.Contains(t, log.String(), "the media store cannot be used", code)
	}
}
