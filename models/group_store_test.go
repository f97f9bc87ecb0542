package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func TestSyncStoresTheGroup(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		snapshot := models.GroupSnapshot{
			JID: "1@g.us", Subject: "Team", Description: "Launch", OwnerJID: "6281@s.whatsapp.net", IsAnnounce: true, IsLocked: true,
			JoinApproval: true, IsCommunity: true, MemberAddMode: "admin_add", ParentJID: "2@g.us", EphemeralSeconds: 86400,
			CreatedAtWA: 1_700_000_000_000, Members: []models.MemberSnapshot{admin(lid("1")), {Person: lid("2")}},
		}
		group, err := db.Groups.Sync(ctx, session.ID, snapshot)
		require.NoError(t, err)
		assert.NotZero(t, group.ID)
		want := models.Group{
			ID: group.ID, SessionID: session.ID, JID: "1@g.us", Subject: "Team", Description: "Launch", OwnerJID: "6281@s.whatsapp.net",
			IsAnnounce: true, IsLocked: true, JoinApproval: true, IsCommunity: true, MemberAddMode: "admin_add", ParentJID: "2@g.us",
			EphemeralSeconds: 86400, ParticipantCount: 2, CreatedAtWA: 1_700_000_000_000, FirstSeenAt: group.FirstSeenAt, UpdatedAt: group.UpdatedAt,
		}
		assert.Equal(t, want, *group)
		stored, err := db.Groups.Get(ctx, session.ID, "1@g.us")
		require.NoError(t, err)
		assert.Equal(t, group, stored)
		byID, err := db.Groups.GetByID(ctx, group.ID)
		require.NoError(t, err)
		assert.Equal(t, group, byID)

		execute(t, db, "UPDATE wa_groups SET updated_at = 5, first_seen_at = 5")
		same, err := db.Groups.Sync(ctx, session.ID, snapshot)
		require.NoError(t, err)
		assert.Equal(t, models.Millis(5), same.UpdatedAt, "no change is no update")
		snapshot.Subject, snapshot.IsLocked, snapshot.CreatedAtWA = "", false, 0
		changed, err := db.Groups.Sync(ctx, session.ID, snapshot)
		require.NoError(t, err)
		assert.Equal(t, group.ID, changed.ID)
		assert.Empty(t, changed.Subject)
		assert.False(t, changed.IsLocked, "false and empty are stored too")
		assert.Equal(t, models.Millis(1_700_000_000_000), changed.CreatedAtWA, "an unknown time keeps the known one")
		assert.Equal(t, models.Millis(5), changed.FirstSeenAt)
		assert.Greater(t, changed.UpdatedAt, models.Millis(5))
		stored, err = db.Groups.Get(ctx, session.ID, "1@g.us")
		require.NoError(t, err)
		assert.Equal(t, changed, stored)
	})
}

func TestSyncKeepsMembershipHistory(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		sync := func(people ...models.MemberSnapshot) *models.Group {
			group, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "1@g.us", Members: people})
			require.NoError(t, err)
			return group
		}
		alice, bob := models.MemberSnapshot{Person: lid("1")}, models.MemberSnapshot{Person: lid("2")}
		group := sync(alice, bob)
		first, err := db.Members.Get(ctx, group.ID, "2@lid")
		require.NoError(t, err)
		assert.Zero(t, first.LeftAt)
		assert.Equal(t, first.FirstSeenAt, first.LastSeenAt)
		// As if all of it was a while ago.
		execute(t, db, "UPDATE wa_group_members SET first_seen_at = 100, last_seen_at = 100")
		execute(t, db, "UPDATE wa_groups SET synced_at = 200, updated_at = 200")

		seen, err := db.Members.Get(ctx, group.ID, "2@lid")
		require.NoError(t, err)
		assert.Equal(t, models.Millis(200), seen.LastSeenAt, "each sync sees every member")

		group = sync(alice)
		assert.Equal(t, 1, group.ParticipantCount)
		assert.Greater(t, group.UpdatedAt, models.Millis(200), "another set of members is a change")
		_, err = db.Members.Get(ctx, group.ID, "2@lid")
		assert.Equal(t, "member not found", fault.From(err).Message())
		left, err := db.Members.GetByID(ctx, first.ID)
		require.NoError(t, err)
		assert.NotZero(t, left.LeftAt)
		assert.Equal(t, models.Millis(100), left.FirstSeenAt)
		assert.Equal(t, models.Millis(200), left.LastSeenAt, "seen last by the sync before")
		found, err := db.Members.Find(ctx, group.ID, "2@lid")
		require.NoError(t, err)
		assert.Equal(t, left, found, "who left can be found")
		_, err = db.Members.Find(ctx, group.ID, "9@lid")
		assert.Equal(t, "member not found", fault.From(err).Message())

		sync(alice)
		again, err := db.Members.GetByID(ctx, first.ID)
		require.NoError(t, err)
		assert.Equal(t, left, again, "who left stops being seen")

		group = sync(alice, admin(bob.Person))
		back, err := db.Members.Get(ctx, group.ID, "2@lid")
		require.NoError(t, err)
		assert.Equal(t, first.ID, back.ID, "the same row")
		assert.Zero(t, back.LeftAt)
		assert.Equal(t, models.RoleAdmin, back.Role)
		assert.Equal(t, models.Millis(100), back.FirstSeenAt)
		assert.Greater(t, back.LastSeenAt, models.Millis(200))

		sync(alice, models.MemberSnapshot{Person: lid("2"), Role: models.RoleSuperAdmin}, bob)
		back, err = db.Members.Get(ctx, group.ID, "2@lid")
		require.NoError(t, err)
		assert.Equal(t, models.RoleSuperAdmin, back.Role, "named twice: once, with the higher role")

		// Members unknown: the stored ones stay. Members empty: nobody is left.
		unknown, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "1@g.us", Subject: "New"})
		require.NoError(t, err)
		assert.Equal(t, 2, unknown.ParticipantCount)
		group, err = db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "1@g.us", Members: []models.MemberSnapshot{}})
		require.NoError(t, err)
		assert.Zero(t, group.ParticipantCount)
	})
}

func TestSyncIsAllOrNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		snapshot := groupOf("1@g.us", 3)
		snapshot.Members = append(snapshot.Members, models.MemberSnapshot{})
		_, err := db.Groups.Sync(ctx, session.ID, snapshot)
		require.Error(t, err)
		for _, table := range []string{"wa_groups", "wa_group_members", "identities"} {
			assert.Zero(t, number(t, db, "SELECT COUNT(*) FROM "+table), table)
		}
	})
}

func TestListGroups(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		big, small, empty := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "other"), modelstest.Session(t, db, "org")
		for _, jid := range []string{"5@g.us", "1@g.us", "4@g.us", "2@g.us", "3@g.us"} {
			_, err := db.Groups.Sync(ctx, big.ID, groupOf(jid, 1))
			require.NoError(t, err)
		}
		shared, err := db.Groups.Sync(ctx, small.ID, groupOf("1@g.us", 1))
		require.NoError(t, err)

		all, err := db.Groups.List(ctx, big.ID, models.Page{})
		require.NoError(t, err)
		require.Len(t, all.Items, 5)
		assert.Equal(t, "5@g.us", all.Items[0].JID, "in the order they became known")
		list := func(p models.Page) (models.List[models.Group], error) { return db.Groups.List(ctx, big.ID, p) }
		assert.Equal(t, all.Items, walk(t, 2, list))
		assert.Equal(t, all.Items, walk(t, 5, list))

		for _, limit := range []int{0, 1, 4} {
			lists, err := db.Groups.ListBySessions(ctx, []string{empty.ID, small.ID, big.ID}, models.Page{Limit: limit})
			require.NoError(t, err)
			require.Len(t, lists, 3)
			assert.Empty(t, lists[empty.ID].Items)
			assert.Equal(t, []models.Group{*shared}, lists[small.ID].Items)
			assert.Equal(t, all.Items[:len(lists[big.ID].Items)], lists[big.ID].Items)
			assert.Equal(t, limit == 1 || limit == 4, lists[big.ID].HasNext)
		}
		counts, err := db.Groups.CountBySessions(ctx, []string{big.ID, small.ID, empty.ID})
		require.NoError(t, err)
		assert.Equal(t, map[string]int{big.ID: 5, small.ID: 1}, counts)

		first, err := db.Groups.List(ctx, big.ID, models.Page{Limit: 1})
		require.NoError(t, err)
		_, err = db.Groups.List(ctx, small.ID, models.Page{After: first.NextCursor()})
		requireInvalidCursor(t, err)
		_, err = db.Groups.Get(ctx, small.ID, "5@g.us")
		assert.Equal(t, "group not found", fault.From(err).Message(), "another session's group")
		_, err = db.Groups.GetByID(ctx, 12345)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}

func TestLeavingGroups(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session, other := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		for _, jid := range []string{"1@g.us", "2@g.us", "3@g.us"} {
			for _, s := range []*models.Session{session, other} {
				_, err := db.Groups.Sync(ctx, s.ID, groupOf(jid, 2))
				require.NoError(t, err)
			}
		}
		left, err := db.Groups.MarkLeft(ctx, session.ID, "1@g.us", models.Person{})
		require.NoError(t, err)
		assert.NotZero(t, left.LeftAt)
		execute(t, db, "UPDATE wa_groups SET left_at = 5 WHERE left_at <> 0")
		again, err := db.Groups.MarkLeft(ctx, session.ID, "1@g.us", models.Person{})
		require.NoError(t, err)
		assert.Equal(t, models.Millis(5), again.LeftAt, "a repeat keeps the first time")
		_, err = db.Groups.MarkLeft(ctx, session.ID, "9@g.us", models.Person{})
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))

		gone, err := db.Groups.RetainOnly(ctx, session.ID, []string{"2@g.us", "unknown@g.us"})
		require.NoError(t, err)
		assert.Equal(t, []string{"3@g.us"}, gone)
		gone, err = db.Groups.RetainOnly(ctx, session.ID, []string{"2@g.us"})
		require.NoError(t, err)
		assert.Empty(t, gone)
		list, err := db.Groups.List(ctx, session.ID, models.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		assert.Equal(t, "2@g.us", list.Items[0].JID)
		stays, err := db.Groups.Get(ctx, session.ID, "3@g.us")
		require.NoError(t, err, "a group that was left stays readable")
		members, err := db.Members.List(ctx, stays.ID, models.MemberFilter{}, models.Page{})
		require.NoError(t, err)
		assert.Len(t, members.Items, 2)

		back, err := db.Groups.Sync(ctx, session.ID, groupOf("3@g.us", 2))
		require.NoError(t, err)
		assert.Equal(t, stays.ID, back.ID)
		assert.Zero(t, back.LeftAt)
		gone, err = db.Groups.RetainOnly(ctx, session.ID, nil)
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"2@g.us", "3@g.us"}, gone)
		n, err := db.Groups.Count(ctx, other.ID)
		require.NoError(t, err)
		assert.Equal(t, 3, n, "another session keeps its own")
	})
}
