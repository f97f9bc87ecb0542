package whatsapp

import (
	"slices"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/reflect/protoreflect"

	"wagateway/models"
)

// content is what a message says, as far as this version reads it.
type content struct {
	kind     models.MessageType
	body     string
	quotedID string
	mentions []string
	hasMedia bool
	quiet    bool // it changes another message, or tells of the chat
}

// captioned is a message with a file: most kinds have the same fields.
type captioned interface {
	GetContextInfo() *waE2E.ContextInfo
}

// contentOf reads a message, unwrapped of what whatsmeow unwraps. ok is false
// for one that is no message to people: keys, synchronization between the
// account's own devices.
func contentOf(msg *waE2E.Message) (c content, ok bool) {
	if msg == nil {
		return content{}, false
	}
	if protocol := msg.GetProtocolMessage(); protocol != nil {
		return protocolContent(protocol)
	}
	for _, read := range []func(*waE2E.Message) (content, bool){textContent, mediaContent, cardContent, changeContent} {
		if c, ok = read(msg); ok {
			return c, true
		}
	}
	return content{kind: models.MessageUnknown}, saysSomething(msg)
}

// textContent reads text in its two forms.
func textContent(msg *waE2E.Message) (content, bool) {
	switch {
	case msg.Conversation != nil:
		return content{kind: models.MessageText, body: msg.GetConversation()}, true
	case msg.GetExtendedTextMessage() != nil:
		text := msg.GetExtendedTextMessage()
		return inContext(content{kind: models.MessageText, body: text.GetText()}, text), true
	default:
		return content{}, false
	}
}

// mediaContent reads files; the body is the caption.
func mediaContent(msg *waE2E.Message) (content, bool) {
	file := func(kind models.MessageType, body string, m captioned) (content, bool) {
		return inContext(content{kind: kind, body: body, hasMedia: true}, m), true
	}
	switch {
	case msg.GetImageMessage() != nil:
		return file(models.MessageImage, msg.GetImageMessage().GetCaption(), msg.GetImageMessage())
	case msg.GetVideoMessage() != nil:
		return file(models.MessageVideo, msg.GetVideoMessage().GetCaption(), msg.GetVideoMessage())
	case msg.GetPtvMessage() != nil:
		return file(models.MessageVideo, msg.GetPtvMessage().GetCaption(), msg.GetPtvMessage())
	case msg.GetAudioMessage() != nil:
		return file(models.MessageAudio, "", msg.GetAudioMessage())
	case msg.GetDocumentMessage() != nil:
		return file(models.MessageDocument, msg.GetDocumentMessage().GetCaption(), msg.GetDocumentMessage())
	case msg.GetStickerMessage() != nil:
		return file(models.MessageSticker, "", msg.GetStickerMessage())
	default:
		return content{}, false
	}
}

// cardContent reads places, people and polls; the body is their name.
func cardContent(msg *waE2E.Message) (content, bool) {
	for _, poll := range []*waE2E.PollCreationMessage{
		msg.GetPollCreationMessage(), msg.GetPollCreationMessageV2(), msg.GetPollCreationMessageV3(), msg.GetPollCreationMessageV5(),
	} {
		if poll != nil {
			return inContext(content{kind: models.MessagePoll, body: poll.GetName()}, poll), true
		}
	}
	switch {
	case msg.GetLocationMessage() != nil:
		return inContext(content{kind: models.MessageLocation, body: msg.GetLocationMessage().GetName()}, msg.GetLocationMessage()), true
	case msg.GetLiveLocationMessage() != nil:
		return inContext(content{kind: models.MessageLocation, body: msg.GetLiveLocationMessage().GetCaption()}, msg.GetLiveLocationMessage()), true
	case msg.GetContactMessage() != nil:
		return inContext(content{kind: models.MessageContact, body: msg.GetContactMessage().GetDisplayName()}, msg.GetContactMessage()), true
	case msg.GetContactsArrayMessage() != nil:
		return inContext(content{kind: models.MessageContact, body: msg.GetContactsArrayMessage().GetDisplayName()}, msg.GetContactsArrayMessage()), true
	default:
		return content{}, false
	}
}

// changeContent reads what concerns another message, the quoted one.
func changeContent(msg *waE2E.Message) (content, bool) {
	switch {
	case msg.GetReactionMessage() != nil:
		reaction := msg.GetReactionMessage()
		return content{kind: models.MessageReaction, body: reaction.GetText(), quotedID: reaction.GetKey().GetID(), quiet: true}, true
	case msg.GetEncReactionMessage() != nil:
		return content{kind: models.MessageReaction, quotedID: msg.GetEncReactionMessage().GetTargetMessageKey().GetID(), quiet: true}, true
	case msg.GetPollUpdateMessage() != nil:
		return content{kind: models.MessageUnknown, quotedID: msg.GetPollUpdateMessage().GetPollCreationMessageKey().GetID(), quiet: true}, true
	default:
		return content{}, false
	}
}

// protocolContent reads the few protocol messages that people would see.
func protocolContent(msg *waE2E.ProtocolMessage) (content, bool) {
	target := msg.GetKey().GetID()
	switch msg.GetType() {
	case waE2E.ProtocolMessage_REVOKE:
		return content{kind: models.MessageRevoke, quotedID: target, quiet: true}, true
	case waE2E.ProtocolMessage_MESSAGE_EDIT:
		edited, _ := contentOf(msg.GetEditedMessage())
		return content{kind: models.MessageEdit, body: edited.body, mentions: edited.mentions, quotedID: target, quiet: true}, true
	case waE2E.ProtocolMessage_EPHEMERAL_SETTING:
		return content{kind: models.MessageSystem, quiet: true}, true
	default:
		return content{}, false
	}
}

// inContext adds what a message says of other messages and people.
func inContext(c content, m captioned) content {
	info := m.GetContextInfo()
	c.quotedID = info.GetStanzaID()
	c.mentions = info.GetMentionedJID()
	return c
}

// silent are the fields of a message that carry keys, not content.
var silent = []protoreflect.Name{
	"senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage", "messageContextInfo",
}

// saysSomething reports whether a message of a kind that is not known has any
// content. One that only hands over keys comes before, or with, the one it is for.
func saysSomething(msg *waE2E.Message) bool {
	says := len(msg.ProtoReflect().GetUnknown()) > 0
	msg.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		says = says || !slices.Contains(silent, field.Name())
		return !says
	})
	return says
}
