package graph_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

func TestSessionsOfACaller(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	first, second := s.SessionOf(t, graphtest.Organization), s.SessionOf(t, graphtest.Organization)
	stranger := s.SessionOf(t, "other")
	limited := s.KeyOf(t, models.NewAPIKey{
		OrganizationID: graphtest.Organization, SessionID: second.ID, Capabilities: models.CapabilitySet{models.Read},
	})
	for credential, want := range map[string][]string{
		s.Key(t, models.Read):      {first.ID, second.ID},
		s.Token(t, "member"):       {first.ID, second.ID},
		limited:                    {second.ID},
		s.Token(t, "super_admin"):  nil, // of the organization, but without a capability in it
		s.Token(t, "admin", "x"):   {first.ID, second.ID},
		s.Token(t, "nobody", "no"): nil,
	} {
		r := s.Post(t, credential, `{ sessions { totalCount nodes { id } } }`, nil)
		if want == nil {
			assert.Equal(t, "FORBIDDEN", r.Code(), r.Body)
			continue
		}
		require.Empty(t, r.Errors, r.Body)
		assert.Equal(t, want, idsIn(t, r.Data))
	}
	all := s.Post(t, s.Token(t, "super_admin"), `{ adminListSessions { totalCount nodes { id organizationId } } }`, nil)
	require.Empty(t, all.Errors, all.Body)
	assert.Equal(t, []string{first.ID, second.ID, stranger.ID}, idsIn(t, all.Data))
}

func TestSessionSettings(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	key := s.Key(t, models.Manage)
	r := s.Post(t, key, `mutation { createSession(input: {label: "Support", ratePerMin: 5, historyDays: 30, autoRead: true}) {
		session { label ratePerMin ratePerHour historyDays autoRead presenceTyping status statusReason phoneNumber waJid lastConnectedAt createdByUserId } } }`, nil)
	require.Empty(t, r.Errors, r.Body)
	assert.JSONEq(t, `{"createSession":{"session":{"label":"Support","ratePerMin":5,"ratePerHour":600,"historyDays":30,"autoRead":true,
		"presenceTyping":false,"status":"STOPPED","statusReason":null,"phoneNumber":null,"waJid":null,"lastConnectedAt":null,"createdByUserId":null}}}`, string(r.Data))

	session := s.SessionOf(t, graphtest.Organization)
	update := func(input string) *graphtest.Response {
		return s.Post(t, key, `mutation { updateSession(sessionId: "`+session.ID+`", input: {`+input+`}) { session { label autoRead ratePerMin } } }`, nil)
	}
	require.Empty(t, update(`label: "New", autoRead: true`).Errors)
	assert.Contains(t, update(`autoRead: null`).Body, `"label":"New","autoRead":true`, "absent and null fields stay")
	assert.Contains(t, update(`label: ""`).Body, `"label":""`, "a name can be taken away")
	for _, bad := range []string{
		`ratePerMin: 0`, `ratePerMin: 1001`, `ratePerHour: 0`, `ratePerHour: 50001`, `historyDays: -1`, `historyDays: 3651`,
		`label: "` + strings.Repeat("ä", 101) + `"`, `proxyUrl: "ftp://host"`, `proxyUrl: "nothing"`,
	} {
		assert.Equal(t, invalid, update(bad).Code(), bad)
	}
	r = s.Post(t, key, `mutation { deleteSession(sessionId: "`+session.ID+`") { deletedSessionId } }`, nil)
	assert.Contains(t, r.Body, session.ID)
	assert.Equal(t, notFound, update(`label: "x"`).Code())
}

func TestContact(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	key := s.Key(t, models.Read)
	session := s.SessionOf(t, graphtest.Organization)
	syncGroup(t, s, session.ID, 0, 2)
	contact := func(jid string) *graphtest.Response {
		return s.Post(t, key, `query($s: ID!, $j: JID!) { contact(sessionId: $s, jid: $j) { id lid phoneJid phoneNumber name pushName businessName } }`,
			map[string]any{"s": session.ID, "j": jid})
	}
	byLID, byPhone := contact("205227043110953@lid"), contact("6281234567890@s.whatsapp.net")
	assert.JSONEq(t, `{"contact":{"id":"contact:1","lid":"205227043110953@lid","phoneJid":"6281234567890@s.whatsapp.net",
		"phoneNumber":"6281234567890","name":"Person 0","pushName":"Person 0","businessName":null}}`, string(byLID.Data))
	assert.Equal(t, byLID.Data, byPhone.Data)
	assert.Equal(t, notFound, contact("205227043119999@lid").Code())
	for _, jid := range []string{"", "nobody", "120363041234560000@g.us", "@lid", "x@lid"} {
		assert.Equal(t, invalid, contact(jid).Code(), jid)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite, func(setup *graphtest.Setup) { setup.Options.Timeout = time.Nanosecond })
	r := s.Post(t, s.Key(t, models.Read), `{ viewer { userId } }`, nil)
	assert.Equal(t, "UNAVAILABLE", r.Code(), r.Body)
	assert.Equal(t, "timeout", r.Errors[0].Extensions.Reason)
}

// FuzzDocument: whatever stands in a document, the answer is GraphQL's and never
// our internal error.
func FuzzDocument(f *testing.F) {
	s := graphtest.New(f, modelstest.SQLite)
	key := s.Key(f, models.Read, models.Send, models.Manage)
	for _, a := range accesses() {
		f.Add("{ "+a.call+" }", `{}`)
	}
	f.Add(introspectionQuery, `{"s":1}`)
	f.Add(`query($s: ID!, $f: Int) { session(id: $s) { groups(first: $f) { nodes { members(after: "x") { totalCount } } } } }`, `{"s":"x","f":2147483648}`)
	f.Add(`{ a: viewer { ...f @include(if: false) } } fragment f on Viewer { b: userId @skip(if: true) }`, `null`)
	f.Fuzz(func(t *testing.T, document, variables string) {
		query := "?query=" + url.QueryEscape(document) + "&variables=" + url.QueryEscape(variables)
		r := s.Send(t, "GET", query, "", map[string][]string{"X-Api-Key": {key}})
		require.Less(t, r.Status, 500, r.Body)
		require.NotEqual(t, "INTERNAL", r.Code(), r.Body)
	})
}
