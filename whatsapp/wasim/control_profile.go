package wasim

import (
	"net/http"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// maxHistory bounds the messages of one history call.
const maxHistory = 10_000

// profileJSON shows the account as it shows itself.
func (p *Phone) profileJSON() map[string]any {
	about, at := p.About()
	return map[string]any{
		"name": p.Name(), "about": about, "aboutSetAt": timeJSON(at), "pictureId": p.picture(),
		"blocked": textsOf(p.Blocked()), "privacy": p.Privacy(),
		"defaultDisappearing": int(p.DefaultDisappearing() / time.Second),
	}
}

func textsOf(jids []types.JID) []string {
	texts := make([]string, len(jids))
	for i, jid := range jids {
		texts[i] = jid.String()
	}
	return texts
}

func (s *Server) controlProfile(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	return p.profileJSON(), nil
}

// controlSetProfile changes what the body names. An empty picture removes it.
func (s *Server) controlSetProfile(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		Name    *string `json:"name"`
		About   *string `json:"about"`
		Picture *[]byte `json:"picture"` // base64
	}](s, r)
	if err != nil {
		return nil, err
	}
	if body.Name == nil && body.About == nil && body.Picture == nil {
		return nil, badRequest("nothing to change: name, about or picture")
	}
	if body.Name != nil {
		if err = p.SetName(r.Context(), *body.Name); err != nil {
			return nil, err
		}
	}
	if body.About != nil {
		p.SetAbout(*body.About)
	}
	if body.Picture != nil {
		p.SetPicture(*body.Picture)
	}
	return p.profileJSON(), nil
}

func (s *Server) controlBlock(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		Who string `json:"who"`
		On  *bool  `json:"on"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	who, err := address(body.Who)
	if err != nil {
		return nil, err
	}
	if err = p.Block(who, body.On == nil || *body.On); err != nil {
		return nil, err
	}
	return map[string]any{"blocked": textsOf(p.Blocked())}, nil
}

// controlPrivacy changes the settings in the body, all or none.
func (s *Server) controlPrivacy(r *http.Request) (any, error) {
	p, body, err := phoneBody[map[string]string](s, r)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, badRequest("no setting to change")
	}
	for name, value := range body {
		if values := privacyValues(name); !slices.Contains(values, value) {
			return nil, badRequest("%q cannot be %q; it can be one of %q", name, value, values)
		}
	}
	for name, value := range body {
		p.SetPrivacy(name, value)
	}
	return map[string]any{"privacy": p.Privacy()}, nil
}

type historyMessageJSON struct {
	ID        string    `json:"id"`
	FromMe    bool      `json:"fromMe"`
	Sender    string    `json:"sender"`
	PushName  string    `json:"pushName"`
	Text      string    `json:"text"`
	Timestamp time.Time `json:"timestamp"`
	Starred   bool      `json:"starred"`
}

type historyJSON struct {
	Chat       string               `json:"chat"`
	Name       string               `json:"name"`
	Unread     int                  `json:"unread"`
	Archived   bool                 `json:"archived"`
	PinnedAt   time.Time            `json:"pinnedAt"`
	MutedUntil string               `json:"mutedUntil"`
	Messages   []historyMessageJSON `json:"messages"`
	// Send hands everything to the companions that are linked already.
	Send bool `json:"send"`
}

// read turns the body into a chat.
func (b *historyJSON) read() (HistoryChat, error) {
	chat := HistoryChat{Name: b.Name, Unread: b.Unread, Archived: b.Archived, PinnedAt: b.PinnedAt}
	if b.Unread < 0 || len(b.Messages) > maxHistory {
		return chat, badRequest("unread must not be negative, and there may be %d messages at most", maxHistory)
	}
	var err error
	if chat.Chat, err = address(b.Chat); err != nil {
		return chat, err
	}
	if chat.MutedUntil, err = muteEnd(b.MutedUntil); err != nil {
		return chat, err
	}
	for _, m := range b.Messages {
		message := HistoryMessage{
			ID: m.ID, FromMe: m.FromMe, PushName: m.PushName, Text: m.Text, Time: m.Timestamp, Starred: m.Starred,
		}
		if m.Sender != "" {
			if message.Sender, err = address(m.Sender); err != nil {
				return chat, err
			}
		}
		if !isUser(chat.Chat) && !m.FromMe && m.Sender == "" {
			return chat, badRequest("a message of somebody else in a group needs its sender")
		}
		chat.Messages = append(chat.Messages, message)
	}
	return chat, nil
}

// controlHistory lets the phone remember a conversation.
func (s *Server) controlHistory(r *http.Request) (any, error) {
	p, body, err := phoneBody[historyJSON](s, r)
	if err != nil {
		return nil, err
	}
	chat, err := body.read()
	if err != nil {
		return nil, err
	}
	p.RememberChat(chat)
	if body.Send {
		if err = p.SendHistory(r.Context()); err != nil {
			return nil, err
		}
	}
	ids := []string{}
	for _, m := range p.past(chat.Chat) {
		ids = append(ids, m.GetKey().GetID())
	}
	return map[string]any{"ids": ids}, nil
}
