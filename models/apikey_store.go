package models

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/oklog/ulid/v2"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wagateway/models/fault"
)

// touchInterval is the resolution of APIKey.LastUsedAt: a key in steady use
// costs one write in this time.
const touchInterval = time.Minute

// APIKeyStore keeps the API keys.
type APIKeyStore struct{ db *DB }

// NewAPIKey describes a key to create.
type NewAPIKey struct {
	OrganizationID  string
	Name            string
	Capabilities    CapabilitySet
	SessionID       string // "" = every session of the organization
	CreatedByUserID string
	ExpiresAt       Millis // 0: never
}

// apiKeyRow is an APIKey with the column that callers never see.
type apiKeyRow struct {
	APIKey     `gorm:"embedded"`
	SecretHash []byte
}

// TableName gives the table of [APIKey].
func (apiKeyRow) TableName() string { return "api_keys" }

// Create makes a key and gives its secret, which is not stored and cannot be
// shown again. A session that is not the organization's is fault.NotFound.
func (s *APIKeyStore) Create(ctx context.Context, wanted NewAPIKey) (key *APIKey, secret string, err error) {
	secret = newAPIKeySecret()
	key, err = s.create(ctx, wanted, secret)
	if err != nil {
		return nil, "", err
	}
	return key, secret, nil
}

// CreateWithSecret makes a key with a secret of the caller's, of the form of
// [IsAPIKeySecret]. When the organization has a key with this secret already,
// that one is given; when another organization has, fault.Conflict.
func (s *APIKeyStore) CreateWithSecret(ctx context.Context, wanted NewAPIKey, secret string) (*APIKey, error) {
	if err := validateSecret(secret); err != nil {
		return nil, err
	}
	return s.create(ctx, wanted, secret)
}

func (s *APIKeyStore) create(ctx context.Context, wanted NewAPIKey, secret string) (*APIKey, error) {
	if err := wanted.validate(); err != nil {
		return nil, err
	}
	capabilities, err := NewCapabilitySet(wanted.Capabilities...)
	if err != nil {
		return nil, fault.Invalid("capabilities", err.Error())
	}
	row := apiKeyRow{SecretHash: hashSecret(secret), APIKey: APIKey{
		ID:              "key_" + ulid.Make().String(),
		OrganizationID:  wanted.OrganizationID,
		Name:            wanted.Name,
		Prefix:          secret[:prefixLength],
		Capabilities:    capabilities,
		SessionID:       wanted.SessionID,
		CreatedByUserID: wanted.CreatedByUserID,
		CreatedAt:       Now(),
		ExpiresAt:       wanted.ExpiresAt,
	}}
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := ensureOrganization(tx, wanted.OrganizationID, ""); err != nil {
			return err
		}
		if wanted.SessionID != "" {
			err := tx.Select("id").Take(&Session{}, "organization_id = ? AND id = ?", wanted.OrganizationID, wanted.SessionID).Error
			if err != nil {
				return storeError("session", "loading session "+wanted.SessionID, err)
			}
		}
		onSecret := clause.OnConflict{Columns: []clause.Column{{Name: "secret_hash"}}, DoNothing: true}
		if err := tx.Clauses(onSecret).Create(&row).Error; err != nil {
			return err
		}
		var stored APIKey
		if err := tx.Take(&stored, "secret_hash = ?", row.SecretHash).Error; err != nil {
			return err
		}
		if stored.OrganizationID != wanted.OrganizationID {
			return fault.New(fault.Conflict, "", "this secret is in use")
		}
		row.APIKey = stored
		return nil
	})
	if err != nil {
		return nil, storeError("API key", "creating an API key", err)
	}
	return &row.APIKey, nil
}

func (k NewAPIKey) validate() error {
	switch {
	case k.OrganizationID == "":
		return fault.Missing("organizationId")
	case len(k.Capabilities) == 0:
		return fault.Missing("capabilities")
	case k.Capabilities.Has(SuperAdmin):
		return fault.Invalid("capabilities", "an API key cannot have super_admin")
	case k.ExpiresAt != 0 && k.ExpiresAt <= Now():
		return fault.Invalid("expiresAt", "expiresAt must lie in the future")
	}
	return nil
}

