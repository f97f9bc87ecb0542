package models_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

func TestPeopleAreFound(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session, other := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		people := []models.Person{both("1", "6281234"), lid("2"), phone("6283333"), both("4", "4917099"), lid("5")}
		people[0].ContactName, people[0].PushName = "Änne Müller", "anni"
		people[1].PushName = "BJÖRK [*?] 100%_\\"
		people[2].BusinessName = "Straße & Söhne ^$.|()"
		people[3].ContactName = "Ελένη ΣΟΦΟΣ"
		for _, s := range []string{session.ID, other.ID} {
			_, err := db.Identities.Upsert(ctx, s, people)
			require.NoError(t, err)
		}
		from(t, db, session.ID, "A", people[0], people[0])
		from(t, db, session.ID, "B", people[2], people[2])
		sync := func(jid string, in ...models.Person) {
			_, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: jid, Subject: jid, Members: members(in...)})
			require.NoError(t, err)
		}
		sync("a@g.us", people[0], people[1], people[4])
		sync("a@g.us", people[0], people[1]) // the fifth has left
		sync("b@g.us", people[1], people[3])
		sync("gone@g.us", people[4])
		_, err := db.Groups.MarkLeft(ctx, session.ID, "gone@g.us", models.Person{})
		require.NoError(t, err)

		for _, test := range []struct {
			filter models.ContactFilter
			want   string
		}{
			{models.ContactFilter{}, "12345"},
			{models.ContactFilter{Source: models.FromDM}, "13"},
			{models.ContactFilter{Source: models.FromGroup}, "124"},
			{models.ContactFilter{GroupJID: "a@g.us"}, "12"},
			{models.ContactFilter{Source: models.FromGroup, GroupJID: "b@g.us"}, "24"},
			{models.ContactFilter{Source: models.FromDM, GroupJID: "a@g.us"}, "1"},
			{models.ContactFilter{GroupJID: "gone@g.us"}, ""},
			{models.ContactFilter{GroupJID: "none@g.us"}, ""},
			{models.ContactFilter{Query: "änn"}, "1"},
			{models.ContactFilter{Query: "ÄNNE mÜLL"}, "1"},
			{models.ContactFilter{Query: "ANNI"}, "1"},
			{models.ContactFilter{Query: "björk"}, "2"},
			{models.ContactFilter{Query: "[*?]"}, "2"},
			{models.ContactFilter{Query: "%"}, "2"},
			{models.ContactFilter{Query: "_\\"}, "2"},
			{models.ContactFilter{Query: "*"}, "2"},
			{models.ContactFilter{Query: "?"}, "2"},
			{models.ContactFilter{Query: "]"}, "2"},
			{models.ContactFilter{Query: "^$.|()"}, "3"},
			{models.ContactFilter{Query: "."}, "3"},
			{models.ContactFilter{Query: "straße"}, "3"},
			{models.ContactFilter{Query: "σοφος"}, "4"},
			{models.ContactFilter{Query: "8"}, "13"},
			{models.ContactFilter{Query: "+62 812"}, "1"},
			{models.ContactFilter{Query: "4917099"}, "4"},
			{models.ContactFilter{Query: "nobody"}, ""},
			{models.ContactFilter{Query: "***:a"}, ""},
			{models.ContactFilter{Query: "n", Source: models.FromDM, GroupJID: "a@g.us"}, "1"},
		} {
			list := func(p models.Page) (models.List[models.Identity], error) {
				return db.Identities.List(ctx, session.ID, test.filter, p)
			}
			numbered := func(found []models.Identity) (got string) {
				for _, i := range found {
					for n, p := range people {
						if p.LID == i.LID && p.PhoneJID == i.PhoneJID {
							got += fmt.Sprint(n + 1)
						}
					}
				}
				return got
			}
			all, err := list(models.Page{})
			require.NoError(t, err, "%+v", test.filter)
			assert.Equal(t, test.want, numbered(all.Items), "%+v", test.filter)
			assert.Equal(t, test.want, numbered(walk(t, 1, list)), "%+v, page by page", test.filter)
			lists, err := db.Identities.ListBySessions(ctx, []string{other.ID, session.ID}, test.filter, models.Page{Limit: 3})
			require.NoError(t, err)
			assert.Equal(t, test.want[:min(3, len(test.want))], numbered(lists[session.ID].Items), "%+v, of two sessions", test.filter)
			counts, err := db.Identities.CountBySessions(ctx, []string{session.ID, other.ID}, test.filter)
			require.NoError(t, err)
			assert.Equal(t, len(test.want), counts[session.ID], "%+v", test.filter)
			if test.filter.Source != "" || test.filter.GroupJID != "" {
				assert.Zero(t, counts[other.ID], "what one session has is not another's")
			}
		}
	})
}

