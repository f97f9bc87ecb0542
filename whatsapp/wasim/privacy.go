package wasim

import (
	"context"
	"maps"
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
		"defense": "off", "stickers": "contacts",
	}
}

// privacyValues are what each setting can be, as whatsmeow lists them.
func privacyValues(name string) []string {
	switch name {
	case "readreceipts":
		return []string{"all", "none"}
	case "online":
		return []string{"all", "match_last_seen"}
	case "calladd":
		return []string{"all", "known"}
	case "messages":
		return []string{"all", "contacts"}
	case "defense":
		return []string{"on_standard", "off"}
	case "stickers":
		return []string{"contacts", "contact_allowlist", "none"}
	case "profile", "status", "last", "groupadd":
		return []string{"all", "contacts", "contact_blacklist", "none"}
	}
	return nil
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

// Privacy gives all privacy settings by WhatsApp's names for them.
func (p *Phone) Privacy() map[string]string {
	settings := privacyDefaults()
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(settings, p.privacy)
	return settings
}

// SetPrivacy changes a privacy setting by WhatsApp's name for it, as in
// ("groupadd", "contacts"), and tells the companions. Any "groupadd" other than
// "all" makes adding the account to a group fail with 403 and a personal
// invitation; "profile" and "status" hide the picture and the about text.
func (p *Phone) SetPrivacy(name, value string) { p.setPrivacy(name, value, nil) }

// setPrivacy changes a setting and tells the companions but the one that did it.
func (p *Phone) setPrivacy(name, value string, by *companion) {
	p.mu.Lock()
	if p.privacy == nil {
		p.privacy = map[string]string{}
	}
	p.privacy[name] = value
	p.mu.Unlock()
	p.tellAccount(by, node{Tag: "privacy", Content: []node{{Tag: "category", Attrs: attrs{"name": name, "value": value}}}})
}

// tellAccount tells the account's companions but one of a change of the account.
func (p *Phone) tellAccount(except *companion, change node) {
	for _, device := range p.companions() {
		if device != except {
			device.deliver(node{Tag: "notification", Attrs: attrs{
				"from": p.JID(), "id": p.srv.nextID(), "type": "account_sync", "t": p.srv.nowText(),
			}, Content: []node{change}})
		}
	}
}

// shows reports whether somebody may see what a privacy setting guards. Whom the
// account blocks sees nothing.
func (p *Phone) shows(setting string, asking *Phone) bool {
	switch {
	case asking == p:
		return true
	case p.hasBlocked(asking):
		return false
	}
	switch p.privacySetting(setting) {
	case "none":
		return false
	case "contacts":
		_, saved := p.Contact(asking.lid)
		return saved
	}
	return true
}

// privacyIQ answers and changes privacy settings, and takes trusted-contact tokens.
func (s *Server) privacyIQ(device *companion, n *node) (node, *StanzaError) {
	child := firstChild(n)
	if child.Tag == "tokens" {
		s.passTokens(device.phone, child)
		return resultOf(n), nil
	}
	if textOf(n, "type") == "set" {
		changes := child.GetChildrenByTag("category")
		for _, category := range changes {
			if !slices.Contains(privacyValues(textOf(&category, "name")), textOf(&category, "value")) {
				return node{}, ErrBadRequest
			}
		}
		for _, category := range changes {
			device.phone.setPrivacy(textOf(&category, "name"), textOf(&category, "value"), device)
		}
	}
	settings := device.phone.Privacy()
	categories := make([]node, 0, len(settings))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		categories = append(categories, node{Tag: "category", Attrs: attrs{"name": name, "value": settings[name]}})
	}
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

// statusAudience is who gets the account's status posts.
type statusAudience struct {
	kind types.StatusPrivacyType // empty: contacts
	list []types.JID
}

// SetStatusPrivacy chooses who gets the account's status posts: all contacts, all
// but those on the list, or those on the list only.
func (p *Phone) SetStatusPrivacy(kind types.StatusPrivacyType, list ...types.JID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.audience = statusAudience{kind, slices.Clone(list)}
}

// statusPrivacyNode tells who gets the account's status posts.
func (p *Phone) statusPrivacyNode() node {
	p.mu.Lock()
	audience := p.audience
	p.mu.Unlock()
	if audience.kind == "" {
		audience.kind = types.StatusPrivacyTypeContacts
	}
	users := make([]node, len(audience.list))
	for i, jid := range audience.list {
		users[i] = node{Tag: "user", Attrs: attrs{"jid": jid.ToNonAD()}}
	}
	return node{Tag: "privacy", Content: []node{{
		Tag: "list", Attrs: attrs{"type": string(audience.kind), "default": "true"}, Content: users,
	}}}
}

// defaultTimer is the lifetime of messages in new chats.
type defaultTimer struct {
	lifetime time.Duration // 0: for ever
	at       time.Time     // when it was set; zero: never
}

// node tells the timer.
func (t defaultTimer) node() node {
	a := attrs{"duration": strconv.Itoa(int(t.lifetime / time.Second))}
	if !t.at.IsZero() {
		a["t"] = unixText(t.at)
	}
	return node{Tag: "disappearing_mode", Attrs: a}
}

func (p *Phone) defaultTimer() defaultTimer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.timer
}

// DefaultDisappearing gives how long messages in new chats live; 0 means for ever.
func (p *Phone) DefaultDisappearing() time.Duration { return p.defaultTimer().lifetime }

// SetDefaultDisappearing changes how long messages in new chats live, to the
// second, and tells the companions; 0 means for ever.
func (p *Phone) SetDefaultDisappearing(ctx context.Context, lifetime time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !validTimer(lifetime) {
		return ErrBadRequest
	}
	p.setDefaultTimer(lifetime, nil)
	return nil
}

// validTimer reports whether the app offers a lifetime: off, a day, a week, 90 days.
func validTimer(lifetime time.Duration) bool {
	const day = 24 * time.Hour
	return slices.Contains([]time.Duration{0, day, 7 * day, 90 * day}, lifetime)
}

func (p *Phone) setDefaultTimer(lifetime time.Duration, by *companion) {
	p.mu.Lock()
	p.timer = defaultTimer{lifetime, p.srv.now()}
	told := p.timer.node()
	p.mu.Unlock()
	for _, device := range p.companions() {
		if device != by {
			device.deliver(node{Tag: "notification", Attrs: attrs{
				"from": p.JID(), "id": p.srv.nextID(), "type": "disappearing_mode", "t": p.srv.nowText(),
			}, Content: []node{told}})
		}
	}
}

// disappearingIQ answers and changes the lifetime of messages in new chats.
func (s *Server) disappearingIQ(device *companion, n *node) (node, *StanzaError) {
	if textOf(n, "type") == "set" {
		child := firstChild(n)
		seconds, err := strconv.Atoi(textOf(&child, "duration"))
		lifetime := time.Duration(seconds) * time.Second
		if err != nil || !validTimer(lifetime) {
			return node{}, ErrBadRequest
		}
		device.phone.setDefaultTimer(lifetime, device)
		return resultOf(n), nil
	}
	return resultOf(n, device.phone.defaultTimer().node()), nil
}

// jidsByText sorts addresses.
func jidsByText(jids []types.JID) []types.JID {
	slices.SortFunc(jids, func(a, b types.JID) int { return strings.Compare(a.String(), b.String()) })
	return jids
}
