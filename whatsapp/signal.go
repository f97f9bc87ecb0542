package whatsapp

import (
	"context"
	"sync"
	"time"
)

// signal is something that is waited for and happens once, until it is reset. The
// zero value has not happened. It is safe for concurrent use.
type signal struct {
	mu    sync.Mutex
	given chan struct{} // closed when it has happened; nil: nobody waits
	past  bool
}

// give says that it has happened.
func (s *signal) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given != nil && !s.past {
		close(s.given)
	}
	s.past = true
}

// reset makes it something that has not happened. Who waits goes on waiting for the
// next time.
func (s *signal) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.past {
		s.given, s.past = nil, false
	}
}

// wait returns when it has happened, ctx has ended, or a while is over.
func (s *signal) wait(ctx context.Context, most time.Duration) {
	s.mu.Lock()
	if s.past {
		s.mu.Unlock()
		return
	}
	if s.given == nil {
		s.given = make(chan struct{})
	}
	given := s.given
	s.mu.Unlock()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-given:
	case <-timer.C:
	case <-ctx.Done():
	}
}
