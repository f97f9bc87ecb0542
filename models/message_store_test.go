package models_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// outbox gives the events that wait, as "name key", but for those of people: they
// have tests of their own.
func outbox(t testing.TB, db *models.DB) (events []string) {
	t.Helper()
	all, err := db.Outbox.Next(t.Context(), 1000)
	require.NoError(t, err)
	for _, e := range all {
		if e.Name != models.EventContactUpdated {
			events = append(events, string(e.Name)+" "+e.Key)
		}
	}
	return events
}

const (
	aliceLID   = "205227043110953@lid"
	alicePhone = "6281234567890@s.whatsapp.net"
	teamJID    = "120363041234567890@g.us"
)

// written is a message of the account itself in the chat with Alice.
func written(id string) models.NewMessage {
	m := incoming(id)
	m.Sender, m.FromMe, m.AckLevel = models.Person{LID: "100000000000001@lid", PhoneJID: "4917000000001@s.whatsapp.net"}, true, models.AckServer
	return m
}

// inTeam is a message from a person in a group.
func inTeam(id string, sender models.Person) models.NewMessage {
	return models.NewMessage{
		Chat: models.ChatAddress{Type: models.ChatGroup, JID: teamJID}, Sender: sender, WAMessageID: id,
		Type: models.MessageText, Body: id, Timestamp: models.Now(),
	}
}

func TestReceive(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		given := incoming("A1")
		given.Mentions, given.QuotedID, given.HasMedia = []string{aliceLID}, "Q", true
		stored, fresh, err := db.Messages.Receive(ctx, session.ID, given)
		require.NoError(t, err)
		assert.True(t, fresh)
		assert.Equal(t, alicePhone, stored.ChatJID)
		assert.Equal(t, alicePhone, stored.SenderJID)
		assert.Equal(t, aliceLID, stored.SenderLID)

		read, err := db.Messages.Get(ctx, session.ID, "A1")
		require.NoError(t, err)
		assert.Equal(t, stored, read, "what Receive gives is what is stored")
		raw, err := db.Messages.Raw(ctx, stored.ID)
		require.NoError(t, err)
		assert.Equal(t, "raw A1", string(raw))

		events, err := db.Outbox.Next(ctx, 10)
		require.NoError(t, err)
		require.Len(t, events, 2)
		require.Equal(t, models.EventContactUpdated, events[0].Name, "somebody with a name is new")
		events = events[1:]
		e := events[0]
		assert.Equal(t, models.EventMessage, e.Name)
		assert.Equal(t, alicePhone, e.Key)
		assert.Equal(t, session.ID, e.SessionID)
		assert.Equal(t, "org", e.OrganizationID)
		assert.Regexp(t, `^evt_[0-9A-Z]{26}$`, e.ID)
		var shape contract.Message
		require.NoError(t, json.Unmarshal(e.Payload, &shape))
		assert.Equal(t, stored.Shape(), shape)

		again, fresh, err := db.Messages.Receive(ctx, session.ID, given)
		require.NoError(t, err)
		assert.False(t, fresh)
		assert.Equal(t, stored, again)
		assert.Len(t, outbox(t, db), 1, "a repeat makes no event")
		chat, err := db.Chats.Get(ctx, session.ID, alicePhone)
		require.NoError(t, err)
		assert.Equal(t, 1, chat.UnreadCount, "nor does it count")

		_, _, err = db.Messages.Receive(ctx, "01J9ZX8K2QHV0M3T6R7P4N5W8C", given)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}

func TestMessagesOfOneIDAreToldApart(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session, other := t.Context(), modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		for _, m := range []models.NewMessage{
			incoming("SAME"), written("SAME"), inTeam("SAME", lid("1")), inTeam("SAME", lid("2")),
		} {
			_, fresh, err := db.Messages.Receive(ctx, session.ID, m)
			require.NoError(t, err)
			assert.True(t, fresh)
		}
		_, fresh, err := db.Messages.Receive(ctx, other.ID, incoming("SAME"))
		require.NoError(t, err)
		assert.True(t, fresh)
		chat, err := db.Chats.Get(ctx, session.ID, teamJID)
		require.NoError(t, err)
		m, err := db.Messages.InChat(ctx, chat, "SAME")
		require.NoError(t, err)
		assert.Equal(t, "2@lid", m.SenderLID, "the latest")
	})
}

