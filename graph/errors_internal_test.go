package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/assert"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"wagateway/models/fault"
)

// inField is the context of a field that is being executed.
func inField(ctx context.Context) context.Context {
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{})
}

func TestPresenter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err        error
		message    string
		extensions map[string]any
		logged     string // "" when nothing is worth a line above debug
	}{
		"a fault": {
			fmt.Errorf("loading: %w", fault.NoSuch("session").Because(errors.New("SELECT"))), "session not found",
			map[string]any{"code": "NOT_FOUND"}, "",
		},
		"a fault with all": {
			fault.New(fault.RateLimited, fault.ReasonTimeout, "slower").With("field", "x").WithRetryAfter(1500 * time.Millisecond), "slower",
			map[string]any{"code": "RATE_LIMITED", "reason": "timeout", "details": map[string]any{"field": "x"}, "retryAfter": 2}, "",
		},
		"a secret": {
			errors.New("SELECT password FROM users"), "internal error", map[string]any{"code": "INTERNAL"}, "SELECT password FROM users",
		},
		"in a GraphQL error": {
			gqlerror.Wrap(fault.NotConnected()), "session is not connected",
			map[string]any{"code": "NOT_IMPLEMENTED", "reason": "session_not_connected"}, "",
		},
		"a null where none may be": {
			gqlerror.Errorf("must not be null"), "internal error", map[string]any{"code": "INTERNAL"}, "must not be null",
		},
		"GraphQL's own": {
			&gqlerror.Error{Message: "no such field", Extensions: map[string]any{"code": "GRAPHQL_VALIDATION_FAILED"}}, "no such field",
			map[string]any{"code": "GRAPHQL_VALIDATION_FAILED"}, "",
		},
		"the database is down": {
			fault.DatabaseDown(errors.New("connection refused")), "the database is not reachable",
			map[string]any{"code": "UNAVAILABLE", "reason": "database"}, "connection refused",
		},
		"out of time": {
			fmt.Errorf("asking: %w", context.DeadlineExceeded), "the operation took too long",
			map[string]any{"code": "UNAVAILABLE", "reason": "timeout"}, "deadline",
		},
		"the caller went away": {
			fmt.Errorf("asking: %w", context.Canceled), "internal error", map[string]any{"code": "INTERNAL"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			p := presenter{log: slog.New(slog.NewTextHandler(&log, nil))}
			got := p.present(inField(t.Context()), test.err)
			assert.Equal(t, test.message, got.Message)
			assert.Equal(t, test.extensions, got.Extensions)
			assert.NotContains(t, fmt.Sprint(got), "SELECT")
			if test.logged == "" {
				assert.Empty(t, log.String())
			} else {
				assert.Contains(t, log.String(), test.logged)
			}
		})
	}
	p := presenter{log: slog.New(slog.DiscardHandler)}
	request := p.present(t.Context(), gqlerror.Errorf("provided APQ hash does not match query"))
	assert.Equal(t, "VALIDATION_ERROR", request.Extensions["code"], "an error about the request always has a code")
}

func TestPanicsAreLoggedAndHidden(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := presenter{log: slog.New(slog.NewTextHandler(&log, nil))}
	err := p.recovered(t.Context(), "secret cause")
	assert.Equal(t, "internal error", p.present(inField(t.Context()), err).Message)
	assert.Contains(t, log.String(), "secret cause")
	assert.Contains(t, log.String(), "errors_internal_test.go", "with the stack")
}
