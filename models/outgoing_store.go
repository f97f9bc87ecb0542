package models

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
	"gorm.io/gorm"

	"wagateway/models/fault"
)

// OutgoingStore keeps what callers asked to send.
type OutgoingStore struct{ db *DB }

// idempotencyTime is how long an idempotency key is kept (contract §2).
const idempotencyTime = 24 * time.Hour

// outgoingSelect selects what scanOutgoing reads, of the alias o.
const outgoingSelect = `SELECT o.id, o.session_id, o.message_id, o.recipient, o.content, o.media_handle, o.mode, o.status, o.attempts,
	o.error_code, o.error_reason, o.error_message, o.whatsapp_code, o.scheduled_at, o.expires_at, o.created_at, o.updated_at FROM outgoing o`

// errReplay ends the transaction of a send whose idempotency key is known.
var errReplay = errors.New("the idempotency key is known")

// Create stores a send, queued, with its message and event, in one transaction.
// With an idempotency key that is known it stores nothing and gives the earlier
// send, Replayed; fault.Conflict when the fingerprint is another. An unknown
// session is fault.NotFound.
func (s *OutgoingStore) Create(ctx context.Context, send NewOutgoing) (*Outgoing, error) {
	row := Outgoing{
		ID: ulid.Make().String(), SessionID: send.SessionID, Recipient: send.Recipient, Content: send.Message.Raw, MediaHandle: send.MediaHandle,
		Mode: send.Mode, Status: OutgoingQueued, ScheduledAt: send.ScheduledAt, ExpiresAt: send.ExpiresAt, CreatedAt: Now(),
	}
	row.UpdatedAt = row.CreatedAt
	err := s.db.sessionTx(ctx, send.SessionID, func(tx *gorm.DB) error {
		added, err := s.db.addMessage(tx, send.SessionID, send.Message)
		if err != nil {
			return err
		}
		message := added.message
		if !added.fresh {
			return fmt.Errorf("message id %s is taken", send.Message.WAMessageID)
		}
		row.MessageID, row.Message = message.ID, message
		err = tx.Exec(`INSERT INTO outgoing (id, session_id, message_id, recipient, content, media_handle, mode, status, scheduled_at, expires_at, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			row.ID, row.SessionID, row.MessageID, row.Recipient, row.Content, row.MediaHandle, row.Mode, row.Status, row.ScheduledAt, row.ExpiresAt, row.CreatedAt, row.UpdatedAt).Error
		if err != nil {
			return fmt.Errorf("adding the send: %w", err)
		}
		if err := claimKey(tx, send, row.ID, row.CreatedAt); err != nil {
			return err
		}
		if message.Hidden {
			return nil // told when WhatsApp has taken it
		}
		return s.db.emit(tx, send.SessionID, messageEvent(message))
	})
	if errors.Is(err, errReplay) {
		return s.replay(ctx, send)
	}
	if err != nil {
		return nil, storeError("session", "storing a send of session "+send.SessionID, err)
	}
	return &row, nil
}

// claimKey takes the idempotency key for a send; errReplay when another has it.
func claimKey(tx *gorm.DB, send NewOutgoing, id string, now Millis) error {
	if send.IdempotencyKey == "" {
		return nil
	}
	var claimed string
	err := tx.Raw(`INSERT INTO idempotency_keys (organization_id, key, fingerprint, outgoing_id, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (organization_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, outgoing_id = excluded.outgoing_id,
			created_at = excluded.created_at
		WHERE idempotency_keys.created_at < ? RETURNING outgoing_id`,
		send.OrganizationID, send.IdempotencyKey, send.Fingerprint, id, now, now-Millis(idempotencyTime.Milliseconds())).Row().Scan(&claimed)
	if errors.Is(err, sql.ErrNoRows) {
		return errReplay
	}
	if err != nil {
		return fmt.Errorf("claiming the idempotency key: %w", err)
	}
	return nil
}

// replay gives the send that has the idempotency key.
func (s *OutgoingStore) replay(ctx context.Context, send NewOutgoing) (*Outgoing, error) {
	var (
		fingerprint []byte
		id          string
	)
	err := s.db.read(ctx).Raw("SELECT fingerprint, outgoing_id FROM idempotency_keys WHERE organization_id = ? AND key = ? AND created_at >= ?",
		send.OrganizationID, send.IdempotencyKey, Now()-Millis(idempotencyTime.Milliseconds())).Row().Scan(&fingerprint, &id)
	if err != nil {
		return nil, storeError("send", "looking up an idempotency key", err)
	}
	if !bytes.Equal(fingerprint, send.Fingerprint) {
		return nil, fault.New(fault.Conflict, fault.ReasonKeyReused, "the Idempotency-Key was used with another request").With("field", "Idempotency-Key")
	}
	row, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	row.Replayed = true
	return row, nil
}

// Get gives a send of any session: the caller checks that the session is one of
// their organization.
func (s *OutgoingStore) Get(ctx context.Context, id string) (*Outgoing, error) {
	rows, err := s.list(ctx, " WHERE o.id = ?", id)
	if err == nil && len(rows) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return nil, storeError("send", "loading a send", err)
	}
	return &rows[0], nil
}

// Queued gives up to limit sends of a session whose outcome is open and whose time
// has come, in the order of asking, but none of the chats that are held.
func (s *OutgoingStore) Queued(ctx context.Context, sessionID string, held []int64, limit int) ([]Outgoing, error) {
	given, err := keys("id", held)
	if err != nil {
		return nil, err
	}
	rows, err := s.list(ctx, ` JOIN messages m ON m.id = o.message_id
		WHERE o.session_id = ? AND o.status = 'queued' AND o.scheduled_at <= ? AND m.chat_id NOT IN `+s.db.in(bigint("id"))+" ORDER BY o.id LIMIT ?", sessionID, Now(), given, limit)
	if err != nil {
		return nil, storeError("send", "listing the sends of session "+sessionID, err)
	}
	return rows, nil
}

// NextDue is when the next send of a session that is scheduled is to leave;
// [Never] when none is.
func (s *OutgoingStore) NextDue(ctx context.Context, sessionID string) (Millis, error) {
	var due sql.NullInt64
	err := s.db.read(ctx).Raw("SELECT MIN(scheduled_at) FROM outgoing WHERE session_id = ? AND status = 'queued' AND scheduled_at > ?",
		sessionID, Now()).Row().Scan(&due)
	if err != nil || !due.Valid {
		return Never, storeError("send", "looking for scheduled sends of session "+sessionID, err)
	}
	return Millis(due.Int64), nil
}

// SentSince tells when the messages of a session were sent that WhatsApp has taken
// since a time, by its clock, the earliest first. Changes of messages are not among
// them.
func (s *OutgoingStore) SentSince(ctx context.Context, sessionID string, since Millis) ([]Millis, error) {
	var sent []Millis
	err := s.db.read(ctx).Raw(`SELECT m.timestamp FROM messages m JOIN outgoing o ON o.message_id = m.id
		WHERE m.session_id = ? AND m.timestamp >= ? AND NOT m.hidden AND m.from_me AND o.status = 'sent' ORDER BY m.timestamp`,
		sessionID, since).Scan(&sent).Error
	return sent, storeError("send", "looking up what session "+sessionID+" has sent", err)
}

// Expired gives up to limit queued sends of all sessions that expire no later than
// now, by id after a given one. Those that may have left are not among them.
func (s *OutgoingStore) Expired(ctx context.Context, now Millis, after string, limit int) ([]Outgoing, error) {
	rows, err := s.list(ctx, ` WHERE o.status = 'queued' AND o.expires_at > 0 AND o.expires_at <= ? AND o.attempts = 0 AND o.id > ?
		ORDER BY o.id LIMIT ?`, now, after, limit)
	return rows, storeError("send", "listing sends that have expired", err)
}

// NextExpiry is when the next queued send of all sessions expires, later than now;
// [Never] when none does.
func (s *OutgoingStore) NextExpiry(ctx context.Context, now Millis) (Millis, error) {
	var next sql.NullInt64
	err := s.db.read(ctx).Raw("SELECT MIN(expires_at) FROM outgoing WHERE status = 'queued' AND expires_at > 0 AND expires_at > ?", now).Row().Scan(&next)
	if err != nil || !next.Valid {
		return Never, storeError("send", "looking for sends that expire", err)
	}
	return Millis(next.Int64), nil
}

// MediaHandle is WhatsApp's name of the upload of a message's file, as it was sent; ""
// when it was not, or needed none.
func (s *OutgoingStore) MediaHandle(ctx context.Context, messageID int64) (handle string, err error) {
	err = s.db.read(ctx).Raw("SELECT COALESCE(MAX(media_handle), '') FROM outgoing WHERE message_id = ?", messageID).Row().Scan(&handle)
	return handle, storeError("send", "looking up how a file was uploaded", err)
}

// IsScheduled reports whether a message is queued for a time that has not come.
func (s *OutgoingStore) IsScheduled(ctx context.Context, messageID int64) (scheduled bool, err error) {
	err = s.db.read(ctx).Raw("SELECT EXISTS (SELECT 1 FROM outgoing WHERE message_id = ? AND status = 'queued' AND scheduled_at > ?)",
		messageID, Now()).Row().Scan(&scheduled)
	return scheduled, storeError("send", "looking for a scheduled send", err)
}

// HasEarlier reports whether the outcome of a send to the same chat is open that
// was asked for before this one.
func (s *OutgoingStore) HasEarlier(ctx context.Context, send *Outgoing) (bool, error) {
	var n int
	err := s.db.read(ctx).Raw(`SELECT COUNT(*) FROM (SELECT 1 FROM outgoing o JOIN messages m ON m.id = o.message_id
		WHERE o.session_id = ? AND o.status = 'queued' AND o.id < ? AND m.chat_id = ? AND o.scheduled_at <= ? LIMIT 1) AS earlier`,
		send.SessionID, send.ID, send.Message.ChatID, Now()).Row().Scan(&n)
	return n > 0, storeError("send", "looking for earlier sends", err)
}

// Replay gives the send that has an idempotency key, Replayed: fault.NotFound
// when none has, fault.Conflict when the fingerprint is another.
func (s *OutgoingStore) Replay(ctx context.Context, organizationID, key string, fingerprint []byte) (*Outgoing, error) {
	return s.replay(ctx, NewOutgoing{OrganizationID: organizationID, IdempotencyKey: key, Fingerprint: fingerprint})
}

// list runs a query for sends and adds their messages.
func (s *OutgoingStore) list(ctx context.Context, where string, values ...any) ([]Outgoing, error) {
	rows, err := s.db.read(ctx).Raw(outgoingSelect+where, values...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var (
		all []Outgoing
		ids []int64
	)
	for rows.Next() {
		var o Outgoing
		if err := rows.Scan(&o.ID, &o.SessionID, &o.MessageID, &o.Recipient, &o.Content, &o.MediaHandle, &o.Mode, &o.Status, &o.Attempts,
			&o.Failure.Code, &o.Failure.Reason, &o.Failure.Message, &o.Failure.WhatsAppCode, &o.ScheduledAt, &o.ExpiresAt, &o.CreatedAt, &o.UpdatedAt); err != nil {
			return nil, fmt.Errorf("scanning a send: %w", err)
		}
		all, ids = append(all, o), append(ids, o.MessageID)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, nil
	}
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+" WHERE m.id IN "+s.db.in(bigint("id")), given))
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*Message, len(messages))
	for i := range messages {
		byID[messages[i].ID] = &messages[i]
	}
	for i := range all {
		all[i].Message = byID[all[i].MessageID]
	}
	// One without a message was deleted with it just now.
	return slices.DeleteFunc(all, func(o Outgoing) bool { return o.Message == nil }), nil
}
