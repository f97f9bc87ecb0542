package rest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// openGate lets everybody use every field.
type openGate struct{}

func (openGate) Has(string) bool                     { return true }
func (openGate) Check(context.Context, string) error { return nil }

// fakeRoot has the one session "here" and records what it was asked.
type fakeRoot struct {
	gen.ResolverRoot
	asked []string
	sent  []gen.SendMessageInput
	fail  error
	panic any
}

type fakeQuery struct {
	gen.QueryResolver
	root *fakeRoot
}

type fakeMutation struct {
	gen.MutationResolver
	root *fakeRoot
}

func (f *fakeRoot) Query() gen.QueryResolver       { return fakeQuery{root: f} }
func (f *fakeRoot) Mutation() gen.MutationResolver { return fakeMutation{root: f} }

func (q fakeQuery) Session(_ context.Context, id string) (*models.Session, error) {
	q.root.asked = append(q.root.asked, "session "+id)
	if q.root.panic != nil {
		panic(q.root.panic)
	}
	if q.root.fail != nil {
		return nil, q.root.fail
	}
	if id != "here" {
		return nil, fault.NoSuch("session")
	}
	return &models.Session{ID: id}, nil
}

func (q fakeQuery) Group(_ context.Context, session, jid string) (*models.Group, error) {
	q.root.asked = append(q.root.asked, "group "+session+" "+jid)
	return &models.Group{JID: jid}, nil
}

func (m fakeMutation) CreateGroup(_ context.Context, session string, input gen.CreateGroupInput) (*gen.CreateGroupPayload, error) {
	m.root.asked = append(m.root.asked, "create "+session+" "+input.Name+" "+strings.Join(input.Participants, ","))
	return &gen.CreateGroupPayload{Group: &models.Group{Subject: input.Name}}, nil
}

func (m fakeMutation) PromoteGroupMember(_ context.Context, session, group string, input gen.GroupParticipantsInput) (*gen.PromoteGroupMemberPayload, error) {
	m.root.asked = append(m.root.asked, "promote "+session+" "+group+" "+strings.Join(input.Participants, ","))
	return &gen.PromoteGroupMemberPayload{}, nil
}

func (m fakeMutation) SendMessage(_ context.Context, _ string, input gen.SendMessageInput) (*models.Outgoing, error) {
	m.root.sent = append(m.root.sent, input)
	mode := models.SendSync
	if async := input.Async.Value(); async != nil && *async {
		mode = models.SendAsync
	}
	return &models.Outgoing{Mode: mode, Message: &models.Message{}}, nil
}

// newFake is the router over a fake root: for what the front itself decides.
func newFake(t *testing.T, root *fakeRoot) http.Handler {
	t.Helper()
	h, err := newRouter(&api{root: root, gate: openGate{}, maxBody: 1024, log: slog.New(slog.DiscardHandler)},
		[]Check{{Name: "database", Do: func(context.Context) error { return root.fail }}},
		nil, func() ([]byte, error) { return OpenAPI("test") })
	require.NoError(t, err)
	return h
}

func do(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	var r *http.Request
	if body == "" {
		r = httptest.NewRequest(method, target, nil)
	} else {
		r = httptest.NewRequest(method, target, strings.NewReader(body))
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := newRecorder()
	h.ServeHTTP(w, r)
	return w
}

func failureOf(t *testing.T, w *httptest.ResponseRecorder) FailureBody {
	t.Helper()
	var f Failure
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &f), w.Body.String())
	require.NotEmpty(t, f.Error.Code)
	require.NotNil(t, f.Error.Details)
	return f.Error
}

func TestAddressesAreUnescapedOnce(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"/api/v1/sessions/here/groups/12@g.us":       "12@g.us",
		"/api/v1/sessions/here/groups/12%40g.us":     "12@g.us",
		"/api/v1/sessions/here/groups/12%2540g.us":   "12%40g.us",
		"/api/v1/sessions/here/groups/a%20b%40c":     "a b@c",
		"/api/v1/sessions/here/groups/a%2Fb":         "a/b",
		"/api/v1/sessions/here/groups/1234-567@g.us": "1234-567@g.us",
		"/api/v1/sessions/h%65re/groups/12@g.us":     "12@g.us",
		"/api/v1/sessions/here/groups/%C3%A9":        "é",
		"/api/v1/sessions/here/groups/+":             "+",
	}
	for target, want := range cases {
		root := &fakeRoot{}
		w := do(newFake(t, root), "GET", target, "")
		assert.Equal(t, 200, w.Code, "%s: %s", target, w.Body)
		assert.Equal(t, []string{"group here " + want}, root.asked, target)
	}
}

