package whatsapp

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
)

func TestContentOf(t *testing.T) {
	t.Parallel()
	key := &waCommon.MessageKey{ID: proto.String("TARGET")}
	reply := &waE2E.ContextInfo{StanzaID: proto.String("QUOTED"), MentionedJID: []string{"1@lid"}}
	keys := &waE2E.SenderKeyDistributionMessage{}
	for name, c := range map[string]struct {
		message *waE2E.Message
		want    content
		nothing bool
	}{
		"text":         {message: &waE2E.Message{Conversation: proto.String("hi")}, want: content{kind: models.MessageText, body: "hi"}},
		"empty text":   {message: &waE2E.Message{Conversation: proto.String("")}, want: content{kind: models.MessageText}},
		"with the key": {message: &waE2E.Message{Conversation: proto.String("hi"), SenderKeyDistributionMessage: keys}, want: content{kind: models.MessageText, body: "hi"}},
		"extended text": {
			message: &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String("hi"), ContextInfo: reply}},
			want:    content{kind: models.MessageText, body: "hi", quotedID: "QUOTED", mentions: []string{"1@lid"}},
		},
		"image": {
			message: &waE2E.Message{ImageMessage: &waE2E.ImageMessage{Caption: proto.String("look"), ContextInfo: reply}},
			want:    content{kind: models.MessageImage, body: "look", media: &models.NewMedia{}, quotedID: "QUOTED", mentions: []string{"1@lid"}},
		},
		"video":    {message: &waE2E.Message{VideoMessage: &waE2E.VideoMessage{}}, want: content{kind: models.MessageVideo, media: &models.NewMedia{}}},
		"note":     {message: &waE2E.Message{PtvMessage: &waE2E.VideoMessage{}}, want: content{kind: models.MessageVideo, media: &models.NewMedia{}}},
		"audio":    {message: &waE2E.Message{AudioMessage: &waE2E.AudioMessage{}}, want: content{kind: models.MessageAudio, media: &models.NewMedia{}}},
		"document": {message: &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{}}, want: content{kind: models.MessageDocument, media: &models.NewMedia{}}},
		"sticker":  {message: &waE2E.Message{StickerMessage: &waE2E.StickerMessage{}}, want: content{kind: models.MessageSticker, media: &models.NewMedia{}}},
		"poll":     {message: &waE2E.Message{PollCreationMessageV3: &waE2E.PollCreationMessage{Name: proto.String("?")}}, want: content{kind: models.MessagePoll, body: "?"}},
		"place":    {message: &waE2E.Message{LocationMessage: &waE2E.LocationMessage{Name: proto.String("here")}}, want: content{kind: models.MessageLocation, body: "here"}},
		"card":     {message: &waE2E.Message{ContactMessage: &waE2E.ContactMessage{DisplayName: proto.String("Bob")}}, want: content{kind: models.MessageContact, body: "Bob"}},
		"reaction": {
			message: &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{Text: proto.String("👍"), Key: key}},
			want:    content{kind: models.MessageReaction, body: "👍", quotedID: "TARGET"},
		},
		"vote": {
			message: &waE2E.Message{PollUpdateMessage: &waE2E.PollUpdateMessage{PollCreationMessageKey: key}},
			want:    content{kind: models.MessageVote, quotedID: "TARGET"},
		},
		"revoke": {
			message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_REVOKE.Enum(), Key: key}},
			want:    content{kind: models.MessageRevoke, quotedID: "TARGET"},
		},
		"edit": {
			message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
				Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(), Key: key, EditedMessage: &waE2E.Message{Conversation: proto.String("new")},
			}},
			want: content{kind: models.MessageEdit, body: "new", quotedID: "TARGET"},
		},
		"pinned": {
			message: &waE2E.Message{PinInChatMessage: &waE2E.PinInChatMessage{Key: key, Type: waE2E.PinInChatMessage_PIN_FOR_ALL.Enum()}},
			want:    content{kind: models.MessageSystem, quotedID: "TARGET", quiet: true},
		},
		"choices": {
			message: &waE2E.Message{ListMessage: &waE2E.ListMessage{Description: proto.String("which?"), ContextInfo: reply}},
			want:    content{kind: models.MessageText, body: "which?", quotedID: "QUOTED", mentions: []string{"1@lid"}},
		},
		"a kind of tomorrow": {message: &waE2E.Message{EventMessage: &waE2E.EventMessage{}}, want: content{kind: models.MessageUnknown}},
		"key only":           {message: &waE2E.Message{SenderKeyDistributionMessage: keys, MessageContextInfo: &waE2E.MessageContextInfo{}}, nothing: true},
		"between devices": {
			message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_HISTORY_SYNC_NOTIFICATION.Enum()}}, nothing: true,
		},
		"nothing": {message: &waE2E.Message{}, nothing: true},
		"none":    {message: nil, nothing: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := contentOf(c.message)
			assert.Equal(t, !c.nothing, ok)
			if ok {
				assert.Equal(t, c.want.media != nil, got.media != nil)
				assert.Equal(t, c.want.media != nil, got.details.Media != nil)
				c.want.media, got.media, got.details = nil, nil, models.Content{}
				assert.Equal(t, c.want, got)
			}
		})
	}
}

