package eventlog

import (
	"context"

	"wagateway/models"
)

// outboxSource makes the database's outbox a [Source].
type outboxSource struct{ store *models.OutboxStore }

// NewOutboxSource is the database's outbox as a relay's source.
func NewOutboxSource(store *models.OutboxStore) Source { return outboxSource{store} }

func (s outboxSource) Next(ctx context.Context, limit int, except []string) ([]Event, error) {
	rows, err := s.store.Next(ctx, limit, except...)
	if err != nil {
		return nil, err
	}
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = Event{
			ID: row.ID, Organization: row.OrganizationID, Session: row.SessionID, Name: string(row.Name),
			Key: row.Key, At: int64(row.At), Payload: row.Payload,
		}
	}
	return events, nil
}

func (s outboxSource) Delete(ctx context.Context, ids []string) error {
	return s.store.Delete(ctx, ids)
}

func (s outboxSource) Reject(ctx context.Context, id, reason string) error {
	return s.store.Reject(ctx, id, reason)
}

func (s outboxSource) Wake() <-chan struct{} { return s.store.Wake() }
