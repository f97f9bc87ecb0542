package whatsapp

import (
	"context"
	"slices"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/whatsapp/address"
)

// maxReadReceipts bounds how many messages one reading of a chat reports read:
// the latest, as phones do.
const maxReadReceipts = 200

// maxAutoRead is how many chats autoRead takes at a time.
const maxAutoRead = 64

// ReadChat sets a chat's unread count to 0, also while the session is offline; the
// account's other devices show it read as soon as they can be told. With receipts
// the senders of what was unread hear of it first, which needs the session to be
// connected: fault.NotImplemented. A chat that is not known is fault.NotFound.
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
		x, err := s.live(ctx, sessionID)
		if err == nil {
			_, err = s.sendReceipts(ctx, x, chat)
		}
		if err != nil {
			return nil, err
		}
	}
	chat, err = s.db.Chats.MarkRead(ctx, chat)
	s.changes.notify(err)
	s.tellChatsOf(sessionID)
	return chat, err
}

// sendReceipts tells the senders of a chat's unread messages that they were read,
// in the order in which they came, and gives the latest of them; nil when there is
// none.
func (s *Service) sendReceipts(ctx context.Context, x *session, chat *models.Chat) (*models.Message, error) {
	if chat.UnreadCount == 0 {
		return nil, nil //nolint:nilnil // as documented
	}
	unread, err := s.db.Chats.Unread(ctx, chat, maxReadReceipts)
	if err != nil || len(unread) == 0 {
		return nil, err
	}
	chatJID, err := parseCanonical(chat.JID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	slices.Reverse(unread)
	// One receipt for what one person wrote in a row.
	for start := 0; start < len(unread); {
		from, err := senderOf(&unread[start])
		if err != nil {
			return nil, err
		}
		var ids []types.MessageID
		for ; start < len(unread) && (len(ids) == 0 || unread[start].SenderID == unread[start-1].SenderID); start++ {
			ids = append(ids, unread[start].WAMessageID)
		}
		if chat.Type == models.ChatDM {
			chatJID = from // by LID, as messages are addressed
		}
		err = tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.MarkRead(ctx, ids, time.Now(), chatJID, from)
		})
		if err != nil {
			return nil, err
		}
	}
	return &unread[len(unread)-1], nil
}

// readAll marks what has come read, for a session that does so by itself: first
// the senders hear of it, then it is stored. What dies in between is told twice,
// which changes nothing.
func (s *Service) readAll(ctx context.Context, x *session) error {
	for {
		chats, err := s.db.Chats.WithUnread(ctx, x.id, maxAutoRead)
		if err != nil {
			return err
		}
		for i := range chats {
			last, err := s.sendReceipts(ctx, x, &chats[i])
			if err != nil {
				return err
			}
			if last != nil {
				err = s.db.Chats.MarkReadThrough(ctx, &chats[i], last)
			} else { // it counts messages that are gone
				_, err = s.db.Chats.MarkRead(ctx, &chats[i])
			}
			s.changes.notify(err)
			if err != nil {
				return err
			}
		}
		if len(chats) < maxAutoRead {
			return nil
		}
	}
}
