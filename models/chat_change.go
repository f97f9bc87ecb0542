package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// ChatPatch is a change of a chat's state; nil stays as it is.
type ChatPatch struct {
	Archived     *bool   // archiving unpins, unless Pinned says otherwise
	Pinned       *bool   //
	MutedUntil   *Millis // 0: not muted
	MarkedUnread *bool   // false reads it, where it was marked
}

// apply changes a chat in place and says which parts are another than before.
func (p *ChatPatch) apply(c *Chat) (changed ChatSync) {
	if p.Archived != nil && *p.Archived != c.Archived {
		c.Archived = *p.Archived
		changed |= SyncArchived
	}
	pinned := p.Pinned
	if pinned == nil && c.Archived && changed&SyncArchived != 0 {
		pinned = new(false) // as WhatsApp does
	}
	if pinned != nil && *pinned != c.Pinned {
		c.Pinned = *pinned
		changed |= SyncPinned
	}
	if changed&SyncArchived != 0 && c.Archived && c.Pinned {
		changed |= SyncPinned // WhatsApp unpins with the archiving, so it is to hear of the pin again
	}
	if p.MutedUntil != nil && *p.MutedUntil != c.MutedUntil {
		c.MutedUntil = *p.MutedUntil
		changed |= SyncMuted
	}
	if p.MarkedUnread != nil && *p.MarkedUnread != c.MarkedUnread {
		c.MarkedUnread = *p.MarkedUnread
		changed |= SyncRead
	}
	return changed
}

// makes reports whether a chat that is not known is worth a row for this.
func (p *ChatPatch) makes() bool {
	yes := func(b *bool) bool { return b != nil && *b }
	return yes(p.Archived) || yes(p.Pinned) || yes(p.MarkedUnread) || p.MutedUntil != nil && *p.MutedUntil != 0
}

// Update changes a chat by a caller's wish, with chat.updated, and notes that
// WhatsApp is to hear of what changed. An unknown chat is fault.NotFound; a
// repeat changes nothing and makes no event.
func (s *ChatStore) Update(ctx context.Context, chat *Chat, patch ChatPatch) (*Chat, error) {
	var now *Chat
	err := s.db.sessionTx(ctx, chat.SessionID, func(tx *gorm.DB) (err error) {
		if now, err = loadChat(tx, chat.ID); err != nil {
			return err
		}
		changed := patch.apply(now)
		if changed == 0 {
			return nil
		}
		now, err = s.db.saveChat(tx, now, changed)
		return err
	})
	if err != nil {
		return nil, storeError("chat", "changing a chat", err)
	}
	return now, nil
}

// Follow changes a chat as another device of the account did, with chat.updated
// where that is news. What WhatsApp is still to hear from here stays: it was
// wished for, and overwrites what the device did. A chat that is not known is made
// when it is archived, pinned, muted or marked unread.
func (s *ChatStore) Follow(ctx context.Context, sessionID string, chat ChatAddress, patch ChatPatch) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id, err := s.db.chatAt(tx, sessionID, chat, patch.makes())
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		now, err := loadChat(tx, id)
		if err != nil {
			return err
		}
		patch.yield(now.Owed)
		if patch.apply(now) == 0 {
			return nil
		}
		_, err = s.db.saveChat(tx, now, 0)
		return err
	})
	return storeError("session", "changing a chat of session "+sessionID, err)
}

// yield leaves out what is owed to WhatsApp.
func (p *ChatPatch) yield(owed ChatSync) {
	if owed&SyncArchived != 0 {
		p.Archived = nil
	}
	if owed&SyncPinned != 0 {
		p.Pinned = nil
	}
	if owed&SyncMuted != 0 {
		p.MutedUntil = nil
	}
	if owed&SyncRead != 0 {
		p.MarkedUnread = nil
	}
}

// saveChat stores a chat's state, adds to what is owed, and tells of it.
func (db *DB) saveChat(tx *gorm.DB, c *Chat, owed ChatSync) (*Chat, error) {
	err := tx.Exec(`UPDATE chats SET archived = ?, pinned = ?, muted_until = ?, marked_unread = ?, sync_owed = sync_owed | ?, updated_at = ?
		WHERE id = ?`, c.Archived, c.Pinned, c.MutedUntil, c.MarkedUnread, owed, Now(), c.ID).Error
	if err != nil {
		return nil, fmt.Errorf("storing a chat's state: %w", err)
	}
	return db.emitChat(tx, c.ID)
}

