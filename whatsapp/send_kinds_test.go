package whatsapp_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// pngOf makes a picture.
func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewRGBA(image.Rect(0, 0, width, height))))
	return b.Bytes()
}

// deliver sends and gives what the other phone shows.
func (w *world) deliver(session string, to *wasim.Phone, send whatsapp.NewSend) (*models.Outgoing, wasim.PhoneMessage) {
	w.Helper()
	row, err := w.svc.SendMessage(w.Context(), w.row(session), send)
	require.NoError(w, err)
	assert.Equal(w, models.OutgoingSent, row.Status)
	return row, w.got(to, row.WAMessageID())
}

// eachTarget runs a test for a chat one to one, and for a group, by LID and by
// number each, on both databases. chat is the address to send to.
func eachTarget(t *testing.T, test func(w *world, session string, other *wasim.Phone, chat types.JID)) {
	t.Helper()
	for name, address := range map[string]func(w *world, own, other *wasim.Phone) types.JID{
		"lid":   func(_ *world, _, other *wasim.Phone) types.JID { return other.LID() },
		"phone": func(_ *world, _, other *wasim.Phone) types.JID { return other.JID() },
		"group": func(w *world, own, other *wasim.Phone) types.JID {
			return w.group(own, types.AddressingModeLID, other)
		},
		"group by number": func(w *world, own, other *wasim.Phone) types.JID {
			return w.group(own, types.AddressingModePN, other)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(w *world) {
				own, other := w.phone("Own"), w.phone("Alice")
				chat := address(w, own, other)
				session := w.link(own)
				if chat.Server == types.GroupServer {
					w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, chat) })
				}
				test(w, session, other, chat)
			})
		})
	}
}

