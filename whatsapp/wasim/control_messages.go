package wasim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// maxCount bounds how many messages one call sends.
const maxCount = 10_000

type messageJSON struct {
	ID        string    `json:"id"`
	Chat      string    `json:"chat"`
	Sender    string    `json:"sender"`
	FromMe    bool      `json:"fromMe"`
	PushName  string    `json:"pushName"`
	Text      string    `json:"text"`
	Timestamp time.Time `json:"timestamp"`
	Copies    int       `json:"copies"`
}

type receiptJSON struct {
	IDs       []string  `json:"ids"`
	Chat      string    `json:"chat"`
	From      string    `json:"from"`
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
}

func (s *Server) controlMessages(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	out := []messageJSON{}
	for _, m := range p.Messages() {
		out = append(out, messageJSON{
			m.ID, m.Chat.String(), m.Sender.String(), m.FromMe, m.PushName, m.Text, m.Time.UTC(), m.Copies,
		})
	}
	return map[string]any{"messages": out}, nil
}

func (s *Server) controlReceipts(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	out := []receiptJSON{}
	for _, got := range p.Receipts() {
		kind := cmp.Or(string(got.Type), "delivered")
		out = append(out, receiptJSON{got.IDs, got.Chat.String(), got.From.String(), kind, got.Time.UTC()})
	}
	return map[string]any{"receipts": out}, nil
}

// sendJSON asks for messages. The kinds besides text are known, so that the
// answer can say that they are not simulated, and not that they do not exist.
type sendJSON struct {
	To      string `json:"to"`
	Text    string `json:"text"`
	Count   *int   `json:"count"`
	Type    string `json:"type"`
	ReplyTo string `json:"replyTo"`

	Media  any `json:"media"`
	Edit   any `json:"edit"`
	Revoke any `json:"revoke"`
	React  any `json:"react"`
	Poll   any `json:"poll"`
	Vote   any `json:"vote"`
}

// check refuses what cannot be sent and gives how many messages to send.
func (b *sendJSON) check() (int, error) {
	if b.Type != "" && b.Type != "text" {
		return 0, badRequest("type %q is not simulated: phones send text only", b.Type)
	}
	kinds := []struct {
		name  string
		value any
	}{{"media", b.Media}, {"edit", b.Edit}, {"revoke", b.Revoke}, {"react", b.React}, {"poll", b.Poll}, {"vote", b.Vote}}
	for _, kind := range kinds {
		if kind.value != nil {
			return 0, badRequest("%q is not simulated: phones send text only", kind.name)
		}
	}
	if b.Text == "" {
		return 0, badRequest("text is missing")
	}
	if b.Count == nil {
		return 1, nil
	}
	if *b.Count < 1 || *b.Count > maxCount {
		return 0, badRequest("count must be between 1 and %d", maxCount)
	}
	return *b.Count, nil
}

// controlSend sends messages one after the other. "{n}" in the text becomes the
// message's number, from 1.
func (s *Server) controlSend(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[sendJSON](r)
	if err != nil {
		return nil, err
	}
	count, err := body.check()
	if err != nil {
		return nil, err
	}
	to, err := address(body.To)
	if err != nil {
		return nil, err
	}
	var options []SendOption
	if body.ReplyTo != "" {
		quoted, ok := p.find(to, body.ReplyTo)
		if !ok {
			return nil, &controlError{http.StatusNotFound, "no message " + body.ReplyTo + " in this chat"}
		}
		options = append(options, WithReply(quoted))
	}
	ids := make([]string, 0, count)
	for n := range count {
		id, err := p.SendText(r.Context(), to, strings.ReplaceAll(body.Text, "{n}", strconv.Itoa(n+1)), options...)
		if err != nil {
			return nil, fmt.Errorf("sending message %d of %d: %w", n+1, count, err)
		}
		ids = append(ids, id)
	}
	return map[string]any{"ids": ids}, nil
}

// controlRead reads the named messages of a chat, or all that were received.
func (s *Server) controlRead(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		Chat string   `json:"chat"`
		IDs  []string `json:"ids"`
	}](r)
	if err != nil {
		return nil, err
	}
	chat, err := address(body.Chat)
	if err != nil {
		return nil, err
	}
	bySender := map[types.JID][]string{}
	for _, m := range p.Messages() {
		wanted := len(body.IDs) == 0 || slices.Contains(body.IDs, m.ID)
		if m.Chat == p.chatOf(chat) && !m.FromMe && wanted {
			sender := m.Sender.ToNonAD()
			bySender[sender] = append(bySender[sender], m.ID)
		}
	}
	read := []string{}
	for sender, ids := range bySender {
		if err = p.MarkRead(r.Context(), chat, sender, ids...); err != nil {
			return nil, err
		}
		read = append(read, ids...)
	}
	if len(read) < len(body.IDs) {
		return nil, &controlError{http.StatusNotFound, "some of the messages were not received in this chat"}
	}
	slices.Sort(read)
	return map[string]any{"ids": read}, nil
}
