package whatsapp_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/whatsapp/wasim"
)

// stored waits for a message by WhatsApp's id and gives it.
func (w *world) stored(session, id string) *models.Message {
	w.Helper()
	var found *models.Message
	w.until(func() bool {
		m, err := w.db.Messages.Get(w.Context(), session, id)
		found = m
		return err == nil
	})
	return found
}

// eachChat runs a test one to one and in a group, on both databases, addressed by
// LID and by phone number. chat is where the account writes to and hears from.
func eachChat(t *testing.T, test func(w *world, session string, own, other *wasim.Phone, chat types.JID)) {
	t.Helper()
	t.Run("dm", func(t *testing.T) {
		t.Parallel()
		for _, mode := range addressings() {
			t.Run(string(mode), func(t *testing.T) {
				t.Parallel()
				onBoth(t, func(w *world) {
					own, other := w.phone("Own"), w.phone("Alice")
					other.SetAddressing(mode)
					test(w, w.link(own), own, other, own.LID())
				})
			})
		}
	})
	t.Run("group", func(t *testing.T) {
		t.Parallel()
		eachWorld(t, func(w *world, mode types.AddressingMode) {
			own, other := w.phone("Own"), w.phone("Alice")
			team := w.group(other, mode, own)
			test(w, w.link(own), own, other, team)
		})
	})
}

func picture() wasim.Media {
	return wasim.Media{
		Kind: wasim.MediaImage, Data: bytes.Repeat([]byte("picture "), 4096), Caption: "look", Width: 4, Height: 3, Thumbnail: []byte{0xff, 0xd8, 1},
	}
}

