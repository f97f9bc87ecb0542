package models_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// from stores a message by somebody in a one-to-one chat, and gives its number.
func from(t *testing.T, db *models.DB, session, id string, chat, sender models.Person) int64 {
	t.Helper()
	m, _, err := db.Messages.Receive(t.Context(), session, models.NewMessage{
		Chat: models.ChatAddress{Type: models.ChatDM, Person: chat}, Sender: sender,
		WAMessageID: id, Type: models.MessageText, Body: id, AckLevel: models.AckDelivered, Timestamp: 1000,
	})
	require.NoError(t, err)
	return m.ID
}

// texts runs a query for rows of one text beside the stores.
func texts(t testing.TB, db *models.DB, sql string) (found []string) {
	t.Helper()
	pool, _ := db.WhatsmeowDB()
	rows, err := pool.QueryContext(t.Context(), sql)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		found = append(found, s)
	}
	require.NoError(t, rows.Err())
	return found
}

// What a person said of messages under both addresses follows them; of two
// reactions or votes to the same message the later stays, whoever has it.
func TestMergingHandsReactionsVotesAndCallsOver(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		ids, err := db.Identities.Upsert(t.Context(), session.ID, []models.Person{lid("1"), phone("6281"), lid("9")})
		require.NoError(t, err)
		stays, goes, other := ids[0], ids[1], ids[2]
		var messages []int64
		for _, id := range []string{"A", "B", "C", "D"} {
			messages = append(messages, from(t, db, session.ID, id, lid("9"), lid("9")))
		}
		said := func(message, person int64, what string, at int) {
			execute(t, db, fmt.Sprintf("INSERT INTO message_reactions VALUES (%d, %d, '%s', %d)", message, person, what, at))
			execute(t, db, fmt.Sprintf("INSERT INTO poll_votes VALUES (%d, %d, '%s', %d)", message, person, what, at))
		}
		said(messages[0], goes, "only the one that goes", 1)
		said(messages[1], goes, "older", 1)
		said(messages[1], stays, "newer, stays", 2)
		said(messages[2], goes, "newer, goes", 2)
		said(messages[2], stays, "older", 1)
		said(messages[3], other, "another person", 1)
		for i, person := range ids {
			execute(t, db, fmt.Sprintf(`INSERT INTO calls (session_id, call_id, identity_id, status, started_at, updated_at)
				VALUES ('%s', 'call%d', %d, 'ended', 1, 1)`, session.ID, i, person))
		}

		_, err = db.Identities.Upsert(t.Context(), session.ID, []models.Person{both("1", "6281")})
		require.NoError(t, err)

		want := []string{"only the one that goes", "newer, stays", "newer, goes", "another person"}
		assert.Equal(t, want, texts(t, db, "SELECT emoji FROM message_reactions ORDER BY message_id"))
		assert.Equal(t, want, texts(t, db, "SELECT options FROM poll_votes ORDER BY message_id"))
		assert.Equal(t, 3, number(t, db, fmt.Sprintf("SELECT COUNT(*) FROM message_reactions WHERE sender_id = %d", stays)))
		assert.Equal(t, 3, number(t, db, fmt.Sprintf("SELECT COUNT(*) FROM poll_votes WHERE voter_id = %d", stays)))
		assert.Equal(t, 2, number(t, db, fmt.Sprintf("SELECT COUNT(*) FROM calls WHERE identity_id = %d", stays)))
		assert.Zero(t, number(t, db, fmt.Sprintf("SELECT COUNT(*) FROM calls WHERE identity_id = %d", goes)))
	})
}

