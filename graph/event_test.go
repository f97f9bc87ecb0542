package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
)

// everyField asks for everything that the types of events have of their own.
const everyField = `id type sessionId organizationId timestamp payload __typename
	... on MessageEvent { message { chatJid waMessageId body type direction ackLevel mentions edited timestamp senderJid senderLid } }
	... on MessageStatusEvent { waMessageId chatJid ackLevel status participantJid error outboxId }
	... on MessageUndecryptableEvent { waMessageId chatJid senderJid reason }
	... on SessionStatusEvent { sessionStatus statusReason }
	... on PairingEvent { code expiresAt }
	... on ChatEvent { chatJid unreadCount }
	... on GroupEvent { groupJid memberAction memberJids }
	... on ContactEvent { lid phoneJid name }
	... on ReactionEvent { chatJid waMessageId senderJid fromMe emoji }
	... on PollVoteEvent { chatJid waMessageId voterJid options }
	... on PresenceEvent { chatJid senderJid state }
	... on CallEvent { callId fromJid action video }
	... on HistorySyncedEvent { chats messages progress }`

// TestEventsAreTyped: each event of the contract by its type, its own fields from
// its payload.
func TestEventsAreTyped(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session := s.SessionOf(t, graphtest.Organization)
	const chat, group, lid = "6281234567890@s.whatsapp.net", "120363021234567890@g.us", "205227043110953@lid"
	message := contract.Message{
		ID: 9912, ChatJID: chat, WAMessageID: "3EB0", Body: "Hi", Type: "text", Direction: "in", AckLevel: 2,
		Mentions: []string{chat}, Edited: true, Timestamp: 1719662400000, SenderJID: chat, SenderLID: lid, SessionID: session.ID,
	}
	const asMessage = `"message":{"chatJid":"` + chat + `","waMessageId":"3EB0","body":"Hi","type":"TEXT","direction":"IN","ackLevel":2,"mentions":["` + chat + `"],"edited":true,"timestamp":"2024-06-29T12:00:00.000Z","senderJid":"` + chat + `","senderLid":"` + lid + `"}`
	cases := []struct {
		name    models.EventName
		payload any
		typed   string
		fields  string
	}{
		{models.EventMessage, message, "MessageEvent", asMessage},
		{models.EventMessageEdited, message, "MessageEvent", asMessage},
		{models.EventMessageRevoked, message, "MessageEvent", asMessage},
		{models.EventChannelMessage, message, "MessageEvent", asMessage},
		{models.EventMessageStatus, contract.MessageStatus{WAMessageID: "3EB0", ChatJID: chat, AckLevel: 3, Status: "read", ParticipantJID: chat}, "MessageStatusEvent",
			`"waMessageId":"3EB0","chatJid":"` + chat + `","ackLevel":3,"status":"read","participantJid":"` + chat + `","error":null,"outboxId":null`},
		{models.EventMessageStatus, contract.MessageStatus{WAMessageID: "3EB0", ChatJID: chat, AckLevel: -1, Status: "failed", Error: "refused", OutboxID: "01J"}, "MessageStatusEvent",
			`"waMessageId":"3EB0","chatJid":"` + chat + `","ackLevel":-1,"status":"failed","participantJid":null,"error":"refused","outboxId":"01J"`},
		{models.EventMessageUndecryptable, contract.Undecryptable{WAMessageID: "3EB0", ChatJID: chat, Reason: "view_once"}, "MessageUndecryptableEvent",
			`"waMessageId":"3EB0","chatJid":"` + chat + `","senderJid":null,"reason":"view_once"`},
		{models.EventSessionStatus, contract.Session{Status: "scan_qr_code"}, "SessionStatusEvent", `"sessionStatus":"SCAN_QR_CODE","statusReason":null`},
		{models.EventSessionStatus, contract.Session{Status: "failed", StatusReason: "banned"}, "SessionStatusEvent", `"sessionStatus":"FAILED","statusReason":"banned"`},
		{models.EventAuthQR, contract.QR{Code: "2@a", ExpiresAt: 1719662400000}, "PairingEvent", `"code":"2@a","expiresAt":"2024-06-29T12:00:00.000Z"`},
		{models.EventAuthPairingCode, contract.PairingCode{Code: "ABCD-1234", ExpiresAt: 1719662400000}, "PairingEvent", `"code":"ABCD-1234","expiresAt":"2024-06-29T12:00:00.000Z"`},
		{models.EventChatUpdated, contract.Chat{JID: chat, UnreadCount: 3}, "ChatEvent", `"chatJid":"` + chat + `","unreadCount":3`},
		{models.EventContactUpdated, contract.Identity{LID: lid, Name: "Alice"}, "ContactEvent", `"lid":"` + lid + `","phoneJid":null,"name":"Alice"`},
		{models.EventGroupUpdated, contract.Group{GroupJID: group}, "GroupEvent", `"groupJid":"` + group + `","memberAction":null,"memberJids":[]`},
		{models.EventGroupMembers, contract.GroupMembersChange{GroupJID: group, Action: "join", Members: []contract.Participant{{JID: chat}}}, "GroupEvent",
			`"groupJid":"` + group + `","memberAction":"join","memberJids":["` + chat + `"]`},
		{models.EventMessageReaction, contract.ReactionChange{ChatJID: chat, WAMessageID: "3EB0", SenderJID: chat, Emoji: "👍"}, "ReactionEvent",
			`"chatJid":"` + chat + `","waMessageId":"3EB0","senderJid":"` + chat + `","fromMe":false,"emoji":"👍"`},
		{models.EventPollVote, contract.PollVote{ChatJID: chat, WAMessageID: "3EB0", VoterJID: chat, Options: []string{"a"}}, "PollVoteEvent",
			`"chatJid":"` + chat + `","waMessageId":"3EB0","voterJid":"` + chat + `","options":["a"]`},
		{models.EventPollVote, contract.PollVote{ChatJID: chat, WAMessageID: "3EB0"}, "PollVoteEvent",
			`"chatJid":"` + chat + `","waMessageId":"3EB0","voterJid":null,"options":[]`},
		{models.EventPresence, contract.Presence{ChatJID: chat, SenderJID: chat, State: "composing"}, "PresenceEvent",
			`"chatJid":"` + chat + `","senderJid":"` + chat + `","state":"composing"`},
		{models.EventCall, contract.Call{CallID: "C", FromJID: chat, Action: "offer", Video: true}, "CallEvent",
			`"callId":"C","fromJid":"` + chat + `","action":"offer","video":true`},
		{models.EventHistorySynced, contract.HistorySynced{Chats: 2, Messages: 3, Progress: 7}, "HistorySyncedEvent", `"chats":2,"messages":3,"progress":7`},
		{models.EventMessage, map[string]any{"ackLevel": "not a number"}, "OtherEvent", ""}, // nothing is thrown away
	}
	tried := map[models.EventName]bool{}
	var events []eventlog.Event
	for _, c := range cases {
		tried[c.name] = true
		events = append(events, graphtest.EventOf(graphtest.Organization, session.ID, c.name, c.payload))
	}
	assert.Len(t, tried, len(models.EventNames()), "every event of the contract")
	graphtest.Append(t, s.Resolver.Events, events...)

	var page struct {
		Events struct {
			Nodes []json.RawMessage
			Edges []struct{ Cursor string }
		}
	}
	key := s.Key(t, models.Read)
	s.Get(t, key, `{ events(first: 200) { nodes { `+everyField+` } edges { cursor } } }`, nil, &page)
	require.Len(t, page.Events.Nodes, len(cases))
	stream := s.Subscribe(t, key, `subscription($after: ID) { events(after: $after) { `+everyField+` } }`, map[string]any{"after": events[0].ID})
	defer stream.Close()
	for i, c := range cases {
		typename := strings.ToUpper(strings.ReplaceAll(string(c.name), ".", "_"))
		want := `{"id":"` + events[i].ID + `","type":"` + typename + `","sessionId":"` + session.ID + `","organizationId":"` + graphtest.Organization +
			`","timestamp":"` + models.Millis(events[i].At).Time().UTC().Format("2006-01-02T15:04:05.000Z") + `","payload":` + string(events[i].Payload) + `,"__typename":"` + c.typed + `"`
		if c.fields != "" {
			want += "," + c.fields
		}
		assert.Equal(t, want+"}", string(page.Events.Nodes[i]), "%d", i)
		assert.Equal(t, events[i].ID, page.Events.Edges[i].Cursor)
		if i > 0 {
			assert.JSONEq(t, `{"events":`+want+`}}`, string(stream.Next(t).Data), "the same in the stream")
		}
	}
}

