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

const teamJID = "120363021234567890@g.us"

// anyList reads a list of any kind.
type anyList struct {
	Data       []map[string]any
	NextCursor *string
}

// TestLists: everything without a limit, pages with one, the contract's end of
// each list, and cursors that are good for their own list only.
func TestLists(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		session := s.session()
		for i := range 6 {
			s.session()
			s.group(session, fmt.Sprintf("12036302123456789%d@g.us", i), 7)
			s.newKey(whatsapptest.Organization, models.Read)
		}
		at := "/api/v1/sessions/" + session
		cursors := make(map[string]string)
		for path, endsInNull := range map[string]bool{
			"/api/v1/sessions":                     true,
			"/api/v1/api-keys":                     false,
			at + "/groups":                         false,
			at + "/groups/" + teamJID + "/members": false,
		} {
			all := s.list(path)
			require.GreaterOrEqual(s, len(all.Data), 6, path)
			s.atEnd(all, endsInNull)
			cursors[path] = s.paged(path, all, endsInNull)
			clamped := s.list(path + "?limit=1000")
			assert.Equal(s, all, clamped, path)
			assert.Equal(s, all, s.list(path+"?limit=0"), path)
			assert.Equal(s, all.Data[:1], s.list(path+"?limit=-1").Data, path)
			for _, bad := range []string{"limit=x", "limit=1.5", "limit=%00", "cursor=x", "cursor=%00", "cursor=Zm9yZ2VkZm9yZ2VkZm9yZ2Vk", "cursor=" + strings.Repeat("A", 5000)} {
				a := s.send("GET", path+"?"+bad, s.key, "")
				require.Equal(s, http.StatusBadRequest, a.StatusCode, "%s?%s", path, bad)
				field, _, _ := strings.Cut(bad, "=")
				assert.Equal(s, field, a.failure(s.T).Details["field"], bad)
			}
		}
		for path := range cursors {
			for from, cursor := range cursors {
				a := s.send("GET", path+"?limit=2&cursor="+cursor, s.key, "")
				if from == path {
					assert.Equal(s, http.StatusOK, a.StatusCode)
				} else {
					assert.Equal(s, http.StatusBadRequest, a.StatusCode, "a cursor of %s on %s", from, path)
				}
			}
		}
	})
}

func (s *stack) list(path string) anyList {
	s.Helper()
	a := s.send("GET", path, s.key, "")
	require.Equal(s, http.StatusOK, a.StatusCode, "%s: %s", path, a.body)
	var l anyList
	a.into(s.T, &l)
	return l
}

// paged reads a list in pages of two, and gives the cursor behind the first.
func (s *stack) paged(path string, all anyList, endsInNull bool) (first string) {
	s.Helper()
	var together []map[string]any
	page := s.list(path + "?limit=2")
	first = *page.NextCursor
	for {
		require.LessOrEqual(s, len(page.Data), 2)
		together = append(together, page.Data...)
		if page.NextCursor == nil || *page.NextCursor == "" {
			break
		}
		page = s.list(path + "?limit=2&cursor=" + *page.NextCursor)
	}
	s.atEnd(page, endsInNull)
	assert.Equal(s, all.Data, together, path)
	return first
}

func (s *stack) atEnd(l anyList, inNull bool) {
	s.Helper()
	if inNull {
		assert.Nil(s, l.NextCursor)
	} else if assert.NotNil(s, l.NextCursor) {
		assert.Empty(s, *l.NextCursor)
	}
}

// TestAThousandMembersInOnePage: the largest group of WhatsApp, whole.
func TestAThousandMembersInOnePage(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		session := s.session()
		s.group(session, teamJID, 1024)
		a := s.send("GET", "/api/v1/sessions/"+session+"/groups/"+teamJID+"/members", s.key, "")
		require.Equal(s, http.StatusOK, a.StatusCode)
		var l emptyEndList[GroupMember]
		a.into(s.T, &l)
		require.Len(s, l.Data, 1024)
		assert.Empty(s, l.NextCursor)
		assert.Equal(s, "admin", l.Data[0].Role, "the creator")
		for i, m := range l.Data {
			assert.Equal(s, []string{lidOf(i), phoneOf(i), session, teamJID, "~Person " + statusKey(i)}, []string{m.LID, m.PhoneJID, m.SessionID, m.GroupJID, m.Tag})
		}
	})
}

// TestStatementsDoNotGrowWithTheList: a list of 25 asks the database as often as
// a list of one, and no more often than it must.
func TestStatementsDoNotGrowWithTheList(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			statements := modelstest.CountStatements()
			s := offline(t, modelstest.Open(t, dialect, statements.Hook()))
			one, many := s.session(), s.session()
			s.group(one, teamJID, 1)
			s.group(many, teamJID, 25)
			for i := range 24 {
				s.group(many, fmt.Sprintf("1203630212345600%02d@g.us", i), 1)
			}
			count := func(path string) int {
				return len(statements.Fewest(func() { s.list(path) }))
			}
			count("/api/v1/sessions") // the key's last use is written once a minute
			key, session, group, list := 1, 1, 1, 1
			for path, least := range map[string]int{
				"/api/v1/sessions/%s/groups":                         key + session + list,
				"/api/v1/sessions/%s/groups/" + teamJID + "/members": key + session + group + list,
			} {
				of1, of25 := count(fmt.Sprintf(path, one)), count(fmt.Sprintf(path, many))
				assert.Equal(t, of1, of25, path)
				assert.LessOrEqual(t, of25, least, path)
			}
			of2 := count("/api/v1/sessions")
			for range 23 {
				s.session()
			}
			assert.Equal(t, of2, count("/api/v1/sessions"))
			assert.LessOrEqual(t, of2, key+list)
		})
	}
}

