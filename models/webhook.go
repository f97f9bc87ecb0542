package models

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
)

// RetryKind says how the time between attempts grows.
type RetryKind string

// The kinds of the contract's retryPolicy.policy.
const (
	RetryConstant    RetryKind = "constant"
	RetryLinear      RetryKind = "linear"
	RetryExponential RetryKind = "exponential"
)

// RetryPolicy says how often and when a delivery is tried.
type RetryPolicy struct {
	Policy       RetryKind `json:"policy"`
	Attempts     int       `json:"attempts"`     // in all, the first included
	DelaySeconds int       `json:"delaySeconds"` // before the second attempt
}

// Why a webhook is inactive, as in Webhook.InactiveReason.
const (
	// InactiveByCaller: somebody said active = false.
	InactiveByCaller = "deactivated"
	// InactiveGone: the endpoint answered 410.
	InactiveGone = "gone"
)

// AllEvents is the one element of the [EventChoice] of every event.
const AllEvents = "*"

// EventChoice says which events a webhook gets: {"*"} is all, also those of
// later versions, an empty one none. It is stored as JSON.
type EventChoice []string

// Has reports whether the event is chosen.
func (c EventChoice) Has(name string) bool {
	return len(c) > 0 && c[0] == AllEvents || slices.Contains(c, name)
}

// Value makes the stored form.
func (c EventChoice) Value() (driver.Value, error) {
	if c == nil {
		return "[]", nil
	}
	b, err := json.Marshal([]string(c))
	if err != nil {
		return nil, fmt.Errorf("encoding chosen events: %w", err)
	}
	return string(b), nil
}

// Scan reads the stored form.
func (c *EventChoice) Scan(value any) error {
	var stored []byte
	switch v := value.(type) {
	case string:
		stored = []byte(v)
	case []byte:
		stored = v
	default:
		return fmt.Errorf("chosen events cannot be read from %T", value)
	}
	*c = EventChoice{}
	if err := json.Unmarshal(stored, (*[]string)(c)); err != nil {
		return fmt.Errorf("decoding chosen events: %w", err)
	}
	return nil
}

// GormDataType tells GORM that the choice is text.
func (EventChoice) GormDataType() string { return "string" }

// Webhook is an endpoint that gets an organization's events. Its secret lives in
// a table that no query of webhooks reads.
type Webhook struct {
	ID             string `gorm:"primaryKey"` // wh_ + ULID
	OrganizationID string
	SessionID      string // "" = every session of the organization
	URL            string `gorm:"column:url"`
	Events         EventChoice
	CustomHeaders  map[string]string `gorm:"-"` // never nil; encrypted at rest
	RetryPolicy    RetryPolicy       `gorm:"embedded;embeddedPrefix:retry_"`
	Active         bool
	InactiveReason string // "" while active
	Revision       int64  // rises with every change that whoever delivers must hear of
	Position       int64  // every event of the log up to here is delivered or in the ledger
	FailingSince   Millis // since when the endpoint as a whole fails; 0: it does not
	LostAt         Millis // when events were last found gone from the log before they were delivered; 0: never
	LostEvents     int64  // how many so far
	LeaseOwner     string // who delivers
	LeaseUntil     Millis // until when nobody else may
	CreatedAt      Millis `gorm:"autoCreateTime:false"`
	UpdatedAt      Millis `gorm:"autoUpdateTime:false"`
}

// Wants reports whether the webhook gets an event of this name and session.
func (w *Webhook) Wants(sessionID, event string) bool {
	return (w.SessionID == "" || w.SessionID == sessionID) && w.Events.Has(event)
}

// webhookRow is a Webhook as it is stored.
type webhookRow struct {
	Webhook       `gorm:"embedded"`
	SealedHeaders []byte
}

// TableName gives the table of [Webhook].
func (webhookRow) TableName() string { return "webhooks" }

func headersPlace(webhookID string) string { return "webhooks.sealed_headers:" + webhookID }

func (db *DB) sealHeaders(webhookID string, headers map[string]string) ([]byte, error) {
	b, err := json.Marshal(headers)
	if err != nil {
		return nil, fmt.Errorf("encoding custom headers: %w", err)
	}
	return db.secrets.seal(headersPlace(webhookID), string(b)), nil
}

// openWebhook makes the Webhook of a row, its headers decrypted.
func (db *DB) openWebhook(row *webhookRow) (*Webhook, error) {
	stored, err := db.secrets.open(headersPlace(row.ID), row.SealedHeaders)
	if err != nil {
		return nil, fmt.Errorf("opening the headers of webhook %s: %w", row.ID, err)
	}
	row.CustomHeaders = map[string]string{}
	if err := json.Unmarshal([]byte(stored), &row.CustomHeaders); err != nil {
		return nil, fmt.Errorf("decoding the headers of webhook %s: %w", row.ID, err)
	}
	return &row.Webhook, nil
}

func (db *DB) openWebhooks(rows []webhookRow) ([]Webhook, error) {
	webhooks := make([]Webhook, len(rows))
	for i := range rows {
		webhook, err := db.openWebhook(&rows[i])
		if err != nil {
			return nil, err
		}
		webhooks[i] = *webhook
	}
	return webhooks, nil
}
