package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"go.mau.fi/whatsmeow"
	"golang.org/x/sync/semaphore"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/mediafile"
)

// Config says how the service works. The zero value talks to the real WhatsApp.
type Config struct {
	// GatewayID names this replica; it is stored with the sessions it holds.
	GatewayID string
	// WhatsAppURL is the websocket address (ws:// or wss://) of a simulated
	// WhatsApp: websocket, media and version traffic all go to its host, and
	// proxies of sessions are not used. "" is the real one.
	WhatsAppURL string
	// RootKey is the public key that certifies the simulated WhatsApp, 32 bytes;
	// nil is the real one's. It is set in a package variable of whatsmeow's, so
	// all services of a process must agree on it.
	RootKey []byte
	// MaxParallelStarts bounds how many sessions connect at the same time; 0 is 32.
	MaxParallelStarts int
	// DeviceName is what a phone shows in its list of linked devices; "" is
	// "WhatsApp gateway".
	DeviceName string
	// Media says where the files of messages are kept.
	Media MediaConfig
	// Timing is for tests; its zero value is right.
	Timing Timing
	// Logger hears of the sessions' lives; nil is silent.
	Logger *slog.Logger
}

const (
	defaultParallelStarts = 32
	defaultDeviceName     = "WhatsApp gateway"
)

// Service keeps the sessions of a process. It is safe for concurrent use.
type Service struct {
	cfg           Config
	db            *models.DB
	log           *slog.Logger
	devices       *deviceStore
	web           *transports
	version       *clientVersion
	starts        *semaphore.Weighted // connecting at the same time
	fullSyncs     *semaphore.Weighted // reading all groups at the same time
	downloadSlots *semaphore.Weighted // getting files at the same time
	uploadSlots   *semaphore.Weighted // bringing files to WhatsApp at the same time
	inspector     *mediafile.Inspector
	historySlots  *semaphore.Weighted // parts of the past in memory at the same time
	tally         tally               // of all sessions
	changes       storeSignal         // stored changes of groups, people and messages
	expiring      storeSignal         // stored sends that expire

	keysPruned atomic.Int64 // when idempotency keys were pruned, in Unix nanoseconds

	// running counts the sessions' owners and the service's own goroutines.
	running sync.WaitGroup
	// life ends when Close has stopped the sessions, or gives up on them.
	life context.Context //nolint:containedctx // the parent of all that outlives a call
	end  context.CancelFunc
	// open ends when Close begins: the service's own goroutines live by it.
	open context.Context //nolint:containedctx // as above
	shut context.CancelFunc

	mu       sync.RWMutex // guards the two below; a leaf
	sessions map[string]*session
	closing  bool
}

