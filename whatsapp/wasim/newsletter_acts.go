package wasim

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// createChannel makes a channel and tells the owner's companions but the one
// that did it.
func (s *Server) createChannel(owner *Phone, by *companion, name, description string, picture []byte) (*channel, *StanzaError) {
	if !channelTexts(name, description) {
		return nil, ErrNotAcceptable
	}
	now := s.now()
	ch := &channel{
		srv: s, jid: s.newChannelJID(), invite: "0029Va" + newInviteCode()[:16], owner: owner, created: now,
		name: s.channelText(name), description: s.channelText(description), pictureID: s.media.putPicture(s, picture),
		muted: map[*Phone]bool{}, live: map[*companion]time.Time{},
	}
	s.mu.Lock()
	s.channels[ch.jid.User] = ch
	s.mu.Unlock()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.tellAccount(owner, by, "join", ch.metadata(owner))
	return ch, nil
}

// channelTexts reports whether a name and a description are acceptable.
func channelTexts(name, description string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxChannelName && utf8.RuneCountInString(description) <= maxChannelDescription
}

func (s *Server) channelText(text string) channelText {
	return channelText{text: text, id: strconv.FormatUint(1_700_000_000+s.ids.Add(1), 10), at: s.now()}
}

// follow makes somebody a follower. Doing it twice changes nothing.
func (ch *channel) follow(who *Phone, by *companion) *StanzaError {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.role(who) == types.NewsletterRoleGuest {
		ch.followers = append(ch.followers, who)
		ch.tellAccount(who, by, "join", ch.metadata(who))
		ch.touch()
	}
	return nil
}

// unfollow ends it; the owner cannot.
func (ch *channel) unfollow(who *Phone, by *companion) *StanzaError {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if who == ch.owner {
		return ErrNotAllowed
	}
	if ch.role(who) == types.NewsletterRoleGuest {
		return nil
	}
	ch.followers = slices.DeleteFunc(ch.followers, func(follower *Phone) bool { return follower == who })
	delete(ch.muted, who)
	ch.tellAccount(who, by, "leave", map[string]any{"id": ch.jid.String(), "role": "GUEST"})
	ch.touch()
	return nil
}

// mute turns somebody's notifications off or on; guests have none: 403.
func (ch *channel) mute(who *Phone, by *companion, on bool) *StanzaError {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.role(who) == types.NewsletterRoleGuest {
		return ErrForbidden
	}
	if ch.muted[who] == on {
		return nil
	}
	ch.muted[who] = on
	ch.tellAccount(who, by, "mute_change", map[string]any{"id": ch.jid.String(), "mute": tagFor(on, "ON", "OFF")})
	ch.touch()
	return nil
}

// update changes what the owner says of the channel; nil leaves a part as it is.
func (ch *channel) update(by *Phone, name, description *string, picture []byte) *StanzaError {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if by != ch.owner {
		return ErrForbidden
	}
	newName, newDescription := ch.name, ch.description
	if name != nil {
		newName = ch.srv.channelText(*name)
	}
	if description != nil {
		newDescription = ch.srv.channelText(*description)
	}
	if !channelTexts(newName.text, newDescription.text) {
		return ErrNotAcceptable
	}
	ch.name, ch.description = newName, newDescription
	if picture != nil {
		ch.pictureID = ch.srv.media.putPicture(ch.srv, picture)
	}
	ch.touch()
	return nil
}

// relayChannel takes a message, an edit, a deletion or a reaction for a channel.
func (s *Server) relayChannel(e *envelope) accepted {
	ch := s.channelOf(e.to)
	switch {
	case ch == nil:
		return accepted{code: ErrNotFound.Code}
	case e.plain == nil:
		return accepted{code: ErrBadRequest.Code}
	case e.plain.Tag == "reaction":
		if refusal := ch.react(e.sender, e.serverID, textOf(e.plain, "code")); refusal != nil {
			return accepted{code: refusal.Code}
		}
		return accepted{serverID: e.serverID}
	}
	message := &waE2E.Message{}
	if proto.Unmarshal(contentOf(*e.plain), message) != nil {
		return accepted{code: ErrBadRequest.Code}
	}
	m, refusal := ch.publish(e, message)
	if refusal != nil {
		return accepted{code: refusal.Code}
	}
	return accepted{serverID: m.serverID}
}

