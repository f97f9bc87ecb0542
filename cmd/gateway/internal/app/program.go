package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/whatsapp"
	"wagateway/whatsapp/blob"
	"wagateway/whatsapp/webhook"
)

// Bounds of the HTTP server. There is no bound on a whole answer: streams have
// no end of their own.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// Bounds of a shutdown: requests may finish, sessions say goodbye, what they
// stored last goes to the log. Together they stay below the 30 s after which
// container runtimes kill.
const (
	drainTimeout = 8 * time.Second
	closeTimeout = 12 * time.Second
	relayTimeout = 2 * time.Second
	eventTimeout = 5 * time.Second // for the webhooks' deliveries under way, and for the log
)

// Program is a gateway in this process: a listener, the database, the event log
// with the relay that fills it, the WhatsApp service, the webhooks and the HTTP
// server over them. [Open] makes one, [Program.Serve] lets
// requests in, [Program.Close] ends it; each is called once, by one goroutine.
type Program struct {
	DB       *models.DB
	Events   *eventlog.Log
	WhatsApp *whatsapp.Service
	Webhooks *webhook.Service
	Media    *blob.Store

	folder   *flock.Flock // nil unless SQLite is in the data folder
	relay    *background
	hooks    *background
	relayed  *eventlog.Relay
	settings *config.Config
	logger   *slog.Logger
	listener net.Listener
	server   *http.Server
	served   chan error // the server's end, one value

	// closing ends when Close begins; it belongs to the program, not to a call.
	closing      context.Context //nolint:containedctx // a signal to streams, see endStreams
	startClosing context.CancelFunc
}

// Open takes the address, opens the data folder and the database, brings the
// database up to date and makes the WhatsApp service, which connects nothing
// before [whatsapp.Service.Start]. On an error everything is closed again.
// ctx bounds the opening only.
func Open(ctx context.Context, settings *config.Config, logger *slog.Logger) (_ *Program, err error) {
	p := &Program{settings: settings, logger: logger, served: make(chan error, 1)}
	p.closing, p.startClosing = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			p.Close(context.WithoutCancel(ctx))
		}
	}()
	// First, because a second gateway on the same data must not get any further.
	if p.listener, err = listen(ctx, settings.Addr); err != nil {
		return nil, err
	}
	if p.folder, err = lockFolder(settings); err != nil {
		return nil, err
	}
	if p.DB, err = openDatabase(ctx, settings, logger); err != nil {
		return nil, err
	}
	if err = p.DB.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("migrating the database: %w", err)
	}
	if err = p.openEvents(ctx); err != nil {
		return nil, err
	}
	if p.Media, err = openMedia(ctx, settings, logger); err != nil {
		return nil, err
	}
	p.WhatsApp, err = whatsapp.New(ctx, whatsapp.Config{
		GatewayID:   settings.ID,
		WhatsAppURL: settings.WhatsApp.URL,
		RootKey:     settings.WhatsApp.RootKey,
		Media: whatsapp.MediaConfig{
			Store:        p.Media,
			Guard:        newGuard(settings),
			MaxBytes:     settings.Media.MaxFile,
			AutoDownload: settings.Media.Download,
			Keep:         settings.Media.Keep(),
		},
		Logger: logger,
	}, p.DB)
	if err != nil {
		return nil, err // says what it is about
	}
	return p, nil
}

// listen takes the address.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, listenError(addr, err)
	}
	return listener, nil
}

// listenError says what is wrong with an address. A taken port is the usual
// mistake, so it gets a sentence of its own.
func listenError(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use: another program, or another gateway, listens there", addr)
	}
	return fmt.Errorf("listening: %w", err)
}

// openDatabase opens the data folder and the database, without migrating.
func openDatabase(ctx context.Context, settings *config.Config, logger *slog.Logger) (*models.DB, error) {
	if err := os.MkdirAll(settings.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	secret, err := loadSecret(settings)
	if err != nil {
		return nil, err
	}
	db, err := models.Open(ctx, models.Config{
		URL:     settings.DatabaseURL,
		DataDir: settings.DataDir,
		Secret:  secret,
		Logger:  logger,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return db, nil
}

// URL is where the gateway is reached from this machine, without a slash at the end.
func (p *Program) URL() string {
	return "http://" + reachable(p.listener.Addr().String())
}

// Serve lets requests in. It returns at once; a server that ends before
// [Program.Close] says why on [Program.Failed].
func (p *Program) Serve(guide Guide) error {
	handler, err := p.handler(guide)
	if err != nil {
		return err
	}
	p.server = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(p.logger.Handler(), slog.LevelDebug),
	}
	go func() { p.served <- p.server.Serve(p.listener) }()
	p.logger.Info("gateway ready", slog.String("url", p.URL()), slog.String("gateway_id", p.settings.ID),
		slog.String("database", p.DB.Dialect()))
	return nil
}

// Failed gives the error of a server that ended by itself.
func (p *Program) Failed() <-chan error { return p.served }

// Close shuts down in order: no new requests, open streams end, other requests
// finish within a bound, sessions disconnect and stay wanted, what they stored
// goes to the log, webhooks end, the log and the database close. It blocks until
// then, below 30 s, and joins all that went wrong.
func (p *Program) Close(ctx context.Context) error {
	p.startClosing()
	var errs []error
	switch {
	case p.server != nil:
		drain, cancel := context.WithTimeout(ctx, drainTimeout)
		defer cancel()
		if err := p.server.Shutdown(drain); err != nil {
			errs = append(errs, fmt.Errorf("finishing requests: %w", errors.Join(err, p.server.Close())))
		}
	case p.listener != nil:
		errs = append(errs, p.listener.Close())
	}
	if p.WhatsApp != nil {
		stop, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		if err := p.WhatsApp.Close(stop); err != nil {
			errs = append(errs, fmt.Errorf("stopping sessions: %w", err))
		}
	}
	errs = append(errs, p.closeEvents(ctx))
	if p.Media != nil {
		if err := p.Media.Close(); err != nil {
			errs = append(errs, fmt.Errorf("closing the media store: %w", err))
		}
	}
	if p.DB != nil {
		if err := p.DB.Close(); err != nil {
			errs = append(errs, fmt.Errorf("closing the database: %w", err))
		}
	}
	if p.folder != nil {
		errs = append(errs, p.folder.Close())
	}
	return errors.Join(errs...)
}
