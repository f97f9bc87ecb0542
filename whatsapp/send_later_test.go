package whatsapp_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
)

// A scheduled message leaves in time in the next process, also when others were
// queued beside it.
func TestScheduledSendsSurviveARestart(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, err := w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		later, err := w.send(session, alice.LID(), "later", func(n *whatsapp.NewSend) { n.ScheduledAt = models.MillisOf(time.Now().Add(1500 * time.Millisecond)) })
		require.NoError(w, err)
		_, err = w.send(session, alice.LID(), "now", async)
		require.NoError(w, err)
		w.stop()
		w.start()
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		assert.Equal(w, []string{"now", "later"}, w.receives(alice, 2))
		assert.GreaterOrEqual(w, w.got(alice, later.WAMessageID()).Time.Unix(), int64(later.ScheduledAt)/1000, "not before its time")
		past, err := w.send(session, alice.LID(), "past", func(n *whatsapp.NewSend) { n.ScheduledAt = 1 })
		require.NoError(w, err)
		assert.Equal(w, models.SendAsync, past.Mode)
		w.got(alice, past.WAMessageID())
	})
}

// A message that is cancelled while another one holds the queue up is not sent from
// what had been read of the queue before.
func TestACancelledSendIsNotSent(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.Send = time.Second }, func(w *world) {
		own, alice, bob, carol := w.phone("Own"), w.phone("Alice"), w.phone("Bob"), w.phone("Carol")
		session := w.link(own)
		_, err := w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()})
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number(), Count: 1})
		_, err = w.send(session, alice.LID(), "holds it up", async)
		require.NoError(w, err)
		dropped, err := w.send(session, bob.LID(), "dropped", async)
		require.NoError(w, err)
		_, err = w.send(session, carol.LID(), "behind it", async)
		require.NoError(w, err)
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		require.Eventually(w, func() bool { return w.srv.Stats().Accepted > 0 }, slowly, time.Millisecond)
		cancelled, err := w.svc.CancelSend(w.Context(), w.row(session), dropped.ID)
		require.NoError(w, err)
		assert.Equal(w, fault.ReasonCancelled, cancelled.Failure.Reason)
		assert.Equal(w, []string{"behind it"}, w.receives(carol, 1))
		for _, m := range bob.Messages() {
			assert.NotEqual(w, dropped.WAMessageID(), m.ID)
		}
	})
}

// What expires is given up in time while its session is away.
func TestSendsExpireWhileTheSessionIsAway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		alice := w.phone("Alice")
		session := w.stopped()
		until := func(after time.Duration) func(*whatsapp.NewSend) {
			return func(n *whatsapp.NewSend) { n.Async, n.ExpiresAt = true, models.MillisOf(time.Now().Add(after)) }
		}
		soonOver, err := w.send(session, alice.LID(), "soon over", until(300*time.Millisecond))
		require.NoError(w, err)
		lasting, err := w.send(session, alice.LID(), "lasting", until(time.Hour))
		require.NoError(w, err)
		w.until(func() bool { return w.outgoing(soonOver.ID).Status == models.OutgoingFailed })
		assert.Equal(w, fault.ReasonTimeout, w.outgoing(soonOver.ID).Failure.Reason)
		assert.Len(w, w.events(models.EventMessageStatus), 1)
		assert.Equal(w, models.OutgoingQueued, w.outgoing(lasting.ID).Status)

		next, err := w.send(session, alice.LID(), "over in the next process", until(700*time.Millisecond))
		require.NoError(w, err)
		w.stop()
		w.start()
		w.until(func() bool { return w.outgoing(next.ID).Status == models.OutgoingFailed })
	})
}

// Bringing a file, and typing, take nothing of what the session may send.
func TestPreparingCostsNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, err := w.svc.UpdateSession(w.Context(), session, whatsapp.SessionSettings{PresenceTyping: ptr(true), RatePerMin: ptr(2)})
		require.NoError(w, err)
		_, err = w.svc.SendMessage(w.Context(), w.row(session), whatsapp.NewSend{
			To: alice.LID().String(), Async: true, Media: &whatsapp.MediaContent{Type: models.MessageAudio, Voice: true, Data: inBase64(voice(1))},
		})
		require.NoError(w, err)
		_, err = w.send(session, alice.LID(), "behind it", async)
		require.NoError(w, err)
		w.receives(alice, 2) // a third token would take half a minute
	})
}

// The other side sees typing, or recording, before the message, one to one and in
// groups; other chats are not kept waiting.
func TestTypingIsSeen(t *testing.T) {
	t.Parallel()
	eachTarget(t, func(w *world, session string, other *wasim.Phone, chat types.JID) {
		_, err := w.svc.UpdateSession(w.Context(), session, whatsapp.SessionSettings{PresenceTyping: ptr(true)})
		require.NoError(w, err)
		saw := func(media types.ChatPresenceMedia) wasim.PhoneTyping {
			ctx, cancel := context.WithTimeout(w.Context(), slowly)
			defer cancel()
			typing, err := other.WaitTyping(ctx, func(t wasim.PhoneTyping) bool { return t.State == types.ChatPresenceComposing && t.Media == media })
			require.NoError(w, err)
			return typing
		}
		_, got := w.deliver(session, other, whatsapp.NewSend{To: chat.String(), Text: &whatsapp.TextContent{Text: "hello there"}})
		assert.Equal(w, got.Chat, saw(types.ChatPresenceMediaText).Chat)
		w.deliver(session, other, whatsapp.NewSend{To: chat.String(), Media: &whatsapp.MediaContent{Type: models.MessageAudio, Voice: true, Data: inBase64(voice(1))}})
		saw(types.ChatPresenceMediaAudio)
	})
}

// What WhatsApp would not take, or would get before the message itself, is refused.
func TestChangesAtTheWrongTime(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		row := w.row(session)
		old, _ := w.deliver(session, alice, whatsapp.NewSend{To: alice.LID().String(), Text: &whatsapp.TextContent{Text: "old"}})
		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "UPDATE messages SET timestamp = timestamp - 1201000")
		edit := func(m *models.Outgoing) error {
			key := whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: m.WAMessageID()}
			_, err := w.svc.EditMessage(w.Context(), row, key, whatsapp.TextContent{Text: "new"}, false)
			return err
		}
		is(w.T, edit(old), fault.Validation, "")
		later, err := w.send(session, alice.LID(), "later", func(n *whatsapp.NewSend) { n.ScheduledAt = models.MillisOf(time.Now().Add(time.Hour)) })
		require.NoError(w, err)
		is(w.T, edit(later), fault.Validation, "")
		key := whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: later.WAMessageID()}
		_, err = w.svc.RevokeMessage(w.Context(), row, key, false)
		is(w.T, err, fault.Validation, "")
		for _, emoji := range []string{"€", "±", "÷", "$"} {
			_, err = w.svc.AddReaction(w.Context(), row, whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: old.WAMessageID()}, emoji, false)
			is(w.T, err, fault.Validation, "")
		}
	})
}
