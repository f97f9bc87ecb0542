package modelstest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"wagateway/models"
)

// server is the one PostgreSQL of a test binary: the one at TEST_DATABASE_URL,
// or a throw-away cluster. It is a value of the process, as the process is what
// it lives and dies with.
var server = sync.OnceValues(startServer)

// postgres is a running server with two databases to copy: an empty one and a
// migrated one.
type postgres struct {
	address  *url.URL
	admin    *sql.DB
	empty    string
	migrated string
	held     *os.File // what the throw-away cluster lives on; nil at TEST_DATABASE_URL
}

// postgresURL makes a database for the test, dropped at its end.
func postgresURL(t testing.TB, migrated bool) string {
	t.Helper()
	s, err := server()
	if errors.Is(err, errNoPostgres) && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED, NOT TESTED ON POSTGRESQL: %v (install PostgreSQL or set TEST_DATABASE_URL)", err)
	}
	if err != nil {
		t.Fatalf("no PostgreSQL to test on: %v", err)
	}
	template := s.empty
	if migrated {
		template = s.migrated
	}
	name := "test_" + strings.ToLower(rand.Text())
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() {
		if _, err := s.admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("dropping a database: %v", err)
		}
	})
	return s.url(name)
}

func (s *postgres) url(database string) string {
	u := *s.address
	u.Path = "/" + database
	return u.String()
}

func startServer() (*postgres, error) {
	var held *os.File
	address := os.Getenv("TEST_DATABASE_URL")
	if address == "" {
		var err error
		if address, held, err = startCluster(); err != nil {
			return nil, err
		}
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("parsing the address of the test database: %w", err)
	}
	s := &postgres{address: parsed, empty: "template0", held: held}
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("parsing the address of the test database: %w", err)
	}
	s.admin, err = sql.Open("pgx", cfg.ConnString())
	if err != nil {
		return nil, fmt.Errorf("opening the test database: %w", err)
	}
	return s, s.makeTemplate()
}

// makeTemplate migrates a database once, for every test to copy. Its name is the
// process's own: test binaries run side by side, perhaps on one server.
func (s *postgres) makeTemplate() error {
	ctx := context.Background()
	s.migrated = "template_" + strings.ToLower(rand.Text())
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+s.migrated); err != nil {
		return fmt.Errorf("creating the template: %w", err)
	}
	db, err := models.Open(ctx, models.Config{URL: s.url(s.migrated), Secret: Secret()})
	if err != nil {
		return fmt.Errorf("opening the template: %w", err)
	}
	if err := db.Migrate(ctx); err != nil {
		_ = db.Close()
		return fmt.Errorf("migrating the template: %w", err)
	}
	return db.Close()
}
