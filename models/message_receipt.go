package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"wagateway/models/contract"
)

// Receipt tells how far somebody is with messages of the account's own.
type Receipt struct {
	Chat         ChatAddress
	Participant  Person
	WAMessageIDs []string
	Level        AckLevel // delivered, read or played
	At           Millis
}

// Acknowledged is what a receipt has changed.
type Acknowledged struct {
	Messages int      // that came further with this person
	Resolved []string // sends whose outcome was not known: WhatsApp has them
}

// Acknowledge stores a receipt and raises the messages' levels, each change with
// its event, in one transaction. A receipt that tells nothing new, or of messages
// that are not known, changes nothing.
func (s *MessageStore) Acknowledge(ctx context.Context, sessionID string, receipt Receipt) (Acknowledged, error) {
	var done Acknowledged
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) (err error) {
		done, err = s.db.acknowledge(tx, sessionID, receipt)
		return err
	})
	if err != nil {
		return Acknowledged{}, storeError("session", "storing a receipt of session "+sessionID, err)
	}
	return done, nil
}

func (db *DB) acknowledge(tx *gorm.DB, sessionID string, receipt Receipt) (Acknowledged, error) {
	now := Now()
	participant, chatPerson, err := db.placeOf(tx, sessionID, receipt.Participant, receipt.Chat, now)
	if err != nil {
		return Acknowledged{}, err
	}
	chatID, err := db.findChat(tx, sessionID, receipt.Chat.JID, chatPerson.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return Acknowledged{}, nil
	}
	if err != nil {
		return Acknowledged{}, err
	}
	risen, err := db.raiseReceipts(tx, sessionID, chatID, participant.ID, receipt)
	if err != nil || len(risen) == 0 {
		return Acknowledged{}, err
	}
	if err := db.raiseMessages(tx, risen, receipt.Level, now); err != nil {
		return Acknowledged{}, err
	}
	resolved, err := db.resolveOutgoing(tx, risen, now)
	if err != nil {
		return Acknowledged{}, err
	}
	if len(resolved) > 0 {
		if err := db.changesTaken(tx, risen); err != nil {
			return Acknowledged{}, err
		}
	}
	return Acknowledged{Messages: len(risen), Resolved: resolved}, db.emitStatus(tx, sessionID, risen, participant.ID)
}

// changesTaken applies those of the account's own messages that change others, now
// that WhatsApp is known to have them.
func (db *DB) changesTaken(tx *gorm.DB, ids []int64) error {
	given, err := keys("id", ids)
	if err != nil {
		return err
	}
	changes, err := scanMessages(tx.Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.hidden AND NOT m.applied AND m.id IN "+db.in(bigint("id"))+" ORDER BY m.id", given))
	if err != nil {
		return fmt.Errorf("loading changes: %w", err)
	}
	for i := range changes {
		if err := db.changeCame(tx, &changes[i], true); err != nil {
			return err
		}
	}
	return nil
}

// raiseReceipts stores how far a person is, and gives the messages with which
// they were not that far before.
func (db *DB) raiseReceipts(tx *gorm.DB, sessionID string, chatID, participant int64, receipt Receipt) ([]int64, error) {
	given, err := keys("wa_message_id", receipt.WAMessageIDs)
	if err != nil {
		return nil, err
	}
	var risen []int64
	// The condition of the SELECT keeps SQLite from reading ON as a join's.
	err = tx.Raw(`INSERT INTO message_receipts (message_id, identity_id, ack_level, at)
		SELECT m.id, CAST(? AS BIGINT), CAST(? AS INTEGER), CAST(? AS BIGINT) FROM messages m
		WHERE m.session_id = ? AND m.wa_message_id IN `+db.in(text("wa_message_id"))+` AND m.chat_id = ? AND m.from_me
		ORDER BY m.id
		ON CONFLICT (message_id, identity_id) DO UPDATE SET ack_level = excluded.ack_level, at = excluded.at
		WHERE message_receipts.ack_level < excluded.ack_level RETURNING message_id`,
		participant, receipt.Level, receipt.At, sessionID, given, chatID).Scan(&risen).Error
	if err != nil {
		return nil, fmt.Errorf("storing a receipt: %w", err)
	}
	return risen, nil
}

func (db *DB) raiseMessages(tx *gorm.DB, ids []int64, level AckLevel, now Millis) error {
	given, err := keys("id", ids)
	if err != nil {
		return err
	}
	err = tx.Exec("UPDATE messages SET ack_level = ?, error = '', updated_at = ? WHERE ack_level < ? AND id IN "+db.in(bigint("id")),
		level, now, level, given).Error
	if err != nil {
		return fmt.Errorf("raising messages: %w", err)
	}
	return nil
}

// resolveOutgoing makes the sends of messages that somebody has received sent,
// and gives the ids of those that were not known to be.
func (db *DB) resolveOutgoing(tx *gorm.DB, messageIDs []int64, now Millis) ([]string, error) {
	given, err := keys("id", messageIDs)
	if err != nil {
		return nil, err
	}
	var resolved []string
	err = tx.Raw(`UPDATE outgoing SET status = 'sent', updated_at = ?, error_code = '', error_reason = '', error_message = '', whatsapp_code = 0
		WHERE status <> 'sent' AND message_id IN `+db.in(bigint("id"))+" RETURNING id", now, given).Scan(&resolved).Error
	if err != nil {
		return nil, fmt.Errorf("resolving sends: %w", err)
	}
	return resolved, nil
}

// emitStatus writes message.status for messages as they are now. participant is
// whose receipt it was, 0 when WhatsApp itself reported it.
func (db *DB) emitStatus(tx *gorm.DB, sessionID string, messageIDs []int64, participant int64) error {
	given, err := keys("id", messageIDs)
	if err != nil {
		return err
	}
	statement := `SELECT m.wa_message_id, m.ack_level, m.error, c.jid, COALESCE(ci.lid, ''), COALESCE(ci.phone_jid, ''),
			COALESCE(p.lid, ''), COALESCE(p.phone_jid, ''), COALESCE(o.id, '')
		FROM messages m JOIN chats c ON c.id = m.chat_id
		LEFT JOIN identities ci ON ci.id = c.identity_id
		LEFT JOIN identities p ON p.id = ?
		LEFT JOIN outgoing o ON o.message_id = m.id
		WHERE m.id IN ` + db.in(bigint("id")) + " ORDER BY m.id"
	rows, err := tx.Raw(statement, participant, given).Rows()
	if err != nil {
		return fmt.Errorf("loading messages: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var events []NewEvent
	for rows.Next() {
		var (
			status       contract.MessageStatus
			level        AckLevel
			chat, person Identity
		)
		if err := rows.Scan(&status.WAMessageID, &level, &status.Error, &status.ChatJID, &chat.LID, &chat.PhoneJID,
			&person.LID, &person.PhoneJID, &status.OutboxID); err != nil {
			return fmt.Errorf("loading messages: %w", err)
		}
		if status.ChatJID == "" {
			status.ChatJID = chat.Address()
		}
		status.AckLevel, status.Status, status.ParticipantJID = int(level), level.Status(), person.Address()
		events = append(events, NewEvent{Name: EventMessageStatus, Key: status.ChatJID, Payload: status})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("loading messages: %w", err)
	}
	return db.emit(tx, sessionID, events...)
}

// undecryptableShape is a message that could not be read, as the contract shows it.
func (m *Message) undecryptableShape() contract.Undecryptable {
	return contract.Undecryptable{ChatJID: m.ChatJID, Reason: m.Error, SenderJID: m.SenderJID, WAMessageID: m.WAMessageID}
}
