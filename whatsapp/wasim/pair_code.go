package wasim

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/util/hkdfutil"
	"go.mau.fi/whatsmeow/util/keys"
	"golang.org/x/crypto/curve25519"
)

const (
	// codeIterations is the PBKDF2 work of a pairing code, in both directions.
	codeIterations = 2 << 16
	// wrappedKeyLength is salt 32, iv 16, encrypted public key 32.
	wrappedKeyLength = 80
	// codeAlphabet is what pairing codes are made of.
	codeAlphabet = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
	codeLength   = 8
	// keyBundleLength is salt 32, nonce 12, three keys of 32, tag 16.
	keyBundleLength = 32 + 12 + 96 + 16
)

// codePairing is a pairing by the code on a client's screen.
type codePairing struct {
	ref     string
	number  string // the account that the client named
	wrapped []byte // the client's ephemeral key under the code

	// Set when the user enters the code.
	phone  *Phone
	shared []byte
	done   chan error // 1 slot
}

// report gives the outcome to whoever waits in EnterCode.
func (p *codePairing) report(err error) {
	if p.done != nil {
		select {
		case p.done <- err:
		default:
		}
	}
}

// linkCode answers the two stages that a client asks for. The caller is the
// connection's reader.
func (r *registration) linkCode(n *node, request node) {
	switch textOf(&request, "stage") {
	case "companion_hello":
		r.codeHello(n, request)
	case "companion_finish":
		r.codeFinish(n, request)
	default:
		r.conn.send(errorOf(n, ErrBadRequest))
	}
}

// codeHello registers the code that the client shows.
func (r *registration) codeHello(n *node, request node) {
	wrapped := contentOf(request.GetChildByTag("link_code_pairing_wrapped_companion_ephemeral_pub"))
	display := string(contentOf(request.GetChildByTag("companion_platform_display")))
	number := jidOf(&request, "jid").User
	// WhatsApp wants "Browser (OS)".
	if len(wrapped) != wrappedKeyLength || number == "" || !strings.Contains(display, " (") || !strings.HasSuffix(display, ")") {
		r.conn.send(errorOf(n, ErrBadRequest))
		return
	}
	if fault, strikes := r.conn.srv.faults.take(FaultRefuseQuery, number); strikes {
		r.conn.send(errorOf(n, fault.refusal()))
		return
	}
	code := &codePairing{ref: randomHex(24), number: number, wrapped: wrapped}
	r.mu.Lock()
	if r.code != nil {
		r.conn.srv.dropCode(r)
		r.code.report(ErrUnknownCode)
	}
	r.code = code
	r.mu.Unlock()
	s := r.conn.srv
	s.mu.Lock()
	s.registrations[codeKey(number)] = r
	s.mu.Unlock()
	r.conn.send(resultOf(n, node{Tag: "link_code_companion_reg", Attrs: attrs{"stage": "companion_hello"}, Content: []node{
		{Tag: "link_code_pairing_ref", Content: []byte(code.ref)},
	}}))
}

// codeKey is where a registration waits for the code of a number. It cannot
// clash with a QR code's reference.
func codeKey(number string) string { return "code:" + number }

// dropCode forgets the number that a registration waits for. The caller holds r.mu.
func (s *Server) dropCode(r *registration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.registrations[codeKey(r.code.number)] == r {
		delete(s.registrations, codeKey(r.code.number))
	}
}

