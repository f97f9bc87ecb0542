package wasim

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow/store"
)

// Options tune a server. The zero value works.
type Options struct {
	// Logger gets what happens at debug level, and the server's own failures
	// above it. Nil discards everything.
	Logger *slog.Logger
	// CloseGrace is how long a socket stays open behind its last stanza. 0 means
	// 500 ms, which is what whatsmeow needs to read it.
	CloseGrace time.Duration
	// RootSeed fixes the root key and the LIDs; servers with the same seed are
	// interchangeable to a client. Empty means random.
	RootSeed []byte
	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time
	// MinimumRevision is the oldest acceptable client version (its third number);
	// older ones fail with 405. 0 accepts every client.
	MinimumRevision uint32
	// LatestRevision is what the version page shows. 0 means the version that
	// whatsmeow was built with.
	LatestRevision uint32
	// KeepMessages is how many messages and receipts each phone remembers. 0 means 10,000.
	KeepMessages int
	// FirstCodeLife and CodeLife are how long the first and each further QR code
	// of a registration can be scanned. 0 means 60 s and 20 s, whatsmeow's pace.
	FirstCodeLife, CodeLife time.Duration
	// LiveUpdateLife is how long a companion hears of views and reactions in a
	// channel before it has to ask again; whole seconds. 0 means 5 min.
	LiveUpdateLife time.Duration
}

const (
	defaultCloseGrace    = 500 * time.Millisecond
	defaultKeepMessages  = 10_000
	defaultFirstCodeLife = 60 * time.Second
	defaultCodeLife      = 20 * time.Second
)

// ErrClosed is returned once the server is closed.
var ErrClosed = errors.New("simulator closed")

// Server is a simulated WhatsApp. Its methods may be called from any goroutine.
type Server struct {
	options Options
	log     *slog.Logger
	trust   *trust
	faults  *faultTable
	stats   counters
	media   mediaStore
	links   linkTable
	grouped groupedReceipts
	ids     atomic.Uint64

	ctx    context.Context //nolint:containedctx // the life of the server: ends with Close
	cancel context.CancelFunc

	// communities is held while groups are linked, and before any group's lock.
	communities sync.Mutex

	// mu guards the tables below. It is a leaf: nothing is locked while holding it.
	mu            sync.RWMutex
	closed        bool
	phones        map[string]*Phone   // by number
	lids          map[string]*Phone   // by the user part of the LID
	groups        map[string]*group   // by the user part of the JID
	invites       map[string]*group   // by current and revoked code
	channels      map[string]*channel // by the user part of the JID
	calls         map[string]*call    // by id, while they are not over
	registrations map[string]*registration
	conns         map[*conn]struct{}

	running  sync.WaitGroup // every goroutine, and every connection
	listener net.Listener
	http     *http.Server
}

// New makes a server that does not listen yet; phones can be added at once.
func New(o Options) (*Server, error) {
	settleSignalLogger()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.CloseGrace == 0 {
		o.CloseGrace = defaultCloseGrace
	}
	if o.KeepMessages == 0 {
		o.KeepMessages = defaultKeepMessages
	}
	if o.FirstCodeLife == 0 {
		o.FirstCodeLife = defaultFirstCodeLife
	}
	if o.CodeLife == 0 {
		o.CodeLife = defaultCodeLife
	}
	if o.LiveUpdateLife == 0 {
		o.LiveUpdateLife = liveUpdateLife
	}
	if o.LatestRevision == 0 {
		o.LatestRevision = store.GetWAVersion()[2]
	}
	if len(o.RootSeed) == 0 {
		o.RootSeed = randomBytes(32)
	}
	trusted, err := newTrust(o.RootSeed, o.Clock())
	if err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	s := &Server{
		options: o, log: o.Logger, trust: trusted,
		phones: map[string]*Phone{}, lids: map[string]*Phone{}, groups: map[string]*group{}, invites: map[string]*group{},
		channels: map[string]*channel{}, calls: map[string]*call{}, registrations: map[string]*registration{}, conns: map[*conn]struct{}{},
	}
	s.faults = &faultTable{now: o.Clock, acted: &s.stats.faults}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Start listens on addr and serves websocket, media, version page and control
// API there. It returns as soon as the address is bound.
func (s *Server) Start(addr string) error {
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.listener != nil {
		_ = listener.Close()
		if s.closed {
			return ErrClosed
		}
		return errors.New("simulator already started")
	}
	s.listener = listener
	s.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	s.running.Add(1)
	go func(server *http.Server) {
		defer s.running.Done()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("simulator stopped serving", "error", err)
		}
	}(s.http)
	return nil
}

// Close cuts every connection and returns when the last goroutine has ended.
// Closing twice does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	server := s.http
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	var err error
	if server != nil {
		err = server.Close()
	}
	s.running.Wait()
	err = errors.Join(err, s.media.close())
	if err != nil {
		return fmt.Errorf("closing simulator: %w", err)
	}
	return nil
}

// Addr is the bound host:port, empty before Start.
func (s *Server) Addr() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// URL is the websocket address that the gateway is configured with.
func (s *Server) URL() string { return "ws://" + s.Addr() }

// RootKey is what whatsmeow.WACertPubKey must be for clients to trust this server.
func (s *Server) RootKey() [32]byte { return *s.trust.root.Pub }

// RootKeyHex is RootKey in 64 hexadecimal digits.
func (s *Server) RootKeyHex() string { return hex.EncodeToString(s.trust.root.Pub[:]) }

// Transport sends every request to the simulator, whatever host it names. Each
// call makes a transport with connections of its own.
func (s *Server) Transport() http.RoundTripper {
	return &rewriter{addr: s.Addr(), next: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}}
}

type rewriter struct {
	addr string
	next *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (r *rewriter) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Scheme, request.URL.Host = "http", r.addr
	return r.next.RoundTrip(request)
}

// enter counts a unit of work that Close waits for; false when closing.
func (s *Server) enter() (done func(), ok bool) {
	s.mu.RLock() // Close excludes us by the write lock; entering excludes nobody
	defer s.mu.RUnlock()
	if s.closed {
		return nil, false
	}
	s.running.Add(1)
	return s.running.Done, true
}

// spawn runs work in a goroutine that Close waits for; false when closing.
func (s *Server) spawn(work func()) bool {
	done, ok := s.enter()
	if !ok {
		return false
	}
	go func() {
		defer done()
		work()
	}()
	return true
}

// after runs work later, unless the server closes first.
func (s *Server) after(d time.Duration, work func()) {
	s.spawn(func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			work()
		case <-s.ctx.Done():
		}
	})
}

func (s *Server) track(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
}

func (s *Server) untrack(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *Server) now() time.Time  { return s.options.Clock() }
func (s *Server) nowText() string { return unixText(s.now()) }

// nextID makes an id for a stanza of the server.
func (s *Server) nextID() string { return "wasim-" + strconv.FormatUint(s.ids.Add(1), 10) }

// receiptNumber gives each receipt a number of its own.
func (s *Server) receiptNumber() int { return int(s.ids.Add(1)) }
