package models

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"
)

// FindIn gives a message of a chat, by the chat's address, and WhatsApp's id; the
// latest, should several people have sent one of that id. fault.NotFound when it is
// not here.
func (s *MessageStore) FindIn(ctx context.Context, sessionID string, chat ChatAddress, waMessageID string) (*Message, error) {
	err := sql.ErrNoRows
	for _, jid := range []string{chat.JID, chat.Person.LID, chat.Person.PhoneJID} {
		if jid == "" || !errors.Is(err, sql.ErrNoRows) {
			continue
		}
		var message *Message
		message, err = scanMessage(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+
			" WHERE m.session_id = ? AND m.wa_message_id = ? AND NOT m.hidden AND "+chatIs(jid)+" ORDER BY m.id DESC LIMIT 1", sessionID, waMessageID, jid))
		if err == nil {
			return message, nil
		}
	}
	return nil, storeError("message", "finding a message of session "+sessionID, err)
}

// UnreadVotes gives the votes for a poll that could not be read when they came.
func (s *MessageStore) UnreadVotes(ctx context.Context, poll *Message) ([]Message, error) {
	votes, err := scanMessages(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.chat_id = ? AND m.quoted_id = ? AND m.hidden AND m.type = 'vote' AND NOT m.from_me ORDER BY m.id", poll.ChatID, poll.WAMessageID))
	if err != nil {
		return nil, storeError("message", "loading the votes of a poll", err)
	}
	unread := votes[:0]
	for _, vote := range votes {
		if vote.Content.Options == nil {
			unread = append(unread, vote)
		}
	}
	return unread, nil
}

// Voted stores what a vote that could not be read before has chosen, with its
// event.
func (s *MessageStore) Voted(ctx context.Context, vote *Message, options []string) error {
	now := *vote
	now.Content.Options = options
	err := s.db.sessionTx(ctx, vote.SessionID, func(tx *gorm.DB) error {
		content, err := now.Content.encode()
		if err != nil {
			return err
		}
		if err := tx.Exec("UPDATE messages SET content = ? WHERE id = ?", content, vote.ID).Error; err != nil {
			return err
		}
		return s.db.changeCame(tx, &now, true)
	})
	return storeError("session", "storing a vote of session "+vote.SessionID, err)
}
