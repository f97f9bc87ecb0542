package whatsapp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// draft is a send that has been checked: addresses are canonical. prepare makes
// the rest, which may take reading from elsewhere.
type draft struct {
	to       types.JID
	kind     models.MessageType
	body     string
	mentions []string
	replyTo  string
	details  models.Content
	message  *waE2E.Message // as WhatsApp encodes it; nil where prepare makes it
	mark     []byte         // the request's fingerprint; nil without an idempotency key

	file    *draftFile // nil: it has none
	handle  string     // of a file's upload for a channel
	preview bool       // show what the text links to
	plain   bool       // replyTo is what it changes, not what it answers
}

// check reads a send; its failures name the caller's fields.
func (n NewSend) check() (draft, error) {
	var d draft
	var err error
	if d.to, err = n.recipient(); err != nil {
		return d, err
	}
	if err := n.checkContent(&d); err != nil {
		return d, err
	}
	if err := checkName("replyTo", n.ReplyTo, maxMessageID); err != nil {
		return d, err
	}
	if err := checkName("idempotencyKey", n.IdempotencyKey, maxIdempotencyKey); err != nil {
		return d, err
	}
	d.replyTo = n.ReplyTo
	return d, nil
}

// checkTimes checks when a message is to be sent.
func (n NewSend) checkTimes() error {
	now := models.Now()
	switch {
	case n.ScheduledAt < 0:
		return fault.Invalid("scheduledAt", "scheduledAt must not be before 1970")
	case n.ScheduledAt > now+models.Millis(maxSchedule.Milliseconds()):
		return fault.Invalid("scheduledAt", "scheduledAt must be at most a year ahead")
	case n.ExpiresAt < 0 || n.ExpiresAt != 0 && n.ExpiresAt <= max(now, n.ScheduledAt):
		return fault.Invalid("expiresAt", "expiresAt must be in the future, and behind scheduledAt")
	}
	return nil
}

// maxSchedule is how far ahead a message may be scheduled.
const maxSchedule = 366 * 24 * time.Hour

// recipient reads whom to send to. A channel takes texts and files; everybody can read
// it, so nobody is named in it.
func (n NewSend) recipient() (types.JID, error) {
	if !strings.HasSuffix(n.To, "@"+types.NewsletterServer) {
		return parseDestination("to", n.To)
	}
	switch {
	case n.Poll != nil: // whatsmeow leaves out what makes people able to vote in one
		return types.JID{}, fault.Invalid("to", "a poll cannot be sent to a channel")
	case n.Location != nil, n.Contact != nil:
		return types.JID{}, fault.Invalid("to", "a channel takes texts and files only")
	case n.ReplyTo != "":
		return types.JID{}, fault.Invalid("replyTo", "in a channel there are no replies")
	case n.Text != nil && len(n.Text.Mentions) > 0, n.Media != nil && len(n.Media.Mentions) > 0:
		return types.JID{}, fault.Invalid("mentions", "in a channel nobody can be mentioned")
	case n.Media != nil && n.Media.ViewOnce:
		return types.JID{}, fault.Invalid("viewOnce", "viewOnce is not for channels")
	}
	return parseDestination("to", n.To)
}

// mayPost checks that the account may write in the channel that a send is for; ok
// for other chats. fault.NotFound for a channel that is not known.
func (s *Service) mayPost(ctx context.Context, x *session, to types.JID) error {
	if to.Server != types.NewsletterServer {
		return nil
	}
	channel, err := s.db.Channels.Get(ctx, x.id, to.String())
	if err != nil {
		return err
	}
	if !channel.Role.Posts() {
		return fault.New(fault.Forbidden, "", "only the owner and the admins of a channel may write in it")
	}
	return nil
}