// New makes a service over the database and brings whatsmeow's tables in it up
// to date. It connects nothing before [Service.Start] or a command. The database
// must be migrated, and is to be closed after the service.
func New(ctx context.Context, cfg Config, db *models.DB) (*Service, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxParallelStarts <= 0 {
		cfg.MaxParallelStarts = defaultParallelStarts
	}
	if cfg.DeviceName == "" {
		cfg.DeviceName = defaultDeviceName
	}
	cfg.Timing = cfg.Timing.withDefaults()
	cfg.Media = cfg.Media.withDefaults()
	web, err := newTransports(cfg.WhatsAppURL)
	if err != nil {
		return nil, fmt.Errorf("starting the WhatsApp service: %w", err)
	}
	if err := trustRoot(cfg.RootKey); err != nil {
		return nil, fmt.Errorf("starting the WhatsApp service: %w", err)
	}
	if cfg.WhatsAppURL != "" {
		cfg.Logger.WarnContext(ctx, "SIMULATED WhatsApp: nothing reaches the real one", "url", cfg.WhatsAppURL)
	}
	pool, dialect := db.WhatsmeowDB()
	devices, err := openDevices(ctx, pool, dialect, cfg.Logger)
	if err != nil {
		return nil, fmt.Errorf("starting the WhatsApp service: %w", err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	open, shut := context.WithCancel(life)
	return &Service{
		cfg: cfg, db: db, log: cfg.Logger, devices: devices, web: web,
		version:       newClientVersion(web.shared, cfg.Timing, cfg.Logger),
		starts:        semaphore.NewWeighted(int64(cfg.MaxParallelStarts)),
		fullSyncs:     semaphore.NewWeighted(maxFullSyncs),
		downloadSlots: semaphore.NewWeighted(maxDownloads),
		uploadSlots:   semaphore.NewWeighted(maxUploads),
		inspector:     mediafile.New(),
		historySlots:  semaphore.NewWeighted(maxHistories),
		life:          life, end: end, open: open, shut: shut,
		sessions: make(map[string]*session),
	}, nil
}

// trustRoot makes whatsmeow trust another root key than WhatsApp's. This is the
// only place that sets the package variable; it is not written when it is right
// already, so that a further service disturbs no running client.
func trustRoot(key []byte) error {
	if key == nil {
		return nil
	}
	if len(key) != len(whatsmeow.WACertPubKey) {
		return fmt.Errorf("the root key has %d bytes, %d are required", len(key), len(whatsmeow.WACertPubKey))
	}
	if root := [32]byte(key); whatsmeow.WACertPubKey != root {
		whatsmeow.WACertPubKey = root
	}
	return nil
}

// Start resumes the sessions that are wanted, in the background. It returns an
// error only when they cannot be listed.
func (s *Service) Start(ctx context.Context) error {
	all, err := s.db.Sessions.List(ctx, models.SessionFilter{}, models.Page{})
	if err != nil {
		return fmt.Errorf("resuming sessions: %w", err)
	}
	if err := s.interruptBackfills(ctx); err != nil {
		return fmt.Errorf("resuming sessions: %w", err)
	}
	release, err := s.enter()
	if err != nil {
		return err
	}
	if clean, err := s.enter(); err == nil {
		go func() {
			defer clean()
			s.runCleaner(s.open)
		}()
	}
	if ended, err := s.enter(); err == nil {
		go func() {
			defer ended()
			s.runExpiry(s.open)
		}()
	}
	go func() {
		defer release()
		// A version that WhatsApp no longer accepts would cost each session a try.
		s.version.refresh(s.life)
		for i := range all.Items {
			s.resume(&all.Items[i])
		}
	}()
	return nil
}

// resume hands a stored session to an owner, which connects it if it is wanted.
func (s *Service) resume(row *models.Session) {
	if !row.Enabled && (row.Status == models.SessionStopped || row.Status == models.SessionFailed) {
		return
	}
	x, err := s.own(row)
	if err != nil {
		return // closing
	}
	x.post(func(o *owner) { o.resume() })
}

// Close stops all sessions and waits for them until ctx ends. What is wanted
// stays wanted: the next Start resumes it. Closing twice waits again.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.shut()
	owned := make([]*session, 0, len(s.sessions))
	for _, x := range s.sessions {
		owned = append(owned, x)
	}
	s.mu.Unlock()
	for _, x := range owned {
		x.post(func(o *owner) { o.shutDown() })
	}
	stopped := make(chan struct{})
	go func() {
		s.running.Wait()
		close(stopped)
	}()
	// The end of life cuts what is still connected, and bounds the waiting above.
	defer s.end()
	select {
	case <-stopped:
		s.web.close()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopping sessions: %w", ctx.Err())
	}
}

// enter counts a goroutine of the service's, which calls release at its end;
// fault.Unavailable when closing.
func (s *Service) enter() (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, fault.ShuttingDown()
	}
	s.running.Add(1)
	return s.running.Done, nil
}

// own gives the session of a row, with an owner from now on.
func (s *Service) own(row *models.Session) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, fault.ShuttingDown()
	}
	if x := s.sessions[row.ID]; x != nil {
		return x, nil
	}
	x := newSession(s, row)
	s.sessions[row.ID] = x
	s.running.Go(func() { newOwner(x, row).run() })
	return x, nil
}

// disown forgets a session whose owner ends.
func (s *Service) disown(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[x.id] == x {
		delete(s.sessions, x.id)
	}
}

// known gives a session that has an owner, nil when it has none.
func (s *Service) known(sessionID string) *session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sessions[sessionID]
}

// session gives a session with an owner; fault.NotFound when there is no such
// session.
func (s *Service) session(ctx context.Context, sessionID string) (*session, error) {
	if x := s.known(sessionID); x != nil {
		return x, nil
	}
	row, err := s.db.Sessions.Find(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return s.own(row)
}

// live gives the running session for a live act: fault.NotImplemented when it is
// not connected, fault.NotFound when there is no such session.
func (s *Service) live(ctx context.Context, sessionID string) (*session, error) {
	if x := s.known(sessionID); x != nil {
		if !x.connected() {
			return nil, fault.NotConnected()
		}
		return x, nil
	}
	if _, err := s.db.Sessions.Find(ctx, sessionID); err != nil {
		return nil, err
	}
	return nil, fault.NotConnected()
}

// Connected reports whether a session is connected and logged in right now, so
// that live acts work. An unknown session is not.
func (s *Service) Connected(sessionID string) bool {
	x := s.known(sessionID)
	return x != nil && x.connected()
}

// errEnded is the cause of acts on a session whose owner has ended meanwhile.
var errEnded = errors.New("the session has ended")
