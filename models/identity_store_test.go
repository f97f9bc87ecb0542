package models_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func TestUpsertIdentities(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		alice := both("1", "6281")
		alice.PushName = "Alice"
		ids, err := db.Identities.Upsert(ctx, session.ID, []models.Person{alice, lid("2"), phone("6283"), lid("2")})
		require.NoError(t, err)
		require.Len(t, ids, 4)
		assert.Equal(t, ids[1], ids[3], "named twice, one row")
		assert.Less(t, ids[0], ids[1])
		assert.Less(t, ids[1], ids[2], "numbered in the order given")

		got, err := db.Identities.Get(ctx, session.ID, "1@lid")
		require.NoError(t, err)
		assert.Equal(t, ids[0], got.ID)
		assert.Equal(t, "6281@s.whatsapp.net", got.PhoneJID)
		assert.Equal(t, "6281", got.PhoneNumber)
		assert.Equal(t, "Alice", got.PushName)
		byPhone, err := db.Identities.Get(ctx, session.ID, "6281@s.whatsapp.net")
		require.NoError(t, err)
		assert.Equal(t, got, byPhone)
		byID, err := db.Identities.GetByID(ctx, got.ID)
		require.NoError(t, err)
		assert.Equal(t, got, byID)

		execute(t, db, "UPDATE identities SET updated_at = 5, first_seen_at = 5")
		again, err := db.Identities.Upsert(ctx, session.ID, []models.Person{both("1", "6281"), phone("6283")})
		require.NoError(t, err)
		assert.Equal(t, []int64{ids[0], ids[2]}, again)
		same, err := db.Identities.Get(ctx, session.ID, "1@lid")
		require.NoError(t, err)
		assert.Equal(t, "Alice", same.PushName, "an empty name replaces none")
		assert.Equal(t, models.Millis(5), same.UpdatedAt, "nothing new, nothing written")

		renamed := lid("1")
		renamed.ContactName, renamed.PushName, renamed.BusinessName = "Alice A.", "Ali", "Acme"
		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{renamed})
		require.NoError(t, err)
		same, err = db.Identities.Get(ctx, session.ID, "1@lid")
		require.NoError(t, err)
		assert.Equal(t, "Alice A.", same.Name())
		assert.Equal(t, "Ali", same.PushName)
		assert.Greater(t, same.UpdatedAt, models.Millis(5))
		assert.Equal(t, models.Millis(5), same.FirstSeenAt)

		empty, err := db.Identities.Upsert(ctx, session.ID, nil)
		require.NoError(t, err)
		assert.Empty(t, empty)
		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{lid("9"), {PushName: "nobody"}})
		require.Error(t, err)
		_, err = db.Identities.Get(ctx, session.ID, "9@lid")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err), "all or nothing")
		for _, unknown := range []string{"9@lid", "9@s.whatsapp.net", "", "x"} {
			_, err = db.Identities.Get(ctx, session.ID, unknown)
			assert.Equal(t, "contact not found", fault.From(err).Message())
		}
	})
}

// Whatever the order in which a person's addresses become known, one row is
// left, with every name.
func TestIdentitiesMergeInEveryOrder(t *testing.T) {
	t.Parallel()
	named := func(p models.Person, contact, push string) models.Person {
		p.ContactName, p.PushName = contact, push
		return p
	}
	onLID, onPhone, mapping := named(lid("1"), "", "Ali"), named(phone("6281"), "Alice", ""), both("1", "6281")
	orders := map[string][][]models.Person{
		"LID, phone, mapping":       {{onLID}, {onPhone}, {mapping}},
		"phone, LID, mapping":       {{onPhone}, {onLID}, {mapping}},
		"LID, mapping, phone":       {{onLID}, {mapping}, {onPhone}},
		"phone, mapping, LID":       {{onPhone}, {mapping}, {onLID}},
		"mapping, LID, phone":       {{mapping}, {onLID}, {onPhone}},
		"mapping, phone, LID":       {{mapping}, {onPhone}, {onLID}},
		"all at once":               {{onLID, onPhone, mapping}},
		"all at once, mapped first": {{mapping, onPhone, onLID}},
		"stored phone, then both":   {{onPhone}, {onLID, mapping}},
		"stored LID, then both":     {{onLID}, {onPhone, mapping}},
		"stored apart, then both":   {{onPhone, onLID}, {mapping, onLID, onPhone}},
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for name, order := range orders {
			session := modelstest.Session(t, db, "org")
			var last []int64
			for _, people := range order {
				var err error
				last, err = db.Identities.Upsert(t.Context(), session.ID, people)
				require.NoError(t, err, name)
			}
			list, err := db.Identities.List(t.Context(), session.ID, models.ContactFilter{}, models.Page{})
			require.NoError(t, err)
			require.Len(t, list.Items, 1, name)
			got := list.Items[0]
			assert.Equal(t, "1@lid", got.LID, name)
			assert.Equal(t, "6281@s.whatsapp.net", got.PhoneJID, name)
			assert.Equal(t, "6281", got.PhoneNumber, name)
			assert.Equal(t, "Alice", got.ContactName, name)
			assert.Equal(t, "Ali", got.PushName, name)
			for _, id := range last {
				assert.Equal(t, got.ID, id, name)
			}
		}
	})
}

