package gen

import (
	"encoding/json"

	"wagateway/models"
)

// Event is one of the event types below, by pointer.
type Event any

// EventHead is what all events have in common.
type EventHead struct {
	ID             string
	Type           models.EventName
	SessionID      string
	OrganizationID string
	Timestamp      models.Millis
	Payload        json.RawMessage // the contract's shape
}

// MessageEvent is a message that is new or has changed.
type MessageEvent struct {
	EventHead
	Message *models.Message // as it was then
}

// MessageStatusEvent is a message of the account's own having come further.
type MessageStatusEvent struct {
	EventHead
	WaMessageID    string
	ChatJID        string
	AckLevel       int
	Status         string
	ParticipantJID string // "" WhatsApp itself
	Error          string
	OutboxID       string
}

// MessageUndecryptableEvent is a message that could not be read.
type MessageUndecryptableEvent struct {
	EventHead
	WaMessageID string
	ChatJID     string
	SenderJID   string
	Reason      string
}

// SessionStatusEvent is a session's new state.
type SessionStatusEvent struct {
	EventHead
	SessionStatus models.SessionStatus
	StatusReason  models.StatusReason
}

// PairingEvent is a code to scan or to type.
type PairingEvent struct {
	EventHead
	Code      string
	ExpiresAt models.Millis
}

// ChatEvent is a chat that changed.
type ChatEvent struct {
	EventHead
	ChatJID     string
	UnreadCount int
}

// GroupEvent is a group that changed, or its members.
type GroupEvent struct {
	EventHead
	GroupJID     string
	MemberAction string // "" the group itself
	MemberJids   []string
}

// ContactEvent is a person of whom something changed.
type ContactEvent struct {
	EventHead
	LID      string
	PhoneJID string
	Name     string
}

// ReactionEvent is somebody's reaction to a message.
type ReactionEvent struct {
	EventHead
	ChatJID     string
	WaMessageID string
	SenderJID   string
	FromMe      bool
	Emoji       string
}

// PollVoteEvent is somebody's vote.
type PollVoteEvent struct {
	EventHead
	ChatJID     string
	WaMessageID string
	VoterJID    string
	Options     []string
}

// PresenceEvent is what somebody is doing.
type PresenceEvent struct {
	EventHead
	ChatJID   string
	SenderJID string
	State     string
}

// CallEvent is a call.
type CallEvent struct {
	EventHead
	CallID  string
	FromJID string
	Action  string
	Video   bool
}

// HistorySyncedEvent is a part of the past that was stored.
type HistorySyncedEvent struct {
	EventHead
	Chats    int
	Messages int
	Progress int
}

// OtherEvent is an event that its payload tells all of.
type OtherEvent struct{ EventHead }

// EventConnection is a page of the log.
type EventConnection struct {
	Nodes    []Event
	PageInfo *PageInfo
	Edges    []*EventEdge
}

// EventEdge is an event with its cursor, the event's id.
type EventEdge struct {
	Cursor string
	Node   Event
}
