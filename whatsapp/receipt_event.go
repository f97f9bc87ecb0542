package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
)

// receiptCame stores how far somebody is with messages of the account, or that
// another device of the account has read a chat.
func (s *Service) receiptCame(ctx context.Context, x *session, evt *events.Receipt) error {
	if evt.IsFromMe || evt.Type == types.ReceiptTypeReadSelf {
		if evt.Type != types.ReceiptTypeRead && evt.Type != types.ReceiptTypeReadSelf {
			return nil
		}
		err := s.db.Chats.ReadOn(ctx, x.id, x.chatOf(ctx, &evt.MessageSource), evt.MessageIDs)
		s.changes.notify(err)
		return gone(err)
	}
	level, counts := levelOf(evt.Type)
	if !counts {
		return nil
	}
	participant := x.person(ctx, evt.Sender, evt.SenderAlt)
	if participant == (models.Person{}) {
		return nil
	}
	done, err := s.db.Messages.Acknowledge(ctx, x.id, models.Receipt{
		Chat: x.chatOf(ctx, &evt.MessageSource), Participant: participant,
		WAMessageIDs: evt.MessageIDs, Level: level, At: models.MillisOf(evt.Timestamp),
	})
	x.sender.resolved(done.Resolved)
	s.changes.notify(err)
	return gone(err)
}

// levelOf is how far a receipt takes a message; counts is false for those that
// tell nothing of a recipient.
func levelOf(kind types.ReceiptType) (level models.AckLevel, counts bool) {
	switch kind {
	case types.ReceiptTypeDelivered, types.ReceiptTypeInactive:
		return models.AckDelivered, true
	case types.ReceiptTypeRead:
		return models.AckRead, true
	case types.ReceiptTypePlayed:
		return models.AckPlayed, true
	default:
		return 0, false
	}
}
