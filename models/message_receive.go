package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// Receive stores a message that WhatsApp delivered, with its event, in one
// transaction. It is known by session, chat, sender and WhatsApp's id: a repeat
// changes nothing and is not fresh, except that it replaces one that could not
// be read. Chat and people are made when they are new. One that changes another
// message changes it. An unknown session is fault.NotFound.
func (s *MessageStore) Receive(ctx context.Context, sessionID string, message NewMessage) (stored *Message, fresh bool, err error) {
	err = s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		added, err := s.db.addMessage(tx, sessionID, message)
		if err != nil {
			return err
		}
		stored, fresh = added.message, added.fresh
		return s.db.messageCame(tx, added)
	})
	if err != nil {
		return nil, false, storeError("session", "storing a message of session "+sessionID, err)
	}
	return stored, fresh, nil
}

// added is what became of a message that was to be stored.
type added struct {
	message *Message
	fresh   bool // it was not here, or could not be read before
	news    bool // an event is to tell of it: none has, and it was delivered, or an event promised it
}

// messageCame does what a message that was stored says, and tells of it, in the
// transaction that stored it.
func (db *DB) messageCame(tx *gorm.DB, a added) error {
	m := a.message
	switch {
	case m.Hidden && a.fresh:
		return db.changeCame(tx, m, a.news)
	case !a.news:
		return nil
	case m.Hidden: // done when the past brought it
		target, err := db.targetOf(tx, m)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return db.emitChange(tx, m, target)
	case !a.fresh:
		if err := db.detail(tx, m); err != nil {
			return err
		}
	}
	return db.emit(tx, m.SessionID, messageEvent(m))
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
// Changes of it that came before it are applied.
func (db *DB) addMessage(tx *gorm.DB, sessionID string, message NewMessage) (added, error) {
	now := Now()
	sender, chat, err := db.placeOf(tx, sessionID, message.Sender, message.Chat, now)
	if err != nil {
		return added{}, err
	}
	stored := &Message{
		SessionID: sessionID, ChatJID: message.Chat.JID, WAMessageID: message.WAMessageID,
		SenderID: sender.ID, SenderJID: sender.Address(), SenderLID: sender.LID, FromMe: message.FromMe,
		Type: message.Type, Body: message.Body, QuotedID: message.QuotedID, Mentions: message.Mentions,
		HasMedia: message.HasMedia, Content: message.Content, Hidden: message.Type.Changes(), ServerID: message.ServerID, Starred: message.Starred,
		AckLevel: message.AckLevel, Error: message.Error,
		Timestamp: message.Timestamp, CreatedAt: now, UpdatedAt: now,
	}
	if chat.ID != 0 {
		stored.ChatJID = chat.Address()
	}
	if message.Chat.Type == ChatChannel && !message.FromMe {
		own, err := ownPost(tx, sessionID, message)
		if own != nil || err != nil {
			return added{message: own}, err
		}
	}
	came, err := insertMessage(tx, stored, message, chat.ID)
	if errors.Is(err, sql.ErrNoRows) { // a new chat, or the message is there
		if stored.ChatID, err = db.chatID(tx, sessionID, message.Chat, chat.ID, now); err != nil {
			return added{}, err
		}
		came, err = insertMessage(tx, stored, message, chat.ID)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return db.knownMessage(tx, stored, message.History)
	}
	if err != nil {
		return added{}, err
	}
	if err := addMedia(tx, stored, message.Media); err != nil {
		return added{}, err
	}
	if stored.setsTimer() {
		if err := db.timerSet(tx, stored, !message.History); err != nil {
			return added{}, err
		}
	}
	if message.counts() {
		if err := db.touchChat(tx, stored, message, came.archived, now); err != nil {
			return added{}, err
		}
		if came.changed {
			if stored, err = db.applyWaiting(tx, stored); err != nil {
				return added{}, err
			}
		}
	}
	if !db.indexesWith(message) {
		err = db.index(tx, stored)
	}
	return added{message: stored, fresh: true, news: came.told}, err
}

// knownMessage is addMessage for one that is there. It is news when the past, or
// a question, brought it first, which tells nobody.
func (db *DB) knownMessage(tx *gorm.DB, m *Message, history bool) (added, error) {
	stored, err := scanMessage(tx.Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.session_id = ? AND m.wa_message_id = ? AND m.chat_id = ? AND m.sender_id = ?",
		m.SessionID, m.WAMessageID, m.ChatID, m.SenderID))
	if err != nil || history {
		return added{message: stored}, err
	}
	told := tx.Exec("UPDATE messages SET told = TRUE WHERE id = ? AND NOT told", stored.ID)
	if told.Error != nil {
		return added{}, fmt.Errorf("noting that a message is told: %w", told.Error)
	}
	return added{message: stored, news: told.RowsAffected > 0}, nil
}

