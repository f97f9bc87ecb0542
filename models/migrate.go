package models

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// The migrations of both databases: the same numbers and names, each in its
// own SQL. A released one is never changed.
//
//go:embed migrations
var migrationFiles embed.FS

// migrationLockID is the PostgreSQL advisory lock of migrations ("wagw").
const migrationLockID = 0x77616777

// Migration is one step of the schema's history.
type Migration struct {
	Version   int64
	Name      string // "first" of 00001_first.sql
	AppliedAt Millis // 0: pending
}

// Migrate brings the schema up to date. Any number of processes may call it at
// once: one works, the others wait for it. Repeating it changes nothing.
func (db *DB) Migrate(ctx context.Context) error {
	return db.withMigrations(func(p *goose.Provider) error {
		applied, err := p.Up(ctx)
		if err != nil {
			return storeError("migration", "migrating the database", err)
		}
		for _, m := range applied {
			db.log.InfoContext(ctx, "migration applied", "version", m.Source.Version, "name", migrationName(m.Source.Path),
				"duration_ms", m.Duration.Milliseconds())
		}
		return nil
	})
}

// MigrationStatus lists every migration this program knows, oldest first.
func (db *DB) MigrationStatus(ctx context.Context) ([]Migration, error) {
	var migrations []Migration
	err := db.withMigrations(func(p *goose.Provider) error {
		status, err := p.Status(ctx)
		if err != nil {
			return storeError("migration", "reading the migration status", err)
		}
		for _, s := range status {
			m := Migration{Version: s.Source.Version, Name: migrationName(s.Source.Path)}
			if s.State == goose.StateApplied {
				m.AppliedAt = MillisOf(s.AppliedAt)
			}
			migrations = append(migrations, m)
		}
		return nil
	})
	return migrations, err
}

// withMigrations runs fn with goose on a handle of its own: goose holds a
// connection while it asks for another.
func (db *DB) withMigrations(fn func(*goose.Provider) error) (err error) {
	pool, err := db.engine.migrations()
	if err != nil {
		return fmt.Errorf("opening the database for migrations: %w", err)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	files, err := fs.Sub(migrationFiles, path.Join("migrations", db.engine.dialect))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	dialect, locking, err := db.migrationLock()
	if err != nil {
		return fmt.Errorf("locking the migrations: %w", err)
	}
	provider, err := goose.NewProvider(dialect, pool, files, locking, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	return fn(provider)
}

func (db *DB) migrationLock() (goose.Dialect, goose.ProviderOption, error) {
	if db.engine.dialect == dialectSQLite {
		return goose.DialectSQLite3, goose.WithLocker(&fileLock{path: db.engine.lockFile}), nil
	}
	// Asks each second, for five minutes.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLockID), lock.WithLockTimeout(1, 300))
	if err != nil {
		return "", nil, err
	}
	return goose.DialectPostgres, goose.WithSessionLocker(locker), nil
}

// fileLock serializes migrations of one SQLite file across processes. It is an
// exclusive transaction on an empty database beside it: SQLite's own file
// locks, which work on every system and end with the process. The database
// itself cannot be held, because goose writes to it through other transactions.
type fileLock struct {
	path string
	pool *sql.DB
	held *sql.Conn
}

var _ lock.Locker = (*fileLock)(nil)

// Lock waits for the lock until ctx ends.
func (l *fileLock) Lock(ctx context.Context, _ *sql.DB) (err error) {
	file, err := prepareSQLiteFile(l.path)
	if err != nil {
		return err
	}
	if l.pool, err = sqliteConnections(file, 1, url.Values{"_busy_timeout": {"1000"}}, nil); err != nil {
		return err
	}
	for {
		if l.held, err = l.pool.Conn(ctx); err == nil {
			_, err = l.held.ExecContext(ctx, "BEGIN EXCLUSIVE")
		}
		if err == nil {
			return nil
		}
		if l.held != nil {
			_ = l.held.Close()
		}
		if ctx.Err() != nil || !sqliteBusy(err) {
			return errors.Join(err, l.pool.Close())
		}
	}
}

// Unlock lets go of the lock: closing the connection ends its transaction.
func (l *fileLock) Unlock(ctx context.Context, _ *sql.DB) error {
	_, err := l.held.ExecContext(ctx, "ROLLBACK")
	return errors.Join(err, l.held.Close(), l.pool.Close())
}

// migrationName is "first" of "…/00001_first.sql".
func migrationName(file string) string {
	_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
	return name
}
