package rest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/whatsapptest"
)

// happened makes n events of a session of whatsapptest.Organization's.
func happened(session string, n int) []eventlog.Event {
	events := make([]eventlog.Event, n)
	for i := range events {
		events[i] = graphtest.EventOf(whatsapptest.Organization, session, []models.EventName{models.EventMessage, models.EventMessageStatus}[i%2],
			map[string]any{"waMessageId": fmt.Sprint(i), "body": "line\nbreak  <é>"})
	}
	return events
}

// hears waits until a client has heard these events, in this order, and nothing
// else.
func hears(t *testing.T, l *listener, ids []string) {
	t.Helper()
	for i, id := range ids {
		h := l.next()
		require.Nil(t, h.failure, "%+v", h.failure)
		require.Equal(t, id, h.id, "event %d of %d", i, len(ids))
	}
}

// open waits until an organization has so many streams.
func (s *stack) open(n int) {
	s.Helper()
	require.Eventually(s, func() bool { return s.core.Streams.Open(whatsapptest.Organization) == n },
		whatsapptest.Patience, time.Millisecond, "%d streams", n)
}

// eachKind runs a test once for each way to a stream, on one stack.
func (s *stack) eachKind(test func(s *stack, kind string)) {
	s.Helper()
	for _, kind := range kinds {
		s.Run(kind, func(t *testing.T) { test(s.in(t), kind) })
	}
}

func streaming(t *testing.T, change ...func(*stackOptions)) *stack {
	t.Helper()
	return offline(t, modelstest.Open(t, modelstest.SQLite), change...)
}

func TestStreamsReplayThenGoLive(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	session := s.session()
	events := happened(session, 1200)
	graphtest.Append(t, s.log, events[:600]...)
	var appending sync.WaitGroup
	defer appending.Wait()
	var clients sync.WaitGroup
	for _, kind := range kinds {
		l := s.listen(kind, wish{after: events[0].ID})
		clients.Go(func() { hears(t, l, graphtest.IDs(events[1:])) })
	}
	appending.Go(func() {
		for i := 600; i < len(events); i += 10 {
			assert.NoError(t, s.log.Append(context.Background(), events[i:i+10]))
		}
	})
	clients.Wait()
}

// Whoever names no id hears what happens from then on.
func TestStreamsBeginNow(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	session := s.session()
	graphtest.Append(t, s.log, happened(session, 5)...)
	s.eachKind(func(s *stack, kind string) {
		l := s.listen(kind, wish{})
		defer l.drop()
		// A stream begins some moment after it was asked for: events happen until it has.
		begun, all := make(chan struct{}), make(chan []string, 1)
		go func() {
			var ids []string
			for ticker := time.NewTicker(time.Millisecond); ; {
				events := happened(session, 1)
				graphtest.Append(s, s.log, events...)
				ids = append(ids, events[0].ID)
				select {
				case <-ticker.C:
				case <-begun:
					all <- ids
					return
				}
			}
		}()
		first := l.next()
		close(begun)
		ids := <-all
		place := slices.Index(ids, first.id)
		require.NotEqual(s, -1, place, "it began before it was asked for")
		hears(s.T, l, ids[place+1:])
		l.drop()
		s.open(0)
	})
}

// TestStreamsSurviveReconnects: a client that breaks off a hundred times, after
// any number of events, has heard exactly the log.
func TestStreamsSurviveReconnects(t *testing.T) {
	t.Parallel()
	const reconnects, total = 100, 500
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := offline(t, db)
		session := s.session()
		events := happened(session, total)
		graphtest.Append(t, s.log, events[:20]...)
		var running sync.WaitGroup
		running.Go(func() {
			for i := 20; i < total; i += 4 {
				assert.NoError(t, s.log.Append(context.Background(), events[i:i+4]))
			}
		})
		for _, kind := range kinds {
			running.Go(func() {
				last, heard := events[0].ID, []string{events[0].ID}
				for range reconnects {
					l := s.listen(kind, wish{after: last})
					for range rand.IntN(8) {
						if len(heard) == total {
							break
						}
						h := l.next()
						if !assert.Nil(t, h.failure) || !assert.False(t, h.ended, "%s ended", kind) {
							return
						}
						heard, last = append(heard, h.id), h.id
					}
					l.drop()
				}
				l := s.listen(kind, wish{after: last})
				for len(heard) < total {
					h := l.next()
					if !assert.Nil(t, h.failure) || !assert.False(t, h.ended, "%s ended", kind) {
						return
					}
					heard = append(heard, h.id)
				}
				assert.Equal(t, graphtest.IDs(events), heard, kind)
			})
		}
		running.Wait()
	})
}

