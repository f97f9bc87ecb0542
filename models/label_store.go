package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"gorm.io/gorm"
)

// LabelStore keeps the labels of the sessions, and what has them.
type LabelStore struct{ db *DB }

// labelColumns are what scanLabels reads, of the alias l.
const labelColumns = "l.id, l.session_id, l.wa_label_id, l.name, l.color, l.created_at, l.updated_at"

// Get gives a label by WhatsApp's id.
func (s *LabelStore) Get(ctx context.Context, sessionID, waLabelID string) (*Label, error) {
	label, err := loadLabel(s.db.read(ctx), "l.session_id = ? AND l.wa_label_id = ?", sessionID, waLabelID)
	if err != nil {
		return nil, storeError("label", "loading a label of session "+sessionID, err)
	}
	return label, nil
}

// GetByID gives a label of any session: the caller checks that the session is one
// of their organization.
func (s *LabelStore) GetByID(ctx context.Context, id int64) (*Label, error) {
	label, err := loadLabel(s.db.read(ctx), "l.id = ?", id)
	if err != nil {
		return nil, storeError("label", "loading a label", err)
	}
	return label, nil
}

// NextID gives an id for a new label: the number behind the highest.
func (s *LabelStore) NextID(ctx context.Context, sessionID string) (string, error) {
	lists, err := s.ListBySessions(ctx, []string{sessionID})
	if err != nil {
		return "", err
	}
	highest := 0
	for _, label := range lists[sessionID] {
		if n, err := strconv.Atoi(label.WALabelID); err == nil {
			highest = max(highest, n)
		}
	}
	return strconv.Itoa(highest + 1), nil
}

// Save stores a label as it is now, new or changed.
func (s *LabelStore) Save(ctx context.Context, sessionID string, label Label) (*Label, error) {
	var stored *Label
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) (err error) {
		err = tx.Exec(`INSERT INTO labels (session_id, wa_label_id, name, color, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (session_id, wa_label_id) DO UPDATE SET name = excluded.name, color = excluded.color, updated_at = excluded.updated_at
			WHERE labels.name <> excluded.name OR labels.color <> excluded.color`,
			sessionID, label.WALabelID, label.Name, label.Color, Now(), Now()).Error
		if err != nil {
			return err
		}
		stored, err = loadLabel(tx, "l.session_id = ? AND l.wa_label_id = ?", sessionID, label.WALabelID)
		return err
	})
	if err != nil {
		return nil, storeError("session", "storing a label of session "+sessionID, err)
	}
	return stored, nil
}

// Delete forgets a label and takes it off everything. An unknown one is no error.
func (s *LabelStore) Delete(ctx context.Context, sessionID, waLabelID string) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM labels WHERE session_id = ? AND wa_label_id = ?", sessionID, waLabelID).Error
	})
	return storeError("session", "deleting a label of session "+sessionID, err)
}

// LinkChat puts a label on a chat, or takes it off, with chat.updated where that
// is news. A label that is not known is made, its name comes later; so is the chat,
// to have it.
func (s *LabelStore) LinkChat(ctx context.Context, sessionID, waLabelID string, chat ChatAddress, on bool) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id, err := s.db.chatAt(tx, sessionID, chat, on)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		changed, err := link(tx, sessionID, waLabelID, id, 0, on)
		if err != nil || !changed {
			return err
		}
		_, err = s.db.emitChat(tx, id)
		return err
	})
	return storeError("session", "labelling a chat of session "+sessionID, err)
}

// LinkMessage puts a label on a message, or takes it off. A message that is not
// known changes nothing; a label that is not known is made.
func (s *LabelStore) LinkMessage(ctx context.Context, sessionID, waLabelID string, chat ChatAddress, waMessageID string, on bool) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		chatID, err := s.db.chatAt(tx, sessionID, chat, false)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		var id int64
		err = tx.Raw("SELECT id FROM messages WHERE session_id = ? AND wa_message_id = ? AND chat_id = ? AND NOT hidden ORDER BY id DESC LIMIT 1",
			sessionID, waMessageID, chatID).Row().Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = link(tx, sessionID, waLabelID, chatID, id, on)
		return err
	})
	return storeError("session", "labelling a message of session "+sessionID, err)
}

