//go:build browser

package playground_test

import (
	"bufio"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"wagateway/graph/playground"
)

// TestInBrowser drives the page in Chromium against a GraphQL server with made-up values. It needs node,
// `npm ci` in web/ and Chromium, hence the build tag. PLAYGROUND_SCREENSHOT names a picture to take.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	backend := startBackend(t)
	handler, err := playground.Handler(playground.Options{
		Headers:  map[string]string{"X-API-Key": "wa_test"},
		Examples: playground.Examples("01J9ZD3V3M7Q2K8R5T6W9X0YAB", "120363041234567890@g.us"),
	})
	require.NoError(t, err)
	router := chi.NewRouter()
	router.Handle("/playground", handler)
	router.Handle("/playground/*", handler)
	router.Handle("/graphql", httputil.NewSingleHostReverseProxy(backend))
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)

	browse := exec.CommandContext(t.Context(), "node", "test/e2e.mjs", server.URL, os.Getenv("PLAYGROUND_SCREENSHOT"))
	browse.Dir = "web"
	output, err := browse.CombinedOutput()
	t.Logf("%s", output)
	require.NoError(t, err)
}

// startBackend gives the address of web/test/backend.mjs, which ends with the test.
func startBackend(t *testing.T) *url.URL {
	t.Helper()
	backend := exec.CommandContext(t.Context(), "node", "test/backend.mjs", "../../schema")
	backend.Dir = "web"
	backend.Stderr = os.Stderr
	stdin, err := backend.StdinPipe()
	require.NoError(t, err)
	stdout, err := backend.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, backend.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = backend.Wait()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return &url.URL{Scheme: "http", Host: "127.0.0.1:" + strings.TrimSpace(port)}
}
