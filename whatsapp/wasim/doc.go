// Package wasim is a simulated WhatsApp: a server that the real, unmodified
// whatsmeow client connects to, and the phones behind it.
//
// It exists because a fake client would prove nothing. Everything below
// whatsmeow's public API is real: websocket frames, the Noise handshake against
// a root certificate of the simulator's own, binary nodes, pairing by QR and by
// code, prekeys, device lists, Signal sessions and sender keys, the offline
// queue. The package imports no other package of this module, so it cannot
// share the module's bugs.
//
// # Using it
//
//	srv, err := wasim.New(wasim.Options{})
//	err = srv.Start("127.0.0.1:0")
//	defer srv.Close()
//	whatsmeow.WACertPubKey = srv.RootKey() // process-wide, before any client runs
//	anna, err := srv.AddPhone("491700000001", "Anna")
//	// … a whatsmeow client whose HTTP clients are rewritten to srv.Addr() shows a QR code …
//	err = anna.ScanQR(ctx, qr)
//	id, err := anna.SendText(ctx, bert.JID(), "hello")
//
// A whatsmeow client reaches the simulator through [Server.Transport], which
// sends every request to the simulator whatever host it names; websocket, media
// and version traffic all follow. Servers that share [Options.RootSeed] share
// one root key, because whatsmeow keeps the key it trusts in a package variable.
//
// # Rooms
//
//	the wire         frame.go noise.go trust.go conn.go stanza.go
//	becoming linked  pair.go pair_code.go login.go companion.go queue.go prekey.go
//	routing          dispatch.go message.go relay.go status.go receipt.go receipt_grouped.go presence.go usync.go mex.go
//	files            media.go (kept), media_http.go (served), media_crypt.go (sealed)
//	channels         newsletter.go (state), newsletter_acts.go, and their stanzas (newsletter_iq.go, newsletter_mex.go)
//	calls            call.go
//	groups           group.go and group_*.go: state, acts, and their stanzas (group_iq.go, group_node.go)
//	the account      profile.go privacy.go blocklist.go business.go contact_link.go appstate.go
//	the past         history.go and history_*.go: what phones hand to new companions, and on request
//	the phone        phone.go phone_*.go message_kind.go journal.go signal_store.go
//	misbehaving      fault.go (what), fault_apply.go (to whom)
//	from outside     server.go directory.go stats.go control.go and control_*.go
//
// A new stanza starts in dispatch.go; a new act of the phone is a method beside
// those in phone_*.go, over the same code that serves companions; a new fault is
// a [FaultKind] and one question to faultTable.take where it strikes.
//
// # Locks and goroutines
//
// Locks are taken in this order, and no lock is held during cryptography except
// the phone's own signal lock: communities → group, channel or call → phone →
// companion → connection queue. Two groups are never locked at once.
// Server.mu guards look-up tables only and is never held while another lock is
// taken. One phone's Signal operations run under one lock of that phone.
//
// Every connection has a reader (the HTTP handler's goroutine) and a writer.
// A phone has a goroutine only while its inbox is not empty. All of them are
// counted; [Server.Close] returns after the last one.
//
// # Order
//
// A companion's stanzas are handled one after the other, a delivery enters the
// recipient's queue and its socket under one lock, and a group's acts notify
// under the group's lock. So messages of one sender in one chat, and the changes
// of one group, arrive in the order in which they were made.
//
// # Simulated, and not
//
// Simulated: messages of every kind one to one, in groups and as stories, with
// votes, edits, reactions and deletions, between accounts with several devices
// each, receipts, retry receipts in both directions, own-device copies, the offline
// queue with redelivery until acknowledged, groups with their settings, pictures,
// invite links and join requests, communities, channels with their posts, views and
// reactions, LID and phone-number addressing, presence with its privacy, typing and
// recording, the ringing of calls one to one and in groups, profile pictures, about
// texts, block lists, privacy settings, app state both ways, history for new
// companions and on demand, messages that a companion could not read, media upload
// and download with expiry and renewal by the phone, log-out from both sides,
// keep-alive, stream errors and the faults of [FaultKind].
//
// Not simulated: broadcast lists, what is said in calls, passkey pairing, admins of
// channels besides the owner, and catalogues of businesses. Between two simulated
// phones a message is handed over without encryption, because no client could see
// the difference. WhatsApp's limits on sending (spam, reach-out locks) exist only as
// faults. Where nobody outside WhatsApp knows its servers' answer (which code refuses
// a post in somebody else's channel, say) the simulator's is a guess.
package wasim
