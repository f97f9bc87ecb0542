package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const shortly = 50 * time.Millisecond

func TestBodyDeadlineEndsSlowBodies(t *testing.T) {
	t.Parallel()
	read := make(chan error, 1)
	server := httptest.NewServer(bodyDeadline(shortly)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
	})))
	t.Cleanup(server.Close)
	slow, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = slow.Close() })
	_, err = io.WriteString(slow, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1")
	require.NoError(t, err)
	require.ErrorIs(t, <-read, os.ErrDeadlineExceeded)
}

// An answer may take as long as it likes, once the body is there.
func TestBodyDeadlineLeavesAnswersAlone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(bodyDeadline(shortly)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		later, cancel := context.WithTimeout(r.Context(), 3*shortly)
		defer cancel()
		<-later.Done()
		assert.NoError(t, r.Context().Err(), "the request goes on")
		_, _ = w.Write(body)
	})))
	t.Cleanup(server.Close)
	for range 2 { // the connection can be used again
		response, err := http.Post(server.URL, "text/plain", strings.NewReader("hello"))
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, "hello", string(body))
	}
}
