package models

import "wagateway/models/contract"

// CallStatus is how far a call is.
type CallStatus string

// The states of a call. Only ringing and accepted ones go on.
const (
	CallRinging  CallStatus = "ringing"
	CallAccepted CallStatus = "accepted" // on another device of the account: the gateway cannot talk
	CallRejected CallStatus = "rejected"
	CallMissed   CallStatus = "missed" // nobody answered before the caller gave up
	CallEnded    CallStatus = "ended"  // it was accepted, and is over
)

// Over reports whether the call does not go on, for this account at least.
func (s CallStatus) Over() bool { return s != CallRinging && s != CallAccepted }

// CallAction is what happened to a call, as in the contract's Call.action.
type CallAction string

// What happens to calls.
const (
	CallOffer     CallAction = "offer"
	CallAccept    CallAction = "accept"
	CallReject    CallAction = "reject"
	CallTerminate CallAction = "terminate"
)

// after gives what a call becomes by what happened to it, in whatever order that
// is heard of: the end of a call may come before its beginning. "" is a call that
// was not known.
func (s CallStatus) after(action CallAction) CallStatus {
	switch {
	case s == "" && action == CallOffer:
		return CallRinging
	case action == CallAccept && (s == "" || s == CallRinging):
		return CallAccepted
	case action == CallReject && (s == "" || s == CallRinging || s == CallMissed):
		return CallRejected
	case action == CallTerminate && (s == "" || s == CallRinging):
		return CallMissed
	case action == CallTerminate && s == CallAccepted, action == CallAccept && s == CallMissed:
		return CallEnded
	default:
		return s
	}
}

// Call is a call to the account.
type Call struct {
	ID         int64
	SessionID  string
	CallID     string // WhatsApp's id of it
	IdentityID int64  // the caller's
	FromJID    string // the caller, by number where known, else the LID
	FromLID    string // "" unknown
	GroupJID   string // of a group call; "" for one of a person
	Video      bool
	Status     CallStatus
	StartedAt  Millis // when it was offered; when it was first heard of where that is not known
	EndedAt    Millis // 0: it goes on
	UpdatedAt  Millis
}

// CallNews is something that happened to a call.
type CallNews struct {
	CallID   string
	Caller   Person
	GroupJID string // of a group call
	Video    bool   // known of offers only
	Action   CallAction
	At       Millis
}

// Shape is what happened to the call as the contract shows it.
func (c *Call) Shape(action CallAction) contract.Call {
	return contract.Call{Action: string(action), CallID: c.CallID, FromJID: c.FromJID, Video: c.Video}
}

// key is what the events of a call are ordered by: the group, or the person.
func (c *Call) key() string {
	if c.GroupJID != "" {
		return c.GroupJID
	}
	return c.FromJID
}
