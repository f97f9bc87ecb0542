package whatsapp

import (
	"context"
	"fmt"
	"strings"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
)

// handleMessageEvent stores what an event tells of messages: one transaction,
// done when it returns, so that WhatsApp is acknowledged only afterwards. An
// error asks for redelivery.
func (s *Service) handleMessageEvent(ctx context.Context, x *session, evt any) error {
	switch evt := evt.(type) {
	case *events.Message:
		return s.messageCame(ctx, x, evt)
	case *events.UndecryptableMessage:
		return s.undecryptableCame(ctx, x, evt)
	case *events.Receipt:
		return s.receiptCame(ctx, x, evt)
	default:
		return fmt.Errorf("%T is not an event of messages", evt)
	}
}

// messageCame stores a message from anybody, or from another device of the
// account.
func (s *Service) messageCame(ctx context.Context, x *session, evt *events.Message) error {
	if offer := evt.Message.GetProtocolMessage().GetHistorySyncNotification(); offer != nil && evt.Info.IsFromMe {
		return s.historyOffered(ctx, x, evt.Info.ID, offer)
	}
	message, ok, err := s.readMessage(ctx, x, evt)
	if err != nil || !ok {
		return err
	}
	stored, err := s.receive(ctx, x, message)
	if err == nil && message.Media != nil {
		x.downloads.added()
	}
	if err != nil || stored.Type != models.MessagePoll {
		return err
	}
	return s.settleVotes(ctx, x, stored)
}

// readMessage reads a message; not ok for one that is nothing to store.
func (s *Service) readMessage(ctx context.Context, x *session, evt *events.Message) (message models.NewMessage, ok bool, err error) {
	read, ok := contentOf(evt.Message)
	message = x.newMessage(ctx, &evt.Info)
	if evt.Info.Chat.Server == types.NewsletterServer {
		ok = channelChange(evt, &read, &message) || ok
	}
	if !ok || evt.Info.Category == "peer" {
		return message, false, nil
	}
	source := evt.RawMessage
	if source == nil {
		source = evt.Message
	}
	raw, err := proto.Marshal(source)
	if err != nil {
		return message, false, fmt.Errorf("encoding a message: %w", err)
	}
	if read.kind.Changes() {
		if keyOf(evt.Message).GetRemoteJID() == models.StatusChat { // people react to stories one to one
			message.Chat = storyChat()
		}
		read.details.TargetSender = x.targetSender(evt)
		if err := x.decipher(ctx, evt, &read); err != nil {
			return message, false, err
		}
	}
	read.details.ViewOnce = read.details.ViewOnce || evt.IsViewOnce
	read.into(&message)
	message.Raw = raw
	if message.Media != nil && (!s.cfg.Media.AutoDownload || message.Media.Size > s.cfg.Media.MaxBytes) {
		message.Media.NextTryAt = models.Never
	}
	return message, true, nil
}

// channelChange reads the edit or the deletion of a channel's message, which come
// under that message's own id: an edit as the message anew, a deletion empty. They
// get an id of their own, so that a redelivery is known.
func channelChange(evt *events.Message, read *content, message *models.NewMessage) bool {
	switch {
	case evt.Info.Edit == types.EditAttributeAdminRevoke:
		*read = content{kind: models.MessageRevoke, quotedID: evt.Info.ID, quiet: true}
		message.WAMessageID += ".revoke"
	case evt.NewsletterMeta != nil && !evt.NewsletterMeta.EditTS.IsZero():
		at := models.MillisOf(evt.NewsletterMeta.EditTS)
		*read = content{kind: models.MessageEdit, body: read.body, mentions: read.mentions, quotedID: evt.Info.ID, quiet: true}
		message.WAMessageID += fmt.Sprintf(".edit.%d", at)
		message.Timestamp = at
	default:
		return false
	}
	return true
}

// into fills in what a message says.
func (c *content) into(message *models.NewMessage) {
	message.Type, message.Body, message.QuotedID, message.Quiet = c.kind, storable(c.body), storable(c.quotedID), c.quiet
	message.Mentions, message.Content, message.Media, message.HasMedia = c.mentions, c.details, c.media, c.media != nil
}

