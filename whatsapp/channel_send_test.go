package whatsapp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
)

// owned is a session with a channel of its own account, which Alice follows.
func (w *world) owned() (session string, own, alice *wasim.Phone, channel types.JID) {
	w.Helper()
	own, alice = w.phone("Own"), w.phone("Alice")
	session = w.link(own)
	news, err := w.svc.CreateChannel(w.Context(), session, whatsapp.NewChannel{Name: "News"})
	require.NoError(w, err)
	channel, err = types.ParseJID(news.JID)
	require.NoError(w, err)
	require.NoError(w, alice.FollowChannel(w.Context(), channel))
	return session, own, alice, channel
}

// posted waits until a message is in a channel and as wanted, and gives it.
func (w *world) posted(channel types.JID, id string, wanted func(wasim.ChannelMessage) bool) wasim.ChannelMessage {
	w.Helper()
	var found wasim.ChannelMessage
	_, err := w.srv.WaitChannel(w.Context(), channel, func(c wasim.ChannelInfo) bool {
		for _, m := range c.Messages {
			if m.ID == id && wanted(m) {
				found = m
				return true
			}
		}
		return false
	})
	require.NoError(w, err)
	return found
}

// posts asserts how many messages a channel has.
func (w *world) posts(channel types.JID, n int) {
	w.Helper()
	info, known := w.srv.Channel(channel)
	assert.True(w, known)
	assert.Len(w, info.Messages, n)
}

func there(wasim.ChannelMessage) bool { return true }

func imageOf(caption string, data []byte) *whatsapp.MediaContent {
	return &whatsapp.MediaContent{Type: models.MessageImage, Data: inBase64(data), Caption: caption}
}

// Followers get the files of a channel as they are.
func TestSendsFilesToChannels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		ctx := w.Context()
		session, _, alice, channel := w.owned()
		kinds := map[string]struct {
			content whatsapp.MediaContent
			label   func(wasim.ChannelMessage) bool
		}{
			"image": {*imageOf("a wave", pngOf(t, 8, 8)), func(m wasim.ChannelMessage) bool {
				return m.Text == "a wave" && m.Message.GetImageMessage().GetJPEGThumbnail() != nil
			}},
			"video":    {whatsapp.MediaContent{Type: models.MessageVideo, Data: inBase64(film())}, func(m wasim.ChannelMessage) bool { return m.Message.GetVideoMessage() != nil }},
			"gif":      {whatsapp.MediaContent{Type: models.MessageVideo, Data: inBase64(film()), GIF: true}, func(m wasim.ChannelMessage) bool { return m.Message.GetVideoMessage().GetGifPlayback() }},
			"voice":    {whatsapp.MediaContent{Type: models.MessageAudio, Data: inBase64(voice(3)), Voice: true}, func(m wasim.ChannelMessage) bool { return m.Message.GetAudioMessage().GetPTT() }},
			"audio":    {whatsapp.MediaContent{Type: models.MessageAudio, Data: inBase64(voice(3))}, func(m wasim.ChannelMessage) bool { return m.Message.GetAudioMessage() != nil }},
			"document": {whatsapp.MediaContent{Type: models.MessageDocument, Data: inBase64([]byte("%PDF-1.4 tides")), Filename: "tides.pdf", Caption: "all"}, func(m wasim.ChannelMessage) bool { return m.Message.GetDocumentMessage().GetFileName() == "tides.pdf" }},
			"sticker":  {whatsapp.MediaContent{Type: models.MessageSticker, Data: webp}, func(m wasim.ChannelMessage) bool { return m.Message.GetStickerMessage() != nil }},
		}
		for name, kind := range kinds {
			content := kind.content
			sent, err := w.svc.SendMessage(ctx, w.row(session), whatsapp.NewSend{To: channel.String(), Media: &content})
			require.NoError(t, err, name)
			assert.Equal(t, []any{models.OutgoingSent, true}, []any{sent.Status, sent.MediaHandle != ""}, name)
			post := w.posted(channel, sent.WAMessageID(), there)
			assert.True(t, kind.label(post), "%s: %v", name, post.Message)
			assert.Equal(t, []any{"media", int64(post.ServerID)}, []any{post.Type, sent.Message.ServerID}, name)
			data, err := alice.Download(ctx, wasim.PhoneMessage{Message: post.Message})
			require.NoError(t, err, name)
			assert.Equal(t, w.bytesOf(sent.Message), data, name)
			require.NoError(t, w.db.Media.Lost(ctx, w.file(sent.Message, models.MediaUploaded)))
			assert.Equal(t, data, w.bytesOf(sent.Message), "%s, from WhatsApp", name)
		}
		w.posts(channel, len(kinds))
	})
}

