package whatsapp

import "sync"

// storeSignal wakes who waits for stored changes of groups and people. It
// carries no data: who is woken looks at the database, so nothing is missed and
// a slow watcher holds nobody up. The zero value is ready.
type storeSignal struct {
	mu       sync.Mutex
	watchers map[chan struct{}]bool
}

// watch gives a channel that holds a token when something was stored since the
// last receive, and the function that ends it.
func (s *storeSignal) watch() (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers == nil {
		s.watchers = make(map[chan struct{}]bool)
	}
	s.watchers[c] = true
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, c)
	}
}

// notify wakes the watchers, unless storing failed.
func (s *storeSignal) notify(err error) {
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.watchers {
		select {
		case c <- struct{}{}:
		default: // already woken
		}
	}
}
