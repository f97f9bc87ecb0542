package models

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// sessionProxy is the proxy of a session. Its URL may hold credentials, so it is
// encrypted, and no other row type maps it.
type sessionProxy struct {
	SessionID string `gorm:"primaryKey"`
	SealedURL []byte
	UpdatedAt Millis `gorm:"autoUpdateTime:false"`
}

// TableName gives the table.
func (sessionProxy) TableName() string { return "session_proxies" }

func proxyPlace(sessionID string) string { return "session_proxies.sealed_url:" + sessionID }

// SetProxy stores the URL of the session's proxy, encrypted; "" removes it.
func (s *SessionStore) SetProxy(ctx context.Context, id, url string) error {
	err := s.db.sessionTx(ctx, id, func(tx *gorm.DB) error {
		if url == "" {
			return tx.Delete(&sessionProxy{}, "session_id = ?", id).Error
		}
		row := sessionProxy{SessionID: id, SealedURL: s.db.secrets.seal(proxyPlace(id), url), UpdatedAt: Now()}
		return tx.Clauses(clause.OnConflict{UpdateAll: true, Columns: []clause.Column{{Name: "session_id"}}}).Create(&row).Error
	})
	return storeError("session", "storing the proxy of session "+id, err)
}

// Proxy gives the URL of the session's proxy; "" when it has none. A URL that
// was stored under another secret key is an internal error with [ErrSecret].
func (s *SessionStore) Proxy(ctx context.Context, id string) (string, error) {
	operation := "loading the proxy of session " + id
	var sealed []byte
	err := s.db.read(ctx).Raw("SELECT sealed_url FROM session_proxies WHERE session_id = ?", id).Row().Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", storeError("session", operation, err)
	}
	url, err := s.db.secrets.open(proxyPlace(id), sealed)
	return url, storeError("session", operation, err)
}
