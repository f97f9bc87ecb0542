package models_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/modelstest"
)

// told takes the waiting events of a session, all of them of one name.
func told[T any](t testing.TB, db *models.DB, name models.EventName) (payloads []T) {
	t.Helper()
	events, err := db.Outbox.Next(t.Context(), 10_000)
	require.NoError(t, err)
	ids := make([]string, len(events))
	for i, e := range events {
		require.Equal(t, name, e.Name)
		var payload T
		require.NoError(t, json.Unmarshal(e.Payload, &payload))
		ids[i], payloads = e.ID, append(payloads, payload)
	}
	require.NoError(t, db.Outbox.Delete(t.Context(), ids))
	return payloads
}

func TestPeopleAreToldOf(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		learn := func(people ...models.Person) (names []string) {
			_, err := db.Identities.Upsert(t.Context(), session.ID, people)
			require.NoError(t, err)
			for _, person := range told[contract.Identity](t, db, models.EventContactUpdated) {
				stored, err := db.Identities.GetByID(t.Context(), person.ID)
				require.NoError(t, err)
				assert.Equal(t, stored.Shape(), person)
				names = append(names, person.Name+"/"+person.LID+"/"+person.PhoneNumber)
			}
			return names
		}
		named := func(p models.Person, push, contact string) models.Person {
			p.PushName, p.ContactName = push, contact
			return p
		}
		assert.Empty(t, learn(lid("1"), phone("2"), both("3", "33")), "new, without names")
		assert.Equal(t, []string{"Dora/4@lid/44"}, learn(named(both("4", "44"), "Dora", "")), "new, with a name")
		assert.Empty(t, learn(named(both("4", "44"), "Dora", ""), lid("1")), "nothing new")
		assert.Equal(t, []string{"Anna/1@lid/"}, learn(named(lid("1"), "Anna", "")))
		assert.Equal(t, []string{"Anna B./1@lid/"}, learn(named(lid("1"), "Anna", "Anna B.")))
		assert.Empty(t, learn(named(lid("1"), "Änne", "")), "hidden behind the address book's name")
		assert.Equal(t, []string{"Anna B./1@lid/2"}, learn(both("1", "2")), "two rows became one")
		assert.Equal(t, []string{"/3@lid/"}, learn(both("5", "33")), "the number has moved on to somebody new without a name")

		crowd := make([]models.Person, 0, 1024)
		for i := range 1024 {
			crowd = append(crowd, both(strconv.Itoa(1000+i), strconv.Itoa(5000+i)))
		}
		assert.Empty(t, learn(crowd...), "a group of people without names")
	})
}
