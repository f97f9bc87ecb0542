package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"wagateway/models/contract"
)

// HistoryStatus is what became of a part of the history.
type HistoryStatus string

// The states. Waiting becomes done or failed, once.
const (
	HistoryWaiting HistoryStatus = "waiting"
	HistoryDone    HistoryStatus = "done"
	HistoryFailed  HistoryStatus = "failed"
)

// HistoryPart is a part of the past that the phone has offered.
type HistoryPart struct {
	ID           int64
	SessionID    string
	WAMessageID  string // of the offer
	Notification []byte // WhatsApp's own encoding of the offer
	Attempts     int
	NextTryAt    Millis
}

// HistoryStore keeps the parts of the past that are to be stored.
type HistoryStore struct{ db *DB }

// Offer keeps a part to be stored. again is the offer that it repeats because the
// part could not be read; "" is none: its tries count for this one, so that they end.
// A redelivery changes nothing.
func (s *HistoryStore) Offer(ctx context.Context, sessionID, waMessageID, again string, notification []byte) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		return tx.Exec(`INSERT INTO history_parts (session_id, wa_message_id, notification, status, attempts, created_at, updated_at)
			VALUES (?, ?, ?, 'waiting', COALESCE((SELECT attempts + 1 FROM history_parts p WHERE p.session_id = ? AND p.wa_message_id = ?), 0), ?, ?)
			ON CONFLICT (session_id, wa_message_id) DO NOTHING`,
			sessionID, waMessageID, notNull(notification), sessionID, again, Now(), Now()).Error
	})
	return storeError("session", "keeping an offer of history of session "+sessionID, err)
}

// Next gives the part of a session's that waits the longest; nil when none does.
func (s *HistoryStore) Next(ctx context.Context, sessionID string) (*HistoryPart, error) {
	rows, err := s.db.read(ctx).Raw(`SELECT id, session_id, wa_message_id, notification, attempts, next_try_at FROM history_parts
		WHERE session_id = ? AND status = 'waiting' ORDER BY id LIMIT 1`, sessionID).Rows()
	if err != nil {
		return nil, storeError("history", "loading an offer of history", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return nil, storeError("history", "loading an offer of history", rows.Err())
	}
	var p HistoryPart
	if err := rows.Scan(&p.ID, &p.SessionID, &p.WAMessageID, &p.Notification, &p.Attempts, &p.NextTryAt); err != nil {
		return nil, storeError("history", "loading an offer of history", err)
	}
	return &p, nil
}

// Missed notes that a try failed: another one follows at a time, or none where it
// failed for good.
func (s *HistoryStore) Missed(ctx context.Context, part *HistoryPart, status HistoryStatus, why string, again Millis) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE history_parts SET status = ?, error = ?, attempts = attempts + 1, next_try_at = ?, updated_at = ? WHERE id = ? AND status = 'waiting'",
			status, why, again, Now(), part.ID).Error
	})
	return storeError("history", "noting a failed part of history", err)
}

// Done notes that a part is stored, with history.synced, which tells how many
// messages of it are new here, and forgets the offer. A part that is done already
// makes no second event.
func (s *HistoryStore) Done(ctx context.Context, part *HistoryPart, event contract.HistorySynced) error {
	err := s.db.sessionTx(ctx, part.SessionID, func(tx *gorm.DB) error {
		done := tx.Exec("UPDATE history_parts SET status = 'done', error = '', notification = ?, updated_at = ? WHERE id = ? AND status = 'waiting'",
			[]byte{}, Now(), part.ID)
		if done.Error != nil || done.RowsAffected == 0 {
			return done.Error
		}
		if err := tx.Raw("SELECT messages FROM history_parts WHERE id = ?", part.ID).Row().Scan(&event.Messages); err != nil {
			return err
		}
		return s.db.emit(tx, part.SessionID, NewEvent{Name: EventHistorySynced, Payload: event})
	})
	return storeError("session", "noting a stored part of history", err)
}

