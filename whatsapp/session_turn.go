package whatsapp

import (
	"context"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// turnTime bounds a turn whose holder does not write: whatsmeow does not tell that
// it has given up. Until then it computes, and asks for keys of new devices.
const turnTime = 2 * time.Second

// sessionTurn is the turn to advance the Signal sessions of a device, from reading
// them until they are written back. whatsmeow decrypts, encrypts what is sent and
// encrypts again what was asked for, all at once. Who wrote last would undo what the
// others wrote: keys are used twice then, and the other side cannot read at first.
//
// A decryption has it from before its transaction until that is committed: who holds
// a connection, or SQLite's lock, must not wait for somebody who waits for them.
type sessionTurn struct {
	free chan struct{} // holds one while nobody has the turn

	mu    sync.Mutex
	bound *time.Timer // ends the turn of who has read and not written yet
}

func newSessionTurn() *sessionTurn {
	t := &sessionTurn{free: make(chan struct{}, 1)}
	t.end()
	return t
}

// decryption is one that has the turn: the sessions that it has read, by address.
type decryption map[string][]byte

type decryptionKey struct{}

// decrypting waits for the turn of a decryption, which ends it, and gives the context
// to decrypt with. An error is the context's.
func (t *sessionTurn) decrypting(ctx context.Context) (context.Context, error) {
	return context.WithValue(ctx, decryptionKey{}, decryption{}), t.begin(ctx)
}

// decryptionOf gives nil when ctx is not one of a decryption.
func decryptionOf(ctx context.Context) decryption {
	d, _ := ctx.Value(decryptionKey{}).(decryption)
	return d
}

func isDecrypting(ctx context.Context) bool { return decryptionOf(ctx) != nil }

func (t *sessionTurn) begin(ctx context.Context) error {
	select {
	case <-t.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *sessionTurn) end() { t.free <- struct{}{} }

// reads waits for the turn of who reads, which ends with the write. An error is the
// context's.
func (t *sessionTurn) reads(ctx context.Context) error {
	if isDecrypting(ctx) {
		return nil
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var bound *time.Timer
	bound = time.AfterFunc(turnTime, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.bound == bound {
			t.bound = nil
			t.end()
		}
	})
	t.bound = bound
	return nil
}

// writes tells that what was read is being written, after which it calls end.
func (t *sessionTurn) writes(ctx context.Context) (end func()) {
	if isDecrypting(ctx) {
		return func() {}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bound == nil { // it took too long
		return func() {}
	}
	t.bound.Stop()
	t.bound = nil
	return t.end
}

// signalSessions is whatsmeow's store of Signal sessions, in turns, whose archived
// states a decryption does not spoil.
type signalSessions struct {
	store.SessionStore
	turn *sessionTurn
}

// GetSession implements [store.SessionStore].
func (s *signalSessions) GetSession(ctx context.Context, address string) ([]byte, error) {
	if err := s.turn.reads(ctx); err != nil {
		return nil, err
	}
	session, err := s.SessionStore.GetSession(ctx, address)
	if err != nil {
		s.turn.writes(ctx)()
	} else if d := decryptionOf(ctx); d != nil {
		d[address] = session
	}
	return session, err
}

// GetManySessions implements [store.SessionStore].
func (s *signalSessions) GetManySessions(ctx context.Context, addresses []string) (map[string][]byte, error) {
	if err := s.turn.reads(ctx); err != nil {
		return nil, err
	}
	sessions, err := s.SessionStore.GetManySessions(ctx, addresses)
	if err != nil {
		s.turn.writes(ctx)()
	}
	return sessions, err
}

// PutSession implements [store.SessionStore].
func (s *signalSessions) PutSession(ctx context.Context, address string, session []byte) error {
	defer s.turn.writes(ctx)()
	if d := decryptionOf(ctx); d != nil {
		var err error
		if session, err = restoreStates(d[address], session); err != nil {
			return err
		}
	}
	return s.SessionStore.PutSession(ctx, address, session)
}

// PutManySessions implements [store.SessionStore].
func (s *signalSessions) PutManySessions(ctx context.Context, sessions map[string][]byte) error {
	defer s.turn.writes(ctx)()
	return s.SessionStore.PutManySessions(ctx, sessions)
}

// DeleteAllSessions implements [store.SessionStore].
func (s *signalSessions) DeleteAllSessions(ctx context.Context, phone string) error {
	return s.alone(ctx, func() error { return s.SessionStore.DeleteAllSessions(ctx, phone) })
}

// MigratePNToLID implements [store.SessionStore].
func (s *signalSessions) MigratePNToLID(ctx context.Context, pn, lid types.JID) error {
	return s.alone(ctx, func() error { return s.SessionStore.MigratePNToLID(ctx, pn, lid) })
}

func (s *signalSessions) alone(ctx context.Context, change func() error) error {
	if isDecrypting(ctx) {
		return change()
	}
	if err := s.turn.begin(ctx); err != nil {
		return err
	}
	defer s.turn.end()
	return change()
}
