package whatsapp

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types/events"
)

// stateQuiet is how long nothing must have come of the app state for all of it to
// be stored: whatsmeow hands out what it has fetched at once.
const stateQuiet = 5 * time.Second

// stateDoubt is whether a process that died now could have lost something of the
// app state: whatsmeow stores how far it has read before it hands out what it read,
// and in several steps. The zero value is no doubt.
type stateDoubt struct {
	mu    sync.Mutex // held while noted is stored
	noted bool       // with the session
	last  time.Time  // when the app state changed
}

// watchedState stands before whatsmeow's store of how far the app state was read.
type watchedState struct {
	store.AppStateStore
	changes func(context.Context) error // is told before it is stored
}

// PutAppStateVersion implements [store.AppStateStore].
func (w watchedState) PutAppStateVersion(ctx context.Context, name string, version uint64, hash [128]byte) error {
	if err := w.changes(ctx); err != nil {
		return err
	}
	return w.AppStateStore.PutAppStateVersion(ctx, name, version, hash)
}

// stateChanges notes with the session that its app state is being read, so that
// the next process reads all of it should this one die meanwhile.
func (x *session) stateChanges(ctx context.Context) error {
	d := &x.chats.doubt
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = time.Now()
	if d.noted {
		return nil
	}
	if err := x.service.db.Sessions.SetStateDoubtful(ctx, x.id, true); err != nil {
		return err
	}
	d.noted = true
	x.chats.poke()
	return nil
}

// settleState takes the note back once everything that was read is stored, and
// says when to look again.
func (s *Service) settleState(ctx context.Context, x *session) time.Duration {
	d := &x.chats.doubt
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.noted || x.chats.lost.Load() {
		return forever
	}
	if wait := time.Until(d.last.Add(stateQuiet)); wait > 0 {
		return wait
	}
	ctx, cancel := storing(ctx)
	defer cancel()
	if err := s.db.Sessions.SetStateDoubtful(ctx, x.id, false); err != nil {
		x.log.WarnContext(ctx, "noting that the app state is stored failed, trying again", "error", err)
		return stateQuiet
	}
	d.noted = false
	return forever
}

// stateBroke has the app state fetched anew that could not be read: whatsmeow
// would fail at the same place with each further change.
func (x *session) stateBroke(evt *events.AppStateSyncError) {
	if x.chats.isSettling() {
		return // it is tried again
	}
	x.log.Warn("the app state could not be read, fetching it anew", "name", string(evt.Name), "error", evt.Error)
	x.chats.lost.Store(true)
	x.chats.poke()
}

// gatheredPart is a change of a part of the app state.
type gatheredPart struct {
	part string
	evt  any
}

func (c *chatWork) isSettling() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settling
}

// gather keeps a change for later while the app state is fetched anew: that tells
// the past once more, of which nobody wants to hear.
func (c *chatWork) gather(part string, evt any) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settling {
		c.gathered = append(c.gathered, gatheredPart{part, evt})
	}
	return c.settling
}

// gathering begins or ends it, and gives the last change of each part that
// was gathered, in the order in which they came.
func (c *chatWork) gathering(begin bool) []any {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := make(map[string]int, len(c.gathered))
	for i, g := range c.gathered {
		last[g.part] = i
	}
	var latest []any
	for i, g := range c.gathered {
		if last[g.part] == i {
			latest = append(latest, g.evt)
		}
	}
	c.settling, c.gathered = begin, nil
	return latest
}

// refetchState has all that WhatsApp knows of chats and people told again.
func (s *Service) refetchState(ctx context.Context, x *session, l *link) error {
	x.chats.gathering(true)
	err := s.fetchState(ctx, x)
	for _, evt := range x.chats.gathering(false) {
		x.chatChanged(l, evt) // says itself when it was lost
	}
	return err
}

func (s *Service) fetchState(ctx context.Context, x *session) error {
	asking, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	for _, name := range []appstate.WAPatchName{
		appstate.WAPatchRegularLow, appstate.WAPatchRegularHigh, appstate.WAPatchRegular, appstate.WAPatchCriticalUnblockLow,
	} {
		err := tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.FetchAppState(ctx, name, true, false)
		})
		if err != nil {
			return fmt.Errorf("fetching app state: %w", err)
		}
	}
	return nil
}
