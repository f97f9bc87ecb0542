package whatsapp

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/libsignal/protocol"
	libsignal "go.mau.fi/libsignal/session"
	"go.mau.fi/libsignal/util/optional"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/util/keys"
)

// talker is one of two devices that write to each other.
type talker struct {
	store.SessionStore
	store.IdentityStore
	store.PreKeyStore
	device  *store.Device
	session []byte
	turn    *sessionTurn
}

func newTalker() *talker {
	t := &talker{turn: newSessionTurn()}
	own := keys.NewKeyPair()
	t.device = &store.Device{
		RegistrationID: 1, IdentityKey: own, SignedPreKey: own.CreateSignedPreKey(1),
		Identities: t, PreKeys: t, Sessions: &signalSessions{SessionStore: t, turn: t.turn},
	}
	return t
}

func (t *talker) GetSession(context.Context, string) ([]byte, error) { return t.session, nil }
func (t *talker) PutSession(_ context.Context, _ string, session []byte) error {
	t.session = session
	return nil
}
func (t *talker) HasSession(context.Context, string) (bool, error)                  { return t.session != nil, nil }
func (t *talker) PutIdentity(context.Context, string, [32]byte) error               { return nil }
func (t *talker) IsTrustedIdentity(context.Context, string, [32]byte) (bool, error) { return true, nil }
func (t *talker) RemovePreKey(context.Context, uint32) error                        { return nil }

// peer is how a talker names the other one.
func peer() *protocol.SignalAddress { return protocol.NewSignalAddress("peer", 0) }

func (t *talker) builder() *libsignal.Builder {
	return libsignal.NewBuilderFromSignal(t.device, peer(), store.SignalProtobufSerializer)
}

// meet starts a session with another's keys.
func (t *talker) meet(test *testing.T, other *talker) {
	test.Helper()
	key := other.device.SignedPreKey
	require.NoError(test, t.builder().ProcessBundle(test.Context(), prekey.NewBundle(other.device.RegistrationID, 0, optional.NewEmptyUint32(), key.KeyID,
		nil, ecc.NewDjbECPublicKey(*key.Pub), *key.Signature, identity.NewKey(ecc.NewDjbECPublicKey(*other.device.IdentityKey.Pub)))))
}

// write gives what the other one gets for a text.
func (t *talker) write(test *testing.T, text string) protocol.CiphertextMessage {
	test.Helper()
	sealed, err := libsignal.NewCipher(t.builder(), peer()).Encrypt(test.Context(), []byte(text))
	require.NoError(test, err)
	return sealed
}

// read gives the text of what the other one wrote.
func (t *talker) read(test *testing.T, sealed protocol.CiphertextMessage) (text string, err error) {
	test.Helper()
	buffer := &eventBuffer{EventBuffer: &failing{}, turn: t.turn, refuses: func() bool { return false }}
	err = buffer.DoDecryptionTxn(test.Context(), func(ctx context.Context) error {
		var (
			cipher     = libsignal.NewCipher(t.builder(), peer())
			serializer = store.SignalProtobufSerializer
			plaintext  []byte
			err        error
		)
		if sealed.Type() == protocol.PREKEY_TYPE {
			message, parseErr := protocol.NewPreKeySignalMessageFromBytes(sealed.Serialize(), serializer.PreKeySignalMessage, serializer.SignalMessage)
			require.NoError(test, parseErr)
			plaintext, err = cipher.DecryptMessage(ctx, message)
		} else {
			message, parseErr := protocol.NewSignalMessageFromBytes(sealed.Serialize(), serializer.SignalMessage)
			require.NoError(test, parseErr)
			plaintext, err = cipher.Decrypt(ctx, message)
		}
		text = string(plaintext)
		return err
	})
	return text, err
}

// TestTwoWhoMeetAtOnceReadEachOther: both have two states of their session, and
// what crosses on the way is for the archived one.
func TestTwoWhoMeetAtOnceReadEachOther(t *testing.T) {
	t.Parallel()
	a, b := newTalker(), newTalker()
	a.meet(t, b)
	b.meet(t, a)
	for round := range 30 {
		var toA, toB []protocol.CiphertextMessage
		for i := range 1 + round%3 {
			toB = append(toB, a.write(t, fmt.Sprintf("a%d.%d", round, i)))
			toA = append(toA, b.write(t, fmt.Sprintf("b%d.%d", round, i)))
		}
		if round == 10 || round == 20 { // they meet anew, as after a retry
			a.meet(t, b)
			b.meet(t, a)
		}
		for i := range toA {
			text, err := a.read(t, toA[i])
			require.NoError(t, err, "round %d", round)
			assert.Equal(t, fmt.Sprintf("b%d.%d", round, i), text)
			text, err = b.read(t, toB[i])
			require.NoError(t, err, "round %d", round)
			assert.Equal(t, fmt.Sprintf("a%d.%d", round, i), text)
		}
	}
	record, err := a.device.LoadSession(t.Context(), peer())
	require.NoError(t, err)
	assert.LessOrEqual(t, len(record.PreviousSessionStates()), 5, "no state is archived twice")
}
