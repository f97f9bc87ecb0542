package whatsapp_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
)

// followed is a session that follows a channel of Alice's.
func (w *world) followed() (session string, own, alice *wasim.Phone, channel types.JID) {
	w.Helper()
	own, alice = w.phone("Own"), w.phone("Alice")
	channel, err := alice.CreateChannel(w.Context(), "Tides", "", nil)
	require.NoError(w, err)
	session = w.link(own)
	_, err = w.svc.FollowChannel(w.Context(), session, channel.String())
	require.NoError(w, err)
	return session, own, alice, channel
}

// Files in channels are not encrypted; they are checked, stored and served as others.
func TestFilesOfChannelsAreStored(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		ctx := w.Context()
		session, _, alice, channel := w.followed()
		post := func(kind wasim.MediaKind, data []byte) wasim.ChannelMessage {
			posted, err := alice.PostMedia(ctx, channel, wasim.Media{Kind: kind, Data: data, Caption: "a wave", Thumbnail: []byte{0xff, 0xd8, 1}})
			require.NoError(t, err)
			return posted
		}
		for kind, want := range map[wasim.MediaKind]models.MessageType{
			wasim.MediaImage: models.MessageImage, wasim.MediaVideo: models.MessageVideo, wasim.MediaGIF: models.MessageVideo,
			wasim.MediaPTV: models.MessageVideo, wasim.MediaAudio: models.MessageAudio, wasim.MediaVoice: models.MessageAudio,
			wasim.MediaDocument: models.MessageDocument, wasim.MediaSticker: models.MessageSticker,
		} {
			data := bytes.Repeat([]byte(kind), 10_000)
			posted := post(kind, data)
			m := w.posting(session, posted.ID, anyhow)
			assert.Equal(t, []any{want, true, int64(posted.ServerID)}, []any{m.Type, m.HasMedia, m.ServerID}, kind)
			file := w.file(m, models.MediaStored)
			assert.EqualValues(t, len(data), file.Size)
			assert.Equal(t, data, w.bytesOf(m), kind)
		}

		posted := post(wasim.MediaImage, []byte("waves"))
		m := w.posting(session, posted.ID, anyhow)
		assert.Equal(t, []byte{0xff, 0xd8, 1}, w.file(m, models.MediaStored).Thumbnail)
		_, err := alice.EditInChannel(ctx, channel, posted.ServerID, "a larger wave")
		require.NoError(t, err)
		m = w.posting(session, posted.ID, func(m *models.Message) bool { return m.Edited && m.Body == "a larger wave" })
		assert.Equal(t, "waves", string(w.bytesOf(m)), "another caption leaves the file")
		require.NoError(t, alice.DeleteInChannel(ctx, channel, posted.ServerID))
		w.posting(session, posted.ID, func(m *models.Message) bool { return m.Deleted && !m.HasMedia })
		_, err = w.db.Media.Get(ctx, m.ID)
		is(t, err, fault.NotFound, "")
	})
}

// What came before the account followed is got when somebody asks for it.
func TestOlderFilesOfChannels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		channel, err := alice.CreateChannel(ctx, "Tides", "", nil)
		require.NoError(t, err)
		posted, err := alice.PostMedia(ctx, channel, wasim.Media{Kind: wasim.MediaImage, Data: []byte("waves")})
		require.NoError(t, err)
		found, err := w.svc.FetchChannelMessages(ctx, session, channel.String(), 10, nil)
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.Equal(t, posted.ID, found[0].WAMessageID)
		assert.Equal(t, models.Never, w.file(&found[0], models.MediaRemote).NextTryAt)
		assert.Equal(t, "waves", string(w.bytesOf(&found[0])))
	})
}

// A file of a channel that is not what its message says is not kept, one of a server
// that is down is tried again, and no phone is asked for one that is gone.
func TestFilesOfChannelsThatFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  wasim.Fault
		size   int
		want   models.MediaStatus
		reason fault.Reason
	}{
		"a server that is down for a moment": {fault: wasim.Fault{Kind: wasim.FaultMediaStatus, Code: 500, Count: 2}, want: models.MediaStored},
		"cut off once":                       {fault: wasim.Fault{Kind: wasim.FaultMediaCut, Count: 1}, want: models.MediaStored},
		"damaged once":                       {fault: wasim.Fault{Kind: wasim.FaultMediaCorrupt, Count: 1}, want: models.MediaStored},
		"damaged":                            {fault: wasim.Fault{Kind: wasim.FaultMediaCorrupt}, want: models.MediaFailed, reason: fault.ReasonMediaFetch},
		"gone":                               {fault: wasim.Fault{Kind: wasim.FaultMediaStatus, Code: 410}, want: models.MediaExpired, reason: fault.ReasonMediaGone},
		"too large":                          {size: 100_000, want: models.MediaFailed, reason: fault.ReasonMediaFetch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				w := mediaWorld(t, db, func(c *whatsapp.Config) { c.Media.AutoDownload, c.Media.MaxBytes = false, 1<<16 })
				session, _, alice, channel := w.followed()
				data := bytes.Repeat([]byte("f"), max(c.size, 60_000))
				posted, err := alice.PostMedia(w.Context(), channel, wasim.Media{Kind: wasim.MediaDocument, Data: data})
				require.NoError(t, err)
				m := w.posting(session, posted.ID, anyhow)
				if c.fault.Kind != "" {
					w.fault(c.fault)
				}
				_, err = w.svc.FetchMedia(w.Context(), w.row(session), whatsapp.MessageKey{Chat: channel.String(), WAMessageID: posted.ID})
				file := w.file(m, c.want)
				if c.want == models.MediaStored {
					require.NoError(t, err)
					assert.Equal(t, data, w.bytesOf(m))
					return
				}
				assert.Equal(t, c.reason, fault.From(err).Reason(), "%v", err)
				assert.NotEmpty(t, file.Error)
				if c.fault.Kind == "" {
					return
				}
				w.srv.ClearFaults()
				assert.Equal(t, data, w.bytesOf(m), "it is tried anew when it is asked for again")
			})
		})
	}
}

// What the account itself has posted is the same message when the channel gives it.
func TestOwnPostsAreKnownAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own := w.Context(), w.phone("Own")
		session := w.link(own)
		news, err := w.svc.CreateChannel(ctx, session, whatsapp.NewChannel{Name: "News"})
		require.NoError(w, err)
		jid, err := types.ParseJID(news.JID)
		require.NoError(w, err)
		sent, err := w.send(session, jid, "hello all")
		require.NoError(w, err)
		found, err := w.svc.FetchChannelMessages(ctx, session, news.JID, 10, nil)
		require.NoError(w, err)
		require.Len(w, found, 1)
		assert.Equal(w, []any{sent.MessageID, true}, []any{found[0].ID, found[0].FromMe})
		assert.Len(w, w.messages(session, jid), 1)
	})
}
