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
		if err := mergeMessages(tx, from, to); err != nil {
			return fmt.Errorf("merging messages: %w", err)
		}
	}
	return nil
}

// mergeMessages makes one person's messages, receipts, reactions, votes and calls
// the other's. The same message, or receipt, under both addresses is one; of two
// reactions or votes the later counts.
func mergeMessages(tx *gorm.DB, from, to int64) error {
	steps := yield("m.sender_id = ?", to, "t.chat_id = m.chat_id AND t.sender_id = ?", from)
	steps = append(steps, mergeStep{`UPDATE messages AS m SET sender_id = ? WHERE m.sender_id = ? AND NOT EXISTS (SELECT 1 FROM messages t
		WHERE t.session_id = m.session_id AND t.wa_message_id = m.wa_message_id AND t.chat_id = m.chat_id AND t.sender_id = ?)`, []any{to, from, to}})
	steps = append(steps, handOver("m.sender_id = ?", from, "t.chat_id = m.chat_id AND t.sender_id = ?", to)...)
	steps = append(steps,
		mergeStep{"DELETE FROM messages WHERE sender_id = ?", []any{from}},
		mergeStep{`UPDATE message_receipts AS r SET identity_id = ? WHERE r.identity_id = ? AND NOT EXISTS (SELECT 1 FROM message_receipts t
			WHERE t.message_id = r.message_id AND t.identity_id = ?)`, []any{to, from, to}},
		mergeStep{"DELETE FROM message_receipts WHERE identity_id = ?", []any{from}},
	)
	for _, said := range []struct{ table, person string }{{"message_reactions", "sender_id"}, {"poll_votes", "voter_id"}} {
		other := "EXISTS (SELECT 1 FROM " + said.table + " t WHERE t.message_id = s.message_id AND t." + said.person + " = ?"
		deletion := "DELETE FROM " + said.table + " AS s WHERE s." + said.person + " = ? AND " + other
		steps = append(steps,
			mergeStep{deletion + " AND t.at >= s.at)", []any{from, to}},
			mergeStep{deletion + ")", []any{to, from}}, // else the one that stays is the older
			mergeStep{"UPDATE " + said.table + " SET " + said.person + " = ? WHERE " + said.person + " = ?", []any{to, from}},
		)
	}
	return runMerge(tx, append(steps, mergeStep{"UPDATE calls SET identity_id = ? WHERE identity_id = ?", []any{to, from}}))
}

// handOver gives what hangs on messages that are there twice to the one that
// stays. goes is the condition for those (m) that are to go, stays the one for
// the other t of the same WhatsApp id, each with one value.
func handOver(goes string, going int64, stays string, staying int64) (steps []mergeStep) {
	twin := "t.session_id = m.session_id AND t.wa_message_id = m.wa_message_id AND " + stays
	for _, hanging := range []struct{ table, person string }{
		{"message_receipts", "identity_id"}, {"message_reactions", "sender_id"}, {"poll_votes", "voter_id"},
	} {
		steps = append(steps, mergeStep{`UPDATE ` + hanging.table + ` AS h SET message_id =
				(SELECT t.id FROM messages m JOIN messages t ON ` + twin + ` WHERE m.id = h.message_id)
			WHERE h.message_id IN (SELECT m.id FROM messages m JOIN messages t ON ` + twin + ` WHERE ` + goes + `) AND NOT EXISTS (
				SELECT 1 FROM messages m JOIN messages t ON ` + twin + ` JOIN ` + hanging.table + ` x ON x.message_id = t.id
				WHERE m.id = h.message_id AND x.` + hanging.person + ` = h.` + hanging.person + ")",
			[]any{staying, staying, going, staying}})
	}
	return steps
}

// yield lets a message that could not be read make room for the same one that could,
// although that is the one to go: its place is the message's. The conditions are
// those of handOver the other way round.
func yield(stays string, staying int64, goes string, going int64) []mergeStep {
	const unread, read = " AND m.type = 'undecryptable'", " AND t.type <> 'undecryptable'"
	return append(handOver(stays+unread, staying, goes+read, going), mergeStep{`DELETE FROM messages WHERE id IN (SELECT m.id FROM messages m
		JOIN messages t ON t.session_id = m.session_id AND t.wa_message_id = m.wa_message_id AND ` + goes + read + " WHERE " + stays + unread + ")", []any{going, staying}})
}

// mergeStep is one statement of a merge.
type mergeStep struct {
	statement string
	values    []any
}

func runMerge(tx *gorm.DB, steps []mergeStep) error {
	for _, step := range steps {
		if err := tx.Exec(step.statement, step.values...).Error; err != nil {
			return err
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
	steps := append(yield("m.chat_id = ?", stays, "t.chat_id = ? AND t.sender_id = m.sender_id", gone), []mergeStep{
		{`UPDATE chats SET unread_count = chats.unread_count + f.unread_count,
			last_message_at = CASE WHEN chats.last_message_at < f.last_message_at THEN f.last_message_at ELSE chats.last_message_at END,
			archived = chats.archived OR f.archived, pinned = chats.pinned OR f.pinned, marked_unread = chats.marked_unread OR f.marked_unread,
			muted_until = CASE WHEN chats.muted_until < f.muted_until THEN f.muted_until ELSE chats.muted_until END,
			sync_owed = chats.sync_owed | f.sync_owed,
			ephemeral_seconds = CASE WHEN chats.ephemeral_seconds = 0 THEN f.ephemeral_seconds ELSE chats.ephemeral_seconds END
			FROM chats AS f WHERE f.id = ? AND chats.id = ?`, []any{gone, stays}},
		{`UPDATE messages SET chat_id = ? WHERE chat_id = ? AND NOT EXISTS (SELECT 1 FROM messages t WHERE t.session_id = messages.session_id
			AND t.wa_message_id = messages.wa_message_id AND t.chat_id = ? AND t.sender_id = messages.sender_id)`, []any{stays, gone, stays}},
	}...)
	steps = append(steps, handOver("m.chat_id = ?", gone, "t.chat_id = ? AND t.sender_id = m.sender_id", stays)...)
	return runMerge(tx, append(steps,
		mergeStep{`UPDATE label_links AS l SET chat_id = ? WHERE l.chat_id = ? AND NOT EXISTS (SELECT 1 FROM label_links t
			WHERE t.label_id = l.label_id AND t.chat_id = ? AND t.message_id = l.message_id)`, []any{stays, gone, stays}},
		mergeStep{"DELETE FROM chats WHERE id = ?", []any{gone}},
	))
}