func TestSendsEveryKind(t *testing.T) {
	t.Parallel()
	eachTarget(t, func(w *world, session string, other *wasim.Phone, chat types.JID) {
		to := chat.String()
		picture := pngOf(w, 64, 32)
		inline := base64.StdEncoding.EncodeToString(picture)

		row, got := w.deliver(session, other, whatsapp.NewSend{To: to, Media: &whatsapp.MediaContent{
			Type: models.MessageImage, Data: "data:image/png;base64," + inline, Caption: "look", ViewOnce: false,
		}})
		shown := got.Content().GetImageMessage()
		require.NotNil(w, shown)
		assert.Equal(w, "look", shown.GetCaption())
		assert.EqualValues(w, 64, shown.GetWidth())
		assert.NotEmpty(w, shown.GetJPEGThumbnail())
		data, err := other.Download(w.Context(), got)
		require.NoError(w, err)
		assert.Equal(w, picture, data)
		assert.Equal(w, picture, w.bytesOf(row.Message))
		file := w.file(row.Message, models.MediaUploaded)
		assert.Equal(w, "image/png", file.Mimetype)

		_, got = w.deliver(session, other, whatsapp.NewSend{To: to, Media: &whatsapp.MediaContent{
			Type: models.MessageDocument, Data: base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 offer")), Filename: "offer.pdf", Caption: "read",
		}})
		assert.Equal(w, "offer.pdf", got.Content().GetDocumentMessage().GetFileName())
		_, got = w.deliver(session, other, whatsapp.NewSend{To: to, Media: &whatsapp.MediaContent{
			Type: models.MessageImage, Data: inline, ViewOnce: true,
		}})
		assert.True(w, got.ViewOnce() || got.Content().GetImageMessage().GetViewOnce())

		_, got = w.deliver(session, other, whatsapp.NewSend{To: to, Location: &whatsapp.LocationContent{Latitude: -6.1754, Longitude: 106.8272, Name: "Monas", Address: "Jakarta"}})
		assert.Equal(w, "Monas", got.Content().GetLocationMessage().GetName())
		_, got = w.deliver(session, other, whatsapp.NewSend{To: to, Contact: &whatsapp.ContactContent{Name: "Bob; the \"Builder\"", Phone: "+4917012345"}})
		assert.Contains(w, got.Content().GetContactMessage().GetVcard(), "waid=4917012345")
		assert.Equal(w, `Bob; the "Builder"`, got.Content().GetContactMessage().GetDisplayName())

		first, hello := w.deliver(session, other, whatsapp.NewSend{To: to, Text: &whatsapp.TextContent{Text: "helo"}})
		_, got = w.deliver(session, other, whatsapp.NewSend{To: to, ReplyTo: hello.ID, Media: &whatsapp.MediaContent{
			Type: models.MessageImage, Data: inline, Caption: "@" + other.LID().User, Mentions: []string{other.LID().String()},
		}})
		about := got.Content().GetImageMessage().GetContextInfo()
		assert.Equal(w, hello.ID, about.GetStanzaID())
		assert.Equal(w, []string{other.LID().String()}, about.GetMentionedJID())

		key := whatsapp.MessageKey{Chat: to, WAMessageID: first.WAMessageID()}
		_, err = w.svc.EditMessage(w.Context(), w.row(session), key, whatsapp.TextContent{Text: "hello"}, false)
		require.NoError(w, err)
		own := got.Chat
		state, err := other.WaitCurrent(w.Context(), own, hello.ID, func(m wasim.MessageState) bool { return m.Text == "hello" })
		require.NoError(w, err)
		assert.False(w, state.Deleted)
		reaction, err := w.svc.AddReaction(w.Context(), w.row(session), key, "👍", false)
		require.NoError(w, err)
		assert.Equal(w, models.MessageReaction, reaction.Message.Type)
		_, err = other.WaitCurrent(w.Context(), own, hello.ID, func(m wasim.MessageState) bool { return len(m.Reactions) == 1 })
		require.NoError(w, err)
		for range 2 { // a repeat changes nothing
			_, err = w.svc.RemoveReaction(w.Context(), w.row(session), key, false)
			require.NoError(w, err)
		}
		_, err = other.WaitCurrent(w.Context(), own, hello.ID, func(m wasim.MessageState) bool { return len(m.Reactions) == 0 })
		require.NoError(w, err)
		forwarded, err := w.svc.ForwardMessage(w.Context(), w.row(session), whatsapp.MessageKey{Chat: to, WAMessageID: row.WAMessageID()}, to, false)
		require.NoError(w, err)
		got = w.got(other, forwarded.WAMessageID())
		assert.True(w, got.Content().GetImageMessage().GetContextInfo().GetIsForwarded())
		data, err = other.Download(w.Context(), got)
		require.NoError(w, err)
		assert.Equal(w, picture, data)
		_, err = w.svc.RevokeMessage(w.Context(), w.row(session), key, false)
		require.NoError(w, err)
		_, err = other.WaitCurrent(w.Context(), own, hello.ID, func(m wasim.MessageState) bool { return m.Deleted })
		require.NoError(w, err)
		stored, err := w.db.Messages.GetByID(w.Context(), first.MessageID)
		require.NoError(w, err)
		assert.True(w, stored.Deleted && stored.Body == "")

		asked, _ := w.deliver(session, other, whatsapp.NewSend{To: to, Poll: &whatsapp.PollContent{Name: "Pizza?", Options: []string{"yes", "no"}}})
		_, err = other.Vote(w.Context(), own, asked.WAMessageID(), "yes")
		require.NoError(w, err)
		pollKey := whatsapp.MessageKey{Chat: to, WAMessageID: asked.WAMessageID()}
		_, err = w.svc.VoteMessage(w.Context(), w.row(session), pollKey, []string{"no"}, false)
		require.NoError(w, err)
		tally, err := other.WaitPollTally(w.Context(), own, asked.WAMessageID(), func(t wasim.PollTally) bool { return len(t.Votes["no"]) == 1 && len(t.Votes["yes"]) == 1 })
		require.NoError(w, err)
		assert.Equal(w, []types.JID{other.LID()}, tally.Votes["yes"])
		w.until(func() bool {
			votes, err := w.db.Messages.VotesByMessages(w.Context(), []int64{asked.MessageID})
			return err == nil && len(votes[asked.MessageID]) == 2
		})
		theirs, err := other.SendPoll(w.Context(), own, wasim.Poll{Name: "Pasta?", Options: []string{"yes", "no"}})
		require.NoError(w, err)
		poll := w.stored(session, theirs)
		_, err = w.svc.VoteMessage(w.Context(), w.row(session), whatsapp.MessageKey{Chat: to, WAMessageID: theirs}, []string{"no", "yes"}, false)
		require.NoError(w, err)
		_, err = other.WaitPollTally(w.Context(), own, theirs, func(t wasim.PollTally) bool { return len(t.Votes["no"]) == 1 && len(t.Votes["yes"]) == 1 })
		require.NoError(w, err)
		_, err = w.svc.VoteMessage(w.Context(), w.row(session), whatsapp.MessageKey{Chat: to, WAMessageID: theirs}, []string{}, false)
		require.NoError(w, err)
		votes, err := w.db.Messages.VotesByMessages(w.Context(), []int64{poll.ID})
		require.NoError(w, err)
		assert.Empty(w, votes[poll.ID], "taken back")
	})
}

