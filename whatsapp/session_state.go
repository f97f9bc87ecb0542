package whatsapp

import (
	"slices"

	"wagateway/models"
)

// The states of a session, and what leads from one to the next:
//
//	               start                    QR codes
//	  ┌─ stopped ─────────▶ starting ─────────────────▶ scan_qr_code
//	  │     ▲                │  ▲  ▲ ◀─────────────────────┘  │
//	  │     │      logged in │  │  │      scanned             │ expired, refused
//	  │     │                ▼  │  └──────────── failed ◀─────┤
//	  │     ├──────────── working            start, retry     │
//	  │     │                │  connection lost ▲             │
//	  │     │                └──────────────────┘ logged out, banned, replaced, …
//	  └─────┴── stop, logout, delete: from every state
//
// A reason says more where the state does not say all.

// step is a change of state.
type step struct{ from, to models.SessionStatus }

// steps are the allowed changes of state. Staying in a state, with another
// reason, is allowed where the state has several.
func steps() map[step]bool {
	return map[step]bool{
		{models.SessionStopped, models.SessionStarting}: true, // start
		{models.SessionStopped, models.SessionFailed}:   true, // start, but the device is gone

		{models.SessionStarting, models.SessionStarting}:   true, // disconnected, or trying again
		{models.SessionStarting, models.SessionScanQRCode}: true, // WhatsApp sent QR codes
		{models.SessionStarting, models.SessionWorking}:    true, // logged in
		{models.SessionStarting, models.SessionFailed}:     true, // refused
		{models.SessionStarting, models.SessionStopped}:    true, // stop

		{models.SessionScanQRCode, models.SessionStarting}: true, // linked, or disconnected
		{models.SessionScanQRCode, models.SessionFailed}:   true, // expired, or refused
		{models.SessionScanQRCode, models.SessionStopped}:  true, // stop

		{models.SessionWorking, models.SessionStarting}: true, // connection lost
		{models.SessionWorking, models.SessionFailed}:   true, // logged out, banned, replaced, …
		{models.SessionWorking, models.SessionStopped}:  true, // stop

		{models.SessionFailed, models.SessionStarting}: true, // start, or retry
		{models.SessionFailed, models.SessionFailed}:   true, // another reason
		{models.SessionFailed, models.SessionStopped}:  true, // stop
	}
}

// mayStep reports whether a session may go from one state to another.
func mayStep(from, to models.SessionStatus) bool { return steps()[step{from, to}] }

// mayReason reports whether a reason explains a state.
func mayReason(status models.SessionStatus, reason models.StatusReason) bool {
	switch status {
	case models.SessionStarting:
		return reason == "" || reason == models.ReasonDisconnected
	case models.SessionFailed:
		return slices.Contains([]models.StatusReason{
			models.ReasonLoggedOut, models.ReasonBanned, models.ReasonClientOutdated, models.ReasonReplaced,
			models.ReasonQRExpired, models.ReasonPairingFailed, models.ReasonConnectFailed,
		}, reason)
	default:
		return reason == ""
	}
}

// needsPerson reports whether a failure stays until somebody acts: neither time
// nor a restart of the process mends it.
func needsPerson(reason models.StatusReason) bool {
	switch reason {
	case models.ReasonLoggedOut, models.ReasonReplaced, models.ReasonQRExpired, models.ReasonPairingFailed:
		return true
	default:
		return false
	}
}
