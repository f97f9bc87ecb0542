package webhook_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/webhook"
)

// An endpoint leaves the network for a while: what it was sent before it left
// is tried again, what came meanwhile waits in the log, and in the end all has
// arrived, in order.
func TestEndpointDisappearsForAWhile(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r, healthy := newStack(t, db), newReceiver(t), newReceiver(t)
		hook := s.hook("org", r.url(), func(w *models.NewWebhook) { w.RetryPolicy.DelaySeconds = new(20) })
		s.hook("org", healthy.url())
		events := s.happen("org", 5, keys(20)...)
		r.receives(events)
		r.close()

		events = append(events, s.happen("org", 100, keys(20)...)...)
		healthy.receives(events) // nobody waits for the other one
		require.Eventually(t, func() bool { return s.service.Stats().Open == 1 }, patience, time.Millisecond, "the breaker opens")
		stats := s.service.Stats()
		assert.LessOrEqual(t, stats.Held, 200, "memory is bounded")
		assert.Less(t, stats.Pending, 200, "what was not tried waits in the log, not in the ledger")
		require.Eventually(t, func() bool {
			stored, err := s.service.Get(t.Context(), "org", hook.ID)
			return err == nil && stored.FailingSince != 0
		}, patience, time.Millisecond)
		// Some probes fail.
		before := s.service.Stats().Attempts
		require.Eventually(t, func() bool { return s.service.Stats().Attempts > before+5 }, patience, time.Millisecond)
		tried := 0
		for _, d := range s.ledger(hook) {
			if d.Attempts > 0 && d.Status == models.DeliveryPending {
				tried++
				assert.Equal(t, "connection refused", d.Error)
			}
			assert.NotEqual(t, models.DeliveryFailed, d.Status)
		}
		assert.LessOrEqual(t, tried, 12, "only what was under way costs attempts")

		r.open(r.address)
		r.receives(events)
		s.settles(hook, models.DeliveryDelivered, len(events))
		require.Eventually(t, func() bool {
			stored, err := s.service.Get(t.Context(), "org", hook.ID)
			return err == nil && stored.FailingSince == 0 && s.service.Stats().Open == 0
		}, patience, time.Millisecond)
	})
}

// What an endpoint that is down does not take costs no attempts: even with a
// policy of one, only what was tried before the breaker opened is given up.
func TestOutageCostsNoAttempts(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	r.close()
	hook := s.hook("org", r.url(), attempts(1))
	events := s.happen("org", 1, keys(50)...)
	require.Eventually(t, func() bool { return s.service.Stats().Open == 1 }, patience, time.Millisecond)
	before := s.service.Stats().Attempts
	require.Eventually(t, func() bool { return s.service.Stats().Attempts > before+10 }, patience, time.Millisecond)
	r.open(r.address)
	require.Eventually(t, func() bool {
		stats := s.service.Stats()
		return int(stats.Delivered+stats.Failed) == len(events)
	}, patience, time.Millisecond)
	assert.LessOrEqual(t, s.service.Stats().Failed, int64(12))
	s.settles(hook, models.DeliveryPending, 0)
}

// One chat whose events the endpoint refuses holds up nobody else.
func TestPoisonedChatHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	hook := s.hook("org", r.url(), func(w *models.NewWebhook) { w.RetryPolicy.DelaySeconds = new(3600) })
	bad := s.happen("none", 300, "bad")
	poison := map[string]bool{}
	for i := range bad {
		bad[i].Organization, bad[i].ID = "org", event("org", "bad", i).ID
		poison[bad[i].ID] = true
	}
	var healed atomic.Bool
	r.answers(func(id string, _ int, _ http.ResponseWriter, _ *http.Request) int {
		if poison[id] && !healed.Load() {
			return 500
		}
		return 200
	})
	require.NoError(t, s.log.Append(t.Context(), bad))
	good := s.happen("org", 30, keys(3)...)
	r.receives(good)
	s.settles(hook, models.DeliveryPending, len(bad))
	assert.Zero(t, s.service.Stats().Open)
	require.Eventually(t, func() bool {
		stored, err := s.service.Get(t.Context(), "org", hook.ID)
		info, err2 := s.log.Info(t.Context(), "org")
		return err == nil && err2 == nil && stored.Position == int64(info.Last) && s.service.Stats().Held == 0
	}, patience, time.Millisecond, "the position goes on and nothing is held in memory")

	// The policy's hour is cut short by a redelivery of the first.
	healed.Store(true)
	list := s.ledger(hook)
	first := list[len(list)-1]
	require.Equal(t, bad[0].ID, first.EventID)
	_, err := s.service.Redeliver(t.Context(), "org", hook.ID, first.ID)
	require.NoError(t, err)
	r.receives(append(bad, good...))
}

