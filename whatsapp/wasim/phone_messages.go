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
	Message  *waE2E.Message
	Copies   int // how many times it arrived
}

// messageKey is what makes a message the same one.
type messageKey struct {
	chat   types.JID
	sender string // user part of the LID
	id     string
}

// note writes a message down.
func (p *Phone) note(m PhoneMessage) {
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

// MarkRead is the user reading messages of one sender in a chat. One to one,
// sender is ignored; in a group it is the author.
func (p *Phone) MarkRead(ctx context.Context, chat, sender types.JID, ids ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(ids) == 0 {
		return ErrBadRequest
	}
	r := receiptOut{from: p, kind: types.ReceiptTypeRead, id: ids[0], to: chat.ToNonAD()}
	if p.privacySetting("readreceipts") == "none" {
		r.kind = types.ReceiptTypeReadSelf
	}
	if chat.Server == types.GroupServer {
		if p.srv.groupOf(chat) == nil {
			return ErrNotFound
		}
		r.author = sender.ToNonAD()
	} else {
		peer := p.srv.phoneOf(chat)
		if peer == nil {
			return ErrNotFound
		}
		r.to = peer.lid
	}
	if len(ids) > 1 {
		items := make([]node, len(ids)-1)
		for i, id := range ids[1:] {
			items[i] = node{Tag: "item", Attrs: attrs{"id": id}}
		}
		r.content = []node{{Tag: "list", Content: items}}
	}
	p.srv.routeReceipt(r)
	return nil
}

// textOfMessage gives the text of the kinds that have one.
func textOfMessage(m *waE2E.Message) string {
	if text := m.GetConversation(); text != "" {
		return text
	}
	if text := m.GetExtendedTextMessage().GetText(); text != "" {
		return text
	}
	if edited := m.GetProtocolMessage().GetEditedMessage(); edited != nil {
		return textOfMessage(edited)
	}
	for _, caption := range []string{
		m.GetImageMessage().GetCaption(), m.GetVideoMessage().GetCaption(), m.GetDocumentMessage().GetCaption(),
	} {
		if caption != "" {
			return caption
		}
	}
	return m.GetReactionMessage().GetText()
}