// undecryptableCame stores that something came which could not be read. WhatsApp
// has been told so already, and the sender is asked for it again: what comes then
// takes this one's place.
func (s *Service) undecryptableCame(ctx context.Context, x *session, evt *events.UndecryptableMessage) error {
	if evt.DecryptFailMode == events.DecryptFailHide || evt.Info.Category == "peer" {
		return nil // a vote or reaction, which phones do not show either
	}
	message := x.newMessage(ctx, &evt.Info)
	message.Type, message.Error, message.Quiet = models.MessageUndecryptable, "decryption_failed", true
	switch {
	case evt.UnavailableType != "":
		message.Error = string(evt.UnavailableType)
	case evt.IsUnavailable:
		message.Error = "unavailable"
	}
	_, err := s.receive(ctx, x, message)
	return err
}

// receive stores a message and gives its row.
func (s *Service) receive(ctx context.Context, x *session, message models.NewMessage) (*models.Message, error) {
	stored, fresh, err := s.db.Messages.Receive(ctx, x.id, message)
	if unstorable(ctx, err) {
		// Whatever it is that cannot be stored, WhatsApp's encoding of it can: one
		// message must not keep all that come after it away.
		x.log.ErrorContext(ctx, "a message could not be stored as it is, storing its encoding alone", "wa_message_id", message.WAMessageID, "error", err)
		stored, fresh, err = s.db.Messages.Receive(ctx, x.id, encodingOf(message))
	}
	s.changes.notify(err)
	if err != nil {
		return &models.Message{}, gone(err)
	}
	if !fresh {
		x.count(duplicates)
	}
	return stored, nil
}

// unstorable reports whether an error is about what was to be stored, rather than
// the database's or its caller's own: a full disk, a deadlock and the like pass, and
// what is stored without its content has lost it.
func unstorable(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.NotFound) {
		return false
	}
	return models.Refused(err) || !models.OfDatabase(err)
}

// encodingOf is a message of which no more is told than WhatsApp's encoding.
func encodingOf(message models.NewMessage) models.NewMessage {
	message.Type, message.Body, message.QuotedID, message.Mentions = models.MessageUnknown, "", "", nil
	message.Content, message.Media, message.HasMedia = models.Content{}, nil, false
	return message
}

// newMessage is a message with all but its content.
func (x *session) newMessage(ctx context.Context, info *types.MessageInfo) models.NewMessage {
	message := models.NewMessage{
		Chat:        x.chatOf(ctx, &info.MessageSource),
		Sender:      x.person(ctx, info.Sender, info.SenderAlt),
		WAMessageID: info.ID,
		FromMe:      info.IsFromMe,
		AckLevel:    models.AckDelivered,
		Timestamp:   models.MillisOf(info.Timestamp),
		ServerID:    int64(info.ServerID),
	}
	if info.IsFromMe {
		message.AckLevel = models.AckServer
		message.Sender = x.self(ctx)
	} else if message.Sender != (models.Person{}) && info.PushName != "-" {
		message.Sender.PushName = storable(info.PushName)
	}
	return message
}

// storable is text as databases take it: UTF-8 without NUL.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}

// self is the account itself as a person.
func (x *session) self(ctx context.Context) models.Person {
	pn, lid := x.own()
	return x.person(ctx, lid, pn)
}

// chatOf gives the chat that a message or receipt belongs to.
func (x *session) chatOf(ctx context.Context, source *types.MessageSource) models.ChatAddress {
	chat, other := source.Chat, source.RecipientAlt
	if source.IsIncomingBroadcast() {
		chat, other = source.Sender, source.SenderAlt // it shows in the chat with the sender
	} else if !source.IsFromMe {
		other = source.SenderAlt
	}
	return x.chatAddress(ctx, chat, other)
}

// chatAddress gives the chat with an address; other is the same person's address
// of the other kind, where it is known.
func (x *session) chatAddress(ctx context.Context, chat, other types.JID) models.ChatAddress {
	chat = chat.ToNonAD()
	address := models.ChatAddress{Type: models.ChatDM, JID: chat.String()}
	switch chat.Server {
	case types.GroupServer:
		address.Type = models.ChatGroup
	case types.NewsletterServer:
		address.Type = models.ChatChannel
	case types.BroadcastServer:
		address.Type = models.ChatBroadcast
	case types.DefaultUserServer, types.HiddenUserServer:
		address.JID, address.Person = "", x.person(ctx, chat, other)
	}
	return address
}
