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
	server := httptest.NewServer(bodyDeadline(shortly, bodyPart)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
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
	server := httptest.NewServer(bodyDeadline(shortly, bodyPart)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

// A large body has as much time again for each part; one that stops has not.
func TestBodyDeadlineGrowsWithWhatArrives(t *testing.T) {
	t.Parallel()
	const limit, part, parts = 300 * time.Millisecond, 1000, 5
	type outcome struct {
		read int64
		err  error
	}
	ends, arrived := make(chan outcome, 1), make(chan struct{}, parts)
	server := httptest.NewServer(bodyDeadline(limit, part)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var all outcome
		for all.err == nil {
			var n int64
			n, all.err = io.CopyN(io.Discard, r.Body, part)
			all.read += n
			arrived <- struct{}{}
		}
		ends <- all
	})))
	t.Cleanup(server.Close)
	slow, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = slow.Close() })
	start := time.Now()
	_, err = io.WriteString(slow, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
	require.NoError(t, err)
	for range parts - 1 {
		later, cancel := context.WithTimeout(t.Context(), limit/2)
		<-later.Done() // a slow line
		cancel()
		_, err = io.WriteString(slow, strings.Repeat("x", part))
		require.NoError(t, err)
		<-arrived
	}
	end := <-ends
	require.ErrorIs(t, end.err, os.ErrDeadlineExceeded)
	assert.EqualValues(t, (parts-1)*part, end.read)
	assert.Greater(t, time.Since(start), 2*limit, "longer than one part may take")
}
