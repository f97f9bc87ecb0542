package whatsapp

import (
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
)

// PhoneState is whether the account's own phone is reachable for WhatsApp.
type PhoneState string

// The states of a phone. A phone that is offline keeps nobody from sending and
// receiving, but WhatsApp logs its devices out after about two weeks.
const (
	PhoneUnknown PhoneState = "unknown" // not asked yet
	PhoneOnline  PhoneState = "yes"
	PhoneOffline PhoneState = "no"
)

// SessionHealth is what a session has done since the process started. Times are
// 0 when it never was.
type SessionHealth struct {
	// Received counts what WhatsApp delivered and was to be stored. Of these, as
	// many were stored, were there already, or failed and are delivered again; the
	// rest is under way.
	Received, Stored, Duplicates, Failed uint64

	LastReceivedAt  models.Millis // anything at all from WhatsApp, on this connection or one before
	LastRoundTripAt models.Millis // when WhatsApp last answered a question that looks for silence
	PhoneSeenAt     models.Millis // when the phone last did, or answered, something
	Phone           PhoneState
}

// Health tells how a session does. A session that this process does not hold has
// the zero counters and an unknown phone.
func (s *Service) Health(sessionID string) SessionHealth {
	if x := s.known(sessionID); x != nil {
		return x.health.read()
	}
	return SessionHealth{Phone: PhoneUnknown}
}

// Stats is what all sessions together have done since the process started,
// deleted ones included, and how they are now.
type Stats struct {
	Received, Stored, Duplicates, Failed uint64 // as of [SessionHealth]

	Sent, SendFailed uint64 // sends that came to an end

	Held, Connected int                // sessions
	Phones          map[PhoneState]int // sessions by the state of their phone
}

// Stats gives the numbers of now, for metrics.
func (s *Service) Stats() Stats {
	received, stored, duplicates, failed := s.tally.read()
	stats := Stats{
		Received: received, Stored: stored, Duplicates: duplicates, Failed: failed,
		Sent: s.tally.sent.Load(), SendFailed: s.tally.sendFailed.Load(), Phones: make(map[PhoneState]int, 3),
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, x := range s.sessions {
		stats.Held++
		if x.connected() {
			stats.Connected++
		}
		stats.Phones[x.health.read().Phone]++
	}
	return stats
}

// tally counts. It is safe for concurrent use.
type tally struct {
	received, taken, duplicates, failed atomic.Uint64
	sent, sendFailed                    atomic.Uint64 // of the service's only
}

func (t *tally) read() (received, stored, duplicates, failed uint64) {
	taken, failed := t.taken.Load(), t.failed.Load()
	duplicates = min(t.duplicates.Load(), taken) // one may be counted, but not taken yet
	return t.received.Load(), taken - duplicates, duplicates, failed
}

// count adds one to a counter of the session and of the service.
func (x *session) count(counter func(*tally) *atomic.Uint64) {
	counter(&x.health.tally).Add(1)
	counter(&x.service.tally).Add(1)
}

func received(t *tally) *atomic.Uint64   { return &t.received }
func taken(t *tally) *atomic.Uint64      { return &t.taken }
func duplicates(t *tally) *atomic.Uint64 { return &t.duplicates }
func failed(t *tally) *atomic.Uint64     { return &t.failed }

// settled counts a send that came to an end.
func (t *tally) settled(ok bool) {
	if ok {
		t.sent.Add(1)
	} else {
		t.sendFailed.Add(1)
	}
}

// health is a session's own record of how it does. The zero value is ready, and
// safe for concurrent use.
type health struct {
	tally

	lastReceived, lastRoundTrip atomic.Int64 // epoch milliseconds

	mu       sync.Mutex
	question string    // the id of the last question to the phone
	asked    time.Time // when that was; zero: never
	seen     time.Time // the phone's last sign of life
	phone    PhoneState
}

func (h *health) read() SessionHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	received, stored, duplicates, failed := h.tally.read()
	state := h.phone
	if state == "" {
		state = PhoneUnknown
	}
	return SessionHealth{
		Received: received, Stored: stored, Duplicates: duplicates, Failed: failed,
		LastReceivedAt: models.Millis(h.lastReceived.Load()), LastRoundTripAt: models.Millis(h.lastRoundTrip.Load()),
		PhoneSeenAt: models.MillisOf(h.seen), Phone: state,
	}
}

// heard notes that WhatsApp sent something, and what it tells of the phone.
func (x *session) heard(evt any) {
	switch evt.(type) {
	case *events.Disconnected, *events.KeepAliveTimeout, *events.ManualLoginReconnect:
		return // whatsmeow's own word
	}
	x.health.lastReceived.Store(int64(models.Now()))
	switch evt := evt.(type) {
	case *events.Receipt:
		if x.isOwn(evt.Sender) && evt.Sender.Device == 0 {
			x.phoneSeen(evt.Timestamp, evt.MessageIDs)
		}
	case *events.Message:
		if x.isOwn(evt.Info.Sender) && evt.Info.Sender.Device == 0 {
			x.phoneSeen(evt.Info.Timestamp, nil)
		}
	}
}

// phoneSeen notes a sign of life of the phone, which may be an answer.
func (x *session) phoneSeen(at time.Time, answered []types.MessageID) {
	h := &x.health
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range answered {
		if id == h.question && id != "" {
			h.question, at = "", time.Now()
		}
	}
	if at.After(h.seen) {
		h.seen = at
	}
	// What it did before the question was waiting for this session, and says
	// nothing of now.
	if !h.asked.IsZero() && !h.seen.Before(h.asked) {
		x.phoneIs(PhoneOnline)
	}
}

// phoneIs goes to another state of the phone; the lock is held.
func (x *session) phoneIs(state PhoneState) {
	if x.health.phone == state {
		return
	}
	x.health.phone = state
	x.log.Info("the account's phone", "online", string(state))
}
