package wasim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mau.fi/libsignal/protocol"
	"go.mau.fi/libsignal/session"
	"go.mau.fi/libsignal/signalerror"
	"go.mau.fi/libsignal/state/record"
	"go.mau.fi/whatsmeow/store"
)

// openFirstLocked opens a message that may begin a session.
func (p *Phone) openFirstLocked(ctx context.Context, address *protocol.SignalAddress, sealed *protocol.PreKeySignalMessage) ([]byte, error) {
	device := p.secret().device
	known, err := device.LoadSession(ctx, address)
	if err != nil {
		return nil, err
	}
	used, err := session.NewBuilderFromSignal(device, address, store.SignalProtobufSerializer).Process(ctx, known, sealed)
	if err != nil {
		return nil, fmt.Errorf("beginning a session: %w", err)
	}
	plaintext, err := p.openStatesLocked(ctx, address, known, sealed.WhisperMessage())
	if err != nil || used.IsEmpty {
		return plaintext, err
	}
	return plaintext, device.RemovePreKey(ctx, used.Value)
}

// openNextLocked opens a message of a session.
func (p *Phone) openNextLocked(ctx context.Context, address *protocol.SignalAddress, sealed *protocol.SignalMessage) ([]byte, error) {
	known, err := p.secret().device.LoadSession(ctx, address)
	if err != nil {
		return nil, err
	}
	if known.IsFresh() {
		return nil, fmt.Errorf("%w %s", signalerror.ErrNoSessionForUser, address)
	}
	return p.openStatesLocked(ctx, address, known, sealed)
}

// openStatesLocked opens a message with the state of a session that it is for. Each
// is tried by itself, as phones do: libsignal for Go advances those too that the
// message turns out not to be for, and they read nothing any more.
func (p *Phone) openStatesLocked(ctx context.Context, address *protocol.SignalAddress, known *record.Session, sealed *protocol.SignalMessage) ([]byte, error) {
	device, serializer := p.secret().device, store.SignalProtobufSerializer
	cipher := session.NewCipher(session.NewBuilderFromSignal(device, address, serializer), address)
	states := known.Structure()
	all := append([]*record.StateStructure{states.SessionState}, states.PreviousStates...)
	var failures []error
	for i, state := range all {
		one, err := record.NewSessionFromStructure(&record.SessionStructure{SessionState: state}, serializer.Session, serializer.State)
		if err != nil {
			return nil, fmt.Errorf("reading a session's state: %w", err)
		}
		plaintext, _, err := cipher.DecryptWithRecord(ctx, one, sealed)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		states = one.Structure()
		states.PreviousStates = slices.Delete(all, i, i+1)
		opened, err := record.NewSessionFromStructure(states, serializer.Session, serializer.State)
		if err != nil {
			return nil, fmt.Errorf("reading a session's states: %w", err)
		}
		return plaintext, device.StoreSession(ctx, address, opened)
	}
	return nil, errors.Join(failures...)
}
