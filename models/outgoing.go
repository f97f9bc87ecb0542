package models

import (
	"wagateway/models/contract"
	"wagateway/models/fault"
)

// SendMode is whether the caller waits for WhatsApp.
type SendMode string

// The modes, as in the contract's SendResult.mode.
const (
	SendSync  SendMode = "sync"
	SendAsync SendMode = "async"
)

// OutgoingStatus is what became of a send.
type OutgoingStatus string

// The states of a send. Queued becomes sent or failed, once, and stays that.
const (
	OutgoingQueued OutgoingStatus = "queued"
	OutgoingSent   OutgoingStatus = "sent"
	OutgoingFailed OutgoingStatus = "failed"
)

// Outgoing is something a caller asked to send: one intent, one message with one
// id of WhatsApp's, however often it is tried.
type Outgoing struct {
	ID        string // ULID, in the order of asking
	SessionID string
	MessageID int64
	Recipient string // the address it goes to
	Content   []byte // WhatsApp's own encoding
	// MediaHandle is WhatsApp's name of the upload of the message's file, for a
	// channel; "" elsewhere, and while it is not there.
	MediaHandle string
	Mode        SendMode
	Status      OutgoingStatus
	Attempts    int // tries whose outcome is not known
	// ScheduledAt is when it is to be sent, 0: at once; ExpiresAt, when it is given
	// up, 0: never.
	ScheduledAt Millis
	ExpiresAt   Millis
	Failure     Failure  // why it failed
	CreatedAt   Millis   // when it was asked for
	UpdatedAt   Millis   // when its state last changed
	Message     *Message // as it stands
	Replayed    bool     // an earlier send with the same idempotency key
}

// Failure is why a send failed, kept so that a repeat can be answered alike.
type Failure struct {
	Code         fault.Code
	Reason       fault.Reason
	Message      string
	WhatsAppCode int // 0: none
}

// FailureOf keeps what callers may see of an error.
func FailureOf(err error) Failure {
	f := fault.From(err)
	kept := Failure{Code: f.Code(), Reason: f.Reason(), Message: f.Message()}
	if code, ok := f.Details()["code"].(int); ok {
		kept.WhatsAppCode = code
	}
	return kept
}

// Fault makes the error again.
func (f Failure) Fault() *fault.Error {
	err := fault.New(f.Code, f.Reason, f.Message)
	if f.WhatsAppCode != 0 {
		err = err.With("code", f.WhatsAppCode)
	}
	return err
}

// NewOutgoing is a send to store.
type NewOutgoing struct {
	SessionID string
	Mode      SendMode
	Recipient string
	Message   NewMessage // Raw is the content to send
	// IdempotencyKey is the caller's, per organization; "" none. Fingerprint
	// tells one request from another under the same key.
	OrganizationID string
	IdempotencyKey string
	Fingerprint    []byte
	MediaHandle    string // as in [Outgoing]
	ScheduledAt    Millis
	ExpiresAt      Millis
}

// WAMessageID is WhatsApp's id of the message, known before it is sent.
func (o *Outgoing) WAMessageID() string { return o.Message.WAMessageID }

// State is how far the send is, as in the contract's SendResult.status.
func (o *Outgoing) State() string {
	switch {
	case o.Status != OutgoingSent:
		return string(o.Status)
	case o.Message.AckLevel >= AckRead:
		return "read"
	case o.Message.AckLevel == AckDelivered:
		return "delivered"
	default:
		return "sent"
	}
}

// At is when WhatsApp took the message, or when it was queued.
func (o *Outgoing) At() Millis {
	if o.Status == OutgoingSent {
		return o.Message.Timestamp
	}
	return o.CreatedAt
}

// Shape is the send as the contract shows it.
func (o *Outgoing) Shape() contract.SendResult {
	return contract.SendResult{
		MessageID:   o.Message.WAMessageID,
		Mode:        string(o.Mode),
		OutboxID:    o.ID,
		Replayed:    o.Replayed,
		Status:      o.State(),
		Timestamp:   int64(o.At()),
		WAMessageID: o.Message.WAMessageID,
	}
}
