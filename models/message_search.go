package models

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"wagateway/models/fault"
)

const (
	// searchBits are the bits of a message's id in its place among SQLite's words, of
	// which the second has the other 32.
	searchBits   = 31
	searchMask   = 1<<searchBits - 1
	latestSecond = 1<<32 - 1
	// searchMark is how many characters of a session's id are before its words. They
	// are of its random part; should two sessions share them, a search only reads more
	// than it has to.
	searchMark = 8
	// searchWindow is how many of a session's latest messages PostgreSQL looks through
	// first: words that are frequent stand there, words that are not are few. Left to
	// itself it may collect all messages with a frequent word, to give a page of them.
	searchWindow = 1000
	// searchPrefix is up to which length SQLite has indexed beginnings of words.
	searchPrefix = 3
	// searchEndings is how many words a longer beginning may stand for, to be looked
	// for one by one: SQLite gives them in order as they are asked for, whereas it
	// collects all messages with a beginning before it gives the first.
	searchEndings = 32
	// maxSearch bounds what somebody looks for, in characters and in words.
	maxSearch      = 256
	maxSearchWords = 16
)

// searchPlace is where a message's words are in SQLite's index: the later one is
// behind. A database file has fewer than 2³¹ messages.
func searchPlace(at Millis, id int64) int64 {
	return min(max(int64(at)/1000, 0), latestSecond)<<searchBits | id&searchMask
}

// sessionMark is what a session's words begin with; the migrations know it, too.
func sessionMark(sessionID string) string {
	return strings.ToLower(sessionID[max(0, len(sessionID)-searchMark):])
}

// marked gives words as a session's.
func marked(sessionID string, words []string) []string {
	mark, all := sessionMark(sessionID), make([]string, len(words))
	for i, word := range words {
		all[i] = mark + word
	}
	return all
}

// index makes a message found by its words.
func (db *DB) index(tx *gorm.DB, m *Message) error {
	if m.Hidden || m.Deleted || m.Type == MessageUndecryptable {
		return nil
	}
	words := marked(m.SessionID, wordsOfMessage(m))
	if len(words) == 0 {
		return nil
	}
	var err error
	if db.engine.dialect == dialectPostgres {
		err = tx.Exec(`INSERT INTO message_search (message_id, session_id, timestamp, words) VALUES (?, ?, ?, array_to_tsvector(CAST(? AS TEXT[])))
			ON CONFLICT (message_id) DO UPDATE SET timestamp = excluded.timestamp, words = excluded.words`,
			m.ID, m.SessionID, m.Timestamp, textArray(words)).Error
	} else {
		err = tx.Exec("INSERT OR REPLACE INTO message_search (rowid, words) VALUES (?, ?)",
			searchPlace(m.Timestamp, m.ID), strings.Join(words, " ")).Error
	}
	if err != nil {
		return fmt.Errorf("indexing a message: %w", err)
	}
	return nil
}

// indexesWith reports whether a new message is indexed with the statement that
// counts it in its chat: a way to PostgreSQL and back less.
func (db *DB) indexesWith(m NewMessage) bool {
	return db.engine.dialect == dialectPostgres && m.counts()
}

// indexWith begins a statement that makes a new message found by its words, with
// its parameters; empty where that is a statement of its own.
func (db *DB) indexWith(m *Message) (with string, values []any) {
	if db.engine.dialect != dialectPostgres {
		return "", nil
	}
	words := marked(m.SessionID, wordsOfMessage(m))
	if len(words) == 0 {
		return "", nil
	}
	return `WITH indexed AS (INSERT INTO message_search (message_id, session_id, timestamp, words)
		VALUES (CAST(? AS BIGINT), ?, CAST(? AS BIGINT), array_to_tsvector(CAST(? AS TEXT[]))) ON CONFLICT DO NOTHING) `, []any{m.ID, m.SessionID, m.Timestamp, textArray(words)}
}