func TestEndpointsAreApart(t *testing.T) {
	t.Parallel()
	const timeout = 4 * time.Second
	s := newStack(t, open(t), func(c *webhook.Config) { c.Timing.Timeout = timeout })
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	hanging, slow, closing, redirecting, healthy := newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t)
	target := newReceiver(t)
	hanging.answers(func(_ string, _ int, _ http.ResponseWriter, req *http.Request) int {
		select {
		case <-release:
		case <-req.Context().Done():
		}
		return 0
	})
	slow.answers(func(_ string, _ int, _ http.ResponseWriter, req *http.Request) int {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-req.Context().Done():
		}
		return 200
	})
	closing.answers(func(_ string, n int, w http.ResponseWriter, _ *http.Request) int {
		if n > 2 {
			return 200
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		assert.NoError(t, err)
		assert.NoError(t, conn.Close())
		return -1
	})
	redirecting.answers(func(_ string, _ int, w http.ResponseWriter, req *http.Request) int {
		http.Redirect(w, req, target.url(), http.StatusPermanentRedirect)
		return -http.StatusPermanentRedirect
	})
	hanged, redirected := s.hook("org", hanging.url()), s.hook("org", redirecting.url(), attempts(2))
	for _, r := range []*receiver{slow, closing, healthy} {
		s.hook("org", r.url())
	}
	events := s.happen("org", 10, keys(4)...)
	began := time.Now()
	healthy.receives(events)
	assert.Less(t, time.Since(began), timeout, "nobody waits for the one that hangs")
	slow.receives(events)
	closing.receives(events)
	s.settles(redirected, models.DeliveryFailed, len(events))
	assert.Empty(t, target.requests(), "redirects are not followed")
	assert.Equal(t, "answered 308", s.ledger(redirected)[0].Error[:12])
	require.Eventually(t, func() bool {
		list := s.ledger(hanged)
		return len(list) > 0 && list[len(list)-1].Error == "no answer in time"
	}, patience, 10*time.Millisecond)
	stored, err := s.service.Get(t.Context(), "org", hanged.ID)
	require.NoError(t, err)
	assert.True(t, stored.Active)
}

func TestGoneDeactivates(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		var gone atomic.Bool
		gone.Store(true)
		r.answers(func(string, int, http.ResponseWriter, *http.Request) int {
			if gone.Load() {
				return http.StatusGone
			}
			return 200
		})
		hook := s.hook("org", r.url())
		events := s.happen("org", 3, "chat")
		stored := hook
		require.Eventually(t, func() bool {
			var err error
			stored, err = s.service.Get(t.Context(), "org", hook.ID)
			return err == nil && !stored.Active
		}, patience, time.Millisecond)
		assert.Equal(t, models.InactiveGone, stored.InactiveReason)
		require.Eventually(t, func() bool { return s.service.Stats().Endpoints == 0 }, patience, time.Millisecond)
		assert.Len(t, r.requests(), 1)

		// Activated, it goes on where it stopped.
		gone.Store(false)
		events = append(events, s.happen("org", 2, "chat")...)
		_, err := s.service.Update(t.Context(), "org", hook.ID, models.WebhookPatch{Active: new(true)})
		require.NoError(t, err)
		r.receives(events)
		s.settles(hook, models.DeliveryDelivered, len(events))
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	s.hook("org", r.url())
	r.answers(func(_ string, n int, w http.ResponseWriter, _ *http.Request) int {
		if n > 1 {
			return 200
		}
		w.Header().Set("Retry-After", "1")
		return http.StatusTooManyRequests
	})
	r.receives(s.happen("org", 1, "chat"))
	requests := r.requests()
	assert.GreaterOrEqual(t, requests[1].at.Sub(requests[0].at), 990*time.Millisecond)
}

// A name that resolves to this machine passes the first check and is refused
// when it is dialled.
func TestPrivateAddressesAreRefusedAtTheDial(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	_, port, err := net.SplitHostPort(r.address)
	require.NoError(t, err)
	hook := s.hook("org", "http://localhost:"+port+"/hook", attempts(2))
	s.stop()
	s.config.Guard = outbound.New(outbound.Config{})
	s.run()
	s.happen("org", 1, "chat")
	s.settles(hook, models.DeliveryFailed, 1)
	assert.Empty(t, r.requests())
	assert.Equal(t, "the address is not public", s.ledger(hook)[0].Error)
	result, err := s.service.Test(t.Context(), "org", hook.ID)
	require.NoError(t, err)
	assert.False(t, result.Delivered)
	assert.Equal(t, "the address is not public", result.Error)
}

