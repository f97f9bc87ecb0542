package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/singleflight"

	"wagateway/models/fault"
)

// Config says where the log is and what it keeps.
type Config struct {
	URL       string        // of an external NATS, 2.12 or later; "" embeds one in the process
	Dir       string        // of the embedded log's files; required without URL
	Retention time.Duration // how long events are kept; 0 = 7 days
	MaxBytes  int64         // kept per organization, the oldest go first; 0 = only age counts
	Replicas  int           // copies in an external cluster; 0 = 1
	Logger    *slog.Logger  // nil discards
}

// dedupWindow is how long JetStream remembers event ids: repeats within it are
// dropped by the server, in memory of about a hundred bytes per event. The relay
// does not depend on it ([Relay]).
const dedupWindow = 10 * time.Minute

// The log answers in milliseconds or not at all: when the server that was asked
// has died, another has to be asked. A writing may wait for a slow disk.
const (
	patience     = 2 * time.Second // for an answer
	longPatience = 5 * time.Second // for an acknowledgement
)

// Log is the event log. It is safe for concurrent use.
type Log struct {
	config   Config
	embedded *embedded       // nil with an external log
	life     context.Context //nolint:containedctx // the log's own life, which its goroutines and waiting readers share
	end      context.CancelCauseFunc
	running  sync.WaitGroup // the tails

	// Readings have a connection of their own: the server takes what comes over
	// one in turn, so that no writing waits behind a large page.
	write, read *nats.Conn
	js          jetstream.JetStream
	making      singleflight.Group // of streams

	mu      sync.Mutex
	streams map[string]bool // organizations whose stream is there: does it take atomic batches?
	tails   map[string]*tail
	broken  chan struct{} // closed and replaced when the connection for reading is lost
	relays  map[Source]bool
}

// Open starts the embedded log, or connects to the external one. Close it.
//
// The embedded log syncs every write to the disk before it is acknowledged: an
// outbox row is deleted after the acknowledgement, so it must survive a power
// cut, not only the death of the process. An external log that is away is no
// error: everything else begins to work when it comes.
func Open(ctx context.Context, config Config) (*Log, error) {
	if config.Retention == 0 {
		config.Retention = 7 * 24 * time.Hour
	}
	config.Replicas = max(config.Replicas, 1)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Log{
		config: config, streams: map[string]bool{}, tails: map[string]*tail{}, relays: map[Source]bool{},
		broken: make(chan struct{}),
	}
	l.life, l.end = context.WithCancelCause(context.WithoutCancel(ctx))
	if err := l.connect(ctx); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	return l, nil
}

func (l *Log) connect(ctx context.Context) error {
	options := []nats.Option{
		nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectJitter(50*time.Millisecond, 250*time.Millisecond),
		nats.RetryOnFailedConnect(true), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectBufSize(-1), // refuse while away: only what is acknowledged counts as sent
	}
	if l.config.URL == "" {
		var err error
		if l.embedded, err = embed(ctx, l.config); err != nil {
			return err
		}
		options = append(options, nats.InProcessServer(l.embedded))
	}
	var err error
	if l.write, err = nats.Connect(l.config.URL, append(options, nats.Name("wagateway event log, writing"))...); err != nil {
		return Down(fmt.Errorf("connecting to the event log: %w", err))
	}
	l.read, err = nats.Connect(l.config.URL, append(options, nats.Name("wagateway event log, reading"),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { l.breakOff() }),
		nats.ConnectHandler(func(*nats.Conn) { l.pokeAll() }),
		nats.ReconnectHandler(func(*nats.Conn) { l.pokeAll() }))...)
	if err != nil {
		return Down(fmt.Errorf("connecting to the event log: %w", err))
	}
	if l.js, err = jetstream.New(l.write); err != nil {
		return fmt.Errorf("opening JetStream: %w", err)
	}
	return l.inspect(ctx)
}

// inspect says at once what would only show later: a server without JetStream,
// one that is away, one that takes no large events.
func (l *Log) inspect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := l.js.AccountInfo(ctx)
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("opening the event log: %w", err)
	case err != nil && l.embedded != nil:
		return Down(fmt.Errorf("asking for JetStream: %w", err))
	case err != nil:
		l.config.Logger.LogAttrs(ctx, slog.LevelWarn, "the event log is away; going on without it until it comes", slog.Any("error", err))
	case l.write.MaxPayload() < MaxEnvelope+4<<10:
		l.config.Logger.LogAttrs(ctx, slog.LevelWarn, "the event log refuses large events: raise its max_payload",
			slog.Int64("max_payload", l.write.MaxPayload()), slog.Int("needed", MaxEnvelope+4<<10))
	}
	return nil
}

// lost gives a channel that is closed when the connection for reading is lost.
func (l *Log) lost() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

func (l *Log) breakOff() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.broken)
	l.broken = make(chan struct{})
}

func (l *Log) pokeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tails {
		t.suspect.Store(true)
		t.poke()
	}
}

// signalSubject is where gateways that share an external log tell each other
// that an organization has new events.
func signalSubject(organization string) string { return "evtnew." + token(organization) }

// announce tells the readers of an organization, here and in other processes,
// to look.
func (l *Log) announce(organization string) {
	l.mu.Lock()
	t := l.tails[organization]
	l.mu.Unlock()
	if t != nil {
		t.poke()
	}
	if l.embedded == nil {
		_ = l.write.Publish(signalSubject(organization), nil) // lost ones are made up for by looking now and then
	}
}

// listen wakes a tail when another process announces events.
func (l *Log) listen(t *tail) (stop func(), err error) {
	if l.embedded != nil {
		return func() {}, nil
	}
	sub, err := l.read.Subscribe(signalSubject(t.organization), func(*nats.Msg) { t.poke() })
	if err != nil {
		return nil, Down(fmt.Errorf("listening for new events: %w", err))
	}
	return func() { _ = sub.Unsubscribe() }, nil // fails only when the connection is gone
}

// Close ends subscriptions and relays, waits for the log's goroutines and stops
// the embedded log, until ctx ends. What was acknowledged is on the disk. Close
// may be called again.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock() // follow starts no tail after this
	l.end(errors.New("the event log is closed"))
	l.mu.Unlock()
	for _, conn := range []*nats.Conn{l.write, l.read} {
		if conn != nil {
			conn.Close()
		}
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		l.running.Wait()
		if l.embedded != nil {
			l.embedded.stop()
		}
	}()
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