func TestVerbsAndSubPathsRoute(t *testing.T) {
	t.Parallel()
	root := &fakeRoot{}
	w := do(newFake(t, root), "POST", "/api/v1/sessions/here/groups/12%40g.us/members/6281%40s.whatsapp.net/promote", "")
	require.Equal(t, 204, w.Code, w.Body)
	assert.Empty(t, w.Body.Bytes())
	assert.Equal(t, []string{"promote here 12@g.us 6281@s.whatsapp.net"}, root.asked)

	for _, colon := range []string{":", "%3A", "%3a"} {
		w = do(newFake(t, &fakeRoot{}), "PUT", "/api/v1/sessions/here"+colon+"start", "")
		assert.Equal(t, "GET, HEAD, POST, PATCH, DELETE", w.Header().Get("Allow"), colon)
		assert.Equal(t, "startSession", routeOf("POST", "/api/v1/sessions/here"+colon+"start").Operation, colon)
		assert.Equal(t, "leaveGroup", routeOf("POST", "/api/v1/sessions/here/groups/12%40g.us"+colon+"leave").Operation, colon)
	}
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	h := newFake(t, &fakeRoot{})
	for _, target := range []string{"/", "/api", "/api/v1", "/api/v1/nothing", "/api/v1/sessions/", "/api/v1/sessions/here/groups/", "/api/v2/sessions", "/api/v1/sessions//groups", "/api/v1/sessions/here/groups/a/b/c/d"} {
		w := do(h, "GET", target, "")
		require.Equal(t, 404, w.Code, target)
		assert.Equal(t, "not_found", failureOf(t, w).Code)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	}
	for target, allow := range map[string]string{
		"/api/v1/sessions":                    "GET, HEAD, POST",
		"/api/v1/sessions/here":               "GET, HEAD, PATCH, DELETE",
		"/api/v1/sessions/here:start":         "GET, HEAD, POST, PATCH, DELETE",
		"/api/v1/sessions/here/groups/1@g.us": "GET, HEAD, PATCH",
		"/healthz":                            "GET, HEAD",
	} {
		w := do(h, "PUT", target, "{}")
		require.Equal(t, 405, w.Code, target)
		assert.Equal(t, allow, w.Header().Get("Allow"), target)
		assert.Equal(t, "not_found", failureOf(t, w).Code)
	}
}

func TestHeadIsAllowedWhereGetIs(t *testing.T) {
	t.Parallel()
	h := newFake(t, &fakeRoot{})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	for _, target := range []string{"/api/v1/sessions/here", "/healthz", "/readyz", openAPIPath} {
		r, err := http.Head(server.URL + target)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		assert.Equal(t, 200, r.StatusCode, target)
		assert.Positive(t, r.ContentLength, target)
	}
}

// TestOrderOfChecks: the session before the body, the body before the act.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	root := &fakeRoot{}
	h := newFake(t, root)
	w := do(h, "POST", "/api/v1/sessions/elsewhere/groups", `{"name":`)
	assert.Equal(t, 404, w.Code)
	w = do(h, "POST", "/api/v1/sessions/here/groups", `{"name":`)
	assert.Equal(t, 400, w.Code)
	w = do(h, "POST", "/api/v1/sessions/%FF/groups", `{}`)
	assert.Equal(t, 404, w.Code)
	assert.Equal(t, "session not found", failureOf(t, w).Message)
	assert.Equal(t, []string{"session elsewhere", "session here"}, root.asked, "nothing was created")
}

