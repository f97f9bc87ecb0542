package wasim_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/whatsapp/wasim"
)

// having matches message events by their id, but for those with the sender key
// alone.
func having(id string) func(*events.Message) bool {
	return func(m *events.Message) bool { return m.Info.ID == id && proto.Size(content(m)) > 0 }
}

// got matches messages on a phone by their id.
func got(id string) func(wasim.PhoneMessage) bool {
	return func(m wasim.PhoneMessage) bool { return m.ID == id }
}

// room is a chat between the client a of Anna and Bert with his client b, in one
// of its forms.
type room struct {
	srv        *wasim.Server
	anna, bert *wasim.Phone
	a, b       *client
	fromBert   jid // where Bert sends
	fromAnna   jid // where Anna sends
}

// inRooms runs a test in every form of a chat.
func inRooms(t *testing.T, test func(t *testing.T, r room)) {
	t.Helper()
	forms := map[string]func(*testing.T, *room){
		"by LID":    func(_ *testing.T, r *room) { r.fromBert, r.fromAnna = r.anna.LID(), r.bert.LID() },
		"by number": func(_ *testing.T, r *room) { r.fromBert, r.fromAnna = r.anna.JID(), r.bert.JID() },
		"from a number": func(_ *testing.T, r *room) {
			r.bert.SetAddressing(types.AddressingModePN)
			r.fromBert, r.fromAnna = r.anna.JID(), r.bert.JID()
		},
		"group":           func(t *testing.T, r *room) { r.group(t, types.AddressingModeLID) },
		"group by number": func(t *testing.T, r *room) { r.group(t, types.AddressingModePN) },
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := room{}
			r.srv, r.anna, r.bert, r.a, r.b = twoLinked(t)
			form(t, &r)
			test(t, r)
		})
	}
}

func (r *room) group(t *testing.T, mode types.AddressingMode) {
	t.Helper()
	g, _, err := r.bert.CreateGroupFrom(within(t), wasim.GroupSpec{Subject: "Group", Members: []jid{r.anna.JID()}, Addressing: mode})
	require.NoError(t, err)
	r.fromBert, r.fromAnna = g, g
	want(r.a, func(j *events.JoinedGroup) bool { return j.JID == g })
}

// hears waits for a message of Bert's phone at Anna's client and Bert's own.
func (r *room) hears(t *testing.T, id string) *events.Message {
	t.Helper()
	own := want(r.b, having(id))
	assert.True(t, own.Info.IsFromMe)
	m := want(r.a, having(id))
	assert.False(t, m.Info.IsFromMe)
	assert.True(t, proto.Equal(content(own), content(m)), "own devices get the same")
	return m
}

func content(m *events.Message) *waE2E.Message {
	inner := proto.CloneOf(m.Message)
	inner.SenderKeyDistributionMessage = nil
	return inner
}