func TestSendsFromAddresses(t *testing.T) {
	t.Parallel()
	picture := pngOf(t, 8, 8)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/picture.png":
			rw.Header().Set("Content-Type", "image/png")
			_, _ = rw.Write(picture)
		case "/page":
			_, _ = rw.Write([]byte(`<html><head><title>x</title><meta property="og:title" content="A  page"><meta name="description" content="About"></head>`))
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := rw.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil {
					return
				}
			}
		default:
			http.NotFound(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db, func(c *whatsapp.Config) {
			c.Media.Guard, c.Media.MaxBytes = outbound.New(outbound.Config{AllowPrivate: true}), 1<<20
		})
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, got := w.deliver(session, alice, whatsapp.NewSend{To: alice.LID().String(), Media: &whatsapp.MediaContent{Type: models.MessageImage, URL: server.URL + "/picture.png"}})
		data, err := alice.Download(w.Context(), got)
		require.NoError(t, err)
		assert.Equal(t, picture, data)
		_, got = w.deliver(session, alice, whatsapp.NewSend{To: alice.LID().String(), Text: &whatsapp.TextContent{Text: "see " + server.URL + "/page.", LinkPreview: true}})
		assert.Equal(t, "A page", got.Content().GetExtendedTextMessage().GetTitle())
		assert.Equal(t, server.URL+"/page", got.Content().GetExtendedTextMessage().GetMatchedText())
		_, got = w.deliver(session, alice, whatsapp.NewSend{To: alice.LID().String(), Text: &whatsapp.TextContent{Text: server.URL + "/none", LinkPreview: true}})
		assert.Equal(t, server.URL+"/none", got.Text)
		for path, reason := range map[string]fault.Reason{"/endless": fault.ReasonMediaTooLarge, "/none": fault.ReasonMediaFetch, "/page": fault.ReasonMediaType} {
			_, err := w.svc.SendMessage(w.Context(), w.row(session), whatsapp.NewSend{To: alice.LID().String(), Media: &whatsapp.MediaContent{Type: models.MessageImage, URL: server.URL + path}})
			is(t, err, fault.Validation, reason)
		}
		for _, err := range w.sim.Media.List(w.Context(), "") {
			require.NoError(t, err)
		}
	})
}

