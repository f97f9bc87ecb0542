package whatsapp

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// outgoingText is a send that has been checked: addresses are canonical.
type outgoingText struct {
	to       types.JID
	text     string
	mentions []string
	replyTo  string
}

// check reads a send; its failures name the caller's fields.
func (n NewSend) check() (outgoingText, error) {
	var out outgoingText
	to, err := parseRecipient("to", n.To)
	if err != nil {
		return out, err
	}
	if out.to, err = types.ParseJID(to); err != nil {
		return out, fault.InvalidJID("to", "a person or group JID").Because(err)
	}
	if n.Text == nil {
		return out, fault.Missing("text")
	}
	if err := checkText("text", n.Text.Text); err != nil {
		return out, err
	}
	if out.mentions, err = parseMentions(n.Text.Mentions); err != nil {
		return out, err
	}
	if err := checkName("replyTo", n.ReplyTo, maxMessageID); err != nil {
		return out, err
	}
	if err := checkName("idempotencyKey", n.IdempotencyKey, maxIdempotencyKey); err != nil {
		return out, err
	}
	out.text, out.replyTo = n.Text.Text, n.ReplyTo
	return out, nil
}

// parseRecipient reads the address of a person or group.
func parseRecipient(field, s string) (string, error) {
	if strings.HasSuffix(s, "@"+types.GroupServer) {
		return address.ParseGroup(field, s)
	}
	jid, err := address.ParsePerson(field, s)
	if err != nil && s != "" {
		return "", fault.InvalidJID(field, "a person's or group's JID")
	}
	return jid, err
}

func parseMentions(given []string) ([]string, error) {
	if len(given) > maxMentions {
		return nil, fault.Invalid("mentions", fmt.Sprintf("mentions must have at most %d people", maxMentions)).With("max", maxMentions)
	}
	var mentions []string
	for i, mention := range given {
		jid, err := address.ParsePerson(fmt.Sprintf("mentions[%d]", i), mention)
		if err != nil {
			return nil, err
		}
		mentions = append(mentions, jid)
	}
	return mentions, nil
}

// checkText checks the text of a message; field is what the caller calls it.
func checkText(field, text string) error {
	switch n := utf8.RuneCountInString(text); {
	case text == "":
		return fault.Missing(field)
	case n > maxText:
		return fault.Invalid(field, fmt.Sprintf("%s must have at most %d characters", field, maxText)).With("max", maxText)
	case storable(text) != text:
		return fault.Invalid(field, field+" must be UTF-8 without NUL")
	}
	return nil
}

// checkName checks an optional name that is kept as it is given.
func checkName(field, name string, most int) error {
	switch {
	case utf8.RuneCountInString(name) > most:
		return fault.Invalid(field, fmt.Sprintf("%s must have at most %d characters", field, most)).With("max", most)
	case storable(name) != name:
		return fault.Invalid(field, field+" must be UTF-8 without NUL")
	}
	return nil
}

// fingerprint tells one send from another under the same idempotency key.
func (o outgoingText) fingerprint(sessionID string) ([]byte, error) {
	content, err := json.Marshal([]any{sessionID, o.to.String(), o.text, o.mentions, o.replyTo})
	if err != nil {
		return nil, fmt.Errorf("encoding a send: %w", err)
	}
	sum := sha256.Sum256(content)
	return sum[:], nil
}

// message is the send as WhatsApp encodes it.
func (s *Service) message(ctx context.Context, x *session, out outgoingText) (*waE2E.Message, error) {
	if out.replyTo == "" && len(out.mentions) == 0 {
		return &waE2E.Message{Conversation: proto.String(out.text)}, nil
	}
	about := &waE2E.ContextInfo{MentionedJID: out.mentions}
	if out.replyTo != "" {
		if err := s.quote(ctx, x, out, about); err != nil {
			return nil, err
		}
	}
	return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String(out.text), ContextInfo: about}}, nil
}

// quote fills in the message that is replied to, which must be of the same chat.
func (s *Service) quote(ctx context.Context, x *session, out outgoingText, about *waE2E.ContextInfo) error {
	unknown := fault.Invalid("replyTo", "replyTo must be a message of this chat")
	chat, err := s.db.Chats.Get(ctx, x.id, out.to.String())
	if err != nil {
		return instead(err, unknown)
	}
	quoted, err := s.db.Messages.InChat(ctx, chat, out.replyTo)
	if err != nil {
		return instead(err, unknown)
	}
	raw, err := s.db.Messages.Raw(ctx, quoted.ID)
	if err != nil {
		return instead(err, unknown)
	}
	content := &waE2E.Message{}
	if err := proto.Unmarshal(raw, content); err != nil || len(raw) == 0 {
		return fault.Invalid("replyTo", "replyTo is a message that could not be read").Because(err)
	}
	sender := quoted.SenderLID
	if sender == "" {
		sender = quoted.SenderJID
	}
	about.StanzaID, about.Participant = proto.String(quoted.WAMessageID), proto.String(sender)
	about.QuotedMessage = quotable(content)
	return nil
}

// instead gives a validation failure for what was not found.
func instead(err error, invalid *fault.Error) error {
	if fault.Is(err, fault.NotFound) {
		return invalid
	}
	return err
}

// quotable is a message as replies carry it: unwrapped, and without what it says
// of further messages, so that a chain of replies does not grow.
func quotable(raw *waE2E.Message) *waE2E.Message {
	message := (&events.Message{RawMessage: raw}).UnwrapRaw().Message
	message.MessageContextInfo, message.SenderKeyDistributionMessage = nil, nil
	content := message.ProtoReflect()
	fields := content.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if field.Message() == nil || field.IsList() || field.IsMap() || !content.Has(field) {
			continue
		}
		if about := field.Message().Fields().ByName("contextInfo"); about != nil {
			content.Mutable(field).Message().Clear(about)
		}
	}
	return message
}

// newOutgoing is the send as it is stored; the message's id is made here.
func (s *Service) newOutgoing(ctx context.Context, x *session, row *models.Session, send NewSend, out outgoingText) (models.NewOutgoing, error) {
	message, err := s.message(ctx, x, out)
	if err != nil {
		return models.NewOutgoing{}, err
	}
	raw, err := proto.Marshal(message)
	if err != nil {
		return models.NewOutgoing{}, fmt.Errorf("encoding a send: %w", err)
	}
	mark, err := out.fingerprint(x.id)
	if err != nil {
		return models.NewOutgoing{}, err
	}
	mode := models.SendSync
	if send.Async {
		mode = models.SendAsync
	}
	return models.NewOutgoing{
		SessionID: x.id, Mode: mode, Recipient: out.to.String(), OrganizationID: row.OrganizationID,
		IdempotencyKey: send.IdempotencyKey, Fingerprint: mark,
		Message: models.NewMessage{
			Chat: x.chatAddress(ctx, out.to, types.EmptyJID), Sender: x.self(ctx),
			// Without a client, as well: the account's number in it is an extra.
			WAMessageID: x.cli().GenerateMessageID(), FromMe: true,
			Type: models.MessageText, Body: out.text, QuotedID: out.replyTo, Mentions: out.mentions,
			AckLevel: models.AckPending, Timestamp: models.Now(), Raw: raw,
		},
	}, nil
}
