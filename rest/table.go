package rest

import "slices"

// table is every JSON route of the gateway, in the contract's order. Each noun
// keeps its own rows.
func table() []route {
	return slices.Concat(
		backfillRows(),
		sessionRows(),
		pairingRows(),
		chatRows(),
		contactRows(),
		groupRows(),
		memberRows(),
		messageRows(),
		mediaRows(),
		channelRows(),
		webhookRows(),
		apiKeyRows(),
		realtimeRows(),
	)
}
