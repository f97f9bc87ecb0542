package webhook

import "sync/atomic"

// counters count since the start.
type counters struct {
	attempts, delivered, failed, skipped, lost atomic.Int64
}

// Stats is what a service has done since its start, and does now.
type Stats struct {
	Endpoints int   // that this process delivers to
	Open      int   // of these, how many are down as a whole
	Held      int   // events in the memory of all endpoints
	Pending   int   // deliveries that wait in the ledgers of these endpoints, as far as known
	Attempts  int64 // made
	Delivered int64
	Failed    int64 // given up after the last attempt
	Skipped   int64
	Lost      int64 // gone from the log before they could be delivered
}

// Stats gives the present numbers, for metrics.
func (s *Service) Stats() Stats {
	stats := Stats{
		Attempts: s.stats.attempts.Load(), Delivered: s.stats.delivered.Load(), Failed: s.stats.failed.Load(),
		Skipped: s.stats.skipped.Load(), Lost: s.stats.lost.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.endpoints {
		stats.Endpoints++
		stats.Held += int(e.shown.held.Load())
		stats.Pending += int(e.shown.pending.Load())
		if e.shown.open.Load() {
			stats.Open++
		}
	}
	return stats
}
