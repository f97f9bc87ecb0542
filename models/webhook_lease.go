package models

import (
	"context"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Lease is the right to deliver, held by one process at a time for each webhook.
type Lease struct {
	Owner  string // of this process alone
	Family string // a prefix of Owner whose leases Claim may take over: an earlier run of the same gateway. "" = none
	Until  Millis
}

// Claim takes, or keeps, every active webhook's lease that is free, has run out
// or is the owner's, and gives the webhooks that the owner now has.
func (s *WebhookStore) Claim(ctx context.Context, lease Lease) ([]Webhook, error) {
	active := "active"
	if s.db.engine.dialect == dialectSQLite {
		active = "active <> 0"
	}
	var rows []webhookRow
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		free := tx.Where("lease_owner = ? OR lease_until < ?", lease.Owner, Now())
		if lease.Family != "" {
			free = free.Or(`lease_owner LIKE ? ESCAPE '\'`, strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(lease.Family)+"%")
		}
		return tx.Model(&rows).Clauses(clause.Returning{}).Where(active).Where(free).
			Updates(map[string]any{"lease_owner": lease.Owner, "lease_until": lease.Until}).Error
	})
	if err != nil {
		return nil, storeError("webhook", "claiming webhooks", err)
	}
	webhooks, err := s.db.openWebhooks(rows)
	return webhooks, storeError("webhook", "claiming webhooks", err)
}

// Release gives up the leases of an owner; ids narrow it to these webhooks.
func (s *WebhookStore) Release(ctx context.Context, owner string, ids ...string) error {
	query := s.db.write(ctx).Model(&webhookRow{}).Where("lease_owner = ?", owner)
	if len(ids) > 0 {
		given, err := keys("id", ids)
		if err != nil {
			return err
		}
		query = query.Where("id IN "+s.db.in(text("id")), given)
	}
	err := query.Updates(map[string]any{"lease_owner": "", "lease_until": 0}).Error
	return storeError("webhook", "releasing webhooks", err)
}

// Deactivate stops deliveries of a webhook for a reason that it shows. What
// waits in its ledger keeps waiting.
func (s *WebhookStore) Deactivate(ctx context.Context, id, reason string) error {
	err := s.db.write(ctx).Model(&webhookRow{}).Where("id = ?", id).Updates(map[string]any{
		"active": false, "inactive_reason": reason, "failing_since": 0,
		"revision": gorm.Expr("revision + 1"), "updated_at": Now(),
	}).Error
	return storeError("webhook", "deactivating webhook "+id, err)
}

// NoteLost records that events were gone from the log before they could be
// delivered, and where the webhook goes on.
func (s *WebhookStore) NoteLost(ctx context.Context, id string, events, position int64) error {
	err := s.db.write(ctx).Model(&webhookRow{}).Where("id = ?", id).Updates(map[string]any{
		"lost_at": Now(), "lost_events": gorm.Expr("lost_events + ?", events), "position": position,
	}).Error
	return storeError("webhook", "recording lost events of webhook "+id, err)
}
