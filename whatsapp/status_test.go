package whatsapp_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// stories gives what is stored of the stories that are shown now, the latest first.
func (w *world) stories(session string) []models.Message {
	w.Helper()
	lists, err := w.db.Messages.ListStories(w.Context(), []string{session}, "", models.Page{})
	require.NoError(w, err)
	return lists[session].Items
}

// friends makes an account with a contact, and links it.
func (w *world) friends() (session string, row *models.Session, own, alice *wasim.Phone) {
	w.Helper()
	own, alice = w.phone("Own"), w.phone("Alice")
	session = w.link(own)
	// Names of the address book are stored of people who are known here.
	_, err := w.db.Identities.Upsert(w.Context(), session, []models.Person{{LID: alice.LID().String(), PhoneJID: alice.JID().String()}})
	require.NoError(w, err)
	require.NoError(w, own.SaveContact(w.Context(), alice.JID(), "My Alice", "Alice"))
	w.hasName(session, alice, "My Alice", "")
	row, err = w.db.Sessions.Find(w.Context(), session)
	require.NoError(w, err)
	return session, row, own, alice
}

func TestPostStatus(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		session, row, own, alice := w.friends()
		stranger := w.phone("Stranger")
		sent, err := w.svc.PostStatus(ctx, row, whatsapp.NewStatus{Text: &whatsapp.StatusText{Text: "hello all", BackgroundColor: "#1F7aec", Font: "SYSTEM_BOLD"}})
		require.NoError(w, err)
		for _, phone := range []*wasim.Phone{alice, own} {
			seen := mustMessage(w, phone, sent.WAMessageID())
			assert.Equal(w, types.StatusBroadcastJID, seen.Chat)
			text := seen.Message.GetExtendedTextMessage()
			assert.Equal(w, "hello all", text.GetText())
			assert.EqualValues(w, 0xff1f7aec, text.GetBackgroundArgb())
			assert.EqualValues(w, 0xffffffff, text.GetTextArgb())
			assert.Equal(w, "SYSTEM_BOLD", text.GetFont().String())
		}
		story := w.stored(session, sent.WAMessageID())
		assert.Equal(w, []any{models.StatusChat, true, "hello all", own.LID().String()}, []any{story.ChatJID, story.FromMe, story.Body, story.SenderLID})

		// Who has seen it.
		require.NoError(w, alice.MarkRead(ctx, types.StatusBroadcastJID, own.LID(), sent.WAMessageID()))
		w.until(func() bool {
			receipts, err := w.db.Messages.ReceiptsByMessages(ctx, []int64{story.ID})
			of := receipts[story.ID]
			return err == nil && len(of) == 1 && of[0].Identity.LID == alice.LID().String() && of[0].AckLevel == models.AckRead
		})

		_, err = alice.React(ctx, types.StatusBroadcastJID, sent.WAMessageID(), "❤️")
		require.NoError(w, err)
		w.until(func() bool {
			reactions, err := w.db.Messages.ReactionsByMessages(ctx, []int64{story.ID})
			of := reactions[story.ID]
			return err == nil && len(of) == 1 && of[0].Emoji == "❤️" && of[0].Identity.LID == alice.LID().String()
		})

		var picture bytes.Buffer
		require.NoError(w, png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 8, 6))))
		sent, err = w.svc.PostStatus(ctx, row, whatsapp.NewStatus{
			Media: &whatsapp.MediaContent{Type: models.MessageImage, Data: base64.StdEncoding.EncodeToString(picture.Bytes()), Caption: "look"}, Async: true,
		})
		require.NoError(w, err)
		seen := mustMessage(w, alice, sent.WAMessageID())
		assert.Equal(w, "look", seen.Message.GetImageMessage().GetCaption())
		w.until(func() bool { return len(w.stories(session)) == 2 })
		assert.Equal(w, sent.WAMessageID(), w.stories(session)[0].WAMessageID)

		_, err = w.svc.DeleteStatus(ctx, row, sent.WAMessageID(), false)
		require.NoError(w, err)
		_, err = alice.WaitCurrent(whatsapptest.Within(w), types.StatusBroadcastJID, sent.WAMessageID(), func(s wasim.MessageState) bool { return s.Deleted })
		require.NoError(w, err)
		w.until(func() bool { return len(w.stories(session)) == 1 })
		_, err = w.svc.DeleteStatus(ctx, row, sent.WAMessageID(), false)
		is(w, err, fault.Validation, "")
		_, err = w.svc.DeleteStatus(ctx, row, "none", false)
		is(w, err, fault.NotFound, "")
		assert.Empty(w, stranger.Messages(), "it is for contacts")
	})
}

