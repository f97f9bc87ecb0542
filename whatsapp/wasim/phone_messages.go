package wasim

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// PhoneMessage is a message that a phone received or sent, decrypted. Messages
// with the same chat, sender and id are one, as on a real phone.
type PhoneMessage struct {
	ID       string
	Chat     types.JID // the group, or the LID of the other side
	Sender   types.JID // LID of the device that sent it
	PushName string    // of the sender
	FromMe   bool      // sent by any device of this account
	Time     time.Time // when the server took it
	Text     string    // of the kinds that have text; else empty
	// Message is what was sent, without the wrapper of an own-device copy. It is
	// shared and must not be changed.
	Message *waE2E.Message
	Copies  int // how many times it arrived
	// Type, Edit and MediaType are the labels outside the encryption: "text",
	// "media", "reaction", "poll"; how the message changes another; "image", ….
	Type      string
	Edit      types.EditAttribute
	MediaType string

	// byAdmin says that the sender was an admin of the group at that moment.
	byAdmin bool
}

// messageKey is what makes a message the same one.
type messageKey struct {
	chat   types.JID
	sender string // user part of the LID
	id     string
}

// note writes a message down.
func (p *Phone) note(m PhoneMessage) {
	if g := p.srv.groupOf(m.Chat); g != nil && m.Edit == types.EditAttributeAdminRevoke {
		m.byAdmin = g.isAdmin(p.srv.phoneOf(m.Sender))
	}
	p.peers.add(p.srv.phoneOf(m.Chat))
	p.messages.put(messageKey{m.Chat, m.Sender.User, m.ID}, m, func(known *PhoneMessage) {
		known.Copies++
		p.srv.stats.repeated.Add(1)
	})
}

// gotReceipt writes a receipt down.
func (p *Phone) gotReceipt(r receiptOut, chat, from types.JID) {
	p.receipts.put(p.srv.receiptNumber(), PhoneReceipt{IDs: r.ids(), Chat: chat, From: from, Type: r.kind, Time: p.srv.now()}, nil)
}

// Messages lists what this account received and sent, in order.
func (p *Phone) Messages() []PhoneMessage { return p.messages.all() }

// WaitMessage gives the first message that matches, from the oldest on, or waits
// for one until ctx ends.
func (p *Phone) WaitMessage(ctx context.Context, match func(PhoneMessage) bool) (PhoneMessage, error) {
	return p.messages.wait(ctx, match)
}

// Receipts lists the receipts for this account's messages, in order.
func (p *Phone) Receipts() []PhoneReceipt { return p.receipts.all() }

// WaitReceipt gives the first receipt that matches, from the oldest on, or waits
// for one until ctx ends.
func (p *Phone) WaitReceipt(ctx context.Context, match func(PhoneReceipt) bool) (PhoneReceipt, error) {
	return p.receipts.wait(ctx, match)
}