func TestPhoneSendsEveryKind(t *testing.T) {
	t.Parallel()
	file := bytes.Repeat([]byte("media "), 1000)
	media := func(m wasim.Media) func(context.Context, *wasim.Phone, jid) (string, error) {
		m.Data = file
		return func(ctx context.Context, p *wasim.Phone, to jid) (string, error) { return p.SendMedia(ctx, to, m) }
	}
	kinds := []struct {
		name          string
		send          func(context.Context, *wasim.Phone, jid) (string, error)
		stanza, label string
		check         func(*testing.T, *events.Message)
		download      func(*waE2E.Message) whatsmeow.DownloadableMessage
	}{
		{
			name: "image", stanza: "media", label: "image",
			send: media(wasim.Media{Kind: wasim.MediaImage, Caption: "look", Width: 3, Height: 4, Thumbnail: []byte("jpeg")}),
			check: func(t *testing.T, m *events.Message) {
				image := m.Message.GetImageMessage()
				assert.Equal(t, "look", image.GetCaption())
				assert.Equal(t, "image/jpeg", image.GetMimetype())
				assert.Equal(t, [2]uint32{3, 4}, [2]uint32{image.GetWidth(), image.GetHeight()})
				assert.Equal(t, []byte("jpeg"), image.GetJPEGThumbnail())
			},
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetImageMessage() },
		},
		{
			name: "video", stanza: "media", label: "video", send: media(wasim.Media{Kind: wasim.MediaVideo, Seconds: 7}),
			check: func(t *testing.T, m *events.Message) {
				assert.EqualValues(t, 7, m.Message.GetVideoMessage().GetSeconds())
			},
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetVideoMessage() },
		},
		{
			name: "gif", stanza: "media", label: "gif", send: media(wasim.Media{Kind: wasim.MediaGIF}),
			check:    func(t *testing.T, m *events.Message) { assert.True(t, m.Message.GetVideoMessage().GetGifPlayback()) },
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetVideoMessage() },
		},
		{
			name: "ptv", stanza: "media", label: "ptv", send: media(wasim.Media{Kind: wasim.MediaPTV}),
			check:    func(t *testing.T, m *events.Message) { assert.NotNil(t, m.Message.GetPtvMessage()) },
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetPtvMessage() },
		},
		{
			name: "audio", stanza: "media", label: "audio", send: media(wasim.Media{Kind: wasim.MediaAudio}),
			check:    func(t *testing.T, m *events.Message) { assert.False(t, m.Message.GetAudioMessage().GetPTT()) },
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetAudioMessage() },
		},
		{
			name: "voice", stanza: "media", label: "ptt", send: media(wasim.Media{Kind: wasim.MediaVoice, Waveform: []byte{1, 2}}),
			check: func(t *testing.T, m *events.Message) {
				assert.True(t, m.Message.GetAudioMessage().GetPTT())
				assert.Equal(t, []byte{1, 2}, m.Message.GetAudioMessage().GetWaveform())
			},
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetAudioMessage() },
		},
		{
			name: "document", stanza: "media", label: "document",
			send: media(wasim.Media{Kind: wasim.MediaDocument, FileName: "a.pdf", MimeType: "application/pdf", Caption: "read", Pages: 2}),
			check: func(t *testing.T, m *events.Message) {
				document := m.Message.GetDocumentMessage()
				assert.True(t, m.IsDocumentWithCaption)
				assert.Equal(t, "a.pdf", document.GetFileName())
				assert.Equal(t, "application/pdf", document.GetMimetype())
				assert.Equal(t, "read", document.GetCaption())
			},
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetDocumentMessage() },
		},
		{
			name: "sticker", stanza: "media", label: "sticker", send: media(wasim.Media{Kind: wasim.MediaSticker, Animated: true}),
			check:    func(t *testing.T, m *events.Message) { assert.True(t, m.Message.GetStickerMessage().GetIsAnimated()) },
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetStickerMessage() },
		},
		{
			name: "view once", stanza: "media", label: "image",
			send: func(ctx context.Context, p *wasim.Phone, to jid) (string, error) {
				return p.SendMedia(ctx, to, wasim.Media{Kind: wasim.MediaImage, Data: file}, wasim.WithViewOnce())
			},
			check: func(t *testing.T, m *events.Message) {
				assert.True(t, m.IsViewOnceV2)
				assert.True(t, m.Message.GetImageMessage().GetViewOnce())
			},
			download: func(m *waE2E.Message) whatsmeow.DownloadableMessage { return m.GetImageMessage() },
		},
		{
			name: "disappearing text", stanza: "text",
			send: func(ctx context.Context, p *wasim.Phone, to jid) (string, error) {
				return p.SendText(ctx, to, "gone soon", wasim.WithEphemeral(86400))
			},
			check: func(t *testing.T, m *events.Message) {
				assert.True(t, m.IsEphemeral)
				assert.Equal(t, "gone soon", m.Message.GetExtendedTextMessage().GetText())
				assert.EqualValues(t, 86400, m.Message.GetExtendedTextMessage().GetContextInfo().GetExpiration())
			},
		},
		{
			name: "link", stanza: "media", label: "url",
			send: func(ctx context.Context, p *wasim.Phone, to jid) (string, error) {
				return p.SendText(ctx, to, "see https://example.com", wasim.WithLinkPreview(wasim.LinkPreview{URL: "https://example.com", Title: "Example"}))
			},
			check: func(t *testing.T, m *events.Message) {
				assert.Equal(t, "Example", m.Message.GetExtendedTextMessage().GetTitle())
				assert.Equal(t, "https://example.com", m.Message.GetExtendedTextMessage().GetMatchedText())
			},
		},
		{
			name: "location", stanza: "media", label: "location",
			send: func(ctx context.Context, p *wasim.Phone, to jid) (string, error) {
				return p.SendLocation(ctx, to, wasim.Place{Latitude: 52.5, Longitude: 13.4, Name: "Berlin"})
			},
			check: func(t *testing.T, m *events.Message) {
				assert.InDelta(t, 52.5, m.Message.GetLocationMessage().GetDegreesLatitude(), 0)
				assert.Equal(t, "Berlin", m.Message.GetLocationMessage().GetName())
			},
		},
		{
			name: "live location", stanza: "media", label: "livelocation",
			send: func(ctx context.Context, p *wasim.Phone, to jid) (string, error) {
				return p.SendLiveLocation(ctx, to, wasim.Place{Latitude: 52.5, Longitude: 13.4, Name: "walking"})
			},
			check: func(t *testing.T, m *events.Message) {
				assert.Equal(t, "walking", m.Message.GetLiveLocationMessage().GetCaption())
			},
		},
		{
			name: "contact", stanza: "media", label: "vcard",
			send: func(ctx context.Context, p *wasim.Phone, to jid) (string, error) {
				return p.SendContact(ctx, to, []wasim.ContactCard{{Name: "Cleo", Phone: "491700000003"}})
			},
			check: func(t *testing.T, m *events.Message) {
				assert.Contains(t, m.Message.GetContactMessage().GetVcard(), "waid=491700000003:+491700000003")
			},
		},
		{
			name: "contacts", stanza: "media", label: "contact_array",
			send: func(ctx context.Context, p *wasim.Phone, to jid) (string, error) {
				return p.SendContact(ctx, to, []wasim.ContactCard{{Name: "Cleo"}, {Name: "Dora", VCard: "BEGIN:VCARD\nEND:VCARD"}})
			},
			check: func(t *testing.T, m *events.Message) {
				assert.Len(t, m.Message.GetContactsArrayMessage().GetContacts(), 2)
			},
		},
	}
	inRooms(t, func(t *testing.T, r room) {
		for _, kind := range kinds {
			id, err := kind.send(within(t), r.bert, r.fromBert)
			require.NoError(t, err, kind.name)
			m := r.hears(t, id)
			assert.Equal(t, kind.stanza, m.Info.Type, kind.name)
			assert.Equal(t, kind.label, m.Info.MediaType, kind.name)
			kind.check(t, m)
			if kind.download != nil {
				data, err := r.a.Download(within(t), kind.download(m.Message))
				require.NoError(t, err, kind.name)
				assert.Equal(t, file, data, kind.name)
			}
			// Anna's phone, which has no companion's help, sees the same.
			heardIt, err := r.anna.WaitMessage(within(t), got(id))
			require.NoError(t, err)
			assert.Equal(t, kind.label, heardIt.MediaType)
			if kind.download != nil {
				data, err := r.anna.Download(within(t), heardIt)
				require.NoError(t, err, kind.name)
				assert.Equal(t, file, data, kind.name)
			}
		}
	})
}

