package wasim

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/types"
)

// SetName is the user changing the push name. Companions get it as app state;
// others see it with the next message.
func (p *Phone) SetName(ctx context.Context, name string) error {
	if name == "" {
		return ErrBadRequest
	}
	return p.Mutate(ctx, appstate.BuildSettingPushName(name))
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

// SetAbout changes the account's text about itself and tells its companions, and
// those who have looked at the account and may see it.
func (p *Phone) SetAbout(text string) { p.setAbout(text, nil) }

func (p *Phone) setAbout(text string, by *companion) {
	p.mu.Lock()
	p.about = aboutText{text, p.srv.now()}
	p.mu.Unlock()
	for _, device := range append(p.companions(), p.watchers("status")...) {
		if device != by {
			device.deliver(node{Tag: "notification", Attrs: attrs{
				"from": p.shownTo(device), "id": p.srv.nextID(), "type": "status", "t": p.srv.nowText(),
			}, Content: []node{{Tag: "set", Content: []byte(text)}}})
		}
	}
}

// shownTo is the address under which a companion hears of the account's profile.
func (p *Phone) shownTo(device *companion) types.JID {
	if device.phone == p || p.addressingMode() == types.AddressingModePN {
		return p.JID()
	}
	return p.lid
}

// watch remembers that a companion has looked at the account, so that it hears of
// changes.
func (p *Phone) watch(device *companion) {
	if device.phone == p {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.profileWatcher == nil {
		p.profileWatcher = map[*companion]struct{}{}
	}
	p.profileWatcher[device] = struct{}{}
}

// watchers lists the companions of others that have looked at the account and may
// see what a privacy setting guards.
func (p *Phone) watchers(setting string) []*companion {
	p.mu.Lock()
	all := slices.Collect(maps.Keys(p.profileWatcher))
	p.mu.Unlock()
	return slices.DeleteFunc(all, func(device *companion) bool { return !p.shows(setting, device.phone) })
}

// statusIQ takes the about text, and tells who gets status posts.
func (s *Server) statusIQ(device *companion, n *node) node {
	if textOf(n, "type") == "set" {
		device.phone.setAbout(string(contentOf(firstChild(n))), device)
		return resultOf(n)
	}
	return resultOf(n, device.phone.statusPrivacyNode())
}

// picture gives the id of the account's picture, empty without one.
func (p *Phone) picture() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pictureID
}

// SetPicture changes the account's picture and gives its id; nil removes it. Its
// companions are told, and those who have looked at the account and may see it.
func (p *Phone) SetPicture(jpeg []byte) string { return p.setPicture(jpeg, nil) }

func (p *Phone) setPicture(jpeg []byte, by *companion) string {
	id := p.srv.media.putPicture(p.srv, jpeg)
	p.mu.Lock()
	p.pictureID = id
	p.mu.Unlock()
	p.tellAccount(by, node{Tag: "picture", Attrs: attrs{"t": p.srv.nowText()}})
	for _, device := range p.watchers("profile") {
		address := p.shownTo(device)
		change := node{Tag: "set", Attrs: attrs{"jid": address, "id": id, "author": address}}
		if id == "" {
			change = node{Tag: "delete", Attrs: attrs{"jid": address, "author": address}}
		}
		device.deliver(node{Tag: "notification", Attrs: attrs{
			"from": address, "id": p.srv.nextID(), "type": "picture", "t": p.srv.nowText(),
		}, Content: []node{change}})
	}
	return id
}

// pictureIQ answers and changes pictures of accounts and groups.
func (s *Server) pictureIQ(device *companion, n *node) (node, *StanzaError) {
	target := jidOf(n, "target").ToNonAD()
	child := firstChild(n)
	if textOf(n, "type") == "set" {
		return s.setPicture(device, target, n, contentOf(child))
	}
	id, refusal := s.pictureOf(device, target, textOf(&child, "invite"))
	if refusal != nil {
		return node{}, refusal
	}
	return resultOf(n, pictureNode(id, &child)), nil
}

// pictureNode tells where a picture is, unless the asking side has it already.
func pictureNode(id string, asked *node) node {
	if textOf(asked, "id") == id {
		return node{Tag: "picture", Attrs: attrs{"status": "304"}}
	}
	path := picturePath(id)
	return node{Tag: "picture", Attrs: attrs{
		"id": id, "type": asked.Attrs["type"], "url": "https://pps.whatsapp.net" + path, "direct_path": path,
	}}
}

// pictureOf gives the id of a picture: 404 without one, 401 if it is hidden.
// invite is the code by which a stranger asks for a group's.
func (s *Server) pictureOf(asking *companion, target types.JID, invite string) (string, *StanzaError) {
	id := ""
	if g := s.groupOf(target); g != nil {
		return g.pictureFor(asking.phone, invite)
	} else if phone := s.phoneOf(target); phone != nil {
		phone.watch(asking)
		if !phone.shows("profile", asking.phone) {
			return "", ErrNotAuthorized
		}
		id = phone.picture()
	}
	if id == "" {
		return "", ErrNotFound
	}
	return id, nil
}

func (s *Server) setPicture(by *companion, target types.JID, n *node, jpeg []byte) (node, *StanzaError) {
	var id string
	me := by.phone
	if g := s.groupOf(target); g != nil {
		id = s.media.putPicture(s, jpeg)
		if refusal := g.setPicture(me, id); refusal != nil {
			return node{}, refusal
		}
	} else if target.IsEmpty() || s.phoneOf(target) == me {
		id = me.setPicture(jpeg, by)
	} else {
		return node{}, ErrForbidden
	}
	if id == "" {
		return resultOf(n), nil
	}
	return resultOf(n, node{Tag: "picture", Attrs: attrs{"id": id}}), nil
}
