package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/whatsapptest"
)

// friend is somebody to talk to; n tells people apart.
func friend(n int) models.Person {
	return models.Person{LID: lidOf(n), PhoneJID: phoneOf(n), PushName: "Person " + statusKey(n)}
}

// chatOf stores so many messages of a friend; each of a time of its own, but for
// the last two.
func (s *stack) chatOf(session string, n, messages int) {
	s.Helper()
	for k := range messages {
		_, _, err := s.db.Messages.Receive(s.Context(), session, models.NewMessage{
			Chat: models.ChatAddress{Type: models.ChatDM, Person: friend(n)}, Sender: friend(n), Type: models.MessageText,
			WAMessageID: fmt.Sprintf("M%d-%d", n, k), Body: fmt.Sprintf("message %d", k),
			AckLevel: models.AckDelivered, Timestamp: models.Millis(1_700_000_000_000 + 1000*n + min(k, messages-2)),
		})
		require.NoError(s, err)
	}
}

// ledgerOf stores a webhook with so many deliveries, every third of them failed,
// and gives its id.
func (s *stack) ledgerOf(deliveries int) string {
	s.Helper()
	w, _, err := s.db.Webhooks.Create(s.Context(), models.NewWebhook{OrganizationID: whatsapptest.Organization, URL: "https://hook.invalid/"})
	require.NoError(s, err)
	_, err = s.db.Webhooks.Claim(s.Context(), models.Lease{Owner: "test", Until: models.Now() + 60_000})
	require.NoError(s, err)
	progress := models.Progress{WebhookID: w.ID, Owner: "test", Position: int64(deliveries)}
	for position := range deliveries {
		status := models.DeliveryDelivered
		if position%3 == 0 {
			status = models.DeliveryFailed
		}
		progress.Deliveries = append(progress.Deliveries, models.Delivery{
			EventID: fmt.Sprintf("evt_%026d", position), Event: "message", SessionID: "s", Position: int64(position + 1), Status: status, Attempts: 1,
		})
	}
	require.NoError(s, s.db.Deliveries.Commit(s.Context(), progress))
	return w.ID
}

// TestCursorLists: pages of 50 when nobody says how many, whole by pages, the
// contract's end of each list, and cursors that are good for their own list only.
func TestCursorLists(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		const many = 53
		session, sibling := s.session(), s.session()
		for n := range many {
			s.chatOf(session, n, 2)
			s.chatOf(sibling, n, 2)
		}
		s.chatOf(session, many-1, many)
		at := "/api/v1/sessions/"
		messages := func(of string, n int) string { return at + of + "/chats/" + phoneOf(n) + "/messages" }
		hook, other := s.ledgerOf(many), s.ledgerOf(3)
		lists := map[string]bool{ // whether the end is null
			at + session + "/chats":                   true,
			at + session + "/contacts":                false,
			messages(session, many-1):                 true,
			webhooksPath + "/" + hook + "/deliveries": false,
		}
		cursors := make(map[string]string)
		for path, endsInNull := range lists {
			all := s.list(path + "?limit=200")
			require.Len(s, all.Data, many, path)
			s.atEnd(all, endsInNull)
			cursors[path] = s.paged(path, all, endsInNull)
			for _, standard := range []string{"", "?limit=", "?limit=0", "?limit=50"} {
				page := s.list(path + standard)
				assert.Equal(s, all.Data[:defaultLimit], page.Data, path+standard)
				require.NotNil(s, page.NextCursor)
				rest := s.list(path + "?cursor=" + *page.NextCursor)
				assert.Equal(s, all.Data[defaultLimit:], rest.Data, path)
				s.atEnd(rest, endsInNull)
			}
			assert.Equal(s, all, s.list(path+"?limit=1000000"), "%s: clamped", path)
			for _, bad := range []string{"limit=x", "limit=1.5", "limit=%00", "cursor=x", "cursor=%00", "cursor=Zm9yZ2VkZm9yZ2VkZm9yZ2Vk", "cursor=" + strings.Repeat("A", 5000), "cursor=" + cursors[path][1:]} {
				a := s.send("GET", path+"?"+bad, s.key, "")
				require.Equal(s, http.StatusBadRequest, a.StatusCode, "%s?%s", path, bad)
				field, _, _ := strings.Cut(bad, "=")
				assert.Equal(s, field, a.failure(s.T).Details["field"], bad)
			}
		}
		lists[at+sibling+"/chats"] = true
		lists[at+sibling+"/contacts"] = false
		lists[messages(session, 0)] = true
		lists[messages(sibling, many-1)] = true
		lists[webhooksPath+"/"+other+"/deliveries"] = false
		lists[webhooksPath] = false
		lists["/api/v1/sessions"] = true
		for path := range lists {
			for from, cursor := range cursors {
				if from != path {
					a := s.send("GET", path+"?cursor="+cursor, s.key, "")
					assert.Equal(s, http.StatusBadRequest, a.StatusCode, "a cursor of %s on %s", from, path)
				}
			}
		}
		failed := s.list(webhooksPath + "/" + hook + "/deliveries?status=failed")
		assert.Len(s, failed.Data, (many+2)/3)
		a := s.send("GET", webhooksPath+"/"+hook+"/deliveries?status=FAILED", s.key, "")
		assert.Equal(s, http.StatusBadRequest, a.StatusCode, a.body)
		assert.Equal(s, "status", a.failure(s.T).Details["field"])
	})
}