// unindex makes a message found no more; at is the time that it was indexed with.
func (db *DB) unindex(tx *gorm.DB, id int64, at Millis) error {
	statement, key := "DELETE FROM message_search WHERE rowid = ?", searchPlace(at, id)
	if db.engine.dialect == dialectPostgres {
		statement, key = "DELETE FROM message_search WHERE message_id = ?", id
	}
	if err := tx.Exec(statement, key).Error; err != nil {
		return fmt.Errorf("forgetting a message's words: %w", err)
	}
	return nil
}

// textArray gives words as PostgreSQL writes an array: they have letters and digits
// only, and none is NULL, which it would be without the session's mark.
func textArray(words []string) string { return "{" + strings.Join(words, ",") + "}" }

// search is what somebody looks for, as the databases take it.
type search struct {
	words   []string
	endings []string // marked words that the last one is the beginning of; nil: not known
}

// parseSearch reads what somebody looks for: all words must be there, the last one
// at least in its beginning.
func parseSearch(query string) (search, error) {
	if len([]rune(query)) > maxSearch {
		return search{}, fault.Invalid("query", fmt.Sprintf("query must have at most %d characters", maxSearch)).With("max", maxSearch)
	}
	words := wordsOf(query)
	switch {
	case len(words) == 0:
		return search{}, fault.Invalid("query", "query must have at least one word")
	case len(words) > maxSearchWords:
		return search{}, fault.Invalid("query", fmt.Sprintf("query must have at most %d words", maxSearchWords)).With("max", maxSearchWords)
	}
	return search{words: words}, nil
}

// match is the search in SQLite's words.
func (s search) match(sessionID string) string {
	words := marked(sessionID, s.words)
	last := len(words) - 1
	match := `"` + words[last] + `"*`
	if s.endings != nil {
		match = `("` + strings.Join(s.endings, `" OR "`) + `")`
	}
	for _, word := range words[:last] {
		match += ` AND "` + word + `"`
	}
	return match
}

// endings gives the words of a session that begin so, with its mark, from SQLite;
// nil where the beginning is indexed itself, and where there are none or too many.
func (s *MessageStore) endings(ctx context.Context, sessionID, beginning string) ([]string, error) {
	if utf8.RuneCountInString(beginning) <= searchPrefix {
		return nil, nil
	}
	start := sessionMark(sessionID) + beginning
	n := utf8.RuneCountInString(start)
	// Each step is one look into the index: behind a word comes the first that is not
	// smaller than it with the smallest character added.
	rows, err := s.db.read(ctx).Raw(`WITH RECURSIVE w (term, n) AS (
			SELECT (SELECT term FROM message_search_words WHERE term >= ?), 0
			UNION ALL
			SELECT (SELECT v.term FROM message_search_words v WHERE v.term >= w.term || char(1)), n + 1
			FROM w WHERE substr(w.term, 1, ?) = ? AND n < ?)
		SELECT term FROM w WHERE substr(term, 1, ?) = ?`, start, n, start, searchEndings, n, start).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var words []string
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	if len(words) > searchEndings {
		words = nil
	}
	return words, rows.Err()
}

// query is the search in PostgreSQL's words.
func (s search) query(sessionID string) string {
	return "'" + strings.Join(marked(sessionID, s.words), "' & '") + "':*"
}

