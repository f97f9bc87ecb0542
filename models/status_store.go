package models

import (
	"context"
	"fmt"
	"time"
)

// StatusChat is the address of the chat that status updates, stories, come in.
const StatusChat = "status@broadcast"

// storyLife is for how long WhatsApp shows a story.
const storyLife = 24 * time.Hour

// stories gives the condition for messages x that are stories of a session now,
// of anybody or of the person with an address, and its values.
func stories(session, from string) (where string, values []any) {
	where = `x.chat_id = (SELECT s.id FROM chats s WHERE s.session_id = ` + session + ` AND s.jid = '` + StatusChat + `')
		AND NOT x.hidden AND NOT x.deleted AND x.type <> 'system' AND x.timestamp > ?`
	values = []any{Now() - Millis(storyLife.Milliseconds())}
	if from != "" {
		where, values = where+" AND "+isPerson("x.sender_id", from), append(values, from)
	}
	return where, values
}

// ListStories gives the stories of the last 24 hours that are known to sessions,
// the account's own among them, the latest first; from is one person's address, ""
// anybody's. Each session is a key of the result. page.After works for a single
// session only.
func (s *MessageStore) ListStories(ctx context.Context, sessionIDs []string, from string, page Page) (map[string]List[Message], error) {
	b, err := newTimeBatch(s.db, "statuses", sessionIDs, page)
	if err != nil {
		return nil, err
	}
	where, values := stories("p.id", from)
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+
		s.db.timeBatchTables(text("id"), "messages", "m", where, "timestamp")+messageJoins+
		" ORDER BY m.session_id, m.timestamp DESC, m.id DESC", b.parameters(values...)...))
	if err != nil {
		return nil, storeError("message", "listing stories", err)
	}
	return splitTimeBatch(b, messages, func(m *Message) string { return m.SessionID }, func(m *Message) (Millis, int64) { return m.Timestamp, m.ID }), nil
}

// CountStories tells how many [MessageStore.ListStories] has of each session;
// those without are absent.
func (s *MessageStore) CountStories(ctx context.Context, sessionIDs []string, from string) (map[string]int, error) {
	given, err := keys("id", sessionIDs)
	if err != nil {
		return nil, err
	}
	where, values := stories("x.session_id", from)
	counts, err := scanCounts[string](s.db.read(ctx).Raw(fmt.Sprintf(
		"SELECT x.session_id, COUNT(*) FROM messages x WHERE x.session_id IN %s AND %s GROUP BY x.session_id", s.db.in(text("id")), where),
		append([]any{given}, values...)...))
	return counts, storeError("message", "counting stories", err)
}

// StoriesByID gives stories of a session by WhatsApp's ids, also older ones, in
// the order of their coming; those that are not known are absent.
func (s *MessageStore) StoriesByID(ctx context.Context, sessionID string, waMessageIDs []string) ([]Message, error) {
	given, err := keys("wa_message_id", waMessageIDs)
	if err != nil {
		return nil, err
	}
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.session_id = ? AND m.wa_message_id IN "+s.db.in(text("wa_message_id"))+" AND c.jid = '"+StatusChat+"' AND NOT m.hidden ORDER BY m.timestamp, m.id",
		sessionID, given))
	return messages, storeError("message", "loading stories", err)
}
