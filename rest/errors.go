package rest

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"

	"wagateway/models/fault"
)

// Failure is what every error looks like (contract §2).
type Failure struct {
	Error FailureBody `json:"error" required:"true"`
}

// FailureBody says what went wrong. Details is an object, empty when the code
// and the message say all.
type FailureBody struct {
	Code    string         `json:"code" required:"true" enum:"validation_error,unauthorized,forbidden,not_found,conflict,rate_limited,not_implemented,unavailable,upstream_error,internal" description:"What kind of failure; programs decide by this." example:"validation_error"`
	Message string         `json:"message" required:"true" description:"A sentence for people." example:"participants is required"`
	Details map[string]any `json:"details" required:"true" nullable:"false" description:"More for programs: reason, field, and others by the kind of failure. Empty when there is none."`
}

// statuses of the codes (contract §2). A code that is missing here is a bug that
// TestEveryCodeHasAStatus finds.
func statusOf(code fault.Code) int {
	switch code {
	case fault.Validation:
		return http.StatusBadRequest
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.NotImplemented:
		return http.StatusNotImplemented
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Upstream:
		return http.StatusBadGateway
	default:
		return http.StatusInternalServerError
	}
}

// statusOfFault is statusOf with the reasons that have a status of their own.
func statusOfFault(f *fault.Error) int {
	switch f.Reason() {
	case fault.ReasonBodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.ReasonRange:
		return http.StatusRequestedRangeNotSatisfiable
	default:
		return statusOf(f.Code())
	}
}

// presentFault gives the shape of a fault; its reason stands in the details.
func presentFault(f *fault.Error) Failure {
	details := maps.Clone(f.Details())
	if details == nil {
		details = map[string]any{}
	}
	if f.Reason() != "" {
		details["reason"] = string(f.Reason())
	}
	return Failure{Error: FailureBody{Code: string(f.Code()), Message: f.Message(), Details: details}}
}

// fail answers a request with err in the contract's shape and logs what callers
// must not see. It writes nothing that err did not mark as safe to show.
func (a *api) fail(w http.ResponseWriter, r *http.Request, operation string, err error) {
	if errors.Is(err, context.DeadlineExceeded) && fault.Is(err, fault.Internal) {
		err = fault.New(fault.Unavailable, fault.ReasonTimeout, "the operation took too long").Because(err)
	}
	f := fault.From(err)
	a.logFault(r.Context(), operation, f, err)
	if wait := f.RetryAfter(); wait > 0 {
		// Rounded up: a caller that waits exactly this long must not come too early.
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	} else if f.Code() == fault.RateLimited {
		w.Header().Set("Retry-After", "1")
	}
	if f.Code() == fault.Unauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="gateway"`)
	}
	status := statusOfFault(f)
	if _, oddity := errors.AsType[unprocessable](err); oddity {
		status = http.StatusUnprocessableEntity
	}
	writeJSON(w, status, presentFault(f))
}

func (a *api) logFault(ctx context.Context, operation string, f *fault.Error, err error) {
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		a.log.DebugContext(ctx, "caller went away", slog.String("operation", operation))
	case f.Code() == fault.Internal:
		a.log.ErrorContext(ctx, "request failed", slog.String("operation", operation), slog.Any("error", err))
	case f.Code() == fault.Unavailable, f.Code() == fault.Upstream:
		a.log.WarnContext(ctx, "request failed", slog.String("operation", operation), slog.Any("error", err))
	default:
		a.log.DebugContext(ctx, "request refused", slog.String("operation", operation), slog.String("code", string(f.Code())))
	}
}

// recovered turns a panic below the adapter into the contract's internal error.
// Deferred by the adapter; http.ErrAbortHandler goes on, as net/http documents.
func (a *api) recovered(w http.ResponseWriter, r *http.Request, operation string) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
		panic(p)
	}
	a.log.ErrorContext(r.Context(), "request panicked", slog.String("operation", operation),
		slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
	writeJSON(w, http.StatusInternalServerError, presentFault(fault.New(fault.Internal, "", fault.InternalMessage)))
}
