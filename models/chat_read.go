package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"gorm.io/gorm"
)

// countsAsUnread is the condition for messages m that count as unread when they
// come.
const countsAsUnread = "NOT m.hidden AND NOT m.from_me AND m.type NOT IN ('system', 'undecryptable')"

// MarkRead sets a chat's unread count to 0, takes the mark of being unread off it,
// and notes that WhatsApp is to hear of it. An unknown chat is fault.NotFound;
// repeating it changes nothing and makes no event.
func (s *ChatStore) MarkRead(ctx context.Context, chat *Chat) (*Chat, error) {
	read := *chat
	err := s.db.sessionTx(ctx, chat.SessionID, func(tx *gorm.DB) error {
		changed := tx.Exec(`UPDATE chats SET unread_count = 0, marked_unread = ?, sync_owed = sync_owed | ?, updated_at = ?
			WHERE id = ? AND (unread_count <> 0 OR marked_unread)`, false, SyncRead, Now(), chat.ID)
		if changed.Error != nil || changed.RowsAffected == 0 {
			read.UnreadCount, read.MarkedUnread = 0, false
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

// MarkReadThrough leaves those messages of a chat unread that came after one. A
// repeat changes nothing.
func (s *ChatStore) MarkReadThrough(ctx context.Context, chat *Chat, message *Message) error {
	err := s.db.sessionTx(ctx, chat.SessionID, func(tx *gorm.DB) error {
		return s.db.readThrough(tx, chat.ID, message.Timestamp, message.ID)
	})
	return storeError("chat", "reading a chat", err)
}

// ReadOn is another device of the account having read a chat up to the latest
// of these messages. What is not known changes nothing.
func (s *ChatStore) ReadOn(ctx context.Context, sessionID string, chat ChatAddress, waMessageIDs []string) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id, err := s.db.chatAt(tx, sessionID, chat, false)
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

// ReadUntil is another device of the account having read all messages of a chat up
// to a time. What is not known changes nothing.
func (s *ChatStore) ReadUntil(ctx context.Context, sessionID string, chat ChatAddress, until Millis) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id, err := s.db.chatAt(tx, sessionID, chat, false)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.db.readThrough(tx, id, until, math.MaxInt64)
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
	return db.readThrough(tx, chatID, timestamp, last)
}

// readThrough leaves those messages unread that came after a place in the chat. A
// mark of being unread goes, unless WhatsApp is still to hear of it.
func (db *DB) readThrough(tx *gorm.DB, chatID int64, timestamp Millis, last int64) error {
	const after = "(SELECT COUNT(*) FROM messages m WHERE m.chat_id = chats.id AND (m.timestamp, m.id) > (?, ?) AND " + countsAsUnread + ")"
	changed := tx.Exec("UPDATE chats SET updated_at = ?, marked_unread = (marked_unread AND sync_owed & ? <> 0), unread_count = CASE WHEN unread_count > "+after+" THEN "+after+` ELSE unread_count END
		WHERE id = ? AND (unread_count > `+after+" OR marked_unread AND sync_owed & ? = 0)",
		Now(), SyncRead, timestamp, last, timestamp, last, chatID, timestamp, last, SyncRead)
	if changed.Error != nil || changed.RowsAffected == 0 {
		return changed.Error
	}
	_, err := db.emitChat(tx, chatID)
	return err
}

// Unread gives the latest messages of a chat that came since it was last read,
// at most limit: those whose senders are to hear that they were read. The count is
// the stored one: more may have come since the chat was loaded.
func (s *ChatStore) Unread(ctx context.Context, chat *Chat, limit int) ([]Message, error) {
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+`
		WHERE m.chat_id = ? AND `+countsAsUnread+`
		ORDER BY m.timestamp DESC, m.id DESC LIMIT (SELECT CASE WHEN c.unread_count < ? THEN c.unread_count ELSE ? END FROM chats c WHERE c.id = ?)`,
		chat.ID, limit, limit, chat.ID))
	if err != nil {
		return nil, storeError("chat", "loading unread messages", err)
	}
	return messages, nil
}

// WithUnread gives the chats of a session, with people and in groups, that have
// unread messages, the one with the earliest latest message first, at most limit.
func (s *ChatStore) WithUnread(ctx context.Context, sessionID string, limit int) ([]Chat, error) {
	chats, err := scanChats(s.db.read(ctx).Raw(chatSelect+"chats c"+chatJoins+
		" WHERE c.session_id = ? AND c.unread_count > 0 AND c.type IN ('dm', 'group') ORDER BY c.last_message_at, c.id LIMIT ?", sessionID, limit))
	return chats, storeError("chat", "loading unread chats", err)
}