func TestEventsByPages(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session, sibling := s.SessionOf(t, graphtest.Organization), s.SessionOf(t, graphtest.Organization)
	var events []eventlog.Event
	for i := range 12 {
		of := []*models.Session{session, sibling}[i%2]
		events = append(events, graphtest.EventOf(graphtest.Organization, of.ID, []models.EventName{models.EventMessage, models.EventMessage, models.EventCall}[i%3], map[string]any{}))
	}
	foreign := graphtest.EventOf("other", session.ID, models.EventMessage, map[string]any{})
	graphtest.Append(t, s.Resolver.Events, append([]eventlog.Event{foreign}, events...)...)

	type page struct {
		Events struct {
			Nodes    []struct{ ID string }
			PageInfo struct {
				HasNextPage, HasPreviousPage bool
				StartCursor, EndCursor       *string
			}
		}
	}
	const query = `query($s: ID, $t: [EventType!], $n: Int, $a: ID) { events(sessionId: $s, types: $t, first: $n, after: $a) {
		nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
	read := func(key string, variables map[string]any) (p page) {
		t.Helper()
		s.Get(t, key, query, variables, &p)
		return p
	}
	key := s.Key(t, models.Read)
	p := read(key, map[string]any{"n": 5})
	assert.Len(t, p.Events.Nodes, 5)
	assert.True(t, p.Events.PageInfo.HasNextPage)
	assert.False(t, p.Events.PageInfo.HasPreviousPage)
	assert.Equal(t, events[0].ID, *p.Events.PageInfo.StartCursor)
	assert.Equal(t, events[4].ID, *p.Events.PageInfo.EndCursor)
	p = read(key, map[string]any{"n": 7, "a": events[4].ID})
	assert.Equal(t, events[11].ID, p.Events.Nodes[6].ID)
	assert.False(t, p.Events.PageInfo.HasNextPage)
	assert.True(t, p.Events.PageInfo.HasPreviousPage)

	p = read(key, map[string]any{"t": []string{"CALL"}, "s": session.ID, "a": events[7].ID})
	require.Len(t, p.Events.Nodes, 1)
	assert.Equal(t, events[8].ID, p.Events.Nodes[0].ID)
	assert.Equal(t, events[11].ID, *p.Events.PageInfo.EndCursor, "the last that was looked at")
	p = read(key, map[string]any{"t": []string{"PRESENCE"}})
	assert.Empty(t, p.Events.Nodes)
	assert.Nil(t, p.Events.PageInfo.StartCursor)
	assert.Equal(t, events[11].ID, *p.Events.PageInfo.EndCursor)

	limited := s.KeyOf(t, models.NewAPIKey{OrganizationID: graphtest.Organization, Capabilities: models.CapabilitySet{models.Read}, SessionID: session.ID})
	assert.Len(t, read(limited, nil).Events.Nodes, 6, "a key of one session sees only that")
	for code, variables := range map[string]map[string]any{
		"NOT_FOUND":        {"s": ""},
		"VALIDATION_ERROR": {"t": []string{}},
	} {
		assert.Equal(t, code, s.Post(t, key, query, variables).Code())
	}
	for _, bad := range []string{"nonsense", foreign.ID} {
		r := s.Post(t, key, query, map[string]any{"a": bad})
		require.NotEmpty(t, r.Errors)
		assert.Equal(t, "invalid_cursor", r.Errors[0].Extensions.Reason)
	}
	assert.Equal(t, "GRAPHQL_VALIDATION_FAILED", s.Post(t, key, `{ events(types: [NOPE]) { nodes { id } } }`, nil).Code())
}

// TestEventsKnowTheirMessages: from the message of an event to its chat and its
// sender, for a page of events with as many statements as for one.
func TestEventsKnowTheirMessages(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			counter := modelstest.CountStatements()
			s := graphtest.New(t, dialect, func(setup *graphtest.Setup) { setup.Database = append(setup.Database, counter.Hook()) })
			session, key := s.SessionOf(t, graphtest.Organization), s.Key(t, models.Read)
			const people = 25
			for i := range people {
				person := models.Person{PhoneJID: fmt.Sprintf("%d@s.whatsapp.net", 6281234567890+i), PushName: fmt.Sprintf("Person %d", i)}
				_, _, err := s.DB.Messages.Receive(t.Context(), session.ID, models.NewMessage{
					Chat: models.ChatAddress{Type: models.ChatDM, Person: person}, Sender: person,
					WAMessageID: fmt.Sprintf("3EB0%d", i), Type: models.MessageText, Body: "Hi", Timestamp: models.Now(),
				})
				require.NoError(t, err)
			}
			stored, err := eventlog.NewOutboxSource(s.DB.Outbox).Next(t.Context(), 1000, nil)
			require.NoError(t, err)
			graphtest.Append(t, s.Resolver.Events, stored...)

			var page struct {
				Events struct {
					Nodes []struct {
						Message struct {
							Chat   struct{ Name, JID string }
							Sender struct{ Name string }
						}
					}
				}
			}
			ask := func(n int) []string {
				return counter.Fewest(func() {
					s.Get(t, key, `query($n: Int) { events(first: $n, types: [MESSAGE]) { nodes { ... on MessageEvent { message { chat { name jid } sender { name } } } } } }`,
						map[string]any{"n": n}, &page)
				})
			}
			ask(1) // the key's use is noted once a minute
			few, many := ask(1), ask(people)
			require.Len(t, page.Events.Nodes, people)
			assert.Len(t, many, len(few), "25 events:\n%s\n1 event:\n%s", strings.Join(many, "\n"), strings.Join(few, "\n"))
			for i, node := range page.Events.Nodes {
				assert.Equal(t, fmt.Sprintf("Person %d", i), node.Message.Chat.Name)
				assert.Equal(t, fmt.Sprintf("Person %d", i), node.Message.Sender.Name)
			}
		})
	}
}
