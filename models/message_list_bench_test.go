package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// manyMessages stores n messages of one chat, each with the word "often", every
// hundredth with "seldom", and gives the chat.
func manyMessages(b *testing.B, db *models.DB, n int) (session *models.Session, chat int64) {
	b.Helper()
	session = modelstest.Session(b, db, "org")
	first, _, err := db.Messages.Receive(b.Context(), session.ID, saying("first", "first", 0))
	require.NoError(b, err)
	body := "'often message ' || i || CASE WHEN i % 100 = 0 THEN ' seldom' ELSE '' END"
	at := "(1700000000000 + i * 1000)"
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n)
	execute(b, db, numbers+fmt.Sprintf(`INSERT INTO messages (session_id, chat_id, wa_message_id, sender_id, type, body, timestamp, created_at, updated_at)
		SELECT '%s', %d, 'M' || i, %d, 'text', %s, %s, %s, %s FROM n`, session.ID, first.ChatID, first.SenderID, body, at, at, at))
	mark := strings.ToLower(session.ID[len(session.ID)-8:])
	if _, dialect := db.WhatsmeowDB(); dialect == "postgres" {
		execute(b, db, `INSERT INTO message_search SELECT m.id, m.session_id, m.timestamp, (SELECT array_to_tsvector(array_agg('`+mark+`' || lexeme))
			FROM unnest(to_tsvector('simple', m.body))) FROM messages m WHERE m.id <> `+fmt.Sprint(first.ID))
		execute(b, db, "ANALYZE messages, message_search")
	} else {
		execute(b, db, "INSERT INTO message_search (rowid, words) SELECT (timestamp / 1000 << 31) | id, '"+mark+"' || replace(body, ' ', ' "+mark+"') FROM messages WHERE id <> "+fmt.Sprint(first.ID))
	}
	return session, first.ChatID
}

// BenchmarkMessages100k: the first page of a long chat, which is the baseline, and
// its 400th, and words that are rare and that are everywhere.
func BenchmarkMessages100k(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			db := modelstest.Open(b, dialect)
			session, chat := manyMessages(b, db, 100_000)
			page := models.Page{Limit: 50}
			far := page
			for range 399 {
				list, err := db.Messages.List(b.Context(), chat, far)
				require.NoError(b, err)
				far.After = list.NextCursor()
			}
			for _, c := range []struct {
				name string
				list func() (models.List[models.Message], error)
			}{
				{"baseline", func() (models.List[models.Message], error) { return db.Messages.List(b.Context(), chat, page) }},
				{"400th page", func() (models.List[models.Message], error) { return db.Messages.List(b.Context(), chat, far) }},
				{"session", func() (models.List[models.Message], error) {
					return db.Messages.Find(b.Context(), session.ID, models.MessageFilter{}, page)
				}},
				{"search often", func() (models.List[models.Message], error) {
					return db.Messages.Search(b.Context(), session.ID, "often", models.MessageFilter{}, page)
				}},
				{"search seldom", func() (models.List[models.Message], error) {
					return db.Messages.Search(b.Context(), session.ID, "seldom", models.MessageFilter{}, page)
				}},
				{"search letter", func() (models.List[models.Message], error) {
					return db.Messages.Search(b.Context(), session.ID, "o", models.MessageFilter{}, page)
				}},
				{"search prefix", func() (models.List[models.Message], error) {
					return db.Messages.Search(b.Context(), session.ID, "message 999", models.MessageFilter{}, page)
				}},
			} {
				b.Run(c.name, func(b *testing.B) {
					for b.Loop() {
						found, err := c.list()
						if err != nil || len(found.Items) != 50 {
							b.Fatal(len(found.Items), err)
						}
					}
				})
			}
		})
	}
}

// BenchmarkIndexed: a message with words costs more than one without by what they
// cost to be found.
func BenchmarkIndexed(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			db := modelstest.Open(b, dialect)
			session, n := modelstest.Session(b, db, "org"), 0
			for _, c := range []struct{ name, body string }{
				{"baseline", strings.Repeat(".", 60)}, {"words", "could you send me the offer for %d by tomorrow please, thanks"},
			} {
				b.Run(c.name, func(b *testing.B) {
					for b.Loop() {
						n++
						_, _, err := db.Messages.Receive(b.Context(), session.ID, saying(fmt.Sprint("M", n), strings.Replace(c.body, "%d", fmt.Sprint(n), 1), int64(n)))
						if err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
