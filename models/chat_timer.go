package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// ephemeralSetting is the [System] message that sets the timer of a chat with a
// person; a group's is a setting of the group.
const ephemeralSetting = "ephemeral_setting"

// setsTimer reports whether a message sets the timer of its chat.
func (m *Message) setsTimer() bool {
	return m.Content.System != nil && m.Content.System.Kind == ephemeralSetting
}

// timerSet has new messages of a chat disappear as a message says, unless a later
// one says otherwise, with chat.updated, if wanted, where that is news.
func (db *DB) timerSet(tx *gorm.DB, m *Message, tell bool) error {
	changed := tx.Exec(`UPDATE chats SET ephemeral_seconds = ?, updated_at = ? WHERE id = ? AND ephemeral_seconds <> ? AND identity_id <> 0
		AND NOT EXISTS (SELECT 1 FROM messages l WHERE l.chat_id = chats.id AND l.type = 'system' AND l.content LIKE '%"`+ephemeralSetting+`"%'
			AND (l.timestamp, l.id) > (?, ?))`, m.Content.EphemeralSeconds, Now(), m.ChatID, m.Content.EphemeralSeconds, m.Timestamp, m.ID)
	if changed.Error != nil {
		return fmt.Errorf("setting the timer of a chat: %w", changed.Error)
	}
	if changed.RowsAffected == 0 || !tell {
		return nil
	}
	_, err := db.emitChat(tx, m.ChatID)
	return err
}

// Ephemeral gives after how many seconds new messages of a chat disappear, by the
// address of whom it is with; 0: they stay, or it is not known.
func (s *ChatStore) Ephemeral(ctx context.Context, sessionID, jid string) (seconds int, err error) {
	err = s.db.read(ctx).Raw(`SELECT CASE WHEN c.ephemeral_seconds > 0 THEN c.ephemeral_seconds ELSE COALESCE(g.ephemeral_seconds, 0) END
		FROM chats c LEFT JOIN wa_groups g ON g.session_id = c.session_id AND g.group_jid = c.jid
		WHERE c.session_id = ? AND `+chatIs(jid), sessionID, jid).Row().Scan(&seconds)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seconds, storeError("chat", "loading the timer of a chat", err)
}
