package models

import (
	"context"
	"errors"

	"github.com/oklog/ulid/v2"
	"gorm.io/gorm"
)

// deliveryIDPrefix begins a delivery's id; a ULID follows.
const deliveryIDPrefix = "dlv_"

// ErrLeaseLost is the error of a commit by whoever does not hold the webhook's
// lease any more: somebody else delivers, or it is deleted.
var ErrLeaseLost = errors.New("the lease of the webhook is lost")

// Progress is what became of deliveries of one webhook since the last commit.
type Progress struct {
	WebhookID  string
	Owner      string     // must hold the webhook's lease
	Position   int64      // every event up to here is in Deliveries, in an earlier commit, or not wanted
	Deliveries []Delivery // by event, each event once; ids are made where they are new
	Failing    *Millis    // Webhook.FailingSince, when it changed
	Replay     *Replay    // how far it has come; done when its Position has reached UntilPosition
}

// deliveryRow is a delivery as a row of [DB.rows].
type deliveryRow struct {
	ID             string         `json:"id"`
	EventID        string         `json:"event_id"`
	Event          string         `json:"event"`
	SessionID      string         `json:"session_id"`
	EventKey       string         `json:"event_key"`
	EventAt        Millis         `json:"event_at"`
	Position       int64          `json:"position"`
	Status         DeliveryStatus `json:"status"`
	Attempts       int            `json:"attempts"`
	NextAttemptAt  Millis         `json:"next_attempt_at"`
	ResponseStatus int            `json:"response_status"`
	DurationMS     int64          `json:"duration_ms"`
	Error          string         `json:"error"`
	FirstAttemptAt Millis         `json:"first_attempt_at"`
	LastAttemptAt  Millis         `json:"last_attempt_at"`
}

func deliveryColumns() []column {
	return []column{
		text("id"), text("event_id"), text("event"), text("session_id"), text("event_key"), bigint("event_at"), bigint("position"),
		text("status"), bigint("attempts"), bigint("next_attempt_at"), bigint("response_status"), bigint("duration_ms"), text("error"),
		bigint("first_attempt_at"), bigint("last_attempt_at"),
	}
}

const upsertDeliveries = `INSERT INTO webhook_deliveries (id, webhook_id, event_id, event, session_id, event_key, event_at, position,
		status, attempts, next_attempt_at, response_status, duration_ms, error, first_attempt_at, last_attempt_at)
	SELECT r.id, CAST(? AS TEXT), r.event_id, r.event, r.session_id, r.event_key, r.event_at, r.position,
		r.status, r.attempts, r.next_attempt_at, r.response_status, r.duration_ms, r.error, r.first_attempt_at, r.last_attempt_at
	FROM `

const upsertDeliveriesConflict = ` AS r WHERE TRUE
	ON CONFLICT (webhook_id, event_id) DO UPDATE SET position = excluded.position, status = excluded.status, attempts = excluded.attempts,
		next_attempt_at = excluded.next_attempt_at,
		response_status = CASE WHEN excluded.last_attempt_at = 0 THEN webhook_deliveries.response_status ELSE excluded.response_status END,
		duration_ms = CASE WHEN excluded.last_attempt_at = 0 THEN webhook_deliveries.duration_ms ELSE excluded.duration_ms END,
		error = CASE WHEN excluded.last_attempt_at = 0 THEN webhook_deliveries.error ELSE excluded.error END,
		first_attempt_at = CASE WHEN webhook_deliveries.first_attempt_at = 0 THEN excluded.first_attempt_at ELSE webhook_deliveries.first_attempt_at END,
		last_attempt_at = CASE WHEN excluded.last_attempt_at = 0 THEN webhook_deliveries.last_attempt_at ELSE excluded.last_attempt_at END`

// Commit stores progress in one transaction, all or nothing. [ErrLeaseLost]
// means that it was not for this owner to store.
func (s *DeliveryStore) Commit(ctx context.Context, p Progress) error {
	given, err := asRows(deliveryRows(p.Deliveries))
	if err != nil {
		return err
	}
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		columns := map[string]any{"position": p.Position}
		set(columns, "failing_since", p.Failing)
		result := tx.Model(&webhookRow{}).Where("id = ? AND lease_owner = ?", p.WebhookID, p.Owner).Updates(columns)
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 {
			return ErrLeaseLost
		}
		if len(p.Deliveries) > 0 {
			statement := upsertDeliveries + s.db.rows(deliveryColumns()...) + upsertDeliveriesConflict
			if err := tx.Exec(statement, p.WebhookID, given).Error; err != nil {
				return err
			}
		}
		switch {
		case p.Replay == nil:
			return nil
		case p.Replay.Position >= p.Replay.UntilPosition:
			return tx.Delete(&Replay{}, "id = ?", p.Replay.ID).Error
		default:
			return tx.Model(&Replay{}).Where("id = ?", p.Replay.ID).Update("position", p.Replay.Position).Error
		}
	})
	return storeError("webhook", "storing deliveries of webhook "+p.WebhookID, err)
}

func deliveryRows(deliveries []Delivery) []deliveryRow {
	rows := make([]deliveryRow, len(deliveries))
	for i, d := range deliveries {
		if d.ID == "" {
			d.ID = deliveryIDPrefix + ulid.Make().String()
		}
		rows[i] = deliveryRow{
			d.ID, d.EventID, d.Event, d.SessionID, d.EventKey, d.EventAt, d.Position, d.Status, d.Attempts, d.NextAttemptAt,
			d.ResponseStatus, d.DurationMS, clip(d.Error, MaxDeliveryError), d.FirstAttemptAt, d.LastAttemptAt,
		}
	}
	return rows
}

// PendingLanes gives the lanes of a webhook in which deliveries wait.
func (s *DeliveryStore) PendingLanes(ctx context.Context, webhookID string) ([]PendingLane, error) {
	var lanes []PendingLane
	// Only the first of a lane has been tried, so the latest time is its.
	err := s.db.read(ctx).Raw(`SELECT session_id, event_key, COUNT(*) AS count, MAX(next_attempt_at) AS due_at
		FROM webhook_deliveries WHERE webhook_id = ? AND status = 'pending' GROUP BY session_id, event_key ORDER BY MIN(position)`,
		webhookID).Scan(&lanes).Error
	return lanes, storeError("delivery", "listing pending deliveries of webhook "+webhookID, err)
}

// Pending gives the first deliveries of a lane that wait, in order.
func (s *DeliveryStore) Pending(ctx context.Context, webhookID string, lane Lane, limit int) ([]Delivery, error) {
	var deliveries []Delivery
	err := s.db.read(ctx).
		Where("webhook_id = ? AND status = 'pending' AND session_id = ? AND event_key = ?", webhookID, lane.SessionID, lane.EventKey).
		Order("position").Limit(limit).Find(&deliveries).Error
	return deliveries, storeError("delivery", "loading pending deliveries of webhook "+webhookID, err)
}

// Ahead gives the ids of events behind a position that are in the webhook's
// ledger already, at most limit: a reader that begins there again leaves them
// out.
func (s *DeliveryStore) Ahead(ctx context.Context, webhookID string, position int64, limit int) ([]string, error) {
	var ids []string
	err := s.db.read(ctx).Model(&Delivery{}).Where("webhook_id = ? AND position > ?", webhookID, position).
		Order("position").Limit(limit).Pluck("event_id", &ids).Error
	return ids, storeError("delivery", "loading deliveries of webhook "+webhookID, err)
}
