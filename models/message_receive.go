package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// Receive stores a message that WhatsApp delivered, with its event, in one
// transaction. It is known by session, chat, sender and WhatsApp's id: a repeat
// changes nothing and is not fresh, except that it replaces one that could not
// be read. Chat and people are made when they are new. An unknown session is
// fault.NotFound.
func (s *MessageStore) Receive(ctx context.Context, sessionID string, message NewMessage) (stored *Message, fresh bool, err error) {
	err = s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		stored, fresh, err = s.db.addMessage(tx, sessionID, message)
		if err != nil || !fresh {
			return err
		}
		return s.db.emit(tx, sessionID, messageEvent(stored))
	})
	if err != nil {
		return nil, false, storeError("session", "storing a message of session "+sessionID, err)
	}
	return stored, fresh, nil
}

// messageEvent is the event of a message that is new here.
func messageEvent(m *Message) NewEvent {
	if m.Type == MessageUndecryptable {
		return NewEvent{Name: EventMessageUndecryptable, Key: m.ChatJID, Payload: m.undecryptableShape()}
	}
	if strings.HasSuffix(m.ChatJID, channelSuffix) {
		return NewEvent{Name: EventChannelMessage, Key: m.ChatJID, Payload: m.Shape()}
	}
	return NewEvent{Name: EventMessage, Key: m.ChatJID, Payload: m.Shape()}
}

// addMessage stores a message within a sessionTx; not fresh when it was there.
func (db *DB) addMessage(tx *gorm.DB, sessionID string, message NewMessage) (stored *Message, fresh bool, err error) {
	now := Now()
	sender, chat, err := db.placeOf(tx, sessionID, message.Sender, message.Chat, now)
	if err != nil {
		return nil, false, err
	}
	chatID, err := db.chatID(tx, sessionID, message.Chat, chat, now)
	if err != nil {
		return nil, false, err
	}
	id, err := insertMessage(tx, sessionID, chatID, sender, message, now)
	fresh = !errors.Is(err, sql.ErrNoRows)
	if fresh {
		if err != nil {
			return nil, false, err
		}
		if err := touchChat(tx, chatID, message, now); err != nil {
			return nil, false, err
		}
		stored, err = scanMessage(tx.Raw(messageSelect+"messages m"+messageJoins+" WHERE m.id = ?", id))
	} else {
		stored, err = scanMessage(tx.Raw(messageSelect+"messages m"+messageJoins+
			" WHERE m.session_id = ? AND m.wa_message_id = ? AND m.chat_id = ? AND m.sender_id = ?", sessionID, message.WAMessageID, chatID, sender))
	}
	if err != nil {
		return nil, false, fmt.Errorf("loading the message: %w", err)
	}
	return stored, fresh, nil
}

// placeOf stores the people of a message and gives the sender's identity and
// that of the person the chat is with; 0 where there is none.
func (db *DB) placeOf(tx *gorm.DB, sessionID string, sender Person, chat ChatAddress, now Millis) (senderID, chatPersonID int64, err error) {
	var people []Person
	known := func(p Person) bool { return p.LID != "" || p.PhoneJID != "" }
	if known(sender) {
		people = append(people, sender)
	}
	if known(chat.Person) {
		people = append(people, chat.Person)
	}
	ids, err := db.upsertIdentities(tx, sessionID, people, now)
	if err != nil {
		return 0, 0, fmt.Errorf("storing the people of a message: %w", err)
	}
	if known(sender) {
		senderID, ids = ids[0], ids[1:]
	}
	if known(chat.Person) {
		chatPersonID = ids[0]
	}
	return senderID, chatPersonID, nil
}

// insertMessage adds the row and gives its number; sql.ErrNoRows when it is
// there already.
func insertMessage(tx *gorm.DB, sessionID string, chatID, senderID int64, m NewMessage, now Millis) (id int64, err error) {
	mentions := ""
	if len(m.Mentions) > 0 {
		encoded, err := json.Marshal(m.Mentions)
		if err != nil {
			return 0, fmt.Errorf("encoding mentions: %w", err)
		}
		mentions = string(encoded)
	}
	raw := m.Raw
	if raw == nil {
		raw = []byte{}
	}
	err = tx.Raw(`INSERT INTO messages (session_id, chat_id, wa_message_id, sender_id, from_me, type, body, quoted_id, mentions,
			has_media, ack_level, error, timestamp, created_at, updated_at, raw)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (session_id, wa_message_id, chat_id, sender_id) DO UPDATE SET type = excluded.type, body = excluded.body,
			quoted_id = excluded.quoted_id, mentions = excluded.mentions, has_media = excluded.has_media,
			ack_level = excluded.ack_level, error = excluded.error, updated_at = excluded.updated_at, raw = excluded.raw
		WHERE messages.type = 'undecryptable' AND excluded.type <> 'undecryptable' RETURNING id`,
		sessionID, chatID, m.WAMessageID, senderID, m.FromMe, m.Type, m.Body, m.QuotedID, mentions,
		m.HasMedia, m.AckLevel, m.Error, m.Timestamp, now, now, raw).Row().Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("adding a message: %w", err)
	}
	return id, nil
}

// touchChat counts a new message in its chat.
func touchChat(tx *gorm.DB, chatID int64, m NewMessage, now Millis) error {
	if m.Quiet || m.Type == MessageUndecryptable {
		return nil
	}
	unread := 1
	if m.FromMe {
		unread = 0
	}
	err := tx.Exec(`UPDATE chats SET unread_count = unread_count + ?, updated_at = ?,
		last_message_at = CASE WHEN last_message_at < ? THEN ? ELSE last_message_at END WHERE id = ?`,
		unread, now, m.Timestamp, m.Timestamp, chatID).Error
	if err != nil {
		return fmt.Errorf("counting a message in its chat: %w", err)
	}
	return nil
}