// Owed gives chats of a session of which WhatsApp is still to hear, those that
// changed first coming first, at most limit.
func (s *ChatStore) Owed(ctx context.Context, sessionID string, limit int) ([]Chat, error) {
	chats, err := scanChats(s.db.read(ctx).Raw(chatSelect+"chats c"+chatJoins+
		" WHERE c.session_id = ? AND c.sync_owed <> 0 ORDER BY c.updated_at, c.id LIMIT ?", sessionID, limit))
	return chats, storeError("chat", "loading chats that WhatsApp is to hear of", err)
}

// Told notes that WhatsApp has heard of a part of a chat's state as chat has it.
// Where that has changed since, it stays owed.
func (s *ChatStore) Told(ctx context.Context, chat *Chat, part ChatSync) error {
	var (
		still  string
		values []any
	)
	switch part {
	case SyncArchived:
		still, values = "archived = ?", []any{chat.Archived}
	case SyncPinned: // archiving undoes the pin that was told before
		still, values = "pinned = ? AND archived = ?", []any{chat.Pinned, chat.Archived}
	case SyncMuted:
		still, values = "muted_until = ?", []any{chat.MutedUntil}
	case SyncRead: // up to the message that was the latest then
		still, values = "marked_unread = ? AND last_message_at = ?", []any{chat.MarkedUnread, chat.LastMessageAt}
	default:
		return fmt.Errorf("telling WhatsApp of a chat: %d is not one part of its state", part)
	}
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE chats SET sync_owed = sync_owed & ~CAST(? AS INTEGER) WHERE id = ? AND "+still, append([]any{part, chat.ID}, values...)...).Error
	})
	return storeError("chat", "noting what WhatsApp has heard", err)
}

// SetEphemeral stores after how long new messages of a chat disappear, with
// chat.updated where that is news. A chat that is not known is made.
func (s *ChatStore) SetEphemeral(ctx context.Context, sessionID string, chat ChatAddress, seconds int) (now *Chat, err error) {
	err = s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id, err := s.db.chatAt(tx, sessionID, chat, true)
		if err != nil {
			return err
		}
		changed := tx.Exec("UPDATE chats SET ephemeral_seconds = ?, updated_at = ? WHERE id = ? AND ephemeral_seconds <> ?", seconds, Now(), id, seconds)
		if changed.Error != nil {
			return changed.Error
		}
		if changed.RowsAffected == 0 {
			now, err = loadChat(tx, id)
			return err
		}
		now, err = s.db.emitChat(tx, id)
		return err
	})
	if err != nil {
		return nil, storeError("session", "changing the timer of a chat of session "+sessionID, err)
	}
	return now, nil
}

// chatAt gives the number of a chat, made if wanted; sql.ErrNoRows when it is not
// known.
func (db *DB) chatAt(tx *gorm.DB, sessionID string, chat ChatAddress, create bool) (int64, error) {
	now := Now()
	var person Identity
	if chat.Person != (Person{}) {
		var err error
		if _, person, err = db.placeOf(tx, sessionID, Person{}, chat, now); err != nil {
			return 0, err
		}
	}
	if create {
		return db.chatID(tx, sessionID, chat, person.ID, now)
	}
	return db.findChat(tx, sessionID, chat.JID, person.ID)
}

// loadChat gives a chat within a transaction; sql.ErrNoRows when it is gone.
func loadChat(tx *gorm.DB, id int64) (*Chat, error) {
	return scanChat(tx.Raw(chatSelect+"chats c"+chatJoins+" WHERE c.id = ?", id))
}

// unarchive takes a chat out of the archive that has a new message, where the
// account's settings say so: each of its devices does that by itself.
func (db *DB) unarchive(tx *gorm.DB, chatID int64) error {
	changed := tx.Exec("UPDATE chats SET archived = ? WHERE id = ? AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = chats.session_id AND s.unarchive_chats)",
		false, chatID)
	if changed.Error != nil {
		return fmt.Errorf("taking a chat out of the archive: %w", changed.Error)
	}
	if changed.RowsAffected == 0 {
		return nil
	}
	_, err := db.emitChat(tx, chatID)
	return err
}

// SetUnarchive stores whether a message takes its chat out of the archive, a
// setting of the account's. An unknown session is fault.NotFound.
func (s *ChatStore) SetUnarchive(ctx context.Context, sessionID string, on bool) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE sessions SET unarchive_chats = ? WHERE id = ?", on, sessionID).Error
	})
	return storeError("session", "storing a setting of session "+sessionID, err)
}
