package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// TestPagingThroughAChat: each message once, the latest first, also those of one
// time; cursors of other chats, other lists and of nobody are refused.
func TestPagingThroughAChat(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		key := s.Key(t, models.Read)
		session := s.SessionOf(t, graphtest.Organization)
		for n := range 205 {
			_, _, err := s.DB.Messages.Receive(t.Context(), session.ID, models.NewMessage{
				Chat: models.ChatAddress{Type: models.ChatDM, Person: person(1)}, Sender: person(1), Type: models.MessageText,
				WAMessageID: fmt.Sprint(n), Body: fmt.Sprint(n), Timestamp: models.Millis(1_700_000_000_000 + n/10),
			})
			require.NoError(t, err)
		}
		talk(t, s, session.ID, models.ChatAddress{Type: models.ChatDM, Person: person(2)}, person(2), 2)
		const query = `query($s: ID!, $c: JID!, $after: String, $first: Int) { chat(sessionId: $s, jid: $c) { messages(first: $first, after: $after) {
				totalCount nodes { body } pageInfo { hasNextPage hasPreviousPage endCursor } } } }`
		variables := func(of models.Person, first int, after any) map[string]any {
			return map[string]any{"s": session.ID, "c": of.PhoneJID, "first": first, "after": after}
		}
		var after any
		var seen []string
		for more, pages := true, 0; more; pages++ {
			require.Less(t, pages, 6)
			var a struct {
				Chat struct {
					Messages struct {
						TotalCount int
						Nodes      []struct{ Body string }
						PageInfo   struct {
							HasNextPage, HasPreviousPage bool
							EndCursor                    string
						}
					}
				}
			}
			s.Get(t, key, query, variables(person(1), 41, after), &a)
			list := a.Chat.Messages
			assert.Equal(t, 205, list.TotalCount)
			assert.Equal(t, pages > 0, list.PageInfo.HasPreviousPage)
			for _, m := range list.Nodes {
				seen = append(seen, m.Body)
			}
			after, more = list.PageInfo.EndCursor, list.PageInfo.HasNextPage
		}
		require.Len(t, seen, 205)
		for i, body := range seen {
			require.Equal(t, fmt.Sprint(204-i), body)
		}
		for what, r := range map[string]*graphtest.Response{
			"another chat's": s.Post(t, key, query, variables(person(2), 5, after)),
			"another list's": s.Post(t, key, `query($s: ID!, $after: String) { session(id: $s) { chats(after: $after) { totalCount } } }`, map[string]any{"s": session.ID, "after": after}),
			"forged":         s.Post(t, key, query, variables(person(1), 5, "AAAA")),
			"cut":            s.Post(t, key, query, variables(person(1), 5, after.(string)[1:])),
			"huge":           s.Post(t, key, query, variables(person(1), 5, strings.Repeat("A", 5000))),
		} {
			require.Equal(t, "VALIDATION_ERROR", r.Code(), "%s: %s", what, r.Body)
			assert.Equal(t, "invalid_cursor", r.Errors[0].Extensions.Reason, what)
		}
	})
}

