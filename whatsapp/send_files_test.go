package whatsapp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// webp is a sticker of one pixel, in base64.
const webp = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="

// film is the beginning of an MP4 file.
func film() []byte {
	return append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x02\x00mp42isom"), make([]byte, 200)...)
}

// voice is a voice note of so many seconds: Opus in Ogg.
func voice(seconds uint64) []byte {
	page := func(granule uint64, body string) []byte {
		out := append([]byte("OggS\x00\x00"), make([]byte, 8)...)
		binary.LittleEndian.PutUint64(out[6:], granule)
		out = append(out, make([]byte, 12)...) // serial, number, checksum
		return append(append(out, 1, byte(len(body))), body...)
	}
	out := page(0, "OpusHead\x01\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00")
	out = append(out, page(0, "OpusTags\x00\x00\x00\x00\x00\x00\x00\x00")...)
	return append(out, page(seconds*48_000, "\xfc\xfc\xfc")...)
}

func inBase64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// expirationOf is the timer that a message says, whatever kind it is.
func expirationOf(m *waE2E.Message) (seconds uint32) {
	for _, part := range []interface{ GetContextInfo() *waE2E.ContextInfo }{
		m.GetExtendedTextMessage(), m.GetImageMessage(), m.GetVideoMessage(), m.GetAudioMessage(), m.GetDocumentMessage(), m.GetStickerMessage(),
		m.GetPollCreationMessage(), m.GetPollCreationMessageV3(), m.GetLocationMessage(), m.GetContactMessage(),
	} {
		seconds = max(seconds, part.GetContextInfo().GetExpiration())
	}
	return seconds
}

// Each kind of file arrives whole, in a chat whose messages disappear, and what may
// be opened once only in the wrapper in which phones look for it.
func TestSendsFilesOfEveryKind(t *testing.T) {
	t.Parallel()
	eachTarget(t, func(w *world, session string, other *wasim.Phone, chat types.JID) {
		address := models.ChatAddress{Type: models.ChatDM, Person: models.Person{LID: other.LID().String()}}
		if chat.Server == types.GroupServer {
			address = models.ChatAddress{Type: models.ChatGroup, JID: chat.String()}
		}
		_, hello := w.deliver(session, other, whatsapp.NewSend{To: chat.String(), Text: &whatsapp.TextContent{Text: "hello"}})
		if chat.Server != types.GroupServer { // one chat, by whichever address
			w.until(func() bool {
				byLID, err := w.db.Chats.Get(w.Context(), session, other.LID().String())
				byNumber, err2 := w.db.Chats.Get(w.Context(), session, chat.String())
				return err == nil && err2 == nil && byLID.ID == byNumber.ID
			})
		}
		_, err := w.db.Chats.SetEphemeral(w.Context(), session, address, 86_400)
		require.NoError(w, err)
		picture := pngOf(w, 8, 8)
		for name, c := range map[string]struct {
			content whatsapp.MediaContent
			data    []byte
			check   func(m *waE2E.Message) bool
		}{
			"video": {whatsapp.MediaContent{Type: models.MessageVideo, Caption: "a film"}, film(), func(m *waE2E.Message) bool {
				return m.GetVideoMessage().GetCaption() == "a film" && m.GetVideoMessage().GetMimetype() == "video/mp4" && !m.GetVideoMessage().GetGifPlayback()
			}},
			"gif": {whatsapp.MediaContent{Type: models.MessageVideo, GIF: true}, film(), func(m *waE2E.Message) bool {
				return m.GetVideoMessage().GetGifPlayback()
			}},
			"voice": {whatsapp.MediaContent{Type: models.MessageAudio, Voice: true}, voice(7), func(m *waE2E.Message) bool {
				return m.GetAudioMessage().GetPTT() && m.GetAudioMessage().GetSeconds() == 7 && m.GetAudioMessage().GetMimetype() == "audio/ogg; codecs=opus"
			}},
			"audio": {whatsapp.MediaContent{Type: models.MessageAudio}, voice(7), func(m *waE2E.Message) bool {
				return m.GetAudioMessage() != nil && !m.GetAudioMessage().GetPTT()
			}},
			"sticker": {whatsapp.MediaContent{Type: models.MessageSticker}, nil, func(m *waE2E.Message) bool {
				return m.GetStickerMessage().GetMimetype() == "image/webp"
			}},
			"image once": {whatsapp.MediaContent{Type: models.MessageImage, ViewOnce: true}, picture, func(m *waE2E.Message) bool {
				return m.GetImageMessage().GetViewOnce()
			}},
			"voice once": {whatsapp.MediaContent{Type: models.MessageAudio, Voice: true, ViewOnce: true}, voice(2), func(m *waE2E.Message) bool {
				return m.GetAudioMessage().GetViewOnce()
			}},
		} {
			content := c.content
			if content.Data = inBase64(c.data); c.data == nil {
				content.Data = webp
			}
			row, got := w.deliver(session, other, whatsapp.NewSend{To: chat.String(), ReplyTo: hello.ID, Media: &content})
			assert.True(w, c.check(got.Content()), "%s: %v", name, got.Content())
			assert.EqualValues(w, 86_400, expirationOf(got.Content()), name)
			data, err := other.Download(w.Context(), got)
			require.NoError(w, err, name)
			assert.Equal(w, w.bytesOf(row.Message), data, name)
			wrapped := got.Message.GetViewOnceMessageV2() != nil || got.Message.GetViewOnceMessageV2Extension() != nil
			assert.Equal(w, content.ViewOnce, wrapped, name)
			assert.Equal(w, content.ViewOnce, row.Message.Content.ViewOnce, name)
		}
		for _, send := range []whatsapp.NewSend{
			{Text: &whatsapp.TextContent{Text: "gone soon"}},
			{Poll: &whatsapp.PollContent{Name: "?", Options: []string{"a", "b"}}},
			{Poll: &whatsapp.PollContent{Name: "?", Options: []string{"a", "b"}, Selectable: ptr(2)}},
			{Location: &whatsapp.LocationContent{Latitude: 1}},
			{Contact: &whatsapp.ContactContent{Name: "Bob", Phone: "491700000009"}},
		} {
			send.To = chat.String()
			row, got := w.deliver(session, other, send)
			assert.EqualValues(w, 86_400, expirationOf(got.Content()), "%v", got.Content())
			assert.Equal(w, 86_400, row.Message.Content.EphemeralSeconds)
		}
	})
}

