package models

import (
	"context"

	"github.com/oklog/ulid/v2"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"wagateway/models/fault"
)

// WebhookStore keeps the webhooks and how far each has come in the log.
type WebhookStore struct{ db *DB }

// Create stores a webhook and gives it with its secret, which is not shown
// again. A session that is not the organization's is fault.NotFound, more than
// [MaxWebhooks] fault.Conflict.
func (s *WebhookStore) Create(ctx context.Context, wanted NewWebhook) (webhook *Webhook, secret string, err error) {
	row, err := s.newRow(&wanted)
	if err != nil {
		return nil, "", err
	}
	secret = wanted.Secret
	if secret == "" {
		secret = NewWebhookSecret()
	}
	if _, err = SigningKeys("secret", secret); err != nil {
		return nil, "", err
	}
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := ensureOrganization(tx, row.OrganizationID, ""); err != nil {
			return err
		}
		if err := ownSession(tx, row.OrganizationID, row.SessionID); err != nil {
			return err
		}
		if err := roomForWebhook(tx, row.OrganizationID); err != nil {
			return err
		}
		if err := tx.Create(row).Error; err != nil {
			return err
		}
		return tx.Create(&webhookSecretRow{
			WebhookID: row.ID, SealedSecret: s.db.secrets.seal(secretPlace(row.ID), secret), SealedPrevious: []byte{},
		}).Error
	})
	if err != nil {
		return nil, "", storeError("webhook", "creating a webhook", err)
	}
	return &row.Webhook, secret, nil
}

func (s *WebhookStore) newRow(wanted *NewWebhook) (*webhookRow, error) {
	if wanted.OrganizationID == "" {
		return nil, fault.Missing("organizationId")
	}
	if err := checkWebhookURL(wanted.URL); err != nil {
		return nil, err
	}
	events, err := chooseEvents(wanted.Events)
	if err != nil {
		return nil, err
	}
	if err = CheckHeaders("customHeaders", wanted.CustomHeaders); err != nil {
		return nil, err
	}
	policy, err := wanted.RetryPolicy.apply(defaultRetryPolicy())
	if err != nil {
		return nil, err
	}
	row := &webhookRow{Webhook: Webhook{
		ID: "wh_" + ulid.Make().String(), OrganizationID: wanted.OrganizationID, SessionID: wanted.SessionID, URL: wanted.URL,
		Events: events, CustomHeaders: wanted.CustomHeaders, RetryPolicy: policy, Active: !wanted.Inactive,
		Revision: 1, Position: wanted.Position, CreatedAt: Now(),
	}}
	row.UpdatedAt = row.CreatedAt
	if wanted.Inactive {
		row.InactiveReason = InactiveByCaller
	}
	if row.CustomHeaders == nil {
		row.CustomHeaders = map[string]string{}
	}
	row.SealedHeaders, err = s.db.sealHeaders(row.ID, row.CustomHeaders)
	return row, err
}

// ownSession checks that a session is the organization's; "" stands for all.
func ownSession(tx *gorm.DB, organizationID, sessionID string) error {
	if sessionID == "" {
		return nil
	}
	err := tx.Select("id").Take(&Session{}, "organization_id = ? AND id = ?", organizationID, sessionID).Error
	return storeError("session", "loading session "+sessionID, err)
}

func roomForWebhook(tx *gorm.DB, organizationID string) error {
	var n int64
	if err := tx.Model(&webhookRow{}).Where("organization_id = ?", organizationID).Count(&n).Error; err != nil {
		return err
	}
	if n >= MaxWebhooks {
		return fault.New(fault.Conflict, "", "the organization has too many webhooks").With("max", MaxWebhooks)
	}
	return nil
}

// Get gives a webhook of the organization; another's is fault.NotFound.
func (s *WebhookStore) Get(ctx context.Context, organizationID, id string) (*Webhook, error) {
	return s.take(s.db.read(ctx).Where("organization_id = ?", organizationID), id)
}

// Find gives a webhook of any organization: for whoever delivers.
func (s *WebhookStore) Find(ctx context.Context, id string) (*Webhook, error) {
	return s.take(s.db.read(ctx), id)
}

func (s *WebhookStore) take(query *gorm.DB, id string) (*Webhook, error) {
	operation := "loading webhook " + id
	var row webhookRow
	if err := query.Take(&row, "id = ?", id).Error; err != nil {
		return nil, storeError("webhook", operation, err)
	}
	webhook, err := s.db.openWebhook(&row)
	return webhook, storeError("webhook", operation, err)
}