func TestReceivesEveryKind(t *testing.T) {
	t.Parallel()
	eachChat(t, func(w *world, session string, own, other *wasim.Phone, chat types.JID) {
		ctx := w.Context()
		sent := func(id string, err error) *models.Message {
			w.Helper()
			require.NoError(w, err)
			m := w.stored(session, id)
			assert.Equal(w, other.LID().String(), m.SenderLID)
			return m
		}
		m := sent(other.SendMedia(ctx, chat, picture()))
		assert.Equal(w, models.MessageImage, m.Type)
		assert.Equal(w, "look", m.Body)
		assert.True(w, m.HasMedia)
		assert.Equal(w, &models.Media{Mimetype: "image/jpeg", Size: 8 * 4096, Width: 4, Height: 3}, m.Content.Media)

		m = sent(other.SendMedia(ctx, chat, wasim.Media{Kind: wasim.MediaVoice, Data: []byte("voice"), Seconds: 7}))
		assert.Equal(w, models.MessageAudio, m.Type)
		assert.True(w, m.Content.Media.Voice)
		assert.Equal(w, 7, m.Content.Media.Seconds)
		m = sent(other.SendMedia(ctx, chat, wasim.Media{Kind: wasim.MediaDocument, Data: []byte("%PDF"), FileName: "a.pdf", Caption: "read", MimeType: "application/pdf"}))
		assert.Equal(w, models.MessageDocument, m.Type)
		assert.Equal(w, "read", m.Body)
		assert.Equal(w, "a.pdf", m.Content.Media.Filename)
		for kind, want := range map[wasim.MediaKind]models.MessageType{
			wasim.MediaVideo: models.MessageVideo, wasim.MediaGIF: models.MessageVideo, wasim.MediaPTV: models.MessageVideo,
			wasim.MediaAudio: models.MessageAudio, wasim.MediaSticker: models.MessageSticker,
		} {
			m = sent(other.SendMedia(ctx, chat, wasim.Media{Kind: kind, Data: []byte(kind)}))
			assert.Equal(w, want, m.Type, kind)
		}
		m = sent(other.SendLocation(ctx, chat, wasim.Place{Latitude: -6.1754, Longitude: 106.8272, Name: "Monas"}))
		assert.Equal(w, models.MessageLocation, m.Type)
		assert.Equal(w, "Monas", m.Content.Location.Name)
		m = sent(other.SendContact(ctx, chat, []wasim.ContactCard{{Name: "Bob", Phone: "+491700"}}))
		assert.Equal(w, models.MessageContact, m.Type)
		require.Len(w, m.Content.Contacts, 1)
		assert.Equal(w, "Bob", m.Content.Contacts[0].Name)
		m = sent(other.SendText(ctx, chat, "gone soon", wasim.WithEphemeral(86400), wasim.WithForwarding(1)))
		assert.Equal(w, 86400, m.Content.EphemeralSeconds)
		assert.True(w, m.Content.Forwarded)
		m = sent(other.SendMedia(ctx, chat, picture(), wasim.WithViewOnce()))
		assert.True(w, m.Content.ViewOnce)

		poll := sent(other.SendPoll(ctx, chat, wasim.Poll{Name: "Pizza?", Options: []string{"yes", "no"}, Selectable: 1}))
		assert.Equal(w, models.MessagePoll, poll.Type)
		assert.Equal(w, &models.Poll{Name: "Pizza?", Options: []string{"yes", "no"}, SelectableCount: 1}, poll.Content.Poll)
		_, err := other.Vote(ctx, chat, poll.WAMessageID, "no")
		require.NoError(w, err)
		w.until(func() bool {
			votes, err := w.db.Messages.VotesByMessages(ctx, []int64{poll.ID})
			return err == nil && len(votes[poll.ID]) == 1 && votes[poll.ID][0].Options[0] == "no"
		})

		text := sent(other.SendText(ctx, chat, "helo"))
		_, err = other.Edit(ctx, chat, text.WAMessageID, "hello")
		require.NoError(w, err)
		_, err = other.React(ctx, chat, text.WAMessageID, "👍")
		require.NoError(w, err)
		w.until(func() bool {
			now, err := w.db.Messages.GetByID(ctx, text.ID)
			reactions, _ := w.db.Messages.ReactionsByMessages(ctx, []int64{text.ID})
			return err == nil && now.Body == "hello" && now.Edited && len(reactions[text.ID]) == 1
		})
		_, err = other.Revoke(ctx, chat, text.WAMessageID)
		require.NoError(w, err)
		w.until(func() bool {
			now, err := w.db.Messages.GetByID(ctx, text.ID)
			return err == nil && now.Deleted && now.Body == ""
		})
		for name, n := range map[models.EventName]int{
			models.EventMessage: 14, models.EventMessageEdited: 1, models.EventMessageReaction: 1, models.EventMessageRevoked: 1, models.EventPollVote: 1,
		} {
			assert.Len(w, w.events(name), n, name)
		}
		var vote contract.PollVote
		require.NoError(w, json.Unmarshal(w.events(models.EventPollVote)[0].Payload, &vote))
		assert.Equal(w, []string{"no"}, vote.Options)
		assert.Equal(w, other.JID().String(), vote.VoterJID)
		_ = own
	})
}

// What the account's own phone does reaches the gateway as the account's.
func TestOwnChangesFromThePhone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		hello := w.say(alice, own.LID(), "hello")
		m := w.stored(session, hello)
		_, err := own.WaitMessage(ctx, func(m wasim.PhoneMessage) bool { return m.ID == hello })
		require.NoError(w, err)
		_, err = own.React(ctx, alice.LID(), hello, "❤️")
		require.NoError(w, err)
		w.until(func() bool {
			reactions, err := w.db.Messages.ReactionsByMessages(ctx, []int64{m.ID})
			return err == nil && len(reactions[m.ID]) == 1 && reactions[m.ID][0].FromMe
		})
		answer := w.say(own, alice.LID(), "hi")
		mine := w.stored(session, answer)
		_, err = own.Edit(ctx, alice.LID(), answer, "hi!")
		require.NoError(w, err)
		w.until(func() bool {
			now, err := w.db.Messages.GetByID(ctx, mine.ID)
			return err == nil && now.Body == "hi!" && now.FromMe
		})
	})
}