// ownPost finds what the account has posted in a channel from here, when it comes as a
// channel's message: WhatsApp does not say who wrote those. nil when it was somebody
// else, or another device.
func ownPost(tx *gorm.DB, sessionID string, message NewMessage) (*Message, error) {
	posts, err := scanMessages(tx.Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.session_id = ? AND m.wa_message_id = ? AND c.jid = ? AND m.from_me LIMIT 1", sessionID, message.WAMessageID, message.Chat.JID))
	if err != nil || len(posts) == 0 {
		return nil, err
	}
	return &posts[0], nil
}

// placeOf stores the people of a message and gives the sender and the person the
// chat is with, each with ID 0 where there is none.
func (db *DB) placeOf(tx *gorm.DB, sessionID string, sender Person, chat ChatAddress, now Millis) (from, with Identity, err error) {
	var people []Person
	known := func(p Person) bool { return p.LID != "" || p.PhoneJID != "" }
	if known(sender) {
		people = append(people, sender)
	}
	if known(chat.Person) {
		people = append(people, chat.Person)
	}
	found, err := db.learnIdentities(tx, sessionID, people, now)
	if err != nil {
		return Identity{}, Identity{}, fmt.Errorf("storing the people of a message: %w", err)
	}
	if known(sender) {
		from, found = found[0], found[1:]
	}
	if known(chat.Person) {
		with = found[0]
	}
	return from, with, nil
}

// inserted is what the database says of a message that it has just stored.
type inserted struct {
	told     bool // events tell of it: not of the past, unless it takes the place of what could not be read
	archived bool // its chat is
	changed  bool // changes of it are here already
}

// insertMessage adds the row to the chat with this address or person, and fills
// in its number and its chat's; sql.ErrNoRows when there is no such chat, or the
// message is there already.
func insertMessage(tx *gorm.DB, m *Message, given NewMessage, person int64) (inserted, error) {
	mentions, err := encodeMentions(m.Mentions)
	if err != nil {
		return inserted{}, err
	}
	chat, value := "c.jid = ? AND c.jid <> ''", any(given.Chat.JID)
	if person != 0 {
		chat, value = "c.identity_id = ? AND c.identity_id <> 0", person
	}
	content, err := m.Content.encode()
	if err != nil {
		return inserted{}, err
	}
	var came inserted
	err = tx.Raw(`INSERT INTO messages (session_id, chat_id, wa_message_id, sender_id, from_me, type, body, quoted_id, mentions,
			has_media, content, hidden, server_id, starred, ack_level, error, timestamp, created_at, updated_at, raw, told)
		SELECT c.session_id, c.id, ?, CAST(? AS BIGINT), CAST(? AS `+boolean(tx)+`), ?, ?, ?, ?, CAST(? AS `+boolean(tx)+`), ?,
			CAST(? AS `+boolean(tx)+`), CAST(? AS BIGINT), CAST(? AS `+boolean(tx)+`), CAST(? AS INTEGER), ?,
			CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), ?, CAST(? AS `+boolean(tx)+`) FROM chats c WHERE c.session_id = ? AND `+chat+`
		ON CONFLICT (session_id, wa_message_id, chat_id, sender_id) DO UPDATE SET type = excluded.type, body = excluded.body,
			quoted_id = excluded.quoted_id, mentions = excluded.mentions, has_media = excluded.has_media, content = excluded.content,
			hidden = excluded.hidden, server_id = excluded.server_id,
			ack_level = excluded.ack_level, error = excluded.error, updated_at = excluded.updated_at, raw = excluded.raw
		WHERE messages.type = 'undecryptable' AND excluded.type <> 'undecryptable'
		RETURNING id, chat_id, told, (SELECT h.archived FROM chats h WHERE h.id = messages.chat_id),
			EXISTS (SELECT 1 FROM messages w WHERE w.chat_id = messages.chat_id AND w.quoted_id = messages.wa_message_id AND w.hidden AND NOT w.applied)`,
		m.WAMessageID, m.SenderID, m.FromMe, m.Type, m.Body, m.QuotedID, mentions,
		m.HasMedia, content, m.Hidden, m.ServerID, m.Starred, m.AckLevel, m.Error, m.Timestamp, m.CreatedAt, m.UpdatedAt, notNull(given.Raw), !given.History,
		m.SessionID, value).Row().Scan(&m.ID, &m.ChatID, &came.told, &came.archived, &came.changed)
	if err != nil {
		return inserted{}, fmt.Errorf("adding a message: %w", err)
	}
	return came, nil
}

// boolean is the type of a truth value in the database's own words.
func boolean(tx *gorm.DB) string {
	if tx.Name() == dialectPostgres {
		return "BOOLEAN"
	}
	return "INTEGER"
}

// counts reports whether a new message shows in its chat, and is counted there.
func (m *NewMessage) counts() bool {
	return !m.Quiet && !m.Type.Changes() && m.Type != MessageUndecryptable
}

// touchChat counts a new message in its chat, which it takes out of the archive.
func (db *DB) touchChat(tx *gorm.DB, stored *Message, m NewMessage, archived bool, now Millis) error {
	unread := 1
	if m.FromMe || m.History {
		unread = 0
	}
	indexing, values := db.indexWith(stored)
	err := tx.WithContext(deferred(tx.Statement.Context)).Exec(indexing+`UPDATE chats SET unread_count = unread_count + ?, updated_at = ?,
		last_message_at = CASE WHEN last_message_at < ? THEN ? ELSE last_message_at END WHERE id = ?`,
		append(values, unread, now, m.Timestamp, m.Timestamp, stored.ChatID)...).Error
	if err != nil {
		return fmt.Errorf("counting a message in its chat: %w", err)
	}
	if archived && !m.History {
		return db.unarchive(tx, stored.ChatID)
	}
	return nil
}