func TestUndecryptableIsReplaced(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		broken := incoming("U")
		broken.Type, broken.Body, broken.Error, broken.Raw, broken.Quiet = models.MessageUndecryptable, "", "decryption_failed", nil, true
		first, fresh, err := db.Messages.Receive(ctx, session.ID, broken)
		require.NoError(t, err)
		assert.True(t, fresh)
		_, fresh, err = db.Messages.Receive(ctx, session.ID, broken)
		require.NoError(t, err)
		assert.False(t, fresh)
		chat, err := db.Chats.Get(ctx, session.ID, aliceLID)
		require.NoError(t, err)
		assert.Zero(t, chat.UnreadCount)

		readable, fresh, err := db.Messages.Receive(ctx, session.ID, incoming("U"))
		require.NoError(t, err)
		assert.True(t, fresh)
		assert.Equal(t, first.ID, readable.ID)
		read, err := db.Messages.Get(ctx, session.ID, "U")
		require.NoError(t, err)
		assert.Equal(t, models.MessageText, read.Type)
		assert.Empty(t, read.Error)
		_, fresh, err = db.Messages.Receive(ctx, session.ID, broken)
		require.NoError(t, err)
		assert.False(t, fresh, "what is readable stays")
		assert.Equal(t, []string{"message.undecryptable " + alicePhone, "message " + alicePhone}, outbox(t, db))
	})
}

func TestReceiptsRaiseMessages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		own := inTeam("M", models.Person{LID: "100000000000001@lid"})
		own.FromMe, own.AckLevel = true, models.AckServer
		_, _, err := db.Messages.Receive(ctx, session.ID, own)
		require.NoError(t, err)
		receipt := func(who models.Person, level models.AckLevel) int {
			done, err := db.Messages.Acknowledge(ctx, session.ID, models.Receipt{
				Chat: own.Chat, Participant: who, WAMessageIDs: []string{"M", "unknown"}, Level: level, At: models.Now(),
			})
			require.NoError(t, err)
			return done.Messages
		}
		level := func() models.AckLevel {
			m, err := db.Messages.Get(ctx, session.ID, "M")
			require.NoError(t, err)
			return m.AckLevel
		}
		assert.Equal(t, 1, receipt(lid("1"), models.AckRead))
		assert.Equal(t, models.AckRead, level())
		assert.Equal(t, 0, receipt(lid("1"), models.AckRead), "a repeat")
		assert.Equal(t, 0, receipt(lid("1"), models.AckDelivered), "a late one")
		assert.Equal(t, 1, receipt(lid("2"), models.AckDelivered), "another person")
		assert.Equal(t, models.AckRead, level(), "it never sinks")
		assert.Equal(t, []string{"message " + teamJID, "message.status " + teamJID, "message.status " + teamJID}, outbox(t, db))

		done, err := db.Messages.Acknowledge(ctx, session.ID, models.Receipt{
			Chat: models.ChatAddress{Type: models.ChatGroup, JID: "120363040000000000@g.us"}, Participant: lid("1"), WAMessageIDs: []string{"M"}, Level: 2,
		})
		require.NoError(t, err)
		assert.Zero(t, done.Messages, "another chat's")
		incomingMessage := incoming("IN")
		_, _, err = db.Messages.Receive(ctx, session.ID, incomingMessage)
		require.NoError(t, err)
		done, err = db.Messages.Acknowledge(ctx, session.ID, models.Receipt{
			Chat: incomingMessage.Chat, Participant: incomingMessage.Sender, WAMessageIDs: []string{"IN"}, Level: 3,
		})
		require.NoError(t, err)
		assert.Zero(t, done.Messages, "not the account's own")
	})
}

func TestMessagesArePaged(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		for i := range 7 {
			m := incoming(fmt.Sprint(i))
			m.Timestamp = models.Millis(1000 + i/2) // pairs of the same time
			_, _, err := db.Messages.Receive(ctx, session.ID, m)
			require.NoError(t, err)
		}
		chat, err := db.Chats.Get(ctx, session.ID, aliceLID)
		require.NoError(t, err)
		assert.Equal(t, models.Millis(1003), chat.LastMessageAt)
		list := func(page models.Page) (models.List[models.Message], error) {
			return db.Messages.List(ctx, chat.ID, page)
		}
		for _, limit := range []int{1, 2, 3, 7, 100} {
			var ids []string
			for _, m := range walk(t, limit, list) {
				ids = append(ids, m.WAMessageID)
			}
			assert.Equal(t, []string{"6", "5", "4", "3", "2", "1", "0"}, ids, "limit %d", limit)
		}
		count, err := db.Messages.Count(ctx, chat.ID)
		require.NoError(t, err)
		assert.Equal(t, 7, count)
		first, err := list(models.Page{Limit: 1})
		require.NoError(t, err)
		_, err = db.Messages.List(ctx, chat.ID+1, models.Page{After: first.NextCursor()})
		requireInvalidCursor(t, err)
		_, err = db.Chats.List(ctx, session.ID, models.ChatFilter{}, models.Page{After: first.NextCursor()})
		requireInvalidCursor(t, err)
	})
}