func TestReceivesStories(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		session, row, own, alice := w.friends()
		bob := w.phone("Bob")
		to := wasim.WithRecipients(own.JID())
		ids := []string{w.say(alice, types.StatusBroadcastJID, "one", to), w.say(bob, types.StatusBroadcastJID, "two", to), w.say(alice, types.StatusBroadcastJID, "three", to)}
		mine := w.say(own, types.StatusBroadcastJID, "mine", wasim.WithRecipients(alice.JID()))
		w.until(func() bool { return len(w.stories(session)) == 4 })
		story := w.stored(session, ids[0])
		assert.Equal(w, []any{models.StatusChat, alice.JID().String(), false}, []any{story.ChatJID, story.SenderJID, story.FromMe})
		assert.True(w, w.stored(session, mine).FromMe)
		assert.Nil(w, w.chat(session, alice.JID()), "stories stand in a chat of their own")
		assert.Equal(w, 3, w.chat(session, types.StatusBroadcastJID).UnreadCount)

		viewed, err := w.svc.ViewStatus(ctx, session, ids)
		require.NoError(w, err)
		assert.Len(w, viewed, 3)
		for phone, want := range map[*wasim.Phone][]string{alice: {ids[0], ids[2]}, bob: {ids[1]}} {
			_, err := phone.WaitReceipt(whatsapptest.Within(w), func(r wasim.PhoneReceipt) bool {
				return r.Type == types.ReceiptTypeRead && r.Chat == types.StatusBroadcastJID && r.From == own.LID() && assert.ObjectsAreEqual(want, r.IDs)
			})
			require.NoError(w, err)
		}
		w.chatUntil(session, types.StatusBroadcastJID, func(c *models.Chat) bool { return c.UnreadCount == 0 })
		_, err = w.svc.ViewStatus(ctx, session, []string{ids[0], "none"})
		is(w, err, fault.NotFound, "")
		_, err = w.svc.ViewStatus(ctx, session, []string{mine})
		is(w, err, fault.Validation, "")
		_, err = w.svc.DeleteStatus(ctx, row, ids[0], false)
		is(w, err, fault.Validation, "")

		_, err = alice.Revoke(ctx, types.StatusBroadcastJID, ids[0], to)
		require.NoError(w, err)
		w.until(func() bool { return len(w.stories(session)) == 3 })

		_, err = w.svc.StopSession(ctx, session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionStopped))
		_, err = w.svc.ViewStatus(ctx, session, ids[1:])
		is(w, err, fault.NotImplemented, fault.ReasonNotConnected)
	})
}

func TestStatusInput(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		row := w.sim.Session()
		text := func(text, color, font string) whatsapp.NewStatus {
			return whatsapp.NewStatus{Text: &whatsapp.StatusText{Text: text, BackgroundColor: color, Font: font}, Async: true}
		}
		media := func(m whatsapp.MediaContent) whatsapp.NewStatus {
			m.Data = "aGk="
			return whatsapp.NewStatus{Media: &m, Async: true}
		}
		for field, bad := range map[string][]whatsapp.NewStatus{
			"text":            {{}, text("", "", ""), text(strings.Repeat("x", 701), "", ""), text("a\x00", "", "")},
			"backgroundColor": {text("x", "red", ""), text("x", "#12345", ""), text("x", "#1234567", ""), text("x", "1234567", ""), text("x", "#+12345", "")},
			"font":            {text("x", "", "Comic Sans")},
			"media":           {media(whatsapp.MediaContent{Type: models.MessageSticker}), media(whatsapp.MediaContent{Type: models.MessageDocument})},
			"viewOnce":        {media(whatsapp.MediaContent{Type: models.MessageImage, ViewOnce: true})},
			"media.voice":     {media(whatsapp.MediaContent{Type: models.MessageImage, Voice: true})},
		} {
			for _, status := range bad {
				_, err := w.svc.PostStatus(w.Context(), row, status)
				assert.Equal(w, field, is(w, err, fault.Validation, "").Details()["field"], "%+v", status)
			}
		}
		for _, ids := range [][]string{nil, {""}, {"a\x00"}, make([]string, 201)} {
			_, err := w.svc.ViewStatus(w.Context(), row.ID, ids)
			is(w, err, fault.Validation, "")
		}
		queued, err := w.svc.PostStatus(w.Context(), row, text(strings.Repeat("ä", 700), "", ""))
		require.NoError(w, err)
		assert.Equal(w, models.OutgoingQueued, queued.Status)
		assert.Len(w, w.stories(row.ID), 1)
	})
}
