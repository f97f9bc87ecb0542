package models_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/modelstest"
)

// groupNews takes the waiting events, written down in a line each. Those of
// groups are compared with what is stored.
func groupNews(t testing.TB, db *models.DB, sessionID string) (news []string) {
	t.Helper()
	events, err := db.Outbox.Next(t.Context(), 10_000)
	require.NoError(t, err)
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
		switch e.Name {
		case models.EventGroupUpdated:
			var payload contract.Group
			require.NoError(t, json.Unmarshal(e.Payload, &payload))
			stored, err := db.Groups.Get(t.Context(), sessionID, e.Key)
			require.NoError(t, err)
			assert.Equal(t, stored.Shape(), payload)
			news = append(news, fmt.Sprintf("%s %q has %d", e.Key, payload.Subject, payload.ParticipantCount))
		case models.EventGroupMembers:
			var payload contract.GroupMembersChange
			require.NoError(t, json.Unmarshal(e.Payload, &payload))
			assert.Equal(t, e.Key, payload.GroupJID)
			line := payload.Action
			for _, m := range payload.Members {
				line += " " + m.JID + "/" + m.LID
			}
			if payload.ByJID != "" {
				line += " by " + payload.ByJID
			}
			news = append(news, line)
		default:
			require.Fail(t, "another event", e.Name)
		}
	}
	require.NoError(t, db.Outbox.Delete(t.Context(), ids))
	return news
}

func TestGroupChangesAreToldOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		const jid = "1@g.us"
		anna, ben, cleo, dan := both("1", "11"), both("2", "22"), lid("3"), lid("4")
		subject := "Team B"
		sync := func(subject string, members ...models.MemberSnapshot) {
			_, err := db.Groups.Sync(t.Context(), session.ID, models.GroupSnapshot{JID: jid, Subject: subject, Members: members})
			require.NoError(t, err)
		}
		sync("Team", admin(anna), members(ben)[0])
		assert.Equal(t, []string{`1@g.us "Team" has 2`}, groupNews(t, db, session.ID), "its members are known with it")
		sync("Team", admin(anna), members(ben)[0])
		assert.Empty(t, groupNews(t, db, session.ID), "nothing is new")

		for _, step := range []struct {
			name   string
			change models.GroupChange
			want   []string
		}{
			{"subject", models.GroupChange{Subject: &subject, By: anna}, []string{`1@g.us "Team B" has 2`}},
			{"added", models.GroupChange{Added: members(cleo), By: anna}, []string{"add 3@lid/3@lid by 11@s.whatsapp.net", `1@g.us "Team B" has 3`}},
			{"joined by link", models.GroupChange{Added: members(dan), ByLink: true}, []string{"join 4@lid/4@lid", `1@g.us "Team B" has 4`}},
			{"promoted", models.GroupChange{Added: []models.MemberSnapshot{admin(ben)}, By: anna}, []string{"promote 22@s.whatsapp.net/2@lid by 11@s.whatsapp.net"}},
			{"demoted", models.GroupChange{Roles: members(ben), By: models.Person{LID: "1@lid"}}, []string{"demote 22@s.whatsapp.net/2@lid by 1@lid"}},
			{"left", models.GroupChange{Removed: members(cleo), By: cleo}, []string{"leave 3@lid/3@lid by 3@lid", `1@g.us "Team B" has 3`}},
			{"removed", models.GroupChange{Removed: members(ben, dan), By: anna}, []string{"remove 22@s.whatsapp.net/2@lid 4@lid/4@lid by 11@s.whatsapp.net", `1@g.us "Team B" has 1`}},
			{"joined themselves", models.GroupChange{Added: members(dan), By: dan}, []string{"join 4@lid/4@lid by 4@lid", `1@g.us "Team B" has 2`}},
		} {
			for _, want := range [][]string{step.want, nil} { // the same notification again is no news
				_, err := db.Groups.Apply(t.Context(), session.ID, jid, step.change)
				require.NoError(t, err)
				assert.Equal(t, want, groupNews(t, db, session.ID), step.name)
			}
		}

		sync("Team C", members(anna, cleo)...)
		assert.Equal(t, []string{
			"demote 11@s.whatsapp.net/1@lid", "add 3@lid/3@lid", "remove 4@lid/4@lid", `1@g.us "Team C" has 2`,
		}, groupNews(t, db, session.ID), "what a synchronization finds has no known author")
	})
}

func TestLeavingGroupsIsToldOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session, own := modelstest.Session(t, db, "org"), both("9", "99")
		_, err := db.Sessions.SetPaired(t.Context(), session.ID, models.Pairing{DeviceJID: "99:1@s.whatsapp.net", WAJID: own.PhoneJID, WALID: own.LID})
		require.NoError(t, err)
		for i := range 4 {
			_, err := db.Groups.Sync(t.Context(), session.ID, models.GroupSnapshot{JID: fmt.Sprintf("%d@g.us", i), Members: members(own, lid("1"))})
			require.NoError(t, err)
		}
		assert.Len(t, groupNews(t, db, session.ID), 4)
		// Who has left is no member any more; the others are.
		stays := func(jid string) {
			group, err := db.Groups.Get(t.Context(), session.ID, jid)
			require.NoError(t, err)
			assert.Equal(t, 1, group.ParticipantCount, jid)
			list, err := db.Members.List(t.Context(), group.ID, models.MemberFilter{}, models.Page{})
			require.NoError(t, err)
			require.Len(t, list.Items, 1, jid)
			assert.Equal(t, "1@lid", list.Items[0].LID)
		}
		const me = "99@s.whatsapp.net/9@lid"
		for jid, step := range map[string]struct {
			by   models.Person
			want string
		}{
			"0@g.us": {lid("9"), "leave " + me + " by 9@lid"},
			"1@g.us": {both("1", "11"), "remove " + me + " by 11@s.whatsapp.net"},
		} {
			for _, want := range [][]string{{step.want, jid + ` "" has 1`}, nil} {
				_, err := db.Groups.MarkLeft(t.Context(), session.ID, jid, step.by)
				require.NoError(t, err)
				assert.Equal(t, want, groupNews(t, db, session.ID))
			}
			stays(jid)
		}
		for _, want := range [][]string{{"remove " + me, `3@g.us "" has 1`}, nil} {
			_, err := db.Groups.RetainOnly(t.Context(), session.ID, []string{"2@g.us"})
			require.NoError(t, err)
			assert.Equal(t, want, groupNews(t, db, session.ID))
		}
		stays("3@g.us")
		_, err = db.Groups.Sync(t.Context(), session.ID, models.GroupSnapshot{JID: "3@g.us", Members: members(own, lid("1"))})
		require.NoError(t, err)
		again, err := db.Groups.Get(t.Context(), session.ID, "3@g.us")
		require.NoError(t, err)
		assert.Equal(t, []int{0, 2}, []int{int(again.LeftAt), again.ParticipantCount}, "back again")
	})
}

// A group whose two members turn out to be one has a member less.
func TestMergedMembersAreToldOf(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		_, err := db.Groups.Sync(t.Context(), session.ID, models.GroupSnapshot{JID: "1@g.us", Members: members(lid("1"), phone("11"))})
		require.NoError(t, err)
		assert.Equal(t, []string{`1@g.us "" has 2`}, groupNews(t, db, session.ID))
		_, err = db.Identities.Upsert(t.Context(), session.ID, []models.Person{both("1", "11")})
		require.NoError(t, err)
		events, err := db.Outbox.Next(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, events, 2)
		assert.Equal(t, models.EventGroupUpdated, events[0].Name)
		assert.Contains(t, string(events[0].Payload), `"participantCount":1`)
		assert.Equal(t, models.EventContactUpdated, events[1].Name)
	})
}

// A change of members that is delivered again behind others, because nobody heard
// that it was stored, is older than what is stored: it is no news, and changes nothing.
func TestMemberChangesDeliveredAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		const jid = "1@g.us"
		anna, ben := both("1", "11"), both("2", "22")
		_, err := db.Groups.Sync(t.Context(), session.ID, models.GroupSnapshot{JID: jid, Subject: "Team", Members: append(members(ben), admin(anna))})
		require.NoError(t, err)
		groupNews(t, db, session.ID)
		apply := func(change models.GroupChange) []string {
			change.By = anna
			_, err := db.Groups.Apply(t.Context(), session.ID, jid, change)
			require.NoError(t, err)
			return groupNews(t, db, session.ID)
		}
		removed, added := models.GroupChange{Removed: members(ben), Version: "v1"}, models.GroupChange{Added: members(ben), Version: "v2"}
		assert.Len(t, apply(removed), 2)
		assert.Len(t, apply(added), 2)
		for range 2 {
			assert.Empty(t, apply(removed))
			assert.Empty(t, apply(added))
		}
		group, err := db.Groups.Get(t.Context(), session.ID, jid)
		require.NoError(t, err)
		assert.Equal(t, 2, group.ParticipantCount)
		assert.Len(t, apply(models.GroupChange{Removed: members(ben), Version: "v3"}), 2)
		for i := range 200 { // however many there were
			kind := &models.GroupChange{Added: members(ben)}
			if i%2 == 1 {
				kind = &models.GroupChange{Removed: members(ben)}
			}
			kind.Version = fmt.Sprint("w", i)
			require.Len(t, apply(*kind), 2)
		}
		assert.Empty(t, apply(models.GroupChange{Added: members(ben), Version: "w190"}))
	})
}
