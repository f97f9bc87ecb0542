package wasim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// privacyDefaults are a new account's privacy settings.
func privacyDefaults() map[string]string {
	return map[string]string{
		"readreceipts": "all", "profile": "all", "status": "all", "online": "all",
		"last": "all", "groupadd": "all", "calladd": "all", "messages": "all",
	}
}

// privacySetting gives one setting.
func (p *Phone) privacySetting(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if value, ok := p.privacy[name]; ok {
		return value
	}
	return privacyDefaults()[name]
}

// SetPrivacy changes a privacy setting by WhatsApp's name for it, as in
// ("groupadd", "contacts"). Any "groupadd" other than "all" makes adding the
// account to a group fail with 403 and a personal invitation.
func (p *Phone) SetPrivacy(name, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.privacy == nil {
		p.privacy = map[string]string{}
	}
	p.privacy[name] = value
}

// privacyIQ answers privacy settings and takes trusted-contact tokens.
func (s *Server) privacyIQ(device *companion, n *node) (node, *StanzaError) {
	child := firstChild(n)
	if child.Tag == "tokens" {
		s.passTokens(device.phone, child)
		return resultOf(n), nil
	}
	if textOf(n, "type") == "set" {
		for _, category := range child.GetChildrenByTag("category") {
			device.phone.SetPrivacy(textOf(&category, "name"), textOf(&category, "value"))
		}
	}
	names := privacyDefaults()
	categories := make([]node, 0, len(names))
	for name := range names {
		categories = append(categories, node{Tag: "category", Attrs: attrs{"name": name, "value": device.phone.privacySetting(name)}})
	}
	slices.SortFunc(categories, func(a, b node) int { return strings.Compare(textOf(&a, "name"), textOf(&b, "name")) })
	return resultOf(n, node{Tag: "privacy", Content: categories}), nil
}

// passTokens hands somebody's trusted-contact tokens to those they are for.
func (s *Server) passTokens(from *Phone, tokens node) {
	for _, token := range tokens.GetChildrenByTag("token") {
		peer := s.phoneOf(jidOf(&token, "jid"))
		if peer == nil || peer == from {
			continue
		}
		passed := node{Tag: "token", Attrs: attrs{"type": "trusted_contact", "t": token.Attrs["t"]}, Content: []byte(randomHex(8))}
		for _, device := range peer.companions() {
			device.deliver(node{Tag: "notification", Attrs: attrs{
				"from": from.JID(), "sender_lid": from.lid, "id": s.nextID(), "type": "privacy_token", "t": s.nowText(),
			}, Content: []node{{Tag: "tokens", Content: []node{passed}}}})
		}
	}
}

// hasBlocked reports whether the account blocks somebody.
func (p *Phone) hasBlocked(who *Phone) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.blocked[who.lid.User]
	return ok
}

// blocklistIQ answers and changes the block list.
func (s *Server) blocklistIQ(device *companion, n *node) (node, *StanzaError) {
	p := device.phone
	if textOf(n, "type") == "set" {
		child := firstChild(n)
		other := s.phoneOf(jidOf(&child, "jid"))
		if other == nil {
			return node{}, ErrNotFound
		}
		p.Block(other, textOf(&child, "action") == "block")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	items := make([]node, 0, len(p.blocked))
	for lid := range p.blocked {
		items = append(items, node{Tag: "item", Attrs: attrs{"jid": types.NewJID(lid, types.HiddenUserServer)}})
	}
	return resultOf(n, node{Tag: "list", Attrs: attrs{"dhash": strconv.Itoa(len(items))}, Content: items}), nil
}

// Block puts another account on the block list, or takes it off. The server
// swallows messages of blocked accounts.
func (p *Phone) Block(other *Phone, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !on {
		delete(p.blocked, other.lid.User)
		return
	}
	if p.blocked == nil {
		p.blocked = map[string]struct{}{}
	}
	p.blocked[other.lid.User] = struct{}{}
}

// aboutText is an account's text about itself.
type aboutText struct {
	text string
	at   time.Time
}

// About gives the account's text about itself and when it was set.
func (p *Phone) About() (string, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.about.text, p.about.at
}

// SetAbout changes the account's text about itself.
func (p *Phone) SetAbout(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.about = aboutText{text, p.srv.now()}
}

// statusIQ takes the about text.
func (s *Server) statusIQ(device *companion, n *node) node {
	if textOf(n, "type") == "set" {
		device.phone.SetAbout(string(contentOf(firstChild(n))))
		return resultOf(n)
	}
	return resultOf(n, node{Tag: "privacy", Content: []node{{Tag: "list", Attrs: attrs{"type": "contacts", "default": "true"}}}})
}

// picture gives the id of the account's picture, empty without one.
func (p *Phone) picture() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pictureID
}