// Authenticate gives the key of a secret and notes its use, once a minute. An
// unknown, revoked or expired one is fault.Unauthorized, which does not say
// which of the three to callers.
func (s *APIKeyStore) Authenticate(ctx context.Context, secret string) (*APIKey, error) {
	if !IsAPIKeySecret(secret) {
		return nil, fault.NoCredential(errors.New("not of the form of an API key"))
	}
	var row apiKeyRow
	hash := hashSecret(secret)
	err := s.db.read(ctx).Take(&row, "secret_hash = ?", hash).Error
	now := Now()
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound), err == nil && !bytes.Equal(row.SecretHash, hash):
		return nil, fault.NoCredential(errors.New("unknown API key"))
	case err != nil:
		return nil, storeError("API key", "authenticating an API key", err)
	case row.RevokedAt != 0:
		return nil, fault.NoCredential(errors.New("revoked API key " + row.ID))
	case row.ExpiresAt != 0 && row.ExpiresAt <= now:
		return nil, fault.NoCredential(errors.New("expired API key " + row.ID))
	}
	s.touch(ctx, &row.APIKey, now)
	return &row.APIKey, nil
}

// touch notes the use of a key when the last note is stale. Among concurrent
// requests one writes. A failure is logged only: the caller is who they claim.
func (s *APIKeyStore) touch(ctx context.Context, key *APIKey, now Millis) {
	stale := now - Millis(touchInterval.Milliseconds())
	if key.LastUsedAt > stale {
		return
	}
	err := s.db.write(ctx).Model(&APIKey{}).
		Where("id = ? AND last_used_at <= ?", key.ID, stale).
		Update("last_used_at", now).Error
	if err != nil {
		s.db.log.WarnContext(ctx, "noting the use of an API key failed", "api_key_id", key.ID, "error", err)
		return
	}
	key.LastUsedAt = now
}

// List gives the organization's keys, oldest first, revoked ones included.
func (s *APIKeyStore) List(ctx context.Context, organizationID string, page Page) (List[APIKey], error) {
	c := s.db.cursors("api_keys", organizationID)
	after, err := c.decode(page.After)
	if err != nil {
		return List[APIKey]{}, err
	}
	var keys []APIKey
	err = s.db.read(ctx).Where("organization_id = ? AND id > ?", organizationID, after).
		Order("id").Limit(int(page.fetch())).Find(&keys).Error
	if err != nil {
		return List[APIKey]{}, storeError("API key", "listing API keys", err)
	}
	return listByKey(keys, page.Limit, c, func(k *APIKey) string { return k.ID }), nil
}

// Count tells how many keys the organization has, revoked ones included.
func (s *APIKeyStore) Count(ctx context.Context, organizationID string) (int, error) {
	var n int64
	err := s.db.read(ctx).Model(&APIKey{}).Where("organization_id = ?", organizationID).Count(&n).Error
	return int(n), storeError("API key", "counting API keys", err)
}

// Get gives a key of the organization, fault.NotFound when it has no such key.
func (s *APIKeyStore) Get(ctx context.Context, organizationID, id string) (*APIKey, error) {
	var key APIKey
	err := s.db.read(ctx).Take(&key, "organization_id = ? AND id = ?", organizationID, id).Error
	if err != nil {
		return nil, storeError("API key", "loading API key "+id, err)
	}
	return &key, nil
}

// Revoke makes a key of the organization invalid for ever. Repeating it keeps
// the first time.
func (s *APIKeyStore) Revoke(ctx context.Context, organizationID, id string) (*APIKey, error) {
	err := s.db.write(ctx).Model(&APIKey{}).
		Where("organization_id = ? AND id = ? AND revoked_at = 0", organizationID, id).
		Update("revoked_at", Now()).Error
	if err != nil {
		return nil, storeError("API key", "revoking API key "+id, err)
	}
	return s.Get(ctx, organizationID, id)
}
