package whatsapp

import (
	"context"
	"crypto/sha256"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
)

// changeContent reads what changes another message, the quoted one. What is
// encrypted once more is read by [session.decipher].
func changeContent(msg *waE2E.Message) (content, bool) {
	switch {
	case msg.GetReactionMessage() != nil:
		reaction := msg.GetReactionMessage()
		return content{kind: models.MessageReaction, body: reaction.GetText(), quotedID: reaction.GetKey().GetID()}, true
	case msg.GetEncReactionMessage() != nil:
		return content{kind: models.MessageReaction, quotedID: msg.GetEncReactionMessage().GetTargetMessageKey().GetID()}, true
	case msg.GetPollUpdateMessage() != nil:
		return content{kind: models.MessageVote, quotedID: msg.GetPollUpdateMessage().GetPollCreationMessageKey().GetID()}, true
	default:
		return content{}, false
	}
}

// keyOf gives the key of the message that one changes; nil when it changes none.
func keyOf(msg *waE2E.Message) *waCommon.MessageKey {
	for _, key := range []*waCommon.MessageKey{
		msg.GetReactionMessage().GetKey(), msg.GetEncReactionMessage().GetTargetMessageKey(),
		msg.GetPollUpdateMessage().GetPollCreationMessageKey(), msg.GetProtocolMessage().GetKey(),
	} {
		if key != nil {
			return key
		}
	}
	return nil
}

// targetSender gives who sent the message that one changes, by the address it was
// named by; "" when that is nobody's.
func (x *session) targetSender(evt *events.Message) string {
	key := keyOf(evt.Message)
	var sender types.JID
	switch {
	case evt.Message.GetProtocolMessage().GetType() == waE2E.ProtocolMessage_MESSAGE_EDIT && evt.Message.GetProtocolMessage() != nil:
		sender = evt.Info.Sender // only one's own can be edited
	case key.GetParticipant() != "":
		sender, _ = types.ParseJID(key.GetParticipant())
	case key.GetFromMe():
		sender = evt.Info.Sender
	case evt.Info.IsGroup:
	case evt.Info.IsFromMe:
		sender = evt.Info.Chat
	default:
		_, sender = x.own()
	}
	if sender.User == "" {
		return ""
	}
	return sender.ToNonAD().String()
}

// decipher reads what is encrypted once more with the secret of the message that
// it changes: votes, and reactions in some groups. What cannot be read because
// that message is not here stays unread; an error is the database's.
func (x *session) decipher(ctx context.Context, evt *events.Message, read *content) error {
	var err error
	switch {
	case evt.Message.GetPollUpdateMessage() != nil:
		read.details.Options, err = x.voted(ctx, evt)
	case evt.Message.GetEncReactionMessage() != nil:
		var reaction *waE2E.ReactionMessage
		if reaction, err = x.cli().DecryptReaction(ctx, evt); err == nil {
			read.body = reaction.GetText()
		}
	}
	if err != nil && (models.OfDatabase(err) || ctx.Err() != nil) {
		return err
	}
	if err != nil {
		x.log.DebugContext(ctx, "a change could not be deciphered", "wa_message_id", evt.Info.ID, "error", err)
	}
	return nil
}

// voted gives the options that a vote chose; nil when it cannot be read or its
// poll is not known.
func (x *session) voted(ctx context.Context, evt *events.Message) ([]string, error) {
	vote, err := x.cli().DecryptPollVote(ctx, evt)
	if err != nil {
		return nil, err
	}
	address := x.chatOf(ctx, &evt.Info.MessageSource)
	poll, err := x.service.db.Messages.FindIn(ctx, x.id, address, evt.Message.GetPollUpdateMessage().GetPollCreationMessageKey().GetID())
	if err != nil || poll.Content.Poll == nil {
		return nil, err
	}
	byHash := make(map[[sha256.Size]byte]string, len(poll.Content.Poll.Options))
	for _, option := range poll.Content.Poll.Options {
		byHash[sha256.Sum256([]byte(option))] = option
	}
	chosen := []string{}
	for _, hash := range vote.GetSelectedOptions() {
		if len(hash) != sha256.Size {
			continue
		}
		if option, known := byHash[[sha256.Size]byte(hash)]; known {
			chosen = append(chosen, option)
		}
	}
	return chosen, nil
}

// settleVotes reads votes that came before their poll, now that it is here.
func (s *Service) settleVotes(ctx context.Context, x *session, poll *models.Message) error {
	waiting, err := s.db.Messages.UnreadVotes(ctx, poll)
	if err != nil {
		return err
	}
	for i := range waiting {
		vote := &waiting[i]
		evt, err := x.eventOf(ctx, vote)
		if err != nil {
			x.log.DebugContext(ctx, "a vote that waited could not be read", "wa_message_id", vote.WAMessageID, "error", err)
			continue
		}
		options, err := x.voted(ctx, evt)
		if err != nil {
			if models.OfDatabase(err) {
				return err
			}
			continue
		}
		if err := s.db.Messages.Voted(ctx, vote, options); err != nil {
			return err
		}
	}
	return nil
}

// eventOf makes the event of a stored message again.
func (x *session) eventOf(ctx context.Context, m *models.Message) (*events.Message, error) {
	raw, err := x.service.db.Messages.Raw(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	message := &waE2E.Message{}
	if err := proto.Unmarshal(raw, message); err != nil {
		return nil, err
	}
	chat, err := types.ParseJID(m.ChatJID)
	if err != nil {
		return nil, err
	}
	sender, err := types.ParseJID(m.SenderLID)
	if err != nil || m.SenderLID == "" {
		if sender, err = types.ParseJID(m.SenderJID); err != nil {
			return nil, err
		}
	}
	source := types.MessageSource{Chat: chat, Sender: sender, IsFromMe: m.FromMe, IsGroup: chat.Server == types.GroupServer}
	if chat.Server == types.DefaultUserServer {
		if lid := x.otherAddress(ctx, chat); !lid.IsEmpty() {
			source.Chat = lid // as secrets are kept
		}
	}
	evt := &events.Message{Info: types.MessageInfo{MessageSource: source, ID: m.WAMessageID}, RawMessage: message}
	return evt.UnwrapRaw(), nil
}
