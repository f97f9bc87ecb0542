package wasim

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// content takes a message out of its wrappers: own-device copy, disappearing,
// view once, document with caption, edit.
func content(m *waE2E.Message) *waE2E.Message {
	for {
		inner := m.GetDeviceSentMessage().GetMessage()
		for _, wrapper := range []*waE2E.FutureProofMessage{
			m.GetEphemeralMessage(), m.GetViewOnceMessage(), m.GetViewOnceMessageV2(), m.GetViewOnceMessageV2Extension(),
			m.GetLottieStickerMessage(), m.GetDocumentWithCaptionMessage(), m.GetEditedMessage(), m.GetGroupMentionedMessage(),
			m.GetPollCreationMessageV4(),
		} {
			if inner == nil {
				inner = wrapper.GetMessage()
			}
		}
		if inner == nil {
			return m
		}
		m = inner
	}
}

// isViewOnce reports whether a message may be opened only once.
func isViewOnce(m *waE2E.Message) bool {
	inner := m
	if inner.GetEphemeralMessage() != nil {
		inner = inner.GetEphemeralMessage().GetMessage()
	}
	if inner.GetViewOnceMessage() != nil || inner.GetViewOnceMessageV2() != nil || inner.GetViewOnceMessageV2Extension() != nil {
		return true
	}
	m = content(m)
	return m.GetImageMessage().GetViewOnce() || m.GetVideoMessage().GetViewOnce() || m.GetAudioMessage().GetViewOnce()
}

// pollOf gives the poll of a message in any of its versions, or nil.
func pollOf(m *waE2E.Message) *waE2E.PollCreationMessage {
	m = content(m)
	for _, poll := range []*waE2E.PollCreationMessage{
		m.GetPollCreationMessage(), m.GetPollCreationMessageV2(), m.GetPollCreationMessageV3(),
		m.GetPollCreationMessageV5(), m.GetPollCreationMessageV6(),
	} {
		if poll != nil {
			return poll
		}
	}
	return nil
}

// Kind names what a message is: text, image, video, gif, audio, voice, ptv,
// document, sticker, location, live_location, contact, contacts, poll, vote,
// reaction, edit, revoke, pin, disappearing, event, or other.
func (m PhoneMessage) Kind() string { return kindOf(m.Message) }

// Content is the message without its wrappers (disappearing, view once,
// document with caption, edit).
func (m PhoneMessage) Content() *waE2E.Message { return content(m.Message) }

// ViewOnce reports whether the message may be opened only once.
func (m PhoneMessage) ViewOnce() bool { return isViewOnce(m.Message) }

func kindOf(m *waE2E.Message) string {
	m = content(m)
	if word := m.GetProtocolMessage(); word != nil {
		return kindOfProtocol(word)
	}
	if kind := kindOfMedia(m); kind != "" {
		return kind
	}
	switch {
	case m.GetConversation() != "", m.GetExtendedTextMessage() != nil:
		return "text"
	case m.GetLocationMessage() != nil:
		return "location"
	case m.GetLiveLocationMessage() != nil:
		return "live_location"
	case m.GetContactMessage() != nil:
		return "contact"
	case m.GetContactsArrayMessage() != nil:
		return "contacts"
	case pollOf(m) != nil:
		return "poll"
	case m.GetPollUpdateMessage() != nil:
		return "vote"
	case m.GetReactionMessage() != nil, m.GetEncReactionMessage() != nil:
		return "reaction"
	case m.GetPinInChatMessage() != nil:
		return "pin"
	case m.GetEventMessage() != nil:
		return "event"
	}
	return "other"
}

func kindOfProtocol(word *waE2E.ProtocolMessage) string {
	switch {
	case word.GetEditedMessage() != nil:
		return "edit"
	case word.GetType() == waE2E.ProtocolMessage_REVOKE && word.GetKey() != nil:
		return "revoke"
	case word.GetType() == waE2E.ProtocolMessage_EPHEMERAL_SETTING:
		return "disappearing"
	}
	return "other"
}

func kindOfMedia(m *waE2E.Message) string {
	switch {
	case m.GetImageMessage() != nil:
		return "image"
	case m.GetVideoMessage().GetGifPlayback():
		return "gif"
	case m.GetVideoMessage() != nil:
		return "video"
	case m.GetPtvMessage() != nil:
		return "ptv"
	case m.GetAudioMessage().GetPTT():
		return "voice"
	case m.GetAudioMessage() != nil:
		return "audio"
	case m.GetDocumentMessage() != nil:
		return "document"
	case m.GetStickerMessage() != nil:
		return "sticker"
	}
	return ""
}

