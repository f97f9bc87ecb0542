package app

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRequestIDIsKeptOrReplaced(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sent string
		kept bool
	}{
		"a caller's id":  {"trace-1.2_3", true},
		"none":           {"", false},
		"a forged line":  {"x\nlevel=ERROR", false},
		"one too long":   {string(bytes.Repeat([]byte("a"), 65)), false},
		"not plain text": {"ü", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen string
			handler := requestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				seen = middleware.GetReqID(r.Context())
			}))
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			request.Header[requestIDHeader] = []string{test.sent}
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)

			assert.Equal(t, seen, answer.Header().Get(requestIDHeader))
			if test.kept {
				assert.Equal(t, test.sent, seen)
			} else {
				assert.Len(t, seen, 26, "a ULID")
			}
		})
	}
}

// The log names routes. Paths hold phone numbers, queries hold tickets.
func TestAccessLogNamesRoutesOnly(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	router := chi.NewRouter()
	router.Use(requestID, accessLog(slog.New(slog.NewJSONHandler(&log, nil)), nil))
	inner := chi.NewRouter()
	inner.Get("/members/{jid}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	inner.Get("/healthz", func(http.ResponseWriter, *http.Request) {})
	router.Mount("/", inner)

	for _, path := range []string{"/members/4917012345@s.whatsapp.net?ticket=s3cret", "/healthz"} {
		router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	assert.NotContains(t, log.String(), "4917012345")
	assert.NotContains(t, log.String(), "s3cret")
	var line map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &line), "one line: probes are logged at debug only")
	assert.Equal(t, "/members/{jid}", line["route"])
	assert.EqualValues(t, http.StatusTeapot, line["status"])
	assert.NotEmpty(t, line["request_id"])
}

func TestEndStreamsEndsStreamsOnly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path, header, value string
		ends                bool
	}{
		"server-sent events":     {"/graphql", "Accept", "text/event-stream", true},
		"websocket":              {"/graphql", "Upgrade", "WebSocket", true},
		"events, asked for by *": {"/api/v1/events", "Accept", "*/*", true},
		"plain request":          {"/graphql", "Accept", "application/json", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closing, startClosing := context.WithCancel(t.Context())
			handler := endStreams(closing)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				startClosing()
				if test.ends {
					<-r.Context().Done()
				}
				assert.Equal(t, test.ends, r.Context().Err() != nil)
			}))
			request := httptest.NewRequest(http.MethodGet, test.path, nil)
			request.Header.Set(test.header, test.value)
			handler.ServeHTTP(httptest.NewRecorder(), request)
		})
	}
}

func TestSecureHeadersMayBeOverridden(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	secureHeaders(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
	})).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, "public, max-age=60", answer.Header().Get("Cache-Control"))
	assert.Equal(t, "nosniff", answer.Header().Get("X-Content-Type-Options"))
	assert.Equal(t, "DENY", answer.Header().Get("X-Frame-Options"))
}
