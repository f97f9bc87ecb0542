package webhook_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/webhook"
)

func TestRedeliverOne(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		hook := s.hook("org", r.url(), attempts(1))
		r.answers(func(string, int, http.ResponseWriter, *http.Request) int { return 500 })
		event := s.happen("org", 1, "chat")[0]
		s.settles(hook, models.DeliveryFailed, 1)
		failed := s.ledger(hook)[0]

		r.answers(nil)
		waiting, err := s.service.Redeliver(t.Context(), "org", hook.ID, failed.ID)
		require.NoError(t, err)
		assert.Equal(t, failed.ID, waiting.ID)
		assert.Equal(t, 500, waiting.ResponseStatus, "what came of it before")
		r.receives([]eventlog.Event{event})
		s.settles(hook, models.DeliveryDelivered, 1)
		delivered := s.ledger(hook)[0]
		assert.Equal(t, failed.ID, delivered.ID)
		assert.Equal(t, 1, delivered.Attempts)
		assert.Equal(t, failed.FirstAttemptAt, delivered.FirstAttemptAt)

		_, err = s.service.Redeliver(t.Context(), "org", hook.ID, failed.ID)
		require.NoError(t, err)
		r.until(func() bool { return len(r.requests()) == 3 }, "one that was delivered comes again")
	})
}

func TestRedeliverFailed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		hook := s.hook("org", r.url(), attempts(1))
		r.answers(func(id string, n int, _ http.ResponseWriter, _ *http.Request) int {
			if n == 1 && id[len(id)-1]%2 == 0 {
				return 500
			}
			return 200
		})
		events := s.happen("org", 20, keys(3)...)
		require.Eventually(t, func() bool { stats := s.service.Stats(); return int(stats.Delivered+stats.Failed) == len(events) }, patience, time.Millisecond)
		failed := int(s.service.Stats().Failed)
		require.Positive(t, failed)
		s.settles(hook, models.DeliveryFailed, failed)

		made, err := s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{OnlyFailed: true, UntilTime: 1})
		require.NoError(t, err)
		assert.Zero(t, made.Queued)
		made, err = s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{OnlyFailed: true, FromEvent: events[0].ID, FromTime: 1})
		require.NoError(t, err)
		assert.Equal(t, failed, made.Queued)
		s.settles(hook, models.DeliveryDelivered, len(events))
		assert.Zero(t, r.repeats())
	})
}

func TestReplayToANewWebhook(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		past := s.happen("org", 60, keys(5)...)
		hook := s.hook("org", r.url())
		made, err := s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{FromEvent: past[10].ID, UntilEvent: past[249].ID})
		require.NoError(t, err)
		require.NotNil(t, made.Replay)
		r.receives(past[10:250])
		s.settles(hook, models.DeliveryDelivered, 240)
		assert.Len(t, r.requests(), 240, "nothing outside of the range")
		require.Eventually(t, func() bool {
			left, err := db.Deliveries.Replays(t.Context(), hook.ID)
			return err == nil && len(left) == 0
		}, patience, time.Millisecond)

		// By time, and while other things happen.
		between := past[100].At
		_, err = s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{UntilTime: models.Millis(between)})
		require.NoError(t, err)
		s.happen("org", 10, "live")
		wanted := 0
		for _, e := range past {
			if e.At <= between {
				wanted++
			}
		}
		r.until(func() bool { return len(r.requests()) == 240+10+wanted }, "the second time")
	})
}

// A replay goes on where it was when the process died.
func TestReplaySurvivesACrash(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	past := s.happen("org", 100, keys(4)...)
	hook := s.hook("org", r.url())
	_, err := s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{})
	require.NoError(t, err)
	for i := range 3 {
		r.until(func() bool { return len(r.accepted()) > 60*(i+1) }, "some")
		s.kill()
		s.run()
	}
	r.receives(past)
	s.settles(hook, models.DeliveryDelivered, len(past))
}

