package models

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// MessageFilter narrows a list of messages; the zero value narrows nothing.
type MessageFilter struct {
	ChatID   int64         // of this chat; 0: of all of the session
	SenderID int64         // from this person; 0: from anybody
	Types    []MessageType // of one of these types; nil: of any
	FromMe   *bool         // from the account itself, or from others
	HasMedia *bool         // with a file, or without
	Starred  *bool
	From     Millis // sent at that time or later; 0: no bound
	Until    Millis // sent before that time; 0: no bound
}

// conditions are appended to a WHERE about messages m, with their parameters.
func (f MessageFilter) conditions() (where string, values []any) {
	var b strings.Builder
	add := func(condition string, value any) {
		b.WriteString(" AND " + condition)
		values = append(values, value)
	}
	if f.ChatID != 0 {
		column := "m.chat_id"
		if f.SenderID != 0 {
			column = "m.chat_id + 0" // a person's messages are fewer: no index of the chat's
		}
		add(column+" = ?", f.ChatID)
	}
	if f.SenderID != 0 {
		add("m.sender_id = ?", f.SenderID)
	}
	if f.Types != nil {
		b.WriteString(" AND m.type IN (''")
		for _, kind := range f.Types {
			b.WriteString(", ?")
			values = append(values, kind)
		}
		b.WriteString(")")
	}
	for _, flag := range []struct {
		column string
		want   *bool
	}{{"m.from_me", f.FromMe}, {"m.has_media", f.HasMedia}, {"m.starred", f.Starred}} {
		switch {
		case flag.want == nil:
		case *flag.want:
			b.WriteString(" AND " + flag.column)
		default:
			b.WriteString(" AND NOT " + flag.column)
		}
	}
	if f.From != 0 {
		add("m.timestamp >= ?", f.From)
	}
	if f.Until != 0 {
		add("m.timestamp < ?", f.Until)
	}
	return b.String(), values
}

// earliest is From, or a time before all others.
func (f MessageFilter) earliest() Millis {
	if f.From == 0 {
		return math.MinInt64
	}
	return f.From
}

// scope is the condition for the messages of a session that are shown. A chat or a
// person is one session's alone, and has an index of its own.
func (f MessageFilter) scope(sessionID string) (where string, values []any) {
	where, values = f.conditions()
	if f.ChatID != 0 || f.SenderID != 0 {
		return "NOT m.hidden" + where, values
	}
	return "m.session_id = ? AND NOT m.hidden" + where, append([]any{sessionID}, values...)
}

// Find gives messages of a session, the latest first. The caller has checked that
// the filter's chat is one of the session's.
func (s *MessageStore) Find(ctx context.Context, sessionID string, filter MessageFilter, page Page) (List[Message], error) {
	c := s.db.cursors("found", fmt.Sprint(sessionID, filter.ChatID))
	at, id, err := c.decodeTime(page.After)
	if err != nil {
		return List[Message]{}, err
	}
	where, values := filter.scope(sessionID)
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+" WHERE "+where+
		" AND (m.timestamp, m.id) < (?, ?) ORDER BY m.timestamp DESC, m.id DESC LIMIT ?", append(values, at, id, page.fetch())...))
	if err != nil {
		return List[Message]{}, storeError("message", "listing messages of session "+sessionID, err)
	}
	return listByKey(messages, page.Limit, c, func(m *Message) string { return timeKey(m.Timestamp, m.ID) }), nil
}

// CountFound tells how many messages Find would give in all.
func (s *MessageStore) CountFound(ctx context.Context, sessionID string, filter MessageFilter) (n int, err error) {
	where, values := filter.scope(sessionID)
	err = s.db.read(ctx).Raw("SELECT COUNT(*) FROM messages m WHERE "+where, values...).Row().Scan(&n)
	return n, storeError("message", "counting messages of session "+sessionID, err)
}
