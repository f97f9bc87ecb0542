package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SessionPatch holds the settings to change; nil stays as it is.
type SessionPatch struct {
	Label           *string
	AutoRead        *bool
	PresenceTyping  *bool
	AutoRejectCalls *bool
	RatePerMin      *int
	RatePerHour     *int
	HistoryDays     *int
}

// Update changes settings of a session.
func (s *SessionStore) Update(ctx context.Context, id string, patch SessionPatch) (*Session, error) {
	columns := make(map[string]any, 8)
	set(columns, "label", patch.Label)
	set(columns, "auto_read", patch.AutoRead)
	set(columns, "presence_typing", patch.PresenceTyping)
	set(columns, "auto_reject_calls", patch.AutoRejectCalls)
	set(columns, "rate_per_min", patch.RatePerMin)
	set(columns, "rate_per_hour", patch.RatePerHour)
	set(columns, "history_days", patch.HistoryDays)
	if len(columns) == 0 {
		return s.Find(ctx, id)
	}
	return s.change(ctx, id, "changing the settings", columns)
}

func set[T any](columns map[string]any, column string, value *T) {
	if value != nil {
		columns[column] = *value
	}
}

// SessionState is what a session does now.
type SessionState struct {
	Status      SessionStatus
	Reason      StatusReason
	GatewayID   string
	ConnectedAt Millis // 0 leaves LastConnectedAt as it is
}

// SetState stores what a session does, and session.status when that is news.
func (s *SessionStore) SetState(ctx context.Context, id string, state SessionState) (*Session, error) {
	columns := map[string]any{
		"status": state.Status, "status_reason": state.Reason, "gateway_id": state.GatewayID, "updated_at": Now(),
	}
	if state.ConnectedAt != 0 {
		columns["last_connected_at"] = state.ConnectedAt
	}
	var session Session
	err := s.db.sessionTx(ctx, id, func(tx *gorm.DB) error {
		session = Session{} // of a run that was undone
		var before SessionState
		err := tx.Raw("SELECT status, status_reason FROM sessions WHERE id = ?", id).Row().Scan(&before.Status, &before.Reason)
		if err != nil {
			return err
		}
		if err := tx.Model(&session).Clauses(clause.Returning{}).Where("id = ?", id).Updates(columns).Error; err != nil {
			return err
		}
		if before.Status == session.Status && before.Reason == session.StatusReason {
			return nil
		}
		return s.db.emit(tx, id, NewEvent{Name: EventSessionStatus, Key: id, Payload: session.Shape()})
	})
	if err != nil {
		return nil, storeError("session", "storing the state of session "+id, err)
	}
	return &session, nil
}

// SetEnabled stores whether the gateway should keep the session connected.
func (s *SessionStore) SetEnabled(ctx context.Context, id string, enabled bool) (*Session, error) {
	return s.change(ctx, id, "storing the desired state", map[string]any{"enabled": enabled})
}

// SetStateDoubtful notes whether something of the account's app state may have been
// read and not stored. It is nothing that callers see.
func (s *SessionStore) SetStateDoubtful(ctx context.Context, id string, doubtful bool) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE sessions SET state_doubtful = ? WHERE id = ?", doubtful, id).Error
	})
	return storeError("session", "noting the app state of session "+id, err)
}

// Pairing is the account that a session was linked to.
type Pairing struct {
	DeviceJID   string
	WAJID       string
	WALID       string
	PhoneNumber string
	PushName    string
}

// SetPaired stores the linked account.
func (s *SessionStore) SetPaired(ctx context.Context, id string, pairing Pairing) (*Session, error) {
	return s.change(ctx, id, "storing the pairing", map[string]any{
		"device_jid": pairing.DeviceJID, "wa_jid": pairing.WAJID, "wa_lid": pairing.WALID,
		"phone_number": pairing.PhoneNumber, "push_name": pairing.PushName,
	})
}

// SetUnpaired forgets the linked account: device, number, addresses and name.
// Status and desired state stay; what was stored of its groups does too.
func (s *SessionStore) SetUnpaired(ctx context.Context, id string) (*Session, error) {
	return s.SetPaired(ctx, id, Pairing{})
}

// SetPushName stores the name that the account gives itself.
func (s *SessionStore) SetPushName(ctx context.Context, id, name string) (*Session, error) {
	return s.change(ctx, id, "storing the push name", map[string]any{"push_name": name})
}