// parseDestination reads the address of a person, a group or a channel.
func parseDestination(field, s string) (types.JID, error) {
	parse := parseRecipient
	if strings.HasSuffix(s, "@"+types.NewsletterServer) {
		parse = address.ParseChannel
	}
	canonical, err := parse(field, s)
	if err != nil {
		return types.JID{}, err
	}
	return parseCanonical(canonical)
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
func fingerprint(sessionID string, send NewSend) ([]byte, error) {
	send.Async, send.IdempotencyKey = false, ""
	if send.Media != nil && send.Media.Data != "" {
		media, digest := *send.Media, sha256.New()
		_, _ = io.WriteString(digest, media.Data) // never fails
		media.Data = hex.EncodeToString(digest.Sum(nil))
		send.Media = &media
	}
	content, err := json.Marshal([]any{sessionID, send})
	if err != nil {
		return nil, fmt.Errorf("encoding a send: %w", err)
	}
	sum := sha256.Sum256(content)
	return sum[:], nil
}

// contextOf is what the message says of others: who is named in it, what it
// replies to, and that it disappears. nil when there is nothing to say.
func (s *Service) contextOf(ctx context.Context, x *session, d *draft) (*waE2E.ContextInfo, error) {
	if d.plain {
		return nil, nil //nolint:nilnil // as said
	}
	about := &waE2E.ContextInfo{MentionedJID: d.mentions}
	if d.replyTo != "" {
		if err := s.quote(ctx, x, d, about); err != nil {
			return nil, err
		}
	}
	seconds, err := s.db.Chats.Ephemeral(ctx, x.id, d.to.String())
	if err != nil {
		return nil, err
	}
	if seconds > 0 {
		d.details.EphemeralSeconds = seconds
		about.Expiration = proto.Uint32(uint32(seconds))
	}
	if len(d.mentions) == 0 && d.replyTo == "" && seconds == 0 {
		return nil, nil //nolint:nilnil // as said
	}
	return about, nil
}

// withContext puts into a message what it says of others. A plain text takes its
// longer form for it.
func withContext(message *waE2E.Message, about *waE2E.ContextInfo) {
	if about == nil {
		return
	}
	if message.Conversation != nil {
		message.ExtendedTextMessage = &waE2E.ExtendedTextMessage{Text: message.Conversation}
		message.Conversation = nil
	}
	content := message.ProtoReflect()
	fields := content.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if field.Message() == nil || field.IsList() || field.IsMap() || !content.Has(field) {
			continue
		}
		if into := field.Message().Fields().ByName("contextInfo"); into != nil {
			part := content.Mutable(field).Message()
			if part.Has(into) { // what is there, such as the forwarding score, stays
				proto.Merge(part.Mutable(into).Message().Interface(), about)
				continue
			}
			part.Set(into, protoreflect.ValueOfMessage(about.ProtoReflect()))
		}
	}
}

// quote fills in the message that is replied to, which must be of the same chat.
func (s *Service) quote(ctx context.Context, x *session, out *draft, about *waE2E.ContextInfo) error {
	unknown := fault.Invalid("replyTo", "replyTo must be a message of this chat")
	chat, err := s.db.Chats.Get(ctx, x.id, out.to.String())
	if err != nil {
		return instead(err, unknown)
	}
	quoted, err := s.db.Messages.InChat(ctx, chat, out.replyTo)
	if err != nil {
		return instead(err, unknown)
	}
	content, err := s.contentFor(ctx, quoted)
	if fault.Is(err, fault.Validation) {
		return fault.Invalid("replyTo", "replyTo is a message that could not be read").Because(err)
	}
	if err != nil {
		return instead(err, unknown)
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

// unwrapped is what a message says, without what is around it.
func unwrapped(raw *waE2E.Message) *waE2E.Message {
	return (&events.Message{RawMessage: raw}).UnwrapRaw().Message
}

// quotable is a message as replies carry it: unwrapped, and without what it says
// of further messages, so that a chain of replies does not grow.
func quotable(raw *waE2E.Message) *waE2E.Message {
	message := unwrapped(raw)
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
func (s *Service) newOutgoing(ctx context.Context, x *session, row *models.Session, send NewSend, d *draft) (models.NewOutgoing, error) {
	raw, err := proto.Marshal(d.message)
	if err != nil {
		return models.NewOutgoing{}, fmt.Errorf("encoding a send: %w", err)
	}
	mode := models.SendSync
	if send.Async {
		mode = models.SendAsync
	}
	message := models.NewMessage{
		Chat: x.chatAddress(ctx, d.to, types.EmptyJID), Sender: x.self(ctx),
		// Without a client, as well: the account's number in it is an extra.
		WAMessageID: x.cli().GenerateMessageID(), FromMe: true,
		Type: d.kind, Body: d.body, QuotedID: d.replyTo, Mentions: d.mentions, Content: d.details,
		// In whole seconds, as WhatsApp tells times: else it would stand behind what
		// comes in the same second.
		AckLevel: models.AckPending, Timestamp: models.Now() / 1000 * 1000, Raw: raw,
	}
	if d.file != nil {
		message.Media, message.HasMedia, d.handle = d.file.row(), true, d.file.handle
	}
	return models.NewOutgoing{
		SessionID: x.id, Mode: mode, Recipient: d.to.String(), OrganizationID: row.OrganizationID, MediaHandle: d.handle,
		IdempotencyKey: send.IdempotencyKey, Fingerprint: d.mark, Message: message,
		ScheduledAt: send.ScheduledAt, ExpiresAt: send.ExpiresAt,
	}, nil
}
