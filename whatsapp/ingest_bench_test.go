package whatsapp_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"
	"golang.org/x/sync/errgroup"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// backlog is how many messages wait for all sessions together when they connect.
const backlog = 3000

// BenchmarkIngest measures how fast a backlog of messages is taken in, decrypted,
// stored, logged and acknowledged: by bare whatsmeow clients, whose
// handlers store nothing, and by the gateway, on one session and on fifty.
func BenchmarkIngest(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		for _, sessions := range []int{1, 50} {
			b.Run(fmt.Sprintf("%s/sessions=%d", dialect, sessions), func(b *testing.B) {
				var bare float64
				b.Run("baseline", func(b *testing.B) { bare = ingestBare(b, dialect, sessions) })
				b.Run("gateway", func(b *testing.B) {
					rate := ingest(b, dialect, sessions)
					if bare > 0 {
						b.ReportMetric(rate/bare, "rate-ratio")
					}
				})
			})
		}
	}
}

// fill has a friend send the backlog to the phones, which are offline.
func fill(b *testing.B, server *wasim.Server, phones []*wasim.Phone) {
	b.Helper()
	friend, err := server.AddPhone("49151"+fmt.Sprintf("%07d", numbers.Add(1)), "Friend")
	require.NoError(b, err)
	g := &errgroup.Group{}
	for _, phone := range phones {
		g.Go(func() error {
			for i := range backlog / len(phones) {
				if _, err := friend.SendText(b.Context(), phone.JID(), fmt.Sprint("message ", i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(b, g.Wait())
}

func ingestBare(b *testing.B, dialect string, sessions int) (rate float64) {
	b.Helper()
	w := newBareWorld(b, dialect)
	var came atomic.Int64
	all := make(chan struct{}, 1)
	clients, phones := make([]*whatsmeow.Client, sessions), make([]*wasim.Phone, sessions)
	for i := range sessions {
		var err error
		clients[i], phones[i], err = w.pair(b.Context(), i, func(evt any) {
			if _, ok := evt.(*events.Message); ok && came.Add(1)%backlog == 0 {
				all <- struct{}{}
			}
		})
		require.NoError(b, err)
	}
	for b.Loop() {
		b.StopTimer()
		for _, cli := range clients {
			cli.Disconnect()
		}
		fill(b, w.server, phones)
		b.StartTimer()
		started := time.Now()
		for _, cli := range clients {
			require.NoError(b, cli.Connect())
		}
		<-all
		rate = backlog / time.Since(started).Seconds()
		b.ReportMetric(rate, "messages/s")
	}
	return rate
}

func ingest(b *testing.B, dialect string, sessions int) (rate float64) {
	b.Helper()
	w := whatsapptest.NewWorld(b, dialect)
	ids, phones := make([]string, sessions), make([]*wasim.Phone, sessions)
	for i := range sessions {
		session, phone := w.PairedSession(phoneNumber(i), "Somebody")
		ids[i], phones[i] = session.ID, phone
	}
	log := relayed(b, w.DB)
	for b.Loop() {
		b.StopTimer()
		for _, id := range ids {
			_, err := w.Service.StopSession(b.Context(), id)
			require.NoError(b, err)
			w.Wait(id, whatsapptest.Status(models.SessionStopped))
		}
		fill(b, w.WhatsApp, phones)
		wanted := logged(b, log) + backlog
		b.StartTimer()
		started := time.Now()
		for _, id := range ids {
			_, err := w.Service.StartSession(b.Context(), id)
			require.NoError(b, err)
		}
		for look := time.NewTicker(5 * time.Millisecond); logged(b, log) < wanted; <-look.C {
		}
		rate = backlog / time.Since(started).Seconds()
		b.ReportMetric(rate, "messages/s")
	}
	return rate
}

// logged counts the events in the log: nothing but messages happens while it counts.
func logged(b *testing.B, log *eventlog.Log) int {
	b.Helper()
	info, err := log.Info(b.Context(), whatsapptest.Organization)
	require.NoError(b, err)
	return int(info.Events)
}
