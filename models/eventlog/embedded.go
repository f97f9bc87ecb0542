package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
)

// embedded is the log's own server. It can be replaced while connections hold
// on to it: they reconnect to the one of now.
type embedded struct {
	options server.Options
	logger  *slog.Logger
	lock    *flock.Flock // of the folder

	mu      sync.Mutex
	server  *server.Server
	stopped bool
	healed  time.Time // when the server was replaced last
}

// maxPayload is what the server takes as one message: the largest event with
// its headers, and room.
const maxPayload = 4 << 20

// healInterval is how long a replaced server is left alone.
const healInterval = 5 * time.Second

// embed starts the server. Two servers would spoil the files of one folder, so
// it waits for a process that is about to end, and fails when that stays.
func embed(ctx context.Context, config Config) (*embedded, error) {
	if config.Dir == "" {
		return nil, errors.New("the embedded event log needs a folder")
	}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the event log's folder: %w", err)
	}
	lock := flock.New(filepath.Join(config.Dir, "lock"))
	ctx, cancel := context.WithTimeout(ctx, longPatience)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("the event log's folder is in use by another process: %w", err)
	}
	e := &embedded{logger: config.Logger, lock: lock, options: server.Options{
		ServerName: "wagateway", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: config.Dir, SyncAlways: true,
		MaxPayload:        maxPayload,
		JetStreamMaxStore: math.MaxInt64, // the disk and each organization's MaxBytes bound it
	}}
	if err := e.start(); err != nil {
		e.stop()
		return nil, err
	}
	return e, nil
}

func (e *embedded) start() error {
	options := e.options
	srv, err := server.NewServer(&options)
	if err != nil {
		return fmt.Errorf("making the embedded event log: %w", err)
	}
	said := &serverLog{logger: e.logger}
	srv.SetLoggerV2(said, false, false, false)
	srv.Start() // returns when all streams are recovered
	if said.fatal.Load() || !srv.ReadyForConnections(longPatience) {
		srv.Shutdown()
		srv.WaitForShutdown()
		return Down(errors.New("the embedded event log did not start"))
	}
	e.server = srv
	return nil
}

// InProcessConn connects to the server of now: nats.InProcessConnProvider.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server == nil {
		return nil, errors.New("the embedded event log is not running")
	}
	return e.server.InProcessConn()
}

// heal replaces the server when it is silent, has given up JetStream or did not
// start. A stream whose file could not be written, for want of room, answers no
// writer until it is opened anew; none of these comes back by itself.
func (e *embedded) heal(silent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	well := e.server != nil && e.server.JetStreamEnabled() && !silent
	if well || e.stopped || time.Since(e.healed) < healInterval {
		return
	}
	e.logger.LogAttrs(context.Background(), slog.LevelWarn, "restarting the embedded event log: it does not write")
	e.shut()
	if err := e.start(); err != nil {
		e.logger.LogAttrs(context.Background(), slog.LevelError, "restarting the embedded event log failed", slog.Any("error", err))
	}
	e.healed = time.Now()
}

func (e *embedded) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = true
	e.shut()
	_ = e.lock.Close() // nothing is left that it guards
}

func (e *embedded) shut() {
	if e.server == nil {
		return
	}
	e.server.Shutdown()
	e.server.WaitForShutdown()
	e.server = nil
}
