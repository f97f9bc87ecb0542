package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/whatsapp/address"
)

// maxReadReceipts bounds how many messages one reading of a chat reports read:
// the latest, as phones do.
const maxReadReceipts = 200

// ReadChat sets a chat's unread count to 0, also while the session is offline.
// With receipts the senders of what was unread hear of it first, which needs the
// session to be connected: fault.NotImplemented. A chat that is not known is
// fault.NotFound.
func (s *Service) ReadChat(ctx context.Context, sessionID, chatJID string, receipts bool) (*models.Chat, error) {
	jid, err := address.ParseChat("jid", chatJID)
	if err != nil {
		return nil, err
	}
	chat, err := s.db.Chats.Get(ctx, sessionID, jid)
	if err != nil {
		return nil, err
	}
	if receipts {
		if err := s.sendReceipts(ctx, sessionID, chat); err != nil {
			return nil, err
		}
	}
	chat, err = s.db.Chats.MarkRead(ctx, chat)
	s.changes.notify(err)
	return chat, err
}

// sendReceipts tells the senders of unread messages that they were read.
func (s *Service) sendReceipts(ctx context.Context, sessionID string, chat *models.Chat) error {
	x, err := s.live(ctx, sessionID)
	if err != nil || chat.UnreadCount == 0 {
		return err
	}
	unread, err := s.db.Chats.Unread(ctx, chat, maxReadReceipts)
	if err != nil {
		return err
	}
	chatJID, err := types.ParseJID(chat.JID)
	if err != nil {
		return err
	}
	bySender := make(map[string][]types.MessageID)
	for _, m := range unread {
		sender := m.SenderLID
		if sender == "" {
			sender = m.SenderJID
		}
		bySender[sender] = append(bySender[sender], m.WAMessageID)
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	for sender, ids := range bySender {
		from, err := types.ParseJID(sender)
		if err != nil {
			return err
		}
		if chat.Type == models.ChatDM {
			chatJID = from // by LID, as messages are addressed
		}
		err = tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.MarkRead(ctx, ids, time.Now(), chatJID, from)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
