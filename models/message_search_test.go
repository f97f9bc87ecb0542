package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// ids gives the messages of a list by WhatsApp's id.
func ids(list models.List[models.Message]) []string {
	all := []string{}
	for _, m := range list.Items {
		all = append(all, m.WAMessageID)
	}
	return all
}

// saying is a message of Alice's in the team at a second of the past.
func saying(id, text string, second int64) models.NewMessage {
	m := inTeam(id, alice)
	m.Body, m.Timestamp = text, models.Millis(1_700_000_000_000+second*1000)
	return m
}

func TestSearch(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session, other := t.Context(), modelstest.Session(t, db, "org"), modelstest.Session(t, db, "other")
		file := saying("file", "our offer", 6)
		file.Type, file.HasMedia, file.Content.Media = models.MessageDocument, true, &models.Media{Filename: "Angebot-2024.pdf"}
		receive(t, db, session.ID,
			saying("first", "The quick brown fox", 1), saying("accents", "Äpfel, Öl & naïve CAFÉS!", 2), saying("mail", "write to alice@example.com", 3),
			saying("chinese", "我们明天见面", 4), saying("null", "NULL", 4), saying("quotes", `say "NEAR(a b)" OR -x* ^y`, 5), file,
			changing(models.MessageReaction, "R", "first", "fox", bob))
		receive(t, db, other.ID, saying("foreign", "The quick brown fox", 1))
		for query, want := range map[string][]string{
			"fox":                     {"first"},
			"FO":                      {"first"},
			"quick fox":               {"first"},
			"quick dog":               {},
			"fox quick":               {"first"},
			"apfel ol":                {"accents"},
			"äpfel":                   {"accents"},
			"naive cafe":              {"accents"},
			"example":                 {"mail"},
			"alice@example.co":        {"mail"},
			"明天":                      {"chinese"},
			"null":                    {"null"},
			"我们见面":                    {},
			"angebot 2024":            {"file"},
			"pdf":                     {"file"},
			"near a b":                {"quotes"},
			`"x" OR y`:                {"quotes"},
			strings.ToLower(other.ID): {},
		} {
			list, err := db.Messages.Search(ctx, session.ID, query, models.MessageFilter{}, models.Page{Limit: 10})
			require.NoError(t, err, query)
			assert.Equal(t, want, ids(list), query)
			count, err := db.Messages.CountSearch(ctx, session.ID, query, models.MessageFilter{})
			require.NoError(t, err)
			assert.Equal(t, len(want), count, query)
		}
		for _, query := range []string{"", " ", "!?*\"'", strings.Repeat("x", 257), strings.Repeat("x ", 17)} {
			_, err := db.Messages.Search(ctx, session.ID, query, models.MessageFilter{}, models.Page{Limit: 10})
			assert.True(t, fault.Is(err, fault.Validation), query)
		}
	})
}

// A change of a message changes what it is found by.
func TestSearchFollowsChanges(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		found := func(query string) []string {
			t.Helper()
			list, err := db.Messages.Search(ctx, session.ID, query, models.MessageFilter{}, models.Page{Limit: 10})
			require.NoError(t, err)
			return ids(list)
		}
		receive(t, db, session.ID, saying("T", "before", 1))
		assert.Equal(t, []string{"T"}, found("before"))
		receive(t, db, session.ID, changing(models.MessageEdit, "E", "T", "after", alice))
		assert.Empty(t, found("before"))
		assert.Equal(t, []string{"T"}, found("after"))
		receive(t, db, session.ID, changing(models.MessageRevoke, "V", "T", "", alice))
		assert.Empty(t, found("after"))

		send, err := db.Outgoing.Create(ctx, intent(session, "O", alicePhone))
		require.NoError(t, err)
		_, err = db.Outgoing.Sent(ctx, send, send.Message.Timestamp+60_000)
		require.NoError(t, err)
		assert.Equal(t, []string{"O"}, found(send.Message.Body))
		_, err = db.Sessions.Find(ctx, session.ID)
		require.NoError(t, err)
		require.NoError(t, db.Sessions.Delete(ctx, session.ID))
		assert.Zero(t, number(t, db, "SELECT COUNT(*) FROM message_search WHERE "+searchedFor(db, "o")))
	})
}

// searchedFor is a condition that finds a word, whatever the database.
func searchedFor(db *models.DB, word string) string {
	if _, dialect := db.WhatsmeowDB(); dialect == "postgres" {
		return "words @@ '" + word + "'"
	}
	return "message_search MATCH '" + word + "'"
}

