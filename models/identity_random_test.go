package models_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// Both databases end with the same people and members after the same random
// events, and no event in between breaks a rule of the tables.
func TestRandomEventsGiveTheSameOnBothDatabases(t *testing.T) {
	t.Parallel()
	histories := make(chan []string, 2)
	t.Cleanup(func() { // runs after the parallel subtests
		if len(histories) == cap(histories) {
			first, second := <-histories, <-histories
			assert.Equal(t, first, second)
		}
	})
	modelstest.Each(t, func(t *testing.T, db *models.DB) { histories <- randomHistory(t, db) })
}

// randomHistory plays random syncs, changes and mappings, and gives the state
// after each.
func randomHistory(t *testing.T, db *models.DB) (states []string) {
	ctx, random := t.Context(), rand.New(rand.NewPCG(7, 7))
	session := modelstest.Session(t, db, "org")
	jids := []string{"a@g.us", "b@g.us"}
	for _, jid := range jids {
		_, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: jid, Members: []models.MemberSnapshot{}})
		require.NoError(t, err)
	}
	people := func() []models.MemberSnapshot {
		given := make([]models.MemberSnapshot, random.IntN(4))
		for i := range given {
			l, p := fmt.Sprint(random.IntN(6)), fmt.Sprint(random.IntN(6))
			given[i].Person = []models.Person{lid(l), phone(p), both(l, p)}[random.IntN(3)]
			given[i].Role = []models.MemberRole{"", models.RoleMember, models.RoleAdmin}[random.IntN(3)]
		}
		return given
	}
	for step := range 150 {
		jid := jids[random.IntN(2)]
		var err error
		switch random.IntN(3) {
		case 0:
			_, err = db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: jid, Members: people()})
		case 1:
			_, err = db.Groups.Apply(ctx, session.ID, jid, models.GroupChange{Removed: people(), Added: people(), Roles: people()})
		default:
			var persons []models.Person
			for _, p := range people() {
				persons = append(persons, p.Person)
			}
			_, err = db.Identities.Upsert(ctx, session.ID, persons)
		}
		require.NoError(t, err, "step %d", step)
		states = append(states, stateOf(t, db, session.ID, jids))
	}
	return states
}

// stateOf writes down who is in which group, and checks the member counts.
func stateOf(t *testing.T, db *models.DB, sessionID string, jids []string) (state string) {
	identities, err := db.Identities.List(t.Context(), sessionID, models.ContactFilter{}, models.Page{})
	require.NoError(t, err)
	for _, i := range identities.Items {
		state += fmt.Sprintf("%s/%s ", i.LID, i.PhoneJID)
	}
	for _, jid := range jids {
		group, err := db.Groups.Get(t.Context(), sessionID, jid)
		require.NoError(t, err)
		list, err := db.Members.List(t.Context(), group.ID, models.MemberFilter{}, models.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, group.ParticipantCount)
		state += jid + ": "
		for _, m := range list.Items {
			state += fmt.Sprintf("%s/%s=%s ", m.LID, m.PhoneJID, m.Role)
		}
	}
	return state
}
