package whatsapp_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/webhook"
	"wagateway/whatsapp/whatsapptest"
)

// BenchmarkInboundToWebhook measures the time from a friend's phone sending a
// message until the webhook's endpoint has it: through a bare whatsmeow client
// that posts at once, and through the gateway, which has stored, logged and
// signed it by then. One message is under way at a time.
func BenchmarkInboundToWebhook(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			var bare time.Duration
			b.Run("baseline", func(b *testing.B) {
				arrived, url := endpoint(b)
				w := newBareWorld(b, dialect)
				_, phone, err := w.pair(b.Context(), 1, func(evt any) {
					if m, ok := evt.(*events.Message); ok {
						answer, err := http.Post(url, "text/plain", bytes.NewBufferString(m.Message.GetConversation()))
						if err == nil {
							_ = answer.Body.Close()
						}
					}
				})
				require.NoError(b, err)
				bare = deliver(b, w.server, phone, arrived)
			})
			b.Run("gateway", func(b *testing.B) {
				arrived, url := endpoint(b)
				w := whatsapptest.NewWorld(b, dialect)
				session, phone := w.PairedSession(phoneNumber(1), "Somebody")
				deliverTo(b, w.DB, session.OrganizationID, url)
				if p50 := deliver(b, w.WhatsApp, phone, arrived); bare > 0 {
					b.ReportMetric(float64(bare)/float64(p50), "latency-ratio")
				}
			})
		})
	}
}

// endpoint is a webhook's receiver, which tells of every request.
func endpoint(b *testing.B) (arrived <-chan struct{}, url string) {
	b.Helper()
	requests := make(chan struct{}, 16)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests <- struct{}{} }))
	b.Cleanup(server.Close)
	return requests, server.URL
}

// deliverTo runs what brings events from the database to a webhook.
func deliverTo(b *testing.B, db *models.DB, organization, url string) {
	b.Helper()
	log := relayed(b, db)
	hooks := webhook.New(webhook.Config{DB: db, Log: log, Guard: outbound.New(outbound.Config{AllowPrivate: true})})
	running(b, hooks.Run)
	_, _, err := hooks.Create(b.Context(), models.NewWebhook{
		OrganizationID: organization, URL: url, Events: []string{string(models.EventMessage)},
	})
	require.NoError(b, err)
}

// relayed opens a log that gets all events of the database.
func relayed(b *testing.B, db *models.DB) *eventlog.Log {
	b.Helper()
	log, err := eventlog.Open(b.Context(), eventlog.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, log.Close(context.Background())) })
	running(b, eventlog.NewRelay(eventlog.NewOutboxSource(db.Outbox), log).Run)
	return log
}

// running runs something until the benchmark ends.
func running(b *testing.B, run func(context.Context) error) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = run(ctx)
	}()
	b.Cleanup(func() {
		cancel()
		<-done
	})
}

// deliver sends one message after the other and gives the middle latency.
func deliver(b *testing.B, server *wasim.Server, phone *wasim.Phone, arrived <-chan struct{}) (p50 time.Duration) {
	b.Helper()
	friend, err := server.AddPhone(fmt.Sprintf("49152%07d", numbers.Add(1)), "Friend")
	require.NoError(b, err)
	send := func(i int) time.Duration {
		started := time.Now()
		_, err := friend.SendText(b.Context(), phone.JID(), fmt.Sprint("message ", i))
		require.NoError(b, err)
		<-arrived
		return time.Since(started)
	}
	for i := range 50 { // sessions, connections and statements are made
		send(i)
	}
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		took = append(took, send(i))
	}
	slices.Sort(took)
	p50 = took[len(took)/2]
	b.ReportMetric(float64(p50.Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	return p50
}