// TestAKeyOfOneSession sees that session and nothing else.
func TestAKeyOfOneSession(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		own, other := s.session(), s.session()
		a := s.send("POST", "/api/v1/api-keys", s.key, `{"name":"one","sessionId":"`+own+`"}`)
		require.Equal(s, http.StatusCreated, a.StatusCode, a.body)
		var key APIKey
		a.into(s.T, &key)
		assert.Equal(s, own, key.SessionID)
		assert.Equal(s, http.StatusOK, s.send("GET", "/api/v1/sessions/"+own, key.Secret, "").StatusCode)
		assert.Equal(s, http.StatusNotFound, s.send("GET", "/api/v1/sessions/"+other, key.Secret, "").StatusCode)
		assert.Equal(s, http.StatusNotFound, s.send("PATCH", "/api/v1/sessions/"+other, key.Secret, `{"broken`).StatusCode)
		assert.Equal(s, http.StatusForbidden, s.send("POST", "/api/v1/sessions", key.Secret, `{}`).StatusCode)
		assert.Equal(s, http.StatusForbidden, s.send("GET", "/api/v1/api-keys", key.Secret, "").StatusCode)
		var l anyList
		s.send("GET", "/api/v1/sessions", key.Secret, "").into(s.T, &l)
		require.Len(s, l.Data, 1)
		assert.Equal(s, own, l.Data[0]["id"])
	})
}

// TestHostileBodies: each is the contract's error, none a 500, nothing is done.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		session := s.session()
		s.group(session, teamJID, 1)
		bodies := map[string]int{
			`{"label":"` + strings.Repeat("x", 2<<20) + `"}`: 413,
			`{"label":`: 400,
			`{"label":"a","x":` + strings.Repeat("[", 20_000):                   400,
			strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat("}", 20_000): 400,
			"{\"label\":\"\xff\xfe\"}":                                          400,
			`{"label":"\u0000","name":"\u0000","subject":"\u0000","phone":"\u0000","invite":"\u0000","participants":["\u0000"],"events":["\u0000"],"state":"\u0000"}`: 400,
			"\x00":                      400,
			`[]`:                        400,
			`true`:                      400,
			`{"a":1}}`:                  400,
			`<?xml version="1.0"?><a/>`: 400,
		}
		before := len(s.list("/api/v1/sessions").Data)
		for _, rt := range table() {
			if !hasBody(rt) {
				continue
			}
			path := strings.NewReplacer("{session}", session, "{gid}", teamJID, "{jid}", "491700000000@s.whatsapp.net", "{id}", "key_x").Replace(rt.Pattern)
			for body, status := range bodies {
				if status == http.StatusRequestEntityTooLarge && rt.MaxBody > 0 {
					body += strings.Repeat(" ", int(rt.MaxBody))
				}
				if rt.Operation == "updateChat" && strings.Contains(body, `\u0000`) {
					continue // it has no field for a text
				}
				a := s.send(rt.Method, path, s.key, body)
				require.Equal(s, status, a.StatusCode, "%s of %.40q: %s", rt.Operation, body, a.body)
				assert.Equal(s, "validation_error", a.failure(s.T).Code)
			}
		}
		assert.Len(s, s.list("/api/v1/sessions").Data, before)
		assert.Equal(s, "Test", s.list("/api/v1/sessions").Data[0]["label"])
	})
}

// TestHostilePaths: whatever stands in an address, it is a 4xx.
func TestHostilePaths(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		session := s.session()
		for _, bad := range []string{"%00", "%FF", "%zz", "..", "%2e%2e", "a%2Fb", strings.Repeat("9", 6000), "'%20OR%20'1'='1", "1@g.us%00"} {
			for _, path := range []string{"/api/v1/sessions/" + bad, "/api/v1/sessions/" + session + "/groups/" + bad + "/members", "/api/v1/sessions/" + bad + "/groups", "/api/v1/api-keys/" + bad} {
				request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url, nil)
				require.NoError(s, err)
				request.URL.Opaque = strings.TrimPrefix(s.url, "http:") + path
				request.Header.Set("x-api-key", s.key)
				response, err := http.DefaultClient.Do(request)
				require.NoError(s, err)
				require.NoError(s, response.Body.Close())
				assert.GreaterOrEqual(s, response.StatusCode, 300, path)
				assert.Less(s, response.StatusCode, 500, path)
			}
		}
	})
}

func TestReadinessFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		assert.Equal(s, http.StatusOK, s.send("GET", "/readyz", "", "").StatusCode)
		require.NoError(s, s.db.Close())
		assert.Equal(s, http.StatusServiceUnavailable, s.send("GET", "/readyz", "", "").StatusCode)
		assert.Equal(s, http.StatusOK, s.send("GET", "/healthz", "", "").StatusCode)
		a := s.send("GET", "/api/v1/sessions", s.key, "")
		assert.Equal(s, http.StatusServiceUnavailable, a.StatusCode)
		assert.Equal(s, "unavailable", a.failure(s.T).Code)
	})
}
