package whatsapp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
)

// Posts of a channel of the account's own are edited and taken back, also those that
// its phone has made; each change is told once.
func TestPostsAreChanged(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		ctx := w.Context()
		session, own, alice, channel := w.owned()
		row := w.row(session)
		text, err := w.send(session, channel, "ebb at sex")
		require.NoError(t, err)
		media, err := w.svc.SendMessage(ctx, row, whatsapp.NewSend{To: channel.String(), Media: imageOf("a wafe", pngOf(t, 8, 8))})
		require.NoError(t, err)
		phoned, err := own.PostText(ctx, channel, "flood at seven")
		require.NoError(t, err)
		shown, err := own.PostMedia(ctx, channel, wasim.Media{Kind: wasim.MediaDocument, Data: []byte("tides"), Caption: "al of them", FileName: "tides.txt"})
		require.NoError(t, err)
		w.posting(session, phoned.ID, anyhow)
		w.posting(session, shown.ID, anyhow)
		for id, better := range map[string]string{
			text.WAMessageID(): "ebb at six", media.WAMessageID(): "a wave", phoned.ID: "flood at eight", shown.ID: "all of them",
		} {
			key := whatsapp.MessageKey{Chat: channel.String(), WAMessageID: id}
			before := w.posted(channel, id, there)
			edited, err := w.svc.EditMessage(ctx, row, key, whatsapp.TextContent{Text: better}, false)
			require.NoError(t, err, better)
			assert.Equal(t, []any{models.OutgoingSent, models.MessageEdit, id}, []any{edited.Status, edited.Message.Type, edited.Message.QuotedID})
			after := w.posted(channel, id, func(m wasim.ChannelMessage) bool { return m.Text == better && !m.EditedAt.IsZero() })
			assert.Equal(t, before.ServerID, after.ServerID)
			m := w.posting(session, id, func(m *models.Message) bool { return m.Edited && m.Body == better })
			if m.HasMedia {
				got, err := alice.Download(ctx, wasim.PhoneMessage{Message: after.Message})
				require.NoError(t, err, better)
				assert.Equal(t, w.bytesOf(m), got, "the file stays")
			}
			_, err = w.svc.RevokeMessage(ctx, row, key, false)
			require.NoError(t, err, better)
			w.posted(channel, id, func(m wasim.ChannelMessage) bool { return m.Deleted })
			w.posting(session, id, func(m *models.Message) bool { return m.Deleted && m.Body == "" && !m.HasMedia })
			_, err = w.svc.RevokeMessage(ctx, row, key, false)
			is(t, err, fault.Validation, "")
			_, err = w.svc.EditMessage(ctx, row, key, whatsapp.TextContent{Text: better}, false)
			is(t, err, fault.Validation, "")
		}
		w.posts(channel, 4)
		assert.Len(t, w.messages(session, channel), 4)
		assert.Equal(t, []int{4, 4}, []int{len(w.events(models.EventMessageEdited)), len(w.events(models.EventMessageRevoked))})
	})
}

// A change whose outcome is not known is tried again. What is gone was taken back.
func TestChangesOfPostsAreTriedAgain(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.SendWait = 10 * time.Second }, func(w *world) {
		ctx := w.Context()
		session, own, _, channel := w.owned()
		row := w.row(session)
		sent, err := w.send(session, channel, "ebb at sex")
		require.NoError(w, err)
		key := whatsapp.MessageKey{Chat: channel.String(), WAMessageID: sent.WAMessageID()}
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number(), Count: 1})
		_, err = w.svc.EditMessage(ctx, row, key, whatsapp.TextContent{Text: "ebb at six"}, false)
		require.NoError(w, err)
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number(), Count: 1})
		gone, err := w.svc.RevokeMessage(ctx, row, key, false)
		require.NoError(w, err)
		assert.Equal(w, models.OutgoingSent, gone.Status)
		w.posting(session, sent.WAMessageID(), func(m *models.Message) bool { return m.Deleted })
		assert.Equal(w, []int{1, 1}, []int{len(w.events(models.EventMessageEdited)), len(w.events(models.EventMessageRevoked))})

		// The phone took this one back while the session was away.
		sent, err = w.send(session, channel, "flood")
		require.NoError(w, err)
		_, err = w.svc.StopSession(ctx, session)
		require.NoError(w, err)
		key.WAMessageID = sent.WAMessageID()
		late, err := w.svc.RevokeMessage(ctx, row, key, true)
		require.NoError(w, err)
		require.NoError(w, own.DeleteInChannel(ctx, channel, int(sent.Message.ServerID)))
		_, err = w.svc.StartSession(ctx, session)
		require.NoError(w, err)
		w.until(func() bool { return w.outgoing(late.ID).Status == models.OutgoingSent })
		w.posting(session, sent.WAMessageID(), func(m *models.Message) bool { return m.Deleted })
		assert.Len(w, w.events(models.EventMessageRevoked), 2, "told once, by whoever was first")
	})
}

// What cannot be done to posts is refused, and nothing is stored.
func TestChangesOfPostsThatAreRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		session, _, alice, channel := w.owned()
		row := w.row(session)
		theirs, err := alice.CreateChannel(ctx, "Hers", "", nil)
		require.NoError(w, err)
		_, err = w.svc.FollowChannel(ctx, session, theirs.String())
		require.NoError(w, err)
		hers, err := alice.PostText(ctx, theirs, "mine")
		require.NoError(w, err)
		w.posting(session, hers.ID, anyhow)
		sent, err := w.send(session, channel, "ebb")
		require.NoError(w, err)
		key, other := whatsapp.MessageKey{Chat: channel.String(), WAMessageID: sent.WAMessageID()}, whatsapp.MessageKey{Chat: theirs.String(), WAMessageID: hers.ID}
		edit := func(key whatsapp.MessageKey, text whatsapp.TextContent) error {
			_, err := w.svc.EditMessage(ctx, row, key, text, false)
			return err
		}
		revoke := func(key whatsapp.MessageKey) error {
			_, err := w.svc.RevokeMessage(ctx, row, key, false)
			return err
		}
		is(w.T, edit(other, whatsapp.TextContent{Text: "yours"}), fault.Forbidden, "")
		is(w.T, revoke(other), fault.Forbidden, "")
		f := is(w.T, edit(key, whatsapp.TextContent{Text: "@x", Mentions: []string{alice.LID().String()}}), fault.Validation, "")
		assert.Equal(w, "mentions", f.Details()["field"])
		_, err = w.svc.AddReaction(ctx, row, key, "👍", false)
		assert.Equal(w, "chat", is(w.T, err, fault.Validation, "").Details()["field"])
		_, err = w.svc.VoteMessage(ctx, row, key, nil, false)
		assert.Equal(w, "chat", is(w.T, err, fault.Validation, "").Details()["field"])

		pool, _ := w.db.WhatsmeowDB()
		_, err = pool.ExecContext(ctx, "UPDATE messages SET timestamp = timestamp - 2678400000 WHERE wa_message_id = '"+sent.WAMessageID()+"'")
		require.NoError(w, err)
		is(w.T, edit(key, whatsapp.TextContent{Text: "flood"}), fault.Validation, "")
		is(w.T, revoke(key), fault.Validation, "")
		post := w.posted(channel, sent.WAMessageID(), there)
		assert.Equal(w, []any{"ebb", false}, []any{post.Text, post.Deleted})
		assert.Empty(w, w.events(models.EventMessageEdited))
	})
}
