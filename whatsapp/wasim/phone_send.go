package wasim

import (
	"context"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

var (
	// ErrSendRefused is wrapped when the server takes a phone's message with an
	// error; the StanzaError beside it has the code.
	ErrSendRefused = errors.New("message refused")
	// ErrNoMessage is returned for a message that the phone does not have.
	ErrNoMessage = errors.New("no such message in this chat")
	// ErrWrongKind is returned for an act that the message's kind does not allow,
	// and for options that do not fit the message.
	ErrWrongKind = errors.New("not possible with this kind of message")
)

// SendText sends a text from the phone to an account (by phone number or LID), a
// group or [types.StatusBroadcastJID]. It returns when the server has taken the
// message and queued it for every device, with the message id.
func (p *Phone) SendText(ctx context.Context, to types.JID, text string, options ...SendOption) (string, error) {
	return p.Send(ctx, to, &waE2E.Message{Conversation: proto.String(text)}, options...)
}

// Send sends any message, labelled on the stanza as phones label its kind. The
// caller keeps the message: options are applied to a copy. To
// [types.StatusBroadcastJID] it is a story, for the accounts of
// [WithRecipients], or else for everybody whom the account exchanged a message
// with one to one.
func (p *Phone) Send(ctx context.Context, to types.JID, message *waE2E.Message, options ...SendOption) (id string, err error) {
	s := &sending{}
	for _, option := range options {
		option(s)
	}
	if s.id == "" {
		s.id = newMessageID()
	}
	if message, err = s.apply(p, to, proto.CloneOf(message)); err != nil {
		return "", err
	}
	return s.id, p.send(ctx, to.ToNonAD(), s, message)
}

// send encrypts a message and gives it to the server.
func (p *Phone) send(ctx context.Context, to types.JID, s *sending, message *waE2E.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	labels := dress(message)
	e := &envelope{
		sender: p, id: s.id, to: to, at: p.srv.now(), attrs: labels.stanza, common: labels.common, clear: message,
		each: map[deviceRef]node{}, labels: labels.enc, unavailable: s.unavailable, garbled: s.garbled != 0,
	}
	chat, err := p.seal(ctx, e, s, message)
	if err != nil {
		return err
	}
	p.garbleRetries(s)
	// Written down before it is relayed: a retry receipt may come at once.
	p.note(PhoneMessage{
		ID: s.id, Chat: chat, Sender: p.lid, PushName: p.Name(), FromMe: true, Time: e.at,
		Text: textOfMessage(message), Message: message, Copies: 1,
		Type: textOf(&node{Attrs: labels.stanza}, "type"), MediaType: textOf(&node{Attrs: labels.enc}, "mediatype"),
		Edit: types.EditAttribute(textOf(&node{Attrs: labels.stanza}, "edit")),
	})
	if outcome := p.srv.relay(e); outcome.code != 0 {
		return fmt.Errorf("%w: %w", ErrSendRefused, &StanzaError{Code: outcome.code, Text: "refused"})
	}
	return nil
}

// seal encrypts a message for all it is for, and gives the chat.
func (p *Phone) seal(ctx context.Context, e *envelope, s *sending, message *waE2E.Message) (types.JID, error) {
	switch {
	case e.to.Server == types.GroupServer:
		return e.to, p.sealGroup(ctx, e, message)
	case e.to == types.StatusBroadcastJID:
		return e.to, p.sealStatus(ctx, e, s.recipients, message)
	}
	return p.sealUser(ctx, e, message)
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

// ownCopy wraps a message for the sender's other devices, which look for its
// secret outside the wrapper.
func ownCopy(chat types.JID, message *waE2E.Message) *waE2E.Message {
	return &waE2E.Message{
		DeviceSentMessage:  &waE2E.DeviceSentMessage{DestinationJID: proto.String(chat.String()), Message: message},
		MessageContextInfo: message.GetMessageContextInfo(),
	}
}

// seal encrypts for one companion.
func (e *envelope) seal(ctx context.Context, device *companion, plain []byte) error {
	enc := e.stub("msg")
	if enc == nil {
		sealed, err := e.sender.encrypt(ctx, device, plain)
		if err != nil {
			return err
		}
		sealed = withAttrs(sealed, e.labels)
		enc = &sealed
	}
	e.each[deviceRef{device.phone, device.id}] = *enc
	return nil
}

// stub is what stands in for an encryption that is not to be readable, or nil.
func (e *envelope) stub(kind string) *node {
	switch {
	case e.unavailable != "":
		return &node{Tag: "unavailable", Attrs: attrs{"type": e.unavailable}}
	case e.garbled:
		garbage := withAttrs(garbage(kind), e.labels)
		return &garbage
	}
	return nil
}

// garbage is an encryption that nobody can read: right version, no protobuf.
func garbage(kind string) node {
	return node{Tag: "enc", Attrs: attrs{"v": "2", "type": kind}, Content: []byte("\x33\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")}
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
	return p.sealShared(ctx, e, members, epoch, message)
}

// sealShared encrypts with the sender key for all companions of the accounts.
func (p *Phone) sealShared(ctx context.Context, e *envelope, readers []*Phone, epoch int, message *waE2E.Message) error {
	plain, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("marshalling message: %w", err)
	}
	var devices []*companion
	for _, reader := range readers {
		devices = append(devices, reader.companions()...)
	}
	if stub := e.stub("skmsg"); stub != nil {
		e.shared = []node{*stub}
		return nil
	}
	if len(devices) == 0 {
		return nil
	}
	shared, keyed, err := p.encryptGroup(ctx, e.to, epoch, devices, plain)
	if err != nil {
		return err
	}
	e.shared = []node{withAttrs(shared, e.labels)}
	for device, enc := range keyed {
		if hide, ok := e.labels["decrypt-fail"]; ok {
			enc = withAttrs(enc, attrs{"decrypt-fail": hide})
		}
		e.each[deviceRef{device.phone, device.id}] = enc
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
		"id": id, "from": p.JID(), "t": p.srv.nowText(), "type": "text", "category": "peer", "notify": p.Name(),
	}, Content: []node{enc}})
	return nil
}
