package faults

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/wasim"
)

// TestKilledWhileSending kills the gateway between taking a send and WhatsApp's
// word on it: whatever was taken arrives once, by the id it was given, and its
// outcome is told.
func TestKilledWhileSending(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		friend := w.phone("Friend")
		for i := range times(4, 50) {
			if i%2 == 0 {
				// The message is relayed, but the gateway never hears of it.
				require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: w.own.Number(), Count: 1}))
			}
			const taken = "SELECT COUNT(*) FROM outgoing"
			before := w.count(taken)
			var calls sync.WaitGroup
			for j, mode := range []string{"false", "true"} {
				calls.Go(func() {
					w.gateway.call(http.MethodPost, w.gateway.url("/api/v1/sessions/%s/messages?async=%s", w.session, mode), map[string]any{
						"type": "text", "to": friend.JID().String(), "text": fmt.Sprintf("%d.%d", i, j),
					}, nil)
				})
			}
			if i%4 < 2 {
				pause(time.Millisecond, time.Duration(10+rand.IntN(40))*time.Millisecond)
			} else {
				until(t, "a send is taken", func() bool { return w.count(taken) > before })
			}
			w.killed(&calls)
		}
		w.resolved()
		w.relayed()
		w.verifySends(friend)
	})
}

// TestKilledBeforeTheEndOfASend kills the gateway when a message that expires is
// with its recipient and WhatsApp's ack is owed: when it has expired, the next
// process does not tell that it was not sent.
func TestKilledBeforeTheEndOfASend(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		friend := w.phone("Friend")
		require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: w.own.Number()}))
		require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: friend.Number()})) // no receipt helps
		taken := w.server.Stats().Accepted
		expires := time.Now().Add(2 * time.Second)
		var sent sendResult
		status := w.gateway.call(http.MethodPost, w.gateway.url("/api/v1/sessions/%s/messages?async=true", w.session), map[string]any{
			"type": "text", "to": friend.JID().String(), "text": "in time", "expiresAt": expires.UnixMilli(),
		}, &sent)
		require.Equal(t, http.StatusAccepted, status)
		until(t, "WhatsApp has taken it", func() bool { return w.server.Stats().Accepted > taken })
		w.gateway.kill()
		<-time.After(time.Until(expires.Add(100 * time.Millisecond)))
		w.gateway.start()
		w.working()
		w.server.ClearFaults()
		until(t, "it is resolved", func() bool { return w.count("SELECT COUNT(*) FROM outgoing WHERE status = 'queued'") == 0 })
		assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM outgoing WHERE status = 'sent'"))
		until(t, "it is shown", func() bool { return len(shown(friend)["in time"]) == 1 })
		assert.Equal(t, sent.WAMessageID, shown(friend)["in time"][0].ID)
		for _, e := range w.gateway.events("MESSAGE_STATUS") {
			assert.NotEqual(t, "failed", e.Payload.Status)
		}
	})
}

// verifySends compares what was taken to be sent with what the friend's phone
// shows and what the log tells.
func (w *world) verifySends(friend *wasim.Phone) {
	w.Helper()
	var taken []string
	for _, m := range w.stored(friend.JID()) {
		if m.FromMe {
			taken = append(taken, m.WAMessageID)
		}
	}
	require.NotEmpty(w, taken, "nothing was sent at all")
	assert.Zero(w, w.count("SELECT COUNT(*) FROM outgoing WHERE status <> 'sent'"))
	var shown []string
	copies := 0
	for _, m := range friend.Messages() {
		if !m.FromMe {
			shown = append(shown, m.ID)
			copies += m.Copies - 1
		}
	}
	told := map[string]bool{}
	for _, e := range w.gateway.events("MESSAGE_STATUS") {
		told[e.Payload.WAMessageID] = told[e.Payload.WAMessageID] || e.Payload.AckLevel >= 1
	}
	seen := map[string]int{}
	for _, id := range shown {
		seen[id]++
	}
	for _, id := range taken {
		assert.Equal(w, 1, seen[id], "the phone shows %s", id)
		assert.True(w, told[id], "nothing was told of %s", id)
		delete(seen, id)
	}
	assert.Empty(w, seen, "the phone shows what was never taken")
	w.Logf("%d sends: each shown once, %d of them were repeated under their id", len(taken), copies)
}