// Search gives messages of a session by the words in them, the latest first. All
// words must be there, the last one at least in its beginning; accents and case do
// not matter. SQLite orders those of the same second as they came. A query without a
// word, or too long, is fault.Validation.
func (s *MessageStore) Search(ctx context.Context, sessionID, query string, filter MessageFilter, page Page) (List[Message], error) {
	wanted, err := parseSearch(query)
	if err != nil {
		return List[Message]{}, err
	}
	c := s.db.cursors("search", sessionID+":"+strings.Join(wanted.words, " "))
	at, id, err := c.decodeTime(page.After)
	if err != nil {
		return List[Message]{}, err
	}
	if filter.Until != 0 && int64(filter.Until) <= at {
		at, id = int64(filter.Until), 0
	}
	var messages []Message
	if s.db.engine.dialect == dialectPostgres {
		messages, err = s.searchPostgres(ctx, sessionID, wanted, filter, at, id, page.fetch())
	} else {
		place := latest
		if page.After != "" || filter.Until != 0 {
			place = searchPlace(Millis(at), id)
		}
		if filter.Until != 0 && at == int64(filter.Until) {
			place = searchPlace(filter.Until+999, 0) // all of its second, of which the filter takes what it wants
		}
		if wanted.endings, err = s.endings(ctx, sessionID, wanted.words[len(wanted.words)-1]); err != nil {
			return List[Message]{}, storeError("message", "searching messages", err)
		}
		tables, where, values := s.searchIn(sessionID, wanted, filter)
		messages, err = scanMessages(s.db.read(ctx).Raw(messageSelect+tables+messageJoins+" WHERE "+where+
			" AND f.rowid < ? ORDER BY f.rowid DESC LIMIT ?", append(values, place, page.fetch())...))
	}
	if err != nil {
		return List[Message]{}, storeError("message", "searching messages", err)
	}
	return listByKey(messages, page.Limit, c, func(m *Message) string { return timeKey(m.Timestamp, m.ID) }), nil
}

// searchPostgres looks through the latest messages behind a place, and through all by
// their words if that gives too few.
func (s *MessageStore) searchPostgres(ctx context.Context, sessionID string, wanted search, filter MessageFilter, at, id, limit int64) ([]Message, error) {
	const order = " ORDER BY m.timestamp DESC, m.id DESC LIMIT ?"
	conditions, more := filter.conditions()
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+`(SELECT message_id, words FROM message_search
			WHERE session_id = ? AND timestamp >= ? AND (timestamp, message_id) < (?, ?) ORDER BY timestamp DESC, message_id DESC LIMIT ?) f
		JOIN messages m ON m.id = f.message_id`+messageJoins+" WHERE f.words @@ CAST(? AS TSQUERY)"+conditions+order,
		append(append([]any{sessionID, filter.earliest(), at, id, searchWindow, wanted.query(sessionID)}, more...), limit)...))
	if err != nil || int64(len(messages)) >= limit {
		return messages, err
	}
	tables, where, values := s.searchIn(sessionID, wanted, filter)
	return scanMessages(s.db.read(ctx).Raw(messageSelect+tables+messageJoins+" WHERE "+where+
		" AND (f.timestamp, f.message_id) < (?, ?)"+order, append(values, at, id, limit)...))
}

// CountSearch tells how many messages a search finds.
func (s *MessageStore) CountSearch(ctx context.Context, sessionID, query string, filter MessageFilter) (n int, err error) {
	wanted, err := parseSearch(query)
	if err != nil {
		return 0, err
	}
	tables, where, values := s.searchIn(sessionID, wanted, filter)
	err = s.db.read(ctx).Raw("SELECT COUNT(*) FROM "+tables+" WHERE "+where, values...).Row().Scan(&n)
	return n, storeError("message", "counting what a search finds", err)
}

// searchIn is the FROM of a search, the words f and the messages m, and its
// condition, with their parameters. SQLite is told to begin with the words.
func (s *MessageStore) searchIn(sessionID string, wanted search, filter MessageFilter) (tables, where string, values []any) {
	where, more := filter.conditions()
	if s.db.engine.dialect == dialectPostgres {
		return "message_search f JOIN messages m ON m.id = f.message_id",
			"f.session_id = ? AND f.timestamp >= ? AND f.words @@ CAST(? AS TSQUERY)" + where,
			append([]any{sessionID, filter.earliest(), wanted.query(sessionID)}, more...)
	}
	return "message_search f CROSS JOIN messages m ON m.id = f.rowid & 2147483647",
		"message_search MATCH ? AND f.rowid >= ? AND m.session_id = ? AND NOT m.hidden" + where,
		append([]any{wanted.match(sessionID), searchPlace(filter.From, 0), sessionID}, more...)
}
