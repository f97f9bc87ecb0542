package models

import (
	"context"
	"fmt"
	"strings"
)

// ChatFilter chooses chats of a list. The zero value chooses all; what is given
// must hold together.
type ChatFilter struct {
	Type     ChatType // "" any
	Archived *bool
	Pinned   *bool
	Unread   *bool  // has unread messages, or is marked unread
	LabelID  string // has this label, by WhatsApp's id; "" any
	Query    string // part of the name or of the address, in any case; "" any
}

// Key tells filters apart that choose other chats.
func (f ChatFilter) Key() string {
	flag := func(b *bool) string {
		if b == nil {
			return ""
		}
		return fmt.Sprint(*b)
	}
	return fmt.Sprintf("%q", []string{string(f.Type), flag(f.Archived), flag(f.Pinned), flag(f.Unread), f.LabelID, f.Query})
}

// condition gives the condition for chats x, which begins with AND unless it is
// empty, and its values.
func (f ChatFilter) condition() (where string, values []any) {
	and := func(condition string, of ...any) {
		where += " AND " + condition
		values = append(values, of...)
	}
	if f.Type != "" {
		and("x.type = ?", f.Type)
	}
	for _, flag := range []struct {
		wanted    *bool
		condition string
	}{{f.Archived, "x.archived"}, {f.Pinned, "x.pinned"}, {f.Unread, "(x.unread_count > 0 OR x.marked_unread)"}} {
		switch {
		case flag.wanted == nil:
		case *flag.wanted:
			and(flag.condition)
		default:
			and("NOT " + flag.condition)
		}
	}
	if f.LabelID != "" {
		and(`EXISTS (SELECT 1 FROM label_links k JOIN labels l ON l.id = k.label_id
			WHERE k.chat_id = x.id AND k.message_id = 0 AND l.session_id = x.session_id AND l.wa_label_id = ?)`, f.LabelID)
	}
	if f.Query != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Query)) + "%"
		matches := func(column string) string { return "LOWER(" + column + `) LIKE ? ESCAPE '\'` }
		// The name that shows, as Identity.Name has it.
		and(`(`+matches("x.jid")+` OR EXISTS (SELECT 1 FROM identities q WHERE q.id = x.identity_id AND (`+
			matches("CASE WHEN q.contact_name <> '' THEN q.contact_name WHEN q.business_name <> '' THEN q.business_name ELSE q.push_name END")+
			" OR "+matches("q.phone_jid")+" OR "+matches("q.lid")+`))
			OR EXISTS (SELECT 1 FROM wa_groups q WHERE q.session_id = x.session_id AND q.group_jid = x.jid AND `+matches("q.subject")+`)
			OR EXISTS (SELECT 1 FROM channels q WHERE q.session_id = x.session_id AND q.jid = x.jid AND `+matches("q.name")+`))`,
			like, like, like, like, like, like)
	}
	return where, values
}

// List gives the chats of a session, the one with the latest message first.
func (s *ChatStore) List(ctx context.Context, sessionID string, filter ChatFilter, page Page) (List[Chat], error) {
	lists, err := s.ListBySessions(ctx, []string{sessionID}, filter, page)
	return lists[sessionID], err
}

// ListBySessions is List for several sessions in one statement; each session is
// a key of the result. page.After works for a single session only.
func (s *ChatStore) ListBySessions(ctx context.Context, sessionIDs []string, filter ChatFilter, page Page) (map[string]List[Chat], error) {
	b, err := newTimeBatch(s.db, "chats", sessionIDs, page)
	if err != nil {
		return nil, err
	}
	where, values := filter.condition()
	chats, err := scanChats(s.db.read(ctx).Raw(chatSelect+
		s.db.timeBatchTables(text("id"), "chats", "c", "x.session_id = p.id"+where, "last_message_at")+chatJoins+
		" ORDER BY c.session_id, c.last_message_at DESC, c.id DESC", b.parameters(values...)...))
	if err != nil {
		return nil, storeError("chat", "listing chats", err)
	}
	return splitTimeBatch(b, chats, func(c *Chat) string { return c.SessionID }, func(c *Chat) (Millis, int64) { return c.LastMessageAt, c.ID }), nil
}

// Count tells how many chats of a session a filter chooses.
func (s *ChatStore) Count(ctx context.Context, sessionID string, filter ChatFilter) (int, error) {
	counts, err := s.CountBySessions(ctx, []string{sessionID}, filter)
	return counts[sessionID], err
}

// CountBySessions is Count for several sessions in one statement. Sessions
// without such chats are absent.
func (s *ChatStore) CountBySessions(ctx context.Context, sessionIDs []string, filter ChatFilter) (map[string]int, error) {
	given, err := keys("id", sessionIDs)
	if err != nil {
		return nil, err
	}
	where, values := filter.condition()
	counts, err := scanCounts[string](s.db.read(ctx).Raw("SELECT x.session_id, COUNT(*) FROM chats x WHERE x.session_id IN "+
		s.db.in(text("id"))+where+" GROUP BY x.session_id", append([]any{given}, values...)...))
	return counts, storeError("chat", "counting chats", err)
}
