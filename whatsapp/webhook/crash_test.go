package webhook_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/webhook"
)

// The process is killed in the middle of things, again and again.
func TestCrashLosesNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		hook := s.hook("org", r.url())
		r.answers(func(id string, n int, _ http.ResponseWriter, _ *http.Request) int {
			if id[len(id)-1] == 'A' && n < 4 {
				return 503
			}
			return 200
		})
		const crashes = 8
		events := s.happen("org", 40, keys(10)...)
		for i := range crashes {
			r.until(func() bool { return len(r.accepted()) >= 40*(i+1) }, "some events")
			s.kill()
			s.run()
		}
		r.receives(events)
		s.settles(hook, models.DeliveryDelivered, len(events))
		assert.LessOrEqual(t, r.repeats(), crashes*80, "what was not committed, and no more")
	})
}

func TestStoppedInOrderRepeatsNothing(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	hook := s.hook("org", r.url())
	events := s.happen("org", 50, keys(10)...)
	for i := range 5 {
		r.until(func() bool { return len(r.accepted()) >= 80*(i+1) }, "some events")
		s.stop()
		s.run()
	}
	r.receives(events)
	s.settles(hook, models.DeliveryDelivered, len(events))
	assert.Zero(t, r.repeats())
}

// What is delivered beyond an event that hangs is not repeated after a crash.
func TestCrashBehindAHangingChat(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t), func(c *webhook.Config) { c.Timing.Save = time.Hour }), newReceiver(t)
	hook := s.hook("org", r.url())
	stuck := s.happen("none", 1, "stuck")[0]
	stuck.Organization = "org"
	r.answers(func(id string, n int, _ http.ResponseWriter, req *http.Request) int {
		if id == stuck.ID && n == 1 {
			<-req.Context().Done()
			return 500
		}
		return 200
	})
	require.NoError(t, s.log.Append(t.Context(), []eventlog.Event{stuck}))
	events := s.happen("org", 20, keys(5)...)
	s.settles(hook, models.DeliveryDelivered, len(events))
	stored, err := s.service.Get(t.Context(), "org", hook.ID)
	require.NoError(t, err)
	assert.Zero(t, stored.Position, "it waits for the event that hangs")
	s.kill()
	s.run()
	r.receives(append(events, stuck))
	assert.Zero(t, r.repeats())
	s.settles(hook, models.DeliveryDelivered, len(events)+1)
}

// Two replicas: one delivers, and when it dies the other one takes over.
func TestOneReplicaDelivers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		short := func(c *webhook.Config) { c.Timing.Lease, c.GatewayID = 600*time.Millisecond, "one" }
		s, r := newStack(t, db, short), newReceiver(t)
		hook := s.hook("org", r.url())
		require.Eventually(t, func() bool { return s.service.Stats().Endpoints == 1 }, patience, time.Millisecond)
		two := *s
		two.config.GatewayID = "two"
		two.run()
		events := s.happen("org", 20, keys(5)...)
		r.receives(events)
		assert.Zero(t, r.repeats())
		assert.Zero(t, two.service.Stats().Endpoints)

		s.kill()
		events = append(events, s.happen("org", 20, keys(5)...)...)
		r.receives(events)
		assert.Equal(t, 1, two.service.Stats().Endpoints)
		s.settles(hook, models.DeliveryDelivered, len(events))
	})
}

// A changed webhook is heard of by whoever delivers, in another process too.
func TestChangesReachAnotherProcess(t *testing.T) {
	t.Parallel()
	s, old, other := newStack(t, open(t)), newReceiver(t), newReceiver(t)
	hook := s.hook("org", old.url())
	old.receives(s.happen("org", 2, "chat"))
	front := webhook.New(s.config) // never runs
	_, err := front.Update(t.Context(), "org", hook.ID, models.WebhookPatch{URL: new(other.url())})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		s.happen("org", 1, "chat")
		return len(other.requests()) > 0
	}, patience, 20*time.Millisecond)
	require.NoError(t, front.Delete(t.Context(), "org", hook.ID))
	require.Eventually(t, func() bool { return s.service.Stats().Endpoints == 0 }, patience, time.Millisecond)
}
