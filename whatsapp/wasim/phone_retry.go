package wasim

import (
	"context"
	"fmt"

	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// garbleRetries remembers how many more encryptions of a message are to be
// unreadable. The caller holds the send lock.
func (p *Phone) garbleRetries(s *sending) {
	if s.garbled <= 1 {
		return
	}
	if p.garbled == nil {
		p.garbled = map[string]int{}
	}
	p.garbled[s.id] = s.garbled - 1
}

// takeGarbled tells whether the next encryption of a message is to be
// unreadable. The caller holds the send lock.
func (p *Phone) takeGarbled(id string) bool {
	left := p.garbled[id]
	if left > 0 {
		p.garbled[id] = left - 1
	}
	return left > 0
}

// answerRetry encrypts a message again for the device that could not read it.
func (p *Phone) answerRetry(r receiptOut) {
	p.srv.spawn(func() {
		if err := p.resend(p.srv.ctx, r); err != nil {
			p.srv.log.Debug("phone could not answer a retry receipt", "message_id", r.id, "error", err)
		}
	})
}

func (p *Phone) resend(ctx context.Context, r receiptOut) error {
	device := r.from.companion(r.device)
	if device == nil {
		return ErrNotFound
	}
	chat := r.from.lid
	switch {
	case isShared(r.to):
		chat = r.to
	case r.from == p:
		if peer := p.srv.phoneOf(r.chat); peer != nil {
			chat = peer.lid
		}
	}
	known, ok := p.messages.get(messageKey{chat, p.lid.User, r.id})
	if !ok {
		return ErrNotFound
	}
	body := node{Content: r.content}
	retry := body.GetChildByTag("retry")
	count := numberOf(&retry, "count")
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	if keys, ok := body.GetOptionalChildByTag("keys"); ok || count > 1 {
		var sent *node
		if ok {
			sent = &keys
		}
		if err := p.renewSession(ctx, device, contentOf(body.GetChildByTag("registration")), sent); err != nil {
			return err
		}
	}
	return p.sendAgain(ctx, device, chat, known, count)
}

// sendAgain encrypts a message directly for one companion, in a group with the
// sender key in it.
func (p *Phone) sendAgain(ctx context.Context, device *companion, chat types.JID, known PhoneMessage, count int) error {
	labels := dress(known.Message)
	e := &envelope{
		sender: p, id: known.ID, to: device.lid(), at: known.Time, attrs: labels.stanza, common: labels.common, labels: labels.enc,
	}
	message := proto.CloneOf(known.Message)
	switch {
	case isShared(chat):
		p.signal.mu.Lock()
		key, err := p.senderKeyLocked(ctx, chat)
		p.signal.mu.Unlock()
		if err != nil {
			return err
		}
		message.SenderKeyDistributionMessage = key
		e.to, e.participant = chat, device.lid()
	case device.phone == p:
		message, e.recipient = ownCopy(chat, message), chat
	}
	plain, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("marshalling message: %w", err)
	}
	enc := garbage("msg")
	if !p.takeGarbled(known.ID) {
		if enc, err = p.encrypt(ctx, device, plain); err != nil {
			return err
		}
	}
	enc = withAttrs(enc, e.labels)
	enc.Attrs["count"] = count
	e.direct = &enc
	if outcome := p.srv.relay(e); outcome.code != 0 {
		return fmt.Errorf("%w: code %d", ErrSendRefused, outcome.code)
	}
	return nil
}

// isShared reports whether messages to a chat are encrypted once, with a sender
// key, for many readers.
func isShared(chat types.JID) bool {
	return chat.Server == types.GroupServer || chat.Server == types.BroadcastServer
}