// A caption that was changed is the one that is forwarded and quoted.
func TestChangedCaptionsGoOn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		first, _ := w.deliver(session, alice, whatsapp.NewSend{To: alice.LID().String(), Media: &whatsapp.MediaContent{
			Type: models.MessageImage, Data: inBase64(pngOf(w, 8, 8)), Caption: "olt",
		}})
		key := whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: first.WAMessageID()}
		_, err := w.svc.EditMessage(w.Context(), w.row(session), key, whatsapp.TextContent{Text: "old"}, false)
		require.NoError(w, err)
		_, err = alice.WaitCurrent(w.Context(), own.LID(), first.WAMessageID(), func(m wasim.MessageState) bool { return m.Text == "old" })
		require.NoError(w, err)
		sent, err := w.svc.ForwardMessage(w.Context(), w.row(session), key, bob.LID().String(), false)
		require.NoError(w, err)
		assert.Equal(w, "old", sent.Message.Body)
		assert.Equal(w, "old", w.got(bob, sent.WAMessageID()).Content().GetImageMessage().GetCaption())
		_, got := w.deliver(session, alice, whatsapp.NewSend{To: alice.LID().String(), ReplyTo: first.WAMessageID(), Text: &whatsapp.TextContent{Text: "new"}})
		assert.Equal(w, "old", got.Content().GetExtendedTextMessage().GetContextInfo().GetQuotedMessage().GetImageMessage().GetCaption())
	})
}

