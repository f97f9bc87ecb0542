package wasim

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

type (
	node  = waBinary.Node
	attrs = waBinary.Attrs
)

// StanzaError is WhatsApp's refusal of an act: a numeric code and the word
// whatsmeow knows it by. Acts of a [Phone] return it; a companion gets it as an
// iq of type error.
type StanzaError struct {
	Code int
	Text string
}

// Error gives the code and the word, as in "403 forbidden".
func (e *StanzaError) Error() string { return strconv.Itoa(e.Code) + " " + e.Text }

// Is reports whether target is a StanzaError of the same code.
func (e *StanzaError) Is(target error) bool {
	other, ok := target.(*StanzaError)
	return ok && other.Code == e.Code
}

// The codes this server answers with. whatsmeow compares code and word, so the
// words are whatsmeow's.
var (
	ErrBadRequest    = &StanzaError{400, "bad-request"}
	ErrNotAuthorized = &StanzaError{401, "not-authorized"}
	ErrForbidden     = &StanzaError{403, "forbidden"}
	ErrNotFound      = &StanzaError{404, "item-not-found"}
	ErrNotAllowed    = &StanzaError{405, "not-allowed"}
	ErrNotAcceptable = &StanzaError{406, "not-acceptable"}
	ErrConflict      = &StanzaError{409, "conflict"}
	ErrGone          = &StanzaError{410, "gone"}
	ErrResourceLimit = &StanzaError{419, "resource-limit"}
	// ErrTermsNotAccepted refuses the first channel of a companion whose account
	// has not consented to the terms; see whatsmeow's AcceptTOSNotice.
	ErrTermsNotAccepted = &StanzaError{451, "terms of service not accepted"}
	ErrInternal         = &StanzaError{500, "internal-server-error"}
	ErrNotImplemented   = &StanzaError{501, "feature-not-implemented"}
)

// resultOf answers an iq.
func resultOf(request *node, children ...node) node {
	from := request.Attrs["to"]
	if from == nil {
		from = types.ServerJID
	}
	answer := node{Tag: "iq", Attrs: attrs{"id": request.Attrs["id"], "type": "result", "from": from}}
	if len(children) > 0 {
		answer.Content = children
	}
	return answer
}

// errorOf answers an iq with a refusal.
func errorOf(request *node, refusal *StanzaError) node {
	answer := resultOf(request, node{Tag: "error", Attrs: attrs{"code": refusal.Code, "text": refusal.Text}})
	answer.Attrs["type"] = "error"
	return answer
}

// contentOf gives a node's content as bytes. Clients may send a text that
// happens to be a protocol token, which then decodes as a string.
func contentOf(n node) []byte {
	switch v := n.Content.(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	}
	return nil
}

// textOf gives an attribute as text; a missing one is empty.
func textOf(n *node, key string) string {
	switch v := n.Attrs[key].(type) {
	case nil:
		return ""
	case string:
		return v
	case types.JID:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

// jidOf gives an attribute as a JID; a missing or malformed one is empty.
func jidOf(n *node, key string) types.JID {
	switch v := n.Attrs[key].(type) {
	case types.JID:
		return v
	case string:
		jid, err := types.ParseJID(v)
		if err != nil {
			return types.EmptyJID
		}
		return jid
	}
	return types.EmptyJID
}

// numberOf gives an attribute as a number; a missing or malformed one is 0.
func numberOf(n *node, key string) int {
	number, err := strconv.Atoi(textOf(n, key))
	if err != nil {
		return 0
	}
	return number
}

// firstChild gives the first child node, or an empty one.
func firstChild(n *node) node {
	if children := n.GetChildren(); len(children) > 0 {
		return children[0]
	}
	return node{}
}

// withAttrs copies a node with more attributes. Queued nodes are shared between
// devices, so they are never changed in place.
func withAttrs(n node, more attrs) node {
	merged := make(attrs, len(n.Attrs)+len(more))
	maps.Copy(merged, n.Attrs)
	maps.Copy(merged, more)
	n.Attrs = merged
	return n
}

// copyAttrs copies the named attributes that exist.
func copyAttrs(to, from attrs, keys ...string) {
	for _, key := range keys {
		if v, ok := from[key]; ok {
			to[key] = v
		}
	}
}

// unixText writes a time as the wire does.
func unixText(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// randomBytes never fails: crypto/rand aborts the program instead.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func randomHex(n int) string { return hex.EncodeToString(randomBytes(n)) }

// newMessageID makes an id of the shape phones use.
func newMessageID() string { return "3A" + strings.ToUpper(randomHex(9)) }
