package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
)

// execute runs SQL beside the stores.
func execute(t testing.TB, db *models.DB, sql string) {
	t.Helper()
	pool, _ := db.WhatsmeowDB()
	_, err := pool.ExecContext(t.Context(), sql)
	require.NoError(t, err)
}

// number runs a query for one number beside the stores.
func number(t testing.TB, db *models.DB, sql string) (n int) {
	t.Helper()
	pool, _ := db.WhatsmeowDB()
	require.NoError(t, pool.QueryRowContext(t.Context(), sql).Scan(&n))
	return n
}

// walk reads a list page by page.
func walk[T any](t testing.TB, limit int, list func(models.Page) (models.List[T], error)) []T {
	t.Helper()
	var items []T
	for page := (models.Page{Limit: limit}); ; {
		part, err := list(page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(part.Items), limit)
		items = append(items, part.Items...)
		if !part.HasNext {
			assert.Empty(t, part.NextCursor())
			return items
		}
		require.Len(t, part.Items, limit)
		page.After = part.NextCursor()
		require.NotEmpty(t, page.After)
	}
}

func requireInvalidCursor(t testing.TB, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, fault.Validation, fault.CodeOf(err), err)
	require.Equal(t, fault.ReasonInvalidCursor, fault.From(err).Reason())
}

func lid(n string) models.Person   { return models.Person{LID: n + "@lid"} }
func phone(n string) models.Person { return models.Person{PhoneJID: n + "@s.whatsapp.net"} }
func both(l, p string) models.Person {
	return models.Person{LID: l + "@lid", PhoneJID: p + "@s.whatsapp.net"}
}

func members(people ...models.Person) []models.MemberSnapshot {
	snapshots := make([]models.MemberSnapshot, len(people))
	for i, p := range people {
		snapshots[i].Person = p
	}
	return snapshots
}

func admin(p models.Person) models.MemberSnapshot {
	return models.MemberSnapshot{Person: p, Role: models.RoleAdmin}
}
