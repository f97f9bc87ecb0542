package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestConsumersThroughKills kills the gateway while a webhook and a stream
// follow a flood: the stream hears exactly the log, and the webhook all of it, in
// order for each chat, at most with repeats of what was not noted down yet.
func TestConsumersThroughKills(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		hook := newEndpoint(t)
		status := w.gateway.call(http.MethodPost, w.gateway.url("/api/v1/webhooks"), map[string]any{
			"url": hook.URL, "events": []string{"message"}, "retryPolicy": map[string]any{"policy": "constant", "delaySeconds": 1, "attempts": 50},
		}, nil)
		require.Equal(t, http.StatusCreated, status)
		listening := w.listen()
		f := w.newFlood()
		f.start()
		for range times(3, 20) {
			pause(100*time.Millisecond, 600*time.Millisecond)
			w.gateway.kill()
			w.gateway.start()
		}
		f.end()
		w.working()
		f.verify()
		log := w.gateway.events("MESSAGE")
		last := log[len(log)-1].ID
		until(t, "the stream has heard all", func() bool { return listening.has(last) })
		until(t, "the webhook has got all", func() bool { return hook.count() >= len(log) })

		var ids []string
		byChat := map[string][]string{}
		for _, e := range log {
			ids = append(ids, e.ID)
			byChat[e.Payload.ChatJID] = append(byChat[e.Payload.ChatJID], e.ID)
		}
		w.same("heard by the stream", ids, listening.stop())
		got, repeats := hook.chats()
		require.Len(t, got, len(byChat))
		for chat, want := range byChat {
			w.same("delivered of "+chat, want, got[chat])
		}
		t.Logf("%d events delivered, %d of them again", len(log), repeats)
	})
}

// endpoint receives webhooks.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	events []event // each once
	known  map[string]bool
	again  int
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{known: map[string]bool{}}
	e.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var got event
		if !assert.NoError(t, json.NewDecoder(r.Body).Decode(&got)) {
			return
		}
		assert.Equal(t, got.ID, r.Header.Get("webhook-id"))
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.known[got.ID] {
			e.again++
			return
		}
		e.known[got.ID] = true
		e.events = append(e.events, got)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.events)
}

// chats gives the ids that came for each chat, and how many came again.
func (e *endpoint) chats() (ids map[string][]string, again int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids = map[string][]string{}
	for _, got := range e.events {
		ids[got.Payload.ChatJID] = append(ids[got.Payload.ChatJID], got.ID)
	}
	return ids, e.again
}

// listener follows the stream of messages and connects again, behind what it has
// heard, whenever the gateway is gone.
type listener struct {
	mu    sync.Mutex
	heard []string
	end   context.CancelFunc
	done  chan struct{}
}

// listen starts to follow the stream and returns when it is connected.
func (w *world) listen() *listener {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	l := &listener{end: cancel, done: make(chan struct{})}
	connected := make(chan struct{})
	go func() {
		defer close(l.done)
		first := sync.OnceFunc(func() { close(connected) })
		for last := ""; ctx.Err() == nil; {
			last = l.follow(ctx, w.gateway, last, first)
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}()
	w.Cleanup(func() { l.stop() })
	select {
	case <-connected:
	case <-time.After(patience):
		require.FailNow(w, "the stream does not begin")
	}
	return l
}

// follow reads one connection to its end and gives the id to go on behind.
func (l *listener) follow(ctx context.Context, g *gateway, last string, connected func()) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url("/api/v1/events?events=message"), nil)
	if err != nil {
		return last
	}
	request.Header.Set("x-api-key", g.key)
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return last
	}
	defer answer.Body.Close()
	id, named := "", false
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "id: "):
			id = strings.TrimPrefix(line, "id: ")
		case strings.HasPrefix(line, "event: message"):
			named = true
		case line == "" && id != "":
			last = id
			if named {
				l.mu.Lock()
				l.heard = append(l.heard, id)
				l.mu.Unlock()
			}
			id, named = "", false
			connected()
		}
	}
	return last
}

func (l *listener) has(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.heard, id)
}

// stop ends the following and gives all that was heard.
func (l *listener) stop() []string {
	l.end()
	<-l.done
	return l.heard
}