func TestMergeKeepsTheLIDsRowAndTheOldestSight(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		ids, err := db.Identities.Upsert(ctx, session.ID, []models.Person{phone("6281"), lid("1")})
		require.NoError(t, err)
		execute(t, db, "UPDATE identities SET first_seen_at = 5 WHERE lid = ''")
		merged, err := db.Identities.Upsert(ctx, session.ID, []models.Person{both("1", "6281")})
		require.NoError(t, err)
		assert.Equal(t, ids[1:], merged)
		got, err := db.Identities.GetByID(ctx, ids[1])
		require.NoError(t, err)
		assert.Equal(t, models.Millis(5), got.FirstSeenAt)
		_, err = db.Identities.GetByID(ctx, ids[0])
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}

func TestNumbersMoveBetweenPeople(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		ids, err := db.Identities.Upsert(ctx, session.ID, []models.Person{both("1", "6281"), both("2", "6282")})
		require.NoError(t, err)
		numbers := func() (numbers []string) {
			list, err := db.Identities.List(ctx, session.ID, models.ContactFilter{}, models.Page{})
			require.NoError(t, err)
			for _, i := range list.Items {
				numbers = append(numbers, i.LID+" "+i.PhoneNumber)
			}
			return numbers
		}

		// A new person has the first one's number.
		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{both("3", "6281")})
		require.NoError(t, err)
		assert.Equal(t, []string{"1@lid ", "2@lid 6282", "3@lid 6281"}, numbers())

		// Two people swap numbers: no moment may have a number twice.
		swapped, err := db.Identities.Upsert(ctx, session.ID, []models.Person{both("2", "6281"), both("3", "6282")})
		require.NoError(t, err)
		assert.Equal(t, ids[1], swapped[0])
		assert.Equal(t, []string{"1@lid ", "2@lid 6281", "3@lid 6282"}, numbers())

		// A person changes to a number that was known without a person.
		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{phone("6289")})
		require.NoError(t, err)
		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{both("2", "6289")})
		require.NoError(t, err)
		assert.Equal(t, []string{"1@lid ", "2@lid 6289", "3@lid 6282"}, numbers())
		_, err = db.Identities.Get(ctx, session.ID, "6281@s.whatsapp.net")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err), "the old number is nobody's")
	})
}

func TestMergingHandsMembershipsOver(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		sync := func(jid string, people ...models.MemberSnapshot) *models.Group {
			group, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: jid, Members: people})
			require.NoError(t, err)
			return group
		}
		byPhone, byLID := admin(phone("6281")), models.MemberSnapshot{Person: lid("1")}
		bystander := models.MemberSnapshot{Person: lid("7")}
		onlyPhone := sync("phone@g.us", byPhone, bystander)
		onlyLID := sync("lid@g.us", byLID, bystander)
		inBoth := sync("both@g.us", byPhone, byLID, bystander)
		// Left under one address, came back under the other.
		sync("back@g.us", byPhone)
		back := sync("back@g.us", byLID)
		// Left under both.
		sync("gone@g.us", byPhone, byLID)
		gone := sync("gone@g.us", bystander)

		_, err := db.Identities.Upsert(ctx, session.ID, []models.Person{both("1", "6281")})
		require.NoError(t, err)

		for _, test := range []struct {
			group *models.Group
			role  models.MemberRole // "" = not a member
			count int
		}{
			{onlyPhone, models.RoleAdmin, 2}, {onlyLID, models.RoleMember, 2}, {inBoth, models.RoleAdmin, 2},
			{back, models.RoleMember, 1}, {gone, "", 1},
		} {
			list, err := db.Members.List(ctx, test.group.ID, models.MemberFilter{}, models.Page{})
			require.NoError(t, err)
			assert.Len(t, list.Items, test.count, test.group.JID)
			group, err := db.Groups.GetByID(ctx, test.group.ID)
			require.NoError(t, err)
			assert.Equal(t, test.count, group.ParticipantCount, test.group.JID)
			for _, address := range []string{"1@lid", "6281@s.whatsapp.net"} {
				member, err := db.Members.Get(ctx, test.group.ID, address)
				if test.role == "" {
					assert.Equal(t, fault.NotFound, fault.CodeOf(err), test.group.JID)
					continue
				}
				require.NoError(t, err, test.group.JID)
				assert.Equal(t, test.role, member.Role, test.group.JID)
				assert.Equal(t, "1@lid", member.LID)
				assert.Equal(t, "6281@s.whatsapp.net", member.PhoneJID)
			}
		}
		// One row for each person and group, ever.
		assert.Equal(t, 9, number(t, db, "SELECT COUNT(*) FROM wa_group_members"))
	})
}