func TestClientSendsEveryKind(t *testing.T) {
	t.Parallel()
	file := bytes.Repeat([]byte("media "), 100_000) // kept on disk
	inRooms(t, func(t *testing.T, r room) {
		send := func(m *waE2E.Message) wasim.PhoneMessage {
			t.Helper()
			sent, err := r.a.SendMessage(within(t), r.fromAnna, m)
			require.NoError(t, err)
			heardIt, err := r.bert.WaitMessage(within(t), got(sent.ID))
			require.NoError(t, err)
			return heardIt
		}
		up, err := r.a.Upload(within(t), file, whatsmeow.MediaImage)
		require.NoError(t, err)
		image := send(&waE2E.Message{ViewOnceMessageV2: &waE2E.FutureProofMessage{Message: &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
			URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256,
			FileLength: &up.FileLength, Mimetype: proto.String("image/png"), Caption: proto.String("look"), ViewOnce: proto.Bool(true),
		}}}})
		assert.Equal(t, "image", image.Kind())
		assert.True(t, image.ViewOnce())
		assert.Equal(t, "look", image.Text)
		assert.Equal(t, [2]string{"media", "image"}, [2]string{image.Type, image.MediaType})
		data, err := r.bert.Download(within(t), image)
		require.NoError(t, err)
		assert.Equal(t, file, data)

		up, err = r.a.UploadReader(within(t), bytes.NewReader(file), nil, whatsmeow.MediaAudio)
		require.NoError(t, err)
		voice := send(&waE2E.Message{AudioMessage: &waE2E.AudioMessage{
			URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256,
			FileLength: &up.FileLength, PTT: proto.Bool(true),
		}})
		assert.Equal(t, "voice", voice.Kind())
		data, err = r.bert.Download(within(t), voice)
		require.NoError(t, err)
		assert.Equal(t, file, data)
		voice.Message = proto.CloneOf(voice.Message)
		voice.Message.AudioMessage.FileSHA256[0]++
		_, err = r.bert.Download(within(t), voice)
		require.ErrorIs(t, err, wasim.ErrMediaBroken)
		voice.Message.AudioMessage.MediaKey[0]++
		_, err = r.bert.Download(within(t), voice)
		require.ErrorIs(t, err, wasim.ErrMediaBroken)

		for kind, m := range map[string]*waE2E.Message{
			"location":     {LocationMessage: &waE2E.LocationMessage{DegreesLatitude: proto.Float64(1)}},
			"contact":      {ContactMessage: &waE2E.ContactMessage{DisplayName: proto.String("Cleo")}},
			"contacts":     {ContactsArrayMessage: &waE2E.ContactsArrayMessage{}},
			"event":        {EventMessage: &waE2E.EventMessage{Name: proto.String("party")}},
			"other":        {GroupInviteMessage: &waE2E.GroupInviteMessage{}},
			"disappearing": {ProtocolMessage: &waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_EPHEMERAL_SETTING.Enum(), EphemeralExpiration: proto.Uint32(5)}},
		} {
			assert.Equal(t, kind, send(m).Kind())
		}
	})
}

