package stream

import (
	"sync"
	"time"

	"wagateway/models/fault"
)

// DefaultPerOrganization is how many streams an organization can have at once
// when nothing else is said.
const DefaultPerOrganization = 200

// retryAfter is what a caller beyond the limit is told to wait: streams end when
// their clients do, which nobody can foresee.
const retryAfter = 10 * time.Second

// Slots bounds how many streams each organization has at once in this process.
// The zero value is ready; it must not be copied.
type Slots struct {
	PerOrganization int // 0: [DefaultPerOrganization]; not to be changed once in use

	mu    sync.Mutex
	taken map[string]int // by organization; no zeros
}

// take counts one more stream of an organization: give it back once.
func (s *Slots) take(organization string) error {
	limit := s.PerOrganization
	if limit == 0 {
		limit = DefaultPerOrganization
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[organization] >= limit {
		return fault.Limited("the organization has too many streams of events", retryAfter).With("max", limit)
	}
	if s.taken == nil {
		s.taken = make(map[string]int)
	}
	s.taken[organization]++
	return nil
}

func (s *Slots) give(organization string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[organization]--; s.taken[organization] == 0 {
		delete(s.taken, organization)
	}
}

// Open tells how many streams an organization has now.
func (s *Slots) Open(organization string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[organization]
}
