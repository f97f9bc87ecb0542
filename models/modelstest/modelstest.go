// Package modelstest gives tests databases of their own: migrated, empty, on
// every dialect, gone with the test.
package modelstest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/models"
)

// The dialects to test on.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Secret is the secret key of test databases.
func Secret() []byte { return []byte("a secret key for tests, 32 bytes") }

// Each runs test once for each dialect, as parallel subtests with a migrated
// database each. Where there is no PostgreSQL that half is skipped, and fails
// when CI=true.
func Each(t *testing.T, test func(t *testing.T, db *models.DB)) {
	t.Helper()
	for _, dialect := range []string{SQLite, Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, dialect))
		})
	}
}

// Option changes how a test's database is opened.
type Option func(*models.Config)

// Open gives a migrated, empty database, closed at the end of the test.
func Open(t testing.TB, dialect string, options ...Option) *models.DB {
	t.Helper()
	url := URL(t, dialect)
	if dialect == SQLite {
		migrated, err := migratedSQLite()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(strings.TrimPrefix(url, "sqlite:"), migrated, 0o600))
	}
	return open(t, url, options)
}

// migratedSQLite gives the file of a migrated, empty SQLite database: migrating one
// for each test would take longer than most tests.
var migratedSQLite = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "modelstest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "gateway.db")
	db, err := models.Open(context.Background(), models.Config{URL: "sqlite:" + path, Secret: Secret(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	// Closed, all of it is in the one file.
	if err := errors.Join(db.Migrate(context.Background()), db.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// OpenURL opens the database behind a URL, closed at the end of the test.
func OpenURL(t testing.TB, url string, options ...Option) *models.DB {
	t.Helper()
	return open(t, url, options)
}

func open(t testing.TB, url string, options []Option) *models.DB {
	t.Helper()
	cfg := models.Config{URL: url, Secret: Secret(), MaxConns: 4, Logger: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		option(&cfg)
	}
	db, err := models.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// URL gives the address of a database of the test's own. PostgreSQL's is
// migrated already, SQLite's does not exist yet.
func URL(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "gateway.db")
	}
	return postgresURL(t, true)
}

// EmptyURL is URL without migrations on either dialect.
func EmptyURL(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == SQLite {
		return URL(t, dialect)
	}
	return postgresURL(t, false)
}

// Statements counts the statements that the stores execute.
type Statements struct {
	mu   sync.Mutex
	sent []string
}

// CountStatements makes a counter; pass [Statements.Hook] to Open.
func CountStatements() *Statements { return &Statements{} }

// Hook makes a database report to the counter.
func (s *Statements) Hook() Option {
	return func(cfg *models.Config) {
		cfg.StatementHook = func(sql string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.sent = append(s.sent, sql)
		}
	}
}

// During gives the statements that were executed while fn ran.
func (s *Statements) During(fn func()) []string {
	s.mu.Lock()
	start := len(s.sent)
	s.mu.Unlock()
	fn()
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.sent[start:]...)
}

// Fewest gives the statements of that one of several runs of fn that executed the
// fewest: what the service does in the background meanwhile is counted too.
func (s *Statements) Fewest(fn func()) []string {
	fewest := s.During(fn)
	for range 2 {
		if again := s.During(fn); len(again) < len(fewest) {
			fewest = again
		}
	}
	return fewest
}

// Session stores a session of a new organization's, and gives it.
func Session(t testing.TB, db *models.DB, organizationID string) *models.Session {
	t.Helper()
	session := &models.Session{OrganizationID: organizationID, Label: "Test", RatePerMin: 20, RatePerHour: 600}
	require.NoError(t, db.Sessions.Create(context.Background(), session))
	return session
}
