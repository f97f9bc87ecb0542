package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// anywhere makes a gateway listen on a free port and keep its data in dir.
func anywhere(dir string, more ...string) []string {
	return append([]string{"GATEWAY_ADDR=127.0.0.1:0", "GATEWAY_DATA_DIR=" + dir}, more...)
}

// call makes a request with an API key and gives the status and the body.
func call(t *testing.T, method, url, key, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("x-api-key", key)
	if body != "" {
		request.Header.Set("content-type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// decode reads a JSON answer.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}

func TestServePrintsOneKeyOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")

	first := start(t, anywhere(dir), "serve")
	key := "wa_" + first.line("  wa_")
	api := first.line("REST")
	status, body := call(t, http.MethodGet, api+"/sessions", key, "")
	assert.Equal(t, http.StatusOK, status, body)
	assert.Zero(t, first.stop())
	assert.NotContains(t, first.rest(), "wa_")
	assert.NotContains(t, first.log.String(), key, "secrets are not logged")

	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	second := start(t, anywhere(dir))
	api = second.line("REST")
	status, _ = call(t, http.MethodGet, api+"/sessions", key, "")
	assert.Equal(t, http.StatusOK, status, "the key goes on working")
	assert.Zero(t, second.stop())
	assert.NotContains(t, second.rest(), "wa_")
}

func TestServeFronts(t *testing.T) {
	t.Parallel()
	p := start(t, anywhere(t.TempDir()))
	key := "wa_" + p.line("  wa_")
	base := strings.TrimSuffix(p.line("REST"), "/api/v1")

	for path, want := range map[string]int{
		"/healthz": 200, "/readyz": 200, "/docs": 200, "/pair": 200, "/api/v1/openapi.json": 200,
		"/playground": 200, "/": 200, // by way of a redirect
		"/api/v1/nowhere": 404, "/nowhere": 404,
	} {
		status, body := call(t, http.MethodGet, base+path, key, "")
		assert.Equal(t, want, status, "%s: %s", path, body)
	}
	status, body := call(t, http.MethodPost, base+"/graphql", key, `{"query":"{ sessions { totalCount } }"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"data":{"sessions":{"totalCount":0}}}`, body)

	response, err := http.Get(base + "/healthz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.NotEmpty(t, response.Header.Get("X-Request-Id"))
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
}

func TestServeWithoutPlaygroundAndIntrospection(t *testing.T) {
	t.Parallel()
	p := start(t, anywhere(t.TempDir(), "GATEWAY_PLAYGROUND=false", "GATEWAY_INTROSPECTION=false"))
	key := "wa_" + p.line("  wa_")
	base := strings.TrimSuffix(p.line("REST"), "/api/v1")
	for _, path := range []string{"/playground", "/"} {
		status, _ := call(t, http.MethodGet, base+path, key, "")
		assert.Equal(t, http.StatusNotFound, status, path)
	}
	_, body := call(t, http.MethodPost, base+"/graphql", key, `{"query":"{ __schema { types { name } } }"}`)
	assert.Contains(t, body, `"errors"`)
	assert.NotContains(t, body, "AddGroupMembersPayload")
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	addr := listener.Addr().String()

	for _, command := range [][]string{{"serve"}, {"demo", "--addr", addr}, {"simulator", "--addr", addr}} {
		_, stderr, code := run(t, []string{"GATEWAY_ADDR=" + addr, "GATEWAY_DATA_DIR=" + t.TempDir()}, command...)
		assert.Equal(t, 1, code, command)
		assert.Equal(t, "gateway: "+addr+" is in use: another program, or another gateway, listens there\n", stderr)
	}
}

// An open stream has no end of its own; a shutdown ends it and does not wait.
func TestShutdownEndsStreams(t *testing.T) {
	t.Parallel()
	p := start(t, anywhere(t.TempDir()))
	key := "wa_" + p.line("  wa_")
	api := p.line("REST")
	base := strings.TrimSuffix(api, "/api/v1")
	_, body := call(t, http.MethodPost, api+"/sessions", key, `{"label":"streamed"}`)
	session := decode[struct{ ID string }](t, body)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	query := `{"query":"subscription { pairing(sessionId: \"` + session.ID + `\") { status } }"}`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/graphql", strings.NewReader(query))
	require.NoError(t, err)
	request.Header.Set("x-api-key", key)
	request.Header.Set("content-type", "application/json")
	request.Header.Set("accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer stream.Body.Close()
	require.Equal(t, http.StatusOK, stream.StatusCode)
	beginning := make([]byte, 1)
	_, err = io.ReadFull(stream.Body, beginning)
	require.NoError(t, err, "the stream is open")

	assert.Zero(t, p.stop())
	assert.NotContains(t, p.log.String(), "finishing requests", "nothing had to be cut off")
	_, _ = io.Copy(io.Discard, stream.Body)
	assert.NoError(t, ctx.Err(), "the stream has ended")
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	p := start(t, anywhere(t.TempDir()))
	addr := strings.TrimSuffix(strings.TrimPrefix(p.line("REST"), "http://"), "/api/v1")

	_, stderr, code := run(t, []string{"GATEWAY_ADDR=" + addr}, "healthcheck")
	assert.Zero(t, code, stderr)
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	_, stderr, code = run(t, []string{"GATEWAY_ADDR=0.0.0.0:" + port}, "healthcheck")
	assert.Zero(t, code, stderr)

	assert.Zero(t, p.stop())
	_, stderr, code = run(t, []string{"GATEWAY_ADDR=" + addr}, "healthcheck")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "checking health")
}

func TestKeysLifecycle(t *testing.T) {
	t.Parallel()
	settings := anywhere(t.TempDir())
	stdout, stderr, code := run(t, settings, "keys", "create", "--name", "backup", "--capabilities", "read", "--expires", "1h")
	require.Zero(t, code, stderr)
	key := strings.TrimSpace(stdout)
	require.Regexp(t, `^wa_[A-Za-z0-9]{32,}$`, key, "nothing but the key, for scripts")

	p := start(t, settings)
	api := p.line("REST")
	status, body := call(t, http.MethodGet, api+"/sessions", key, "")
	assert.Equal(t, http.StatusOK, status, body)
	status, _ = call(t, http.MethodPost, api+"/sessions", key, `{}`)
	assert.Equal(t, http.StatusForbidden, status, "it may only read")

	stdout, _, code = run(t, settings, "keys", "list")
	require.Zero(t, code)
	assert.NotContains(t, stdout, key)
	assert.Contains(t, stdout, key[:5])
	assert.Contains(t, stdout, "valid until")
	var id string
	for line := range strings.Lines(stdout) {
		if strings.Contains(line, "backup") {
			id = strings.Fields(line)[0]
		}
	}
	require.NotEmpty(t, id, stdout)

	for range 2 {
		stdout, stderr, code = run(t, settings, "keys", "revoke", id)
		assert.Zero(t, code, stderr)
		assert.Contains(t, stdout, id)
	}
	status, _ = call(t, http.MethodGet, api+"/sessions", key, "")
	assert.Equal(t, http.StatusUnauthorized, status, "at once, in the running gateway")

	_, stderr, code = run(t, settings, "keys", "revoke", "key_unknown")
	assert.Equal(t, 1, code)
	assert.NotContains(t, stderr, "panic")
	_, stderr, code = run(t, settings, "keys", "create", "--session", "unknown")
	assert.Equal(t, 1, code, stderr)
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	settings := anywhere(t.TempDir())
	stdout, stderr, code := run(t, settings, "migrate", "status")
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "not yet")
	for range 2 {
		stdout, stderr, code = run(t, settings, "migrate")
		require.Zero(t, code, stderr)
		assert.NotContains(t, stdout, "not yet")
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := run(t, nil, "schema")
	assert.Zero(t, code, stderr)
	assert.Contains(t, stdout, "directive @capability")
	assert.Contains(t, stdout, "type GroupMember")

	stdout, stderr, code = run(t, nil, "openapi")
	assert.Zero(t, code, stderr)
	document := decode[struct {
		OpenAPI string         `json:"openapi"`
		Paths   map[string]any `json:"paths"`
	}](t, stdout)
	assert.Regexp(t, `^3\.`, document.OpenAPI)
	assert.Contains(t, document.Paths, "/api/v1/sessions")
}
