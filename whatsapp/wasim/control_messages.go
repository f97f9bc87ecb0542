package wasim

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/types"
)

type receiptJSON struct {
	IDs       []string  `json:"ids"`
	Chat      string    `json:"chat"`
	From      string    `json:"from"`
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
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

// controlRead reads, or plays, the named messages of a chat, or all that were
// received.
func (s *Server) controlRead(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		Chat   string   `json:"chat"`
		IDs    []string `json:"ids"`
		Played bool     `json:"played"`
	}](r)
	if err != nil {
		return nil, err
	}
	chat, err := chatAddress(body.Chat)
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
		mark := p.MarkRead
		if body.Played {
			mark = p.MarkPlayed
		}
		if err = mark(r.Context(), chat, sender, ids...); err != nil {
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
