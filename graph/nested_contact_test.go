package graph_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

type contactsAnswer struct {
	Session struct {
		Contacts struct {
			TotalCount int
			Nodes      []struct {
				LID    string
				DM     *struct{ LastMessage struct{ Body string } }
				Groups []struct {
					JID, Role string
					Tag       *string
					Group     struct {
						Subject string
						Members struct{ TotalCount int }
					}
				}
			}
		}
	}
}

// Chats and groups of contacts are read together, wherever the contacts come from.
func TestWhatContactsAreIn(t *testing.T) {
	t.Parallel()
	graphtest.EachCounted(t, func(t *testing.T, s *graphtest.Server, counter *modelstest.Statements) {
		key := s.Key(t, models.Read)
		one, many := s.SessionOf(t, graphtest.Organization), s.SessionOf(t, graphtest.Organization)
		fill := func(session string, people, groups int) {
			for n := range groups {
				syncGroup(t, s, session, n, people)
			}
			list, err := s.DB.Identities.List(t.Context(), session, models.ContactFilter{}, models.Page{})
			require.NoError(t, err)
			for _, i := range list.Items {
				person := models.Person{LID: i.LID, PhoneJID: i.PhoneJID}
				_, _, err := s.DB.Messages.Receive(t.Context(), session, models.NewMessage{
					Chat: models.ChatAddress{Type: models.ChatDM, Person: person}, Sender: person,
					WAMessageID: "M" + i.LID, Type: models.MessageText, Body: "from " + i.LID, Timestamp: models.Now(),
				})
				require.NoError(t, err)
			}
		}
		fill(one.ID, 1, 1)
		fill(many.ID, 25, 4)
		const nested = `dm { lastMessage { body } } groups { jid role tag group { subject members(first: 1) { totalCount } } }`
		for name, query := range map[string]string{
			"contacts": `query($s: ID!) { session(id: $s) { contacts(first: 30, filter: {q: "person", source: GROUP}) { totalCount nodes { lid ` + nested + ` } } } }`,
			"chats":    `query($s: ID!) { session(id: $s) { chats(first: 30) { nodes { contact { lid ` + nested + ` } } } } }`,
			"members":  `query($s: ID!) { session(id: $s) { groups(first: 5) { nodes { members(first: 30) { nodes { contact { lid ` + nested + ` } } } } } } }`,
			"messages": `query($s: ID!) { session(id: $s) { chats(first: 30) { nodes { messages(first: 5) { nodes { sender { lid ` + nested + ` } } } } } } }`,
		} {
			ask := func(session string) (statements []string, answer contactsAnswer) {
				statements = counter.Fewest(func() { s.Get(t, key, query, map[string]any{"s": session}, &answer) })
				return statements, answer
			}
			_, _ = ask(one.ID) // the key's use is noted once a minute
			few, _ := ask(one.ID)
			all, answer := ask(many.ID)
			assert.Len(t, all, len(few), "%s of 25:\n%s\nof 1:\n%s", name, strings.Join(all, "\n"), strings.Join(few, "\n"))
			if name != "contacts" {
				continue
			}
			assert.Equal(t, 25, answer.Session.Contacts.TotalCount)
			require.Len(t, answer.Session.Contacts.Nodes, 25)
			for _, contact := range answer.Session.Contacts.Nodes {
				require.NotNil(t, contact.DM, contact.LID)
				assert.Equal(t, "from "+contact.LID, contact.DM.LastMessage.Body)
				require.Len(t, contact.Groups, 4)
				for _, in := range contact.Groups {
					assert.Equal(t, 25, in.Group.Members.TotalCount)
					assert.NotEmpty(t, in.Role)
				}
			}
		}
	})
}

func TestContactsAreFiltered(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	key := s.Key(t, models.Read)
	session := s.SessionOf(t, graphtest.Organization)
	group := syncGroup(t, s, session.ID, 0, 5)
	alone := models.Person{LID: "99999999999999@lid", ContactName: "Zoë"}
	_, err := s.DB.Identities.Upsert(t.Context(), session.ID, []models.Person{alone})
	require.NoError(t, err)
	for filter, want := range map[string]int{
		``: 6, `(filter: {})`: 6, `(filter: null)`: 6, `(filter: {source: null, group: null, q: null})`: 6,
		`(filter: {source: DM})`: 0, `(filter: {source: GROUP})`: 5, `(filter: {group: "` + group.JID + `"})`: 5,
		`(filter: {q: "ZOË"})`: 1, `(filter: {q: "ZOË", source: GROUP})`: 0,
	} {
		var answer contactsAnswer
		s.Get(t, key, `{ session(id: "`+session.ID+`") { contacts`+filter+` { totalCount nodes { lid } } } }`, nil, &answer)
		assert.Equal(t, want, answer.Session.Contacts.TotalCount, filter)
		assert.Len(t, answer.Session.Contacts.Nodes, want, filter)
	}
	for _, bad := range []string{`{q: "` + strings.Repeat("x", 101) + `"}`, `{group: "x"}`, `{q: "a\u0000"}`} {
		r := s.Post(t, key, `{ session(id: "`+session.ID+`") { contacts(filter: `+bad+`) { totalCount } } }`, nil)
		assert.Equal(t, "VALIDATION_ERROR", r.Code(), bad)
	}
}