func TestChatsAreListedByTime(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session, other := t.Context(), modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		for i, jid := range []string{"1", "2", "3", "2"} {
			m := incoming(fmt.Sprint(i))
			m.Sender = both(jid, "49170000000"+jid)
			m.Chat.Person, m.Timestamp = m.Sender, models.Millis(100+i)
			_, _, err := db.Messages.Receive(ctx, session.ID, m)
			require.NoError(t, err)
		}
		_, _, err := db.Messages.Receive(ctx, other.ID, incoming("x"))
		require.NoError(t, err)
		for _, limit := range []int{1, 2, 10} {
			var jids []string
			for _, c := range walk(t, limit, func(page models.Page) (models.List[models.Chat], error) {
				return db.Chats.List(ctx, session.ID, models.ChatFilter{}, page)
			}) {
				jids = append(jids, c.JID)
			}
			assert.Equal(t, []string{"491700000002@s.whatsapp.net", "491700000003@s.whatsapp.net", "491700000001@s.whatsapp.net"}, jids)
		}
		lists, err := db.Chats.ListBySessions(ctx, []string{session.ID, other.ID}, models.ChatFilter{}, models.Page{Limit: 1})
		require.NoError(t, err)
		assert.True(t, lists[session.ID].HasNext)
		assert.False(t, lists[other.ID].HasNext)
		counts, err := db.Chats.CountBySessions(ctx, []string{session.ID, other.ID}, models.ChatFilter{})
		require.NoError(t, err)
		assert.Equal(t, map[string]int{session.ID: 3, other.ID: 1}, counts)
	})
}

func TestChatIsFoundByEveryAddress(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		m := incoming("1")
		m.Sender.PhoneJID, m.Chat.Person.PhoneJID = "", ""
		_, _, err := db.Messages.Receive(ctx, session.ID, m)
		require.NoError(t, err)
		chat, err := db.Chats.Get(ctx, session.ID, aliceLID)
		require.NoError(t, err)
		assert.Equal(t, aliceLID, chat.JID, "until the number is known")
		_, err = db.Chats.Get(ctx, session.ID, alicePhone)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))

		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{{LID: aliceLID, PhoneJID: alicePhone, ContactName: "Alice B."}})
		require.NoError(t, err)
		chat, err = db.Chats.Get(ctx, session.ID, alicePhone)
		require.NoError(t, err)
		assert.Equal(t, alicePhone, chat.JID)
		assert.Equal(t, "Alice B.", chat.Name)
	})
}

func TestChatsAreMergedWithTheirPeople(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		from := func(id string, who models.Person) models.NewMessage {
			m := incoming(id)
			m.Sender, m.Chat.Person = who, who
			return m
		}
		byLID, byPhone := models.Person{LID: aliceLID}, models.Person{PhoneJID: alicePhone}
		for _, m := range []models.NewMessage{from("1", byLID), from("2", byPhone), from("BOTH", byLID), from("BOTH", byPhone), inTeam("G", byPhone)} {
			_, _, err := db.Messages.Receive(ctx, session.ID, m)
			require.NoError(t, err)
		}
		own := written("OWN")
		own.Chat.Person = byPhone
		_, _, err := db.Messages.Receive(ctx, session.ID, own)
		require.NoError(t, err)
		_, err = db.Messages.Acknowledge(ctx, session.ID, models.Receipt{Chat: own.Chat, Participant: byPhone, WAMessageIDs: []string{"OWN"}, Level: models.AckRead})
		require.NoError(t, err)

		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{{LID: aliceLID, PhoneJID: alicePhone}})
		require.NoError(t, err)
		chats, err := db.Chats.List(ctx, session.ID, models.ChatFilter{}, models.Page{})
		require.NoError(t, err)
		require.Len(t, chats.Items, 2, "the group and Alice")
		chat, err := db.Chats.Get(ctx, session.ID, aliceLID)
		require.NoError(t, err)
		assert.Equal(t, alicePhone, chat.JID)
		messages, err := db.Messages.List(ctx, chat.ID, models.Page{})
		require.NoError(t, err)
		var ids []string
		for _, m := range messages.Items {
			ids = append(ids, m.WAMessageID)
			if !m.FromMe {
				assert.Equal(t, aliceLID, m.SenderLID)
			}
		}
		slices.Sort(ids)
		assert.Equal(t, []string{"1", "2", "BOTH", "OWN"}, ids)
		assert.Equal(t, 0, number(t, db, "SELECT COUNT(*) FROM message_receipts r LEFT JOIN identities i ON i.id = r.identity_id WHERE i.id IS NULL"))
		assert.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM message_receipts"))
		done, err := db.Messages.Acknowledge(ctx, session.ID, models.Receipt{Chat: own.Chat, Participant: byLID, WAMessageIDs: []string{"OWN"}, Level: models.AckRead})
		require.NoError(t, err)
		assert.Zero(t, done.Messages, "it was hers already")
	})
}

