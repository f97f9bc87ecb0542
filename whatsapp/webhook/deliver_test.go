package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
)

func TestDeliversInOrderAndWritesTheLedger(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		s.happen("org", 3, keys(2)...) // before there was a webhook
		hook := s.hook("org", r.url())
		events := s.happen("org", 50, keys(5)...)
		r.receives(events)
		s.settles(hook, models.DeliveryDelivered, len(events))
		assert.Len(t, r.requests(), len(events), "each once")

		ledger := s.ledger(hook)
		require.Len(t, ledger, len(events))
		for i, d := range ledger {
			e := events[len(events)-1-i]
			assert.Equal(t, e.ID, d.EventID, "the newest first")
			assert.Equal(t, models.DeliveryDelivered, d.Status)
			assert.Equal(t, 1, d.Attempts)
			assert.Equal(t, 204, d.ResponseStatus)
			assert.Equal(t, e.Key, d.EventKey)
			assert.Equal(t, session, d.SessionID)
			assert.NotZero(t, d.FirstAttemptAt)
			assert.Regexp(t, `^dlv_[0-9A-Z]{26}$`, d.ID)
			assert.Empty(t, d.Error)
		}
		require.Eventually(t, func() bool {
			stored, err := s.service.Get(t.Context(), "org", hook.ID)
			return err == nil && stored.Position == ledger[0].Position
		}, patience, time.Millisecond)
		require.Eventually(t, func() bool {
			lag, err := s.service.Lag(t.Context())
			return err == nil && len(lag) == 1 && lag[hook.ID] == 0
		}, patience, time.Millisecond)
		r.close()
		s.happen("org", 10, keys(20)...)
		require.Eventually(t, func() bool {
			lag, err := s.service.Lag(t.Context())
			return err == nil && lag[hook.ID] > 100
		}, patience, time.Millisecond, "what waits in the log is counted")
	})
}

func TestRequestIsTheContracts(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	s.hook("org", r.url(), func(w *models.NewWebhook) {
		w.CustomHeaders = map[string]string{"X-Tenant": "acme", "User-Agent": "mine"}
	})
	e := s.happen("org", 1, "chat")[0]
	r.receives(s.happen("org", 0))
	r.until(func() bool { return len(r.requests()) == 1 }, "the request")
	request := r.requests()[0]
	body, err := e.Envelope()
	require.NoError(t, err)
	assert.Equal(t, string(body), string(request.body))
	assert.Equal(t, "application/json", request.header.Get("Content-Type"))
	assert.Equal(t, "acme", request.header.Get("X-Tenant"))
	assert.Equal(t, "mine", request.header.Get("User-Agent"), "custom headers come last")
	assert.NotContains(t, request.header, "Idempotency-Key")
	assert.Equal(t, e.ID, request.header.Get("webhook-id"))

	verifier, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(request.body, request.header))

	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	require.NoError(t, err)
	assert.Equal(t, signature(key, request), request.header.Get("webhook-signature"))
}

// signature computes the contract's signature by hand.
func signature(key []byte, request got) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(request.header.Get("webhook-id") + "." + request.header.Get("webhook-timestamp") + "."))
	mac.Write(request.body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestFailuresKeepTheOrderOfTheirChatOnly(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		hook := s.hook("org", r.url())
		r.answers(func(id string, n int, _ http.ResponseWriter, _ *http.Request) int {
			if (id[len(id)-1]+byte(n))%3 == 0 && n < 5 {
				return 500
			}
			return 200
		})
		events := s.happen("org", 40, keys(6)...)
		r.receives(events)
		s.settles(hook, models.DeliveryDelivered, len(events))
		assert.Zero(t, r.repeats())
	})
}

func TestGivesUpAfterThePolicysAttempts(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	hook := s.hook("org", r.url(), attempts(3))
	bad := event("org", "chat", 0)
	r.answers(func(id string, _ int, w http.ResponseWriter, _ *http.Request) int {
		if id == bad.ID {
			http.Error(w, "no\r\nthanks "+strings.Repeat("x", 5000), http.StatusTeapot)
			return -http.StatusTeapot
		}
		return 200
	})
	require.NoError(t, s.log.Append(t.Context(), []eventlog.Event{bad}))
	good := s.happen("org", 2, "chat")
	s.settles(hook, models.DeliveryFailed, 1)
	r.receives(good)
	s.settles(hook, models.DeliveryDelivered, 2)
	tries := 0
	for _, g := range r.requests() {
		if g.id == bad.ID {
			tries++
		}
	}
	assert.Equal(t, 3, tries)
	failed := s.ledger(hook)[2]
	assert.Equal(t, bad.ID, failed.EventID)
	assert.Equal(t, 3, failed.Attempts)
	assert.Equal(t, http.StatusTeapot, failed.ResponseStatus)
	assert.True(t, strings.HasPrefix(failed.Error, "answered 418: no thanks xxx"), failed.Error)
	assert.LessOrEqual(t, len(failed.Error), models.MaxDeliveryError)
	assert.Zero(t, failed.NextAttemptAt)
}
