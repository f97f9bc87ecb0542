package graph

import (
	"math"

	"wagateway/graph/gen"
	"wagateway/whatsapp"
)

func presentHealth(h whatsapp.SessionHealth) *gen.SessionHealth {
	shown := &gen.SessionHealth{
		Received: count(h.Received), Stored: count(h.Stored), Duplicates: count(h.Duplicates), Failed: count(h.Failed),
		LastReceivedAt: &h.LastReceivedAt, LastRoundTripAt: &h.LastRoundTripAt, PhoneSeenAt: &h.PhoneSeenAt,
	}
	if h.Phone != whatsapp.PhoneUnknown {
		online := h.Phone == whatsapp.PhoneOnline
		shown.PhoneOnline = &online
	}
	return shown
}

// count fits a counter into GraphQL's Int.
func count(n uint64) int32 { return int32(min(n, math.MaxInt32)) }
