package models_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// oneConnection gives whatsmeow's pool with a table, so small that whatever a
// transaction leaves behind meets the next one.
func oneConnection(t *testing.T) *sql.DB {
	t.Helper()
	pool, _ := modelstest.Open(t, modelstest.Postgres).WhatsmeowDB()
	pool.SetMaxOpenConns(1)
	_, err := pool.ExecContext(t.Context(), "CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT)")
	require.NoError(t, err)
	_, err = pool.ExecContext(t.Context(), "SET synchronous_commit = on") // the cluster has it off
	require.NoError(t, err)
	return pool
}

// things counts what is stored, on the connection that a transaction has left.
func things(t *testing.T, pool *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM things").Scan(&n))
	return n
}

const addThing = "INSERT INTO things (id, name) VALUES ($1, $2)"

// TestSyncedLaterPostgres: a transaction that may be synced later is not synced, and
// the next one on its connection is.
func TestSyncedLaterPostgres(t *testing.T) {
	t.Parallel()
	pool := oneConnection(t)
	level := func(ctx context.Context) (level string) {
		tx, err := pool.BeginTx(ctx, nil)
		require.NoError(t, err)
		require.NoError(t, tx.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&level))
		require.NoError(t, tx.Commit())
		return level
	}
	for range 2 {
		assert.Equal(t, "on", level(t.Context()))
		assert.Equal(t, "off", level(models.SyncedLater(t.Context())))
	}
}

// TestPipelinedWrites: what is written goes out before the next question, or with
// the commit.
func TestPipelinedWrites(t *testing.T) {
	t.Parallel()
	pool, ctx := oneConnection(t), models.SyncedLater(t.Context())
	begin := func() *sql.Tx {
		tx, err := pool.BeginTx(ctx, nil)
		require.NoError(t, err)
		return tx
	}
	add := func(tx *sql.Tx, id int) {
		_, err := tx.ExecContext(ctx, addThing, id, "thing")
		require.NoError(t, err)
	}

	tx := begin()
	add(tx, 1)
	add(tx, 2)
	var n int
	require.NoError(t, tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM things WHERE name = $1", "thing").Scan(&n))
	assert.Equal(t, 2, n, "a transaction sees what it has written")
	add(tx, 3)
	require.NoError(t, tx.Commit())
	assert.Equal(t, 3, things(t, pool))

	tx = begin()
	add(tx, 4)
	statement, err := tx.PrepareContext(ctx, "SELECT COUNT(*) FROM things")
	require.NoError(t, err)
	require.NoError(t, statement.QueryRowContext(ctx).Scan(&n))
	assert.Equal(t, 4, n, "so does a prepared statement")
	require.NoError(t, tx.Rollback())
	assert.Equal(t, 3, things(t, pool))

	tx = begin()
	add(tx, 4)
	require.NoError(t, tx.Rollback(), "nothing was sent")
	require.NoError(t, begin().Commit(), "nor here")
	assert.Equal(t, 3, things(t, pool))
}

// TestPipelinedFailures: a write that fails makes what comes with it fail, undoes the
// transaction, and leaves the connection as good as it was.
func TestPipelinedFailures(t *testing.T) {
	t.Parallel()
	pool, ctx := oneConnection(t), models.SyncedLater(t.Context())
	var backend int
	require.NoError(t, pool.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&backend))
	twice := func() *sql.Tx {
		tx, err := pool.BeginTx(ctx, nil)
		require.NoError(t, err)
		for range 2 {
			_, err := tx.ExecContext(ctx, addThing, 1, "thing")
			require.NoError(t, err, "not sent yet")
		}
		return tx
	}

	assert.True(t, models.Refused(twice().Commit()))
	assert.Zero(t, things(t, pool))

	tx := twice()
	var n int
	assert.True(t, models.Refused(tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM things").Scan(&n)))
	require.Error(t, tx.Commit(), "nothing can be committed any more")
	assert.Zero(t, things(t, pool))

	tx = twice()
	assert.Error(t, tx.QueryRowContext(ctx, "SELECT nonsense").Scan(&n))
	require.NoError(t, tx.Rollback())
	assert.Zero(t, things(t, pool))

	var after int
	require.NoError(t, pool.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&after))
	assert.Equal(t, backend, after, "no connection was lost")

	cancelled, cancel := context.WithCancel(ctx)
	tx, err := pool.BeginTx(cancelled, nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(cancelled, addThing, 1, "thing")
	require.NoError(t, err)
	cancel()
	require.Error(t, tx.Commit())
	assert.Zero(t, things(t, pool))
}

// TestPipelinedRows: rows that come with other answers have the values that the
// driver gives them otherwise.
func TestPipelinedRows(t *testing.T) {
	t.Parallel()
	pool := oneConnection(t)
	const question = `SELECT TRUE, CAST(1 AS SMALLINT), CAST(2 AS INTEGER), CAST(3 AS BIGINT), CAST(4.5 AS REAL), CAST(5.5 AS DOUBLE PRECISION),
		CAST('6.25' AS NUMERIC), 'text', CAST('name' AS VARCHAR), CAST('\x0708' AS BYTEA), CAST('2026-11-23T16:00:00Z' AS TIMESTAMPTZ), CAST(NULL AS TEXT), COUNT(*) FROM things`
	read := func(ctx context.Context) []any {
		tx, err := pool.BeginTx(ctx, nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, tx.Commit()) }()
		rows, err := tx.QueryContext(ctx, question)
		require.NoError(t, err)
		defer func() { require.NoError(t, rows.Close()) }()
		columns, err := rows.Columns()
		require.NoError(t, err)
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.True(t, rows.Next())
		require.NoError(t, rows.Scan(into...))
		require.False(t, rows.Next())
		for i := range values {
			if at, ok := values[i].(time.Time); ok {
				values[i] = at.UTC()
			}
		}
		return values
	}
	assert.Equal(t, read(t.Context()), read(models.SyncedLater(t.Context())))

	tx, err := pool.BeginTx(models.SyncedLater(t.Context()), nil)
	require.NoError(t, err)
	var none int64
	require.ErrorIs(t, tx.QueryRowContext(t.Context(), "SELECT id FROM things").Scan(&none), sql.ErrNoRows)
	require.NoError(t, tx.Rollback())
}
