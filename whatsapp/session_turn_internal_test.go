package whatsapp

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/libsignal/state/record"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// shelf keeps one session, and tells when two advance it at once.
type shelf struct {
	store.SessionStore
	session []byte
	fails   error
}

func (s *shelf) GetSession(context.Context, string) ([]byte, error) { return s.session, s.fails }

func (s *shelf) GetManySessions(context.Context, []string) (map[string][]byte, error) {
	return map[string][]byte{"a": s.session}, s.fails
}

func (s *shelf) PutSession(_ context.Context, _ string, session []byte) error {
	s.session = session
	return s.fails
}

func (s *shelf) PutManySessions(_ context.Context, sessions map[string][]byte) error {
	s.session = sessions["a"]
	return s.fails
}

func (s *shelf) DeleteAllSessions(context.Context, string) error            { return s.fails }
func (s *shelf) MigratePNToLID(context.Context, types.JID, types.JID) error { return s.fails }

// stepsOf tells how far a session is.
func stepsOf(t *testing.T, session []byte) int {
	t.Helper()
	if session == nil {
		return 0
	}
	structure, err := store.SignalProtobufSerializer.Session.Deserialize(session)
	assert.NoError(t, err)
	return int(structure.SessionState.PreviousCounter)
}

// further gives a session with one step more.
func further(t *testing.T, session []byte) []byte {
	t.Helper()
	return store.SignalProtobufSerializer.Session.Serialize(&record.SessionStructure{
		SessionState: &record.StateStructure{PreviousCounter: uint32(stepsOf(t, session) + 1)}, PreviousStates: []*record.StateStructure{},
	})
}

// advance reads the session, and writes it back one step further after a moment.
func advance(ctx context.Context, t *testing.T, sessions store.SessionStore) {
	session, err := sessions.GetSession(ctx, "a")
	assert.NoError(t, err)
	<-time.After(time.Millisecond)
	assert.NoError(t, sessions.PutSession(ctx, "a", further(t, session)))
}

func TestSessionsAreAdvancedInTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			turn     = newSessionTurn()
			inner    = &shelf{}
			sessions = &signalSessions{SessionStore: inner, turn: turn}
			buffer   = &eventBuffer{EventBuffer: &failing{}, turn: turn, refuses: func() bool { return false }}
			all      sync.WaitGroup
		)
		const each = 20
		for range each {
			all.Go(func() { advance(t.Context(), t, sessions) })
			all.Go(func() {
				many, err := sessions.GetManySessions(t.Context(), []string{"a"})
				assert.NoError(t, err)
				<-time.After(time.Millisecond)
				assert.NoError(t, sessions.PutManySessions(t.Context(), map[string][]byte{"a": further(t, many["a"])}))
			})
			all.Go(func() {
				assert.NoError(t, buffer.DoDecryptionTxn(t.Context(), func(ctx context.Context) error {
					assert.NoError(t, sessions.MigratePNToLID(ctx, types.EmptyJID, types.EmptyJID))
					advance(ctx, t, sessions)
					advance(ctx, t, sessions)
					return nil
				}))
			})
			all.Go(func() { assert.NoError(t, sessions.DeleteAllSessions(t.Context(), "a")) })
		}
		all.Wait()
		assert.Equal(t, 4*each, stepsOf(t, inner.session), "nobody undid what another wrote")
	})
}

func TestTurnOfWhoDoesNotWriteEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := &shelf{}
		sessions := &signalSessions{SessionStore: inner, turn: newSessionTurn()}
		_, err := sessions.GetSession(t.Context(), "a")
		require.NoError(t, err)

		soon, cancel := context.WithTimeout(t.Context(), turnTime/2)
		defer cancel()
		_, err = sessions.GetSession(soon, "a")
		require.ErrorIs(t, err, context.DeadlineExceeded, "the first one may still write")
		require.ErrorIs(t, sessions.DeleteAllSessions(soon, "a"), context.DeadlineExceeded)

		_, err = sessions.GetSession(t.Context(), "a")
		require.NoError(t, err, "it had its time")
		require.NoError(t, sessions.PutSession(t.Context(), "a", nil))

		started := time.Now()
		advance(t.Context(), t, sessions)
		assert.Less(t, time.Since(started), turnTime, "a write ends the turn at once")
		<-time.After(2 * turnTime)
		advance(t.Context(), t, sessions)
	})
}

func TestFailuresEndTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := &shelf{}
		sessions := &signalSessions{SessionStore: inner, turn: newSessionTurn()}
		inner.fails = errors.New("the database is away")
		started := time.Now()
		for range 3 {
			_, err := sessions.GetSession(t.Context(), "a")
			require.ErrorIs(t, err, inner.fails)
			_, err = sessions.GetManySessions(t.Context(), []string{"a"})
			require.ErrorIs(t, err, inner.fails)
			require.ErrorIs(t, sessions.PutSession(t.Context(), "a", nil), inner.fails)
			require.ErrorIs(t, sessions.PutManySessions(t.Context(), nil), inner.fails)
			require.ErrorIs(t, sessions.MigratePNToLID(t.Context(), types.EmptyJID, types.EmptyJID), inner.fails)
		}
		inner.fails = nil
		advance(t.Context(), t, sessions)
		assert.Less(t, time.Since(started), turnTime)
	})
}
