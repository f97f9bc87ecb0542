package fault

import "time"

// Reason says more exactly than the code what went wrong. Callers see it as
// details.reason (REST) and extensions.reason (GraphQL).
type Reason string

// Reasons in use. Each belongs to the code of the constructor that sets it.
const (
	ReasonNotConnected   Reason = "session_not_connected"
	ReasonNotPaired      Reason = "session_not_paired"
	ReasonAlreadyPaired  Reason = "session_already_paired"
	ReasonQRNotReady     Reason = "qr_not_ready"
	ReasonNotGroupAdmin  Reason = "not_group_admin"
	ReasonNotGroupMember Reason = "not_group_member"
	ReasonInvalidInvite  Reason = "invalid_invite"
	ReasonInvalidJID     Reason = "invalid_jid"
	ReasonInvalidCursor  Reason = "invalid_cursor"
	ReasonCursorExpired  Reason = "cursor_expired"
	ReasonPrivateAddress Reason = "private_address"
	ReasonBodyTooLarge   Reason = "body_too_large"
	ReasonRange          Reason = "range_not_satisfiable"
	ReasonMediaTooLarge  Reason = "media_too_large"
	ReasonMediaType      Reason = "media_type"
	ReasonMediaFetch     Reason = "media_fetch"
	ReasonMediaGone      Reason = "media_gone"
	ReasonCancelled      Reason = "cancelled"
	ReasonDatabase       Reason = "database"
	ReasonEventLog       Reason = "event_log"
	ReasonShuttingDown   Reason = "shutting_down"
	ReasonTimeout        Reason = "timeout"
	ReasonOutcomeUnknown Reason = "outcome_unknown"
	ReasonWhatsApp       Reason = "whatsapp_refused"
	ReasonNoStateKeys    Reason = "app_state_keys_missing"
	ReasonSendUnknown    Reason = "send_outcome_unknown"
	ReasonKeyReused      Reason = "idempotency_key_reused"
	ReasonKeyInFlight    Reason = "idempotency_key_in_flight"
)

// Invalid is a validation error about one field of the input; field is the
// name the caller used, with an index where it is a list ("participants[2]").
func Invalid(field, message string) *Error {
	return New(Validation, "", message).With("field", field)
}

// Missing is the validation error for a required field that is absent or empty.
func Missing(field string) *Error { return Invalid(field, field+" is required") }

// InvalidJID is the validation error for an address that cannot be parsed or is
// of the wrong kind; want says which kind, e.g. "a group JID".
func InvalidJID(field, want string) *Error {
	e := New(Validation, ReasonInvalidJID, field+" must be "+want)
	return e.With("field", field)
}

// MediaTooLarge is the validation error for a file of more than limit bytes, given
// inline or by an address.
func MediaTooLarge(field string, limit int64) *Error {
	return New(Validation, ReasonMediaTooLarge, field+" is too large").With("field", field).With("maxBytes", limit)
}

// MediaType is the validation error for a file that is not what it is said to be,
// or not what its kind of message can hold.
func MediaType(field, message string) *Error {
	return New(Validation, ReasonMediaType, message).With("field", field)
}

// NoSuch is the not-found error for a noun ("session", "group"): the same for
// one that does not exist and one that belongs to another organization.
func NoSuch(noun string) *Error { return New(NotFound, "", noun+" not found") }

// NotConnected is the error of a live operation on a session that is offline.
func NotConnected() *Error {
	return New(NotImplemented, ReasonNotConnected, "session is not connected")
}

// NoCredential is the error for a request without a valid credential. It says
// nothing about why a credential was refused; the cause goes to the log.
func NoCredential(cause error) *Error {
	return New(Unauthorized, "", "a valid credential is required").Because(cause)
}

// Denied is the error for a caller that lacks the capability.
func Denied(message string) *Error { return New(Forbidden, "", message) }

// Limited is the error of a rate limit; after says when to try again.
func Limited(message string, after time.Duration) *Error {
	return New(RateLimited, "", message).WithRetryAfter(after)
}

// DatabaseDown is the error for a database that cannot be reached.
func DatabaseDown(cause error) *Error {
	return New(Unavailable, ReasonDatabase, "the database is not reachable").Because(cause)
}

// ShuttingDown is the error for work refused because the process is stopping.
func ShuttingDown() *Error {
	return New(Unavailable, ReasonShuttingDown, "the gateway is shutting down")
}
