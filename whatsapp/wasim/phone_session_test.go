package wasim

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/libsignal/protocol"
	"go.mau.fi/libsignal/session"
	"go.mau.fi/libsignal/util/optional"
	"go.mau.fi/whatsmeow/store"
)

// TestPhonesThatMeetAtOnceReadEachOther: both have two states of their session, and
// what crosses on the way is for the archived one.
func TestPhonesThatMeetAtOnceReadEachOther(t *testing.T) {
	t.Parallel()
	srv, err := New(Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Close()) })
	var (
		serializer = store.SignalProtobufSerializer
		peer       = protocol.NewSignalAddress("peer", 0)
		phones     [2]*Phone
	)
	builder := func(i int) *session.Builder {
		return session.NewBuilderFromSignal(phones[i].secret().device, peer, serializer)
	}
	write := func(i int, text string) protocol.CiphertextMessage {
		sealed, err := session.NewCipher(builder(i), peer).Encrypt(t.Context(), []byte(text))
		require.NoError(t, err)
		return sealed
	}
	reads := func(i int, sealed protocol.CiphertextMessage, text string) {
		t.Helper()
		var plaintext []byte
		if sealed.Type() == protocol.PREKEY_TYPE {
			message, err := protocol.NewPreKeySignalMessageFromBytes(sealed.Serialize(), serializer.PreKeySignalMessage, serializer.SignalMessage)
			require.NoError(t, err)
			plaintext, err = phones[i].openFirstLocked(t.Context(), peer, message)
			require.NoError(t, err)
		} else {
			message, err := protocol.NewSignalMessageFromBytes(sealed.Serialize(), serializer.SignalMessage)
			require.NoError(t, err)
			plaintext, err = phones[i].openNextLocked(t.Context(), peer, message)
			require.NoError(t, err)
		}
		assert.Equal(t, text, string(plaintext))
	}
	for i := range phones {
		phones[i], err = srv.AddPhone(fmt.Sprintf("4917000000%02d", i), "Phone")
		require.NoError(t, err)
	}
	for i := range phones {
		device := phones[1-i].secret().device
		key := device.SignedPreKey
		require.NoError(t, builder(i).ProcessBundle(t.Context(), prekey.NewBundle(device.RegistrationID, 0, optional.NewEmptyUint32(), key.KeyID,
			nil, ecc.NewDjbECPublicKey(*key.Pub), *key.Signature, identity.NewKey(ecc.NewDjbECPublicKey(*device.IdentityKey.Pub)))))
	}
	for round := range 20 {
		first, second := write(0, "ping"), write(1, "pong")
		third := write(0, "again")
		reads(1, first, "ping")
		if round%2 == 0 {
			reads(0, second, "pong")
			reads(1, third, "again")
		} else {
			reads(1, third, "again")
			reads(0, second, "pong")
		}
	}
}
