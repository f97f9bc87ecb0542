package whatsapp

import (
	"context"
	"sync"

	"wagateway/models"
)

// watchers are those who follow a session. Each has a channel with room for one
// update: the latest replaces one that was not read, so nobody is waited for. The
// zero value is ready.
type watchers struct {
	mu     sync.Mutex
	latest PairingUpdate
	ended  bool
	all    map[chan PairingUpdate]*follower
}

// follower is one who follows a session. Without the functions everything is news,
// and nothing the last.
type follower struct {
	last  func(PairingUpdate) bool              // the update behind which it ends
	news  func(told, update PairingUpdate) bool // whether an update says more than the one before
	given PairingUpdate                         // the latest one, read or not
}

func (f *follower) ends(update PairingUpdate) bool { return f.last != nil && f.last(update) }

// follow gives a channel with the latest update and all that come and are news. It
// is closed behind an update that is the follower's last one, when ctx ends, and when
// the session does.
func (w *watchers) follow(ctx context.Context, f follower) <-chan PairingUpdate {
	updates := make(chan PairingUpdate, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	updates <- w.latest
	if w.ended || f.ends(w.latest) {
		close(updates)
		return updates
	}
	if w.all == nil {
		w.all = make(map[chan PairingUpdate]*follower)
	}
	f.given = w.latest
	w.all[updates] = &f
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.leave(updates)
	})
	return updates
}

// publish tells everybody the latest update. Only the session's owner calls it.
func (w *watchers) publish(update PairingUpdate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latest = update
	for updates, f := range w.all {
		select {
		case <-updates: // it was not read in time
		default:
			if f.news != nil && !f.news(f.given, update) {
				continue
			}
		}
		updates <- update
		f.given = update
		if f.ends(update) {
			w.leave(updates)
		}
	}
}

// end closes all channels; later followers get the latest update and the end.
func (w *watchers) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for updates := range w.all {
		w.leave(updates)
	}
}

// leave closes a channel once; mu is held.
func (w *watchers) leave(updates chan PairingUpdate) {
	if _, following := w.all[updates]; following {
		delete(w.all, updates)
		close(updates)
	}
}

// WatchPairing follows a session's pairing: its present step at once, then every
// other one: another state, another code, or that a phone has claimed the session.
// The channel is closed behind the update that says working or failed,
// when ctx ends, and when the session is deleted. A slow reader gets the latest
// state and never holds up the session.
func (s *Service) WatchPairing(ctx context.Context, sessionID string) (<-chan PairingUpdate, error) {
	x, err := s.session(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return x.watchers.follow(ctx, follower{
		last: func(u PairingUpdate) bool {
			return u.Status == models.SessionWorking || u.Status == models.SessionFailed
		},
		news: PairingUpdate.differs,
	}), nil
}

// WatchSession follows a session like [Service.WatchPairing], but until ctx ends,
// the session is deleted or the service closes.
func (s *Service) WatchSession(ctx context.Context, sessionID string) (<-chan PairingUpdate, error) {
	x, err := s.session(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return x.watchers.follow(ctx, follower{}), nil
}
