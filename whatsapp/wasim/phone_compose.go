package wasim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// Place is a location to send.
type Place struct {
	Latitude, Longitude float64 // degrees
	Name, Address, URL  string  // all optional
	Thumbnail           []byte  // JPEG, optional
}

// SendLocation sends a place.
func (p *Phone) SendLocation(ctx context.Context, to types.JID, place Place, options ...SendOption) (string, error) {
	location := &waE2E.LocationMessage{
		DegreesLatitude: proto.Float64(place.Latitude), DegreesLongitude: proto.Float64(place.Longitude), JPEGThumbnail: place.Thumbnail,
	}
	location.Name, location.Address, location.URL = textOrNil(place.Name), textOrNil(place.Address), textOrNil(place.URL)
	return p.Send(ctx, to, &waE2E.Message{LocationMessage: location}, options...)
}

// SendLiveLocation starts sharing the own position, at the place with the
// caption in its Name.
func (p *Phone) SendLiveLocation(ctx context.Context, to types.JID, place Place, options ...SendOption) (string, error) {
	return p.Send(ctx, to, &waE2E.Message{LiveLocationMessage: &waE2E.LiveLocationMessage{
		DegreesLatitude: proto.Float64(place.Latitude), DegreesLongitude: proto.Float64(place.Longitude),
		Caption: textOrNil(place.Name), SequenceNumber: proto.Int64(1), JPEGThumbnail: place.Thumbnail,
	}}, options...)
}

// ContactCard is a contact to send. Without VCard one is made of name and number.
type ContactCard struct {
	Name  string
	Phone string // digits
	VCard string
}

func (c ContactCard) message() *waE2E.ContactMessage {
	card := c.VCard
	if card == "" {
		card = fmt.Sprintf("BEGIN:VCARD\nVERSION:3.0\nN:;%[1]s;;;\nFN:%[1]s\nTEL;type=CELL;waid=%[2]s:+%[2]s\nEND:VCARD", c.Name, c.Phone)
	}
	return &waE2E.ContactMessage{DisplayName: proto.String(c.Name), Vcard: proto.String(card)}
}

// SendContact sends a contact, or several in one message.
func (p *Phone) SendContact(ctx context.Context, to types.JID, cards []ContactCard, options ...SendOption) (string, error) {
	if len(cards) == 0 {
		return "", fmt.Errorf("%w: there is no contact", ErrWrongKind)
	}
	if len(cards) == 1 {
		return p.Send(ctx, to, &waE2E.Message{ContactMessage: cards[0].message()}, options...)
	}
	list := &waE2E.ContactsArrayMessage{DisplayName: proto.String(fmt.Sprintf("%d contacts", len(cards)))}
	for _, card := range cards {
		list.Contacts = append(list.Contacts, card.message())
	}
	return p.Send(ctx, to, &waE2E.Message{ContactsArrayMessage: list}, options...)
}

// React reacts to a message with an emoji; an empty one takes the reaction
// back. A reaction to a story goes to its author.
func (p *Phone) React(ctx context.Context, chat types.JID, id, emoji string, options ...SendOption) (string, error) {
	target, ok := p.find(chat, id)
	if !ok {
		return "", ErrNoMessage
	}
	to := target.Chat
	if to == types.StatusBroadcastJID {
		to = target.Sender.ToNonAD()
	}
	return p.Send(ctx, to, &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{
		Key: p.keyOf(target), Text: proto.String(emoji), SenderTimestampMS: proto.Int64(p.srv.now().UnixMilli()),
	}}, options...)
}

// Edit replaces the text of an own message, or the caption of own media. The
// time that real phones allow for it is not checked.
func (p *Phone) Edit(ctx context.Context, chat types.JID, id, text string, options ...SendOption) (string, error) {
	target, ok := p.find(chat, id)
	if !ok {
		return "", ErrNoMessage
	}
	if !target.FromMe {
		return "", ErrForbidden
	}
	changed, err := withText(target.Message, text)
	if err != nil {
		return "", err
	}
	return p.Send(ctx, target.Chat, &waE2E.Message{EditedMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{
		ProtocolMessage: &waE2E.ProtocolMessage{
			Key: p.keyOf(target), Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(),
			EditedMessage: changed, TimestampMS: proto.Int64(p.srv.now().UnixMilli()),
		},
	}}}, options...)
}

// withText copies a message with another text.
func withText(m *waE2E.Message, text string) (*waE2E.Message, error) {
	m = proto.CloneOf(content(m))
	m.MessageContextInfo = nil
	switch {
	case m.Conversation != nil:
		m.Conversation = proto.String(text)
	case m.ExtendedTextMessage != nil:
		m.ExtendedTextMessage.Text = proto.String(text)
	case m.ImageMessage != nil:
		m.ImageMessage.Caption = proto.String(text)
	case m.VideoMessage != nil:
		m.VideoMessage.Caption = proto.String(text)
	case m.DocumentMessage != nil:
		m.DocumentMessage.Caption = proto.String(text)
	default:
		return nil, fmt.Errorf("%w: it has no text to edit", ErrWrongKind)
	}
	return m, nil
}

