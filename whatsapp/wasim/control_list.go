package wasim

import (
	"encoding/hex"
	"net/http"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// messageJSON is a message as the phone has it now: text is that of the last
// edit, and what was deleted for everybody has none.
type messageJSON struct {
	ID        string    `json:"id"`
	Chat      string    `json:"chat"`
	Sender    string    `json:"sender"`
	FromMe    bool      `json:"fromMe"`
	PushName  string    `json:"pushName"`
	Type      string    `json:"type"`
	Text      string    `json:"text"`
	Timestamp time.Time `json:"timestamp"`
	Copies    int       `json:"copies"`

	Target    string            `json:"target,omitempty"` // what a reaction, edit, deletion, vote or pin is about
	ReplyTo   string            `json:"replyTo,omitempty"`
	Mentions  []string          `json:"mentions,omitempty"`
	Forwarded uint32            `json:"forwarded,omitempty"` // how often
	Expires   uint32            `json:"ephemeral,omitempty"` // seconds
	ViewOnce  bool              `json:"viewOnce,omitempty"`
	Edits     int               `json:"edits,omitempty"`
	Deleted   bool              `json:"deleted,omitempty"`
	Pinned    bool              `json:"pinned,omitempty"`
	Reactions map[string]string `json:"reactions,omitempty"` // by LID
	Media     *shownMedia       `json:"media,omitempty"`
	Poll      *shownPoll        `json:"poll,omitempty"`
	Location  *placeJSON        `json:"location,omitempty"`
	Contacts  []cardJSON        `json:"contacts,omitempty"`
}

// shownMedia is what a message says of its file.
type shownMedia struct {
	MimeType string `json:"mimetype"`
	FileName string `json:"filename,omitempty"`
	Size     uint64 `json:"size"`
	SHA256   string `json:"sha256"`
	Path     string `json:"path"` // for POST /media/expire
}

// shownPoll is a poll with its votes.
type shownPoll struct {
	Name       string              `json:"name"`
	Options    []string            `json:"options"`
	Selectable int                 `json:"selectable"`
	Votes      map[string][]string `json:"votes"` // LIDs by option
}

// controlMessages lists messages in the order in which they came.
func (s *Server) controlMessages(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	out := []messageJSON{}
	for _, state := range p.states() {
		out = append(out, p.show(state))
	}
	return map[string]any{"messages": out}, nil
}

// show writes a message down.
func (p *Phone) show(m *MessageState) messageJSON {
	out := messageJSON{
		ID: m.ID, Chat: m.Chat.String(), Sender: m.Sender.String(), FromMe: m.FromMe, PushName: m.PushName,
		Type: m.Kind(), Text: m.Text, Timestamp: m.Time.UTC(), Copies: m.Copies,
		Target: targetOf(m.PhoneMessage), ViewOnce: m.ViewOnce(), Edits: m.Edits, Deleted: m.Deleted, Pinned: m.Pinned,
		Media: showMedia(m.PhoneMessage), Poll: p.showPoll(m.PhoneMessage), Location: showPlace(m.PhoneMessage), Contacts: showContacts(m.PhoneMessage),
	}
	if about := contextInfo(m.Message, false); about != nil {
		out.ReplyTo, out.Mentions = about.GetStanzaID(), about.GetMentionedJID()
		out.Forwarded, out.Expires = about.GetForwardingScore(), about.GetExpiration()
	}
	for who, emoji := range m.Reactions {
		if out.Reactions == nil {
			out.Reactions = map[string]string{}
		}
		out.Reactions[who.String()] = emoji
	}
	return out
}

func showMedia(m PhoneMessage) *shownMedia {
	part, _ := mediaOf(m.Message)
	if part == nil {
		return nil
	}
	return &shownMedia{
		MimeType: part.GetMimetype(), FileName: m.Content().GetDocumentMessage().GetFileName(), Size: part.GetFileLength(),
		SHA256: hex.EncodeToString(part.GetFileSHA256()), Path: part.GetDirectPath(),
	}
}

func (p *Phone) showPoll(m PhoneMessage) *shownPoll {
	if pollOf(m.Message) == nil {
		return nil
	}
	tally, err := p.PollTally(m.Chat, m.ID)
	if err != nil {
		tally.Name, tally.Options = pollOf(m.Message).GetName(), optionNames(pollOf(m.Message))
	}
	shown := &shownPoll{Name: tally.Name, Options: tally.Options, Selectable: tally.Selectable, Votes: map[string][]string{}}
	for option, voters := range tally.Votes {
		for _, voter := range voters {
			shown.Votes[option] = append(shown.Votes[option], voter.String())
		}
	}
	return shown
}

func showPlace(m PhoneMessage) *placeJSON {
	inner := m.Content()
	if place := inner.GetLocationMessage(); place != nil {
		return &placeJSON{
			Latitude: place.GetDegreesLatitude(), Longitude: place.GetDegreesLongitude(),
			Name: place.GetName(), Address: place.GetAddress(), URL: place.GetURL(),
		}
	}
	if place := inner.GetLiveLocationMessage(); place != nil {
		return &placeJSON{
			Latitude: place.GetDegreesLatitude(), Longitude: place.GetDegreesLongitude(), Name: place.GetCaption(), Live: true,
		}
	}
	return nil
}

func showContacts(m PhoneMessage) (out []cardJSON) {
	inner := m.Content()
	cards := inner.GetContactsArrayMessage().GetContacts()
	if card := inner.GetContactMessage(); card != nil {
		cards = append(cards, card)
	}
	for _, card := range cards {
		out = append(out, cardJSON{Name: card.GetDisplayName(), VCard: card.GetVcard()})
	}
	return out
}

// controlFile gives the file of a message, decrypted by the phone.
func (s *Server) controlFile(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	m, ok := p.messages.find(func(m PhoneMessage) bool { return m.ID == r.PathValue("id") })
	if !ok {
		return nil, ErrNoMessage
	}
	data, err := p.Download(r.Context(), m)
	if err != nil {
		return nil, err
	}
	shown := showMedia(m)
	return map[string]any{"mimetype": shown.MimeType, "size": len(data), "sha256": hex.EncodeToString(sum256(data)), "data": data}, nil
}

// controlExpire makes the media server forget a file, or all.
func (s *Server) controlExpire(r *http.Request) (any, error) {
	body, err := readBody[struct {
		Path   string `json:"path"`
		Status int    `json:"status"`
	}](r)
	if err != nil {
		return nil, err
	}
	switch body.Status {
	case 0, http.StatusGone:
		return map[string]int{"expired": s.ExpireMedia(body.Path)}, nil
	case http.StatusNotFound:
		return map[string]int{"expired": s.RemoveMedia(body.Path)}, nil
	}
	return nil, badRequest("status must be 404 or 410")
}

// controlForgetMedia makes the phone have no files any more, or have them again.
func (s *Server) controlForgetMedia(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		On *bool `json:"on"`
	}](r)
	if err != nil {
		return nil, err
	}
	on := body.On == nil || *body.On
	p.ForgetMedia(on)
	return map[string]bool{"on": on}, nil
}

// chatAddress reads a chat as callers write it: as [address], or the stories'.
func chatAddress(text string) (types.JID, error) {
	if text == types.StatusBroadcastJID.String() {
		return types.StatusBroadcastJID, nil
	}
	return address(text)
}
