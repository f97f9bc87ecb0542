// Package fault is the gateway's closed vocabulary of failures.
//
// Every error that a caller may see is an [Error]: a [Code] of the contract, a
// finer [Reason], a sentence that is safe to show, details for programs, and a
// hidden cause for the log. Anything else is an internal error: callers see a
// fixed sentence, the log sees the chain.
package fault

import (
	"errors"
	"maps"
	"time"
)

// Code is the contract's error code, as it stands in REST's error.code and, in
// upper case, in GraphQL's extensions.code.
type Code string

// The contract's codes. There are no others.
const (
	Validation     Code = "validation_error"
	Unauthorized   Code = "unauthorized"
	Forbidden      Code = "forbidden"
	NotFound       Code = "not_found"
	Conflict       Code = "conflict"
	RateLimited    Code = "rate_limited"
	NotImplemented Code = "not_implemented"
	Unavailable    Code = "unavailable"
	Upstream       Code = "upstream_error"
	Internal       Code = "internal"
)

// Codes lists every code, in the contract's order.
func Codes() []Code {
	return []Code{Validation, Unauthorized, Forbidden, NotFound, Conflict, RateLimited, NotImplemented, Unavailable, Upstream, Internal}
}

// InternalMessage is all that a caller learns of an internal error.
const InternalMessage = "internal error"

// Error is one failure of the closed vocabulary. Build it with [New] or one of
// the constructors in reasons.go; values are immutable, the With… methods copy.
type Error struct {
	code       Code
	reason     Reason
	message    string
	details    map[string]any
	retryAfter time.Duration
	cause      error
}

// New makes an error of the given code. message is shown to callers: it must
// hold no secrets, no SQL and no other organization's data.
func New(code Code, reason Reason, message string) *Error {
	return &Error{code: code, reason: reason, message: message}
}

// Error gives the message with the hidden cause: for logs, not for callers.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.message
	}
	return e.message + ": " + e.cause.Error()
}

// Unwrap gives the hidden cause.
func (e *Error) Unwrap() error { return e.cause }

// Code gives the contract's code.
func (e *Error) Code() Code { return e.code }

// Reason gives the finer reason, "" when the code says all.
func (e *Error) Reason() Reason { return e.reason }

// Message gives the sentence for callers.
func (e *Error) Message() string { return e.message }

// Details gives the details for callers, nil when there are none. Do not modify.
func (e *Error) Details() map[string]any { return e.details }

// RetryAfter gives how long a rate-limited caller should wait; 0 when unknown.
func (e *Error) RetryAfter() time.Duration { return e.retryAfter }

// With copies the error with one more detail.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.details = maps.Clone(e.details)
	if c.details == nil {
		c.details = make(map[string]any, 1)
	}
	c.details[key] = value
	return &c
}

// WithRetryAfter copies the error with a time to wait.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := *e
	c.retryAfter = d
	return &c
}

// Because copies the error with its hidden cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// From gives the fault in err's chain. An error that carries none is internal:
// the fixed message outside, err as the hidden cause. From(nil) is nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return New(Internal, "", InternalMessage).Because(err)
}

// CodeOf gives the code of err, Internal when it carries none, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return From(err).Code()
}

// Is reports whether err carries a fault of this code.
func Is(err error, code Code) bool { return CodeOf(err) == code }
