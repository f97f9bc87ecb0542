package models

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"

	"wagateway/models/fault"
)

// TicketStore keeps the tickets of WebSocket connections, by the hash of their
// secret.
type TicketStore struct{ db *DB }

// ticketColumns are Ticket's columns.
const ticketColumns = "organization_id, session_id, events, user_id, api_key_id, credential_expires_at, expires_at"

// Create stores a ticket, which is good for [TicketLife] from now, and gives its
// secret and its end. Tickets that nobody used in time are removed.
func (s *TicketStore) Create(ctx context.Context, t Ticket) (secret string, expiresAt Millis, err error) {
	if t.OrganizationID == "" {
		return "", 0, fault.Missing("organizationId")
	}
	secret = newTicket()
	now := Now()
	expiresAt = now + Millis(TicketLife.Milliseconds())
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("DELETE FROM realtime_tickets WHERE expires_at <= ?", now).Error; err != nil {
			return err
		}
		return tx.Exec("INSERT INTO realtime_tickets ("+ticketColumns+", secret_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			t.OrganizationID, t.SessionID, joinEvents(t.Events), t.UserID, t.APIKeyID, t.CredentialExpiresAt, expiresAt, hashSecret(secret)).Error
	})
	if err != nil {
		return "", 0, storeError("ticket", "creating a ticket", err)
	}
	return secret, expiresAt, nil
}

// Use takes a ticket: of several that try at the same time, in this process or
// another, one gets it. An unknown, used or expired one is fault.Unauthorized,
// which does not say which of the three to callers.
func (s *TicketStore) Use(ctx context.Context, secret string) (*Ticket, error) {
	if !isTicket(secret) {
		return nil, noTicket(errors.New("not of the form of a ticket"))
	}
	var (
		t      Ticket
		events string
	)
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("DELETE FROM realtime_tickets WHERE secret_hash = ? RETURNING "+ticketColumns, hashSecret(secret)).Row().
			Scan(&t.OrganizationID, &t.SessionID, &events, &t.UserID, &t.APIKeyID, &t.CredentialExpiresAt, &t.ExpiresAt)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, noTicket(errors.New("unknown or used ticket"))
	case err != nil:
		return nil, storeError("ticket", "using a ticket", err)
	case t.ExpiresAt <= Now():
		return nil, noTicket(errors.New("expired ticket"))
	}
	t.Events = splitEvents(events)
	return &t, nil
}

func noTicket(cause error) error {
	return fault.New(fault.Unauthorized, "", "a valid ticket is required: each is good for one connection, for a minute").Because(cause)
}
