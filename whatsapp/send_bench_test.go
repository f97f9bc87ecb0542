package whatsapp_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// senders is how many callers send at the same time, and sends how many messages
// all of them send.
const (
	senders = 8
	sends   = 400
)

// BenchmarkSend measures how fast eight callers, each in a chat of their own, send
// over one session and wait for WhatsApp's ack: with a bare whatsmeow client, and
// with the gateway, which stores each send, its message and its events.
func BenchmarkSend(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			var bare float64
			b.Run("baseline", func(b *testing.B) { bare = sendBare(b, dialect) })
			b.Run("gateway", func(b *testing.B) {
				rate := sendGateway(b, dialect)
				if bare > 0 {
					b.ReportMetric(rate/bare, "rate-ratio")
				}
			})
		})
	}
}

// sendAll has the callers send, and gives the messages per second. The first
// message to each friend, which makes the encrypted session, is not counted, nor
// is what prepare does before each round.
func sendAll(b *testing.B, friends []types.JID, prepare func(), send func(ctx context.Context, to types.JID) error) (rate float64) {
	b.Helper()
	run := func(each int) {
		g, ctx := errgroup.WithContext(b.Context())
		for _, friend := range friends {
			g.Go(func() error {
				for range each {
					if err := send(ctx, friend); err != nil {
						return err
					}
				}
				return nil
			})
		}
		require.NoError(b, g.Wait())
	}
	prepare()
	run(1)
	for b.Loop() {
		b.StopTimer()
		prepare()
		b.StartTimer()
		started := time.Now()
		run(sends / senders)
		rate = sends / time.Since(started).Seconds()
		b.ReportMetric(rate, "messages/s")
	}
	return rate
}

func benchFriends(b *testing.B, server *wasim.Server) (friends []types.JID) {
	b.Helper()
	for i := range senders {
		friend, err := server.AddPhone(phoneNumber(1000+i), "Friend")
		require.NoError(b, err)
		friends = append(friends, friend.JID())
	}
	return friends
}

func sendBare(b *testing.B, dialect string) float64 {
	b.Helper()
	w := newBareWorld(b, dialect)
	cli, _, err := w.pair(b.Context(), 0, nil)
	require.NoError(b, err)
	cli.UseRetryMessageStore = true // as the gateway does, for phones that ask again
	return sendAll(b, benchFriends(b, w.server), func() {}, func(ctx context.Context, to types.JID) error {
		_, err := cli.SendMessage(ctx, to, &waE2E.Message{Conversation: proto.String("hello")})
		return err
	})
}

func sendGateway(b *testing.B, dialect string) float64 {
	b.Helper()
	w := whatsapptest.NewWorld(b, dialect)
	session, _ := w.PairedSession(phoneNumber(0), "Somebody")
	// The limit is not what is measured: of a bucket that holds one, one is used at most.
	refill := func() {
		for _, limits := range [][2]int{{1, 1}, {1000, 50_000}} {
			row, err := w.Service.UpdateSession(b.Context(), session.ID, whatsapp.SessionSettings{RatePerMin: &limits[0], RatePerHour: &limits[1]})
			require.NoError(b, err)
			session = row
		}
	}
	return sendAll(b, benchFriends(b, w.WhatsApp), refill, func(ctx context.Context, to types.JID) error {
		_, err := w.Service.SendMessage(ctx, session, whatsapp.NewSend{To: to.String(), Text: &whatsapp.TextContent{Text: "hello"}})
		return err
	})
}