// Revoke deletes a message for everybody: an own one, or as an admin of the
// group somebody else's, which is ErrForbidden for others.
func (p *Phone) Revoke(ctx context.Context, chat types.JID, id string, options ...SendOption) (string, error) {
	target, ok := p.find(chat, id)
	if !ok {
		return "", ErrNoMessage
	}
	if !target.FromMe {
		if g := p.srv.groupOf(target.Chat); g == nil || !g.isAdmin(p) {
			return "", ErrForbidden
		}
	}
	return p.Send(ctx, target.Chat, &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Key: p.keyOf(target), Type: waE2E.ProtocolMessage_REVOKE.Enum(),
	}}, options...)
}

// forwardable are the kinds that phones forward.
var forwardable = []string{
	"text", "image", "video", "gif", "ptv", "audio", "voice", "document", "sticker",
	"location", "live_location", "contact", "contacts",
}

// Forward sends a message of one chat to another. Media is not uploaded again.
func (p *Phone) Forward(ctx context.Context, chat types.JID, id string, to types.JID, options ...SendOption) (string, error) {
	target, ok := p.find(chat, id)
	if !ok {
		return "", ErrNoMessage
	}
	kind := target.Kind()
	if target.ViewOnce() || !slices.Contains(forwardable, kind) {
		return "", fmt.Errorf("%w: a %s is not forwarded", ErrWrongKind, kind)
	}
	copied := proto.CloneOf(content(target.Message))
	copied.MessageContextInfo = nil
	score := uint32(1)
	if about := contextInfo(copied, false); about != nil {
		score += about.GetForwardingScore()
		proto.Reset(about) // what it replied to stays behind
	}
	if copied.DocumentMessage.GetCaption() != "" {
		copied = wrap(copied, func(w *waE2E.Message, inner *waE2E.FutureProofMessage) { w.DocumentWithCaptionMessage = inner })
	}
	return p.Send(ctx, to, copied, append([]SendOption{WithForwarding(score)}, options...)...)
}

// SetDisappearing sets after how many seconds messages of a chat disappear; 0
// means never. In a group it is [Phone.SetEphemeral]. Messages sent later need
// [WithEphemeral] all the same.
func (p *Phone) SetDisappearing(ctx context.Context, chat types.JID, seconds uint32) error {
	if chat.Server == types.GroupServer {
		return p.SetEphemeral(ctx, chat, seconds)
	}
	_, err := p.Send(ctx, chat, &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_EPHEMERAL_SETTING.Enum(), EphemeralExpiration: proto.Uint32(seconds),
		EphemeralSettingTimestamp: proto.Int64(p.srv.now().Unix()),
	}})
	return err
}

// PinMessage pins a message in its chat for everybody, or unpins it.
func (p *Phone) PinMessage(ctx context.Context, chat types.JID, id string, on bool, options ...SendOption) (string, error) {
	target, ok := p.find(chat, id)
	if !ok {
		return "", ErrNoMessage
	}
	act := waE2E.PinInChatMessage_UNPIN_FOR_ALL
	if on {
		act = waE2E.PinInChatMessage_PIN_FOR_ALL
	}
	return p.Send(ctx, target.Chat, &waE2E.Message{PinInChatMessage: &waE2E.PinInChatMessage{
		Key: p.keyOf(target), Type: act.Enum(), SenderTimestampMS: proto.Int64(p.srv.now().UnixMilli()),
	}}, options...)
}

// keyOf names a message to the others in its chat.
func (p *Phone) keyOf(m PhoneMessage) *waCommon.MessageKey {
	key := &waCommon.MessageKey{
		RemoteJID: proto.String(p.nameIn(m.Chat, m.Chat).String()), FromMe: proto.Bool(m.FromMe), ID: proto.String(m.ID),
	}
	if isShared(m.Chat) && !m.FromMe {
		key.Participant = proto.String(p.nameIn(m.Chat, m.Sender).String())
	}
	return key
}

// nameIn is the address by which this account calls somebody in a chat: that of
// the group, or the one of its own addressing mode.
func (p *Phone) nameIn(chat, who types.JID) types.JID {
	other := p.srv.phoneOf(who)
	if other == nil {
		return who.ToNonAD()
	}
	if g := p.srv.groupOf(chat); g != nil {
		return g.addressOf(other, 0)
	}
	if p.addressingMode() == types.AddressingModePN {
		return other.JID()
	}
	return other.lid
}

// chatOf gives the address under which the phone keeps a chat.
func (p *Phone) chatOf(jid types.JID) types.JID {
	if peer := p.srv.phoneOf(jid); peer != nil {
		return peer.lid
	}
	return jid.ToNonAD()
}

// find looks a message up by its id in a chat.
func (p *Phone) find(chat types.JID, id string) (PhoneMessage, bool) {
	chat = p.chatOf(chat)
	return p.messages.find(func(m PhoneMessage) bool { return m.ID == id && m.Chat == chat })
}

// textOrNil leaves a field out if there is nothing to say.
func textOrNil(text string) *string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return &text
}
