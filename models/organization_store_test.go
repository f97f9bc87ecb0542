package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func TestOrganizations(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		_, err := db.Organizations.Get(ctx, "org_b")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))

		first, err := db.Organizations.Ensure(ctx, "org_b", "Acme")
		require.NoError(t, err)
		assert.Equal(t, "Acme", first.Name)
		assert.NotZero(t, first.CreatedAt)

		again, err := db.Organizations.Ensure(ctx, "org_b", "")
		require.NoError(t, err)
		assert.Equal(t, first, again, "no name keeps the known one")

		renamed, err := db.Organizations.Ensure(ctx, "org_b", "Acme Corp")
		require.NoError(t, err)
		assert.Equal(t, "Acme Corp", renamed.Name)
		assert.Equal(t, first.CreatedAt, renamed.CreatedAt)

		_, err = db.Organizations.Ensure(ctx, "org_A", "Upper")
		require.NoError(t, err)
		all, err := db.Organizations.List(ctx)
		require.NoError(t, err)
		require.Len(t, all, 2)
		assert.Equal(t, "org_A", all[0].ID, "ordered byte by byte on both databases")
		n, err := db.Organizations.Count(ctx)
		require.NoError(t, err)
		assert.Equal(t, 2, n)
	})
}
