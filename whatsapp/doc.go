// Package whatsapp is the WhatsApp side of the gateway: one supervised session
// for each linked number, pairing, and the acts on groups. [Service] is its door.
//
// # A session's owner
//
// Each session that was used since the start has one goroutine, its owner (see
// session_owner.go). All that decides about the session happens there, one thing
// after the other: commands of callers, events of whatsmeow's client, alarms and
// the ends of background work arrive in its mailbox. What blocks (dialling,
// hanging up) runs in goroutines of the link (see link.go), so that a session
// that is stuck still answers, and never holds up another one.
//
// Acts (groups, members, invites) do not pass through the owner: they use the
// client of a session that is connected, see [Service.Connected], from the
// caller's goroutine.
//
// # Where things are
//
//	states and steps     session_state.go
//	commands             session_command.go session_settings.go
//	keeping it connected session_owner.go session_supervision.go session_end.go link.go
//	pairing              pairing.go pairing_step.go
//	following            watch.go
//	sending              send.go send_input.go, then send_waiter.go send_queue.go send_outcome.go send_rate.go
//	events               session_event.go, then group_event.go
//	WhatsApp's client    link.go device_store.go device_prekeys.go payload.go version.go transport.go log.go
//
// # whatsmeow's package variables
//
// One is set: whatsmeow.WACertPubKey, the root key that servers are trusted by,
// in [New] and only when [Config.RootKey] names another one. A process therefore
// talks to one WhatsApp, the real one or one simulation. The client version and
// the device's properties, which are package variables too, are not touched:
// each connection's payload carries the service's own (see payload.go).
package whatsapp
