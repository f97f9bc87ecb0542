package playground_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/playground"
)

func TestPageHoldsTheOptions(t *testing.T) {
	t.Parallel()
	server := newServer(t, playground.Options{
		Headers:  map[string]string{"x-api-key": "wa_secret"},
		Examples: []playground.Example{{Name: "Hello", Query: "query Hello { viewer { userId } }", Variables: map[string]any{"n": 1}}},
	})

	response := server.get("/playground")

	assert.Equal(t, http.StatusOK, response.Code)
	assert.Equal(t, "text/html; charset=utf-8", response.Header().Get("Content-Type"))
	assert.Contains(t, response.Body.String(), "<title>WhatsApp gateway</title>")
	assert.JSONEq(t, `{
		"endpoint": "/graphql",
		"headers": {"x-api-key": "wa_secret"},
		"examples": [{"name": "Hello", "query": "query Hello { viewer { userId } }", "variables": {"n": 1}}],
		"title": "WhatsApp gateway"
	}`, pageOptions(t, response.Body.String()))
	assert.Equal(t, response.Body.String(), server.get("/playground/").Body.String())
}

func TestPageWithoutHeadersAsksForAKey(t *testing.T) {
	t.Parallel()
	server := newServer(t, playground.Options{})

	options := pageOptions(t, server.get("/playground").Body.String())

	assert.JSONEq(t, `{"endpoint": "/graphql", "headers": {"x-api-key": ""}, "examples": [], "title": "WhatsApp gateway"}`, options)
}

func TestOptionsCannotLeaveTheirElement(t *testing.T) {
	t.Parallel()
	hostile := "</script><script>alert(1)</script><!--\u2028'\"&{{.Title}}"
	server := newServer(t, playground.Options{
		Endpoint: hostile,
		Title:    hostile,
		Headers:  map[string]string{hostile: hostile},
		Examples: []playground.Example{{Name: hostile, Query: hostile, Variables: map[string]any{"v": hostile}}},
	})

	page := server.get("/playground").Body.String()

	assert.NotContains(t, page, "<script>alert")
	assert.Equal(t, 2, strings.Count(page, "</script>"), "the options and the bundle, nothing more")
	var options struct {
		Endpoint, Title string
		Headers         map[string]string
		Examples        []struct {
			Query     string
			Variables map[string]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(pageOptions(t, page)), &options))
	assert.Equal(t, hostile, options.Endpoint)
	assert.Equal(t, hostile, options.Title)
	assert.Equal(t, map[string]string{hostile: hostile}, options.Headers)
	assert.Equal(t, hostile, options.Examples[0].Query)
	assert.Equal(t, hostile, options.Examples[0].Variables["v"])
}

func TestVariablesWithoutJSONFormAreRefused(t *testing.T) {
	t.Parallel()
	_, err := playground.Handler(playground.Options{
		Examples: []playground.Example{{Variables: map[string]any{"v": make(chan int)}}},
	})
	assert.ErrorContains(t, err, "encoding the playground's options")
}

func TestPolicyAllowsTheOwnOriginOnly(t *testing.T) {
	t.Parallel()
	server := newServer(t, playground.Options{})

	for _, path := range append(server.assetPaths(t), "/playground", "/playground/none") {
		policy := server.get(path).Header().Get("Content-Security-Policy")
		require.NotEmpty(t, policy, path)
		assert.Contains(t, policy, "default-src 'none'")
		assert.Contains(t, policy, "script-src 'self';", "no inline script, no eval")
		assert.NotContains(t, policy, "http", "no other host")
		assert.NotContains(t, policy, "*")
		assert.Equal(t, "nosniff", server.get(path).Header().Get("X-Content-Type-Options"))
	}
}

func TestPageIsNeverStored(t *testing.T) {
	t.Parallel()
	server := newServer(t, playground.Options{Headers: map[string]string{"x-api-key": "wa_secret"}})

	assert.Equal(t, "no-store", server.get("/playground").Header().Get("Cache-Control"))
}