func TestContentInDetail(t *testing.T) {
	t.Parallel()
	about := &waE2E.ContextInfo{IsForwarded: proto.Bool(true), Expiration: proto.Uint32(86400)}
	for name, c := range map[string]struct {
		message *waE2E.Message
		want    models.Content
		media   *models.NewMedia
	}{
		"image": {
			message: &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
				Mimetype: proto.String("image/jpeg"), FileLength: proto.Uint64(7), Width: proto.Uint32(4), Height: proto.Uint32(3),
				DirectPath: proto.String("/x?y=z"), FileSHA256: []byte{1}, JPEGThumbnail: []byte{2}, ViewOnce: proto.Bool(true), ContextInfo: about,
			}},
			want: models.Content{
				Media: &models.Media{Mimetype: "image/jpeg", Size: 7, Width: 4, Height: 3}, ViewOnce: true, Forwarded: true, EphemeralSeconds: 86400,
			},
			media: &models.NewMedia{Status: models.MediaRemote, Mimetype: "image/jpeg", Size: 7, SHA256: []byte{1}, DirectPath: "/x?y=z", Thumbnail: []byte{2}},
		},
		"voice note": {
			message: &waE2E.Message{AudioMessage: &waE2E.AudioMessage{PTT: proto.Bool(true), Seconds: proto.Uint32(5), FileLength: proto.Uint64(1 << 63)}},
			want:    models.Content{Media: &models.Media{Voice: true, Seconds: 5}},
			media:   &models.NewMedia{Status: models.MediaRemote},
		},
		"poll": {
			message: &waE2E.Message{PollCreationMessageV3: &waE2E.PollCreationMessage{
				Name: proto.String("?"), SelectableOptionsCount: proto.Uint32(1), Options: []*waE2E.PollCreationMessage_Option{{OptionName: proto.String("a")}, {OptionName: proto.String("b")}},
			}},
			want: models.Content{Poll: &models.Poll{Name: "?", Options: []string{"a", "b"}, SelectableCount: 1}},
		},
		"place": {
			message: &waE2E.Message{LocationMessage: &waE2E.LocationMessage{DegreesLatitude: proto.Float64(1.5), DegreesLongitude: proto.Float64(-2), Name: proto.String("n"), Address: proto.String("a")}},
			want:    models.Content{Location: &models.Location{Latitude: 1.5, Longitude: -2, Name: "n", Address: "a"}},
		},
		"card": {
			message: &waE2E.Message{ContactMessage: &waE2E.ContactMessage{DisplayName: proto.String("Bob"), Vcard: proto.String("BEGIN:VCARD\nitem1.TEL;waid=49:+49 1\nEND:VCARD")}},
			want:    models.Content{Contacts: []models.ContactCard{{Name: "Bob", Phone: "+49 1", VCard: "BEGIN:VCARD\nitem1.TEL;waid=49:+49 1\nEND:VCARD"}}},
		},
		"preview": {
			message: &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String("see https://x.y"), MatchedText: proto.String("https://x.y"), Title: proto.String("X")}},
			want:    models.Content{LinkPreview: &models.LinkPreview{URL: "https://x.y", Title: "X"}},
		},
		"timer": {
			message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_EPHEMERAL_SETTING.Enum(), EphemeralExpiration: proto.Uint32(60)}},
			want:    models.Content{System: &models.System{Kind: "ephemeral_setting"}, EphemeralSeconds: 60},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := contentOf(c.message)
			assert.True(t, ok)
			assert.Equal(t, c.want, got.details)
			assert.Equal(t, c.media, got.media)
		})
	}
}

func TestFieldsOfTomorrowAreKept(t *testing.T) {
	t.Parallel()
	message := &waE2E.Message{}
	assert.NoError(t, proto.Unmarshal([]byte{0xfa, 0xff, 0x7f, 0x01, 'x'}, message))
	got, ok := contentOf(message)
	assert.True(t, ok)
	assert.Equal(t, models.MessageUnknown, got.kind)
}

func FuzzContentOf(f *testing.F) {
	for _, m := range []*waE2E.Message{
		{Conversation: proto.String("hi")}, {ImageMessage: &waE2E.ImageMessage{Caption: proto.String("\x00")}},
		{ProtocolMessage: &waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum()}},
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		message := &waE2E.Message{}
		if proto.Unmarshal(raw, message) != nil {
			return
		}
		got, ok := contentOf(message)
		if ok && got.kind == "" {
			t.Errorf("a message of no kind: %v", message)
		}
		if body := storable(got.body); !utf8.ValidString(body) {
			t.Errorf("text that no database takes: %q", body)
		}
	})
}