// wireTypes says how phones label each kind on the stanza and on its
// encryption; kinds without an entry are plain text.
var wireTypes = map[string]struct{ stanza, media string }{
	"image": {"media", "image"}, "video": {"media", "video"}, "gif": {"media", "gif"}, "ptv": {"media", "ptv"},
	"audio": {"media", "audio"}, "voice": {"media", "ptt"}, "document": {"media", "document"}, "sticker": {"media", "sticker"},
	"location": {"media", "location"}, "live_location": {"media", "livelocation"},
	"contact": {"media", "vcard"}, "contacts": {"media", "contact_array"},
	"poll": {"poll", ""}, "vote": {"poll", ""}, "reaction": {"reaction", ""}, "event": {"event", ""},
}

// dressing is what a stanza tells the server and the recipients of the message
// inside, which they may not be able to decrypt.
type dressing struct {
	stanza attrs  // type, edit
	enc    attrs  // mediatype, decrypt-fail
	common []node // <meta>
}

// dress labels a message.
func dress(m *waE2E.Message) dressing {
	kind := kindOf(m)
	label := wireTypes[kind]
	if kind == "text" && content(m).GetExtendedTextMessage().GetTitle() != "" {
		label.stanza, label.media = "media", "url"
	}
	if label.stanza == "" {
		label.stanza = "text"
	}
	d := dressing{stanza: attrs{"type": label.stanza}, enc: attrs{}}
	if label.media != "" {
		d.enc["mediatype"] = label.media
	}
	switch kind {
	case "poll":
		d.common = []node{{Tag: "meta", Attrs: attrs{"polltype": "creation"}}}
	case "vote":
		d.common = []node{{Tag: "meta", Attrs: attrs{"polltype": "vote"}}}
	case "event":
		d.common = []node{{Tag: "meta", Attrs: attrs{"event_type": "creation"}}}
	}
	if edit := editOf(m); edit != types.EditAttributeEmpty {
		d.stanza["edit"] = string(edit)
		d.enc["decrypt-fail"] = "hide"
	}
	if kind == "reaction" || kind == "vote" {
		d.enc["decrypt-fail"] = "hide"
	}
	return d
}

// editOf tells in which way a message changes an earlier one.
func editOf(m *waE2E.Message) types.EditAttribute {
	m = content(m)
	switch kindOf(m) {
	case "edit":
		return types.EditAttributeMessageEdit
	case "revoke":
		if m.GetProtocolMessage().GetKey().GetFromMe() {
			return types.EditAttributeSenderRevoke
		}
		return types.EditAttributeAdminRevoke
	case "reaction":
		if m.GetReactionMessage() != nil && m.GetReactionMessage().GetText() == "" {
			return types.EditAttributeSenderRevoke
		}
	case "pin":
		return types.EditAttributePinInChat
	}
	return types.EditAttributeEmpty
}

// contextInfo gives what a message says about its context: reply, mentions,
// forwarding, disappearing. Plain text becomes extended text if make is set. It
// is nil for kinds that have none, and without make if nothing was said.
func contextInfo(m *waE2E.Message, create bool) *waE2E.ContextInfo {
	m = content(m)
	if create && m.Conversation != nil {
		m.ExtendedTextMessage = &waE2E.ExtendedTextMessage{Text: m.Conversation}
		m.Conversation = nil
	}
	var about *waE2E.ContextInfo
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Message() == nil || field.IsList() || field.IsMap() {
			return true
		}
		inner := field.Message().Fields().ByName("contextInfo")
		if inner == nil {
			return true
		}
		part := value.Message()
		if !create && !part.Has(inner) {
			return true
		}
		var ok bool
		about, ok = part.Mutable(inner).Message().Interface().(*waE2E.ContextInfo)
		return !ok
	})
	return about
}

// textOfMessage gives the text of the kinds that have one: of an edit its new
// text, of media the caption, of a poll its question, of a reaction the emoji.
func textOfMessage(m *waE2E.Message) string {
	m = content(m)
	if edited := m.GetProtocolMessage().GetEditedMessage(); edited != nil {
		return textOfMessage(edited)
	}
	for _, text := range []string{
		m.GetConversation(), m.GetExtendedTextMessage().GetText(),
		m.GetImageMessage().GetCaption(), m.GetVideoMessage().GetCaption(), m.GetDocumentMessage().GetCaption(),
		m.GetLiveLocationMessage().GetCaption(), pollOf(m).GetName(), m.GetEventMessage().GetName(),
	} {
		if text != "" {
			return text
		}
	}
	return m.GetReactionMessage().GetText()
}
