package wasim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

const (
	// maxCount bounds how many messages one call sends.
	maxCount = 10_000
	// maxMediaSize bounds made-up media, maxMediaTotal all that one call sends.
	maxMediaSize, maxMediaTotal = 100 << 20, 500 << 20
)

// sendJSON asks for messages, or for an act on one: besides the text there is
// at most one part.
type sendJSON struct {
	To            string       `json:"to"` // "status@broadcast" for a story
	Type          string       `json:"type"`
	Text          string       `json:"text"`
	Count         *int         `json:"count"`
	ReplyTo       string       `json:"replyTo"`
	Mentions      []string     `json:"mentions"`
	Ephemeral     uint32       `json:"ephemeral"`
	ViewOnce      bool         `json:"viewOnce"`
	Recipients    []string     `json:"recipients"`
	Unavailable   string       `json:"unavailable"`
	Undecryptable *int         `json:"undecryptable"`
	Link          *LinkPreview `json:"link"`

	Media    *mediaJSON `json:"media"`
	Location *placeJSON `json:"location"`
	Contact  *cardJSON  `json:"contact"`
	Contacts []cardJSON `json:"contacts"`
	Poll     *pollJSON  `json:"poll"`
	Vote     *actJSON   `json:"vote"`
	React    *actJSON   `json:"react"`
	Edit     *actJSON   `json:"edit"`
	Revoke   *actJSON   `json:"revoke"`
	Forward  *actJSON   `json:"forward"`
	Pin      *actJSON   `json:"pin"`
}

// mediaJSON is a file: its content, or the size of one to be made up.
type mediaJSON struct {
	Data     []byte `json:"data"`
	Size     int    `json:"size"`
	MimeType string `json:"mimetype"`
	Caption  string `json:"caption"`
	FileName string `json:"filename"`
	Width    uint32 `json:"width"`
	Height   uint32 `json:"height"`
	Seconds  uint32 `json:"seconds"`
}

type placeJSON struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
	URL       string  `json:"url,omitempty"`
	Live      bool    `json:"live,omitempty"`
}

type cardJSON struct {
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	VCard string `json:"vcard,omitempty"`
}

type pollJSON struct {
	Name       string   `json:"name"`
	Options    []string `json:"options"`
	Selectable int      `json:"selectable"`
}

// actJSON is an act on the message with the id.
type actJSON struct {
	ID      string   `json:"id"`
	Text    string   `json:"text"`    // edit
	Emoji   string   `json:"emoji"`   // react; empty takes the reaction back
	Options []string `json:"options"` // vote
	Chat    string   `json:"chat"`    // forward: where the message is
	On      *bool    `json:"on"`      // pin
}

// sender sends one message. n is its number, from 1.
type sender func(ctx context.Context, n int, options []SendOption) (string, error)

// plan finds what to send.
func (b *sendJSON) plan(p *Phone, to types.JID) (sender, error) {
	kind, err := b.kind()
	if err != nil {
		return nil, err
	}
	if target := b.act(kind); target != nil {
		return b.planAct(p, to, kind, target)
	}
	switch kind {
	case "text":
		if b.Text == "" {
			return nil, badRequest("text is missing")
		}
		return func(ctx context.Context, n int, options []SendOption) (string, error) {
			return p.SendText(ctx, to, strings.ReplaceAll(b.Text, "{n}", strconv.Itoa(n)), options...)
		}, nil
	case "location", "live_location":
		place := Place{Latitude: b.Location.Latitude, Longitude: b.Location.Longitude, Name: b.Location.Name, Address: b.Location.Address, URL: b.Location.URL}
		send := p.SendLocation
		if b.Location.Live || kind == "live_location" {
			send = p.SendLiveLocation
		}
		return func(ctx context.Context, _ int, options []SendOption) (string, error) {
			return send(ctx, to, place, options...)
		}, nil
	case "contact", "contacts":
		return b.planContacts(p, to), nil
	case "poll":
		return func(ctx context.Context, _ int, options []SendOption) (string, error) {
			return p.SendPoll(ctx, to, Poll(*b.Poll), options...)
		}, nil
	}
	return b.planMedia(p, to, MediaKind(kind))
}

// kind finds the kind of message, from the type or the one part that is there.
func (b *sendJSON) kind() (string, error) {
	parts := []struct {
		kind  string
		given bool
	}{
		{"media", b.Media != nil}, {"location", b.Location != nil}, {"contact", b.Contact != nil}, {"contacts", len(b.Contacts) > 0},
		{"poll", b.Poll != nil}, {"vote", b.Vote != nil}, {"react", b.React != nil}, {"edit", b.Edit != nil},
		{"revoke", b.Revoke != nil}, {"forward", b.Forward != nil}, {"pin", b.Pin != nil},
	}
	parts = slices.DeleteFunc(parts, func(part struct {
		kind  string
		given bool
	}) bool {
		return !part.given
	})
	if len(parts) > 1 {
		return "", badRequest("%q and %q exclude each other", parts[0].kind, parts[1].kind)
	}
	given := "text"
	if len(parts) == 1 {
		given = parts[0].kind
	}
	wanted := b.Type
	if wanted == "" {
		wanted = given
	}
	needs := wanted
	if _, ok := mediaKinds[MediaKind(wanted)]; ok {
		needs = "media"
	}
	if wanted == "live_location" {
		needs = "location"
	}
	switch {
	case wanted == "media":
		return "", badRequest("type says what the media is: image, video, gif, ptv, audio, voice, document or sticker")
	case needs != given:
		return "", badRequest("type %q needs %q, not %q", wanted, needs, given)
	}
	return wanted, nil
}