// A message that came under both addresses becomes one, which keeps what hangs on
// either; the labels of both chats are the one chat's.
func TestMergingKeepsWhatHangsOnATwin(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		me := both("7", "77")
		// In two chats: the person's own message, and one of the account's.
		kept, twin := from(t, db, session.ID, "A", lid("1"), lid("1")), from(t, db, session.ID, "A", phone("6281"), phone("6281"))
		keptOwn, twinOwn := from(t, db, session.ID, "B", lid("1"), me), from(t, db, session.ID, "B", phone("6281"), me)
		for _, reaction := range []string{
			fmt.Sprintf("(%d, 1001, 'kept', 1)", kept), fmt.Sprintf("(%d, 1002, 'of the twin', 1)", twin), fmt.Sprintf("(%d, 1001, 'dropped', 2)", twin),
			fmt.Sprintf("(%d, 1003, 'own, of the twin', 1)", twinOwn), fmt.Sprintf("(%d, 1004, 'own, kept', 1)", keptOwn),
		} {
			execute(t, db, "INSERT INTO message_reactions VALUES "+reaction)
		}
		for i, phone := range []string{"@lid", "@s.whatsapp.net"} {
			execute(t, db, fmt.Sprintf("INSERT INTO labels (id, session_id, wa_label_id, created_at, updated_at) VALUES (%d, '%s', '%d', 1, 1)", i+1, session.ID, i))
			execute(t, db, fmt.Sprintf(`INSERT INTO label_links (label_id, chat_id) SELECT %d, c.id FROM chats c
				JOIN identities i ON i.id = c.identity_id WHERE i.lid LIKE '%%%s' OR i.phone_jid LIKE '%%%s'`, i+1, phone, phone))
		}
		require.Equal(t, 2, number(t, db, "SELECT COUNT(*) FROM chats"))

		_, err := db.Identities.Upsert(t.Context(), session.ID, []models.Person{both("1", "6281")})
		require.NoError(t, err)

		assert.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM chats"))
		assert.Equal(t, []string{"A", "B"}, texts(t, db, "SELECT body FROM messages ORDER BY id"))
		assert.Equal(t, []string{"kept", "of the twin"}, texts(t, db, fmt.Sprintf("SELECT emoji FROM message_reactions WHERE message_id = %d ORDER BY sender_id", kept)))
		assert.Equal(t, []string{"own, of the twin", "own, kept"}, texts(t, db, fmt.Sprintf("SELECT emoji FROM message_reactions WHERE message_id = %d ORDER BY sender_id", keptOwn)))
		assert.Equal(t, 2, number(t, db, "SELECT COUNT(DISTINCT label_id) FROM label_links"))
	})
}

// Of a message that could not be read under one address, and could under the other,
// what could be read stays.
func TestMergingKeepsWhatCouldBeRead(t *testing.T) {
	t.Parallel()
	for name, unread := range map[string]models.Person{"of the one that stays": lid("1"), "of the one that goes": phone("6281")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				session := modelstest.Session(t, db, "org")
				me, readable := both("7", "77"), phone("6281")
				if unread == readable {
					readable = lid("1")
				}
				_, err := db.Identities.Upsert(t.Context(), session.ID, []models.Person{lid("1"), phone("6281")})
				require.NoError(t, err)
				for id, sender := range map[string][2]models.Person{"theirs": {unread, readable}, "own": {me, me}} {
					for i, with := range []models.Person{unread, readable} {
						m := models.NewMessage{
							Chat: models.ChatAddress{Type: models.ChatDM, Person: with}, Sender: sender[i], FromMe: sender[i] == me,
							WAMessageID: id, Type: models.MessageText, Body: id, Timestamp: 1000,
						}
						if i == 0 {
							m.Type, m.Body, m.Error, m.Quiet = models.MessageUndecryptable, "", "decryption_failed", true
						}
						_, _, err := db.Messages.Receive(t.Context(), session.ID, m)
						require.NoError(t, err)
					}
				}
				execute(t, db, "INSERT INTO message_reactions SELECT id, 1001, 'kept', 1 FROM messages WHERE type = 'undecryptable'")

				_, err = db.Identities.Upsert(t.Context(), session.ID, []models.Person{both("1", "6281")})
				require.NoError(t, err)
				assert.Equal(t, []string{"own", "theirs"}, texts(t, db, "SELECT body FROM messages ORDER BY body"))
				assert.Equal(t, []string{"kept", "kept"}, texts(t, db, "SELECT r.emoji FROM message_reactions r JOIN messages m ON m.id = r.message_id"))
			})
		})
	}
}

