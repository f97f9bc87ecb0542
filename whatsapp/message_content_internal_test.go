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
			want:    content{kind: models.MessageImage, body: "look", hasMedia: true, quotedID: "QUOTED", mentions: []string{"1@lid"}},
		},
		"video":    {message: &waE2E.Message{VideoMessage: &waE2E.VideoMessage{}}, want: content{kind: models.MessageVideo, hasMedia: true}},
		"note":     {message: &waE2E.Message{PtvMessage: &waE2E.VideoMessage{}}, want: content{kind: models.MessageVideo, hasMedia: true}},
		"audio":    {message: &waE2E.Message{AudioMessage: &waE2E.AudioMessage{}}, want: content{kind: models.MessageAudio, hasMedia: true}},
		"document": {message: &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{}}, want: content{kind: models.MessageDocument, hasMedia: true}},
		"sticker":  {message: &waE2E.Message{StickerMessage: &waE2E.StickerMessage{}}, want: content{kind: models.MessageSticker, hasMedia: true}},
		"poll":     {message: &waE2E.Message{PollCreationMessageV3: &waE2E.PollCreationMessage{Name: proto.String("?")}}, want: content{kind: models.MessagePoll, body: "?"}},
		"place":    {message: &waE2E.Message{LocationMessage: &waE2E.LocationMessage{Name: proto.String("here")}}, want: content{kind: models.MessageLocation, body: "here"}},
		"card":     {message: &waE2E.Message{ContactMessage: &waE2E.ContactMessage{DisplayName: proto.String("Bob")}}, want: content{kind: models.MessageContact, body: "Bob"}},
		"reaction": {
			message: &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{Text: proto.String("👍"), Key: key}},
			want:    content{kind: models.MessageReaction, body: "👍", quotedID: "TARGET", quiet: true},
		},
		"vote": {
			message: &waE2E.Message{PollUpdateMessage: &waE2E.PollUpdateMessage{PollCreationMessageKey: key}},
			want:    content{kind: models.MessageUnknown, quotedID: "TARGET", quiet: true},
		},
		"revoke": {
			message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_REVOKE.Enum(), Key: key}},
			want:    content{kind: models.MessageRevoke, quotedID: "TARGET", quiet: true},
		},
		"edit": {
			message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
				Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(), Key: key, EditedMessage: &waE2E.Message{Conversation: proto.String("new")},
			}},
			want: content{kind: models.MessageEdit, body: "new", quotedID: "TARGET", quiet: true},
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
				assert.Equal(t, c.want, got)
			}
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
