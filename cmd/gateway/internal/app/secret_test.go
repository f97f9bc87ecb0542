package app

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/cmd/gateway/internal/config"
)

func TestLoadSecretGeneratesOnce(t *testing.T) {
	t.Parallel()
	settings := &config.Config{DataDir: t.TempDir()}
	// Two programs that start at once must agree.
	keys := make([][]byte, 8)
	var starting sync.WaitGroup
	for i := range keys {
		starting.Go(func() {
			key, err := loadSecret(settings)
			assert.NoError(t, err)
			keys[i] = key
		})
	}
	starting.Wait()
	for _, key := range keys {
		assert.Equal(t, keys[0], key)
		assert.Len(t, key, 32)
	}
	info, err := os.Stat(filepath.Join(settings.DataDir, secretFile))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(settings.DataDir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left lying about")
}

func TestLoadSecretPrefersSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("0a", 32)+"\n"), 0o600))
	key, err := loadSecret(&config.Config{DataDir: dir, Secret: config.Secret{KeyFile: file}})
	require.NoError(t, err)
	assert.Equal(t, []byte(strings.Repeat("\n", 32)), key)

	want := []byte(strings.Repeat("k", 32))
	key, err = loadSecret(&config.Config{DataDir: dir, Secret: config.Secret{Key: want}})
	require.NoError(t, err)
	assert.Equal(t, want, key)
	assert.NoFileExists(t, filepath.Join(dir, secretFile))
}

// Generating another key over a damaged one would orphan all that is encrypted.
func TestLoadSecretNeverReplacesADamagedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, secretFile)
	require.NoError(t, os.WriteFile(path, []byte("torn"), 0o600))
	_, err := loadSecret(&config.Config{DataDir: dir})
	require.ErrorContains(t, err, path)
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "torn", string(kept))

	_, err = loadSecret(&config.Config{DataDir: dir, Secret: config.Secret{KeyFile: filepath.Join(dir, "missing")}})
	require.ErrorContains(t, err, "missing")
}