func TestIdentitiesStayInTheirSession(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		mine, theirs := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "other")
		first, err := db.Identities.Upsert(ctx, mine.ID, []models.Person{both("1", "6281")})
		require.NoError(t, err)
		second, err := db.Identities.Upsert(ctx, theirs.ID, []models.Person{lid("1"), phone("6281")})
		require.NoError(t, err)
		assert.NotContains(t, second, first[0])
		n, err := db.Identities.Count(ctx, theirs.ID, models.ContactFilter{})
		require.NoError(t, err)
		assert.Equal(t, 2, n, "what one session learned is not told to another")
		_, err = db.Identities.Get(ctx, "nope", "1@lid")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))

		page, err := db.Identities.List(ctx, theirs.ID, models.ContactFilter{}, models.Page{Limit: 1})
		require.NoError(t, err)
		_, err = db.Identities.List(ctx, mine.ID, models.ContactFilter{}, models.Page{After: page.NextCursor()})
		requireInvalidCursor(t, err)
	})
}

func TestListIdentities(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		big, small, empty := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		ids, err := db.Identities.Upsert(ctx, big.ID, []models.Person{lid("1"), lid("2"), phone("3"), lid("4"), lid("5")})
		require.NoError(t, err)
		_, err = db.Identities.Upsert(ctx, small.ID, []models.Person{lid("1")})
		require.NoError(t, err)

		all, err := db.Identities.List(ctx, big.ID, models.ContactFilter{}, models.Page{})
		require.NoError(t, err)
		require.Len(t, all.Items, 5)
		assert.Equal(t, all.Items, walk(t, 2, func(p models.Page) (models.List[models.Identity], error) {
			return db.Identities.List(ctx, big.ID, models.ContactFilter{}, p)
		}))
		assert.Equal(t, all.Items, walk(t, 5, func(p models.Page) (models.List[models.Identity], error) {
			return db.Identities.List(ctx, big.ID, models.ContactFilter{}, p)
		}))

		many, err := db.Identities.GetMany(ctx, append([]int64{-1}, ids...))
		require.NoError(t, err)
		assert.Len(t, many, 5)
		assert.Equal(t, all.Items[2], many[ids[2]])
		none, err := db.Identities.GetMany(ctx, nil)
		require.NoError(t, err)
		assert.Empty(t, none)

		for _, limit := range []int{0, 1, 2, 5} {
			lists, err := db.Identities.ListBySessions(ctx, []string{small.ID, big.ID, empty.ID, big.ID}, models.ContactFilter{}, models.Page{Limit: limit})
			require.NoError(t, err)
			require.Len(t, lists, 3)
			for _, id := range []string{big.ID, small.ID, empty.ID} {
				want, err := db.Identities.List(ctx, id, models.ContactFilter{}, models.Page{Limit: limit})
				require.NoError(t, err)
				assert.Equal(t, want.Items, lists[id].Items)
				assert.Equal(t, want.HasNext, lists[id].HasNext)
				assert.Equal(t, want.NextCursor(), lists[id].NextCursor())
			}
		}
		counts, err := db.Identities.CountBySessions(ctx, []string{big.ID, small.ID, empty.ID}, models.ContactFilter{})
		require.NoError(t, err)
		assert.Equal(t, map[string]int{big.ID: 5, small.ID: 1}, counts)
	})
}

// TestPeopleOfAnUndoneTransaction: who was new in it is not remembered.
func TestPeopleOfAnUndoneTransaction(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		failed := errors.New("a later step")
		err := db.Upserting(ctx, session.ID, func(upsert func(...models.Person) ([]int64, error)) error {
			for range 2 {
				if _, err := upsert(lid("1")); err != nil {
					return err
				}
			}
			return failed
		})
		require.ErrorIs(t, err, failed)
		again, err := db.Identities.Upsert(ctx, session.ID, []models.Person{lid("1")})
		require.NoError(t, err)
		stored, err := db.Identities.Get(ctx, session.ID, "1@lid")
		require.NoError(t, err)
		assert.Equal(t, stored.ID, again[0])
		// From the second time on it is remembered.
		for range 2 {
			same, err := db.Identities.Upsert(ctx, session.ID, []models.Person{lid("1")})
			require.NoError(t, err)
			assert.Equal(t, again, same)
		}
	})
}
