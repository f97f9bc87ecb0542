package webhook_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/webhook"
)

func benchStack(b *testing.B, dialect string) (*stack, *receiver) {
	b.Helper()
	s := newStack(b, modelstest.Open(b, dialect), func(c *webhook.Config) { c.Timing = webhook.Timing{} })
	return s, newReceiver(b)
}

// BenchmarkLatency measures the time from an event's place in the log to its
// request, with nothing else going on.
func BenchmarkLatency(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			s, r := benchStack(b, dialect)
			arrived := make(chan struct{}, 1)
			r.answers(func(string, int, http.ResponseWriter, *http.Request) int { arrived <- struct{}{}; return 204 })
			s.hook("org", r.url())
			var times []time.Duration
			for b.Loop() {
				e := event("org", "chat", 1)
				require.NoError(b, s.log.Append(b.Context(), []eventlog.Event{e}))
				began := time.Now()
				<-arrived
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkThroughput measures how many events a second reach one endpoint, and
// ten at once, from what is in the log.
func BenchmarkThroughput(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		for name, endpoints := range map[string]int{"one": 1, "ten": 10} {
			b.Run(dialect+"/"+name, func(b *testing.B) {
				s, r := benchStack(b, dialect)
				var wait sync.WaitGroup
				wait.Add(endpoints * b.N)
				r.answers(func(string, int, http.ResponseWriter, *http.Request) int { wait.Done(); return 204 })
				hooks := make([]*models.Webhook, endpoints)
				for i := range hooks {
					hooks[i] = s.hook("org", r.url(), func(w *models.NewWebhook) { w.Inactive = true })
				}
				events := make([]eventlog.Event, b.N)
				chats := keys(50)
				for i := range events {
					events[i] = event("org", chats[i%len(chats)], i)
				}
				require.NoError(b, s.log.Append(b.Context(), events))
				b.ResetTimer()
				for _, hook := range hooks {
					_, err := s.service.Update(b.Context(), "org", hook.ID, models.WebhookPatch{Active: new(true)})
					require.NoError(b, err)
				}
				wait.Wait()
				b.ReportMetric(float64(endpoints*b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}