// List gives the organization's webhooks, oldest first.
func (s *WebhookStore) List(ctx context.Context, organizationID string, page Page) (List[Webhook], error) {
	c := s.db.cursors("webhooks", organizationID)
	after, err := c.decode(page.After)
	if err != nil {
		return List[Webhook]{}, err
	}
	var rows []webhookRow
	err = s.db.read(ctx).Where("organization_id = ? AND id > ?", organizationID, after).
		Order("id").Limit(int(page.fetch())).Find(&rows).Error
	if err != nil {
		return List[Webhook]{}, storeError("webhook", "listing webhooks", err)
	}
	webhooks, err := s.db.openWebhooks(rows)
	if err != nil {
		return List[Webhook]{}, storeError("webhook", "listing webhooks", err)
	}
	return listByKey(webhooks, page.Limit, c, func(w *Webhook) string { return w.ID }), nil
}

// Count tells how many webhooks the organization has.
func (s *WebhookStore) Count(ctx context.Context, organizationID string) (int, error) {
	var n int64
	err := s.db.read(ctx).Model(&webhookRow{}).Where("organization_id = ?", organizationID).Count(&n).Error
	return int(n), storeError("webhook", "counting webhooks", err)
}

// Update changes a webhook of the organization. Deliveries that wait keep
// waiting; one that is no longer wanted is skipped when its turn comes. An
// activated webhook goes on where it stopped.
func (s *WebhookStore) Update(ctx context.Context, organizationID, id string, patch WebhookPatch) (*Webhook, error) {
	var updated webhookRow
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		// First of all the lock: what is read below stays true.
		if err := touchWebhook(tx, organizationID, id); err != nil {
			return err
		}
		var row webhookRow
		if err := tx.Take(&row, "id = ?", id).Error; err != nil {
			return err
		}
		columns, err := s.changes(tx, &row, patch)
		if err != nil {
			return err
		}
		if patch.Secret != nil {
			if err := s.rotateSecret(tx, id, *patch.Secret); err != nil {
				return err
			}
		}
		columns["updated_at"] = Now()
		return tx.Model(&updated).Clauses(clause.Returning{}).Where("id = ?", id).Updates(columns).Error
	})
	if err != nil {
		return nil, storeError("webhook", "changing webhook "+id, err)
	}
	webhook, err := s.db.openWebhook(&updated)
	return webhook, storeError("webhook", "changing webhook "+id, err)
}

// changes gives the columns that a patch sets.
func (s *WebhookStore) changes(tx *gorm.DB, row *webhookRow, patch WebhookPatch) (map[string]any, error) {
	policy, err := patch.RetryPolicy.apply(row.RetryPolicy)
	if err != nil {
		return nil, err
	}
	columns := map[string]any{
		"retry_policy": policy.Policy, "retry_attempts": policy.Attempts, "retry_delay_seconds": policy.DelaySeconds,
	}
	if patch.URL != nil {
		if err := checkWebhookURL(*patch.URL); err != nil {
			return nil, err
		}
		columns["url"] = *patch.URL
	}
	if patch.SessionID != nil {
		if err := ownSession(tx, row.OrganizationID, *patch.SessionID); err != nil {
			return nil, err
		}
		columns["session_id"] = *patch.SessionID
	}
	if patch.Events != nil {
		if columns["events"], err = chooseEvents(*patch.Events); err != nil {
			return nil, err
		}
	}
	if patch.CustomHeaders != nil {
		headers := *patch.CustomHeaders
		if headers == nil {
			headers = map[string]string{}
		}
		if err := CheckHeaders("customHeaders", headers); err != nil {
			return nil, err
		}
		if columns["sealed_headers"], err = s.db.sealHeaders(row.ID, headers); err != nil {
			return nil, err
		}
	}
	if patch.Active != nil && *patch.Active != row.Active {
		columns["active"], columns["inactive_reason"] = *patch.Active, ""
		if !*patch.Active {
			columns["inactive_reason"], columns["failing_since"] = InactiveByCaller, 0
		}
	}
	return columns, nil
}

// Delete removes a webhook of the organization with its ledger.
func (s *WebhookStore) Delete(ctx context.Context, organizationID, id string) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		result := tx.Delete(&webhookRow{}, "id = ? AND organization_id = ?", id, organizationID)
		if result.Error == nil && result.RowsAffected == 0 {
			return fault.NoSuch("webhook")
		}
		return result.Error
	})
	return storeError("webhook", "deleting webhook "+id, err)
}

// deleteSessionWebhooks removes the webhooks that are for this session alone:
// nothing will happen in it any more.
func deleteSessionWebhooks(tx *gorm.DB, sessionID string) error {
	return tx.Delete(&webhookRow{}, "session_id = ? AND session_id <> ''", sessionID).Error
}
