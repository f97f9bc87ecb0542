package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
)

func TestErrorHidesItsCauseFromCallers(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.7:5432: refused")
	err := fault.DatabaseDown(cause)

	assert.Equal(t, fault.Unavailable, err.Code())
	assert.Equal(t, fault.ReasonDatabase, err.Reason())
	assert.NotContains(t, err.Message(), "10.0.0.7")
	assert.Contains(t, err.Error(), "10.0.0.7", "the log sees the cause")
	require.ErrorIs(t, err, cause)
}

func TestWithMethodsCopy(t *testing.T) {
	t.Parallel()
	first := fault.New(fault.Validation, "", "bad")
	second := first.With("field", "a")
	third := second.With("index", 2).WithRetryAfter(time.Second).Because(context.Canceled)

	assert.Nil(t, first.Details())
	assert.Equal(t, map[string]any{"field": "a"}, second.Details())
	assert.Equal(t, map[string]any{"field": "a", "index": 2}, third.Details())
	assert.Zero(t, second.RetryAfter())
	assert.Equal(t, time.Second, third.RetryAfter())
	require.NoError(t, second.Unwrap())
	assert.Equal(t, "bad", second.Error())
}

func TestFrom(t *testing.T) {
	t.Parallel()
	t.Run("finds the fault under wrapping", func(t *testing.T) {
		t.Parallel()
		inner := fault.NoSuch("group")
		assert.Same(t, inner, fault.From(fmt.Errorf("loading: %w", inner)))
	})
	t.Run("makes anything else internal", func(t *testing.T) {
		t.Parallel()
		err := errors.New("pq: secret detail")
		got := fault.From(err)
		assert.Equal(t, fault.Internal, got.Code())
		assert.Equal(t, fault.InternalMessage, got.Message())
		require.ErrorIs(t, got, err)
	})
	t.Run("nil stays nil", func(t *testing.T) {
		t.Parallel()
		assert.Nil(t, fault.From(nil))
		assert.Empty(t, fault.CodeOf(nil))
		assert.False(t, fault.Is(nil, fault.Internal))
	})
}

func TestConstructors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err     *fault.Error
		code    fault.Code
		reason  fault.Reason
		message string
		details map[string]any
	}{
		"invalid":       {fault.Invalid("participants[2]", "participants[2] is odd"), fault.Validation, "", "participants[2] is odd", map[string]any{"field": "participants[2]"}},
		"missing":       {fault.Missing("name"), fault.Validation, "", "name is required", map[string]any{"field": "name"}},
		"invalid JID":   {fault.InvalidJID("groupJid", "a group JID"), fault.Validation, fault.ReasonInvalidJID, "groupJid must be a group JID", map[string]any{"field": "groupJid"}},
		"media size":    {fault.MediaTooLarge("media.url", 5), fault.Validation, fault.ReasonMediaTooLarge, "media.url is too large", map[string]any{"field": "media.url", "maxBytes": int64(5)}},
		"media type":    {fault.MediaType("media.mimetype", "no"), fault.Validation, fault.ReasonMediaType, "no", map[string]any{"field": "media.mimetype"}},
		"no such":       {fault.NoSuch("session"), fault.NotFound, "", "session not found", nil},
		"not connected": {fault.NotConnected(), fault.NotImplemented, fault.ReasonNotConnected, "session is not connected", nil},
		"no credential": {fault.NoCredential(errors.New("revoked")), fault.Unauthorized, "", "a valid credential is required", nil},
		"denied":        {fault.Denied("send is required"), fault.Forbidden, "", "send is required", nil},
		"limited":       {fault.Limited("slow down", time.Minute), fault.RateLimited, "", "slow down", nil},
		"database down": {fault.DatabaseDown(errors.New("x")), fault.Unavailable, fault.ReasonDatabase, "the database is not reachable", nil},
		"shutting down": {fault.ShuttingDown(), fault.Unavailable, fault.ReasonShuttingDown, "the gateway is shutting down", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.code, test.err.Code())
			assert.Equal(t, test.reason, test.err.Reason())
			assert.Equal(t, test.message, test.err.Message())
			assert.Equal(t, test.details, test.err.Details())
			assert.Contains(t, fault.Codes(), test.err.Code())
			assert.True(t, fault.Is(fmt.Errorf("doing: %w", test.err), test.code))
		})
	}
}

func TestCodesAreTheContracts(t *testing.T) {
	t.Parallel()
	seen := map[fault.Code]bool{}
	for _, code := range fault.Codes() {
		assert.False(t, seen[code], "%s stands there twice", code)
		seen[code] = true
		assert.Regexp(t, `^[a-z_]+$`, string(code))
	}
	assert.Len(t, seen, 10)
}
