package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"wagateway/cmd/gateway/internal/config"
)

const secretFile = "secret.key"

// loadSecret gives the key for encryption at rest: the setting, the file that
// the setting names, or the file in the data folder, which is generated (mode
// 0600) when it is missing. A file that is there but unreadable is an error,
// never a reason to generate another key: that would orphan all that is encrypted.
func loadSecret(settings *config.Config) ([]byte, error) {
	if settings.Secret.Key != nil {
		return settings.Secret.Key, nil
	}
	if settings.Secret.KeyFile != "" {
		return readSecret(settings.Secret.KeyFile)
	}
	path := filepath.Join(settings.DataDir, secretFile)
	key, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return generateSecret(path)
	}
	return key, err
}

func readSecret(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the secret key: %w", err)
	}
	key, err := config.ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the secret key: %s %w", path, err)
	}
	return key, nil
}

// generateSecret writes the whole file aside and links it into place, so that of
// two programs starting at once both use the first one's key, and a crash leaves
// no half-written one.
func generateSecret(path string) ([]byte, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	aside, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return nil, fmt.Errorf("generating the secret key: %w", err)
	}
	defer os.Remove(aside.Name())
	_, err = aside.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, aside.Sync(), aside.Close()); err != nil {
		return nil, fmt.Errorf("generating the secret key: %w", err)
	}
	err = os.Link(aside.Name(), path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("generating the secret key: %w", err)
	}
	return readSecret(path)
}
