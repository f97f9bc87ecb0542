package models

import "time"

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

// The states of a delivery.
const (
	DeliveryPending   DeliveryStatus = "pending"   // waits for its (next) attempt
	DeliveryDelivered DeliveryStatus = "delivered" // answered with 2xx
	DeliveryFailed    DeliveryStatus = "failed"    // every attempt of the policy failed, or the event is gone
	DeliverySkipped   DeliveryStatus = "skipped"   // the webhook was changed and does not want it any more
)

// Valid reports whether it is one of the four.
func (s DeliveryStatus) Valid() bool {
	switch s {
	case DeliveryPending, DeliveryDelivered, DeliveryFailed, DeliverySkipped:
		return true
	}
	return false
}

// DeliveryRetention is how long settled deliveries stay in the ledger.
const DeliveryRetention = 7 * 24 * time.Hour

// MaxDeliveryError bounds [Delivery.Error] in bytes.
const MaxDeliveryError = 1024

// Delivery is a line of the ledger: what became of one event at one webhook.
type Delivery struct {
	ID             string `gorm:"primaryKey"` // dlv_ + ULID
	WebhookID      string
	EventID        string
	Event          string
	SessionID      string
	EventKey       string // what order is kept by
	EventAt        Millis // when the event happened
	Position       int64  // of the event in the log
	Status         DeliveryStatus
	Attempts       int    // since it was last queued; probes of a failing endpoint do not count
	NextAttemptAt  Millis // while pending; 0: as soon as its turn comes
	ResponseStatus int    // of the last attempt; 0: no answer
	DurationMS     int64  `gorm:"column:duration_ms"` // of the last attempt
	Error          string // of the last attempt: "" when it succeeded; never secret, at most 1 KiB
	FirstAttemptAt Millis // 0: none yet
	LastAttemptAt  Millis
}

// TableName gives the table.
func (Delivery) TableName() string { return "webhook_deliveries" }

// Lane is what order is kept in: one key of one session.
type Lane struct {
	SessionID string
	EventKey  string
}

// PendingLane is a lane with deliveries that wait.
type PendingLane struct {
	Lane
	Count int
	DueAt Millis // when its first delivery may be tried; 0: now
}

// Replay is a part of the log that a webhook gets again.
type Replay struct {
	ID            string `gorm:"primaryKey"` // ULID
	WebhookID     string
	Position      int64  // done up to here
	UntilPosition int64  // the last to look at
	FromAt        Millis // only events from this time on; 0: any
	UntilAt       Millis // only events up to this time; 0: any
	CreatedAt     Millis `gorm:"autoCreateTime:false"`
}

// TableName gives the table.
func (Replay) TableName() string { return "webhook_replays" }
