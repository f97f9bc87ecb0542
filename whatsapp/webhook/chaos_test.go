package webhook_test

import (
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
)

// Everything at once: failures of all kinds, an endpoint that comes and goes, a
// process that is killed or stopped, changes of the webhook, and events all the
// while. In the end every event has arrived, in the order of its chat.
func TestChaos(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, r := newStack(t, db), newReceiver(t)
		hook := s.hook("org", r.url(), func(w *models.NewWebhook) { w.RetryPolicy.DelaySeconds = new(5) })
		var calm atomic.Bool
		r.answers(func(_ string, n int, w http.ResponseWriter, req *http.Request) int {
			if calm.Load() || n > 6 {
				return 200
			}
			switch rand.IntN(12) {
			case 0, 1:
				return 500
			case 2:
				w.Header().Set("Retry-After", "0")
				return http.StatusServiceUnavailable
			case 3: // hangs up without an answer
				if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
					_ = conn.Close()
				}
				return -1
			case 4:
				select {
				case <-time.After(30 * time.Millisecond):
				case <-req.Context().Done():
				}
			}
			return 200
		})
		var events []eventlog.Event
		for round := range 12 {
			events = append(events, s.happen("org", 10, keys(8)...)...)
			target := len(r.accepted()) + 20
			r.until(func() bool { return len(r.accepted()) >= target }, "progress")
			switch round % 4 {
			case 0:
				s.kill()
				s.run()
			case 1:
				r.close()
				events = append(events, s.happen("org", 5, keys(8)...)...)
				before := s.service.Stats().Attempts
				require.Eventually(t, func() bool { return s.service.Stats().Attempts > before+8 }, patience, time.Millisecond)
				r.open(r.address)
			case 2:
				_, err := s.service.Update(t.Context(), "org", hook.ID, models.WebhookPatch{Active: new(false)})
				require.NoError(t, err)
				_, err = s.service.Update(t.Context(), "org", hook.ID, models.WebhookPatch{Active: new(true)})
				require.NoError(t, err)
			case 3:
				s.stop()
				s.run()
			}
		}
		calm.Store(true)
		r.receives(events)
		s.settles(hook, models.DeliveryDelivered, len(events))
		assert.Empty(t, pendingOf(s, hook))
		t.Logf("%d events, %d requests, %d repeats", len(events), len(r.requests()), r.repeats())
	})
}

func pendingOf(s *stack, hook *models.Webhook) []models.Delivery {
	list, err := s.service.Deliveries(s.t.Context(), hook.OrganizationID, hook.ID, models.DeliveryFilter{Status: models.DeliveryPending}, models.Page{})
	require.NoError(s.t, err)
	return list.Items
}
