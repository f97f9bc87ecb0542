package models

import (
	"context"

	"github.com/oklog/ulid/v2"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wagateway/models/fault"
)

// SessionStore keeps the sessions.
type SessionStore struct{ db *DB }

// SessionFilter narrows a list of sessions. The zero value is every session of
// every organization: only for super admins and the service.
type SessionFilter struct {
	OrganizationID string // "" = any
	SessionID      string // "" = any; the scope of an API key
}

func (f SessionFilter) apply(q *gorm.DB) *gorm.DB {
	if f.OrganizationID != "" {
		q = q.Where("organization_id = ?", f.OrganizationID)
	}
	if f.SessionID != "" {
		q = q.Where("id = ?", f.SessionID)
	}
	return q
}

// Create stores a new session as given, under a new id, created and updated
// now; s receives all three. Its organization is created when it is new.
func (s *SessionStore) Create(ctx context.Context, session *Session) error {
	if session.OrganizationID == "" {
		return fault.Missing("organizationId")
	}
	row := *session
	row.ID, row.CreatedAt = ulid.Make().String(), Now()
	row.UpdatedAt = row.CreatedAt
	if row.Status == "" {
		row.Status = SessionStopped
	}
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := ensureOrganization(tx, row.OrganizationID, ""); err != nil {
			return err
		}
		return tx.Create(&row).Error
	})
	if err != nil {
		return storeError("session", "creating a session", err)
	}
	*session = row
	return nil
}

// Get gives a session of the organization; another's is fault.NotFound.
func (s *SessionStore) Get(ctx context.Context, organizationID, id string) (*Session, error) {
	var session Session
	err := s.db.read(ctx).Take(&session, "id = ? AND organization_id = ?", id, organizationID).Error
	if err != nil {
		return nil, storeError("session", "loading session "+id, err)
	}
	return &session, nil
}

// Find gives a session of any organization. For the service, which has no
// caller; requests use [SessionStore.Get].
func (s *SessionStore) Find(ctx context.Context, id string) (*Session, error) {
	var session Session
	if err := s.db.read(ctx).Take(&session, "id = ?", id).Error; err != nil {
		return nil, storeError("session", "loading session "+id, err)
	}
	return &session, nil
}

// List gives the matching sessions, oldest first.
func (s *SessionStore) List(ctx context.Context, filter SessionFilter, page Page) (List[Session], error) {
	c := s.db.cursors("sessions", filter.OrganizationID)
	after, err := c.decode(page.After)
	if err != nil {
		return List[Session]{}, err
	}
	var sessions []Session
	err = filter.apply(s.db.read(ctx)).Where("id > ?", after).
		Order("id").Limit(int(page.fetch())).Find(&sessions).Error
	if err != nil {
		return List[Session]{}, storeError("session", "listing sessions", err)
	}
	return listByKey(sessions, page.Limit, c, func(row *Session) string { return row.ID }), nil
}

// Count tells how many sessions match.
func (s *SessionStore) Count(ctx context.Context, filter SessionFilter) (int, error) {
	var n int64
	err := filter.apply(s.db.read(ctx).Model(&Session{})).Count(&n).Error
	return int(n), storeError("session", "counting sessions", err)
}

// CountByStatus tells how many sessions of all organizations are in each state;
// states without any are absent. For metrics.
func (s *SessionStore) CountByStatus(ctx context.Context) (map[string]int, error) {
	counts, err := scanCounts[string](s.db.read(ctx).Raw("SELECT status, COUNT(*) FROM sessions GROUP BY status"))
	return counts, storeError("session", "counting sessions by status", err)
}

// ListEnabled gives the sessions that the gateway should keep connected.
func (s *SessionStore) ListEnabled(ctx context.Context) ([]Session, error) {
	// Spelt without a parameter: only then the partial index is eligible.
	enabled := "enabled"
	if s.db.engine.dialect == dialectSQLite {
		enabled = "enabled <> 0"
	}
	var sessions []Session
	err := s.db.read(ctx).Where(enabled).Order("id").Find(&sessions).Error
	return sessions, storeError("session", "listing enabled sessions", err)
}

// Delete removes a session with everything below it and the webhooks that are
// for it alone, and revokes the API keys that are good for it alone.
func (s *SessionStore) Delete(ctx context.Context, id string) error {
	err := s.db.sessionTx(ctx, id, func(tx *gorm.DB) error {
		err := tx.Model(&APIKey{}).Where("session_id = ? AND session_id <> '' AND revoked_at = 0", id).
			Update("revoked_at", Now()).Error
		if err != nil {
			return err
		}
		if err := deleteSessionWebhooks(tx, id); err != nil {
			return err
		}
		return tx.Delete(&Session{}, "id = ?", id).Error
	})
	return storeError("session", "deleting session "+id, err)
}

// change sets columns of a session and gives the row as it is then.
func (s *SessionStore) change(ctx context.Context, id, operation string, columns map[string]any) (*Session, error) {
	columns["updated_at"] = Now()
	var session Session
	result := s.db.write(ctx).Model(&session).Clauses(clause.Returning{}).Where("id = ?", id).Updates(columns)
	if result.Error != nil {
		return nil, storeError("session", operation+" of session "+id, result.Error)
	}
	if result.RowsAffected == 0 {
		return nil, fault.NoSuch("session")
	}
	return &session, nil
}