// TestNodesOfChats: what a caller may see is found by its id, by nobody else.
func TestNodesOfChats(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	mine := own(t, s, graphtest.Organization)
	sibling := own(t, s, graphtest.Organization)
	_, err := s.DB.Labels.Save(t.Context(), mine.session, models.Label{WALabelID: "1", Name: "Orders"})
	require.NoError(t, err)
	_, err = s.DB.Calls.Heard(t.Context(), mine.session, models.CallNews{CallID: "CALL", Action: models.CallOffer, Caller: models.Person{LID: "1@lid"}})
	require.NoError(t, err)
	type node struct{ ID string }
	var a struct {
		Message struct {
			ID   string
			Chat node
		}
		Channel, Call node
		Session       struct{ Labels []node }
	}
	s.Get(t, s.Key(t, models.Read), mine.in(`{ message(sessionId: "SESSION", waMessageId: "MESSAGE") { id chat { id } }
		channel(sessionId: "SESSION", jid: "`+ownedChannel+`") { id } call(sessionId: "SESSION", callId: "CALL") { id } session(id: "SESSION") { labels { id } } }`), nil, &a)
	require.Len(t, a.Session.Labels, 1)
	limited := func(to owned) string {
		return s.KeyOf(t, models.NewAPIKey{OrganizationID: graphtest.Organization, SessionID: to.session, Capabilities: models.CapabilitySet{models.Read, models.Manage}})
	}
	stranger := s.KeyOf(t, models.NewAPIKey{OrganizationID: "other", Capabilities: models.CapabilitySet{models.Read, models.Manage}})
	_, err = s.DB.Organizations.Ensure(t.Context(), "other", "")
	require.NoError(t, err)
	readers := map[string]bool{s.Key(t, models.Read): true, limited(mine): true, s.Key(t, models.Manage): false, limited(sibling): false, stranger: false}
	for id, c := range map[string]struct {
		typename string
		finds    map[string]bool // by credential
	}{
		a.Message.ID:           {"Message", readers},
		a.Message.Chat.ID:      {"Chat", readers},
		a.Channel.ID:           {"Channel", readers},
		a.Call.ID:              {"Call", readers},
		a.Session.Labels[0].ID: {"Label", readers},
		mine.webhook:           {"Webhook", map[string]bool{s.Key(t, models.Read): false, limited(mine): false, s.Key(t, models.Manage): true, stranger: false}},
		"chat:0":               {"", map[string]bool{s.Key(t, models.Read): false}},
		"message:x":            {"", map[string]bool{s.Key(t, models.Read): false}},
		"wh_x":                 {"", map[string]bool{s.Key(t, models.Manage): false}},
	} {
		for credential, found := range c.finds {
			r := s.Post(t, credential, `query($id: ID!) { node(id: $id) { __typename id } }`, map[string]any{"id": id})
			if !found {
				assert.Equal(t, "NOT_FOUND", r.Code(), "%s: %s", id, r.Body)
				continue
			}
			require.Empty(t, r.Errors, "%s: %s", id, r.Body)
			assert.JSONEq(t, `{"node":{"__typename":"`+c.typename+`","id":"`+id+`"}}`, string(r.Data))
		}
	}
}

