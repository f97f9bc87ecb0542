package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"wagateway/models/fault"
)

// Sent stores that WhatsApp took a message, at a time of its own clock, with the
// event, and gives the send as it is then; its message has a channel's number of
// it, if any. A send that is resolved already stays.
func (s *OutgoingStore) Sent(ctx context.Context, send *Outgoing, at Millis) (*Outgoing, error) {
	message := *send.Message
	resolved, err := s.resolve(ctx, send, OutgoingSent, Failure{}, func(tx *gorm.DB) error {
		message.Error, message.Timestamp, message.UpdatedAt = "", at, Now()
		err := tx.Raw(`UPDATE messages SET ack_level = CASE WHEN ack_level < 1 THEN 1 ELSE ack_level END, error = '', timestamp = ?, server_id = ?,
			updated_at = ? WHERE id = ? RETURNING ack_level`, at, message.ServerID, message.UpdatedAt, send.MessageID).Row().Scan(&message.AckLevel)
		if err != nil {
			return fmt.Errorf("storing when a message was sent: %w", err)
		}
		err = tx.Exec("UPDATE chats SET last_message_at = ? WHERE last_message_at < ? AND id = (SELECT chat_id FROM messages WHERE id = ? AND NOT hidden)",
			at, at, send.MessageID).Error
		if err != nil {
			return fmt.Errorf("storing when a chat was written to: %w", err)
		}
		if message.Hidden {
			return s.db.changeCame(tx, &message, true)
		}
		if at == send.Message.Timestamp {
			return nil
		}
		if err := s.db.unindex(tx, message.ID, send.Message.Timestamp); err != nil {
			return err
		}
		return s.db.index(tx, &message)
	})
	if err != nil {
		return nil, err
	}
	if !resolved {
		return s.Get(ctx, send.ID)
	}
	now := *send
	now.Status, now.UpdatedAt, now.Message = OutgoingSent, message.UpdatedAt, &message
	return &now, nil
}

// Failed stores that a message certainly was not sent, and why, with the event.
// A send that is resolved already stays. One that never left because the session
// was away does not use up its idempotency key: the caller may try again with it.
func (s *OutgoingStore) Failed(ctx context.Context, send *Outgoing, failure Failure) (*Outgoing, error) {
	_, err := s.resolve(ctx, send, OutgoingFailed, failure, func(tx *gorm.DB) error {
		err := tx.Exec("UPDATE messages SET ack_level = ?, error = ?, updated_at = ? WHERE id = ?",
			AckError, failure.Message, Now(), send.MessageID).Error
		if err != nil {
			return fmt.Errorf("storing why a message failed: %w", err)
		}
		if failure.Code != fault.NotImplemented && failure.Code != fault.Unavailable {
			return nil
		}
		if err := tx.Exec("DELETE FROM idempotency_keys WHERE outgoing_id = ?", send.ID).Error; err != nil {
			return fmt.Errorf("releasing an idempotency key: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, send.ID)
}

// Attempted counts a try whose outcome is not known, or not yet.
func (s *OutgoingStore) Attempted(ctx context.Context, send *Outgoing) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE outgoing SET attempts = attempts + 1, updated_at = ? WHERE id = ? AND status = 'queued'", Now(), send.ID).Error
	})
	return storeError("send", "counting a try", err)
}

// Rested takes a try back that was counted before it was made: it has certainly not
// left.
func (s *OutgoingStore) Rested(ctx context.Context, send *Outgoing) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE outgoing SET attempts = attempts - 1, updated_at = ? WHERE id = ? AND status = 'queued' AND attempts > 0", Now(), send.ID).Error
	})
	return storeError("send", "taking a try back", err)
}

// Brought stores that the file of a queued send is at WhatsApp's, and the message
// as it is with that: what every try sends. handle is the upload's name, for a channel.
func (s *OutgoingStore) Brought(ctx context.Context, send *Outgoing, content []byte, directPath, handle string) error {
	err := s.db.sessionTx(ctx, send.SessionID, func(tx *gorm.DB) error {
		now := Now()
		if err := tx.Exec("UPDATE outgoing SET content = ?, media_handle = ?, updated_at = ? WHERE id = ?", content, handle, now, send.ID).Error; err != nil {
			return err
		}
		if err := tx.Exec("UPDATE messages SET raw = ?, updated_at = ? WHERE id = ?", content, now, send.MessageID).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE media SET status = 'uploaded', direct_path = ?, updated_at = ? WHERE message_id = ?",
			directPath, now, send.MessageID).Error
	})
	return storeError("session", "storing that a file is at WhatsApp's", err)
}

// resolve ends a queued send, and tells whether it was queued; work stores what
// that means for its message.
func (s *OutgoingStore) resolve(ctx context.Context, send *Outgoing, status OutgoingStatus, failure Failure, work func(tx *gorm.DB) error) (resolved bool, err error) {
	err = s.db.sessionTx(ctx, send.SessionID, func(tx *gorm.DB) error {
		ended := tx.Exec(`UPDATE outgoing SET status = ?, updated_at = ?, error_code = ?, error_reason = ?, error_message = ?, whatsapp_code = ?
			WHERE id = ? AND status = 'queued'`,
			status, Now(), failure.Code, failure.Reason, failure.Message, failure.WhatsAppCode, send.ID)
		resolved = ended.RowsAffected > 0
		if ended.Error != nil || !resolved {
			return ended.Error
		}
		if err := work(tx); err != nil {
			return err
		}
		return s.db.emitStatus(tx, send.SessionID, []int64{send.MessageID}, 0)
	})
	return resolved && err == nil, storeError("session", "storing the outcome of a send of session "+send.SessionID, err)
}

// PruneKeys forgets idempotency keys that are too old to count, at most limit,
// and tells how many.
func (s *OutgoingStore) PruneKeys(ctx context.Context, limit int) (int, error) {
	pruned := 0
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		gone := tx.Exec(`DELETE FROM idempotency_keys WHERE (organization_id, key) IN
			(SELECT organization_id, key FROM idempotency_keys WHERE created_at < ? LIMIT ?)`, Now()-Millis(idempotencyTime.Milliseconds()), limit)
		pruned = int(gone.RowsAffected)
		return gone.Error
	})
	return pruned, storeError("send", "pruning idempotency keys", err)
}
