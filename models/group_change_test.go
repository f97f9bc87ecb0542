package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func TestApplyChangesSettings(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		group, err := db.Groups.Sync(ctx, session.ID, groupOf("1@g.us", 2))
		require.NoError(t, err)
		execute(t, db, "UPDATE wa_groups SET updated_at = 5")

		change := models.GroupChange{
			Subject: new("New"), Description: new("About"), IsAnnounce: new(true), IsLocked: new(true), JoinApproval: new(true), EphemeralSeconds: new(60)}
		got, err := db.Groups.Apply(ctx, session.ID, "1@g.us", change)
		require.NoError(t, err)
		assert.Equal(t, "New", got.Subject)
		assert.Equal(t, "About", got.Description)
		assert.True(t, got.IsAnnounce && got.IsLocked && got.JoinApproval)
		assert.Equal(t, 60, got.EphemeralSeconds)
		assert.Equal(t, group.OwnerJID, got.OwnerJID, "what is not given stays")
		assert.Equal(t, 2, got.ParticipantCount)
		assert.Greater(t, got.UpdatedAt, models.Millis(5))
		stored, err := db.Groups.Get(ctx, session.ID, "1@g.us")
		require.NoError(t, err)
		assert.Equal(t, got, stored)

		execute(t, db, "UPDATE wa_groups SET updated_at = 5")
		again, err := db.Groups.Apply(ctx, session.ID, "1@g.us", change)
		require.NoError(t, err)
		assert.Equal(t, models.Millis(5), again.UpdatedAt, "delivered twice is applied once")
		cleared, err := db.Groups.Apply(ctx, session.ID, "1@g.us", models.GroupChange{Description: new(""), IsLocked: new(false), EphemeralSeconds: new(0)})
		require.NoError(t, err)
		assert.Empty(t, cleared.Description)
		assert.False(t, cleared.IsLocked)
		assert.Zero(t, cleared.EphemeralSeconds)

		_, err = db.Groups.Apply(ctx, session.ID, "9@g.us", change)
		assert.Equal(t, "group not found", fault.From(err).Message())
	})
}

func TestApplyChangesMembers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		group, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "1@g.us", Members: []models.MemberSnapshot{admin(lid("1")), {Person: lid("2")}}})
		require.NoError(t, err)
		apply := func(change models.GroupChange) *models.Group {
			t.Helper()
			var got *models.Group
			for range 2 { // a notification may be delivered twice
				var err error
				got, err = db.Groups.Apply(ctx, session.ID, "1@g.us", change)
				require.NoError(t, err)
			}
			stored, err := db.Groups.Get(ctx, session.ID, "1@g.us")
			require.NoError(t, err)
			assert.Equal(t, got, stored)
			n, err := db.Members.Count(ctx, group.ID, models.MemberFilter{})
			require.NoError(t, err)
			assert.Equal(t, n, got.ParticipantCount)
			return got
		}
		roles := func() map[string]models.MemberRole {
			list, err := db.Members.List(ctx, group.ID, models.MemberFilter{}, models.Page{})
			require.NoError(t, err)
			roles := map[string]models.MemberRole{}
			for _, m := range list.Items {
				roles[m.LID] = m.Role
			}
			return roles
		}
		future := models.Now() + 1000

		apply(models.GroupChange{Added: members(lid("3"), lid("1"), lid("3")), At: future})
		assert.Equal(t, map[string]models.MemberRole{"1@lid": models.RoleAdmin, "2@lid": models.RoleMember, "3@lid": models.RoleMember}, roles(),
			"who is in already keeps the role")
		third, err := db.Members.Get(ctx, group.ID, "3@lid")
		require.NoError(t, err)
		assert.Equal(t, future, third.FirstSeenAt, "at the time of the notification")

		apply(models.GroupChange{Roles: []models.MemberSnapshot{admin(lid("2")), {Person: lid("1"), Role: models.RoleMember}}})
		assert.Equal(t, map[string]models.MemberRole{"1@lid": models.RoleMember, "2@lid": models.RoleAdmin, "3@lid": models.RoleMember}, roles())

		apply(models.GroupChange{Removed: members(lid("2"), lid("99")), At: future + 5})
		assert.Equal(t, map[string]models.MemberRole{"1@lid": models.RoleMember, "3@lid": models.RoleMember}, roles())
		assert.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM wa_group_members WHERE left_at <> 0"))

		apply(models.GroupChange{Added: members(lid("2")), At: future + 9})
		assert.Equal(t, models.RoleMember, roles()["2@lid"], "who returns starts anew")
		second, err := db.Members.Get(ctx, group.ID, "2@lid")
		require.NoError(t, err)
		assert.Less(t, second.FirstSeenAt, future, "on the same row")
		assert.Equal(t, future+9, second.LastSeenAt)

		apply(models.GroupChange{Roles: []models.MemberSnapshot{admin(lid("4"))}})
		assert.Equal(t, models.RoleAdmin, roles()["4@lid"], "who gets a role is a member")

		// Removed by number while the row knows the LID.
		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{both("4", "6284")})
		require.NoError(t, err)
		apply(models.GroupChange{Removed: members(phone("6284"))})
		assert.NotContains(t, roles(), "4@lid")
	})
}

// The notification itself tells that two members are one person.
func TestApplyMergesMembers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		group, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "1@g.us", Members: members(lid("1"), phone("6281"), lid("2"))})
		require.NoError(t, err)
		require.Equal(t, 3, group.ParticipantCount)
		got, err := db.Groups.Apply(ctx, session.ID, "1@g.us", models.GroupChange{Roles: []models.MemberSnapshot{admin(both("1", "6281"))}})
		require.NoError(t, err)
		assert.Equal(t, 2, got.ParticipantCount)
		stored, err := db.Groups.Get(ctx, session.ID, "1@g.us")
		require.NoError(t, err)
		assert.Equal(t, got, stored)
		member, err := db.Members.Get(ctx, group.ID, "6281@s.whatsapp.net")
		require.NoError(t, err)
		assert.Equal(t, models.RoleAdmin, member.Role)
	})
}