// TestTalking: Bert asks, Anna reads and answers, over GraphQL.
func TestTalking(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		key := s.Key(t, models.Read, models.Send)
		session, anna := s.PairedSession("491700000000", "Anna")
		bert := s.Phone("491700000001", "Bert")
		id, err := bert.SendText(whatsapptest.Within(t), anna.JID(), "Are you there?")
		require.NoError(t, err)
		in := func(query string) string {
			return strings.NewReplacer("$session", `"`+session.ID+`"`, "$bert", `"`+bert.JID().String()+`"`, "$id", `"`+id+`"`).Replace(query)
		}
		question := in(`{ message(sessionId: $session, waMessageId: $id) { body direction sender { name } chat { unreadCount contact { phoneNumber } } } }`)
		var r *graphtest.Response
		require.Eventually(t, func() bool {
			r = s.Post(t, key, question, nil)
			return len(r.Errors) == 0
		}, whatsapptest.Patience, 10*time.Millisecond)
		assert.JSONEq(t, `{"message":{"body":"Are you there?","direction":"IN","sender":{"name":"Bert"},"chat":{"unreadCount":1,"contact":{"phoneNumber":"491700000001"}}}}`, string(r.Data))

		r = s.Post(t, key, in(`mutation { readChat(sessionId: $session, input: {jid: $bert, receipts: true}) { chat { unreadCount } } }`), nil)
		require.Empty(t, r.Errors, r.Body)
		assert.JSONEq(t, `{"readChat":{"chat":{"unreadCount":0}}}`, string(r.Data))
		_, err = bert.WaitReceipt(whatsapptest.Within(t), func(r wasim.PhoneReceipt) bool { return r.Type == "read" && r.IDs[0] == id })
		require.NoError(t, err)

		answer := in(`mutation { sendMessage(sessionId: $session, input: {to: $bert, content: {text: {text: "Yes"}}, replyTo: $id, idempotencyKey: "k"}) {
				mode replayed waMessageId message { waMessageId body direction fromMe quoted { body } chat { lastMessage { body } } } } }`)
		for _, replayed := range []bool{false, true} {
			var a struct {
				SendMessage struct {
					Mode, WAMessageID string
					Replayed          bool
					Message           struct {
						WAMessageID, Body, Direction string
						FromMe                       bool
						Quoted                       struct{ Body string }
						Chat                         struct{ LastMessage struct{ Body string } }
					}
				}
			}
			s.Get(t, key, answer, nil, &a)
			sent := a.SendMessage
			assert.Equal(t, replayed, sent.Replayed)
			assert.Equal(t, []any{"SYNC", sent.WAMessageID, "Yes", "OUT", true}, []any{sent.Mode, sent.Message.WAMessageID, sent.Message.Body, sent.Message.Direction, sent.Message.FromMe})
			assert.Equal(t, "Are you there?", sent.Message.Quoted.Body)
			assert.Equal(t, "Yes", sent.Message.Chat.LastMessage.Body)
			_, err = bert.WaitMessage(whatsapptest.Within(t), func(m wasim.PhoneMessage) bool { return m.ID == sent.WAMessageID && m.Text == "Yes" })
			require.NoError(t, err)
		}
		assert.Len(t, bert.Messages(), 2, "the question and one answer")
		// Bert's phone says that it has come; the message and its receipts are read apart.
		require.Eventually(t, func() bool {
			r = s.Post(t, key, in(`{ chat(sessionId: $session, jid: $bert) { lastMessage { ackLevel receipts { ackLevel participant { name } } } } }`), nil)
			return len(r.Errors) == 0 && strings.Contains(string(r.Data), `"lastMessage":{"ackLevel":2`)
		}, whatsapptest.Patience, 10*time.Millisecond)
		assert.JSONEq(t, `{"chat":{"lastMessage":{"ackLevel":2,"receipts":[{"ackLevel":2,"participant":{"name":"Bert"}}]}}}`, string(r.Data))
	})
}

