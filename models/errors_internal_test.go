package models

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the database refuses is told from what it could not do.
func TestRefused(t *testing.T) {
	t.Parallel()
	for code, refused := range map[string]bool{
		"22021": true, "22P05": true, "23505": true, "54000": true, // not UTF-8, not a text, a key twice, too large
		"40P01": false, "40001": false, "53100": false, "55P03": false, "57014": false, "25006": false, "42P01": false,
	} {
		assert.Equal(t, refused, Refused(fmt.Errorf("storing: %w", &pgconn.PgError{Code: code})), code)
	}
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	db.SetMaxOpenConns(1)
	exec := func(statement string, values ...any) error {
		_, err := db.ExecContext(t.Context(), statement, values...)
		return err
	}
	require.NoError(t, exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL) STRICT"))
	assert.True(t, Refused(exec("INSERT INTO t (v) VALUES (NULL)")))
	require.NoError(t, exec("PRAGMA max_page_count = 3"))
	full := exec("INSERT INTO t (v) VALUES (?)", strings.Repeat("x", 1<<20))
	require.ErrorContains(t, full, "full")
	assert.False(t, Refused(full))
	assert.True(t, OfDatabase(full))
	assert.False(t, Refused(nil))
}
