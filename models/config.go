package models

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
)

// The databases, as [DB.Dialect] names them.
const (
	dialectSQLite   = "sqlite"
	dialectPostgres = "postgres"
)

// sqliteFile is the database's name in the data folder.
const sqliteFile = "gateway.db"

// minSecret is the least length of [Config.Secret] in bytes: as long as the
// keys that are derived from it.
const minSecret = 32

// Config says which database to open and how.
type Config struct {
	// URL is "postgres://…" (or "postgresql://…"), "sqlite:" and a path, or
	// empty for the SQLite file gateway.db in DataDir.
	URL string
	// DataDir is the folder of the default SQLite file, created when missing.
	DataDir string
	// Secret has at least 32 bytes. The keys of cursors and of encrypted
	// columns are derived from it, so another secret makes both unreadable.
	Secret []byte
	// MaxConns bounds the connections of the stores; 0 is 20 for PostgreSQL and
	// two readers per processor for SQLite, which always has one writer.
	MaxConns int
	// Logger hears of slow statements and of migrations; nil is silent.
	Logger *slog.Logger
	// StatementHook, when set, is called once for each statement that the stores
	// execute, with its text and without values. It must be safe for concurrent
	// use.
	StatementHook func(sql string)
}

// target gives the dialect and its address: a file's path or a URL.
func (c Config) target() (dialect, address string, err error) {
	switch scheme, rest, _ := strings.Cut(c.URL, ":"); {
	case c.URL == "" && c.DataDir == "":
		return "", "", errors.New("a database URL or a data folder is required")
	case c.URL == "":
		return dialectSQLite, filepath.Join(c.DataDir, sqliteFile), nil
	case scheme == "sqlite":
		path := strings.TrimPrefix(rest, "//")
		if path == "" {
			return "", "", errors.New("database URL names no file")
		}
		return dialectSQLite, path, nil
	case scheme == "postgres" || scheme == "postgresql":
		if _, err := url.Parse(c.URL); err != nil {
			// The error of net/url quotes the URL, password included.
			return "", "", errors.New("database URL cannot be parsed")
		}
		return dialectPostgres, c.URL, nil
	default:
		return "", "", errors.New("only postgres:// and sqlite: are known as database URLs")
	}
}

func (c Config) validate() error {
	if len(c.Secret) < minSecret {
		return fmt.Errorf("the secret has %d bytes, at least %d are required", len(c.Secret), minSecret)
	}
	if c.MaxConns < 0 {
		return errors.New("the number of connections must not be negative")
	}
	return nil
}
