package wasim

import (
	"sync"
)

// linkTable holds the short links to accounts. The zero value is empty.
type linkTable struct {
	mu    sync.Mutex
	links map[string]accountLink
	codes map[*Phone]string // of the link on the account's QR code
}

// accountLink is a short link to an account.
type accountLink struct {
	phone *Phone
	// message is a text to begin with; a link with one is a business's.
	message  string
	business bool
}

// ContactLink gives the code of the link that the account's contact QR code
// shows; with revoke a new one, after which the old one is unknown.
func (p *Phone) ContactLink(revoke bool) string {
	t := &p.srv.links
	t.mu.Lock()
	defer t.mu.Unlock()
	code, ok := t.codes[p]
	if ok && !revoke {
		return code
	}
	delete(t.links, code)
	if t.codes == nil {
		t.codes = map[*Phone]string{}
	}
	t.codes[p] = t.addLocked(accountLink{phone: p})
	return t.codes[p]
}

// AddMessageLink makes a link by which customers of the business start a chat with
// a message, and gives its code.
func (p *Phone) AddMessageLink(message string) string {
	t := &p.srv.links
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addLocked(accountLink{phone: p, message: message, business: true})
}

func (t *linkTable) addLocked(link accountLink) string {
	if t.links == nil {
		t.links = map[string]accountLink{}
	}
	code := "W" + randomHex(8)
	t.links[code] = link
	return code
}

// linkIQ resolves short links, and gives an account its own.
func (s *Server) linkIQ(device *companion, n *node) (node, *StanzaError) {
	asked := firstChild(n)
	if textOf(n, "type") == "set" {
		if textOf(&asked, "type") != "contact" {
			return node{}, ErrBadRequest
		}
		code := device.phone.ContactLink(textOf(&asked, "action") == "revoke")
		return resultOf(n, node{Tag: "qr", Attrs: attrs{"code": code, "type": "contact"}}), nil
	}
	s.links.mu.Lock()
	link, ok := s.links.links[textOf(&asked, "code")]
	s.links.mu.Unlock()
	if !ok {
		return node{}, ErrNotFound
	}
	answer := node{Tag: "qr", Attrs: attrs{"jid": link.phone.JID(), "notify": link.phone.Name(), "type": "contact"}}
	if link.business {
		answer.Attrs["type"] = "message"
		answer.Content = []node{
			{Tag: "message", Content: []byte(link.message)},
			{Tag: "business", Attrs: attrs{
				"is_signed": "false", "verified_level": "unknown", "verified_name": link.phone.verifiedName(),
			}},
		}
	}
	return resultOf(n, answer), nil
}
