package whatsapp_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/whatsapptest"
)

// The number of sessions that are paired and connected at once, and how many
// pair at a time.
const (
	manySessions  = 200
	pairingAtOnce = 4
)

// BenchmarkManySessions pairs 200 sessions in one process and keeps them
// connected, then does the same with bare whatsmeow clients on one store. It
// reports the time a pairing takes, the memory a connected one holds (simulator
// included, on both sides), and the ratio of the two.
func BenchmarkManySessions(b *testing.B) {
	var bare float64
	b.Run("baseline", func(b *testing.B) { bare = connectMany(b, bareClients(b)) })
	b.Run("gateway", func(b *testing.B) {
		gateway := connectMany(b, gatewaySessions(b))
		if bare > 0 {
			b.ReportMetric(gateway/bare, "memory-ratio")
		}
	})
}

// connectMany connects one after another number and gives the bytes that each holds.
func connectMany(b *testing.B, connect func(ctx context.Context, number int) error) (perSession float64) {
	b.Helper()
	for b.Loop() {
		before := held()
		started := time.Now()
		g, ctx := errgroup.WithContext(b.Context())
		g.SetLimit(pairingAtOnce)
		for number := range manySessions {
			g.Go(func() error { return connect(ctx, number) })
		}
		require.NoError(b, g.Wait())
		took := time.Since(started)
		perSession = float64(held()-before) / manySessions
		b.ReportMetric(float64(took.Milliseconds())/manySessions, "ms/pairing")
		b.ReportMetric(perSession/1024, "KiB/session")
	}
	return perSession
}

// held gives the bytes that heap and stacks hold after collecting garbage.
func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func phoneNumber(number int) string { return fmt.Sprintf("4915%08d", number) }

// gatewaySessions pairs sessions of the service by QR.
func gatewaySessions(b *testing.B) func(ctx context.Context, number int) error {
	b.Helper()
	w := whatsapptest.NewWorld(b, "sqlite")
	return func(ctx context.Context, number int) error {
		phone, err := w.WhatsApp.AddPhone(phoneNumber(number), "Somebody")
		if err != nil {
			return err
		}
		session, err := w.Service.CreateSession(ctx, whatsapp.NewSession{OrganizationID: whatsapptest.Organization, Start: true})
		if err != nil {
			return err
		}
		updates, err := w.Service.WatchSession(ctx, session.ID)
		if err != nil {
			return err
		}
		scanned := false
		for u := range updates {
			switch {
			case u.Status == models.SessionWorking:
				return nil
			case u.Status == models.SessionFailed:
				return fmt.Errorf("session failed: %s", u.StatusReason)
			case u.QR != nil && !scanned:
				scanned = true
				if err := phone.ScanQR(ctx, u.QR.Code); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	}
}

// bareClients pairs clients of whatsmeow with the same safe options.
func bareClients(b *testing.B) func(ctx context.Context, number int) error {
	b.Helper()
	bare := newBareWorld(b, modelstest.SQLite)
	return func(ctx context.Context, number int) error {
		_, _, err := bare.pair(ctx, number, nil)
		return err
	}
}