// EnterCode is the user typing the code that a client shows. It returns when
// the device is linked, or has failed to be; ErrWrongCode if the code is
// another one.
func (p *Phone) EnterCode(ctx context.Context, code string) error {
	code, err := normalizeCode(code)
	if err != nil {
		return err
	}
	s := p.srv
	s.mu.RLock()
	reg := s.registrations[codeKey(p.number)]
	s.mu.RUnlock()
	if reg == nil {
		return ErrUnknownCode
	}
	reg.mu.Lock()
	current := reg.code
	reg.mu.Unlock()
	if current == nil {
		return ErrUnknownCode
	}
	theirs, err := wrapKey(code, current.wrapped)
	if err != nil {
		return err
	}
	ours := keys.NewKeyPair()
	shared, err := curve25519.X25519(ours.Priv[:], theirs)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrWrongCode, err)
	}
	answer := slices.Concat(randomBytes(48), ours.Pub[:])
	sealed, err := wrapKey(code, answer)
	if err != nil {
		return err
	}
	copy(answer[48:], sealed)
	done := make(chan error, 1)
	reg.mu.Lock()
	if reg.ended || reg.code != current {
		reg.mu.Unlock()
		return ErrUnknownCode
	}
	current.phone, current.shared, current.done = p, shared, done
	reg.mu.Unlock()
	reg.conn.send(s.serverNotification("link_code_companion_reg", node{
		Tag: "link_code_companion_reg", Attrs: attrs{"stage": "primary_hello"}, Content: []node{
			{Tag: "link_code_pairing_ref", Content: []byte(current.ref)},
			{Tag: "link_code_pairing_wrapped_primary_ephemeral_pub", Content: answer},
			{Tag: "primary_identity_pub", Content: p.identityKey().Pub[:]},
		}}))
	return s.await(ctx, done)
}

// normalizeCode takes a code as people type it.
func normalizeCode(code string) (string, error) {
	code = strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(code), "-", ""))
	if len(code) != codeLength || strings.Trim(code, codeAlphabet) != "" {
		return "", fmt.Errorf("%w: want 8 characters", ErrBadCode)
	}
	return code, nil
}

// wrapKey encrypts or decrypts the public key in a wrapped key; the same
// operation does both.
func wrapKey(code string, wrapped []byte) ([]byte, error) {
	if len(wrapped) != wrappedKeyLength {
		return nil, ErrBadCode
	}
	key, err := pbkdf2.Key(sha256.New, code, wrapped[:32], codeIterations, 32)
	if err != nil {
		return nil, fmt.Errorf("stretching code: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing code cipher: %w", err)
	}
	out := make([]byte, 32)
	cipher.NewCTR(block, wrapped[32:48]).XORKeyStream(out, wrapped[48:])
	return out, nil
}

// codeFinish takes the client's key bundle. A wrong code shows here: the two
// sides then agreed on different keys.
func (r *registration) codeFinish(n *node, request node) {
	var current codePairing // a copy: the user may enter another code meanwhile
	r.mu.Lock()
	if r.code != nil {
		current = *r.code
	}
	r.mu.Unlock()
	if current.phone == nil {
		r.conn.send(errorOf(n, ErrBadRequest))
		return
	}
	identity, advSecret, err := current.open(
		contentOf(request.GetChildByTag("link_code_pairing_wrapped_key_bundle")),
		contentOf(request.GetChildByTag("companion_identity_public")),
	)
	if err != nil {
		r.conn.send(errorOf(n, ErrBadRequest))
		current.report(err)
		return
	}
	r.conn.send(resultOf(n))
	linked, err := current.phone.link(r, identity, advSecret)
	if err != nil {
		current.report(err)
		return
	}
	r.conn.srv.spawn(func() { current.report(r.conn.srv.await(r.conn.ctx, linked)) })
}

// open reads a key bundle and derives the secret that vouches for the identity.
func (p *codePairing) open(bundle, identity []byte) (companion [32]byte, advSecret []byte, err error) {
	if len(bundle) != keyBundleLength || len(identity) != 32 {
		return companion, nil, fmt.Errorf("%w: key bundle of %d bytes", ErrBadCode, len(bundle))
	}
	key := hkdfutil.SHA256(p.shared, bundle[:32], []byte("link_code_pairing_key_bundle_encryption_key"), 32)
	block, err := aes.NewCipher(key)
	if err != nil {
		return companion, nil, fmt.Errorf("preparing bundle cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return companion, nil, fmt.Errorf("preparing bundle cipher: %w", err)
	}
	plain, err := aead.Open(nil, bundle[32:44], bundle[44:], nil)
	if err != nil {
		return companion, nil, fmt.Errorf("%w: %w", ErrWrongCode, err)
	}
	account := p.phone.identityKey()
	shared, err := curve25519.X25519(account.Priv[:], identity)
	if err != nil {
		return companion, nil, fmt.Errorf("agreeing with the device: %w", err)
	}
	secret := hkdfutil.SHA256(slices.Concat(p.shared, shared, plain[64:96]), nil, []byte("adv_secret"), 32)
	return [32]byte(identity), secret, nil
}
