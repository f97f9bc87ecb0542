package wasim

import (
	"encoding/binary"
	"fmt"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/libsignal/util/optional"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/util/keys"
)

// refillBelow is how few one-time keys make the server ask for more; clients
// ignore the request above it.
const refillBelow = 5

// keyMaterial is what the server keeps of a companion's keys.
type keyMaterial struct {
	registration [4]byte
	signed       node // <skey>, as the companion sent it
	oneTime      []node
}

// registeredKeys takes the keys out of a registration.
func registeredKeys(data *waWa6.ClientPayload_DevicePairingRegistrationData) (keyMaterial, error) {
	m := keyMaterial{signed: node{Tag: "skey", Content: []node{
		{Tag: "id", Content: data.GetESkeyID()},
		{Tag: "value", Content: data.GetESkeyVal()},
		{Tag: "signature", Content: data.GetESkeySig()},
	}}}
	if len(data.GetERegid()) != len(m.registration) {
		return m, fmt.Errorf("%w: registration id of %d bytes", ErrPairingRefused, len(data.GetERegid()))
	}
	copy(m.registration[:], data.GetERegid())
	if _, _, err := readKey(m.signed); err != nil {
		return m, fmt.Errorf("%w: signed prekey: %w", ErrPairingRefused, err)
	}
	return m, nil
}

// encryptIQ answers questions about keys.
func (s *Server) encryptIQ(device *companion, n *node) (node, *StanzaError) {
	if textOf(n, "type") == "set" {
		if !device.upload(n) {
			return node{}, ErrNotAcceptable
		}
		return resultOf(n), nil
	}
	child := firstChild(n)
	switch child.Tag {
	case "count":
		return resultOf(n, node{Tag: "count", Attrs: attrs{"value": device.info().PreKeys}}), nil
	case "digest":
		return node{}, ErrNotFound
	case "key":
		users := child.GetChildrenByTag("user")
		answers := make([]node, 0, len(users))
		for i := range users {
			answers = append(answers, s.bundleFor(&users[i]))
		}
		return resultOf(n, node{Tag: "list", Content: answers}), nil
	}
	return node{}, ErrBadRequest
}

// upload takes the keys of a companion, replacing what it names and adding
// one-time keys. It gives false if any of them is malformed.
func (c *companion) upload(n *node) bool {
	var next keyMaterial
	var ident []byte
	for _, child := range n.GetChildren() {
		switch child.Tag {
		case "registration":
			if len(contentOf(child)) != len(next.registration) {
				return false
			}
			copy(next.registration[:], contentOf(child))
		case "identity":
			ident = contentOf(child)
		case "skey":
			next.signed = child
		case "list":
			next.oneTime = child.GetChildrenByTag("key")
		}
	}
	for _, key := range next.oneTime {
		if _, _, err := readKey(key); err != nil {
			return false
		}
	}
	if _, _, err := readKey(next.signed); err != nil || len(ident) != 32 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next.oneTime = append(c.keys.oneTime, next.oneTime...)
	c.keys, c.identity = next, [32]byte(ident)
	return true
}

// bundleFor gives the keys of one device that a client asked for.
func (s *Server) bundleFor(user *node) node {
	jid := jidOf(user, "jid")
	answer := node{Tag: "user", Attrs: attrs{"jid": user.Attrs["jid"]}}
	if phone := s.phoneOf(jid); phone != nil {
		if jid.Device == 0 {
			answer.Content = phone.bundle()
			return answer
		}
		if device := phone.companion(jid.Device); device != nil {
			answer.Content = device.bundle()
			return answer
		}
	}
	answer.Content = []node{{Tag: "error", Attrs: attrs{"code": ErrNotFound.Code, "text": ErrNotFound.Text}}}
	return answer
}

// bundle hands out the companion's keys. The one-time key is handed out once; a
// companion that runs out is asked for more, and meanwhile its bundle has none.
func (c *companion) bundle() []node {
	c.mu.Lock()
	answer := []node{
		{Tag: "registration", Content: c.keys.registration[:]},
		{Tag: "type", Content: []byte{ecc.DjbType}},
		{Tag: "identity", Content: c.identity[:]},
		c.keys.signed,
	}
	left := len(c.keys.oneTime)
	consumed := left > 0
	if consumed {
		answer = append(answer, c.keys.oneTime[0])
		c.keys.oneTime = c.keys.oneTime[1:]
		left--
	}
	c.mu.Unlock()
	if consumed && (left == refillBelow-1 || left == 0) {
		c.deliver(c.phone.srv.serverNotification("encrypt", node{Tag: "count", Attrs: attrs{"value": left}}))
	}
	return answer
}

// readKey reads the id and the value of a <key> or <skey>.
func readKey(n node) (id uint32, value [32]byte, err error) {
	rawID, rawValue := contentOf(n.GetChildByTag("id")), contentOf(n.GetChildByTag("value"))
	if len(rawID) != 3 || len(rawValue) != 32 {
		return 0, value, fmt.Errorf("key with an id of %d and a value of %d bytes", len(rawID), len(rawValue))
	}
	return binary.BigEndian.Uint32([]byte{0, rawID[0], rawID[1], rawID[2]}), [32]byte(rawValue), nil
}

// keyNode writes a prekey as the wire wants it.
func keyNode(tag string, key *keys.PreKey) node {
	children := []node{
		{Tag: "id", Content: binary.BigEndian.AppendUint32(nil, key.KeyID)[1:]},
		{Tag: "value", Content: key.Pub[:]},
	}
	if key.Signature != nil {
		children = append(children, node{Tag: "signature", Content: key.Signature[:]})
	}
	return node{Tag: tag, Content: children}
}

// readBundle makes the key bundle of a device from the children of its <user>
// or of a retry receipt's <keys>.
func readBundle(device uint16, registration []byte, parts node) (*prekey.Bundle, error) {
	if len(registration) != 4 {
		return nil, fmt.Errorf("registration id of %d bytes", len(registration))
	}
	ident := contentOf(parts.GetChildByTag("identity"))
	if len(ident) != 32 {
		return nil, fmt.Errorf("identity of %d bytes", len(ident))
	}
	signedNode := parts.GetChildByTag("skey")
	signedID, signed, err := readKey(signedNode)
	if err != nil {
		return nil, fmt.Errorf("signed prekey: %w", err)
	}
	signature := contentOf(signedNode.GetChildByTag("signature"))
	if len(signature) != 64 {
		return nil, fmt.Errorf("signature of %d bytes", len(signature))
	}
	oneTimeID, oneTime := optional.NewEmptyUint32(), ecc.ECPublicKeyable(nil)
	if oneTimeNode, ok := parts.GetOptionalChildByTag("key"); ok {
		id, value, err := readKey(oneTimeNode)
		if err != nil {
			return nil, fmt.Errorf("one-time prekey: %w", err)
		}
		oneTimeID, oneTime = optional.NewOptionalUint32(id), ecc.NewDjbECPublicKey(value)
	}
	return prekey.NewBundle(binary.BigEndian.Uint32(registration), uint32(device), oneTimeID, signedID, oneTime,
		ecc.NewDjbECPublicKey(signed), [64]byte(signature), identity.NewKey(ecc.NewDjbECPublicKey([32]byte(ident)))), nil
}
