package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"wagateway/models/fault"
)

// Config says where the log is and what it keeps.
type Config struct {
	URL       string        // of an external NATS; "" embeds one in the process
	Dir       string        // of the embedded log's files; required without URL
	Retention time.Duration // how long events are kept; 0 = 7 days
	MaxBytes  int64         // kept per organization, the oldest go first; 0 = only age counts
	Replicas  int           // copies in an external cluster; 0 = 1
	Logger    *slog.Logger  // nil discards
}

// dedupWindow is how long JetStream remembers event ids: repeats within it are
// dropped by the server, in memory of about a hundred bytes per event. Beyond
// it the relay looks into the log itself ([Relay]).
const dedupWindow = 10 * time.Minute

// patience bounds one question to the log whose context has no nearer end.
const patience = 10 * time.Second

// Log is the event log. It is safe for concurrent use.
type Log struct {
	config   Config
	embedded *server.Server // nil with an external log
	conn     *nats.Conn
	js       jetstream.JetStream

	mu      sync.Mutex
	streams map[string]bool // organizations whose stream is there
}

// Open starts the embedded log, or connects to the external one. Close it.
//
// The embedded log syncs every write to the disk before it is acknowledged: an
// outbox row is deleted after the acknowledgement, so it must survive a power
// cut, not only the death of the process.
func Open(ctx context.Context, config Config) (*Log, error) {
	if config.Retention == 0 {
		config.Retention = 7 * 24 * time.Hour
	}
	config.Replicas = max(config.Replicas, 1)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Log{config: config, streams: map[string]bool{}}
	if err := l.connect(ctx); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	return l, nil
}

func (l *Log) connect(ctx context.Context) error {
	options := []nats.Option{
		nats.Name("wagateway event log"),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1), // refuse while away: only what is acknowledged counts as sent
	}
	if l.config.URL == "" {
		if l.config.Dir == "" {
			return errors.New("the embedded event log needs a folder")
		}
		embedded, err := server.NewServer(&server.Options{
			ServerName: "wagateway", DontListen: true, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: l.config.Dir, SyncAlways: true,
			JetStreamMaxStore: math.MaxInt64, // the disk and each organization's MaxBytes bound it
		})
		if err != nil {
			return fmt.Errorf("making the embedded event log: %w", err)
		}
		l.embedded = embedded
		embedded.Start()
		if !embedded.ReadyForConnections(patience) {
			return Down(errors.New("the embedded event log did not start"))
		}
		options = append(options, nats.InProcessServer(embedded))
	}
	conn, err := nats.Connect(l.config.URL, options...)
	if err != nil {
		return Down(fmt.Errorf("connecting to the event log: %w", err))
	}
	l.conn = conn
	if l.js, err = jetstream.New(conn); err != nil {
		return fmt.Errorf("opening JetStream: %w", err)
	}
	if _, err = l.js.AccountInfo(ctx); err != nil {
		return Down(fmt.Errorf("asking for JetStream: %w", err))
	}
	return nil
}

// Close ends subscriptions and stops the embedded log. What was acknowledged is
// on the disk. Close may be called again.
func (l *Log) Close(ctx context.Context) error {
	if l.conn != nil {
		l.conn.Close()
	}
	if l.embedded == nil {
		return nil
	}
	l.embedded.Shutdown()
	stopped := make(chan struct{})
	go func() { l.embedded.WaitForShutdown(); close(stopped) }()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopping the event log: %w", ctx.Err())
	}
}

// Down is the error for a log that does not answer or cannot write.
func Down(cause error) *fault.Error {
	return fault.New(fault.Unavailable, fault.ReasonEventLog, "the event log is not reachable").Because(cause)
}