// What cannot be sent leaves nothing: no row, no event, no file.
func TestBadContentLeavesNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		media := func(kind models.MessageType, data string, change ...func(*whatsapp.MediaContent)) whatsapp.NewSend {
			c := &whatsapp.MediaContent{Type: kind, Data: data}
			for _, ch := range change {
				ch(c)
			}
			return whatsapp.NewSend{Media: c}
		}
		inline := base64.StdEncoding.EncodeToString(pngOf(t, 4, 4))
		link := func(url string) whatsapp.NewSend {
			return whatsapp.NewSend{Media: &whatsapp.MediaContent{Type: models.MessageImage, URL: url}}
		}
		poll := func(options ...string) whatsapp.NewSend {
			return whatsapp.NewSend{Poll: &whatsapp.PollContent{Name: "?", Options: options}}
		}
		for name, c := range map[string]struct {
			send  whatsapp.NewSend
			field string
		}{
			"nothing":                {whatsapp.NewSend{}, "text"},
			"one option":             {poll("a"), "options"},
			"thirteen options":       {poll(strings.Split("abcdefghijklm", "")...), "options"},
			"an option twice":        {poll("a", "a"), "options[1]"},
			"no base64":              {media(models.MessageImage, "!!!"), "media.data"},
			"not what it says":       {media(models.MessageImage, inline, func(c *whatsapp.MediaContent) { c.Mimetype = "application/pdf" }), "media.mimetype"},
			"no picture":             {media(models.MessageImage, base64.StdEncoding.EncodeToString([]byte("%PDF-1.4"))), "media"},
			"too large":              {media(models.MessageDocument, base64.StdEncoding.EncodeToString(make([]byte, 17<<20))), "media.data"},
			"the metadata service":   {link("http://169.254.169.254/latest"), "media.url"},
			"localhost":              {link("http://localhost:1/x"), "media.url"},
			"another scheme":         {link("file:///etc/passwd"), "media.url"},
			"both":                   {media(models.MessageImage, inline, func(c *whatsapp.MediaContent) { c.URL = "http://x.invalid" }), "media"},
			"a caption on a sticker": {media(models.MessageSticker, inline, func(c *whatsapp.MediaContent) { c.Caption = "x" }), "media.caption"},
			"a voice picture":        {media(models.MessageImage, inline, func(c *whatsapp.MediaContent) { c.Voice = true }), "media.voice"},
			"a place beyond":         {whatsapp.NewSend{Location: &whatsapp.LocationContent{Latitude: 91}}, "latitude"},
			"no card":                {whatsapp.NewSend{Contact: &whatsapp.ContactContent{VCard: "nonsense"}}, "vcard"},
			"a card of two lines":    {whatsapp.NewSend{Contact: &whatsapp.ContactContent{Name: "Bob\rTEL:666", Phone: "491700000009"}}, "contact.name"},
			"no number":              {whatsapp.NewSend{Contact: &whatsapp.ContactContent{Name: "Bob", Phone: "x"}}, "contact.phone"},
			"a long text":            {whatsapp.NewSend{Text: &whatsapp.TextContent{Text: strings.Repeat("x", 1_000_000)}}, "text"},
			"NUL":                    {whatsapp.NewSend{Poll: &whatsapp.PollContent{Name: "\x00", Options: []string{"a", "b"}}}, "name"},
			"invalid UTF-8":          {whatsapp.NewSend{Location: &whatsapp.LocationContent{Name: "\xff"}}, "name"},
			"too far ahead":          {whatsapp.NewSend{Text: &whatsapp.TextContent{Text: "x"}, ScheduledAt: models.Now() + 367*24*3600*1000}, "scheduledAt"},
			"expired":                {whatsapp.NewSend{Text: &whatsapp.TextContent{Text: "x"}, ExpiresAt: 1}, "expiresAt"},
		} {
			for _, async := range []bool{false, true} {
				c.send.To, c.send.Async = alice.LID().String(), async
				_, err := w.svc.SendMessage(w.Context(), w.row(session), c.send)
				f := fault.From(err)
				require.Equal(t, fault.Validation, f.Code(), "%s: %v", name, err)
				assert.Equal(t, c.field, f.Details()["field"], name)
			}
		}
		_, err := w.send(session, alice.LID(), "x", func(n *whatsapp.NewSend) { n.ScheduledAt = -1 })
		require.ErrorContains(t, err, "before 1970")
		assert.Empty(t, w.messages(session, alice.JID()))
		for info, err := range w.sim.Media.List(w.Context(), "") {
			require.NoError(t, err)
			assert.Fail(t, "a file is left", info.Key)
		}
	})
}

func TestChangesThatAreRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		team := w.group(bob, types.AddressingModeLID, own, alice)
		session := w.link(own)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, team) })
		theirs := w.say(alice, own.LID(), "hello")
		w.stored(session, theirs)
		inTeam := w.say(alice, team, "hello team")
		w.stored(session, inTeam)
		row := w.row(session)
		key := whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: theirs}
		teamKey := whatsapp.MessageKey{Chat: team.String(), WAMessageID: inTeam, Sender: alice.LID().String()}
		_, err := w.svc.EditMessage(w.Context(), row, key, whatsapp.TextContent{Text: "x"}, false)
		is(w.T, err, fault.Validation, "")
		_, err = w.svc.RevokeMessage(w.Context(), row, key, false)
		is(w.T, err, fault.Validation, "")
		_, err = w.svc.RevokeMessage(w.Context(), row, teamKey, false)
		is(w.T, err, fault.Forbidden, fault.ReasonNotGroupAdmin)
		_, err = w.svc.RevokeMessage(w.Context(), row, whatsapp.MessageKey{Chat: key.Chat, WAMessageID: theirs, Sender: key.Chat}, false)
		is(w.T, err, fault.Forbidden, "")
		assert.NotContains(w, err.Error(), "group")
		_, err = w.svc.VoteMessage(w.Context(), row, key, nil, false)
		is(w.T, err, fault.Validation, "")
		for _, emoji := range []string{"", "x", "ok", "👍👍", "1", "+", " ", "´", "🇩", "🏻"} {
			_, err = w.svc.AddReaction(w.Context(), row, key, emoji, false)
			is(w.T, err, fault.Validation, "")
		}
		for _, emoji := range []string{"👍🏽", "❤️", "1️⃣", "👩‍👩‍👧‍👦", "🇩🇪", "©", "❤"} {
			_, err = w.svc.AddReaction(w.Context(), row, key, emoji, false)
			require.NoError(w, err, emoji)
		}
		_, err = w.svc.AddReaction(w.Context(), row, whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: "none"}, "👍", false)
		is(w.T, err, fault.NotFound, "")
		_, err = w.svc.ForwardMessage(w.Context(), row, key, "nonsense", false)
		is(w.T, err, fault.Validation, fault.ReasonInvalidJID)
		_, err = bob.Promote(w.Context(), team, own.JID())
		require.NoError(w, err)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, team) })
		_, err = w.svc.RevokeMessage(w.Context(), row, teamKey, false)
		require.NoError(w, err)
		_, err = alice.WaitCurrent(w.Context(), team, inTeam, func(m wasim.MessageState) bool { return m.Deleted })
		require.NoError(w, err)
	})
}

// Files of queued sends come to WhatsApp when the session is back, also in the next
// process, and hold up no other chat.
func TestQueuedFilesAreBrought(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		_, err := w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		picture := pngOf(w, 8, 8)
		queue := func(to *wasim.Phone, send whatsapp.NewSend) *models.Outgoing {
			send.To, send.Async = to.LID().String(), true
			row, err := w.svc.SendMessage(w.Context(), w.row(session), send)
			require.NoError(w, err)
			assert.Equal(w, models.OutgoingQueued, row.Status)
			return row
		}
		first := queue(alice, whatsapp.NewSend{Media: &whatsapp.MediaContent{Type: models.MessageImage, Data: base64.StdEncoding.EncodeToString(picture)}})
		second := queue(alice, whatsapp.NewSend{Text: &whatsapp.TextContent{Text: "behind it"}})
		queue(bob, whatsapp.NewSend{Text: &whatsapp.TextContent{Text: "beside it"}})
		w.stop()
		w.fault(wasim.Fault{Kind: wasim.FaultMediaUpload, Count: 2})
		w.start()
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		got := w.got(alice, first.WAMessageID())
		data, err := alice.Download(w.Context(), got)
		require.NoError(w, err)
		assert.Equal(w, picture, data)
		w.got(alice, second.WAMessageID())
		assert.Equal(w, []string{"beside it"}, w.receives(bob, 1))
		order := alice.Messages()
		assert.Equal(w, first.WAMessageID(), order[0].ID)
	})
}