// TestChangingAChat: archived, labelled and found by filters, over GraphQL, with a
// phone that follows.
func TestChangingAChat(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		key := s.Key(t, models.Read, models.Send)
		session, anna := s.PairedSession("491700000000", "Anna")
		bert := s.Phone("491700000001", "Bert")
		// With the first app state come the keys to write it.
		s.Wait(session.ID, func(u whatsapp.PairingUpdate) bool { return u.Session.PushName != "" })
		id, err := bert.SendText(whatsapptest.Within(t), anna.JID(), "Hello")
		require.NoError(t, err)
		in := func(query string) string {
			return strings.NewReplacer("$session", `"`+session.ID+`"`, "$bert", `"`+bert.JID().String()+`"`, "$id", `"`+id+`"`).Replace(query)
		}
		require.Eventually(t, func() bool {
			return len(s.Post(t, key, in(`{ chat(sessionId: $session, jid: $bert) { id } }`), nil).Errors) == 0
		}, whatsapptest.Patience, 10*time.Millisecond)
		expect := func(query, want string) {
			t.Helper()
			r := s.Post(t, key, in(query), nil)
			require.Empty(t, r.Errors, r.Body)
			assert.JSONEq(t, want, string(r.Data))
		}
		expect(`mutation { updateChat(sessionId: $session, input: {jid: $bert, archived: true, mutedUntil: "2030-01-01T00:00:00Z", markedUnread: true}) {
				chat { archived mutedUntil markedUnread ephemeralSeconds } } }`,
			`{"updateChat":{"chat":{"archived":true,"mutedUntil":"2030-01-01T00:00:00.000Z","markedUnread":true,"ephemeralSeconds":0}}}`)
		_, err = anna.WaitChat(whatsapptest.Within(t), bert.JID(), func(c wasim.ChatState) bool { return c.Archived && c.MarkedUnread })
		require.NoError(t, err)
		expect(`mutation { setDisappearingTimer(sessionId: $session, input: {jid: $bert, seconds: 604800}) { chat { ephemeralSeconds } } }`,
			`{"setDisappearingTimer":{"chat":{"ephemeralSeconds":604800}}}`)
		expect(`mutation { createLabel(sessionId: $session, input: {name: "Orders", color: 3}) { label { labelId name color } } }`,
			`{"createLabel":{"label":{"labelId":"1","name":"Orders","color":3}}}`)
		expect(`mutation { labelChat(sessionId: $session, labelId: "1", jid: $bert) { chat { labels { name } } } }`,
			`{"labelChat":{"chat":{"labels":[{"name":"Orders"}]}}}`)
		expect(`mutation { labelMessage(sessionId: $session, labelId: "1", input: {chat: $bert, waMessageId: $id}) { message { labels { labelId sessionId } } } }`,
			`{"labelMessage":{"message":{"labels":[{"labelId":"1","sessionId":"`+session.ID+`"}]}}}`)
		expect(`mutation { starMessage(sessionId: $session, input: {chat: $bert, waMessageId: $id}) { message { starred } } }`, `{"starMessage":{"message":{"starred":true}}}`)
		const chosen, none = `{"nodes":[{"name":"Bert"}],"totalCount":1}`, `{"nodes":[],"totalCount":0}`
		expect(`{ session(id: $session) { labels { labelId }
				a: chats(filter: {archived: true, unread: true, type: DM, labelId: "1", q: "bER"}) { nodes { name } totalCount }
				b: chats(filter: {archived: false}) { nodes { name } totalCount } c: chats(filter: {labelId: "2"}) { nodes { name } totalCount } } }`,
			`{"session":{"labels":[{"labelId":"1"}],"a":`+chosen+`,"b":`+none+`,"c":`+none+`}}`)
		expect(`mutation { unlabelChat(sessionId: $session, labelId: "1", jid: $bert) { chat { labels { name } } } }`, `{"unlabelChat":{"chat":{"labels":[]}}}`)
		expect(`mutation { updateLabel(sessionId: $session, labelId: "1", input: {name: "Paid"}) { label { name color } } }`, `{"updateLabel":{"label":{"name":"Paid","color":3}}}`)
		expect(`mutation { deleteLabel(sessionId: $session, labelId: "1") { label { name } } }`, `{"deleteLabel":{"label":{"name":"Paid"}}}`)
		expect(`mutation { clearChat(sessionId: $session, input: {jid: $bert}) { chat { unreadCount lastMessageAt messages { totalCount } } } }`,
			`{"clearChat":{"chat":{"unreadCount":0,"lastMessageAt":null,"messages":{"totalCount":0}}}}`)
		for query, code := range map[string]string{
			`mutation { updateLabel(sessionId: $session, labelId: "1", input: {name: "x"}) { label { id } } }`:                                                notFound,
			`mutation { createLabel(sessionId: $session, input: {name: "` + strings.Repeat("x", 101) + `"}) { label { id } } }`:                               invalid,
			`mutation { setDisappearingTimer(sessionId: $session, input: {jid: $bert, seconds: 60}) { chat { id } } }`:                                        invalid,
			`mutation { setDisappearingTimer(sessionId: $session, input: {jid: "1@newsletter", seconds: 0}) { chat { id } } }`:                                invalid,
			`mutation { starMessage(sessionId: $session, input: {chat: $bert, waMessageId: "gone"}) { message { id } } }`:                                     notFound,
			`mutation { starMessage(sessionId: $session, input: {chat: $bert, waMessageId: ""}) { message { id } } }`:                                         invalid,
			`mutation { subscribePresence(sessionId: $session, jid: "120363041234567890@g.us") { jid } }`:                                                     invalid,
			`{ session(id: $session) { chats(filter: {q: "` + strings.Repeat("x", 101) + `"}) { totalCount } } }`:                                             invalid,
			`mutation { updateChat(sessionId: $session, input: {jid: $bert, mutedUntil: "1969-01-01T00:00:00Z", archived: false}) { chat { id archived } } }`: invalid,
		} {
			assert.Equal(t, code, s.Post(t, key, in(query), nil).Code(), query)
		}
	})
}