// act gives the message that an act is about, or nil if it is not an act.
func (b *sendJSON) act(kind string) *actJSON {
	return map[string]*actJSON{
		"vote": b.Vote, "react": b.React, "edit": b.Edit, "revoke": b.Revoke, "forward": b.Forward, "pin": b.Pin,
	}[kind]
}

func (b *sendJSON) planAct(p *Phone, to types.JID, kind string, target *actJSON) (sender, error) {
	chat := to
	if target.Chat != "" {
		var err error
		if chat, err = chatAddress(target.Chat); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, _ int, options []SendOption) (string, error) {
		switch kind {
		case "vote":
			return p.Vote(ctx, to, target.ID, target.Options...)
		case "react":
			return p.React(ctx, to, target.ID, target.Emoji, options...)
		case "edit":
			return p.Edit(ctx, to, target.ID, target.Text, options...)
		case "revoke":
			return p.Revoke(ctx, to, target.ID, options...)
		case "pin":
			return p.PinMessage(ctx, to, target.ID, target.On == nil || *target.On, options...)
		}
		return p.Forward(ctx, chat, target.ID, to, options...)
	}, nil
}

func (b *sendJSON) planContacts(p *Phone, to types.JID) sender {
	given := b.Contacts
	if b.Contact != nil {
		given = []cardJSON{*b.Contact}
	}
	cards := make([]ContactCard, len(given))
	for i, card := range given {
		cards[i] = ContactCard(card)
	}
	return func(ctx context.Context, _ int, options []SendOption) (string, error) {
		return p.SendContact(ctx, to, cards, options...)
	}
}

func (b *sendJSON) planMedia(p *Phone, to types.JID, kind MediaKind) (sender, error) {
	if _, ok := mediaKinds[kind]; !ok {
		return nil, badRequest("unknown type %q", kind)
	}
	file := b.Media
	switch {
	case len(file.Data) > 0 && file.Size != 0:
		return nil, badRequest("media has data or a size, not both")
	case len(file.Data) == 0 && (file.Size < 1 || file.Size > maxMediaSize):
		return nil, badRequest("media needs data, or a size between 1 and %d", maxMediaSize)
	case b.Count != nil && *b.Count*max(len(file.Data), file.Size) > maxMediaTotal:
		return nil, badRequest("one call sends at most %d bytes of media", maxMediaTotal)
	}
	caption := file.Caption
	if caption == "" {
		caption = b.Text
	}
	return func(ctx context.Context, n int, options []SendOption) (string, error) {
		data := file.Data
		if len(data) == 0 {
			data = madeUp(file.Size, n)
		}
		return p.SendMedia(ctx, to, Media{
			Kind: kind, Data: data, MimeType: file.MimeType, FileName: file.FileName,
			Caption: strings.ReplaceAll(caption, "{n}", strconv.Itoa(n)),
			Width:   file.Width, Height: file.Height, Seconds: file.Seconds,
		}, options...)
	}, nil
}

// madeUp gives bytes that depend on the number only.
func madeUp(size, n int) []byte {
	data := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})
	_, _ = source.Read(data)
	return data
}

// options reads what may be said about a message of any kind.
func (b *sendJSON) options(p *Phone, to types.JID) ([]SendOption, error) {
	var options []SendOption
	if b.ReplyTo != "" {
		quoted, ok := p.find(to, b.ReplyTo)
		if !ok {
			return nil, &controlError{http.StatusNotFound, "no message " + b.ReplyTo + " in this chat"}
		}
		options = append(options, WithReply(quoted))
	}
	mentions, err := addresses(b.Mentions)
	if err != nil {
		return nil, err
	}
	recipients, err := addresses(b.Recipients)
	if err != nil {
		return nil, err
	}
	options = append(options, WithMentions(mentions...), WithRecipients(recipients...), WithEphemeral(b.Ephemeral), AsUnavailable(b.Unavailable))
	if b.ViewOnce {
		options = append(options, WithViewOnce())
	}
	if b.Undecryptable != nil {
		options = append(options, AsUndecryptable(*b.Undecryptable))
	}
	if b.Link != nil {
		options = append(options, WithLinkPreview(*b.Link))
	}
	return options, nil
}

// times gives how many messages to send.
func (b *sendJSON) times() (int, error) {
	if b.Count == nil {
		return 1, nil
	}
	if *b.Count < 1 || *b.Count > maxCount {
		return 0, badRequest("count must be between 1 and %d", maxCount)
	}
	return *b.Count, nil
}

// controlSend sends messages one after the other. "{n}" in a text or caption
// becomes the message's number, from 1.
func (s *Server) controlSend(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[sendJSON](r)
	if err != nil {
		return nil, err
	}
	count, err := body.times()
	if err != nil {
		return nil, err
	}
	to, err := chatAddress(body.To)
	if err != nil {
		return nil, err
	}
	send, err := body.plan(p, to)
	if err != nil {
		return nil, err
	}
	options, err := body.options(p, to)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, count)
	for n := range count {
		id, err := send(r.Context(), n+1, options)
		if err != nil {
			return nil, fmt.Errorf("sending message %d of %d: %w", n+1, count, err)
		}
		ids = append(ids, id)
	}
	return map[string]any{"ids": ids}, nil
}
