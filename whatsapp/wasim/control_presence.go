package wasim

import (
	"net/http"
	"time"

	"go.mau.fi/whatsmeow/types"
)

func (s *Server) controlTyping(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		Chat  string `json:"chat"`
		On    *bool  `json:"on"`
		Media string `json:"media"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	chat, err := address(body.Chat)
	if err != nil {
		return nil, err
	}
	act := p.Typing
	switch types.ChatPresenceMedia(body.Media) {
	case types.ChatPresenceMediaText:
	case types.ChatPresenceMediaAudio:
		act = p.Recording
	default:
		return nil, badRequest("media must be %q or empty", types.ChatPresenceMediaAudio)
	}
	on := body.On == nil || *body.On
	if err = act(r.Context(), chat, on); err != nil {
		return nil, err
	}
	return map[string]bool{"on": on}, nil
}

// controlAvailable opens or closes the app on the phone.
func (s *Server) controlAvailable(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		On *bool `json:"on"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	on := body.On == nil || *body.On
	p.SetAvailable(on)
	return map[string]bool{"on": on}, nil
}

// controlWatch makes a phone watch somebody's presence.
func (s *Server) controlWatch(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		Who string `json:"who"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	who, err := address(body.Who)
	if err != nil {
		return nil, err
	}
	if err = p.WatchPresence(r.Context(), who); err != nil {
		return nil, err
	}
	return p.seenJSON(), nil
}

// controlSeen tells what the phone saw of others.
func (s *Server) controlSeen(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	return p.seenJSON(), nil
}

type presenceJSON struct {
	From     string     `json:"from"`
	Online   bool       `json:"online"`
	LastSeen *time.Time `json:"lastSeen"`
	Hidden   bool       `json:"hidden"`
	Time     time.Time  `json:"time"`
}

type typingJSON struct {
	Chat  string    `json:"chat"`
	From  string    `json:"from"`
	State string    `json:"state"` // composing or paused
	Media string    `json:"media"` // audio while recording
	Time  time.Time `json:"time"`
}

func (p *Phone) seenJSON() map[string]any {
	presences, typings := []presenceJSON{}, []typingJSON{}
	for _, seen := range p.Presences() {
		presences = append(presences, presenceJSON{seen.From.String(), seen.Online, timeJSON(seen.LastSeen), seen.Hidden, seen.Time.UTC()})
	}
	for _, doing := range p.Typings() {
		typings = append(typings, typingJSON{doing.Chat.String(), doing.From.String(), string(doing.State), string(doing.Media), doing.Time.UTC()})
	}
	return map[string]any{"presences": presences, "typings": typings}
}
