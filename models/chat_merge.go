package models

import (
	"fmt"

	"gorm.io/gorm"
)

// mergeChats hands what a person wrote, received and was written to over to the
// person they turned out to be. It is rare, so it is done person by person.
func (db *DB) mergeChats(tx *gorm.DB, merges map[int64]int64) error {
	for from, to := range merges {
		if err := mergeChat(tx, from, to); err != nil {
			return fmt.Errorf("merging chats: %w", err)
		}
		// The same message, or receipt, under both addresses is one.
		for _, step := range []struct {
			statement string
			values    []any
		}{
			{`UPDATE messages SET sender_id = ? WHERE sender_id = ? AND NOT EXISTS (SELECT 1 FROM messages t WHERE t.session_id = messages.session_id
				AND t.wa_message_id = messages.wa_message_id AND t.chat_id = messages.chat_id AND t.sender_id = ?)`, []any{to, from, to}},
			{"DELETE FROM messages WHERE sender_id = ?", []any{from}},
			{`UPDATE message_receipts SET identity_id = ? WHERE identity_id = ? AND NOT EXISTS (SELECT 1 FROM message_receipts t
				WHERE t.message_id = message_receipts.message_id AND t.identity_id = ?)`, []any{to, from, to}},
			{"DELETE FROM message_receipts WHERE identity_id = ?", []any{from}},
		} {
			if err := tx.Exec(step.statement, step.values...).Error; err != nil {
				return fmt.Errorf("merging messages: %w", err)
			}
		}
	}
	return nil
}

// mergeChat makes the chat with one person the chat with the other; two become one.
func mergeChat(tx *gorm.DB, from, to int64) error {
	moved := tx.Exec(`UPDATE chats SET identity_id = ? WHERE identity_id = ?
		AND NOT EXISTS (SELECT 1 FROM chats t WHERE t.session_id = chats.session_id AND t.identity_id = ?)`, to, from, to)
	if moved.Error != nil || moved.RowsAffected > 0 {
		return moved.Error
	}
	var gone, stays int64
	rows, err := tx.Raw(`SELECT f.id, t.id FROM chats f JOIN chats t ON t.session_id = f.session_id AND t.identity_id = ?
		WHERE f.identity_id = ? AND f.identity_id <> 0`, to, from).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return rows.Err() // the person had no chat
	}
	if err := rows.Scan(&gone, &stays); err != nil {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	for _, step := range []struct {
		statement string
		values    []any
	}{
		{`UPDATE chats SET unread_count = chats.unread_count + f.unread_count,
			last_message_at = CASE WHEN chats.last_message_at < f.last_message_at THEN f.last_message_at ELSE chats.last_message_at END
			FROM chats AS f WHERE f.id = ? AND chats.id = ?`, []any{gone, stays}},
		{`UPDATE messages SET chat_id = ? WHERE chat_id = ? AND NOT EXISTS (SELECT 1 FROM messages t WHERE t.session_id = messages.session_id
			AND t.wa_message_id = messages.wa_message_id AND t.chat_id = ? AND t.sender_id = messages.sender_id)`, []any{stays, gone, stays}},
		{"DELETE FROM chats WHERE id = ?", []any{gone}},
	} {
		if err := tx.Exec(step.statement, step.values...).Error; err != nil {
			return err
		}
	}
	return nil
}
