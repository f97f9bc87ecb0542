package models_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// TestSyncedLater: a transaction that may be synced later is not synced, and all
// that come after it on its connection are.
func TestSyncedLater(t *testing.T) {
	t.Parallel()
	db := modelstest.Open(t, modelstest.SQLite)
	pool, _ := db.WhatsmeowDB()
	pool.SetMaxOpenConns(1)
	const normal, full = 1, 2
	within := func(ctx context.Context, end func(commit, rollback func() error) error) (level int) {
		tx, err := pool.BeginTx(ctx, nil)
		require.NoError(t, err)
		require.NoError(t, tx.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level))
		require.NoError(t, end(tx.Commit, tx.Rollback))
		return level
	}
	commit := func(commit, _ func() error) error { return commit() }
	rollback := func(_, rollback func() error) error { return rollback() }
	after := func() (level int) {
		require.NoError(t, pool.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&level))
		return level
	}
	for range 2 {
		assert.Equal(t, full, within(t.Context(), commit))
		assert.Equal(t, normal, within(models.SyncedLater(t.Context()), commit))
		assert.Equal(t, full, after())
		assert.Equal(t, normal, within(models.SyncedLater(t.Context()), rollback))
		assert.Equal(t, full, after())
	}
	cancelled, cancel := context.WithCancel(models.SyncedLater(t.Context()))
	tx, err := pool.BeginTx(cancelled, nil)
	require.NoError(t, err)
	cancel()
	require.Error(t, errors.Join(tx.Commit(), tx.Rollback()))
	assert.Equal(t, full, after())
}