func TestReadingChats(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		for i := range 4 {
			m := incoming(fmt.Sprint(i))
			m.Timestamp = models.Millis(100 + i)
			_, _, err := db.Messages.Receive(ctx, session.ID, m)
			require.NoError(t, err)
		}
		address := incoming("").Chat
		get := func() *models.Chat {
			chat, err := db.Chats.Get(ctx, session.ID, aliceLID)
			require.NoError(t, err)
			return chat
		}
		require.NoError(t, db.Chats.ReadOn(ctx, session.ID, address, []string{"0", "1"}))
		assert.Equal(t, 2, get().UnreadCount)
		require.NoError(t, db.Chats.ReadOn(ctx, session.ID, address, []string{"0"}))
		assert.Equal(t, 2, get().UnreadCount, "an older receipt makes nothing unread")
		require.NoError(t, db.Chats.ReadOn(ctx, session.ID, address, []string{"unknown"}))
		unread, err := db.Chats.Unread(ctx, get(), 10)
		require.NoError(t, err)
		require.Len(t, unread, 2)
		assert.Equal(t, "3", unread[0].WAMessageID)
		before := get()
		later := incoming("4")
		later.Timestamp = 104
		_, _, err = db.Messages.Receive(ctx, session.ID, later)
		require.NoError(t, err)
		unread, err = db.Chats.Unread(ctx, before, 10)
		require.NoError(t, err)
		assert.Len(t, unread, 3, "none is passed over for one that has come since")
		unread, err = db.Chats.Unread(ctx, before, 1)
		require.NoError(t, err)
		assert.Len(t, unread, 1)

		chat, err := db.Chats.MarkRead(ctx, get())
		require.NoError(t, err)
		assert.Zero(t, chat.UnreadCount)
		assert.Equal(t, get(), chat)
		again, err := db.Chats.MarkRead(ctx, chat)
		require.NoError(t, err)
		assert.Equal(t, chat, again)
		events := outbox(t, db)
		assert.Equal(t, []string{"chat.updated " + alicePhone, "message " + alicePhone, "chat.updated " + alicePhone}, events[4:])
	})
}

func TestOutboxKeepsTheOrderOfCommits(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		const sessions, each = 4, 20
		var g sync.WaitGroup
		for range sessions {
			session := modelstest.Session(t, db, "org")
			for range 2 { // two at a time for each session
				g.Go(func() {
					for range each / 2 {
						assert.NoError(t, db.Outbox.Add(ctx, session.ID, models.NewEvent{Name: models.EventPresence, Payload: contract.Presence{}}))
					}
				})
			}
		}
		g.Wait()
		events, err := db.Outbox.Next(ctx, 1000)
		require.NoError(t, err)
		require.Len(t, events, sessions*each)
		last := map[string]string{}
		for _, e := range events {
			assert.Greater(t, e.ID, last[e.SessionID], "ids rise within a session")
			last[e.SessionID] = e.ID
		}
		count, oldest, err := db.Outbox.Backlog(ctx)
		require.NoError(t, err)
		assert.Equal(t, sessions*each, count)
		assert.NotZero(t, oldest)
		select {
		case <-db.Outbox.Wake():
		default:
			assert.Fail(t, "nobody was woken")
		}

		require.NoError(t, db.Outbox.Reject(ctx, events[0].ID, "too large"))
		require.NoError(t, db.Outbox.Delete(ctx, []string{events[1].ID, "evt_unknown"}))
		left, err := db.Outbox.Next(ctx, 1)
		require.NoError(t, err)
		assert.Equal(t, events[2].ID, left[0].ID)
		assert.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM event_rejects"))
		err = db.Outbox.Add(ctx, left[0].SessionID, models.NewEvent{Name: "no.such.event"})
		require.Error(t, err)
	})
}

func TestTransactionsThatShareACommitFailAlone(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		var g sync.WaitGroup
		const n = 40
		for i := range n {
			g.Go(func() {
				id := session.ID
				if i%4 == 0 {
					id = "01J9ZX8K2QHV0M3T6R7P4N5W8C"
				}
				_, _, err := db.Messages.Receive(ctx, id, incoming(fmt.Sprint(i)))
				assert.Equal(t, i%4 == 0, err != nil, "%v", err)
			})
		}
		g.Wait()
		assert.Equal(t, n*3/4, number(t, db, "SELECT COUNT(*) FROM messages"))
		assert.Len(t, outbox(t, db), n*3/4)
	})
}
