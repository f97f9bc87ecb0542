package wasim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// ErrSendRefused is wrapped when the server takes a phone's message with an
// error; the StanzaError beside it has the code.
var ErrSendRefused = errors.New("message refused")

// SendOption changes how a message is sent.
type SendOption func(*sending)

type sending struct {
	id       string
	reply    *PhoneMessage
	mentions []types.JID
}

// WithID sets the message id; without, a new one of the shape phones use is made.
func WithID(id string) SendOption { return func(s *sending) { s.id = id } }

// WithReply quotes a message.
func WithReply(to PhoneMessage) SendOption { return func(s *sending) { s.reply = &to } }

// WithMentions mentions accounts; the text should hold "@" and their user part.
func WithMentions(who ...types.JID) SendOption {
	return func(s *sending) { s.mentions = append(s.mentions, who...) }
}

// SendText sends a text from the phone to an account (by phone number or LID) or
// a group. It returns when the server has taken the message and queued it for
// every device, with the message id.
func (p *Phone) SendText(ctx context.Context, to types.JID, text string, options ...SendOption) (string, error) {
	s := &sending{}
	for _, option := range options {
		option(s)
	}
	if s.id == "" {
		s.id = newMessageID()
	}
	return s.id, p.send(ctx, to, s.id, s.message(text))
}

// message builds the protobuf message of a text.
func (s *sending) message(text string) *waE2E.Message {
	if s.reply == nil && len(s.mentions) == 0 {
		return &waE2E.Message{Conversation: proto.String(text)}
	}
	about := &waE2E.ContextInfo{}
	for _, who := range s.mentions {
		about.MentionedJID = append(about.MentionedJID, who.ToNonAD().String())
	}
	if s.reply != nil {
		about.StanzaID = proto.String(s.reply.ID)
		about.Participant = proto.String(s.reply.Sender.ToNonAD().String())
		about.QuotedMessage = s.reply.Message
	}
	return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String(text), ContextInfo: about}}
}

// send encrypts a message and gives it to the server.
func (p *Phone) send(ctx context.Context, to types.JID, id string, message *waE2E.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	e := &envelope{
		sender: p, id: id, to: to.ToNonAD(), at: p.srv.now(), attrs: attrs{"type": "text"}, clear: message,
		each: map[deviceRef]node{},
	}
	chat := e.to
	var err error
	if to.Server == types.GroupServer {
		err = p.sealGroup(ctx, e, message)
	} else {
		chat, err = p.sealUser(ctx, e, message)
	}
	if err != nil {
		return err
	}
	// Written down before it is relayed: a retry receipt may come at once.
	p.note(PhoneMessage{
		ID: id, Chat: chat, Sender: p.lid, PushName: p.name, FromMe: true, Time: e.at,
		Text: textOfMessage(message), Message: message, Copies: 1,
	})
	if outcome := p.srv.relay(e); outcome.code != 0 {
		return fmt.Errorf("%w: %w", ErrSendRefused, &StanzaError{Code: outcome.code, Text: "refused"})
	}
	return nil
}

// sealUser encrypts for the companions of both sides and gives the chat.
func (p *Phone) sealUser(ctx context.Context, e *envelope, message *waE2E.Message) (types.JID, error) {
	to := p.srv.phoneOf(e.to)
	if to == nil {
		return types.EmptyJID, fmt.Errorf("%w: %w", ErrSendRefused, ErrNotFound)
	}
	e.to = to.lid
	plain, err := proto.Marshal(message)
	if err != nil {
		return types.EmptyJID, fmt.Errorf("marshalling message: %w", err)
	}
	copied, err := proto.Marshal(ownCopy(to.lid, message))
	if err != nil {
		return types.EmptyJID, fmt.Errorf("marshalling own copy: %w", err)
	}
	for _, device := range to.companions() {
		if to != p {
			if err = e.seal(ctx, device, plain); err != nil {
				return types.EmptyJID, err
			}
		}
	}
	for _, device := range p.companions() {
		if err = e.seal(ctx, device, copied); err != nil {
			return types.EmptyJID, err
		}
	}
	return to.lid, nil
}

// ownCopy wraps a message for the sender's other devices.
func ownCopy(chat types.JID, message *waE2E.Message) *waE2E.Message {
	return &waE2E.Message{DeviceSentMessage: &waE2E.DeviceSentMessage{DestinationJID: proto.String(chat.String()), Message: message}}
}

// seal encrypts for one companion.
func (e *envelope) seal(ctx context.Context, device *companion, plain []byte) error {
	enc, err := e.sender.encrypt(ctx, device, plain)
	if err != nil {
		return err
	}
	e.each[deviceRef{device.phone, device.id}] = enc
	return nil
}

// sealGroup encrypts for all companions in a group.
func (p *Phone) sealGroup(ctx context.Context, e *envelope, message *waE2E.Message) error {
	g := p.srv.groupOf(e.to)
	if g == nil {
		return fmt.Errorf("%w: %w", ErrSendRefused, ErrNotFound)
	}
	members, epoch, refusal := g.audience(p)
	if refusal != nil {
		return fmt.Errorf("%w: %w", ErrSendRefused, refusal)
	}
	plain, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("marshalling message: %w", err)
	}
	var devices []*companion
	for _, member := range members {
		devices = append(devices, member.companions()...)
	}
	if len(devices) == 0 {
		return nil
	}
	shared, keyed, err := p.encryptGroup(ctx, g.jid, epoch, devices, plain)
	if err != nil {
		return err
	}
	e.shared = []node{shared}
	for device, enc := range keyed {
		e.each[deviceRef{device.phone, device.id}] = enc
	}
	return nil
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
	case r.to.Server == types.GroupServer:
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
	message := proto.CloneOf(known.Message)
	e := &envelope{sender: p, id: known.ID, to: device.lid(), at: known.Time, attrs: attrs{"type": "text"}}
	switch {
	case chat.Server == types.GroupServer:
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
	enc, err := p.encrypt(ctx, device, plain)
	if err != nil {
		return err
	}
	enc.Attrs["count"] = count
	e.direct = &enc
	if outcome := p.srv.relay(e); outcome.code != 0 {
		return fmt.Errorf("%w: code %d", ErrSendRefused, outcome.code)
	}
	return nil
}

// sendPeer sends a message of the account's own business to one of its companions.
func (p *Phone) sendPeer(ctx context.Context, device *companion, message *waE2E.Message) error {
	return p.sendPeerAs(ctx, device, newMessageID(), message)
}

// sendPeerAs is sendPeer with a message id.
func (p *Phone) sendPeerAs(ctx context.Context, device *companion, id string, message *waE2E.Message) error {
	plain, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("marshalling peer message: %w", err)
	}
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	enc, err := p.encrypt(ctx, device, plain)
	if err != nil {
		return err
	}
	device.deliver(node{Tag: "message", Attrs: attrs{
		"id": id, "from": p.JID(), "t": p.srv.nowText(), "type": "text", "category": "peer", "notify": p.name,
	}, Content: slices.Clip([]node{enc})})
	return nil
}
