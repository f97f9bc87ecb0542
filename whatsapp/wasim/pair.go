package wasim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

const (
	// codesPerRegistration is how many QR codes a client gets; it disconnects
	// after the last.
	codesPerRegistration = 6
	// codeGrace is how long after its time on the screen a code can be scanned.
	codeGrace = 5 * time.Second
	// pairingTimeout bounds the wait for the client's part of a pairing.
	pairingTimeout = 30 * time.Second
	// maxDeviceID is the largest device number, which must fit one byte.
	maxDeviceID = 99
)

// What can go wrong when the phone links a device.
var (
	ErrBadCode         = errors.New("malformed code")
	ErrUnknownCode     = errors.New("unknown or expired code")
	ErrWrongCode       = errors.New("wrong pairing code")
	ErrPairingRefused  = errors.New("device refused to be linked")
	ErrPairingEnded    = errors.New("device went away while being linked")
	ErrTooManyDevices  = errors.New("too many linked devices")
	errPairingUnsigned = errors.New("device identity not signed by the device")
)

// The prefixes that keep the signatures of a pairing apart.
var (
	accountSignaturePrefix = []byte{6, 0}
	deviceSignaturePrefix  = []byte{6, 1}
)

// registration is a connection that wants to be linked.
type registration struct {
	conn *conn
	refs []qrRef

	mu      sync.Mutex
	code    *codePairing // the pairing code on the screen, if there is one
	pending *pairing     // pair-success sent, waiting for the signature
	ended   bool
}

// qrRef is the part of a QR code that names the registration.
type qrRef struct {
	value   string
	expires time.Time
}

// pairing is one attempt to link a device.
type pairing struct {
	device *companion
	done   chan error // 1 slot: the outcome
}

// qrCode is what a client's QR code holds.
type qrCode struct {
	ref       string
	noise     [32]byte
	identity  [32]byte
	advSecret []byte
}

// parseQR reads a QR code's text, with or without the address in front and the
// client type behind.
func parseQR(text string) (*qrCode, error) {
	if _, fragment, ok := strings.Cut(text, "#"); ok {
		text = fragment
	}
	parts := strings.Split(strings.TrimSpace(text), ",")
	if len(parts) < 4 || len(parts) > 5 || parts[0] == "" {
		return nil, fmt.Errorf("%w: %d fields", ErrBadCode, len(parts))
	}
	var fields [3][]byte
	for i := range fields {
		decoded, err := base64.StdEncoding.DecodeString(parts[i+1])
		if err != nil || len(decoded) != 32 {
			return nil, fmt.Errorf("%w: field %d is not a key", ErrBadCode, i+2)
		}
		fields[i] = decoded
	}
	return &qrCode{ref: parts[0], noise: [32]byte(fields[0]), identity: [32]byte(fields[1]), advSecret: fields[2]}, nil
}

// register hands a new client its QR codes.
func (c *conn) register() {
	s := c.srv
	reg := &registration{conn: c}
	expires := s.now().Add(codeGrace + s.options.FirstCodeLife)
	refs := make([]node, codesPerRegistration)
	for i := range refs {
		ref := qrRef{value: "2@" + base64.RawURLEncoding.EncodeToString(randomBytes(36)), expires: expires}
		expires = expires.Add(s.options.CodeLife)
		reg.refs = append(reg.refs, ref)
		refs[i] = node{Tag: "ref", Content: []byte(ref.value)}
	}
	c.registration = reg
	s.mu.Lock()
	for _, ref := range reg.refs {
		s.registrations[ref.value] = reg
	}
	s.mu.Unlock()
	c.send(s.serverIQ(s.nextID(), "md", node{Tag: "pair-device", Content: refs}))
}

// abandon ends the registration with its connection.
func (r *registration) abandon() {
	s := r.conn.srv
	s.mu.Lock()
	for _, ref := range r.refs {
		delete(s.registrations, ref.value)
	}
	s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	if r.code != nil {
		s.dropCode(r)
		r.code.report(ErrPairingEnded)
	}
	if r.pending != nil {
		r.pending.done <- ErrPairingEnded
		r.pending = nil
	}
}

// ScanQR is the user scanning what a client shows. It returns when the device
// is linked, or has failed to be; the client logs in on its own after that.
func (p *Phone) ScanQR(ctx context.Context, qr string) error {
	code, err := parseQR(qr)
	if err != nil {
		return err
	}
	s := p.srv
	s.mu.RLock()
	reg := s.registrations[code.ref]
	s.mu.RUnlock()
	if reg == nil || !reg.valid(code.ref, s.now()) {
		return ErrUnknownCode
	}
	if reg.conn.session.clientKey != code.noise {
		return fmt.Errorf("%w: key of another device", ErrBadCode)
	}
	done, err := p.link(reg, code.identity, code.advSecret)
	if err != nil {
		return err
	}
	return s.await(ctx, done)
}

// valid reports whether a code of the registration can still be scanned.
func (r *registration) valid(ref string, now time.Time) bool {
	for _, known := range r.refs {
		if known.value == ref {
			return now.Before(known.expires)
		}
	}
	return false
}

// await waits for the outcome of a pairing.
func (s *Server) await(ctx context.Context, done <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, pairingTimeout)
	defer cancel()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the device: %w", ctx.Err())
	case <-s.ctx.Done():
		return ErrClosed
	}
}

