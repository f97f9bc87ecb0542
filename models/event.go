package models

import (
	"encoding/json"
	"slices"
)

// EventName is what happened, as in the contract's §6.
type EventName string

// The events of the contract.
const (
	EventMessage              EventName = "message"
	EventMessageStatus        EventName = "message.status"
	EventMessageEdited        EventName = "message.edited"
	EventMessageRevoked       EventName = "message.revoked"
	EventMessageReaction      EventName = "message.reaction"
	EventMessageUndecryptable EventName = "message.undecryptable"
	EventPollVote             EventName = "poll.vote"
	EventAuthQR               EventName = "auth.qr"
	EventAuthPairingCode      EventName = "auth.pairing_code"
	EventSessionStatus        EventName = "session.status"
	EventChatUpdated          EventName = "chat.updated"
	EventContactUpdated       EventName = "contact.updated"
	EventGroupUpdated         EventName = "group.updated"
	EventGroupMembers         EventName = "group.members"
	EventPresence             EventName = "presence"
	EventCall                 EventName = "call"
	EventChannelMessage       EventName = "channel.message"
	EventHistorySynced        EventName = "history.synced"
)

// EventNames lists every event, in the contract's order.
func EventNames() []EventName {
	return []EventName{
		EventMessage, EventMessageStatus, EventMessageEdited, EventMessageRevoked, EventMessageReaction,
		EventMessageUndecryptable, EventPollVote, EventAuthQR, EventAuthPairingCode, EventSessionStatus,
		EventChatUpdated, EventContactUpdated, EventGroupUpdated, EventGroupMembers, EventPresence, EventCall,
		EventChannelMessage, EventHistorySynced,
	}
}

// Valid reports whether the contract knows the event.
func (n EventName) Valid() bool { return slices.Contains(EventNames(), n) }

// Event is one event on its way to the log.
type Event struct {
	ID             string // "evt_" and a ULID
	OrganizationID string
	SessionID      string
	Name           EventName
	Key            string // what order is kept by: the chat's address, a group's, or ""
	At             Millis
	Payload        json.RawMessage // the contract's shape
}

// NewEvent is an event before it has a place: [OutboxStore.Add] and emit.
type NewEvent struct {
	Name    EventName
	Key     string
	Payload any // of package contract
}