// A client that does not read holds up neither who writes nor who else reads,
// and loses nothing.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	session := s.session()
	first := happened(session, 1)
	graphtest.Append(t, s.log, first...)
	slow := make(map[string]*listener)
	for _, kind := range kinds {
		slow[kind] = s.listen(kind, wish{after: first[0].ID})
	}
	fast := s.listen("sse", wish{after: first[0].ID})
	events := make([]eventlog.Event, 1000) // 24 MB: more than sockets hold
	for i := range events {
		events[i] = graphtest.EventOf(whatsapptest.Organization, session, models.EventMessage, map[string]any{"body": strings.Repeat("x", 24<<10)})
	}
	var running sync.WaitGroup
	running.Go(func() { hears(t, fast, graphtest.IDs(events)) })
	graphtest.Append(t, s.log, events...)
	running.Wait()
	for _, l := range slow {
		running.Go(func() { hears(t, l, graphtest.IDs(events)) })
	}
	running.Wait()
}

// A client that takes nothing at all is given up.
func TestDeadClients(t *testing.T) {
	t.Parallel()
	s := streaming(t, func(o *stackOptions) { o.timing.WriteTimeout = 50 * time.Millisecond })
	session := s.session()
	first := happened(session, 1)
	graphtest.Append(t, s.log, first...)
	s.listen("sse", wish{after: first[0].ID})
	s.listen("websocket", wish{after: first[0].ID})
	s.open(2)
	for range 40 {
		events := make([]eventlog.Event, 16)
		for i := range events {
			events[i] = graphtest.EventOf(whatsapptest.Organization, session, models.EventMessage, map[string]any{"body": strings.Repeat("x", 64<<10)})
		}
		graphtest.Append(t, s.log, events...)
	}
	s.open(0)
}

func TestStreamsAreFiltered(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	mine, sibling := s.session(), s.session()
	start := happened(sibling, 1)
	events := append(happened(sibling, 4), happened(mine, 4)...)
	foreign := graphtest.EventOf(otherOrganization, "01J9ZX8K2QHV0M3T6R7P4N5W8C", models.EventMessage, map[string]any{})
	graphtest.Append(t, s.log, append(append(start, foreign), events...)...)
	limited := func() string {
		_, secret, err := s.db.APIKeys.Create(t.Context(), models.NewAPIKey{
			OrganizationID: whatsapptest.Organization, Name: "n", Capabilities: models.CapabilitySet{models.Read}, SessionID: mine,
		})
		require.NoError(t, err)
		return secret
	}()
	after := start[0].ID
	s.eachKind(func(s *stack, kind string) {
		hears(s.T, s.listen(kind, wish{after: after}), graphtest.IDs(events))
		hears(s.T, s.listen(kind, wish{after: after, session: mine}), graphtest.IDs(events[4:]))
		hears(s.T, s.listen(kind, wish{after: after, session: mine, events: "message.status,call"}), []string{events[5].ID, events[7].ID})
		hears(s.T, s.listen(kind, wish{after: after, credential: limited}), graphtest.IDs(events[4:]))
		hears(s.T, s.listen(kind, wish{after: after, credential: limited, session: mine}), graphtest.IDs(events[4:]))
		h := s.listen(kind, wish{after: foreign.ID}).next()
		require.NotNil(s, h.failure, "another organization's event")
		assert.Equal(s, "invalid_cursor", h.failure.Details["reason"])
	})
}

// What comes over every channel is the envelope, byte by byte.
func TestStreamsCarryTheEnvelope(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	events := happened(s.session(), 2)
	graphtest.Append(t, s.log, events...)
	want, err := events[1].Envelope()
	require.NoError(t, err)
	for _, kind := range []string{"sse", "websocket"} {
		h := s.listen(kind, wish{after: events[0].ID}).next()
		assert.Equal(t, string(want), h.body, kind)
		assert.Equal(t, "message.status", h.name, kind)
	}
}

func TestStreamsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := streaming(t, func(o *stackOptions) { o.log.MaxBytes = 64 << 10 })
	session := s.session()
	old := happened(session, 1)
	graphtest.Append(t, s.log, old...)
	graphtest.Append(t, s.log, happened(session, 1000)...) // retention takes the first
	s.eachKind(func(s *stack, kind string) {
		for _, c := range []struct{ name, after, reason string }{
			{"expired", old[0].ID, "cursor_expired"},
			{"forged", "nonsense", "invalid_cursor"},
			{"never made", "evt_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "invalid_cursor"},
		} {
			l := s.listen(kind, wish{after: c.after})
			h := l.next()
			if assert.NotNil(s, h.failure, c.name) {
				assert.Equal(s, "validation_error", h.failure.Code, c.name)
				assert.Equal(s, c.reason, h.failure.Details["reason"], c.name)
			}
			end := l.next()
			assert.True(s, end.ended, c.name)
			if kind == "websocket" {
				assert.EqualValues(s, 4400, end.closed, c.name)
			}
		}
		s.open(0)
	})
}

