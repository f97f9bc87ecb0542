package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func TestListMembers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		alice := both("1", "6281")
		alice.ContactName, alice.PushName, alice.BusinessName = "Alice", "Ali", "Acme"
		group, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "1@g.us", Members: []models.MemberSnapshot{
			admin(alice), {Person: phone("6282")}, {Person: lid("3"), Role: models.RoleSuperAdmin}, {Person: lid("4")}, {Person: lid("5")}}})
		require.NoError(t, err)

		all, err := db.Members.List(ctx, group.ID, models.MemberFilter{}, models.Page{})
		require.NoError(t, err)
		require.Len(t, all.Items, 5)
		first := all.Items[0]
		identity, err := db.Identities.Get(ctx, session.ID, "1@lid")
		require.NoError(t, err)
		assert.Equal(t, models.GroupMember{
			ID: first.ID, SessionID: session.ID, GroupID: group.ID, GroupJID: "1@g.us", IdentityID: identity.ID, Role: models.RoleAdmin,
			FirstSeenAt: group.FirstSeenAt, LastSeenAt: group.FirstSeenAt, LID: "1@lid", PhoneJID: "6281@s.whatsapp.net", PhoneNumber: "6281",
			ContactName: "Alice", PushName: "Ali", BusinessName: "Acme",
		}, first)
		for _, m := range all.Items {
			one, err := db.Members.GetByID(ctx, m.ID)
			require.NoError(t, err)
			assert.Equal(t, m, *one, "every way of reading gives the same")
		}

		list := func(role models.MemberRole) func(models.Page) (models.List[models.GroupMember], error) {
			return func(p models.Page) (models.List[models.GroupMember], error) {
				return db.Members.List(ctx, group.ID, models.MemberFilter{Role: role}, p)
			}
		}
		assert.Equal(t, all.Items, walk(t, 2, list("")))
		assert.Equal(t, all.Items, walk(t, 5, list("")))
		assert.Equal(t, all.Items[:1], walk(t, 2, list(models.RoleAdmin)))
		assert.Equal(t, all.Items[2:3], walk(t, 1, list(models.RoleSuperAdmin)))
		ordinary := walk(t, 1, list(models.RoleMember))
		assert.Len(t, ordinary, 3)
		for _, role := range []models.MemberRole{"", models.RoleAdmin, models.RoleMember} {
			n, err := db.Members.Count(ctx, group.ID, models.MemberFilter{Role: role})
			require.NoError(t, err)
			assert.Equal(t, len(walk(t, 2, list(role))), n)
		}

		nowhere, err := db.Members.List(ctx, 12345, models.MemberFilter{}, models.Page{})
		require.NoError(t, err)
		assert.Empty(t, nowhere.Items)
		_, err = db.Members.Get(ctx, group.ID, "9@lid")
		assert.Equal(t, "member not found", fault.From(err).Message())
		_, err = db.Members.GetByID(ctx, 12345)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}

