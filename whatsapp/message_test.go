package whatsapp_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) { test(newWorld(t, db)) })
}

// until looks at the database each time something was stored, until it is as wanted.
func (w *world) until(wanted func() bool) {
	w.Helper()
	w.eventually(slowly, func(t *recorder) { assert.True(t, wanted()) })
}

// messages gives what is stored of a chat, the oldest first; none while it is
// not known.
func (w *world) messages(session string, chat types.JID) []models.Message {
	w.Helper()
	known, err := w.db.Chats.Get(w.Context(), session, chat.String())
	if err != nil {
		return nil
	}
	list, err := w.db.Messages.List(w.Context(), known.ID, models.Page{})
	require.NoError(w, err)
	slices.Reverse(list.Items)
	return list.Items
}

// events gives the events in the outbox of one name, the oldest first.
func (w *world) events(name models.EventName) (events []models.Event) {
	w.Helper()
	all, err := w.db.Outbox.Next(w.Context(), 10_000)
	require.NoError(w, err)
	for _, e := range all {
		if e.Name == name {
			events = append(events, e)
		}
	}
	return events
}

func (w *world) say(from *wasim.Phone, to types.JID, text string, options ...wasim.SendOption) (id string) {
	w.Helper()
	id, err := from.SendText(w.Context(), to, text, options...)
	require.NoError(w, err)
	return id
}

func TestReceivesTexts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		first := w.say(alice, own.JID(), "hello")
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })
		second := w.say(alice, own.JID(), "how are you, @"+own.LID().User+"?",
			wasim.WithReply(mustMessage(w, alice, first)), wasim.WithMentions(own.LID()))
		w.until(func() bool { return len(w.messages(session, alice.LID())) == 2 })

		stored := w.messages(session, alice.JID())
		assert.Equal(w, "hello", stored[0].Body)
		assert.Equal(w, first, stored[0].WAMessageID)
		m := stored[1]
		assert.Equal(w, second, m.WAMessageID)
		assert.Equal(w, models.MessageText, m.Type)
		assert.Equal(w, alice.JID().String(), m.SenderJID)
		assert.Equal(w, alice.LID().String(), m.SenderLID)
		assert.Equal(w, alice.JID().String(), m.ChatJID)
		assert.Equal(w, first, m.QuotedID)
		assert.Equal(w, []string{own.LID().String()}, m.Mentions)
		assert.False(w, m.FromMe)

		chat, err := w.db.Chats.Get(w.Context(), session, alice.LID().String())
		require.NoError(w, err)
		assert.Equal(w, models.ChatDM, chat.Type)
		assert.Equal(w, "Alice", chat.Name)
		assert.Equal(w, 2, chat.UnreadCount)
		assert.Equal(w, m.Timestamp, chat.LastMessageAt)

		events := w.events(models.EventMessage)
		require.Len(w, events, 2)
		var payload contract.Message
		require.NoError(w, json.Unmarshal(events[1].Payload, &payload))
		assert.Equal(w, m.Shape(), payload)
		assert.Equal(w, alice.JID().String(), events[1].Key)
	})
}

func mustMessage(w *world, phone *wasim.Phone, id string) wasim.PhoneMessage {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), slowly)
	defer cancel()
	m, err := phone.WaitMessage(ctx, func(m wasim.PhoneMessage) bool { return m.ID == id })
	require.NoError(w, err)
	return m
}

func TestReceivesTextsOfGroups(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		for _, p := range []*wasim.Phone{own, alice, bob} {
			p.SetAddressing(mode)
		}
		session := w.link(own)
		group, err := alice.CreateGroup(w.Context(), "Team", own.JID(), bob.JID())
		require.NoError(w, err)
		for i := range 3 {
			w.say(alice, group, fmt.Sprint("alice ", i))
			w.say(bob, group, fmt.Sprint("bob ", i))
		}
		w.until(func() bool { return len(w.messages(session, group)) == 6 })
		stored := w.messages(session, group)
		assert.Equal(w, "alice 0", stored[0].Body)
		assert.Equal(w, "bob 2", stored[5].Body)
		assert.Equal(w, bob.JID().String(), stored[5].SenderJID)
		assert.Equal(w, group.String(), stored[5].ChatJID)
		chat, err := w.db.Chats.Get(w.Context(), session, group.String())
		require.NoError(w, err)
		assert.Equal(w, models.ChatGroup, chat.Type)
		assert.Equal(w, 6, chat.UnreadCount)
		assert.Len(w, w.events(models.EventMessage), 6)
	})
}

func TestOwnMessagesFromThePhone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		id := w.say(own, alice.JID(), "from the phone")
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })
		m := w.messages(session, alice.JID())[0]
		assert.Equal(w, id, m.WAMessageID)
		assert.True(w, m.FromMe)
		assert.Equal(w, "out", m.Direction())
		assert.Equal(w, own.JID().String(), m.SenderJID)
		chat, err := w.db.Chats.Get(w.Context(), session, alice.JID().String())
		require.NoError(w, err)
		assert.Zero(w, chat.UnreadCount)

		require.NoError(w, alice.MarkRead(w.Context(), own.LID(), own.LID(), id))
		w.until(func() bool { return w.messages(session, alice.JID())[0].AckLevel == models.AckRead })
		events := w.events(models.EventMessageStatus)
		require.NotEmpty(w, events)
		var status contract.MessageStatus
		require.NoError(w, json.Unmarshal(events[len(events)-1].Payload, &status))
		assert.Equal(w, contract.MessageStatus{
			AckLevel: 3, Status: "read", ChatJID: alice.JID().String(), ParticipantJID: alice.JID().String(), WAMessageID: id,
		}, status)
	})
}

func TestOrderSurvivesADatabaseThatFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.say(alice, own.JID(), "0")
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })

		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "ALTER TABLE messages RENAME TO messages_away")
		for i := range 5 {
			w.say(alice, own.JID(), fmt.Sprint(i+1))
		}
		w.sim.Wait(session, func(u whatsapp.PairingUpdate) bool { return u.Status != models.SessionWorking })
		exec(w, pool, "ALTER TABLE messages_away RENAME TO messages")
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 6 })
		var ids []int64
		for i, m := range w.messages(session, alice.JID()) {
			assert.Equal(w, fmt.Sprint(i), m.Body)
			ids = append(ids, m.ID)
		}
		assert.True(w, slices.IsSorted(ids), "they were stored in order: %v", ids)
		assert.Len(w, w.events(models.EventMessage), 6)
	})
}

// TestContentSurvivesADatabaseThatFails: a failure that passes, of a transaction that
// another one was in the way of, costs no message its content.
func TestContentSurvivesADatabaseThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.Open(t, modelstest.Postgres))
	own, alice := w.phone("Own"), w.phone("Alice")
	session := w.link(own)
	pool, _ := w.db.WhatsmeowDB()
	exec(w, pool, `CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN IF NEW.type <> 'unknown' THEN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END IF; RETURN NEW; END $$`)
	exec(w, pool, "CREATE TRIGGER fails BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION fails()")
	w.say(alice, own.JID(), "hello")
	require.Eventually(t, func() bool {
		return w.svc.Health(session).Failed > 0 || len(w.messages(session, alice.JID())) > 0
	}, slowly, 5*time.Millisecond)
	exec(w, pool, "DROP TRIGGER fails ON messages")
	w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })
	stored := w.messages(session, alice.JID())[0]
	assert.Equal(t, "hello", stored.Body)
	assert.Equal(t, models.MessageText, stored.Type)
}

func exec(w *world, pool *sql.DB, statement string) {
	w.Helper()
	_, err := pool.ExecContext(w.Context(), statement)
	require.NoError(w, err)
}

// TestOrderSurvivesABacklog has more waiting than whatsmeow's queue holds.
func TestOrderSurvivesABacklog(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("thousands of messages")
	}
	w := newWorld(t, modelstest.Open(t, modelstest.SQLite))
	own, alice := w.phone("Own"), w.phone("Alice")
	session := w.link(own)
	_, err := w.svc.StopSession(t.Context(), session)
	require.NoError(t, err)
	w.sim.Wait(session, whatsapptest.Status(models.SessionStopped))
	const waiting = 5000
	for i := range waiting {
		w.say(alice, own.JID(), fmt.Sprint(i))
	}
	_, err = w.svc.StartSession(t.Context(), session)
	require.NoError(t, err)
	w.eventually(4*slowly, func(t *recorder) {
		assert.Equal(t, waiting, w.unread(session, alice))
	})
	var out int
	inOrder := slices.SortedFunc(slices.Values(w.messages(session, alice.JID())), func(a, b models.Message) int { return cmp.Compare(a.ID, b.ID) })
	for i, m := range inOrder {
		if m.Body != fmt.Sprint(i) {
			out++
		}
	}
	assert.Zero(t, out, "stored out of order")
}

// unread gives the number of unread messages of a person.
func (w *world) unread(session string, phone *wasim.Phone) int {
	chat, err := w.db.Chats.Get(w.Context(), session, phone.JID().String())
	if err != nil {
		return 0
	}
	return chat.UnreadCount
}

func TestUndecryptableMessageIsAskedForAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.say(alice, own.JID(), "readable")
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })
		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "DELETE FROM whatsmeow_sessions")

		id := w.say(alice, own.JID(), "not at first")
		w.until(func() bool {
			stored := w.messages(session, alice.JID())
			return len(stored) == 2 && stored[1].Type == models.MessageText
		})
		m := w.messages(session, alice.JID())[1]
		assert.Equal(w, id, m.WAMessageID)
		assert.Equal(w, "not at first", m.Body)
		assert.Empty(w, m.Error)
		told := w.events(models.EventMessageUndecryptable)
		require.Len(w, told, 1)
		var payload contract.Undecryptable
		require.NoError(w, json.Unmarshal(told[0].Payload, &payload))
		assert.Equal(w, contract.Undecryptable{
			ChatJID: alice.JID().String(), SenderJID: alice.JID().String(), Reason: "decryption_failed", WAMessageID: id,
		}, payload)
		messages := w.events(models.EventMessage)
		require.Len(w, messages, 2)
		assert.Greater(w, messages[1].ID, told[0].ID, "and later the message")
		chat, err := w.db.Chats.Get(w.Context(), session, alice.JID().String())
		require.NoError(w, err)
		assert.Equal(w, 2, chat.UnreadCount)
	})
}
