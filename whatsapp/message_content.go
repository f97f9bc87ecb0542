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
	details  models.Content
	media    *models.NewMedia
	quiet    bool // it tells of the chat or of another message, and counts not as unread
}

// contextual is a message that says what it belongs to: most kinds do.
type contextual interface {
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
	for _, read := range []func(*waE2E.Message) (content, bool){
		textContent, fileContent, pollContent, cardContent, changeContent, businessContent, noticeContent,
	} {
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
		c := content{kind: models.MessageText, body: text.GetText()}
		if text.GetMatchedText() != "" && (text.GetTitle() != "" || text.GetDescription() != "") {
			c.details.LinkPreview = &models.LinkPreview{URL: text.GetMatchedText(), Title: text.GetTitle(), Description: text.GetDescription()}
		}
		return inContext(c, text), true
	default:
		return content{}, false
	}
}

// pollContent reads a poll, which comes in several versions; the body is the question.
func pollContent(msg *waE2E.Message) (content, bool) {
	for _, poll := range []*waE2E.PollCreationMessage{
		msg.GetPollCreationMessage(), msg.GetPollCreationMessageV2(), msg.GetPollCreationMessageV3(), msg.GetPollCreationMessageV5(),
	} {
		if poll == nil {
			continue
		}
		asked := &models.Poll{Name: poll.GetName(), SelectableCount: int(poll.GetSelectableOptionsCount()), Options: []string{}}
		for _, option := range poll.GetOptions() {
			asked.Options = append(asked.Options, option.GetOptionName())
		}
		return inContext(content{kind: models.MessagePoll, body: poll.GetName(), details: models.Content{Poll: asked}}, poll), true
	}
	return content{}, false
}

// cardContent reads places and people; the body is their name.
func cardContent(msg *waE2E.Message) (content, bool) {
	switch {
	case msg.GetLocationMessage() != nil:
		m := msg.GetLocationMessage()
		return inContext(content{kind: models.MessageLocation, body: m.GetName(), details: models.Content{Location: &models.Location{
			Latitude: m.GetDegreesLatitude(), Longitude: m.GetDegreesLongitude(), Name: m.GetName(), Address: m.GetAddress(), URL: m.GetURL(),
			Live: m.GetIsLive(),
		}}}, m), true
	case msg.GetLiveLocationMessage() != nil:
		m := msg.GetLiveLocationMessage()
		return inContext(content{kind: models.MessageLocation, body: m.GetCaption(), details: models.Content{Location: &models.Location{
			Latitude: m.GetDegreesLatitude(), Longitude: m.GetDegreesLongitude(), Live: true,
		}}}, m), true
	case msg.GetContactMessage() != nil:
		m := msg.GetContactMessage()
		return inContext(content{kind: models.MessageContact, body: m.GetDisplayName(), details: cards(m)}, m), true
	case msg.GetContactsArrayMessage() != nil:
		m := msg.GetContactsArrayMessage()
		return inContext(content{kind: models.MessageContact, body: m.GetDisplayName(), details: cards(m.GetContacts()...)}, m), true
	default:
		return content{}, false
	}
}

// businessContent reads what businesses send to be chosen from, and the answers:
// text, with the choices left out.
func businessContent(msg *waE2E.Message) (content, bool) {
	text := func(body string, m contextual) (content, bool) {
		return inContext(content{kind: models.MessageText, body: body}, m), true
	}
	switch {
	case msg.GetButtonsMessage() != nil:
		return text(msg.GetButtonsMessage().GetContentText(), msg.GetButtonsMessage())
	case msg.GetListMessage() != nil:
		return text(msg.GetListMessage().GetDescription(), msg.GetListMessage())
	case msg.GetTemplateMessage() != nil:
		return text(msg.GetTemplateMessage().GetHydratedTemplate().GetHydratedContentText(), msg.GetTemplateMessage())
	case msg.GetInteractiveMessage() != nil:
		return text(msg.GetInteractiveMessage().GetBody().GetText(), msg.GetInteractiveMessage())
	case msg.GetButtonsResponseMessage() != nil:
		return text(msg.GetButtonsResponseMessage().GetSelectedDisplayText(), msg.GetButtonsResponseMessage())
	case msg.GetListResponseMessage() != nil:
		return text(msg.GetListResponseMessage().GetTitle(), msg.GetListResponseMessage())
	case msg.GetTemplateButtonReplyMessage() != nil:
		return text(msg.GetTemplateButtonReplyMessage().GetSelectedDisplayText(), msg.GetTemplateButtonReplyMessage())
	case msg.GetInteractiveResponseMessage() != nil:
		return text(msg.GetInteractiveResponseMessage().GetBody().GetText(), msg.GetInteractiveResponseMessage())
	default:
		return content{}, false
	}
}

// noticeContent reads what tells of the chat rather than to people.
func noticeContent(msg *waE2E.Message) (content, bool) {
	notice := func(kind, target string) (content, bool) {
		return content{kind: models.MessageSystem, quotedID: target, quiet: true, details: models.Content{System: &models.System{Kind: kind}}}, true
	}
	switch {
	case msg.GetPinInChatMessage() != nil:
		if msg.GetPinInChatMessage().GetType() == waE2E.PinInChatMessage_UNPIN_FOR_ALL {
			return notice("message_unpinned", msg.GetPinInChatMessage().GetKey().GetID())
		}
		return notice("message_pinned", msg.GetPinInChatMessage().GetKey().GetID())
	case msg.GetKeepInChatMessage() != nil:
		return notice("message_kept", msg.GetKeepInChatMessage().GetKey().GetID())
	case msg.GetAlbumMessage() != nil:
		return notice("album", "")
	default:
		return content{}, false
	}
}

// protocolContent reads the few protocol messages that people would see.
func protocolContent(msg *waE2E.ProtocolMessage) (content, bool) {
	target := msg.GetKey().GetID()
	switch msg.GetType() {
	case waE2E.ProtocolMessage_REVOKE:
		return content{kind: models.MessageRevoke, quotedID: target}, true
	case waE2E.ProtocolMessage_MESSAGE_EDIT:
		edited, _ := contentOf(msg.GetEditedMessage())
		return content{
			kind: models.MessageEdit, body: edited.body, mentions: edited.mentions, quotedID: target,
			details: models.Content{LinkPreview: edited.details.LinkPreview},
		}, true
	case waE2E.ProtocolMessage_EPHEMERAL_SETTING:
		return content{kind: models.MessageSystem, quiet: true, details: models.Content{
			System: &models.System{Kind: "ephemeral_setting"}, EphemeralSeconds: int(msg.GetEphemeralExpiration()),
		}}, true
	default:
		return content{}, false
	}
}

// inContext adds what a message says of other messages and people.
func inContext(c content, m contextual) content {
	info := m.GetContextInfo()
	c.quotedID = info.GetStanzaID()
	c.mentions = info.GetMentionedJID()
	c.details.Forwarded = info.GetIsForwarded()
	c.details.EphemeralSeconds = int(info.GetExpiration())
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