func TestStreamsOfStrangers(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		session := s.session()
		other := s.newKey(otherOrganization, models.Read)
		blind := s.newKey(whatsapptest.Organization, models.Send, models.Manage)
		for _, kind := range []string{"sse", "graphql-sse", "graphql-ws"} {
			assert.Equal(s, "not_found", s.listen(kind, wish{credential: other, session: session}).next().failure.Code, kind)
			assert.Equal(s, "forbidden", s.listen(kind, wish{credential: blind, session: session}).next().failure.Code, kind)
		}
		for _, c := range []struct {
			path, body, credential, code string
		}{
			{"", `{"sessionId":"` + session + `"}`, other, "not_found"},
			{"", `{"sessionId":"` + session + `"}`, blind, "forbidden"},
			{"", `{"sessionId":""}`, s.key, "not_found"},
			{"", `{"events":["message","mesage"]}`, s.key, "validation_error"},
			{"", `{"events":[]}`, s.key, "validation_error"},
			{"", `{"events":"message"}`, s.key, "validation_error"},
			{"?events=message,nope", "", s.key, "validation_error"},
			{"?events=,", "", s.key, "validation_error"},
			{"?session=nope", "", s.key, "not_found"},
		} {
			method, path := http.MethodPost, ticketPath
			if c.path != "" {
				method, path = http.MethodGet, EventsPath+c.path
			}
			f := s.send(method, path, c.credential, c.body).failure(s.T)
			assert.Equal(s, c.code, f.Code, c)
		}
	})
}

// A stream ends with the credential that opened it, and says why.
func TestStreamsEndWithTheCredential(t *testing.T) {
	t.Parallel()
	s := streaming(t, func(o *stackOptions) { o.timing.Recheck = 10 * time.Millisecond })
	s.eachKind(func(s *stack, kind string) {
		key, secret, err := s.db.APIKeys.Create(s.Context(), models.NewAPIKey{
			OrganizationID: whatsapptest.Organization, Name: "n", Capabilities: models.CapabilitySet{models.Read},
		})
		require.NoError(s, err)
		l := s.listen(kind, wish{credential: secret})
		s.open(1)
		_, err = s.db.APIKeys.Revoke(s.Context(), whatsapptest.Organization, key.ID)
		require.NoError(s, err)
		h := l.next()
		require.NotNil(s, h.failure)
		assert.Equal(s, "unauthorized", h.failure.Code)
		end := l.next()
		assert.True(s, end.ended)
		if kind == "websocket" {
			assert.EqualValues(s, 4401, end.closed)
		}
		s.open(0)
	})
}

func TestStreamsEndWithTheGateway(t *testing.T) {
	t.Parallel()
	closing, shutDown := context.WithCancel(t.Context())
	s := streaming(t, func(o *stackOptions) {
		o.above = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				defer context.AfterFunc(closing, cancel)()
				next.ServeHTTP(w, r.WithContext(ctx))
			})
		}
	})
	all := make(map[string]*listener)
	for _, kind := range kinds {
		all[kind] = s.listen(kind, wish{})
	}
	s.open(len(kinds))
	shutDown()
	for kind, l := range all {
		h := l.next()
		if h.failure != nil { // it was still asking the log for its place
			assert.Equal(t, "unavailable", h.failure.Code, kind)
			h = l.next()
		}
		assert.True(t, h.ended, "%s: %+v", kind, h)
		if kind == "websocket" {
			assert.EqualValues(t, 1001, h.closed)
		}
	}
	s.open(0)
}

// The log that closes ends streams with a reason, too.
func TestStreamsEndWithTheLog(t *testing.T) {
	t.Parallel()
	s := streaming(t)
	all := make(map[string]*listener)
	for _, kind := range kinds {
		all[kind] = s.listen(kind, wish{})
	}
	s.open(len(kinds))
	require.NoError(t, s.log.Close(t.Context()))
	for kind, l := range all {
		h := l.next()
		if assert.NotNil(t, h.failure, kind) {
			assert.Equal(t, "unavailable", h.failure.Code, kind)
		}
		assert.True(t, l.next().ended, kind)
	}
	assert.Equal(t, 503, s.send("GET", EventsPath, s.key, "").StatusCode)
}

// TestStreamsAreLimited: over all kinds together, for each organization alone.
func TestStreamsAreLimited(t *testing.T) {
	t.Parallel()
	s := streaming(t, func(o *stackOptions) { o.streams = len(kinds) })
	var last *listener
	for i, kind := range kinds {
		last = s.listen(kind, wish{})
		s.open(i + 1)
	}
	for _, kind := range kinds {
		l := s.listen(kind, wish{})
		h := l.next()
		if assert.NotNil(t, h.failure, kind) {
			assert.Equal(t, "rate_limited", h.failure.Code, kind)
		}
		if kind == "sse" {
			assert.Equal(t, "10", l.header.Get("Retry-After"))
		}
		if end := l.next(); kind == "websocket" {
			assert.EqualValues(t, 4429, end.closed)
		}
	}
	stranger := s.listen("sse", wish{credential: s.newKey(otherOrganization, models.Read)})
	assert.Equal(t, "text/event-stream", stranger.header.Get("Content-Type"), "another organization has its own")
	last.drop()
	s.open(len(kinds) - 1)
	s.listen("sse", wish{})
	s.open(len(kinds))
}
