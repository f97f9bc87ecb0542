package wasim

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"go.mau.fi/libsignal/groups"
	"go.mau.fi/libsignal/protocol"
	"go.mau.fi/libsignal/session"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

var errPadding = errors.New("malformed padding")

// phoneSignal is the lock around all Signal operations of a phone, and who has
// its sender keys.
type phoneSignal struct {
	mu sync.Mutex
	// distributed holds, per group, who has the phone's sender key.
	distributed map[types.JID]*distribution
}

// distribution is who has the sender key that a phone uses in a group.
type distribution struct {
	// epoch is the group's when the key was made. A group's epoch changes when
	// somebody leaves, who must not be able to read on.
	epoch int
	have  map[*companion]struct{}
}

// encrypt makes the <enc> of a plaintext for one companion.
func (p *Phone) encrypt(ctx context.Context, to *companion, plaintext []byte) (node, error) {
	p.signal.mu.Lock()
	defer p.signal.mu.Unlock()
	return p.encryptLocked(ctx, to, plaintext)
}

func (p *Phone) encryptLocked(ctx context.Context, to *companion, plaintext []byte) (node, error) {
	device := p.secret().device
	address := to.lid().SignalAddress()
	builder := session.NewBuilderFromSignal(device, address, store.SignalProtobufSerializer)
	known, err := device.ContainsSession(ctx, address)
	if err != nil {
		return node{}, fmt.Errorf("looking up session: %w", err)
	}
	if !known {
		parts := node{Content: to.bundle()}
		bundle, err := readBundle(to.id, contentOf(parts.GetChildByTag("registration")), parts)
		if err != nil {
			return node{}, fmt.Errorf("reading bundle of %s: %w", to.lid(), err)
		}
		if err = builder.ProcessBundle(ctx, bundle); err != nil {
			return node{}, fmt.Errorf("starting session with %s: %w", to.lid(), err)
		}
	}
	sealed, err := session.NewCipher(builder, address).Encrypt(ctx, pad(plaintext))
	if err != nil {
		return node{}, fmt.Errorf("encrypting for %s: %w", to.lid(), err)
	}
	kind := "msg"
	if sealed.Type() == protocol.PREKEY_TYPE {
		kind = "pkmsg"
	}
	return node{Tag: "enc", Attrs: attrs{"v": "2", "type": kind}, Content: sealed.Serialize()}, nil
}

// encryptGroup makes the <enc> of a plaintext for everybody in a group, and the
// key distribution for those companions that do not have the key.
func (p *Phone) encryptGroup(ctx context.Context, chat types.JID, epoch int, to []*companion, plaintext []byte) (shared node, keyed map[*companion]node, err error) {
	p.signal.mu.Lock()
	defer p.signal.mu.Unlock()
	known := p.distributionLocked(chat, epoch)
	key, err := p.senderKeyLocked(ctx, chat)
	if err != nil {
		return node{}, nil, err
	}
	keyPlaintext, err := proto.Marshal(&waE2E.Message{SenderKeyDistributionMessage: key})
	if err != nil {
		return node{}, nil, fmt.Errorf("marshalling sender key: %w", err)
	}
	device := p.secret().device
	builder := groups.NewGroupSessionBuilder(device, store.SignalProtobufSerializer)
	sealed, err := groups.NewGroupCipher(builder, p.senderKeyName(chat), device).Encrypt(ctx, pad(plaintext))
	if err != nil {
		return node{}, nil, fmt.Errorf("encrypting for group: %w", err)
	}
	keyed = map[*companion]node{}
	for _, companion := range to {
		if _, ok := known.have[companion]; ok {
			continue
		}
		enc, err := p.encryptLocked(ctx, companion, keyPlaintext)
		if err != nil {
			return node{}, nil, fmt.Errorf("distributing sender key: %w", err)
		}
		keyed[companion] = enc
		known.have[companion] = struct{}{}
	}
	return node{Tag: "enc", Attrs: attrs{"v": "2", "type": "skmsg"}, Content: sealed.SignedSerialize()}, keyed, nil
}

// distributionLocked tells who has the phone's key for a group's epoch; with a
// new epoch the phone starts with a new key that nobody has.
func (p *Phone) distributionLocked(chat types.JID, epoch int) *distribution {
	known := p.signal.distributed[chat]
	if known != nil && known.epoch == epoch {
		return known
	}
	if known != nil {
		name := p.senderKeyName(chat)
		p.secret().store.dropSenderKey(name.GroupID(), name.Sender().String())
	}
	if p.signal.distributed == nil {
		p.signal.distributed = map[types.JID]*distribution{}
	}
	known = &distribution{epoch: epoch, have: map[*companion]struct{}{}}
	p.signal.distributed[chat] = known
	return known
}

// senderKeyLocked gives the phone's sender key for a group, making it if there
// is none.
func (p *Phone) senderKeyLocked(ctx context.Context, chat types.JID) (*waE2E.SenderKeyDistributionMessage, error) {
	builder := groups.NewGroupSessionBuilder(p.secret().device, store.SignalProtobufSerializer)
	key, err := builder.Create(ctx, p.senderKeyName(chat))
	if err != nil {
		return nil, fmt.Errorf("making sender key: %w", err)
	}
	return &waE2E.SenderKeyDistributionMessage{
		GroupID: proto.String(chat.String()), AxolotlSenderKeyDistributionMessage: key.Serialize(),
	}, nil
}

func (p *Phone) senderKeyName(chat types.JID) *protocol.SenderKeyName {
	return protocol.NewSenderKeyName(chat.String(), p.lid.SignalAddress())
}