func TestAssetsAreCachedForever(t *testing.T) {
	t.Parallel()
	server := newServer(t, playground.Options{})

	for _, path := range server.assetPaths(t) {
		first := server.get(path)
		require.Equal(t, http.StatusOK, first.Code, path)
		assert.Equal(t, "public, max-age=31536000, immutable", first.Header().Get("Cache-Control"))
		assert.Empty(t, first.Header().Get("Content-Encoding"))

		again := server.get(path, "If-None-Match", first.Header().Get("ETag"))
		assert.Equal(t, http.StatusNotModified, again.Code)
		assert.Empty(t, again.Body.String())
	}
}

func TestAssetsAreCompressedOnRequest(t *testing.T) {
	t.Parallel()
	server := newServer(t, playground.Options{})
	path := server.assetPaths(t)[0]
	plain := server.get(path)

	packed := server.get(path, "Accept-Encoding", "br, gzip;q=0.8")

	assert.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
	assert.Equal(t, "Accept-Encoding", packed.Header().Get("Vary"))
	assert.NotEqual(t, plain.Header().Get("ETag"), packed.Header().Get("ETag"))
	assert.Less(t, packed.Body.Len(), plain.Body.Len())
	reader, err := gzip.NewReader(packed.Body)
	require.NoError(t, err)
	unpacked, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(plain.Body.Bytes(), unpacked))

	refused := server.get(path, "Accept-Encoding", "gzip;q=0")
	assert.Empty(t, refused.Header().Get("Content-Encoding"))
}

func TestUnknownAssetsAreNotFound(t *testing.T) {
	t.Parallel()
	server := newServer(t, playground.Options{})

	for _, path := range []string{
		"/playground/none.js", "/playground/index.html", "/playground/assets", "/playground/../playground.go", "/playground//",
	} {
		assert.Equal(t, http.StatusNotFound, server.get(path).Code, path)
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	t.Parallel()
	server := newServer(t, playground.Options{})

	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		response := server.do(method, "/playground")
		assert.Equal(t, http.StatusMethodNotAllowed, response.Code, method)
		assert.Equal(t, "GET, HEAD", response.Header().Get("Allow"), method)
	}
	for _, path := range append(server.assetPaths(t), "/playground") {
		head, get := server.do(http.MethodHead, path), server.get(path)
		assert.Equal(t, http.StatusOK, head.Code)
		assert.Empty(t, head.Body.String())
		assert.Equal(t, get.Header(), head.Header(), path)
	}
}

func TestServedBelowAnotherPath(t *testing.T) {
	t.Parallel()
	handler, err := playground.Handler(playground.Options{Path: "/tools/graphiql", Title: "Mine"})
	require.NoError(t, err)
	server := server{handler: handler}

	page := server.get("/tools/graphiql").Body.String()

	assert.Contains(t, page, "<title>Mine</title>")
	assert.Regexp(t, `src="/tools/graphiql/playground-\w+\.js"`, page)
}

type server struct{ handler http.Handler }

// newServer mounts the playground as the gateway does.
func newServer(t *testing.T, o playground.Options) server {
	t.Helper()
	handler, err := playground.Handler(o)
	require.NoError(t, err)
	router := chi.NewRouter()
	router.Handle("/playground", handler)
	router.Handle("/playground/*", handler)
	return server{handler: router}
}

func (s server) get(path string, header ...string) *httptest.ResponseRecorder {
	return s.do(http.MethodGet, path, header...)
}

func (s server) do(method, path string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	return recorder
}

// assetPaths are the assets that the page names: licenses, style sheet, script.
func (s server) assetPaths(t *testing.T) []string {
	t.Helper()
	found := regexp.MustCompile(`(?:src|href)="(/playground/[^"]+)"`).FindAllStringSubmatch(s.get("/playground").Body.String(), -1)
	require.Len(t, found, 3)
	return []string{found[0][1], found[1][1], found[2][1]}
}

// pageOptions is the text of the options element, as a browser would read it.
func pageOptions(t *testing.T, page string) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)<script type="application/json" id="options">(.*?)</script>`).FindStringSubmatch(page)
	require.NotNil(t, found)
	return found[1]
}