func TestRedeliverRangeRefuses(t *testing.T) {
	t.Parallel()
	s := newStack(t, open(t))
	hook := s.hook("org", "http://127.0.0.1:1/", func(w *models.NewWebhook) { w.Inactive = true })
	theirs := s.happen("other", 1, "chat")[0]
	for name, wanted := range map[string]webhook.Range{
		"negative":  {FromTime: -1},
		"backwards": {FromTime: 5, UntilTime: 4},
		"until":     {UntilTime: -1},
		"unknown":   {FromEvent: "evt_" + strings.Repeat("0", 26)},
		"no id":     {UntilEvent: "x"},
		"another's": {FromEvent: theirs.ID},
	} {
		_, err := s.service.RedeliverRange(t.Context(), "org", hook.ID, wanted)
		assert.Equal(t, fault.Validation, fault.CodeOf(err), name)
	}
	made, err := s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{})
	require.NoError(t, err)
	assert.Nil(t, made.Replay, "there is no event")
	s.happen("org", 1, "chat")
	for range 16 {
		_, err = s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{})
		require.NoError(t, err)
	}
	_, err = s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{})
	assert.Equal(t, fault.Conflict, fault.CodeOf(err))
}

// What the log has no more cannot be delivered again, and the ledger says so.
func TestRedeliverWhatIsGone(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	hook := s.hook("org", r.url())
	r.receives(s.happen("org", 1, "chat"))
	s.settles(hook, models.DeliveryDelivered, 1)
	s.stop()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, log.Close(context.Background())) })
	s.log, s.config.Log = log, log
	s.run()
	_, err = s.service.Redeliver(t.Context(), "org", hook.ID, s.ledger(hook)[0].ID)
	require.NoError(t, err)
	s.settles(hook, models.DeliveryFailed, 1)
	assert.Equal(t, "the event is no longer in the log", s.ledger(hook)[0].Error)
	assert.Len(t, r.requests(), 1)
}

// Ranges that overlap make lines of the ledger wait that wait already. They count
// once: what is counted too often would keep later ranges, and in the end the log,
// from being read.
func TestRangesThatOverlap(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		// What waits at the gate must not be given up meanwhile.
		s, r := newStack(t, db, func(c *webhook.Config) { c.Timing.Timeout = patience }), newReceiver(t)
		past := s.happen("org", 150, keys(10)...)
		hook := s.hook("org", r.url())
		gate := make(chan struct{})
		r.answers(func(_ string, _ int, _ http.ResponseWriter, req *http.Request) int {
			select {
			case <-gate:
			case <-req.Context().Done():
			}
			return 200
		})
		const ranges = 4
		for range ranges {
			_, err := s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{})
			require.NoError(t, err)
		}
		require.Eventually(t, func() bool { return s.service.Stats().Pending >= len(past) }, patience, time.Millisecond)
		close(gate)
		require.Eventually(t, func() bool {
			left, err := db.Deliveries.Replays(t.Context(), hook.ID)
			return err == nil && len(left) == 0
		}, patience, time.Millisecond, "every range is read")
		s.settles(hook, models.DeliveryDelivered, len(past))
		require.Eventually(t, func() bool { return s.service.Stats().Pending == 0 }, patience, time.Millisecond, "nothing waits")
		live := s.happen("org", 1, "chat")
		r.until(func() bool { return r.tried(live[0].ID) }, "what happens now")
	})
}

// The same with more than may wait at once, and a chat that waits for good.
func TestManyRangesThatOverlap(t *testing.T) {
	t.Parallel()
	s, r := newStack(t, open(t)), newReceiver(t)
	past := s.happen("org", 300, keys(10)...)
	hook := s.hook("org", r.url(), func(w *models.NewWebhook) { w.RetryPolicy.DelaySeconds = new(3600) })
	r.answers(func(id string, _ int, _ http.ResponseWriter, _ *http.Request) int {
		if id == past[0].ID {
			return 500
		}
		return 200
	})
	for range 4 {
		_, err := s.service.RedeliverRange(t.Context(), "org", hook.ID, webhook.Range{})
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		left, err := s.db.Deliveries.Replays(t.Context(), hook.ID)
		return err == nil && len(left) == 0
	}, patience, time.Millisecond, "every range is read")
	s.settles(hook, models.DeliveryDelivered, len(past)*9/10)
}