// link puts a label on a chat (message 0) or message, or takes it off, and tells
// whether that is news.
func link(tx *gorm.DB, sessionID, waLabelID string, chatID, messageID int64, on bool) (bool, error) {
	const ofLabel = "SELECT id FROM labels WHERE session_id = ? AND wa_label_id = ?"
	if !on {
		gone := tx.Exec("DELETE FROM label_links WHERE chat_id = ? AND message_id = ? AND label_id = ("+ofLabel+")", chatID, messageID, sessionID, waLabelID)
		return gone.RowsAffected > 0, gone.Error
	}
	err := tx.Exec("INSERT INTO labels (session_id, wa_label_id, created_at, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT (session_id, wa_label_id) DO NOTHING",
		sessionID, waLabelID, Now(), Now()).Error
	if err != nil {
		return false, fmt.Errorf("adding a label: %w", err)
	}
	var label int64
	if err := tx.Raw(ofLabel, sessionID, waLabelID).Row().Scan(&label); err != nil {
		return false, fmt.Errorf("finding a label: %w", err)
	}
	added := tx.Exec("INSERT INTO label_links (label_id, chat_id, message_id) VALUES (?, ?, ?) ON CONFLICT (label_id, chat_id, message_id) DO NOTHING",
		label, chatID, messageID)
	return added.RowsAffected > 0, added.Error
}

// ListBySessions gives the labels of sessions in one statement, in the order of
// their making; a session without is absent.
func (s *LabelStore) ListBySessions(ctx context.Context, sessionIDs []string) (map[string][]Label, error) {
	given, err := keys("id", sessionIDs)
	if err != nil {
		return nil, err
	}
	return scanLabels[string](s.db.read(ctx).Raw("SELECT l.session_id, "+labelColumns+" FROM labels l WHERE l.session_id IN "+
		s.db.in(text("id"))+" ORDER BY l.id", given))
}

// ListByChats gives the labels that chats themselves have; a chat without is
// absent.
func (s *LabelStore) ListByChats(ctx context.Context, chatIDs []int64) (map[int64][]Label, error) {
	given, err := keys("id", chatIDs)
	if err != nil {
		return nil, err
	}
	return scanLabels[int64](s.db.read(ctx).Raw("SELECT k.chat_id, "+labelColumns+
		" FROM label_links k JOIN labels l ON l.id = k.label_id WHERE k.message_id = 0 AND k.chat_id IN "+s.db.in(bigint("id"))+" ORDER BY l.id", given))
}

// ListByMessages gives the labels that messages have; a message without is absent.
func (s *LabelStore) ListByMessages(ctx context.Context, messageIDs []int64) (map[int64][]Label, error) {
	given, err := keys("id", messageIDs)
	if err != nil {
		return nil, err
	}
	return scanLabels[int64](s.db.read(ctx).Raw("SELECT m.id, "+labelColumns+` FROM messages m
		JOIN label_links k ON k.chat_id = m.chat_id AND k.message_id = m.id JOIN labels l ON l.id = k.label_id
		WHERE m.id IN `+s.db.in(bigint("id"))+" ORDER BY l.id", given))
}

// loadLabel gives the one label, of the alias l, that a condition chooses;
// sql.ErrNoRows when there is none.
func loadLabel(tx *gorm.DB, condition string, values ...any) (*Label, error) {
	found, err := scanLabels[string](tx.Raw("SELECT l.session_id, "+labelColumns+" FROM labels l WHERE "+condition, values...))
	if err != nil {
		return nil, err
	}
	for _, labels := range found {
		return &labels[0], nil
	}
	return nil, sql.ErrNoRows
}

// scanLabels runs a query for owners and labelColumns.
func scanLabels[K string | int64](query *gorm.DB) (map[K][]Label, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, storeError("label", "loading labels", err)
	}
	defer func() { _ = rows.Close() }()
	found := make(map[K][]Label)
	for rows.Next() {
		var (
			owner K
			l     Label
		)
		if err := rows.Scan(&owner, &l.ID, &l.SessionID, &l.WALabelID, &l.Name, &l.Color, &l.CreatedAt, &l.UpdatedAt); err != nil {
			return nil, fmt.Errorf("scanning a label: %w", err)
		}
		found[owner] = append(found[owner], l)
	}
	return found, storeError("label", "loading labels", rows.Err())
}
