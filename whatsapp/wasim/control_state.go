package wasim

import (
	"net/http"
	"time"

	"go.mau.fi/whatsmeow/store"
)

// phoneBody finds the phone in the path and reads a body.
func phoneBody[T any](s *Server, r *http.Request) (*Phone, T, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		var none T
		return nil, none, err
	}
	body, err := readBody[T](r)
	return p, body, err
}

// forever is a mute without an end, as callers write it.
const forever = "forever"

type chatStateJSON struct {
	Archived bool `json:"archived"`
	Pinned   bool `json:"pinned"`
	// MutedUntil is a time, "forever", or empty.
	MutedUntil    string              `json:"mutedUntil"`
	MarkedUnread  bool                `json:"markedUnread"`
	ReadAt        *time.Time          `json:"readAt"`
	ClearedAt     *time.Time          `json:"clearedAt"`
	DeletedAt     *time.Time          `json:"deletedAt"`
	Starred       []string            `json:"starred"`
	DeletedForMe  []string            `json:"deletedForMe"`
	Labels        []string            `json:"labels"`
	MessageLabels map[string][]string `json:"messageLabels"`
}

type labelJSON struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Color   int32  `json:"color"`
	Deleted bool   `json:"deleted"`
}

type contactJSON struct {
	FullName  string `json:"fullName"`
	FirstName string `json:"firstName"`
}

func (c *ChatState) json() chatStateJSON {
	out := chatStateJSON{
		Archived: c.Archived, Pinned: c.Pinned, MarkedUnread: c.MarkedUnread,
		ReadAt: timeJSON(c.ReadAt), ClearedAt: timeJSON(c.ClearedAt), DeletedAt: timeJSON(c.DeletedAt),
		Starred: listJSON(c.Starred), DeletedForMe: listJSON(c.DeletedForMe), Labels: listJSON(c.Labels),
		MessageLabels: c.MessageLabels,
	}
	switch {
	case c.MutedUntil.Equal(store.MutedForever):
		out.MutedUntil = forever
	case !c.MutedUntil.IsZero():
		out.MutedUntil = c.MutedUntil.UTC().Format(time.RFC3339Nano)
	}
	if out.MessageLabels == nil {
		out.MessageLabels = map[string][]string{}
	}
	return out
}

// timeJSON gives null for no time.
func timeJSON(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// listJSON gives an empty list for none.
func listJSON(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// json writes the state for the outside.
func (s *PhoneState) json() map[string]any {
	chats, labels, contacts := map[string]chatStateJSON{}, []labelJSON{}, map[string]contactJSON{}
	for jid, chat := range s.Chats {
		chats[jid.String()] = chat.json()
	}
	for _, label := range s.sortedLabels() {
		labels = append(labels, labelJSON(label))
	}
	for jid, contact := range s.Contacts {
		contacts[jid.String()] = contactJSON(contact)
	}
	return map[string]any{"name": s.PushName, "chats": chats, "labels": labels, "contacts": contacts}
}

func (s *Server) controlState(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	state := p.State()
	return state.json(), nil
}

// controlSetState changes what the body names of a chat, in the order of its fields.
func (s *Server) controlSetState(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		Chat       string  `json:"chat"`
		Archived   *bool   `json:"archived"`
		Pinned     *bool   `json:"pinned"`
		MutedUntil *string `json:"mutedUntil"`
		Read       *bool   `json:"read"`
		Cleared    bool    `json:"cleared"`
		Deleted    bool    `json:"deleted"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	chat, err := address(body.Chat)
	if err != nil {
		return nil, err
	}
	var acts []func() error
	ctx := r.Context()
	if on := body.Archived; on != nil {
		acts = append(acts, func() error { return p.Archive(ctx, chat, *on) })
	}
	if on := body.Pinned; on != nil {
		acts = append(acts, func() error { return p.Pin(ctx, chat, *on) })
	}
	if body.MutedUntil != nil {
		until, err := muteEnd(*body.MutedUntil)
		if err != nil {
			return nil, err
		}
		acts = append(acts, func() error { return p.Mute(ctx, chat, until) })
	}
	if on := body.Read; on != nil {
		acts = append(acts, func() error { return p.MarkChatRead(ctx, chat, *on) })
	}
	if body.Cleared {
		acts = append(acts, func() error { return p.ClearChat(ctx, chat) })
	}
	if body.Deleted {
		acts = append(acts, func() error { return p.DeleteChat(ctx, chat) })
	}
	if len(acts) == 0 {
		return nil, badRequest("nothing to change: archived, pinned, mutedUntil, read, cleared or deleted")
	}
	for _, act := range acts {
		if err = act(); err != nil {
			return nil, err
		}
	}
	state := p.ChatState(chat)
	return state.json(), nil
}

// muteEnd reads the end of a mute; empty ends it now.
func muteEnd(text string) (time.Time, error) {
	switch text {
	case "":
		return time.Time{}, nil
	case forever:
		return store.MutedForever, nil
	}
	until, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, badRequest("mutedUntil is a time such as 2030-01-02T15:04:05Z, \"forever\", or empty")
	}
	return until, nil
}

// controlLabel makes, changes or deletes a label, and puts it on a chat or message.
func (s *Server) controlLabel(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		ID      string  `json:"id"`
		Name    *string `json:"name"`
		Color   int32   `json:"color"`
		Deleted bool    `json:"deleted"`
		Chat    string  `json:"chat"`
		Message string  `json:"message"`
		On      *bool   `json:"on"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	if body.ID == "" || (body.Name == nil && !body.Deleted && body.Chat == "") || (body.Message != "" && body.Chat == "") {
		return nil, badRequest("a label needs its id, and a name to have, a chat to go on, or to be deleted")
	}
	on := body.On == nil || *body.On
	if body.Chat != "" {
		chat, err := address(body.Chat)
		if err != nil {
			return nil, err
		}
		if body.Message != "" {
			err = p.LabelMessage(r.Context(), body.ID, chat, body.Message, on)
		} else {
			err = p.LabelChat(r.Context(), body.ID, chat, on)
		}
		if err != nil {
			return nil, err
		}
	}
	if body.Name != nil || body.Deleted {
		name := p.State().Labels[body.ID].Name
		if body.Name != nil {
			name = *body.Name
		}
		if err = p.EditLabel(r.Context(), body.ID, name, body.Color, body.Deleted); err != nil {
			return nil, err
		}
	}
	state := p.State()
	return state.json(), nil
}

func (s *Server) controlContact(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		Who       string `json:"who"`
		FullName  string `json:"fullName"`
		FirstName string `json:"firstName"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	who, err := address(body.Who)
	if err != nil {
		return nil, err
	}
	if !isUser(who) {
		return nil, badRequest("%q is not an account", body.Who)
	}
	if err = p.SaveContact(r.Context(), who, body.FullName, body.FirstName); err != nil {
		return nil, err
	}
	state := p.State()
	return state.json(), nil
}