// TestChatsByAnyAddress: a person's chat is the same by number, by LID, raw and
// escaped; a group's is its own.
func TestChatsByAnyAddress(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		session := s.session()
		s.chatOf(session, 1, 3)
		at := "/api/v1/sessions/" + session + "/chats/"
		want := s.list(at + phoneOf(1) + "/messages")
		require.Len(s, want.Data, 3)
		for _, same := range []string{lidOf(1), strings.Replace(phoneOf(1), "@", "%40", 1), strings.Replace(lidOf(1), "@", "%40", 1)} {
			assert.Equal(s, want, s.list(at+same+"/messages"), same)
		}
		for _, unknown := range []string{phoneOf(2), lidOf(2), teamJID, "120363012345678901@newsletter"} {
			assert.Equal(s, http.StatusNotFound, s.send("GET", at+unknown+"/messages", s.key, "").StatusCode, unknown)
		}
		for _, bad := range []string{"x", "1@example.com", "%40s.whatsapp.net", "1@s.whatsapp.net%00", "%2e%2e", "'%20OR%20'1'='1", strings.Repeat("9", 3000) + "@lid"} {
			for method, path := range map[string]string{"GET": "/messages", "POST": "/read"} {
				a := s.send(method, at+bad+path, s.key, "")
				assert.Contains(s, []int{http.StatusBadRequest, http.StatusNotFound}, a.StatusCode, "%s %s: %s", method, bad, a.body)
			}
		}
	})
}

// TestStatementsOfCursorLists: a page of 50 asks the database as often as a page
// of one, and no more often than it must.
func TestStatementsOfCursorLists(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			statements := modelstest.CountStatements()
			s := offline(t, modelstest.Open(t, dialect, statements.Hook()))
			one, many := s.session(), s.session()
			s.chatOf(one, 0, 2)
			for n := range 25 {
				s.chatOf(many, n, 2)
			}
			s.chatOf(many, 0, 25)
			few, full := s.ledgerOf(1), s.ledgerOf(25)
			s.list("/api/v1/sessions") // the key's last use is written once a minute
			key, session, chat, hook, list, reactions, contact, dm, groups := 1, 1, 1, 1, 1, 1, 1, 1, 1
			at, messages, ledgers := "/api/v1/sessions/", "/chats/"+phoneOf(0)+"/messages", webhooksPath+"/"
			for _, c := range []struct {
				of1, of25 string
				least     int
			}{
				{at + one + "/chats", at + many + "/chats", key + session + list},
				{at + one + messages, at + many + messages, key + session + chat + list + reactions},
				{at + one + "/contacts", at + many + "/contacts?source=dm&q=person", key + session + list},
				{at + one + "/contacts/" + phoneOf(0), at + many + "/contacts/" + lidOf(0), key + session + contact + dm + groups},
				{ledgers + few + "/deliveries", ledgers + full + "/deliveries", key + hook + list},
			} {
				count := func(path string) []string {
					return statements.Fewest(func() { require.Equal(t, http.StatusOK, s.send("GET", path, s.key, "").StatusCode, path) })
				}
				of1, of25 := count(c.of1), count(c.of25)
				assert.Len(t, of25, len(of1), c.of25)
				assert.LessOrEqual(t, len(of25), c.least, "%s:\n%s", c.of25, strings.Join(of25, "\n"))
			}
		})
	}
}
