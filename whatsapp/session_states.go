package whatsapp

import (
	"bytes"
	"fmt"

	"go.mau.fi/libsignal/state/record"
	"go.mau.fi/whatsmeow/store"
)

// restoreStates gives a session as a decryption leaves it, with its archived states
// as they were before. after is what the library stores, before what it had read.
//
// Two who write to each other for the first time at once have two states, and one of
// them is archived. The library tries a message with the current one first, and
// advances each one that it tries before it knows whether the message fits. That one
// reads nothing any more, and would be stored. A state that is in the list twice is
// there once then.
func restoreStates(before, after []byte) ([]byte, error) {
	if len(before) == 0 || bytes.HasSuffix(after, []byte(`"PreviousStates":[]}`)) {
		return after, nil // as nearly all are: reading it takes a while
	}
	serializer := store.SignalProtobufSerializer.Session
	now, err := serializer.Deserialize(after)
	if err != nil {
		return nil, fmt.Errorf("reading a session to store: %w", err)
	}
	past, err := serializer.Deserialize(before)
	if err != nil {
		return nil, fmt.Errorf("reading a stored session: %w", err)
	}
	// The sender's base key is the name of a state.
	unharmed := map[string]*record.StateStructure{string(past.SessionState.SenderBaseKey): past.SessionState}
	for _, state := range past.PreviousStates {
		unharmed[string(state.SenderBaseKey)] = state
	}
	delete(unharmed, string(now.SessionState.SenderBaseKey))
	var archived []*record.StateStructure
	for _, state := range now.PreviousStates {
		if was := unharmed[string(state.SenderBaseKey)]; was != nil {
			archived = append(archived, was)
			delete(unharmed, string(state.SenderBaseKey))
		}
	}
	now.PreviousStates = archived
	return serializer.Serialize(now), nil
}
