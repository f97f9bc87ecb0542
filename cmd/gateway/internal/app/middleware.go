package app

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/oklog/ulid/v2"

	"wagateway/rest"
)

const requestIDHeader = "X-Request-Id"

// requestIDForm is what a caller's own request id may look like; anything else
// is replaced, because the id ends up in the log.
var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID gives every request an id: the caller's or a new ULID. It stands in
// the answer's header, in the log, and where chi's middleware.GetReqID finds it.
func requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !requestIDForm.MatchString(id) {
			id = ulid.Make().String()
		}
		w.Header().Set(requestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), middleware.RequestIDKey, id)))
	})
}

// accessLog writes one line per request. It names the route's pattern and never
// the path or the query: those hold phone numbers and tickets. Probes are logged
// at debug, because they come every few seconds. Requests that are no streams are
// counted, too.
func accessLog(logger *slog.Logger, metrics *rest.Metrics) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			next.ServeHTTP(answer, r)

			route := chi.RouteContext(r.Context()).RoutePattern()
			level := slog.LevelInfo
			if route == "/healthz" || route == "/readyz" || route == "/metrics" {
				level = slog.LevelDebug
			}
			if metrics != nil && !isStream(r) {
				metrics.Observe(r.Method, route, answer.Status(), time.Since(start))
			}
			logger.LogAttrs(r.Context(), level, "request",
				slog.String("request_id", middleware.GetReqID(r.Context())),
				slog.String("method", r.Method),
				slog.String("route", route),
				slog.Int("status", answer.Status()),
				slog.Int("bytes", answer.BytesWritten()),
				slog.Duration("duration", time.Since(start)),
			)
		})
	}
}

// secureHeaders sets what is right for every answer; a handler may set its own
// over it. Answers hold private data, so nothing is cached unless a handler,
// like the one of the playground's assets, says that it may be.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// endStreams ends the contexts of open streams (websockets, server-sent events)
// when closing is. Streams have no end of their own, so a shutdown would
// otherwise wait for them until its time is up; other requests finish in peace.
func endStreams(closing context.Context) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isStream(r) {
				next.ServeHTTP(w, r)
				return
			}
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(closing, cancel)()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func isStream(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") ||
		strings.Contains(r.Header.Get("Accept"), "text/event-stream") ||
		r.URL.Path == rest.EventsPath // curl accepts anything
}
