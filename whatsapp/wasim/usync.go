package wasim

import (
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// usyncIQ answers what a client asks about accounts: whether they exist, their
// LIDs, devices, about texts, pictures and business names.
func (s *Server) usyncIQ(device *companion, n *node) (node, *StanzaError) {
	request := firstChild(n)
	if request.Tag != "usync" {
		return node{}, ErrBadRequest
	}
	query, list := request.GetChildByTag("query"), request.GetChildByTag("list")
	users := list.GetChildrenByTag("user")
	answers := make([]node, 0, len(users))
	for i := range users {
		if contact, ok := users[i].GetOptionalChildByTag("contact"); ok {
			answers = append(answers, s.usyncContact(device, &query, contact))
			continue
		}
		answer := node{Tag: "user", Attrs: attrs{"jid": users[i].Attrs["jid"]}}
		if phone := s.phoneOf(jidOf(&users[i], "jid")); phone != nil {
			answer.Content = phone.usync(device, jidOf(&users[i], "jid"), &query)
		}
		answers = append(answers, answer)
	}
	a := attrs{"last": "true", "index": "0"}
	copyAttrs(a, request.Attrs, "sid", "mode", "context")
	return resultOf(n, node{Tag: "usync", Attrs: a, Content: []node{{Tag: "result"}, {Tag: "list", Content: answers}}}), nil
}

// usyncContact looks an account up by its number. Clients skip an answer that
// has no address, so an unknown number gets the one it would have.
func (s *Server) usyncContact(device *companion, query *node, contact node) node {
	asked := contentOf(contact)
	number, _, _ := strings.Cut(string(asked), "@")
	number = strings.TrimPrefix(number, "+")
	how := query.GetChildByTag("contact")
	phone, ok := s.Phone(number)
	if !ok {
		return node{Tag: "user", Attrs: attrs{"jid": pnOf(number)}, Content: []node{
			{Tag: "contact", Attrs: attrs{"type": "out"}, Content: asked},
		}}
	}
	address := attrs{"jid": phone.JID()}
	if textOf(&how, "addressing_mode") == "lid" {
		address = attrs{"jid": phone.lid, "pn_jid": phone.JID()}
	}
	found := node{Tag: "contact", Attrs: attrs{"type": "in"}, Content: asked}
	return node{Tag: "user", Attrs: address, Content: append([]node{found}, phone.usync(device, phone.lid, query)...)}
}

// usync answers a query about one account.
func (p *Phone) usync(asking *companion, by types.JID, query *node) []node {
	var answers []node
	for _, wanted := range query.GetChildren() {
		switch wanted.Tag {
		case "devices":
			answers = append(answers, deviceListNode(p.devicesFor(asking, by)))
		case "lid":
			answers = append(answers, node{Tag: "lid", Attrs: attrs{"val": p.lid}})
		case "status":
			answers = append(answers, p.aboutNode(asking))
		case "picture":
			p.watch(asking)
			if id := p.picture(); id != "" && p.shows("profile", asking.phone) {
				answers = append(answers, node{Tag: "picture", Attrs: attrs{"id": id}})
			}
		case "business":
			if business, ok := p.businessNode(); ok {
				answers = append(answers, business)
			}
		case "disappearing_mode":
			answers = append(answers, p.defaultTimer().node())
		}
	}
	return answers
}

// aboutNode is the account's about text for somebody who asks.
func (p *Phone) aboutNode(asking *companion) node {
	p.watch(asking)
	if !p.shows("status", asking.phone) {
		return node{Tag: "status", Attrs: attrs{"code": "401", "type": "fail"}}
	}
	about, set := p.About()
	if set.IsZero() {
		return node{Tag: "status"}
	}
	return node{Tag: "status", Attrs: attrs{"t": unixText(set)}, Content: []byte(about)}
}

// deviceListNode lists an account's devices, the phone first.
func deviceListNode(linked []*companion) node {
	list := make([]node, 0, len(linked)+1)
	list = append(list, node{Tag: "device", Attrs: attrs{"id": "0", "is_hosted": "false"}})
	for _, device := range linked {
		id := strconv.Itoa(int(device.id))
		list = append(list, node{Tag: "device", Attrs: attrs{"id": id, "key-index": id, "is_hosted": "false"}})
	}
	return node{Tag: "devices", Content: []node{{Tag: "device-list", Content: list}}}
}

// isUser reports whether an address is an account's.
func isUser(jid types.JID) bool {
	return jid.Server == types.HiddenUserServer || jid.Server == types.DefaultUserServer
}