// link vouches for a new device and sends it its identity.
func (p *Phone) link(reg *registration, identity [32]byte, advSecret []byte) (<-chan error, error) {
	s := p.srv
	id, err := p.reserveDevice()
	if err != nil {
		return nil, err
	}
	identityBox, err := p.vouch(id, identity, advSecret)
	if err != nil {
		return nil, err
	}
	data := reg.conn.session.payload.GetDevicePairingData()
	keys, err := registeredKeys(data)
	if err != nil {
		return nil, err
	}
	attempt := &pairing{
		device: &companion{
			phone: p, id: id, noise: reg.conn.session.clientKey, wish: wishOf(data.GetDeviceProps()), identity: identity, keys: keys,
		},
		done: make(chan error, 1),
	}
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if reg.ended || reg.pending != nil {
		return nil, ErrUnknownCode
	}
	reg.pending = attempt
	told := []node{
		{Tag: "device-identity", Content: identityBox},
		{Tag: "platform", Attrs: attrs{"name": tagFor(p.verifiedName() != "", "smba", "android")}},
		{Tag: "device", Attrs: attrs{"jid": attempt.device.pn(), "lid": attempt.device.lid()}},
	}
	if name := p.verifiedName(); name != "" {
		told = append(told, node{Tag: "biz", Attrs: attrs{"name": name}})
	}
	reg.conn.send(s.serverIQ("pair-"+s.nextID(), "md", node{Tag: "pair-success", Content: told}))
	return attempt.done, nil
}

// vouch signs a companion's identity with the account's key.
func (p *Phone) vouch(id uint16, identity [32]byte, advSecret []byte) ([]byte, error) {
	key := p.identityKey()
	details, err := proto.Marshal(&waAdv.ADVDeviceIdentity{
		RawID: proto.Uint32(p.registrationID()), Timestamp: proto.Uint64(uint64(p.srv.now().Unix())), KeyIndex: proto.Uint32(uint32(id)),
		AccountType: waAdv.ADVEncryptionType_E2EE.Enum(), DeviceType: waAdv.ADVEncryptionType_E2EE.Enum(),
	})
	if err != nil {
		return nil, fmt.Errorf("marshalling device identity: %w", err)
	}
	signed, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentity{
		Details:             details,
		AccountSignatureKey: key.Pub[:],
		AccountSignature:    sign(key, bytes.Join([][]byte{accountSignaturePrefix, details, identity[:]}, nil)),
	})
	if err != nil {
		return nil, fmt.Errorf("marshalling signed identity: %w", err)
	}
	mac := hmac.New(sha256.New, advSecret)
	mac.Write(signed)
	box, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentityHMAC{Details: signed, HMAC: mac.Sum(nil)})
	if err != nil {
		return nil, fmt.Errorf("marshalling identity container: %w", err)
	}
	return box, nil
}

// answered takes the client's answer to pair-success. The answer to pair-device,
// which has no content, changes nothing.
func (r *registration) answered(n *node) {
	child := firstChild(n)
	r.mu.Lock()
	attempt := r.pending
	if attempt == nil || (child.Tag != "pair-device-sign" && textOf(n, "type") != "error") {
		r.mu.Unlock()
		return
	}
	r.pending = nil
	r.mu.Unlock()
	if textOf(n, "type") == "error" {
		attempt.done <- fmt.Errorf("%w: %s %s", ErrPairingRefused, textOf(&child, "code"), textOf(&child, "text"))
		return
	}
	identity := child.GetChildByTag("device-identity")
	if err := attempt.device.checkSignature(contentOf(identity)); err != nil {
		r.conn.send(errorOf(n, ErrNotAuthorized))
		attempt.done <- err
		return
	}
	attempt.device.phone.addDevice(attempt.device)
	r.conn.finish(node{Tag: "stream:error", Attrs: attrs{"code": "515"}})
	attempt.done <- nil
}

// checkSignature verifies that the companion owns the identity that was vouched for.
func (c *companion) checkSignature(raw []byte) error {
	var signed waAdv.ADVSignedDeviceIdentity
	if err := proto.Unmarshal(raw, &signed); err != nil {
		return fmt.Errorf("reading signed identity: %w", err)
	}
	covered := bytes.Join([][]byte{deviceSignaturePrefix, signed.GetDetails(), c.identity[:], c.phone.identityKey().Pub[:]}, nil)
	if !verify(c.identity, covered, signed.GetDeviceSignature()) {
		return errPairingUnsigned
	}
	return nil
}

// registrationIQ is the md namespace of a device that is not linked yet.
func (c *conn) registrationIQ(n *node) {
	child := firstChild(n)
	switch {
	case c.registration == nil:
		c.send(errorOf(n, ErrNotAuthorized))
	case child.Tag == "link_code_companion_reg":
		c.registration.linkCode(n, child)
	case child.Tag == "ref":
		c.send(resultOf(n, node{Tag: "ref", Content: []byte(c.registration.refs[0].value)}))
	default:
		c.send(errorOf(n, ErrBadRequest))
	}
}

// pnOf is the phone-number JID of a number.
func pnOf(number string) types.JID { return types.NewJID(number, types.DefaultUserServer) }