// Both databases end with the same chats, messages and what was said of them after
// the same random messages, reactions, votes, calls and mappings, and nothing ever
// belongs to somebody who is gone.
func TestRandomMergesGiveTheSameOnBothDatabases(t *testing.T) {
	t.Parallel()
	histories := make(chan []string, 2)
	t.Cleanup(func() { // runs after the parallel subtests
		if len(histories) == cap(histories) {
			first, second := <-histories, <-histories
			assert.Equal(t, first, second)
		}
	})
	modelstest.Each(t, func(t *testing.T, db *models.DB) { histories <- randomTalk(t, db) })
}

func randomTalk(t *testing.T, db *models.DB) (states []string) {
	random := rand.New(rand.NewPCG(11, 11))
	session := modelstest.Session(t, db, "org")
	person := func() models.Person {
		n := fmt.Sprint(random.IntN(5))
		return []models.Person{lid(n), phone("628" + n)}[random.IntN(2)]
	}
	for step := range 120 {
		who := person()
		ids, err := db.Identities.Upsert(t.Context(), session.ID, []models.Person{who})
		require.NoError(t, err)
		message := from(t, db, session.ID, fmt.Sprintf("M%d", random.IntN(12)), person(), who)
		for table, column := range map[string]string{"message_reactions": "sender_id", "poll_votes": "voter_id"} {
			what := map[string]string{"message_reactions": "emoji", "poll_votes": "options"}[table]
			execute(t, db, fmt.Sprintf(`INSERT INTO %s (message_id, %s, %s, at) SELECT m.id, i.id, 'step %d', %d FROM messages m, identities i
				WHERE m.id = %d AND i.lid <> '' ON CONFLICT DO NOTHING`, table, column, what, step, step, message))
			execute(t, db, fmt.Sprintf(`INSERT INTO %s (message_id, %s, %s, at) SELECT m.id, i.id, 'step %d', %d FROM messages m, identities i
				WHERE m.id = %d AND i.lid = '' ON CONFLICT DO NOTHING`, table, column, what, step, step, message))
		}
		execute(t, db, fmt.Sprintf(`INSERT INTO calls (session_id, call_id, identity_id, status, started_at, updated_at)
			VALUES ('%s', 'call%d', %d, 'ended', 1, 1)`, session.ID, step, ids[0]))
		if random.IntN(6) == 0 {
			// A LID keeps its number here, so that merges are the only movement.
			n := fmt.Sprint(random.IntN(5))
			_, err := db.Identities.Upsert(t.Context(), session.ID, []models.Person{both(n, "628"+n)})
			require.NoError(t, err)
		}
		for _, reference := range []string{
			"message_reactions s WHERE s.sender_id", "poll_votes s WHERE s.voter_id", "calls s WHERE s.identity_id",
			"messages s WHERE s.sender_id", "message_receipts s WHERE s.identity_id", "chats s WHERE s.identity_id",
		} {
			require.Zero(t, number(t, db, "SELECT COUNT(*) FROM "+reference+" NOT IN (SELECT id FROM identities)"), "step %d: %s", step, reference)
		}
		states = append(states, talkState(t, db))
	}
	assert.Less(t, number(t, db, "SELECT COUNT(*) FROM identities"), 10, "some were merged")
	return states
}

func talkState(t *testing.T, db *models.DB) string {
	t.Helper()
	const name = "COALESCE(i.lid, '') || '/' || COALESCE(i.phone_jid, '')"
	var state []string
	for _, query := range []string{
		"SELECT m.wa_message_id || ' by ' || " + name + " FROM messages m JOIN identities i ON i.id = m.sender_id ORDER BY m.id",
		"SELECT r.emoji || ' by ' || " + name + " FROM message_reactions r JOIN identities i ON i.id = r.sender_id ORDER BY r.message_id, r.sender_id",
		"SELECT v.options || ' by ' || " + name + " FROM poll_votes v JOIN identities i ON i.id = v.voter_id ORDER BY v.message_id, v.voter_id",
		"SELECT c.call_id || ' by ' || " + name + " FROM calls c JOIN identities i ON i.id = c.identity_id ORDER BY c.id",
	} {
		state = append(state, texts(t, db, query)...)
	}
	return strings.Join(state, "\n")
}
