package models_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

func TestMigrateFromEmptyAndAgain(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db := modelstest.OpenURL(t, modelstest.EmptyURL(t, dialect))

			before, err := db.MigrationStatus(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, before)
			for _, m := range before {
				assert.Zero(t, m.AppliedAt, m.Name)
			}
			_, err = db.Organizations.Count(t.Context())
			require.Error(t, err, "there are no tables before the migration")

			require.NoError(t, db.Migrate(t.Context()))
			after, err := db.MigrationStatus(t.Context())
			require.NoError(t, err)
			require.Len(t, after, len(before))
			for _, m := range after {
				assert.NotZero(t, m.AppliedAt, m.Name)
				assert.NotEmpty(t, m.Name)
			}
			modelstest.Session(t, db, "org")

			require.NoError(t, db.Migrate(t.Context()))
			again, err := db.MigrationStatus(t.Context())
			require.NoError(t, err)
			assert.Equal(t, after, again, "a repeat changes nothing")
			n, err := db.Sessions.Count(t.Context(), models.SessionFilter{})
			require.NoError(t, err)
			assert.Equal(t, 1, n, "and loses nothing")
		})
	}
}

// Several processes start on one database at once: replicas, or a second
// gateway on the same data folder by mistake.
func TestMigrateConcurrently(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			url := modelstest.EmptyURL(t, dialect)
			const openers = 4
			done := make(chan error, openers)
			for range openers {
				go func() {
					db, err := models.Open(t.Context(), models.Config{URL: url, Secret: modelstest.Secret()})
					if err != nil {
						done <- err
						return
					}
					done <- errors.Join(db.Migrate(t.Context()), db.Close())
				}()
			}
			for range openers {
				require.NoError(t, <-done)
			}
			db := modelstest.OpenURL(t, url)
			status, err := db.MigrationStatus(t.Context())
			require.NoError(t, err)
			for _, m := range status {
				assert.NotZero(t, m.AppliedAt, m.Name)
			}
			modelstest.Session(t, db, "org")
		})
	}
}

func TestMigrationsHaveTheSameSteps(t *testing.T) {
	t.Parallel()
	steps := map[string][]string{}
	for _, dialect := range []string{"sqlite", "postgres"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("migrations", dialect), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			assert.Contains(t, string(content), "-- +goose Up", path)
			steps[dialect] = append(steps[dialect], entry.Name())
			return err
		}))
	}
	assert.NotEmpty(t, steps["sqlite"])
	assert.Equal(t, steps["sqlite"], steps["postgres"])
}