func TestListMembersByGroups(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		mine, theirs := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "other")
		var ids []int64
		for i, size := range []int{120, 0, 3, 51} {
			session := mine
			if i == 3 {
				session = theirs
			}
			group, err := db.Groups.Sync(ctx, session.ID, groupOf(string(rune('a'+i))+"@g.us", size))
			require.NoError(t, err)
			ids = append(ids, group.ID)
		}
		// Somebody left, so ids have gaps.
		_, err := db.Groups.Apply(ctx, mine.ID, "a@g.us", models.GroupChange{Removed: groupOf("", 5).Members[2:4]})
		require.NoError(t, err)

		for _, filter := range []models.MemberFilter{{}, {Role: models.RoleAdmin}, {Role: models.RoleSuperAdmin}} {
			for _, limit := range []int{0, 1, 2, 3, 50, 200} {
				lists, err := db.Members.ListByGroups(ctx, append(ids, ids[0]), filter, models.Page{Limit: limit})
				require.NoError(t, err)
				require.Len(t, lists, len(ids))
				for _, id := range ids {
					want, err := db.Members.List(ctx, id, filter, models.Page{Limit: limit})
					require.NoError(t, err)
					assert.Equal(t, want.Items, lists[id].Items)
					assert.Equal(t, want.HasNext, lists[id].HasNext)
					assert.Equal(t, want.NextCursor(), lists[id].NextCursor())
				}
			}
			counts, err := db.Members.CountByGroups(ctx, ids, filter)
			require.NoError(t, err)
			for _, id := range ids {
				n, err := db.Members.Count(ctx, id, filter)
				require.NoError(t, err)
				assert.Equal(t, n, counts[id])
			}
		}

		single := walk(t, 7, func(p models.Page) (models.List[models.GroupMember], error) {
			lists, err := db.Members.ListByGroups(ctx, ids[:1], models.MemberFilter{}, p)
			return lists[ids[0]], err
		})
		assert.Len(t, single, 118)

		page, err := db.Members.List(ctx, ids[0], models.MemberFilter{}, models.Page{Limit: 1})
		require.NoError(t, err)
		_, err = db.Members.List(ctx, ids[3], models.MemberFilter{}, models.Page{After: page.NextCursor()})
		requireInvalidCursor(t, err)
		_, err = db.Members.ListByGroups(ctx, ids, models.MemberFilter{}, models.Page{After: page.NextCursor()})
		requireInvalidCursor(t, err)
		empty, err := db.Members.ListByGroups(ctx, nil, models.MemberFilter{}, models.Page{})
		require.NoError(t, err)
		assert.Empty(t, empty)
	})
}

func TestMembersStayInTheirSession(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		mine, theirs := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "other")
		group, err := db.Groups.Sync(ctx, mine.ID, models.GroupSnapshot{JID: "1@g.us", Members: members(lid("1"))})
		require.NoError(t, err)
		_, err = db.Groups.Sync(ctx, theirs.ID, models.GroupSnapshot{JID: "1@g.us", Members: members(lid("2"))})
		require.NoError(t, err)
		list, err := db.Members.List(ctx, group.ID, models.MemberFilter{}, models.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		assert.Equal(t, "1@lid", list.Items[0].LID)
		_, err = db.Members.Get(ctx, group.ID, "2@lid")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}

func TestAWholeGroupIsStoredAndReadInAFewStatements(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			statements := modelstest.CountStatements()
			db := modelstest.Open(t, dialect, statements.Hook())
			ctx := t.Context()
			session := modelstest.Session(t, db, "org")
			snapshot := groupOf("1@g.us", 1024)
			var group *models.Group
			sync := func() {
				var err error
				group, err = db.Groups.Sync(ctx, session.ID, snapshot)
				require.NoError(t, err)
			}
			assert.LessOrEqual(t, len(statements.During(sync)), 10)

			unchanged := statements.During(sync)
			assert.LessOrEqual(t, len(unchanged), 5)
			writes := 0
			for _, sql := range unchanged {
				if sql[0] != 'S' && sql[0] != 's' {
					writes++
				}
			}
			assert.Equal(t, 1, writes, "only the time of the sync: %q", unchanged)

			for i := range snapshot.Members { // everything at once: new names, new roles
				snapshot.Members[i].Role, snapshot.Members[i].PushName = models.RoleAdmin, "New"
			}
			assert.LessOrEqual(t, len(statements.During(sync)), 10)
			assert.Equal(t, 1024, group.ParticipantCount)

			var list models.List[models.GroupMember]
			assert.Len(t, statements.During(func() {
				var err error
				list, err = db.Members.List(ctx, group.ID, models.MemberFilter{}, models.Page{})
				require.NoError(t, err)
			}), 1)
			require.Len(t, list.Items, 1024)
			assert.Equal(t, "New", list.Items[1023].PushName)
			assert.False(t, list.HasNext)
		})
	}
}
