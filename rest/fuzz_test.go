package rest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzPath: whatever stands in a path, the resolver gets exactly what the
// caller escaped, as text, or the caller gets a 4xx.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"12@g.us", "12%40g.us", "%2540", "%", "%zz", "%FF", "%00", "a%2Fb", ":leave", "a b", "é", "..", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, segment string) {
		u, err := url.Parse("http://gateway/api/v1/sessions/here/groups/" + segment)
		if err != nil || u.RawQuery != "" || u.Fragment != "" || strings.Contains(segment, "?") || strings.Contains(segment, "#") {
			t.Skip("not one path segment")
		}
		root := &fakeRoot{}
		w := newRecorder()
		newFake(t, root).ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}})
		if w.Code != http.StatusOK {
			require.Less(t, w.Code, 500, segment)
			failureOf(t, w)
			return
		}
		want, err := url.PathUnescape(segment)
		require.NoError(t, err)
		require.True(t, utf8.ValidString(want))
		require.NotContains(t, want, "\x00")
		if !strings.Contains(segment, "/") {
			assert.Equal(t, []string{"group here " + want}, root.asked)
		}
	})
}

// FuzzBody: a body is taken as the JSON it is, or refused with a 4xx; it never
// reaches the resolver as something that no database stores.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{}`, ``, `null`, `{"name":"A","participants":["1@lid"]}`, `{"name":"\u0000"}`, `{"name":"\ud800"}`, `{"name":1}`, "{\"name\":\"\xff\"}", `[[[[`, `{"participants":{}}`, `{"NAME":"x"}`, `{"name":"a","name":"b"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		root := &fakeRoot{}
		w := newRecorder()
		r := httptest.NewRequest(http.MethodPost, "/api/v1/sessions/here/groups", strings.NewReader(string(body)))
		newFake(t, root).ServeHTTP(w, r)
		require.Less(t, w.Code, 500)
		if w.Code >= 400 {
			assert.Equal(t, "validation_error", failureOf(t, w).Code)
			return
		}
		require.True(t, len(strings.TrimSpace(string(body))) == 0 || json.Valid(body), "took what is no JSON: %q", body)
		for _, asked := range root.asked {
			assert.True(t, isText(asked))
		}
	})
}

// FuzzQuery: a limit is a number of the contract's range or refused.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"limit=1", "limit=-1", "limit=9999999999999999999999", "limit=%00", "cursor=%FF", "limit=1&limit=2", ";", "%zz", "limit=0x10", "limit=+1"} {
		f.Add(seed)
	}
	b, err := newBinder(typePage)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, query string) {
		var in page
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: query}}
		if err := b.bind(&in, newRecorder(), r, 0); err != nil {
			return
		}
		if first := in.first(); first != nil {
			assert.GreaterOrEqual(t, *first, int32(1))
			assert.LessOrEqual(t, *first, int32(maxLimit))
		}
		if after := in.after(); after != nil {
			assert.True(t, isText(*after))
		}
	})
}
