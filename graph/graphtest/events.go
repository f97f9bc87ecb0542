package graphtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/whatsapptest"
)

// Events is an open stream of server-sent events.
type Events struct {
	Header http.Header
	lines  *bufio.Scanner
	body   io.Closer
	cancel context.CancelFunc
}

// Subscribe opens a stream of server-sent events; it ends with the test.
func (s *Server) Subscribe(t testing.TB, credential, query string, variables map[string]any) *Events {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), whatsapptest.Patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"text/event-stream"}, "Authorization": bearer(credential)}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	return &Events{Header: answer.Header, lines: lines, body: answer.Body, cancel: cancel}
}

// Close ends the stream from the caller's side.
func (e *Events) Close() { e.cancel() }

// Next waits for the next response; nil is the end of the stream.
func (e *Events) Next(t testing.TB) *Response {
	t.Helper()
	event := ""
	for e.lines.Scan() {
		line := e.lines.Text()
		switch {
		case strings.HasPrefix(line, "event: "):
			event = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data:") && event == "complete":
			return nil
		case strings.HasPrefix(line, "data: "):
			response := &Response{Body: strings.TrimPrefix(line, "data: ")}
			require.NoError(t, json.Unmarshal([]byte(response.Body), response))
			return response
		}
	}
	require.FailNow(t, "the stream broke off", "%v", e.lines.Err())
	return nil
}