// publish posts, edits or deletes and hands the outcome to everybody.
func (ch *channel) publish(e *envelope, message *waE2E.Message) (*channelMessage, *StanzaError) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if e.sender != ch.owner {
		return nil, ErrForbidden
	}
	m := ch.findID(e.id)
	if refusal := ch.srv.malformedPost(e, message, m); refusal != nil {
		return nil, refusal
	}
	switch edit := types.EditAttribute(textOf(&node{Attrs: e.attrs}, "edit")); {
	case edit == types.EditAttributeEmpty && m != nil:
		return m, nil // sent again: the answer got lost
	case edit == types.EditAttributeEmpty:
		m = &channelMessage{
			serverID: firstServerID + len(ch.messages), id: e.id, label: textOf(&node{Attrs: e.attrs}, "type"), at: e.at,
			message: message, plain: *e.plain, viewers: map[*Phone]bool{}, reactions: map[*Phone]string{},
		}
		ch.messages = append(ch.messages, m)
	case m == nil || m.message == nil:
		return nil, ErrNotFound
	case edit == types.EditAttributeAdminEdit:
		m.message, m.plain, m.edited = message, *e.plain, e.at
	case edit == types.EditAttributeAdminRevoke:
		// The content comes empty, as a message without any field.
		m.message, m.plain = nil, node{Tag: "plaintext", Content: []byte{}}
		clear(m.reactions)
	default:
		return nil, ErrBadRequest
	}
	ch.deliver(e, m)
	ch.touch()
	return m, nil
}

// errMalformed is WhatsApp's answer to stanzas that do not say what they must.
var errMalformed = &StanzaError{Code: 479, Text: "smax-invalid"}

// malformedPost looks for what a companion's post or edit m must say besides its
// content; phones' are well-formed. A file's kind stands on its <plaintext>, a poll
// says that it is a new one, or nobody could vote in it, and a file is named by the
// handle of its upload, which an edit that leaves the file need not repeat.
func (s *Server) malformedPost(e *envelope, message *waE2E.Message, m *channelMessage) *StanzaError {
	if e.device == 0 {
		return nil
	}
	if labels := dress(message); labels.stanza["type"] == "poll" && !slices.ContainsFunc(e.common, func(child node) bool {
		return child.Tag == "meta" && textOf(&child, "polltype") == "creation"
	}) {
		return errMalformed
	}
	part, _ := mediaOf(message)
	if part == nil {
		return nil
	}
	if textOf(e.plain, "mediatype") == "" {
		return errMalformed
	}
	if m != nil && m.message != nil && e.mediaID == "" {
		if known, _ := mediaOf(m.message); known != nil && known.GetDirectPath() == part.GetDirectPath() {
			return nil
		}
	}
	file, ok := s.media.get(part.GetDirectPath())
	if !ok || file.handle == "" || file.handle != e.mediaID || file.owner != e.sender.number {
		return ErrBadRequest
	}
	return nil
}

// deliver hands a message to every companion but the author. The caller holds
// the lock.
func (ch *channel) deliver(e *envelope, m *channelMessage) {
	a := attrs{"from": ch.jid, "id": m.id, "server_id": m.serverID, "type": m.label, "t": unixText(e.at)}
	copyAttrs(a, e.attrs, "edit")
	post := node{Tag: "message", Attrs: a, Content: append([]node{m.plain}, m.editNodes()...)}
	for _, reader := range append([]*Phone{ch.owner}, ch.followers...) {
		for _, device := range reader.companions() {
			if reader != e.sender || device.id != e.device {
				device.deliver(post)
			}
		}
	}
}

// editNodes say when a message was changed, in milliseconds, and sent, in seconds.
func (m *channelMessage) editNodes() []node {
	if m.edited.IsZero() {
		return nil
	}
	return []node{{Tag: "meta", Attrs: attrs{
		"msg_edit_t": strconv.FormatInt(m.edited.UnixMilli(), 10), "original_msg_t": unixText(m.at),
	}}}
}

// react notes the one reaction of somebody to a message; an empty emoji takes it
// back. Only followers and the owner may.
func (ch *channel) react(who *Phone, serverID int, emoji string) *StanzaError {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	m := ch.find(serverID)
	switch {
	case ch.role(who) == types.NewsletterRoleGuest:
		return ErrForbidden
	case m == nil:
		return ErrNotFound
	case m.reactions[who] == emoji:
		return nil
	case emoji == "":
		delete(m.reactions, who)
	default:
		m.reactions[who] = emoji
	}
	ch.tellLive(m)
	ch.touch()
	return nil
}

// view counts somebody as a viewer of messages; unknown ones are passed over.
func (ch *channel) view(who *Phone, serverIDs []int) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	var seen []*channelMessage
	for _, id := range serverIDs {
		if m := ch.find(id); m != nil && !m.viewers[who] {
			m.viewers[who] = true
			seen = append(seen, m)
		}
	}
	if len(seen) > 0 {
		ch.tellLive(seen...)
		ch.touch()
	}
}