func TestFoundMessagesArePagedAndFiltered(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		var want []string
		for i := range 25 {
			m := saying(fmt.Sprint("M", i), fmt.Sprint("word number ", i), int64(i))
			if i%5 == 0 {
				m.Sender, m.HasMedia, m.Type = bob, true, models.MessageImage
			}
			receive(t, db, session.ID, m)
			want = append([]string{m.WAMessageID}, want...)
		}
		elsewhere := incoming("elsewhere")
		elsewhere.Body = "another word"
		receive(t, db, session.ID, elsewhere)
		one, err := db.Messages.Get(ctx, session.ID, "M0")
		require.NoError(t, err)
		for name, list := range map[string]func(models.MessageFilter, models.Page) (models.List[models.Message], error){
			"find": func(f models.MessageFilter, p models.Page) (models.List[models.Message], error) {
				return db.Messages.Find(ctx, session.ID, f, p)
			},
			"search": func(f models.MessageFilter, p models.Page) (models.List[models.Message], error) {
				return db.Messages.Search(ctx, session.ID, "wor", f, p)
			},
		} {
			all := walk(t, 4, func(p models.Page) (models.List[models.Message], error) {
				return list(models.MessageFilter{ChatID: one.ChatID}, p)
			})
			assert.Equal(t, want, ids(models.List[models.Message]{Items: all}), name)
			for what, c := range map[string]struct {
				filter models.MessageFilter
				n      int
			}{
				"session": {models.MessageFilter{}, 26},
				"sender":  {models.MessageFilter{SenderID: one.SenderID}, 5},
				"types":   {models.MessageFilter{Types: []models.MessageType{models.MessageImage, models.MessageVideo}}, 5},
				"no type": {models.MessageFilter{Types: []models.MessageType{}}, 0},
				"files":   {models.MessageFilter{HasMedia: new(true)}, 5},
				"others":  {models.MessageFilter{FromMe: new(false), HasMedia: new(false)}, 21},
				"starred": {models.MessageFilter{Starred: new(true)}, 0},
				"time":    {models.MessageFilter{From: 1_700_000_010_000, Until: 1_700_000_020_000}, 10},
			} {
				got, err := list(c.filter, models.Page{Limit: 100})
				require.NoError(t, err)
				assert.Len(t, got.Items, c.n, name+" "+what)
			}
			_, err := list(models.MessageFilter{}, models.Page{After: "Zm9yZ2Vk"})
			requireInvalidCursor(t, err)
		}
		n, err := db.Messages.CountFound(ctx, session.ID, models.MessageFilter{SenderID: one.SenderID})
		require.NoError(t, err)
		assert.Equal(t, 5, n)
	})
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{"fox", `"'\`, "a* OR b", "我们", "\x00", "ﬁne", strings.Repeat("ä ", 40)} {
		f.Add(seed)
	}
	db := modelstest.Open(f, modelstest.SQLite)
	session := modelstest.Session(f, db, "org")
	f.Fuzz(func(t *testing.T, query string) {
		_, err := db.Messages.Search(t.Context(), session.ID, query, models.MessageFilter{}, models.Page{Limit: 1})
		if err != nil && !fault.Is(err, fault.Validation) {
			t.Errorf("searching for %q: %v", query, err)
		}
	})
}

// A beginning stands for few words or for many, for short ones and long ones.
func TestBeginningsOfManyWords(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session, other := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "other")
		for i := range 40 {
			receive(t, db, session.ID, saying(fmt.Sprint("M", i), fmt.Sprintf("telephone%02d straße%d ñandú", i, i%3), int64(i)))
		}
		receive(t, db, other.ID, saying("foreign", "telephone99 straße9", 1))
		for query, want := range map[string]int{
			"t": 40, "tel": 40, "tele": 40, "telephone": 40, "telephone1": 10, "telephone12": 1, "telephone99": 0,
			"telephone123": 0, "straße": 40, "straße2": 13, "nandu": 40, "nand": 40, "straße1 telephone0": 3, "telephone0 straße1": 0,
		} {
			list, err := db.Messages.Search(t.Context(), session.ID, query, models.MessageFilter{}, models.Page{Limit: 100})
			require.NoError(t, err, query)
			assert.Len(t, list.Items, want, query)
			count, err := db.Messages.CountSearch(t.Context(), session.ID, query, models.MessageFilter{})
			require.NoError(t, err)
			assert.Equal(t, want, count, query)
		}
	})
}

// PostgreSQL looks through a window of the latest messages first.
func TestSearchGoesOnBehindTheWindow(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		var all []models.NewMessage
		for i := range 1300 {
			text := "plain"
			if i%100 == 0 {
				text = "plain marked"
			}
			all = append(all, saying(fmt.Sprint("M", i), text, int64(i)))
		}
		require.NoError(t, db.History.Import(t.Context(), &models.HistoryPart{SessionID: session.ID}, all, nil))
		for _, size := range []int{1, 5, 12, 13, 100} {
			found := walk(t, size, func(p models.Page) (models.List[models.Message], error) {
				return db.Messages.Search(t.Context(), session.ID, "marked", models.MessageFilter{}, p)
			})
			require.Len(t, found, 13, size)
			for i, m := range found {
				assert.Equal(t, fmt.Sprint("M", 1200-100*i), m.WAMessageID, size)
			}
		}
	})
}

// Messages of the same second stand in one order on all pages, and a time out of all
// bounds is one.
func TestSearchOrder(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		for i := range 9 {
			receive(t, db, session.ID, saying(fmt.Sprint("M", i), "same", 5))
		}
		never, early := saying("never", "same", 0), saying("early", "same", 0)
		never.Timestamp, early.Timestamp = 1<<45, -5000
		receive(t, db, session.ID, never, early)
		found := walk(t, 2, func(p models.Page) (models.List[models.Message], error) {
			return db.Messages.Search(t.Context(), session.ID, "same", models.MessageFilter{}, p)
		})
		assert.Equal(t, []string{"never", "M8", "M7", "M6", "M5", "M4", "M3", "M2", "M1", "M0", "early"}, ids(models.List[models.Message]{Items: found}))
		chat, err := db.Chats.Get(t.Context(), session.ID, teamJID)
		require.NoError(t, err)
		require.NoError(t, db.Chats.Delete(t.Context(), chat))
		assert.Zero(t, number(t, db, "SELECT COUNT(*) FROM message_search WHERE "+searchedFor(db, strings.ToLower(session.ID[18:])+"same")), "nothing is left")
	})
}

// A text that is as long as it gets has no more words than a database takes.
func TestWordsAreBounded(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		var long, chinese strings.Builder
		long.WriteString("beginning ")
		chinese.WriteString("beginning ")
		for i := range 20_000 {
			fmt.Fprintf(&long, "%c%060d ", rune(0x10400+i%40), i)
			chinese.WriteRune(rune(0x4e00 + i))
		}
		receive(t, db, session.ID, saying("long", long.String(), 1), saying("chinese", chinese.String(), 2))
		list, err := db.Messages.Search(t.Context(), session.ID, "beginning", models.MessageFilter{}, models.Page{Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, []string{"chinese", "long"}, ids(list))
	})
}

// What was stored before there was an index is found as well.
func TestOldMessagesAreIndexed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session, other := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "other")
		receive(t, db, session.ID, saying("old", "Grüße aus dem null Urlaub, o'clock", 1), saying("gone", "Urlaub", 2), saying("dots", "...", 3),
			changing(models.MessageRevoke, "V", "gone", "", alice))
		receive(t, db, other.ID, saying("foreign", "Urlaub", 1))
		require.NoError(t, db.MigrateTo(t.Context(), 5))
		require.NoError(t, db.Migrate(t.Context()))
		for query, want := range map[string][]string{"urlaub": {"old"}, "aus url": {"old"}, "null": {"old"}, "clock": {"old"}, "foreign": {}} {
			list, err := db.Messages.Search(t.Context(), session.ID, query, models.MessageFilter{}, models.Page{Limit: 10})
			require.NoError(t, err)
			assert.Equal(t, want, ids(list), query)
		}
		receive(t, db, session.ID, changing(models.MessageEdit, "E", "old", "Arbeit", alice))
		list, err := db.Messages.Search(t.Context(), session.ID, "urlaub", models.MessageFilter{}, models.Page{Limit: 10})
		require.NoError(t, err)
		assert.Empty(t, list.Items)
	})
}

// Bounds of time hold within a second, on every page.
func TestSearchWithinASecond(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		const start = models.Millis(1_700_000_000_000)
		for i := range 12 {
			m := saying(fmt.Sprint("M", i), "same", 0)
			m.Timestamp = start + models.Millis(i)*250
			receive(t, db, session.ID, m)
		}
		one, err := db.Messages.Get(t.Context(), session.ID, "M0")
		require.NoError(t, err)
		for _, c := range []struct{ from, until, first, last int }{
			{0, 12, 0, 11}, {0, 6, 0, 5}, {0, 4, 0, 3}, {3, 9, 3, 8}, {4, 8, 4, 7}, {5, 6, 5, 5}, {9, 99, 9, 11},
		} {
			for _, filter := range []models.MessageFilter{{}, {ChatID: one.ChatID}, {SenderID: one.SenderID}, {ChatID: one.ChatID, SenderID: one.SenderID}} {
				filter.From, filter.Until = start+models.Millis(c.from)*250, start+models.Millis(c.until)*250
				var want []string
				for i := c.last; i >= c.first; i-- {
					want = append(want, fmt.Sprint("M", i))
				}
				for _, size := range []int{1, 2, 5, 50} {
					searched := walk(t, size, func(p models.Page) (models.List[models.Message], error) {
						return db.Messages.Search(t.Context(), session.ID, "same", filter, p)
					})
					assert.Equal(t, want, ids(models.List[models.Message]{Items: searched}), "%+v", c)
					listed := walk(t, size, func(p models.Page) (models.List[models.Message], error) {
						return db.Messages.Find(t.Context(), session.ID, filter, p)
					})
					assert.Equal(t, want, ids(models.List[models.Message]{Items: listed}), "%+v", c)
				}
				n, err := db.Messages.CountSearch(t.Context(), session.ID, "same", filter)
				require.NoError(t, err)
				assert.Len(t, want, n)
			}
		}
	})
}