// forgetDevice drops what the phone knows of a companion of its own account
// that was unlinked; its number may be used again with other keys.
func (p *Phone) forgetDevice(device *companion) {
	p.signal.mu.Lock()
	defer p.signal.mu.Unlock()
	p.dropSessionLocked(device)
}

// dropSessionLocked forgets session and identity of a device.
func (p *Phone) dropSessionLocked(device *companion) {
	address := device.lid().SignalAddress().String()
	state := p.secret().store
	// The in-memory store cannot fail.
	_ = state.DeleteSession(context.Background(), address)
	_ = state.DeleteIdentity(context.Background(), address)
	for _, have := range p.signal.distributed {
		delete(have.have, device)
	}
}

// LoseSessions makes the phone forget all its Signal sessions and the sender
// keys it received, as after a restore from a backup: the next messages to it
// cannot be decrypted and are asked for again.
func (p *Phone) LoseSessions() {
	p.signal.mu.Lock()
	defer p.signal.mu.Unlock()
	state := p.secret().store
	state.mu.Lock()
	defer state.mu.Unlock()
	clear(state.sessions)
	clear(state.senderKeys)
	clear(p.signal.distributed)
}

// decryptLocked opens one <enc> from a companion. The caller holds the signal lock.
func (p *Phone) decryptLocked(ctx context.Context, from *companion, chat types.JID, enc node) (*waE2E.Message, error) {
	plaintext, err := p.openLocked(ctx, from, chat, enc)
	if err != nil {
		return nil, err
	}
	body, err := unpad(plaintext)
	if err != nil {
		return nil, err
	}
	message := &waE2E.Message{}
	if err = proto.Unmarshal(body, message); err != nil {
		return nil, fmt.Errorf("reading message: %w", err)
	}
	return message, nil
}

func (p *Phone) openLocked(ctx context.Context, from *companion, chat types.JID, enc node) ([]byte, error) {
	device, serializer := p.secret().device, store.SignalProtobufSerializer
	address := from.lid().SignalAddress()
	switch kind := textOf(&enc, "type"); kind {
	case "pkmsg":
		sealed, err := protocol.NewPreKeySignalMessageFromBytes(contentOf(enc), serializer.PreKeySignalMessage, serializer.SignalMessage)
		if err != nil {
			return nil, fmt.Errorf("reading prekey message: %w", err)
		}
		return p.openFirstLocked(ctx, address, sealed)
	case "msg":
		sealed, err := protocol.NewSignalMessageFromBytes(contentOf(enc), serializer.SignalMessage)
		if err != nil {
			return nil, fmt.Errorf("reading message: %w", err)
		}
		return p.openNextLocked(ctx, address, sealed)
	case "skmsg":
		sealed, err := protocol.NewSenderKeyMessageFromBytes(contentOf(enc), serializer.SenderKeyMessage)
		if err != nil {
			return nil, fmt.Errorf("reading sender key message: %w", err)
		}
		builder := groups.NewGroupSessionBuilder(device, serializer)
		return groups.NewGroupCipher(builder, protocol.NewSenderKeyName(chat.String(), address), device).Decrypt(ctx, sealed)
	default:
		return nil, fmt.Errorf("unknown encryption %q", kind)
	}
}

// learnSenderKeyLocked takes a sender key that a companion distributed.
func (p *Phone) learnSenderKeyLocked(ctx context.Context, from *companion, key *waE2E.SenderKeyDistributionMessage) error {
	serializer := store.SignalProtobufSerializer
	message, err := protocol.NewSenderKeyDistributionMessageFromBytes(key.GetAxolotlSenderKeyDistributionMessage(), serializer.SenderKeyDistributionMessage)
	if err != nil {
		return fmt.Errorf("reading sender key: %w", err)
	}
	builder := groups.NewGroupSessionBuilder(p.secret().device, serializer)
	if err = builder.Process(ctx, protocol.NewSenderKeyName(key.GetGroupID(), from.lid().SignalAddress()), message); err != nil {
		return fmt.Errorf("storing sender key: %w", err)
	}
	return nil
}

// renewSession starts a session with a companion over: with the keys it sent in
// a retry receipt, or, without, with those on the server at the next encryption.
func (p *Phone) renewSession(ctx context.Context, device *companion, registration []byte, sent *node) error {
	p.signal.mu.Lock()
	defer p.signal.mu.Unlock()
	p.dropSessionLocked(device)
	if sent == nil {
		return nil
	}
	bundle, err := readBundle(device.id, registration, *sent)
	if err != nil {
		return fmt.Errorf("reading bundle in retry receipt: %w", err)
	}
	builder := session.NewBuilderFromSignal(p.secret().device, device.lid().SignalAddress(), store.SignalProtobufSerializer)
	if err = builder.ProcessBundle(ctx, bundle); err != nil {
		return fmt.Errorf("starting session over: %w", err)
	}
	return nil
}

// registrationBytes writes the primary device's registration id.
func (p *Phone) registrationBytes() []byte {
	return binary.BigEndian.AppendUint32(nil, p.registrationID())
}

// pad appends 1 to 15 bytes that each tell how many they are.
func pad(plaintext []byte) []byte {
	count := int(randomBytes(1)[0]&0xf) | 1
	return append(bytes.Clone(plaintext), bytes.Repeat([]byte{byte(count)}, count)...)
}

func unpad(padded []byte) ([]byte, error) {
	if len(padded) == 0 {
		return nil, errPadding
	}
	count := int(padded[len(padded)-1])
	if count > len(padded) {
		return nil, errPadding
	}
	return padded[:len(padded)-count], nil
}
