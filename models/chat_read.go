package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// MarkRead sets a chat's unread count to 0. An unknown chat is fault.NotFound;
// repeating it changes nothing and makes no event.
func (s *ChatStore) MarkRead(ctx context.Context, chat *Chat) (*Chat, error) {
	read := *chat
	err := s.db.sessionTx(ctx, chat.SessionID, func(tx *gorm.DB) error {
		changed := tx.Exec("UPDATE chats SET unread_count = 0, updated_at = ? WHERE id = ? AND unread_count <> 0", Now(), chat.ID)
		if changed.Error != nil || changed.RowsAffected == 0 {
			read.UnreadCount = 0
			return changed.Error
		}
		now, err := s.db.emitChat(tx, chat.ID)
		if err == nil {
			read = *now
		}
		return err
	})
	if err != nil {
		return nil, storeError("chat", "reading a chat", err)
	}
	return &read, nil
}

// ReadOn is another device of the account having read a chat up to the latest
// of these messages. What is not known changes nothing.
func (s *ChatStore) ReadOn(ctx context.Context, sessionID string, chat ChatAddress, waMessageIDs []string) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		_, person, err := s.db.placeOf(tx, sessionID, Person{}, chat, Now())
		if err != nil {
			return err
		}
		id, err := s.db.findChat(tx, sessionID, chat.JID, person.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.db.readUpTo(tx, sessionID, id, waMessageIDs)
	})
	return storeError("session", "reading a chat of session "+sessionID, err)
}

// readUpTo leaves those messages unread that came after the latest of the given.
func (db *DB) readUpTo(tx *gorm.DB, sessionID string, chatID int64, waMessageIDs []string) error {
	given, err := keys("wa_message_id", waMessageIDs)
	if err != nil {
		return err
	}
	var timestamp Millis
	var last int64
	err = tx.Raw("SELECT m.timestamp, m.id FROM messages m WHERE m.session_id = ? AND m.wa_message_id IN "+db.in(text("wa_message_id"))+
		" AND m.chat_id = ? ORDER BY m.timestamp DESC, m.id DESC LIMIT 1", sessionID, given, chatID).Row().Scan(&timestamp, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finding the message that was read: %w", err)
	}
	changed := tx.Exec(`UPDATE chats SET updated_at = ?, unread_count = (SELECT COUNT(*) FROM messages m
			WHERE m.chat_id = chats.id AND (m.timestamp, m.id) > (?, ?) AND NOT m.from_me AND m.type NOT IN ('reaction', 'edit', 'revoke', 'undecryptable'))
		WHERE id = ? AND unread_count > (SELECT COUNT(*) FROM messages m
			WHERE m.chat_id = chats.id AND (m.timestamp, m.id) > (?, ?) AND NOT m.from_me AND m.type NOT IN ('reaction', 'edit', 'revoke', 'undecryptable'))`,
		Now(), timestamp, last, chatID, timestamp, last)
	if changed.Error != nil || changed.RowsAffected == 0 {
		return changed.Error
	}
	_, err = db.emitChat(tx, chatID)
	return err
}

// Unread gives the latest messages of a chat that came since it was last read,
// at most limit: those whose senders are to hear that they were read.
func (s *ChatStore) Unread(ctx context.Context, chat *Chat, limit int) ([]Message, error) {
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+`
		WHERE m.chat_id = ? AND NOT m.from_me AND m.type NOT IN ('reaction', 'edit', 'revoke', 'undecryptable')
		ORDER BY m.timestamp DESC, m.id DESC LIMIT ?`, chat.ID, min(chat.UnreadCount, limit)))
	if err != nil {
		return nil, storeError("chat", "loading unread messages", err)
	}
	return messages, nil
}
