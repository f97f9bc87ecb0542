package models

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"wagateway/models/fault"
)

const (
	// searchBits are the bits of a message's id in its place among SQLite's words.
	searchBits = 20
	searchMask = 1<<searchBits - 1
	// maxSearch bounds what somebody looks for, in characters and in words.
	maxSearch      = 256
	maxSearchWords = 16
)

// searchPlace is where a message's words are in SQLite's index.
func searchPlace(at Millis, id int64) int64 { return int64(at)<<searchBits | id&searchMask }

// index makes a message found by its words.
func (db *DB) index(tx *gorm.DB, m *Message) error {
	if m.Hidden || m.Deleted || m.Type == MessageUndecryptable {
		return nil
	}
	words := wordsOfMessage(m)
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
			searchPlace(m.Timestamp, m.ID), sessionWord(m.SessionID)+" "+strings.Join(words, " ")).Error
	}
	if err != nil {
		return fmt.Errorf("indexing a message: %w", err)
	}
	return nil
}

// indexesWith reports whether a new message is indexed with the statement that
// counts it in its chat: a way to PostgreSQL and back less.
func (db *DB) indexesWith(m NewMessage) bool {
	return db.engine.dialect == dialectPostgres && !m.Quiet && !m.Type.Changes() && m.Type != MessageUndecryptable
}

// indexWith begins a statement that makes a new message found by its words, with
// its parameters; empty where that is a statement of its own.
func (db *DB) indexWith(m *Message) (with string, values []any) {
	if db.engine.dialect != dialectPostgres {
		return "", nil
	}
	words := wordsOfMessage(m)
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
// only.
func textArray(words []string) string { return "{" + strings.Join(words, ",") + "}" }

// search is what somebody looks for, as the databases take it.
type search struct{ words []string }

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
	return search{words}, nil
}

// match is the search in SQLite's words.
func (s search) match(sessionID string) string {
	quoted := []string{`"` + sessionWord(sessionID) + `"`}
	for _, word := range s.words {
		quoted = append(quoted, `"`+word+`"`)
	}
	return strings.Join(quoted, " AND ") + "*"
}

// query is the search in PostgreSQL's words.
func (s search) query() string { return "'" + strings.Join(s.words, "' & '") + "':*" }

// Search gives messages of a session by the words in them, the latest first. All
// words must be there, the last one at least in its beginning; accents and case do
// not matter. A query without a word, or too long, is fault.Validation.
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
	tables, values := s.searchTables(sessionID, wanted)
	where, more := filter.conditions()
	values = append(values, more...)
	if s.db.engine.dialect == dialectPostgres {
		where += " AND (f.timestamp, f.message_id) < (?, ?) ORDER BY f.timestamp DESC, f.message_id DESC LIMIT ?"
		values = append(values, at, id, page.fetch())
	} else {
		place := latest
		if page.After != "" {
			place = searchPlace(Millis(at), id)
		}
		where += " AND f.rowid < ? ORDER BY f.rowid DESC LIMIT ?"
		values = append(values, place, page.fetch())
	}
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+tables+messageJoins+" WHERE "+s.searchMatch()+where, values...))
	if err != nil {
		return List[Message]{}, storeError("message", "searching messages", err)
	}
	return listByKey(messages, page.Limit, c, func(m *Message) string { return timeKey(m.Timestamp, m.ID) }), nil
}

// CountSearch tells how many messages a search finds.
func (s *MessageStore) CountSearch(ctx context.Context, sessionID, query string, filter MessageFilter) (n int, err error) {
	wanted, err := parseSearch(query)
	if err != nil {
		return 0, err
	}
	tables, values := s.searchTables(sessionID, wanted)
	where, more := filter.conditions()
	err = s.db.read(ctx).Raw("SELECT COUNT(*) FROM "+tables+" WHERE "+s.searchMatch()+where, append(values, more...)...).Row().Scan(&n)
	return n, storeError("message", "counting what a search finds", err)
}

// searchTables is the FROM of a search, the words f and the messages m, with the
// parameters of [MessageStore.searchMatch]. SQLite is told to begin with the words.
func (s *MessageStore) searchTables(sessionID string, wanted search) (tables string, values []any) {
	if s.db.engine.dialect == dialectPostgres {
		return "message_search f JOIN messages m ON m.id = f.message_id", []any{sessionID, wanted.query()}
	}
	return `message_search f CROSS JOIN messages m ON m.session_id = ? AND m.timestamp = f.rowid >> 20 AND NOT m.hidden
		AND m.id & 1048575 = f.rowid & 1048575`, []any{sessionID, wanted.match(sessionID)}
}

// searchMatch is the condition that finds.
func (s *MessageStore) searchMatch() string {
	if s.db.engine.dialect == dialectPostgres {
		return "f.session_id = ? AND f.words @@ CAST(? AS TSQUERY)"
	}
	return "message_search MATCH ?"
}
