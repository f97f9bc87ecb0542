package main

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two gateways on one SQLite data folder would both connect the same devices.
func TestDataFolderIsForOneGateway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, anywhere(dir))
	first.line("REST")

	_, stderr, code := run(t, anywhere(dir), "serve")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "the data folder "+dir+" is in use by another gateway")
	_, stderr, code = run(t, anywhere(dir), "keys", "list")
	assert.Zero(t, code, "the commands beside it go on working: %s", stderr)

	assert.Zero(t, first.stop())
	second := start(t, anywhere(dir))
	second.line("REST")
	assert.Zero(t, second.stop())
}

// An event log that is away stops nothing: the gateway starts, says so, and what
// happens waits in the database.
func TestServeWithoutItsEventLog(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nowhere := closed.Addr().String()
	require.NoError(t, closed.Close())

	p := start(t, anywhere(t.TempDir(), "GATEWAY_NATS_URL=nats://"+nowhere))
	key := "wa_" + p.line("  wa_")
	api := p.line("REST")
	base := strings.TrimSuffix(api, "/api/v1")
	status, body := call(t, http.MethodGet, base+"/readyz", key, "")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.JSONEq(t, `{"checks":{"database":"ok","eventLog":"failed"},"status":"unavailable"}`, body)
	status, _ = call(t, http.MethodGet, base+"/healthz", key, "")
	assert.Equal(t, http.StatusOK, status)
	status, body = call(t, http.MethodPost, api+"/sessions", key, `{"label":"stored all the same"}`)
	assert.Equal(t, http.StatusCreated, status, body)

	began := time.Now()
	assert.Zero(t, p.stop())
	assert.Less(t, time.Since(began), patience)
}

// What happened is in the log, also behind a restart.
func TestEventsSurviveARestart(t *testing.T) {
	t.Parallel()
	settings := anywhere(filepath.Join(t.TempDir(), "data"))
	first := start(t, settings)
	key := "wa_" + first.line("  wa_")
	api := first.line("REST")
	status, body := call(t, http.MethodPost, api+"/sessions", key, `{"label":"sales"}`)
	require.Equal(t, http.StatusCreated, status, body)
	id := decode[struct{ ID string }](t, body).ID
	status, body = call(t, http.MethodPost, api+"/sessions/"+id+":start", key, "")
	require.Equal(t, http.StatusOK, status, body)
	assert.Zero(t, first.stop())

	second := start(t, settings)
	base := strings.TrimSuffix(second.line("REST"), "/api/v1")
	_, body = call(t, http.MethodPost, base+"/graphql", key, `{"query":"{ events(types: [SESSION_STATUS]) { nodes { sessionId payload } } }"}`)
	assert.Zero(t, second.stop())
	type logged struct {
		SessionID string
		Payload   struct{ Status, StatusReason, Label string }
	}
	answer := decode[struct {
		Data struct{ Events struct{ Nodes []logged } }
	}](t, body)
	require.GreaterOrEqual(t, len(answer.Data.Events.Nodes), 2, body)
	assert.Equal(t, logged{id, struct{ Status, StatusReason, Label string }{"starting", "", "sales"}}, answer.Data.Events.Nodes[0])
	for i, event := range answer.Data.Events.Nodes[1:] {
		assert.NotEqual(t, answer.Data.Events.Nodes[i], event, "each is a change")
	}
}
