package whatsapp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"

	"wagateway/models/modelstest"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// bareWorld is what the gateway is measured against: clients of whatsmeow alone,
// on one store and with the same safe options, before a simulated WhatsApp.
type bareWorld struct {
	b       *testing.B
	server  *wasim.Server
	devices *sqlstore.Container
	web     *http.Client
}

func newBareWorld(b *testing.B, dialect string) *bareWorld {
	b.Helper()
	whatsapptest.Trust(b)
	server, err := wasim.New(wasim.Options{RootSeed: whatsapptest.RootSeed()})
	require.NoError(b, err)
	require.NoError(b, server.Start("127.0.0.1:0"))
	b.Cleanup(func() { require.NoError(b, server.Close()) })
	pool, name := modelstest.Open(b, dialect).WhatsmeowDB()
	devices := sqlstore.NewWithDB(pool, name, waLog.Noop)
	require.NoError(b, devices.Upgrade(b.Context()))
	return &bareWorld{b: b, server: server, devices: devices, web: &http.Client{Transport: server.Transport()}}
}

// pair adds a phone and pairs a client with it, which is connected then. handle
// hears of its events, unless it is nil.
func (w *bareWorld) pair(ctx context.Context, number int, handle func(any)) (*whatsmeow.Client, *wasim.Phone, error) {
	phone, err := w.server.AddPhone(phoneNumber(number), "Somebody")
	if err != nil {
		return nil, nil, err
	}
	cli := whatsmeow.NewClient(w.devices.NewDevice(), waLog.Noop)
	cli.SetWebsocketHTTPClient(w.web)
	cli.SetPreLoginHTTPClient(w.web)
	cli.SetMediaHTTPClient(w.web)
	cli.SynchronousAck, cli.EnableDecryptedEventBuffer = true, true
	codes, connected := make(chan string, 1), make(chan struct{}, 1)
	cli.AddEventHandler(func(evt any) {
		switch evt := evt.(type) {
		case *events.QR:
			codes <- evt.Codes[0]
		case *events.Connected:
			select {
			case connected <- struct{}{}:
			default: // connected again
			}
		}
		if handle != nil {
			handle(evt)
		}
	})
	w.b.Cleanup(cli.Disconnect)
	if err := cli.Connect(); err != nil {
		return nil, nil, err
	}
	select {
	case code := <-codes:
		if err := phone.ScanQR(ctx, code); err != nil {
			return nil, nil, err
		}
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	select {
	case <-connected:
		return cli, phone, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}
