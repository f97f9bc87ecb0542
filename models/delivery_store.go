package models

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"gorm.io/gorm"

	"wagateway/models/fault"
)

// DeliveryStore keeps the ledger of deliveries. Its methods are for callers that
// have loaded the webhook within its organization.
type DeliveryStore struct{ db *DB }

// DeliveryFilter narrows a list of deliveries; zero fields choose all.
type DeliveryFilter struct {
	Status DeliveryStatus
}

// apply spells the status out: only then the partial indexes are eligible.
func (f DeliveryFilter) apply(q *gorm.DB) *gorm.DB {
	if f.Status == "" {
		return q
	}
	return q.Where("status = '" + string(f.Status) + "'")
}

func (f DeliveryFilter) validate() error {
	if f.Status != "" && !f.Status.Valid() {
		return fault.Invalid("status", "status must be pending, delivered, failed or skipped")
	}
	return nil
}

// List gives a webhook's deliveries, those of the newest events first.
func (s *DeliveryStore) List(ctx context.Context, webhookID string, filter DeliveryFilter, page Page) (List[Delivery], error) {
	if err := filter.validate(); err != nil {
		return List[Delivery]{}, err
	}
	c := s.db.cursors("deliveries", webhookID)
	key, err := c.decode(page.After)
	if err != nil {
		return List[Delivery]{}, err
	}
	query := filter.apply(s.db.read(ctx).Where("webhook_id = ?", webhookID))
	if key != "" {
		position, id, _ := strings.Cut(key, ":")
		before, err := strconv.ParseInt(position, 10, 64)
		if err != nil {
			return List[Delivery]{}, errInvalidCursor()
		}
		query = query.Where("(position, id) < (?, ?)", before, id)
	}
	var deliveries []Delivery
	err = query.Order("position DESC, id DESC").Limit(int(page.fetch())).Find(&deliveries).Error
	if err != nil {
		return List[Delivery]{}, storeError("delivery", "listing deliveries", err)
	}
	return listByKey(deliveries, page.Limit, c, deliveryKey), nil
}

// Count tells how many of a webhook's deliveries match.
func (s *DeliveryStore) Count(ctx context.Context, webhookID string, filter DeliveryFilter) (int, error) {
	if err := filter.validate(); err != nil {
		return 0, err
	}
	var n int64
	err := filter.apply(s.db.read(ctx).Model(&Delivery{}).Where("webhook_id = ?", webhookID)).Count(&n).Error
	return int(n), storeError("delivery", "counting deliveries", err)
}

// Get gives a delivery of the webhook, fault.NotFound when it has no such one.
func (s *DeliveryStore) Get(ctx context.Context, webhookID, id string) (*Delivery, error) {
	var delivery Delivery
	err := s.db.read(ctx).Take(&delivery, "id = ? AND webhook_id = ?", id, webhookID).Error
	if err != nil {
		return nil, storeError("delivery", "loading delivery "+id, err)
	}
	return &delivery, nil
}

// requeued makes a delivery wait as if it had never been tried; what its last
// attempt brought stays.
func requeued() map[string]any {
	return map[string]any{"status": DeliveryPending, "attempts": 0, "next_attempt_at": 0}
}

// Redeliver queues a delivery of the webhook again, whatever became of it.
func (s *DeliveryStore) Redeliver(ctx context.Context, webhook *Webhook, id string) (*Delivery, error) {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := touchWebhook(tx, webhook.OrganizationID, webhook.ID); err != nil {
			return err
		}
		result := tx.Model(&Delivery{}).Where("id = ? AND webhook_id = ?", id, webhook.ID).Updates(requeued())
		if result.Error == nil && result.RowsAffected == 0 {
			return fault.NoSuch("delivery")
		}
		return result.Error
	})
	if err != nil {
		return nil, storeError("delivery", "redelivering "+id, err)
	}
	return s.Get(ctx, webhook.ID, id)
}

// RedeliverFailed queues the webhook's failed deliveries of a replay's range
// again and tells how many.
func (s *DeliveryStore) RedeliverFailed(ctx context.Context, webhook *Webhook, part Replay) (int, error) {
	var n int64
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := touchWebhook(tx, webhook.OrganizationID, webhook.ID); err != nil {
			return err
		}
		query := tx.Model(&Delivery{}).Where("webhook_id = ? AND status = 'failed'", webhook.ID).
			Where("position > ? AND position <= ?", part.Position, part.UntilPosition)
		if part.FromAt != 0 {
			query = query.Where("event_at >= ?", part.FromAt)
		}
		if part.UntilAt != 0 {
			query = query.Where("event_at <= ?", part.UntilAt)
		}
		result := query.Updates(requeued())
		n = result.RowsAffected
		return result.Error
	})
	return int(n), storeError("webhook", "redelivering to webhook "+webhook.ID, err)
}

// maxReplays bounds the replays of one webhook that wait for their turn.
const maxReplays = 16

// AddReplay queues a part of the log for the webhook; part's id and time are set.
func (s *DeliveryStore) AddReplay(ctx context.Context, webhook *Webhook, part Replay) (*Replay, error) {
	part.ID, part.WebhookID, part.CreatedAt = ulid.Make().String(), webhook.ID, Now()
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := touchWebhook(tx, webhook.OrganizationID, webhook.ID); err != nil {
			return err
		}
		var waiting int64
		if err := tx.Model(&Replay{}).Where("webhook_id = ?", webhook.ID).Count(&waiting).Error; err != nil {
			return err
		}
		if waiting >= maxReplays {
			return fault.New(fault.Conflict, "", "too many redeliveries of this webhook are under way").With("max", maxReplays)
		}
		return tx.Create(&part).Error
	})
	if err != nil {
		return nil, storeError("webhook", "redelivering to webhook "+webhook.ID, err)
	}
	return &part, nil
}

// Replays gives a webhook's replays that are not done, oldest first.
func (s *DeliveryStore) Replays(ctx context.Context, webhookID string) ([]Replay, error) {
	var replays []Replay
	err := s.db.read(ctx).Where("webhook_id = ?", webhookID).Order("id").Find(&replays).Error
	return replays, storeError("webhook", "listing the replays of webhook "+webhookID, err)
}

// Prune removes up to limit settled deliveries that were made before a time and
// tells how many; fewer than limit means that none is left.
func (s *DeliveryStore) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	var oldest ulid.ULID
	if err := oldest.SetTime(ulid.Timestamp(before)); err != nil {
		return 0, fmt.Errorf("pruning deliveries: %w", err)
	}
	var n int64
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		result := tx.Exec(`DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries
			WHERE id < ? AND status <> 'pending' ORDER BY id LIMIT ?)`, deliveryIDPrefix+oldest.String(), limit)
		n = result.RowsAffected
		return result.Error
	})
	return int(n), storeError("delivery", "pruning deliveries", err)
}
