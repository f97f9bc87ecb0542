package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/oklog/ulid/v2"
	"gorm.io/gorm"
)

// OutboxStore holds the events that are not in the log yet. Stores write them in
// the transaction that stores what they tell of; a relay takes them out, in the
// order in which they were committed for each session.
type OutboxStore struct {
	db   *DB
	wake chan struct{}
}

// eventIDPrefix begins an event's id; a ULID follows.
const eventIDPrefix = "evt_"

// eventColumns are Event's columns.
const eventColumns = "id, organization_id, session_id, name, key, at, payload"

// Add stores events of a session that tell of nothing stored: a QR code, a
// presence. An unknown session is fault.NotFound.
func (s *OutboxStore) Add(ctx context.Context, sessionID string, events ...NewEvent) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error { return s.db.emit(tx, sessionID, events...) })
	return storeError("session", "adding events of session "+sessionID, err)
}

// Next gives up to limit of the oldest events, but none of the organizations that
// are excepted; none when there are none.
func (s *OutboxStore) Next(ctx context.Context, limit int, except ...string) ([]Event, error) {
	query := s.db.read(ctx).Raw("SELECT "+eventColumns+" FROM event_outbox ORDER BY seq LIMIT ?", limit)
	if len(except) > 0 {
		given, err := keys("id", except)
		if err != nil {
			return nil, err
		}
		query = s.db.read(ctx).Raw("SELECT "+eventColumns+" FROM event_outbox WHERE organization_id NOT IN "+s.db.in(text("id"))+" ORDER BY seq LIMIT ?", given, limit)
	}
	rows, err := query.Rows()
	if err != nil {
		return nil, storeError("event", "reading the outbox", err)
	}
	defer func() { _ = rows.Close() }()
	events := make([]Event, 0, limit)
	for rows.Next() {
		var (
			e       Event
			payload string
		)
		if err := rows.Scan(&e.ID, &e.OrganizationID, &e.SessionID, &e.Name, &e.Key, &e.At, &payload); err != nil {
			return nil, storeError("event", "reading the outbox", err)
		}
		e.Payload = json.RawMessage(payload)
		events = append(events, e)
	}
	return events, storeError("event", "reading the outbox", rows.Err())
}

// Delete forgets events that are in the log. Unknown ids are no error.
func (s *OutboxStore) Delete(ctx context.Context, ids []string) error {
	given, err := keys("id", ids)
	if err != nil {
		return err
	}
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.WithContext(deferred(ctx)).Exec("DELETE FROM event_outbox WHERE id IN "+s.db.in(text("id")), given).Error
	})
	return storeError("event", "deleting from the outbox", err)
}

// Reject moves an event aside that the log can never take.
func (s *OutboxStore) Reject(ctx context.Context, id, reason string) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		err := tx.Exec("INSERT INTO event_rejects ("+eventColumns+", reason, rejected_at) SELECT "+eventColumns+
			", CAST(? AS TEXT), CAST(? AS BIGINT) FROM event_outbox WHERE id = ?", reason, Now(), id).Error
		if err != nil {
			return err
		}
		return tx.Exec("DELETE FROM event_outbox WHERE id = ?", id).Error
	})
	return storeError("event", "rejecting an event", err)
}

// Wake holds a token when events were added by this process since the last
// receive. Those of other processes are found by looking now and then.
func (s *OutboxStore) Wake() <-chan struct{} { return s.wake }

// Backlog tells how many events wait, and since when the oldest does; 0 when
// none does.
func (s *OutboxStore) Backlog(ctx context.Context) (events int, oldest Millis, err error) {
	err = s.db.read(ctx).Raw("SELECT COUNT(*), COALESCE(MIN(at), 0) FROM event_outbox").Row().Scan(&events, &oldest)
	return events, oldest, storeError("event", "counting the outbox", err)
}

// added wakes the relay.
func (s *OutboxStore) added() {
	select {
	case s.wake <- struct{}{}:
	default: // already awake
	}
}

// eventRow is an event as a row of [DB.rows].
type eventRow struct {
	Ord     int    `json:"ord"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Key     string `json:"key"`
	Payload string `json:"payload"`
}

func eventRowColumns() []column {
	return []column{bigint("ord"), text("id"), text("name"), text("key"), text("payload")}
}

// emit writes events of a session into the outbox, in the transaction of the
// sessionTx that stores what they tell of. The session's lock makes the order of
// numbers the order of commits.
func (db *DB) emit(tx *gorm.DB, sessionID string, events ...NewEvent) error {
	if len(events) == 0 {
		return nil
	}
	rows := make([]eventRow, len(events))
	for i, e := range events {
		if !slices.Contains(EventNames(), e.Name) {
			return fmt.Errorf("emitting an event: %q is not an event of the contract", e.Name)
		}
		payload, err := json.Marshal(e.Payload)
		if err != nil {
			return fmt.Errorf("encoding event %s: %w", e.Name, err)
		}
		rows[i] = eventRow{Ord: i, ID: eventIDPrefix + ulid.Make().String(), Name: string(e.Name), Key: e.Key, Payload: string(payload)}
	}
	tx = tx.WithContext(deferred(tx.Statement.Context))
	if len(rows) == 1 { // as nearly always: the database need not take JSON in JSON apart
		e := rows[0]
		err := tx.Exec("INSERT INTO event_outbox ("+eventColumns+") SELECT CAST(? AS TEXT), organization_id, id, CAST(? AS TEXT), CAST(? AS TEXT), "+
			"CAST(? AS BIGINT), CAST(? AS TEXT) FROM sessions WHERE id = ?", e.ID, e.Name, e.Key, Now(), e.Payload, sessionID).Error
		if err != nil {
			return fmt.Errorf("writing an event to the outbox: %w", err)
		}
		return nil
	}
	given, err := asRows(rows)
	if err != nil {
		return err
	}
	err = tx.Exec("INSERT INTO event_outbox ("+eventColumns+`)
		SELECT r.id, s.organization_id, s.id, r.name, r.key, CAST(? AS BIGINT), r.payload
		FROM `+db.rows(eventRowColumns()...)+` AS r CROSS JOIN sessions s WHERE s.id = ? ORDER BY r.ord`, Now(), given, sessionID).Error
	if err != nil {
		return fmt.Errorf("writing events to the outbox: %w", err)
	}
	return nil
}