func TestScheduledSends(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		row := w.row(session)
		text := func(text string, at, until time.Duration) whatsapp.NewSend {
			send := whatsapp.NewSend{To: alice.LID().String(), Text: &whatsapp.TextContent{Text: text}}
			if at != 0 {
				send.ScheduledAt = models.MillisOf(time.Now().Add(at))
			}
			if until != 0 {
				send.ExpiresAt = models.MillisOf(time.Now().Add(until))
			}
			return send
		}
		later, err := w.svc.SendMessage(w.Context(), row, text("later", time.Second, 0))
		require.NoError(w, err)
		assert.Equal(w, models.OutgoingQueued, later.Status)
		never, err := w.svc.SendMessage(w.Context(), row, text("never", time.Hour, 0))
		require.NoError(w, err)
		_, err = w.svc.SendMessage(w.Context(), row, text("now", 0, 0))
		require.NoError(w, err, "it holds up nothing")
		assert.Equal(w, []string{"now", "later"}, w.receives(alice, 2))
		assert.GreaterOrEqual(w, w.got(alice, later.WAMessageID()).Time.UnixMilli(), int64(later.ScheduledAt)-1000)

		cancelled, err := w.svc.CancelSend(w.Context(), row, never.ID)
		require.NoError(w, err)
		assert.Equal(w, models.OutgoingFailed, cancelled.Status)
		_, err = w.svc.CancelSend(w.Context(), row, never.ID)
		is(w.T, err, fault.Conflict, "")
		_, err = w.svc.CancelSend(w.Context(), row, later.ID)
		is(w.T, err, fault.Conflict, "")
		_, err = w.svc.CancelSend(w.Context(), row, "01J9ZX8K2QHV0M3T6R7P4N5W8C")
		is(w.T, err, fault.NotFound, "")

		_, err = w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		send := text("too late", 0, 50*time.Millisecond)
		send.Async = true
		late, err := w.svc.SendMessage(w.Context(), row, send)
		require.NoError(w, err)
		require.Eventually(w, func() bool { return models.Now() > late.ExpiresAt }, whatsapptest.Patience, time.Millisecond)
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		w.until(func() bool { return w.outgoing(late.ID).Status == models.OutgoingFailed })
	})
}

func TestDisappearingChats(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.stored(session, w.say(alice, own.LID(), "hello"))
		_, err := w.db.Chats.SetEphemeral(w.Context(), session, models.ChatAddress{Type: models.ChatDM, Person: models.Person{LID: alice.LID().String()}}, 86_400)
		require.NoError(w, err)
		row, got := w.deliver(session, alice, whatsapp.NewSend{To: alice.JID().String(), Text: &whatsapp.TextContent{Text: "gone soon"}})
		assert.EqualValues(w, 86_400, got.Content().GetExtendedTextMessage().GetContextInfo().GetExpiration())
		assert.Equal(w, 86_400, row.Message.Content.EphemeralSeconds)
	})
}

func TestTypingIsShown(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, err := w.svc.UpdateSession(w.Context(), session, whatsapp.SessionSettings{PresenceTyping: ptr(true)})
		require.NoError(w, err)
		begun := time.Now()
		w.deliver(session, alice, whatsapp.NewSend{To: alice.LID().String(), Text: &whatsapp.TextContent{Text: "hello there"}})
		assert.GreaterOrEqual(w, time.Since(begun), 200*time.Millisecond)
	})
}