func TestReactionsEditsAndRevokes(t *testing.T) {
	t.Parallel()
	inRooms(t, func(t *testing.T, r room) {
		id, err := r.bert.SendText(within(t), r.fromBert, "frist")
		require.NoError(t, err)
		first := r.hears(t, id)

		// By the phone.
		edit, err := r.bert.Edit(within(t), r.fromBert, id, "first")
		require.NoError(t, err)
		m := r.hears(t, edit)
		assert.True(t, m.IsEdit)
		assert.Equal(t, types.EditAttributeMessageEdit, m.Info.Edit)
		assert.Equal(t, id, m.Message.GetProtocolMessage().GetKey().GetID())
		assert.Equal(t, "first", m.Message.GetProtocolMessage().GetEditedMessage().GetConversation())

		// By the client, which reacts; the phone reacts back and takes it back.
		reaction, err := r.a.SendMessage(within(t), r.fromAnna, r.a.BuildReaction(first.Info.Chat, first.Info.Sender, id, "👍"))
		require.NoError(t, err)
		own, err := r.bert.React(within(t), r.fromBert, id, "🎉")
		require.NoError(t, err)
		m = r.hears(t, own)
		assert.Equal(t, "reaction", m.Info.Type)
		assert.Equal(t, "🎉", m.Message.GetReactionMessage().GetText())
		assert.True(t, m.Message.GetReactionMessage().GetKey().GetFromMe())
		state, err := r.bert.WaitCurrent(within(t), r.fromBert, id, func(s wasim.MessageState) bool { return len(s.Reactions) == 2 })
		require.NoError(t, err)
		assert.Equal(t, map[jid]string{r.anna.LID(): "👍", r.bert.LID(): "🎉"}, state.Reactions)
		assert.Equal(t, "first", state.Text)
		assert.Equal(t, 1, state.Edits)
		noted, err := r.bert.WaitMessage(within(t), got(reaction.ID))
		require.NoError(t, err)
		assert.Equal(t, "reaction", noted.Kind())
		own, err = r.bert.React(within(t), r.fromBert, id, "")
		require.NoError(t, err)
		assert.Equal(t, types.EditAttributeSenderRevoke, r.hears(t, own).Info.Edit)

		// The client edits and revokes its own.
		sent, err := r.a.SendMessage(within(t), r.fromAnna, text("hallo"))
		require.NoError(t, err)
		_, err = r.a.SendMessage(within(t), r.fromAnna, r.a.BuildEdit(r.fromAnna, sent.ID, text("hello")))
		require.NoError(t, err)
		state, err = r.bert.WaitCurrent(within(t), r.fromBert, sent.ID, func(s wasim.MessageState) bool { return s.Edits == 1 })
		require.NoError(t, err)
		assert.Equal(t, "hello", state.Text)
		_, err = r.bert.Edit(within(t), r.fromBert, sent.ID, "not mine")
		require.ErrorIs(t, err, wasim.ErrForbidden)
		_, err = r.a.SendMessage(within(t), r.fromAnna, r.a.BuildRevoke(r.fromAnna, types.EmptyJID, sent.ID))
		require.NoError(t, err)
		state, err = r.bert.WaitCurrent(within(t), r.fromBert, sent.ID, func(s wasim.MessageState) bool { return s.Deleted })
		require.NoError(t, err)
		assert.Equal(t, r.anna.LID(), state.DeletedBy)
		_, err = r.anna.WaitCurrent(within(t), r.fromAnna, sent.ID, func(s wasim.MessageState) bool { return s.Deleted && s.Edits == 1 })
		require.NoError(t, err, "the own phone has copies of it all")

		// The phone pins, forwards and revokes.
		pin, err := r.bert.PinMessage(within(t), r.fromBert, id, true)
		require.NoError(t, err)
		assert.Equal(t, types.EditAttributePinInChat, r.hears(t, pin).Info.Edit)
		copied, err := r.bert.Forward(within(t), r.fromBert, id, r.fromBert)
		require.NoError(t, err)
		about := r.hears(t, copied).Message.GetExtendedTextMessage().GetContextInfo()
		assert.True(t, about.GetIsForwarded())
		assert.EqualValues(t, 1, about.GetForwardingScore())
		copied, err = r.bert.Forward(within(t), r.fromBert, copied, r.fromBert)
		require.NoError(t, err)
		assert.EqualValues(t, 2, r.hears(t, copied).Message.GetExtendedTextMessage().GetContextInfo().GetForwardingScore())
		revoke, err := r.bert.Revoke(within(t), r.fromBert, id)
		require.NoError(t, err)
		m = r.hears(t, revoke)
		assert.Equal(t, types.EditAttributeSenderRevoke, m.Info.Edit)
		assert.Equal(t, waE2E.ProtocolMessage_REVOKE, m.Message.GetProtocolMessage().GetType())
		state, ok := r.bert.Current(r.fromBert, id)
		require.True(t, ok)
		assert.True(t, state.Deleted)
		assert.True(t, state.Pinned)
	})
}