func TestBodies(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	cases := []struct {
		name, body string
		status     int
		field      any
		created    string
	}{
		{"good", `{"name":"A","participants":["x@lid","y@lid"],"unknown":{"a":[1]}}`, 201, nil, "create here A x@lid,y@lid"},
		{"absent", ``, 201, nil, "create here  "},
		{"null", `null`, 201, nil, "create here  "},
		{"null fields", `{"name":null,"participants":null}`, 201, nil, "create here  "},
		{"white space", " \n\t ", 201, nil, "create here  "},
		{"address fields cannot be set", `{"session":"other","Session":"other","name":"A"}`, 201, nil, "create here A "},
		{"unknown and deep", `{"name":"A","x":` + deep + `}`, 201, nil, "create here A "},
		{"broken", `{"name":"A"`, 400, nil, ""},
		{"trailing garbage", `{"name":"A"} x`, 400, nil, ""},
		{"two values", `{"name":"A"}{"name":"B"}`, 400, nil, ""},
		{"a list", `[1]`, 400, nil, ""},
		{"a string", `"x"`, 400, nil, ""},
		{"number for a string", `{"name":5}`, 400, "name", ""},
		{"string for a list", `{"participants":"x@lid"}`, 400, "participants", ""},
		{"number in a list", `{"participants":[5]}`, 400, "participants", ""},
		{"not UTF-8", "{\"name\":\"\xff\"}", 400, nil, ""},
		{"NUL", `{"name":"a\u0000b"}`, 400, "name", ""},
		{"NUL in a list", `{"participants":["x@lid","\u0000"]}`, 400, "participants[1]", ""},
		{"too large", `{"name":"` + strings.Repeat("a", 2000) + `"}`, 413, nil, ""},
		{"form", `name=A`, 400, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := &fakeRoot{}
			w := do(newFake(t, root), "POST", "/api/v1/sessions/here/groups", c.body)
			require.Equal(t, c.status, w.Code, w.Body)
			if c.created != "" {
				assert.Equal(t, []string{c.created}, root.asked)
				return
			}
			f := failureOf(t, w)
			assert.Equal(t, "validation_error", f.Code)
			assert.Equal(t, c.field, f.Details["field"])
			assert.Equal(t, []string{"session here"}, root.asked)
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b, err := newBinder(typePage)
	require.NoError(t, err)
	cases := map[string]int32{
		"": -1, "limit=": -1, "limit=0": -1, "limit=1": 1, "limit=200": 200, "limit=201": 200, "limit=99999999999999999999": 200, "limit=007": 7,
		"limit=-1": 1, "limit=x": 0, "limit=1.5": 0, "limit=1e2": 0, "limit=%2B5": 0, "limit=-99999999999999999999": 1, "cursor=%00": 0, "cursor=%FF": 0, "limit=%zz": 0,
	}
	for query, want := range cases {
		var in page
		err := b.bind(&in, newRecorder(), httptest.NewRequest(http.MethodGet, "/?"+query, nil), 0)
		switch want {
		case 0:
			assert.True(t, fault.Is(err, fault.Validation), query)
		case -1:
			require.NoError(t, err, query)
			assert.Nil(t, in.first(), query)
			assert.Nil(t, in.after(), query)
		default:
			require.NoError(t, err, query)
			assert.Equal(t, want, *in.first(), query)
		}
	}
}

func TestUnknownErrorsAreHidden(t *testing.T) {
	t.Parallel()
	for _, root := range []*fakeRoot{{fail: errors.New("pq: secret detail")}, {panic: "secret detail"}} {
		w := do(newFake(t, root), "GET", "/api/v1/sessions/here", "")
		assert.Equal(t, 500, w.Code)
		assert.JSONEq(t, `{"error":{"code":"internal","message":"internal error","details":{}}}`, w.Body.String())
	}
	root := &fakeRoot{panic: http.ErrAbortHandler}
	assert.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { do(newFake(t, root), "GET", "/api/v1/sessions/here", "") })
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	w := do(newFake(t, &fakeRoot{fail: fault.Limited("slow down", 1500e6)}), "GET", "/api/v1/sessions/here", "")
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, "2", w.Header().Get("Retry-After"))
	w = do(newFake(t, &fakeRoot{fail: fault.Limited("slow down", 0)}), "GET", "/api/v1/sessions/here", "")
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
}

var typePage = reflect.TypeFor[page]()
