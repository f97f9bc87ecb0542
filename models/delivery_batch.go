package models

import (
	"context"
	"fmt"
)

// ledgerColumns are Delivery's columns, of the alias d.
const ledgerColumns = `d.id, d.webhook_id, d.event_id, d.event, d.session_id, d.event_key, d.event_at, d.position, d.status, d.attempts,
	d.next_attempt_at, d.response_status, d.duration_ms, d.error, d.first_attempt_at, d.last_attempt_at`

// and is the filter as a further condition, on columns with this alias.
func (f DeliveryFilter) and(alias string) string {
	if f.Status == "" {
		return ""
	}
	return " AND " + alias + "status = '" + string(f.Status) + "'" // spelt out, as in apply
}

// ListByWebhooks is the first page of List for several webhooks in one statement;
// each webhook is a key of the result.
func (s *DeliveryStore) ListByWebhooks(ctx context.Context, webhookIDs []string, filter DeliveryFilter, limit int) (map[string]List[Delivery], error) {
	if err := filter.validate(); err != nil {
		return nil, err
	}
	given, err := keys("id", webhookIDs)
	if err != nil {
		return nil, err
	}
	pick := " FROM webhook_deliveries x WHERE x.webhook_id = p.id" + filter.and("x.") + " ORDER BY x.position DESC, x.id DESC LIMIT ?)"
	from := s.db.rows(text("id")) + " AS p CROSS JOIN webhook_deliveries AS d ON d.id IN (SELECT x.id" + pick
	if s.db.engine.dialect == dialectPostgres {
		from = s.db.rows(text("id")) + " AS p CROSS JOIN LATERAL (SELECT x.*" + pick + " AS d"
	}
	var rows []Delivery
	err = s.db.read(ctx).Raw("SELECT "+ledgerColumns+" FROM "+from+" ORDER BY d.webhook_id, d.position DESC, d.id DESC",
		given, Page{Limit: limit}.fetch()).Scan(&rows).Error
	if err != nil {
		return nil, storeError("delivery", "listing deliveries", err)
	}
	parts := make(map[string][]Delivery, len(webhookIDs))
	for _, row := range rows {
		parts[row.WebhookID] = append(parts[row.WebhookID], row)
	}
	lists := make(map[string]List[Delivery], len(webhookIDs))
	for _, id := range webhookIDs {
		lists[id] = listByKey(parts[id], limit, s.db.cursors("deliveries", id), deliveryKey)
	}
	return lists, nil
}

// deliveryKey is the cursor behind a delivery.
func deliveryKey(d *Delivery) string { return fmt.Sprintf("%d:%s", d.Position, d.ID) }

// CountByWebhooks is Count for several webhooks in one statement. Webhooks
// without deliveries are absent.
func (s *DeliveryStore) CountByWebhooks(ctx context.Context, webhookIDs []string, filter DeliveryFilter) (map[string]int, error) {
	if err := filter.validate(); err != nil {
		return nil, err
	}
	given, err := keys("id", webhookIDs)
	if err != nil {
		return nil, err
	}
	counts, err := scanCounts[string](s.db.read(ctx).Raw("SELECT webhook_id, COUNT(*) FROM webhook_deliveries WHERE webhook_id IN "+
		s.db.in(text("id"))+filter.and("")+" GROUP BY webhook_id", given))
	return counts, storeError("delivery", "counting deliveries", err)
}
