package wasim

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/socket"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/keys"
	"golang.org/x/crypto/curve25519"
	"google.golang.org/protobuf/proto"
)

var errHandshake = errors.New("malformed handshake")

// handshakeState is the responder's half of Noise_XX_25519_AESGCM_SHA256.
type handshakeState struct {
	hash, salt []byte
	aead       cipher.AEAD
	counter    uint32
}

// newHandshakeState starts with the pattern's name, which is exactly as long as
// a hash and therefore used as it is.
func newHandshakeState(prologue []byte) (*handshakeState, error) {
	h := &handshakeState{hash: []byte(socket.NoiseStartPattern), salt: []byte(socket.NoiseStartPattern)}
	aead, err := gcmutil.Prepare(h.hash)
	if err != nil {
		return nil, fmt.Errorf("preparing handshake cipher: %w", err)
	}
	h.aead = aead
	h.mixHash(prologue)
	return h, nil
}

func (h *handshakeState) mixHash(data []byte) {
	sum := sha256.New()
	sum.Write(h.hash)
	sum.Write(data)
	h.hash = sum.Sum(nil)
}

// expand derives the next two keys from secret and the current salt.
func (h *handshakeState) expand(secret []byte) (first, second []byte, err error) {
	out, err := hkdf.Key(sha256.New, secret, h.salt, "", 64)
	if err != nil {
		return nil, nil, fmt.Errorf("deriving keys: %w", err)
	}
	return out[:32], out[32:], nil
}

// mixKey mixes a Diffie-Hellman result in.
func (h *handshakeState) mixKey(private, public []byte) error {
	secret, err := curve25519.X25519(private, public)
	if err != nil {
		return fmt.Errorf("agreeing on a secret: %w", err)
	}
	salt, key, err := h.expand(secret)
	if err != nil {
		return err
	}
	h.salt, h.counter = salt, 0
	if h.aead, err = gcmutil.Prepare(key); err != nil {
		return fmt.Errorf("preparing handshake cipher: %w", err)
	}
	return nil
}

func (h *handshakeState) seal(plaintext []byte) []byte {
	ciphertext := h.aead.Seal(nil, nonce(h.counter), plaintext, h.hash)
	h.counter++
	h.mixHash(ciphertext)
	return ciphertext
}

func (h *handshakeState) open(ciphertext []byte) ([]byte, error) {
	plaintext, err := h.aead.Open(nil, nonce(h.counter), ciphertext, h.hash)
	if err != nil {
		return nil, err
	}
	h.counter++
	h.mixHash(ciphertext)
	return plaintext, nil
}

func nonce(counter uint32) []byte {
	iv := make([]byte, 12)
	binary.BigEndian.PutUint32(iv[8:], counter)
	return iv
}

// secured is the outcome of a handshake.
type secured struct {
	clientKey [32]byte // the client's static Noise key, its identity for log-ins
	payload   *waWa6.ClientPayload
	read      cipher.AEAD
	write     cipher.AEAD
}

// handshake runs the responder's side: in gives the client's frames, out takes
// the server's.
func (t *trust) handshake(in *frameReader, out func([]byte) error) (*secured, error) {
	prologue, err := in.prologue()
	if err != nil {
		return nil, err
	}
	state, err := newHandshakeState(prologue)
	if err != nil {
		return nil, err
	}
	ephemeral := keys.NewKeyPair()
	if err = t.hello(state, ephemeral, in, out); err != nil {
		return nil, fmt.Errorf("greeting client: %w", err)
	}
	done, err := finish(state, ephemeral, in)
	if err != nil {
		return nil, fmt.Errorf("finishing handshake: %w", err)
	}
	return done, nil
}

// hello answers the client's ephemeral key with the server's keys and
// certificate chain.
func (t *trust) hello(state *handshakeState, ephemeral *keys.KeyPair, in *frameReader, out func([]byte) error) error {
	message, err := readHandshake(in)
	if err != nil {
		return err
	}
	theirs := message.GetClientHello().GetEphemeral()
	if len(theirs) != 32 {
		return fmt.Errorf("%w: client ephemeral of %d bytes", errHandshake, len(theirs))
	}
	state.mixHash(theirs)
	state.mixHash(ephemeral.Pub[:])
	if err = state.mixKey(ephemeral.Priv[:], theirs); err != nil {
		return err
	}
	sealedStatic := state.seal(t.static.Pub[:])
	if err = state.mixKey(t.static.Priv[:], theirs); err != nil {
		return err
	}
	sealedChain := state.seal(t.chain)
	answer, err := proto.Marshal(&waWa6.HandshakeMessage{ServerHello: &waWa6.HandshakeMessage_ServerHello{
		Ephemeral: ephemeral.Pub[:], Static: sealedStatic, Payload: sealedChain,
	}})
	if err != nil {
		return fmt.Errorf("marshalling server hello: %w", err)
	}
	return out(answer)
}

// finish reads the client's static key and payload and splits the keys.
func finish(state *handshakeState, ephemeral *keys.KeyPair, in *frameReader) (*secured, error) {
	message, err := readHandshake(in)
	if err != nil {
		return nil, err
	}
	static, err := state.open(message.GetClientFinish().GetStatic())
	if err != nil {
		return nil, fmt.Errorf("opening client key: %w", err)
	}
	if len(static) != 32 {
		return nil, fmt.Errorf("%w: client key of %d bytes", errHandshake, len(static))
	}
	if err = state.mixKey(ephemeral.Priv[:], static); err != nil {
		return nil, err
	}
	raw, err := state.open(message.GetClientFinish().GetPayload())
	if err != nil {
		return nil, fmt.Errorf("opening client payload: %w", err)
	}
	done := &secured{clientKey: [32]byte(static), payload: &waWa6.ClientPayload{}}
	if err = proto.Unmarshal(raw, done.payload); err != nil {
		return nil, fmt.Errorf("reading client payload: %w", err)
	}
	// The first key is the one the client writes with.
	readKey, writeKey, err := state.expand(nil)
	if err != nil {
		return nil, err
	}
	if done.read, err = gcmutil.Prepare(readKey); err != nil {
		return nil, fmt.Errorf("preparing read cipher: %w", err)
	}
	if done.write, err = gcmutil.Prepare(writeKey); err != nil {
		return nil, fmt.Errorf("preparing write cipher: %w", err)
	}
	return done, nil
}

func readHandshake(in *frameReader) (*waWa6.HandshakeMessage, error) {
	frame, err := in.frame()
	if err != nil {
		return nil, err
	}
	message := &waWa6.HandshakeMessage{}
	if err = proto.Unmarshal(frame, message); err != nil {
		return nil, fmt.Errorf("reading handshake message: %w", err)
	}
	return message, nil
}