// A file for a channel that is queued is brought to WhatsApp when its turn has come,
// and once, whatever happens on the way: its name there is kept with the send.
func TestQueuedFilesOfChannels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db, func(c *whatsapp.Config) {
			c.Timing.Send, c.Timing.SendRetry = 300*time.Millisecond, 10*time.Millisecond
		})
		ctx := w.Context()
		session, own, alice, channel := w.owned()
		_, err := w.svc.StopSession(ctx, session)
		require.NoError(t, err)
		data := pngOf(t, 8, 8)
		queued, err := w.svc.SendMessage(ctx, w.row(session), whatsapp.NewSend{To: channel.String(), Media: imageOf("later", data), Async: true})
		require.NoError(t, err)
		assert.Empty(t, queued.MediaHandle)
		w.fault(wasim.Fault{Kind: wasim.FaultMediaUpload, Count: 2})
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number()})
		_, err = w.svc.StartSession(ctx, session)
		require.NoError(t, err)
		post := w.posted(channel, queued.WAMessageID(), there)
		w.until(func() bool { return w.outgoing(queued.ID).Attempts > 0 })
		brought := w.outgoing(queued.ID)
		assert.Equal(t, []any{models.OutgoingQueued, true}, []any{brought.Status, brought.MediaHandle != ""})

		// The process ends, and WhatsApp takes no file any more.
		w.stop()
		w.srv.ClearFaults()
		w.fault(wasim.Fault{Kind: wasim.FaultMediaUpload})
		w.start()
		w.until(func() bool { return w.outgoing(queued.ID).Status == models.OutgoingSent })
		assert.Equal(t, brought.MediaHandle, w.outgoing(queued.ID).MediaHandle)
		w.posts(channel, 1)
		got, err := alice.Download(ctx, wasim.PhoneMessage{Message: post.Message})
		require.NoError(t, err)
		assert.Equal(t, data, got)
	})
}

// What a channel does not take is refused before anything is stored.
func TestWhatChannelsDoNotTake(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		session, own, alice, channel := w.owned()
		for name, c := range map[string]struct {
			field string
			send  whatsapp.NewSend
		}{
			"a poll":     {"to", whatsapp.NewSend{Poll: &whatsapp.PollContent{Name: "?", Options: []string{"a", "b"}}}},
			"a place":    {"to", whatsapp.NewSend{Location: &whatsapp.LocationContent{}}},
			"a card":     {"to", whatsapp.NewSend{Contact: &whatsapp.ContactContent{Name: "Bob", Phone: "491700000009"}}},
			"a reply":    {"replyTo", whatsapp.NewSend{Text: &whatsapp.TextContent{Text: "x"}, ReplyTo: "3EB0"}},
			"a mention":  {"mentions", whatsapp.NewSend{Text: &whatsapp.TextContent{Text: "x", Mentions: []string{alice.LID().String()}}}},
			"in caption": {"mentions", whatsapp.NewSend{Media: &whatsapp.MediaContent{Type: models.MessageImage, Data: inBase64(pngOf(w, 8, 8)), Mentions: []string{alice.LID().String()}}}},
			"seen once":  {"viewOnce", whatsapp.NewSend{Media: &whatsapp.MediaContent{Type: models.MessageImage, Data: inBase64(pngOf(w, 8, 8)), ViewOnce: true}}},
		} {
			c.send.To = channel.String()
			_, err := w.svc.SendMessage(ctx, w.row(session), c.send)
			assert.Equal(w, c.field, is(w.T, err, fault.Validation, "").Details()["field"], name)
		}
		theirs, err := alice.CreateChannel(ctx, "Hers", "", nil)
		require.NoError(w, err)
		_, err = w.svc.FollowChannel(ctx, session, theirs.String())
		require.NoError(w, err)
		for name, code := range map[string]fault.Code{theirs.String(): fault.Forbidden, "120363999999999999@newsletter": fault.NotFound} {
			_, err = w.svc.SendMessage(ctx, w.row(session), whatsapp.NewSend{To: name, Media: imageOf("", pngOf(w, 8, 8))})
			is(w.T, err, code, "")
		}
		w.posts(channel, 0)
		w.posts(theirs, 0)
		assert.Empty(w, w.messages(session, channel))
		for _, err := range w.sim.Media.List(ctx, "") {
			require.NoError(w, err)
			assert.Fail(w, "a file is left")
		}

		// WhatsApp's own refusal is told, with its code.
		w.fault(wasim.Fault{Kind: wasim.FaultRefuseSend, Phone: own.Number(), Code: 479, Count: 1})
		_, err = w.svc.SendMessage(ctx, w.row(session), whatsapp.NewSend{To: channel.String(), Media: imageOf("", pngOf(w, 8, 8))})
		assert.Equal(w, 479, is(w.T, err, fault.Upstream, fault.ReasonWhatsApp).Details()["code"])
	})
}

