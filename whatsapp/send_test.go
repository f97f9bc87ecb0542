package whatsapp_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
)

// row gives a session as it is stored.
func (w *world) row(session string) *models.Session {
	w.Helper()
	row, err := w.db.Sessions.Find(w.Context(), session)
	require.NoError(w, err)
	return row
}

// send sends a text and gives the outcome.
func (w *world) send(session string, to types.JID, text string, change ...func(*whatsapp.NewSend)) (*models.Outgoing, error) {
	w.Helper()
	wanted := whatsapp.NewSend{To: to.String(), Text: &whatsapp.TextContent{Text: text}}
	for _, c := range change {
		c(&wanted)
	}
	return w.svc.SendMessage(w.Context(), w.row(session), wanted)
}

func async(n *whatsapp.NewSend) { n.Async = true }

func withKey(key string) func(*whatsapp.NewSend) {
	return func(n *whatsapp.NewSend) { n.IdempotencyKey = key }
}

// got waits until a phone has a message, and gives it.
func (w *world) got(phone *wasim.Phone, id string) wasim.PhoneMessage {
	w.Helper()
	return mustMessage(w, phone, id)
}

// receives waits until a phone has received n messages of others, and gives their
// texts in the order of coming.
func (w *world) receives(phone *wasim.Phone, n int) (texts []string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), slowly)
	defer cancel()
	seen := make(map[string]bool)
	for range n {
		m, err := phone.WaitMessage(ctx, func(m wasim.PhoneMessage) bool { return !m.FromMe && !seen[m.ID] })
		require.NoError(w, err, "%v", texts)
		seen[m.ID], texts = true, append(texts, m.Text)
	}
	return texts
}

func TestSendsTexts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		sent, err := w.send(session, alice.JID(), "hello")
		require.NoError(w, err)
		assert.Equal(w, models.OutgoingSent, sent.Status)
		assert.Equal(w, models.SendSync, sent.Mode)
		assert.False(w, sent.Replayed)
		assert.GreaterOrEqual(w, sent.Message.AckLevel, models.AckServer)
		assert.Equal(w, alice.JID().String(), sent.Message.ChatJID)
		assert.Equal(w, own.JID().String(), sent.Message.SenderJID)

		came := w.got(alice, sent.WAMessageID())
		assert.Equal(w, "hello", came.Text)
		assert.Equal(w, 1, came.Copies)
		w.until(func() bool { return w.messages(session, alice.JID())[0].AckLevel == models.AckDelivered })
		require.NoError(w, alice.MarkRead(w.Context(), own.LID(), own.LID(), sent.WAMessageID()))
		w.until(func() bool { return w.messages(session, alice.JID())[0].AckLevel == models.AckRead })
		assert.Len(w, w.events(models.EventMessage), 1)
		assert.GreaterOrEqual(w, len(w.events(models.EventMessageStatus)), 2, "delivered and read, perhaps sent before")

		first := w.say(alice, own.JID(), "who is this?")
		w.until(func() bool { return len(w.messages(session, alice.LID())) == 2 })
		reply, err := w.send(session, alice.LID(), "a friend, @"+alice.LID().User, func(n *whatsapp.NewSend) {
			n.ReplyTo, n.Text.Mentions = first, []string{alice.LID().String()}
		})
		require.NoError(w, err)
		about := w.got(alice, reply.WAMessageID()).Message.GetExtendedTextMessage().GetContextInfo()
		assert.Equal(w, first, about.GetStanzaID())
		assert.Equal(w, alice.LID().String(), about.GetParticipant())
		assert.Equal(w, "who is this?", about.GetQuotedMessage().GetConversation())
		assert.Equal(w, []string{alice.LID().String()}, about.GetMentionedJID())
		assert.Equal(w, sent.Message.ChatID, reply.Message.ChatID, "by LID or number, it is one chat")
		assert.Equal(w, first, reply.Message.QuotedID)

		again, err := w.send(session, alice.LID(), "and again", func(n *whatsapp.NewSend) { n.ReplyTo = reply.WAMessageID() })
		require.NoError(w, err)
		about = w.got(alice, again.WAMessageID()).Message.GetExtendedTextMessage().GetContextInfo()
		assert.Equal(w, own.LID().String(), about.GetParticipant())
		assert.Equal(w, "a friend, @"+alice.LID().User, about.GetQuotedMessage().GetExtendedTextMessage().GetText())
		assert.Nil(w, about.GetQuotedMessage().GetExtendedTextMessage().GetContextInfo(), "a chain of replies does not grow")
	})
}

func TestSendsTextsToGroups(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		group := w.group(alice, mode, own, bob)
		first := w.say(alice, group, "who is in?")
		w.until(func() bool { return len(w.messages(session, group)) == 1 })
		sent, err := w.send(session, group, "me, and @"+bob.LID().User, func(n *whatsapp.NewSend) {
			n.ReplyTo, n.Text.Mentions = first, []string{bob.LID().String()}
		})
		require.NoError(w, err)
		assert.Equal(w, group.String(), sent.Message.ChatJID)
		for _, phone := range []*wasim.Phone{alice, bob} {
			came := w.got(phone, sent.WAMessageID())
			assert.Equal(w, group, came.Chat)
			assert.Equal(w, 1, came.Copies)
			assert.Equal(w, first, came.Message.GetExtendedTextMessage().GetContextInfo().GetStanzaID())
			assert.Equal(w, []string{bob.LID().String()}, came.Message.GetExtendedTextMessage().GetContextInfo().GetMentionedJID())
		}
	})
}

func TestQueueSurvivesARestart(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		w.stop()
		w.svc = w.sim.NewService()
		var wanted []string
		var ids []string
		for i := range 6 {
			text := fmt.Sprint("message ", i)
			wanted = append(wanted, text)
			for _, phone := range []*wasim.Phone{alice, bob} {
				queued, err := w.send(session, phone.JID(), text, async)
				require.NoError(w, err)
				assert.Equal(w, models.OutgoingQueued, queued.Status)
				assert.Equal(w, models.SendAsync, queued.Mode)
				ids = append(ids, queued.ID)
			}
		}
		require.NoError(w, w.svc.Close(w.Context()))
		w.start()
		assert.Equal(w, wanted, w.receives(alice, 6))
		assert.Equal(w, wanted, w.receives(bob, 6))
		w.until(func() bool {
			return !slices.ContainsFunc(ids, func(id string) bool {
				row, err := w.db.Outgoing.Get(w.Context(), id)
				return err != nil || row.Status != models.OutgoingSent
			})
		})
	})
}