func TestWhatPeopleAreIn(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		anna, bert := lid("1"), both("2", "6282")
		anna.PushName = "Anna"
		a, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "a@g.us", Subject: "A", Members: []models.MemberSnapshot{admin(anna), {Person: bert}}})
		require.NoError(t, err)
		b, err := db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "b@g.us", Subject: "B", Members: members(anna)})
		require.NoError(t, err)
		_, err = db.Groups.Sync(ctx, session.ID, models.GroupSnapshot{JID: "c@g.us", Members: members(anna)})
		require.NoError(t, err)
		_, err = db.Groups.MarkLeft(ctx, session.ID, "c@g.us", models.Person{})
		require.NoError(t, err)
		from(t, db, session.ID, "A", bert, bert)
		ids, err := db.Identities.Upsert(ctx, session.ID, []models.Person{anna, bert, lid("3")})
		require.NoError(t, err)

		in, err := db.Identities.MembershipsOf(ctx, ids)
		require.NoError(t, err)
		require.Len(t, in, 2)
		require.Len(t, in[ids[0]], 2)
		assert.Equal(t, models.Membership{GroupID: a.ID, GroupJID: "a@g.us", Subject: "A", Role: models.RoleAdmin, LastSeenAt: in[ids[0]][0].LastSeenAt, Tag: "~Anna"}, in[ids[0]][0])
		assert.NotZero(t, in[ids[0]][0].LastSeenAt)
		assert.Equal(t, "b@g.us", in[ids[0]][1].GroupJID)
		assert.Len(t, in[ids[1]], 1)
		groups, err := db.Groups.GetMany(ctx, []int64{a.ID, b.ID, -1})
		require.NoError(t, err)
		require.Len(t, groups, 2)
		assert.Equal(t, *b, groups[b.ID])
		chats, err := db.Chats.GetByIdentities(ctx, ids)
		require.NoError(t, err)
		require.Len(t, chats, 1)
		assert.Equal(t, "6282@s.whatsapp.net", chats[ids[1]].JID)
	})
}

// What is heard of strangers makes no contacts of them; what is heard of contacts
// is learnt.
func TestCompletingPeople(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		ids, err := db.Identities.Upsert(ctx, session.ID, []models.Person{phone("6281"), lid("2"), phone("6282")})
		require.NoError(t, err)
		business := both("1", "6281")
		business.BusinessName = "Acme"
		require.NoError(t, db.Identities.Complete(ctx, session.ID, []models.Person{business, both("2", "6282"), both("9", "6289")}))
		require.NoError(t, db.Identities.Complete(ctx, session.ID, nil))
		list, err := db.Identities.List(ctx, session.ID, models.ContactFilter{}, models.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 2, "two became one, nobody is new")
		assert.Equal(t, ids[0], list.Items[0].ID)
		assert.Equal(t, "1@lid", list.Items[0].LID)
		assert.Equal(t, "Acme", list.Items[0].BusinessName)
		assert.Equal(t, "6282", list.Items[1].PhoneNumber)
		found, err := db.Identities.FindMany(ctx, session.ID, []models.Person{lid("1"), phone("6282"), lid("9")})
		require.NoError(t, err)
		assert.Len(t, found, 4)
		assert.Equal(t, list.Items[1], found["2@lid"])
	})
}

// Both databases find what Go finds: parts of names with letters of several
// alphabets and every character that means something in a pattern.
func TestNamesAreFoundAsGoFindsThem(t *testing.T) {
	t.Parallel()
	fold := func(s string) string {
		return strings.Map(func(r rune) rune {
			least := r
			for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
				least = min(least, other)
			}
			return least
		}, s)
	}
	alphabet := []rune(`aAbBäÄßẞσςΣкК1 *?[]^-\.+(){}|$!"'%_,:#=<&@~` + "\n\tİıſkKÅå😀")
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		random := rand.New(rand.NewPCG(3, 3))
		word := func(length int) string {
			var b strings.Builder
			for range length {
				b.WriteRune(alphabet[random.IntN(len(alphabet))])
			}
			return b.String()
		}
		session := modelstest.Session(t, db, "org")
		var people []models.Person
		for n := range 200 {
			p := lid(fmt.Sprint(n))
			p.PushName = word(1 + random.IntN(12))
			people = append(people, p)
		}
		_, err := db.Identities.Upsert(t.Context(), session.ID, people)
		require.NoError(t, err)
		hits := 0
		for range 300 {
			query := word(1 + random.IntN(3))
			var want, got []string
			for _, p := range people {
				if strings.Contains(fold(p.PushName), fold(query)) {
					want = append(want, p.PushName)
				}
			}
			list, err := db.Identities.List(t.Context(), session.ID, models.ContactFilter{Query: query}, models.Page{})
			require.NoError(t, err, "%q", query)
			for _, i := range list.Items {
				got = append(got, i.PushName)
			}
			require.Equal(t, want, got, "%q", query)
			hits += len(got)
		}
		assert.Greater(t, hits, 1000)
	})
}
