package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
)

// MessageStore keeps the messages of the chats.
type MessageStore struct{ db *DB }

// messageSelect selects what scanMessages reads, of the alias m.
const (
	messageSelect = `SELECT m.id, m.session_id, m.chat_id, m.wa_message_id, m.sender_id, m.from_me, m.type, m.body, m.quoted_id,
		m.mentions, m.has_media, m.content, m.hidden, m.ack_level, m.error, m.edited, m.edited_at, m.deleted, m.starred, m.server_id,
		m.timestamp, m.created_at, m.updated_at,
		c.jid, COALESCE(ci.lid, ''), COALESCE(ci.phone_jid, ''), COALESCE(si.lid, ''), COALESCE(si.phone_jid, '') FROM `
	messageJoins = ` JOIN chats c ON c.id = m.chat_id
		LEFT JOIN identities ci ON ci.id = c.identity_id
		LEFT JOIN identities si ON si.id = m.sender_id`
)

// GetByID gives a message of any session: the caller checks that the session is
// one of their organization.
func (s *MessageStore) GetByID(ctx context.Context, id int64) (*Message, error) {
	message, err := scanMessage(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+" WHERE m.id = ?", id))
	if err != nil {
		return nil, storeError("message", "loading a message", err)
	}
	return message, nil
}

// Get gives a message of a session by WhatsApp's id; the latest, should several
// chats have one of that id.
func (s *MessageStore) Get(ctx context.Context, sessionID, waMessageID string) (*Message, error) {
	message, err := scanMessage(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.session_id = ? AND m.wa_message_id = ? ORDER BY m.id DESC LIMIT 1", sessionID, waMessageID))
	if err != nil {
		return nil, storeError("message", "loading a message of session "+sessionID, err)
	}
	return message, nil
}

// InChat gives a message of a chat by WhatsApp's id; the latest, should several
// people have sent one of that id.
func (s *MessageStore) InChat(ctx context.Context, chat *Chat, waMessageID string) (*Message, error) {
	message, err := scanMessage(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.session_id = ? AND m.wa_message_id = ? AND m.chat_id = ? ORDER BY m.id DESC LIMIT 1", chat.SessionID, waMessageID, chat.ID))
	if err != nil {
		return nil, storeError("message", "loading a message of a chat", err)
	}
	return message, nil
}

// AllInChat gives the messages of a chat with WhatsApp's id, the latest first: one,
// unless several people have sent one of that id.
func (s *MessageStore) AllInChat(ctx context.Context, chat *Chat, waMessageID string) ([]Message, error) {
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.session_id = ? AND m.wa_message_id = ? AND m.chat_id = ? AND NOT m.hidden ORDER BY m.id DESC", chat.SessionID, waMessageID, chat.ID))
	return messages, storeError("message", "loading messages of a chat", err)
}

// Raw gives WhatsApp's own encoding of a message; empty when it was never readable.
func (s *MessageStore) Raw(ctx context.Context, id int64) ([]byte, error) {
	var raw []byte
	err := s.db.read(ctx).Raw("SELECT raw FROM messages WHERE id = ?", id).Row().Scan(&raw)
	return raw, storeError("message", "loading a message's encoding", err)
}

// List gives the messages of a chat, the latest first.
func (s *MessageStore) List(ctx context.Context, chatID int64, page Page) (List[Message], error) {
	lists, err := s.ListByChats(ctx, []int64{chatID}, page)
	return lists[chatID], err
}

// ListByChats is List for several chats in one statement; each chat is a key of
// the result. page.After works for a single chat only.
func (s *MessageStore) ListByChats(ctx context.Context, chatIDs []int64, page Page) (map[int64]List[Message], error) {
	b, err := newTimeBatch(s.db, "messages", chatIDs, page)
	if err != nil {
		return nil, err
	}
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+
		s.db.timeBatchTables(bigint("id"), "messages", "m", "x.chat_id = p.id AND NOT x.hidden", "timestamp")+messageJoins+
		" ORDER BY m.chat_id, m.timestamp DESC, m.id DESC", b.parameters()...))
	if err != nil {
		return nil, storeError("message", "listing messages", err)
	}
	return splitTimeBatch(b, messages, func(m *Message) int64 { return m.ChatID }, func(m *Message) (Millis, int64) { return m.Timestamp, m.ID }), nil
}

// Count tells how many messages a chat has.
func (s *MessageStore) Count(ctx context.Context, chatID int64) (int, error) {
	counts, err := s.CountByChats(ctx, []int64{chatID})
	return counts[chatID], err
}

// CountByChats is Count for several chats in one statement. Chats without
// messages are absent.
func (s *MessageStore) CountByChats(ctx context.Context, chatIDs []int64) (map[int64]int, error) {
	given, err := keys("id", chatIDs)
	if err != nil {
		return nil, err
	}
	counts, err := scanCounts[int64](s.db.read(ctx).Raw("SELECT chat_id, COUNT(*) FROM messages WHERE NOT hidden AND chat_id IN "+
		s.db.in(bigint("id"))+" GROUP BY chat_id", given))
	return counts, storeError("message", "counting messages", err)
}

// scanMessage runs a query for one message; sql.ErrNoRows when there is none.
func scanMessage(query *gorm.DB) (*Message, error) {
	messages, err := scanMessages(query)
	if err != nil {
		return nil, err
	}
	if len(messages) == 0 {
		return nil, sql.ErrNoRows
	}
	return &messages[0], nil
}

// scanMessages runs a query that begins with messageSelect.
func scanMessages(query *gorm.DB) ([]Message, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	messages := []Message{}
	for rows.Next() {
		var (
			m            Message
			chat, sender Identity
			mentions     string
			content      string
		)
		if err := rows.Scan(&m.ID, &m.SessionID, &m.ChatID, &m.WAMessageID, &m.SenderID, &m.FromMe, &m.Type, &m.Body, &m.QuotedID,
			&mentions, &m.HasMedia, &content, &m.Hidden, &m.AckLevel, &m.Error, &m.Edited, &m.EditedAt, &m.Deleted, &m.Starred, &m.ServerID,
			&m.Timestamp, &m.CreatedAt, &m.UpdatedAt,
			&m.ChatJID, &chat.LID, &chat.PhoneJID, &sender.LID, &sender.PhoneJID); err != nil {
			return nil, fmt.Errorf("scanning a message: %w", err)
		}
		if m.ChatJID == "" {
			m.ChatJID = chat.Address()
		}
		m.SenderJID, m.SenderLID = sender.Address(), sender.LID
		if mentions != "" {
			if err := json.Unmarshal([]byte(mentions), &m.Mentions); err != nil {
				return nil, fmt.Errorf("reading a message's mentions: %w", err)
			}
		}
		var err error
		if m.Content, err = decodeContent(content); err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, rows.Err()
}
