package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/webhook"
)

func TestAddressesAreChecked(t *testing.T) {
	t.Parallel()
	s := newStack(t, open(t), func(c *webhook.Config) { c.Guard = outbound.New(outbound.Config{}) })
	hook := s.hook("org", "https://example.com/hook")
	for address, reason := range map[string]fault.Reason{
		"": "", "ftp://example.com": "", "https://a:b@example.com": "", "http://127.0.0.1:9/": fault.ReasonPrivateAddress,
		"http://169.254.169.254/": fault.ReasonPrivateAddress, "http://localhost/": fault.ReasonPrivateAddress,
	} {
		_, _, err := s.service.Create(t.Context(), models.NewWebhook{OrganizationID: "org", URL: address})
		assert.Equal(t, fault.Validation, fault.CodeOf(err), address)
		assert.Equal(t, reason, fault.From(err).Reason(), address)
		_, err = s.service.Update(t.Context(), "org", hook.ID, models.WebhookPatch{URL: &address})
		assert.Equal(t, fault.Validation, fault.CodeOf(err), address)
		assert.Equal(t, "url", fault.From(err).Details()["field"], address)
	}
	n, err := s.service.Count(t.Context(), "org")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
}

// Every method answers for another organization's webhook as for one that is not.
func TestScope(t *testing.T) {
	t.Parallel()
	s := newStack(t, open(t))
	hook := s.hook("org", "http://127.0.0.1:1/")
	ctx := t.Context()
	for name, call := range map[string]func(org, id string) error{
		"get": func(org, id string) error { _, err := s.service.Get(ctx, org, id); return err },
		"update": func(org, id string) error {
			_, err := s.service.Update(ctx, org, id, models.WebhookPatch{URL: new("")})
			return err
		},
		"delete":    func(org, id string) error { return s.service.Delete(ctx, org, id) },
		"rotate":    func(org, id string) error { _, err := s.service.RotateSecret(ctx, org, id, ""); return err },
		"test":      func(org, id string) error { _, err := s.service.Test(ctx, org, id); return err },
		"redeliver": func(org, id string) error { _, err := s.service.Redeliver(ctx, org, id, "dlv_x"); return err },
		"range": func(org, id string) error {
			_, err := s.service.RedeliverRange(ctx, org, id, webhook.Range{})
			return err
		},
		"count": func(org, id string) error {
			_, err := s.service.CountDeliveries(ctx, org, id, models.DeliveryFilter{})
			return err
		},
		"deliveries": func(org, id string) error {
			_, err := s.service.Deliveries(ctx, org, id, models.DeliveryFilter{}, models.Page{})
			return err
		},
	} {
		for _, who := range [][2]string{{"other", hook.ID}, {"org", "wh_none"}, {"", hook.ID}} {
			err := call(who[0], who[1])
			assert.Equal(t, fault.NotFound, fault.CodeOf(err), "%s %v", name, who)
		}
	}
	_, err := s.service.Get(ctx, "org", hook.ID)
	require.NoError(t, err)
	list, err := s.service.List(ctx, "other", models.Page{})
	require.NoError(t, err)
	assert.Empty(t, list.Items)
	_, err = s.service.Redeliver(ctx, "org", hook.ID, "dlv_x")
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	_, err = s.service.Deliveries(ctx, "org", hook.ID, models.DeliveryFilter{Status: "x' OR 1=1"}, models.Page{})
	assert.Equal(t, fault.Validation, fault.CodeOf(err))
}

func TestFiltersBySessionAndEvent(t *testing.T) {
	t.Parallel()
	db := open(t)
	s, all, some, none, one := newStack(t, db), newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t)
	own := modelstest.Session(t, db, "org")
	s.hook("org", all.url())
	s.hook("org", some.url(), func(w *models.NewWebhook) { w.Events = []string{"poll.vote", "call"} })
	s.hook("org", none.url(), func(w *models.NewWebhook) { w.Events = []string{} })
	s.hook("org", one.url(), func(w *models.NewWebhook) { w.SessionID = own.ID })
	events := make([]eventlog.Event, 0, 30)
	var votes, owned []eventlog.Event
	for i := range 30 {
		e := event("org", "chat", i)
		if i%5 == 2 {
			e.Session = own.ID
		}
		if i%3 == 1 {
			e.Name = "poll.vote"
			votes = append(votes, e)
		}
		if e.Session == own.ID {
			owned = append(owned, e)
		}
		events = append(events, e)
	}
	require.NoError(t, s.log.Append(t.Context(), events))
	some.receives(votes)
	one.receives(owned)
	all.until(func() bool { return len(all.accepted()) == len(events) }, "all")
	assert.Empty(t, none.requests())
	assert.Len(t, some.requests(), len(votes))
	assert.Len(t, one.requests(), len(owned))
}

func TestChangesTakeEffectAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		// Nothing but the signal can be what tells.
		s, old, other := newStack(t, db, func(c *webhook.Config) { c.Timing.Poll = time.Minute }), newReceiver(t), newReceiver(t)
		hook := s.hook("org", old.url())
		old.receives(s.happen("org", 3, "chat"))
		old.answers(func(string, int, http.ResponseWriter, *http.Request) int { return 500 })
		stuck := s.happen("org", 3, keys(3)...)
		old.until(func() bool { return len(old.requests()) > 6 }, "some attempts")

		_, err := s.service.Update(t.Context(), "org", hook.ID, models.WebhookPatch{URL: new(other.url()), CustomHeaders: &map[string]string{"X-New": "1"}})
		require.NoError(t, err)
		other.receives(stuck)
		assert.Equal(t, "1", other.requests()[0].header.Get("X-New"))

		_, err = s.service.Update(t.Context(), "org", hook.ID, models.WebhookPatch{Active: new(false)})
		require.NoError(t, err)
		require.Eventually(t, func() bool { return s.service.Stats().Endpoints == 0 }, patience, time.Millisecond)
		paused := s.happen("org", 3, keys(3)...)
		_, err = s.service.Update(t.Context(), "org", hook.ID, models.WebhookPatch{Active: new(true)})
		require.NoError(t, err)
		other.receives(append(stuck, paused...))

		require.NoError(t, s.service.Delete(t.Context(), "org", hook.ID))
		require.Eventually(t, func() bool { return s.service.Stats().Endpoints == 0 }, patience, time.Millisecond)
		before := len(other.requests())
		s.happen("org", 3, "chat")
		again := s.hook("org", old.url())
		old.answers(nil)
		last := s.happen("org", 1, "last")
		old.until(func() bool { return old.tried(last[0].ID) }, "the new webhook")
		assert.Len(t, other.requests(), before)
		s.settles(again, models.DeliveryDelivered, 1)
		assert.Len(t, s.ledger(again), 1, "it begins at the end of the log")
	})
}

func TestWhatIsNotWantedAnyMoreIsSkipped(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	hook := s.hook("org", r.url(), func(w *models.NewWebhook) { w.RetryPolicy.DelaySeconds = new(3600) })
	r.answers(func(string, int, http.ResponseWriter, *http.Request) int { return 500 })
	s.happen("org", 4, "chat")
	s.settles(hook, models.DeliveryPending, 4)
	r.answers(nil)
	_, err := s.service.Update(t.Context(), "org", hook.ID, models.WebhookPatch{Events: &[]string{"call"}})
	require.NoError(t, err)
	s.settles(hook, models.DeliverySkipped, 4)
	assert.Len(t, r.requests(), 1)
}

func TestTestEvent(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	hook := s.hook("org", r.url(), func(w *models.NewWebhook) { w.Inactive = true; w.Events = []string{} })
	result, err := s.service.Test(t.Context(), "org", hook.ID)
	require.NoError(t, err)
	assert.True(t, result.Delivered)
	assert.Equal(t, 204, result.ResponseStatus)
	assert.Empty(t, result.Error)
	request := r.requests()[0]
	verifier, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(request.body, request.header))
	var envelope map[string]any
	require.NoError(t, json.Unmarshal(request.body, &envelope))
	assert.Equal(t, "test", envelope["event"])
	assert.Equal(t, result.EventID, envelope["id"])
	assert.Equal(t, map[string]any{}, envelope["payload"])
	assert.Empty(t, s.ledger(hook), "it is not in the ledger")

	r.answers(func(string, int, http.ResponseWriter, *http.Request) int { return 500 })
	result, err = s.service.Test(t.Context(), "org", hook.ID)
	require.NoError(t, err)
	assert.False(t, result.Delivered)
	assert.Equal(t, 500, result.ResponseStatus)
	r.close()
	result, err = s.service.Test(t.Context(), "org", hook.ID)
	require.NoError(t, err)
	assert.Equal(t, "connection refused", result.Error)

	given, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.service.Test(given, "org", hook.ID)
	require.Error(t, err)
}

func TestRotatedSecretsSignTogether(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	hook := s.hook("org", r.url())
	second, err := s.service.RotateSecret(t.Context(), "org", hook.ID, "")
	require.NoError(t, err)
	var last got
	require.Eventually(t, func() bool { // the change is heard of while events come
		s.happen("org", 1, "chat")
		requests := r.requests()
		if len(requests) == 0 {
			return false
		}
		last = requests[len(requests)-1]
		return len(last.header.Get("webhook-signature")) > 60
	}, patience, 10*time.Millisecond)
	for _, key := range []string{secret, second} {
		verifier, err := standardwebhooks.NewWebhook(key)
		require.NoError(t, err)
		assert.NoError(t, verifier.Verify(last.body, last.header))
	}

	// A text that is also base64 verifies both ways.
	plain := "mysecretpassword"
	other := newReceiver(t)
	s.hook("org", other.url(), func(w *models.NewWebhook) { w.Secret = plain })
	other.receives(s.happen("org", 1, "chat"))
	request := other.requests()[0]
	assert.Contains(t, request.header.Get("webhook-signature"), signature([]byte(plain), request))
	verifier, err := standardwebhooks.NewWebhook(plain)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(request.body, request.header))
}
