package graph

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"wagateway/models/fault"
)

// The keys of an error's extensions.
const (
	extensionCode       = "code"
	extensionReason     = "reason"
	extensionDetails    = "details"
	extensionRetryAfter = "retryAfter"
)

// presenter turns every error into what callers see: a fault's message with its
// code in upper case, or GraphQL's own error about the request. All else is an
// internal error: a fixed sentence, with the chain in the log.
type presenter struct{ log *slog.Logger }

// present implements [graphql.ErrorPresenterFunc].
func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	var shown *gqlerror.Error
	if !errors.As(err, &shown) {
		shown = gqlerror.WrapPath(graphql.GetPath(ctx), err)
	}
	answer := &gqlerror.Error{Path: shown.Path, Locations: shown.Locations}
	if fc := graphql.GetFieldContext(ctx); fc != nil {
		answer.Path = fc.Path() // of the answer; an argument's error names its own way
	}
	if shown.Err == nil && ownError(ctx, shown) {
		answer.Message, answer.Extensions = shortened(shown.Message), shown.Extensions
		if answer.Extensions[extensionCode] == nil {
			answer.Extensions = map[string]any{extensionCode: codeOf(fault.Validation)}
		}
		return answer
	}
	if shown.Err != nil && readingArguments(ctx) && fault.Is(err, fault.Internal) {
		// Only what the caller sent can be wrong here: a number too large, say.
		answer.Message, answer.Extensions = shortened(shown.Err.Error()), map[string]any{extensionCode: errcode.ValidationFailed}
		return answer
	}
	if ended(ctx, err, context.DeadlineExceeded) {
		err = errTimeout.Because(err)
	}
	f := fault.From(err)
	if f.Code() == fault.Validation && f.Details()["field"] == nil && len(shown.Path) > len(answer.Path) && readingArguments(ctx) {
		f = f.With("field", argumentField(shown.Path[len(answer.Path):])) // a scalar knows only its value
	}
	p.report(ctx, f, answer, err)
	answer.Message, answer.Extensions = f.Message(), extensionsOf(f)
	return answer
}

// maxMessage bounds GraphQL's own messages, in bytes: they quote what the caller
// sent, which may be a whole file.
const maxMessage = 1000

func shortened(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + "…"
}

// ownError reports whether an error without a cause is GraphQL's about the
// request: it has a code, or no field was being executed yet. A field that gave
// what the schema forbids has neither, and is our own mistake.
func ownError(ctx context.Context, err *gqlerror.Error) bool {
	return err.Extensions[extensionCode] != nil || graphql.GetFieldContext(ctx) == nil
}

// errTimeout is what an operation gets that runs out of time.
var errTimeout = fault.New(fault.Unavailable, fault.ReasonTimeout, "the operation took too long")

// ended reports whether an error that says nothing else comes from the end of
// its context. Drivers have words of their own for it.
func ended(ctx context.Context, err, how error) bool {
	return fault.Is(err, fault.Internal) && (errors.Is(err, how) || errors.Is(ctx.Err(), how))
}

// readingArguments reports whether the field's arguments are being read still.
func readingArguments(ctx context.Context) bool {
	fc := graphql.GetFieldContext(ctx)
	return fc != nil && fc.Args == nil && fc.Field.Field != nil && fc.Field.Definition != nil && len(fc.Field.Definition.Arguments) > 0
}

func codeOf(code fault.Code) string { return strings.ToUpper(string(code)) }

func extensionsOf(f *fault.Error) map[string]any {
	extensions := map[string]any{extensionCode: codeOf(f.Code())}
	if f.Reason() != "" {
		extensions[extensionReason] = string(f.Reason())
	}
	if len(f.Details()) > 0 {
		extensions[extensionDetails] = f.Details()
	}
	if wait := f.RetryAfter(); wait > 0 {
		extensions[extensionRetryAfter] = int(math.Ceil(wait.Seconds()))
	}
	return extensions
}

func (p presenter) report(ctx context.Context, f *fault.Error, answer *gqlerror.Error, err error) {
	attributes := []any{
		slog.String("code", string(f.Code())),
		slog.String("path", answer.Path.String()),
		slog.String("request_id", middleware.GetReqID(ctx)),
	}
	switch {
	case ended(ctx, err, context.Canceled):
		p.log.DebugContext(ctx, "caller went away", attributes...)
	case f.Code() == fault.Internal:
		p.log.ErrorContext(ctx, "operation failed", append(attributes, slog.Any("error", err))...)
	case f.Code() == fault.Unavailable, f.Code() == fault.Upstream:
		p.log.WarnContext(ctx, "operation failed", append(attributes, slog.Any("error", err))...)
	default:
		p.log.DebugContext(ctx, "operation refused", attributes...)
	}
}

// recovered implements [graphql.RecoverFunc]: a panic is an internal error, and
// its stack is in the log.
func (p presenter) recovered(ctx context.Context, value any) error {
	p.log.ErrorContext(ctx, "operation panicked", slog.Any("panic", value),
		slog.String("stack", string(debug.Stack())), slog.String("request_id", middleware.GetReqID(ctx)))
	return errPanicked
}

// errPanicked stands for a panic that has been logged.
var errPanicked = fault.New(fault.Internal, "", fault.InternalMessage)
