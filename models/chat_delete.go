package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// Delete removes a chat with its messages from the database; WhatsApp hears
// nothing of it. What is queued to be sent there is withdrawn. An unknown chat is
// fault.NotFound.
func (s *ChatStore) Delete(ctx context.Context, chat *Chat) error {
	err := s.db.sessionTx(ctx, chat.SessionID, func(tx *gorm.DB) error {
		gone := tx.Exec("DELETE FROM chats WHERE id = ?", chat.ID)
		if gone.Error == nil && gone.RowsAffected == 0 {
			return sql.ErrNoRows
		}
		return gone.Error
	})
	return storeError("chat", "deleting a chat", err)
}

// Clear removes all messages of a chat from the database, with chat.updated where
// there were any; WhatsApp hears nothing of it. An unknown chat is fault.NotFound.
func (s *ChatStore) Clear(ctx context.Context, chat *Chat) (now *Chat, err error) {
	err = s.db.sessionTx(ctx, chat.SessionID, func(tx *gorm.DB) error {
		gone := tx.Exec("DELETE FROM messages WHERE chat_id = ?", chat.ID)
		if gone.Error != nil {
			return gone.Error
		}
		if gone.RowsAffected == 0 {
			now, err = loadChat(tx, chat.ID)
			return err
		}
		now, err = s.db.recounted(tx, chat.ID)
		return err
	})
	if err != nil {
		return nil, storeError("chat", "clearing a chat", err)
	}
	return now, nil
}

// Cleared is another device of the account having cleared a chat, or deleted it:
// messages up to a time go, starred ones with the chat only. What came later
// stays, and the chat with it. A chat that is not known changes nothing.
func (s *ChatStore) Cleared(ctx context.Context, sessionID string, chat ChatAddress, until Millis, deleted bool) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id, err := s.db.chatAt(tx, sessionID, chat, false)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		condition := ""
		if !deleted {
			condition = " AND NOT starred"
		}
		gone := tx.Exec("DELETE FROM messages WHERE chat_id = ? AND timestamp <= ?"+condition, id, until)
		if gone.Error != nil {
			return gone.Error
		}
		if deleted {
			chat := tx.Exec("DELETE FROM chats WHERE id = ? AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.chat_id = chats.id)", id)
			if chat.Error != nil || chat.RowsAffected > 0 {
				return chat.Error
			}
		}
		if gone.RowsAffected == 0 {
			return nil
		}
		_, err = s.db.recounted(tx, id)
		return err
	})
	return storeError("session", "clearing a chat of session "+sessionID, err)
}

// recounted corrects what a chat tells of its messages after some are gone, and
// tells of it. Labels of messages that are gone go too.
func (db *DB) recounted(tx *gorm.DB, chatID int64) (*Chat, error) {
	err := tx.Exec(`UPDATE chats SET updated_at = ?,
			unread_count = CASE WHEN unread_count < u.n THEN unread_count ELSE u.n END, last_message_at = u.latest
		FROM (SELECT COALESCE(SUM(CASE WHEN `+countsAsUnread+` THEN 1 ELSE 0 END), 0) AS n,
			COALESCE(MAX(CASE WHEN NOT m.hidden AND m.type <> 'undecryptable' THEN m.timestamp END), 0) AS latest
			FROM messages m WHERE m.chat_id = ?) AS u WHERE chats.id = ?`, Now(), chatID, chatID).Error
	if err != nil {
		return nil, fmt.Errorf("counting what is left of a chat: %w", err)
	}
	err = tx.Exec(`DELETE FROM label_links WHERE chat_id = ? AND message_id <> 0
		AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = label_links.message_id)`, chatID).Error
	if err != nil {
		return nil, fmt.Errorf("taking labels off: %w", err)
	}
	return db.emitChat(tx, chatID)
}

// MessageAddress says which message of a chat an event means.
type MessageAddress struct {
	Chat        ChatAddress
	WAMessageID string
	FromMe      bool
	Sender      Person // in a group, where known; else empty
}

// messageAt gives the number of a message and of its chat; sql.ErrNoRows when it
// is not known.
func (db *DB) messageAt(tx *gorm.DB, sessionID string, message MessageAddress) (id, chatID int64, err error) {
	chatID, err = db.chatAt(tx, sessionID, message.Chat, false)
	if err != nil {
		return 0, 0, err
	}
	var sender Identity
	if message.Sender != (Person{}) {
		if sender, _, err = db.placeOf(tx, sessionID, message.Sender, ChatAddress{}, Now()); err != nil {
			return 0, 0, err
		}
	}
	err = tx.Raw(`SELECT id FROM messages WHERE session_id = ? AND wa_message_id = ? AND chat_id = ? AND from_me = ? AND NOT hidden
		AND (sender_id = ? OR CAST(? AS BIGINT) = 0) ORDER BY id DESC LIMIT 1`,
		sessionID, message.WAMessageID, chatID, message.FromMe, sender.ID, sender.ID).Row().Scan(&id)
	if err != nil {
		return 0, 0, fmt.Errorf("finding a message: %w", err)
	}
	return id, chatID, nil
}

// DeleteMessage is another device of the account having deleted a message for the
// account alone. A message that is not known changes nothing.
func (s *ChatStore) DeleteMessage(ctx context.Context, sessionID string, message MessageAddress) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id, chatID, err := s.db.messageAt(tx, sessionID, message)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		// It was unread if it is among the latest so many.
		err = tx.Exec(`UPDATE chats SET unread_count = unread_count - 1 WHERE id = ? AND EXISTS (
			SELECT 1 FROM messages d WHERE d.id = ? AND NOT d.from_me AND (SELECT COUNT(*) FROM messages m WHERE m.chat_id = chats.id AND `+countsAsUnread+`
				AND (m.timestamp, m.id) >= (d.timestamp, d.id)) BETWEEN 1 AND chats.unread_count)`, chatID, id).Error
		if err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM messages WHERE id = ?", id).Error; err != nil {
			return err
		}
		_, err = s.db.recounted(tx, chatID)
		return err
	})
	return storeError("session", "deleting a message of session "+sessionID, err)
}

// SetStarred stores whether the account has starred a message. A message that is
// not known changes nothing.
func (s *ChatStore) SetStarred(ctx context.Context, sessionID string, message MessageAddress, starred bool) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id, _, err := s.db.messageAt(tx, sessionID, message)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE messages SET starred = ?, updated_at = ? WHERE id = ? AND starred <> ?", starred, Now(), id, starred).Error
	})
	return storeError("session", "starring a message of session "+sessionID, err)
}