func TestPollsAndVotes(t *testing.T) {
	t.Parallel()
	inRooms(t, func(t *testing.T, r room) {
		for _, selectable := range []int{1, 0} {
			// The phone asks, the client answers, and hears the phone's own vote.
			id, err := r.bert.SendPoll(within(t), r.fromBert, wasim.Poll{Name: "When?", Options: []string{"now", "later", "never"}, Selectable: selectable})
			require.NoError(t, err)
			poll := r.hears(t, id)
			assert.Equal(t, "poll", poll.Info.Type)
			vote, err := r.a.BuildPollVote(within(t), &poll.Info, []string{"later"})
			require.NoError(t, err)
			_, err = r.a.SendMessage(within(t), r.fromAnna, vote)
			require.NoError(t, err)
			tally, err := r.bert.WaitPollTally(within(t), r.fromBert, id, func(tally wasim.PollTally) bool { return len(tally.Votes) == 1 })
			require.NoError(t, err)
			assert.Equal(t, map[string][]jid{"later": {r.anna.LID()}}, tally.Votes)
			assert.Equal(t, selectable, tally.Selectable)
			ownVote, err := r.bert.Vote(within(t), r.fromBert, id, "now")
			require.NoError(t, err)
			for _, c := range []*client{r.a, r.b} {
				m := want(c, having(ownVote))
				opened, err := c.DecryptPollVote(within(t), m)
				require.NoError(t, err)
				assert.Equal(t, whatsmeow.HashPollOptions([]string{"now"}), opened.GetSelectedOptions())
			}
		}
		// The client asks, the phone answers, changes its mind and takes it back.
		sent, err := r.a.SendMessage(within(t), r.fromAnna, r.a.BuildPollCreation("Who?", []string{"you", "me"}, 2))
		require.NoError(t, err)
		_, err = r.bert.WaitMessage(within(t), got(sent.ID))
		require.NoError(t, err)
		for _, chosen := range [][]string{{"you"}, {"you", "me"}, {}} {
			id, err := r.bert.Vote(within(t), r.fromBert, sent.ID, chosen...)
			require.NoError(t, err)
			m := want(r.a, having(id))
			assert.Equal(t, "poll", m.Info.Type)
			opened, err := r.a.DecryptPollVote(within(t), m)
			require.NoError(t, err)
			assert.ElementsMatch(t, whatsmeow.HashPollOptions(chosen), opened.GetSelectedOptions())
			tally, err := r.anna.WaitPollTally(within(t), r.fromAnna, sent.ID, func(tally wasim.PollTally) bool { return len(tally.Votes) == len(chosen) })
			require.NoError(t, err)
			assert.Len(t, tally.Votes, len(chosen))
			want(r.b, having(id))
		}
		_, err = r.bert.Vote(within(t), r.fromBert, sent.ID, "somebody else")
		require.ErrorIs(t, err, wasim.ErrBadRequest)
		_, err = r.bert.Vote(within(t), r.fromBert, "unknown", "you")
		require.ErrorIs(t, err, wasim.ErrNoMessage)
	})
}

func TestEncryptedReactions(t *testing.T) {
	t.Parallel()
	inRooms(t, func(t *testing.T, r room) {
		id, err := r.bert.SendPoll(within(t), r.fromBert, wasim.Poll{Name: "?", Options: []string{"a"}})
		require.NoError(t, err)
		poll := r.hears(t, id)
		for _, emoji := range []string{"👍", ""} {
			reaction := r.a.BuildReaction(r.fromAnna, poll.Info.Sender, id, emoji).ReactionMessage
			sealed, err := r.a.EncryptReaction(within(t), &poll.Info, reaction)
			require.NoError(t, err)
			_, err = r.a.SendMessage(within(t), r.fromAnna, &waE2E.Message{EncReactionMessage: sealed})
			require.NoError(t, err)
			_, err = r.bert.WaitCurrent(within(t), r.fromBert, id, func(s wasim.MessageState) bool { return s.Reactions[r.anna.LID()] == emoji })
			require.NoError(t, err)
		}
	})
}