// Import stores messages of the past and what people did with the account's own
// ones, of one part, in one transaction. They come without events, but for those
// that could not be read when they were delivered. The part counts those that are
// new, over all its tries. A repeat changes nothing.
func (s *HistoryStore) Import(ctx context.Context, part *HistoryPart, messages []NewMessage, receipts []Receipt) error {
	sessionID := part.SessionID
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		fresh := 0
		for i := range messages {
			messages[i].History = true
			added, err := s.db.addMessage(tx, sessionID, messages[i])
			if err == nil {
				err = s.db.messageCame(tx, added)
			}
			if err != nil {
				return err
			}
			if added.fresh && !added.message.Hidden {
				fresh++
			}
		}
		for i := range receipts {
			if err := s.db.pastReceipt(tx, sessionID, receipts[i]); err != nil {
				return err
			}
		}
		if fresh == 0 {
			return nil
		}
		return tx.Exec("UPDATE history_parts SET messages = messages + ? WHERE id = ?", fresh, part.ID).Error
	})
	return storeError("session", "storing history of session "+sessionID, err)
}

// pastReceipt stores a receipt as [DB.acknowledge] does, without an event.
func (db *DB) pastReceipt(tx *gorm.DB, sessionID string, receipt Receipt) error {
	participant, with, err := db.placeOf(tx, sessionID, receipt.Participant, receipt.Chat, Now())
	if err != nil {
		return err
	}
	chatID, err := db.findChat(tx, sessionID, receipt.Chat.JID, with.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	risen, err := db.raiseReceipts(tx, sessionID, chatID, participant.ID, receipt)
	if err != nil || len(risen) == 0 {
		return err
	}
	return db.raiseMessages(tx, risen, receipt.Level, Now())
}

// PastChat is a conversation as the phone has it.
type PastChat struct {
	Chat             ChatAddress
	Archived         bool
	Pinned           bool
	MutedUntil       Millis // 0: not muted
	MarkedUnread     bool
	Unread           int
	EphemeralSeconds int
	LastMessageAt    Millis
}

// ImportChat stores the state of a conversation, without an event. What happened
// since the gateway was linked stays: unread messages, and what is owed to WhatsApp.
func (s *HistoryStore) ImportChat(ctx context.Context, sessionID string, past PastChat) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		_, person, err := s.db.placeOf(tx, sessionID, Person{}, past.Chat, Now())
		if err != nil {
			return err
		}
		id, err := s.db.chatID(tx, sessionID, past.Chat, person.ID, Now())
		if err != nil {
			return err
		}
		err = tx.Exec(`UPDATE chats SET archived = ?, pinned = ?, muted_until = ?, marked_unread = ?, ephemeral_seconds = ?, updated_at = ?,
			unread_count = CASE WHEN unread_count = 0 THEN ? ELSE unread_count END,
			last_message_at = CASE WHEN last_message_at < ? THEN ? ELSE last_message_at END WHERE id = ? AND sync_owed = 0`,
			past.Archived, past.Pinned, past.MutedUntil, past.MarkedUnread, past.EphemeralSeconds, Now(),
			past.Unread, past.LastMessageAt, past.LastMessageAt, id).Error
		if err != nil {
			return fmt.Errorf("storing the state of a chat: %w", err)
		}
		return nil
	})
	return storeError("session", "storing chats of session "+sessionID, err)
}

// Oldest gives the oldest message of a chat; fault.NotFound when it has none.
func (s *MessageStore) Oldest(ctx context.Context, chatID int64) (*Message, error) {
	message, err := scanMessage(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.chat_id = ? AND NOT m.hidden ORDER BY m.timestamp, m.id LIMIT 1", chatID))
	if err != nil {
		return nil, storeError("message", "loading the oldest message of a chat", err)
	}
	return message, nil
}