// SetPicture changes the account's picture and gives its id; nil removes it.
func (p *Phone) SetPicture(jpeg []byte) string {
	id := p.srv.media.putPicture(p.srv, jpeg)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pictureID = id
	return id
}

// pictureIQ answers and changes pictures of accounts and groups.
func (s *Server) pictureIQ(device *companion, n *node) (node, *StanzaError) {
	target := jidOf(n, "target").ToNonAD()
	child := firstChild(n)
	if textOf(n, "type") == "set" {
		return s.setPicture(device.phone, target, n, contentOf(child))
	}
	id, refusal := s.pictureOf(device.phone, target)
	if refusal != nil {
		return node{}, refusal
	}
	if textOf(&child, "id") == id {
		return resultOf(n, node{Tag: "picture", Attrs: attrs{"status": "304"}}), nil
	}
	path := picturePath(id)
	return resultOf(n, node{Tag: "picture", Attrs: attrs{
		"id": id, "type": child.Attrs["type"], "url": "https://pps.whatsapp.net" + path, "direct_path": path,
	}}), nil
}

// pictureOf gives the id of a picture: 404 without one, 401 if it is hidden.
func (s *Server) pictureOf(asking *Phone, target types.JID) (string, *StanzaError) {
	id := ""
	if g := s.groupOf(target); g != nil {
		g.mu.RLock()
		id = g.pictureID
		g.mu.RUnlock()
	} else if phone := s.phoneOf(target); phone != nil {
		if phone != asking && phone.privacySetting("profile") == "none" {
			return "", ErrNotAuthorized
		}
		id = phone.picture()
	}
	if id == "" {
		return "", ErrNotFound
	}
	return id, nil
}

func (s *Server) setPicture(me *Phone, target types.JID, n *node, jpeg []byte) (node, *StanzaError) {
	var id string
	if g := s.groupOf(target); g != nil {
		id = s.media.putPicture(s, jpeg)
		if refusal := g.setPicture(me, id); refusal != nil {
			return node{}, refusal
		}
	} else if target.IsEmpty() || s.phoneOf(target) == me {
		id = me.SetPicture(jpeg)
	} else {
		return node{}, ErrForbidden
	}
	if id == "" {
		return resultOf(n), nil
	}
	return resultOf(n, node{Tag: "picture", Attrs: attrs{"id": id}}), nil
}

// The queries of the GraphQL-like interface that are known here.
const (
	mexSubscribedChannels = "6388546374527196"
	mexSetAbout           = "9152604461510864"
)

// mexIQ answers GraphQL-like questions. Channels are not simulated: nobody
// follows any.
func (s *Server) mexIQ(device *companion, n *node) (node, *StanzaError) {
	query := firstChild(n)
	data := map[string]any{}
	switch textOf(&query, "query_id") {
	case mexSubscribedChannels:
		data["xwa2_newsletter_subscribed"] = []any{}
	case mexSetAbout:
		var asked struct {
			Variables struct {
				Input struct {
					Text string `json:"text"`
				} `json:"input"`
			} `json:"variables"`
		}
		if json.Unmarshal(contentOf(query), &asked) != nil {
			return node{}, ErrBadRequest
		}
		device.phone.SetAbout(asked.Variables.Input.Text)
	}
	answer, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return node{}, ErrInternal
	}
	return resultOf(n, node{Tag: "result", Content: answer}), nil
}
