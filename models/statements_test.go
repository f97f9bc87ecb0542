package models_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// The number of statements must not grow with a list.
func TestStatementsOfLists(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			statements := modelstest.CountStatements()
			db := modelstest.Open(t, dialect, statements.Hook())
			ctx := t.Context()
			count := func(n int) map[string]int {
				organization := fmt.Sprintf("org_%d", n)
				var sessions []string
				var groups, people []int64
				for range n {
					session := modelstest.Session(t, db, organization)
					sessions = append(sessions, session.ID)
					_, _, err := db.APIKeys.Create(ctx, newKey(organization))
					require.NoError(t, err)
				}
				for i := range n {
					group, err := db.Groups.Sync(ctx, sessions[0], groupOf(fmt.Sprintf("%d@g.us", i), n))
					require.NoError(t, err)
					groups = append(groups, group.ID)
				}
				list, err := db.Identities.List(ctx, sessions[0], models.ContactFilter{}, models.Page{})
				require.NoError(t, err)
				for _, i := range list.Items {
					people = append(people, i.ID)
				}
				page, filter := models.Page{Limit: n}, models.MemberFilter{}
				counts := map[string]int{}
				for name, read := range map[string]func() (int, error){
					"sessions": func() (int, error) {
						l, err := db.Sessions.List(ctx, models.SessionFilter{OrganizationID: organization}, page)
						return len(l.Items), err
					},
					"keys": func() (int, error) {
						l, err := db.APIKeys.List(ctx, organization, page)
						return len(l.Items), err
					},
					"groups": func() (int, error) {
						l, err := db.Groups.List(ctx, sessions[0], page)
						return len(l.Items), err
					},
					"groups by session": func() (int, error) {
						l, err := db.Groups.ListBySessions(ctx, sessions, page)
						return len(l), err
					},
					"group counts": func() (int, error) { _, err := db.Groups.CountBySessions(ctx, sessions); return n, err },
					"members": func() (int, error) {
						l, err := db.Members.List(ctx, groups[0], filter, page)
						return len(l.Items), err
					},
					"members by group": func() (int, error) {
						l, err := db.Members.ListByGroups(ctx, groups, filter, page)
						return len(l), err
					},
					"member counts": func() (int, error) {
						l, err := db.Members.CountByGroups(ctx, groups, filter)
						return len(l), err
					},
					"people": func() (int, error) {
						l, err := db.Identities.List(ctx, sessions[0], models.ContactFilter{}, page)
						return len(l.Items), err
					},
					"people by session": func() (int, error) {
						l, err := db.Identities.ListBySessions(ctx, sessions, models.ContactFilter{}, page)
						return len(l), err
					},
					"people by id": func() (int, error) {
						l, err := db.Identities.GetMany(ctx, people)
						return len(l), err
					},
				} {
					counts[name] = len(statements.During(func() {
						got, err := read()
						require.NoError(t, err, name)
						require.Equal(t, n, got, name)
					}))
				}
				return counts
			}
			one, many := count(1), count(25)
			assert.Equal(t, one, many)
			for name, n := range many {
				assert.Equal(t, 1, n, name)
			}
		})
	}
}

func TestStatementHookSeesNoValues(t *testing.T) {
	t.Parallel()
	statements := modelstest.CountStatements()
	db := modelstest.Open(t, modelstest.SQLite, statements.Hook())
	session := modelstest.Session(t, db, "org")
	sent := statements.During(func() {
		_, err := db.Groups.Sync(t.Context(), session.ID, models.GroupSnapshot{JID: "1203630@g.us", Subject: "Secret", Members: members(phone("6281234"))})
		require.NoError(t, err)
		_, err = db.Identities.Get(t.Context(), session.ID, "6281234@s.whatsapp.net")
		require.NoError(t, err)
	})
	require.NotEmpty(t, sent)
	for _, sql := range sent {
		assert.NotContains(t, sql, "1203630")
		assert.NotContains(t, sql, "6281234")
		assert.NotContains(t, sql, "Secret")
	}
}