// Two hundred at once, a quarter of them hanging and a quarter not there: the
// others get everything, soon.
func TestTwoHundredEndpoints(t *testing.T) {
	t.Parallel()
	s := newStack(t, open(t), func(c *webhook.Config) { // as they are meant, not hurried by so many
		c.Timing = webhook.Timing{CloseWithin: 2 * time.Second}
	})
	const n = 200
	receivers := make([]*receiver, n)
	for i := range receivers {
		r := newReceiver(t)
		switch i % 4 {
		case 0:
			r.answers(func(_ string, _ int, _ http.ResponseWriter, req *http.Request) int { <-req.Context().Done(); return 0 })
		case 1:
			r.close()
		}
		receivers[i] = r
		s.hook(fmt.Sprintf("org%d", i%10), r.url())
	}
	events := map[string][]eventlog.Event{}
	for o := range 10 {
		organization := fmt.Sprintf("org%d", o)
		events[organization] = s.happen(organization, 10, keys(6)...)
	}
	for i, r := range receivers {
		if i%4 >= 2 {
			r.receives(events[fmt.Sprintf("org%d", i%10)])
		}
	}
	stats := s.service.Stats()
	assert.Equal(t, n, stats.Endpoints)
	assert.LessOrEqual(t, stats.Held, n*80)
}

// Retention overtakes an endpoint that is stopped: it goes on with what is kept,
// and says so.
func TestRetentionOvertakesAWebhook(t *testing.T) {
	t.Parallel()
	db, r := open(t), newReceiver(t)
	s := newStack(t, db)
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir(), MaxBytes: 20_000})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, log.Close(context.Background())) })
	s.stop()
	var said bytes.Buffer
	s.log, s.config.Log = log, log
	s.config.Logger = newLogger(&said)
	hook := s.hook("org", r.url())
	events := s.happen("org", 200, "chat")
	info, err := log.Info(t.Context(), "org")
	require.NoError(t, err)
	require.Greater(t, info.First, eventlog.Position(1))
	s.run()
	r.receives(events[info.First-1:])
	stored, err := s.service.Get(t.Context(), "org", hook.ID)
	require.NoError(t, err)
	assert.EqualValues(t, info.First-1, stored.LostEvents)
	assert.NotZero(t, stored.LostAt)
	s.stop()
	assert.Contains(t, said.String(), "events were gone from the log before they were delivered")
}

// The log is another one, as after the loss of its disk: all of it is new.
func TestLogIsReplaced(t *testing.T) {
	t.Parallel()
	db, r := open(t), newReceiver(t)
	s := newStack(t, db)
	hook := s.hook("org", r.url())
	before := s.happen("org", 10, "chat")
	r.receives(before)
	s.settles(hook, models.DeliveryDelivered, 10)
	s.stop()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, log.Close(context.Background())) })
	s.log, s.config.Log = log, log
	after := s.happen("org", 3, "chat")
	s.run()
	r.receives(append(before, after...))
	s.settles(hook, models.DeliveryDelivered, 13)
}

// While the ledger cannot be written, little is delivered, because a crash would
// repeat it; afterwards everything is, once, and in the ledger.
func TestLedgerIsAway(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		hook := s.hook("org", r.url())
		first := s.happen("org", 1, "chat")
		r.receives(first)
		s.settles(hook, models.DeliveryDelivered, 1)
		pool, _ := db.WhatsmeowDB()
		_, err := pool.ExecContext(t.Context(), "ALTER TABLE webhook_deliveries RENAME TO away")
		require.NoError(t, err)
		events := append(first, s.happen("org", 20, keys(20)...)...)
		r.until(func() bool { return len(r.accepted()) > 10 }, "some events")
		before := -1
		require.Eventually(t, func() bool { // until nothing moves any more
			now := len(r.requests())
			still := now == before
			before = now
			return still
		}, patience, 200*time.Millisecond)
		assert.LessOrEqual(t, before, 100)
		assert.LessOrEqual(t, s.service.Stats().Held, 80)

		_, err = pool.ExecContext(t.Context(), "ALTER TABLE away RENAME TO webhook_deliveries")
		require.NoError(t, err)
		r.receives(events)
		s.settles(hook, models.DeliveryDelivered, len(events))
		assert.Zero(t, r.repeats())
	})
}

// In a long outage of a few busy chats nearly everything stays in the log too.
func TestLongOutageOfFewChats(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	r.close()
	hook := s.hook("org", r.url(), func(w *models.NewWebhook) { w.RetryPolicy.DelaySeconds = new(3600) })
	events := s.happen("org", 300, keys(6)...)
	require.Eventually(t, func() bool { return s.service.Stats().Open == 1 }, patience, time.Millisecond)
	before := s.service.Stats().Attempts
	require.Eventually(t, func() bool { return s.service.Stats().Attempts >= before+12 }, patience, time.Millisecond)
	stats := s.service.Stats()
	assert.Less(t, stats.Pending, 500)
	assert.LessOrEqual(t, stats.Held, 80)
	for _, d := range s.ledger(hook) {
		assert.LessOrEqual(t, d.Attempts, 1, "probes cost none")
	}
	r.open(r.address)
	r.receives(events)
}
