package whatsapp

import (
	"context"
	"errors"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
)

// errNotSent is a message of somebody else's.
var errNotSent = errors.New("the account has not sent this message")

// messageForRetry is whatsmeow's question for a message that a recipient could
// not decrypt, when whatsmeow itself no longer has it: after a restart, or some
// hundred messages later. It is stored anyway, with what was sent. nil when the
// account has sent no such message to that chat.
//
// (whatsmeow can keep sent messages in a table of its own. That takes two more
// commits for each message, for it also clears that table each time.)
func (l *link) messageForRetry(to types.JID, id types.MessageID) *waE2E.Message {
	ctx, cancel := context.WithTimeout(l.ctx, storeTimeout)
	defer cancel()
	x := l.session
	message, err := x.service.sentMessage(ctx, x.id, to, id)
	if err != nil {
		x.log.WarnContext(ctx, "a message that is asked for again was not found", "wa_message_id", id, "error", err)
		return nil
	}
	return message
}

// sentMessage loads what the account has sent to a chat.
func (s *Service) sentMessage(ctx context.Context, sessionID string, to types.JID, id types.MessageID) (*waE2E.Message, error) {
	chat, err := s.db.Chats.Get(ctx, sessionID, to.ToNonAD().String())
	if err != nil {
		return nil, err
	}
	row, err := s.db.Messages.InChat(ctx, chat, id)
	if err != nil {
		return nil, err
	}
	if !row.FromMe || row.Type == models.MessageUndecryptable {
		return nil, errNotSent
	}
	raw, err := s.db.Messages.Raw(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, errNotSent // revoked since
	}
	message := &waE2E.Message{}
	if err := proto.Unmarshal(raw, message); err != nil {
		return nil, err
	}
	return message, nil
}