// A repeated request with a file gives the first result, keeps no second copy, and
// is known again whatever its server called the file, and when its time is over.
func TestRepeatsOfSendsWithFiles(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/pdf")
		rw.Header().Set("Content-Disposition", `attachment; filename="offer.pdf"`)
		_, _ = rw.Write([]byte("%PDF-1.4 offer"))
	}))
	t.Cleanup(server.Close)
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db, func(c *whatsapp.Config) { c.Media.Guard = outbound.New(outbound.Config{AllowPrivate: true}) })
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		for name, content := range map[string]func() *whatsapp.MediaContent{
			"inline": func() *whatsapp.MediaContent {
				return &whatsapp.MediaContent{Type: models.MessageImage, Data: inBase64(pngOf(t, 8, 8))}
			},
			"fetched": func() *whatsapp.MediaContent {
				return &whatsapp.MediaContent{Type: models.MessageDocument, URL: server.URL + "/1"}
			},
		} {
			until := models.MillisOf(time.Now().Add(2 * time.Second))
			send := func(media *whatsapp.MediaContent) (*models.Outgoing, error) {
				return w.svc.SendMessage(w.Context(), w.row(session), whatsapp.NewSend{
					To: alice.LID().String(), Media: media, IdempotencyKey: name, Async: true, ExpiresAt: until,
				})
			}
			first, err := send(content())
			require.NoError(t, err, name)
			w.until(func() bool { return w.outgoing(first.ID).Status == models.OutgoingSent })
			require.Eventually(t, func() bool { return models.Now() > until }, whatsapptest.Patience, 5*time.Millisecond)
			again, err := send(content())
			require.NoError(t, err, name)
			assert.True(t, again.Replayed, name)
			assert.Equal(t, first.ID, again.ID, name)
			other := content()
			other.Caption = "another"
			_, err = send(other)
			is(t, err, fault.Conflict, fault.ReasonKeyReused)
		}
		assert.Len(t, w.messages(session, alice.LID()), 2)
		files := 0
		for _, err := range w.sim.Media.List(w.Context(), "") {
			require.NoError(t, err)
			files++
		}
		assert.Equal(t, 2, files)
		names := make([]string, 0, 2)
		for _, m := range w.messages(session, alice.LID()) {
			names = append(names, m.Content.Media.Filename)
		}
		assert.True(t, slices.Contains(names, "offer.pdf"), names)
	})
}

// What the request itself holds is judged before the connection is looked at, and
// leaves nothing when it cannot be sent.
func TestFilesAreJudgedOffline(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		alice := w.phone("Alice")
		session := w.stopped()
		for name, c := range map[string]struct {
			data string
			code fault.Code
		}{
			"no base64":  {"!!!", fault.Validation},
			"no picture": {inBase64([]byte("%PDF-1.4")), fault.Validation},
			"a picture":  {inBase64(pngOf(w, 4, 4)), fault.NotImplemented},
		} {
			_, err := w.svc.SendMessage(w.Context(), w.row(session), whatsapp.NewSend{
				To: alice.LID().String(), Media: &whatsapp.MediaContent{Type: models.MessageImage, Data: c.data},
			})
			assert.Equal(w, c.code, fault.From(err).Code(), name)
		}
		for info, err := range w.sim.Media.List(w.Context(), "") {
			require.NoError(w, err)
			assert.Fail(w, "a file is left", info.Key)
		}
	})
}

// A file that is gone before it could be brought fails its message at once, and
// nothing else of the chat.
func TestAQueuedFileThatIsGone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, err := w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		lost, err := w.svc.SendMessage(w.Context(), w.row(session), whatsapp.NewSend{
			To: alice.LID().String(), Async: true, Media: &whatsapp.MediaContent{Type: models.MessageDocument, Data: inBase64(bytes.Repeat([]byte("x"), 100))},
		})
		require.NoError(w, err)
		_, err = w.send(session, alice.LID(), "behind it", async)
		require.NoError(w, err)
		require.NoError(w, w.sim.Media.Delete(w.Context(), w.file(lost.Message, models.MediaStored).StorageKey))
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		assert.Equal(w, []string{"behind it"}, w.receives(alice, 1))
		w.until(func() bool { return w.outgoing(lost.ID).Status == models.OutgoingFailed })
		assert.Equal(w, fault.ReasonMediaGone, w.outgoing(lost.ID).Failure.Reason)
	})
}

// A file of 64 MiB goes from its address to WhatsApp in pieces: all that is
// allocated on its way, the simulated WhatsApp's part among it, is less than that.
//
//nolint:paralleltest // what other tests allocate would count
func TestLargeFilesAreNotHeldInMemory(t *testing.T) {
	const size = 64 << 20
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		piece := bytes.Repeat([]byte("a large file "), 6000)[:1<<16]
		for range size / len(piece) {
			if _, err := rw.Write(piece); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	w := mediaWorld(t, modelstest.Open(t, modelstest.SQLite), func(c *whatsapp.Config) {
		c.Media.Guard = outbound.New(outbound.Config{AllowPrivate: true})
	})
	own, alice := w.phone("Own"), w.phone("Alice")
	session := w.link(own)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	row, err := w.svc.SendMessage(w.Context(), w.row(session), whatsapp.NewSend{To: alice.LID().String(), Media: &whatsapp.MediaContent{
		Type: models.MessageDocument, URL: server.URL, Filename: "large.bin",
	}})
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	assert.EqualValues(t, size, w.file(row.Message, models.MediaUploaded).Size)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(size/2))
}
