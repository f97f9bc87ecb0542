package webhook

import (
	"context"
	"sync/atomic"

	"wagateway/models/eventlog"
)

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

// Lag tells how many events of the log are behind the position of each webhook
// that this process delivers to, wanted or not: an endpoint that keeps up has
// none after some seconds. It asks the log once for each organization.
func (s *Service) Lag(ctx context.Context) (map[string]uint64, error) {
	positions := map[string]map[string]eventlog.Position{} // of webhooks, by organization
	s.mu.Lock()
	for id, e := range s.endpoints {
		organization := e.hook.Load().OrganizationID
		if positions[organization] == nil {
			positions[organization] = map[string]eventlog.Position{}
		}
		positions[organization][id] = eventlog.Position(e.shown.position.Load())
	}
	s.mu.Unlock()
	lag := map[string]uint64{}
	for organization, webhooks := range positions {
		info, err := s.config.Log.Info(ctx, organization)
		if err != nil {
			return nil, err
		}
		for id, at := range webhooks {
			lag[id] = info.Lag(at)
		}
	}
	return lag, nil
}
