package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"gorm.io/gorm"

	"wagateway/models/fault"
)

// SecretOverlap is how long the previous secret signs too after a rotation.
const SecretOverlap = 24 * time.Hour

const (
	webhookSecretMark  = "whsec_" // how Standard Webhooks marks a secret in base64
	webhookSecretBytes = 32
	// The least and the greatest length of a key; Standard Webhooks says 24 to
	// 64 bytes, but existing secrets are shorter.
	minSigningKey    = 16
	maxWebhookSecret = 256
)

// NewWebhookSecret makes a random secret: "whsec_" and 32 bytes in base64.
func NewWebhookSecret() string {
	key := make([]byte, webhookSecretBytes)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	return webhookSecretMark + base64.StdEncoding.EncodeToString(key)
}

// SigningKeys gives the HMAC keys that a secret stands for, at least one:
//
//   - "whsec_" and base64, as Standard Webhooks writes it, stands for the decoded
//     bytes, at least 16;
//   - any other text of at least 16 bytes is the key itself; when it happens to be
//     base64 of at least 12 bytes it stands for the decoded bytes too, because
//     verifiers of Standard Webhooks decode it.
//
// Anything else is a validation error about the field.
func SigningKeys(field, secret string) ([][]byte, error) {
	if len(secret) > maxWebhookSecret {
		return nil, fault.Invalid(field, field+" is too long").With("max", maxWebhookSecret)
	}
	if encoded, marked := strings.CutPrefix(secret, webhookSecretMark); marked {
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) < minSigningKey {
			return nil, fault.Invalid(field, field+" must be whsec_ and at least 16 bytes in base64, or a text of at least 16 characters")
		}
		return [][]byte{key}, nil
	}
	if len(secret) < minSigningKey {
		return nil, fault.Invalid(field, field+" must have at least 16 characters").With("min", minSigningKey)
	}
	keys := [][]byte{[]byte(secret)}
	if key, err := base64.StdEncoding.DecodeString(secret); err == nil {
		keys = append(keys, key)
	}
	return keys, nil
}

// webhookSecretRow is a webhook's secret; no other row type maps it.
type webhookSecretRow struct {
	WebhookID      string `gorm:"primaryKey"`
	SealedSecret   []byte
	SealedPrevious []byte // empty: none
	PreviousUntil  Millis
}

// TableName gives the table.
func (webhookSecretRow) TableName() string { return "webhook_secrets" }

func secretPlace(webhookID string) string { return "webhook_secrets:" + webhookID }

// Secrets gives what signs a webhook's deliveries now, the current secret first,
// and until when the second does, if there is one. Another secret key of the
// gateway than the one they were stored under is an internal error with
// [ErrSecret].
func (s *WebhookStore) Secrets(ctx context.Context, id string) (secrets []string, previousUntil Millis, err error) {
	operation := "loading the secret of webhook " + id
	var row webhookSecretRow
	if err := s.db.read(ctx).Take(&row, "webhook_id = ?", id).Error; err != nil {
		return nil, 0, storeError("webhook", operation, err)
	}
	current, err := s.db.secrets.open(secretPlace(id), row.SealedSecret)
	if err != nil {
		return nil, 0, storeError("webhook", operation, err)
	}
	if len(row.SealedPrevious) == 0 || row.PreviousUntil <= Now() {
		return []string{current}, 0, nil
	}
	previous, err := s.db.secrets.open(secretPlace(id), row.SealedPrevious)
	if err != nil {
		return nil, 0, storeError("webhook", operation, err)
	}
	return []string{current, previous}, row.PreviousUntil, nil
}

// RotateSecret gives the organization's webhook a new secret, "" makes one, and
// gives it. The one before signs too for [SecretOverlap].
func (s *WebhookStore) RotateSecret(ctx context.Context, organizationID, id, secret string) (string, error) {
	if secret == "" {
		secret = NewWebhookSecret()
	}
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := touchWebhook(tx, organizationID, id); err != nil {
			return err
		}
		if err := s.rotateSecret(tx, id, secret); err != nil {
			return err
		}
		return tx.Model(&webhookRow{}).Where("id = ?", id).Update("updated_at", Now()).Error
	})
	if err != nil {
		return "", storeError("webhook", "rotating the secret of webhook "+id, err)
	}
	return secret, nil
}

func (s *WebhookStore) rotateSecret(tx *gorm.DB, id, secret string) error {
	if _, err := SigningKeys("secret", secret); err != nil {
		return err
	}
	return tx.Model(&webhookSecretRow{}).Where("webhook_id = ?", id).Updates(map[string]any{
		"sealed_previous": gorm.Expr("sealed_secret"), "sealed_secret": s.db.secrets.seal(secretPlace(id), secret),
		"previous_until": Now() + Millis(SecretOverlap.Milliseconds()),
	}).Error
}

// touchWebhook tells whoever delivers that the organization's webhook changed;
// fault.NotFound when it has no such webhook.
func touchWebhook(tx *gorm.DB, organizationID, id string) error {
	result := tx.Model(&webhookRow{}).Where("id = ? AND organization_id = ?", id, organizationID).
		Update("revision", gorm.Expr("revision + 1"))
	if result.Error == nil && result.RowsAffected == 0 {
		return fault.NoSuch("webhook")
	}
	return result.Error
}
