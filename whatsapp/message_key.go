package whatsapp

import (
	"context"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// MessageKey names a message of a chat.
type MessageKey struct {
	Chat        string // the chat's address
	WAMessageID string
	Sender      string // who sent it; "" whoever sent one of that id in the chat
}

// messageOf finds the message that a caller means, with its chat: fault.NotFound when
// it is not known, or one that only changes another.
func (s *Service) messageOf(ctx context.Context, sessionID string, key MessageKey) (*models.Chat, *models.Message, error) {
	jid, err := address.ParseChat("chat", key.Chat)
	if err != nil {
		return nil, nil, err
	}
	if key.WAMessageID == "" {
		return nil, nil, fault.Missing("waMessageId")
	}
	var sender string
	if key.Sender != "" {
		if sender, err = address.ParsePerson("sender", key.Sender); err != nil {
			return nil, nil, err
		}
	}
	chat, err := s.db.Chats.Get(ctx, sessionID, jid)
	if err != nil {
		return nil, nil, err
	}
	candidates, err := s.db.Messages.AllInChat(ctx, chat, key.WAMessageID)
	if err != nil {
		return nil, nil, err
	}
	for i := range candidates {
		m := &candidates[i]
		if sender == "" || m.SenderLID == sender || m.SenderJID == sender {
			return chat, m, nil
		}
	}
	return nil, nil, fault.NoSuch("message")
}