// What people wrote is posted in a channel of one's own, with files as channels have
// them.
func TestForwardsToChannels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		ctx := w.Context()
		session, own, alice, channel := w.owned()
		row := w.row(session)
		forward := func(id string, to types.JID) (*models.Outgoing, error) {
			w.stored(session, id)
			return w.svc.ForwardMessage(ctx, row, whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: id}, to.String(), false)
		}
		text := w.say(alice, own.LID(), "ebb at six")
		sent, err := forward(text, channel)
		require.NoError(t, err)
		assert.Equal(t, "ebb at six", w.posted(channel, sent.WAMessageID(), there).Text)
		for _, kind := range []wasim.MediaKind{wasim.MediaImage, wasim.MediaPTV} {
			id, err := alice.SendMedia(ctx, own.LID(), wasim.Media{Kind: kind, Data: []byte(kind), Caption: "look"})
			require.NoError(t, err)
			sent, err := forward(id, channel)
			require.NoError(t, err, kind)
			post := w.posted(channel, sent.WAMessageID(), there)
			data, err := alice.Download(ctx, wasim.PhoneMessage{Message: post.Message})
			require.NoError(t, err)
			assert.Equal(t, []any{string(kind), "media", ""}, []any{string(data), post.Type, string(post.Message.GetImageMessage().GetMediaKey()) + string(post.Message.GetVideoMessage().GetMediaKey())})
		}
		place, err := alice.SendLocation(ctx, own.LID(), wasim.Place{Latitude: 1, Longitude: 2, Name: "Pier"})
		require.NoError(t, err)
		_, err = forward(place, channel)
		assert.Equal(t, "to", is(t, err, fault.Validation, "").Details()["field"])
		hers, err := alice.CreateChannel(ctx, "Hers", "", nil)
		require.NoError(t, err)
		_, err = forward(text, hers)
		is(t, err, fault.NotFound, "")
		_, err = w.svc.FollowChannel(ctx, session, hers.String())
		require.NoError(t, err)
		_, err = forward(text, hers)
		is(t, err, fault.Forbidden, "")
		w.posts(channel, 3)
		w.posts(hers, 0)
	})
}

// What a channel shows to anybody is encrypted when it is forwarded.
func TestFilesOfChannelsAreForwarded(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db, func(c *whatsapp.Config) { c.Media.AutoDownload = false })
		ctx := w.Context()
		session, _, alice, channel := w.followed()
		row := w.row(session)
		post, err := alice.PostMedia(ctx, channel, wasim.Media{Kind: wasim.MediaDocument, Data: []byte("tides"), Caption: "all of them"})
		require.NoError(t, err)
		w.posting(session, post.ID, anyhow)
		key := whatsapp.MessageKey{Chat: channel.String(), WAMessageID: post.ID}
		_, err = w.svc.StopSession(ctx, session)
		require.NoError(t, err)
		_, err = w.svc.ForwardMessage(ctx, row, key, alice.LID().String(), true)
		is(t, err, fault.NotImplemented, fault.ReasonNotConnected)
		_, err = w.svc.StartSession(ctx, session)
		require.NoError(t, err)
		w.sim.Wait(session, func(u whatsapp.PairingUpdate) bool { return u.Status == models.SessionWorking })
		sent, err := w.svc.ForwardMessage(ctx, row, key, alice.LID().String(), false)
		require.NoError(t, err)
		got := w.got(alice, sent.WAMessageID())
		document := got.Content().GetDocumentMessage()
		assert.Equal(t, []any{32, "all of them", true}, []any{len(document.GetMediaKey()), document.GetCaption(), document.GetContextInfo().GetIsForwarded()})
		data, err := alice.Download(ctx, got)
		require.NoError(t, err)
		assert.Equal(t, "tides", string(data))
	})
}
