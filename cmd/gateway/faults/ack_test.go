package faults

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/wasim"
)

// sendResult is the contract's, as far as it matters here.
type sendResult struct {
	OutboxID    string `json:"outboxId"`
	WAMessageID string `json:"waMessageId"`
}

// send asks for a text to be sent.
func (w *world) send(query, to, text string, out *sendResult) int {
	return w.gateway.call(http.MethodPost, w.gateway.url("/api/v1/sessions/%s/messages"+query, w.session),
		map[string]any{"type": "text", "to": to, "text": text}, out, "Idempotency-Key", text)
}

// shown counts the messages of each text that a phone shows.
func shown(phone *wasim.Phone) map[string][]wasim.PhoneMessage {
	all := map[string][]wasim.PhoneMessage{}
	for _, m := range phone.Messages() {
		all[m.Text] = append(all[m.Text], m)
	}
	return all
}

// TestKilledBeforeTheAck kills the gateway while WhatsApp's ack of a send that
// was accepted is owed: the next process brings it to its end, once. A caller
// that got no answer asks again with its key and gets the send's outcome.
func TestKilledBeforeTheAck(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		bob := w.phone("Bob")
		results := make([]sendResult, times(4, 50))
		for i := range results {
			text := fmt.Sprint("send ", i)
			require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: w.own.Number()}))
			unheard := i%4 >= 2 // no receipt says that it arrived
			if unheard {
				require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: bob.Number()}))
			}
			w.sendAndKill(i, bob, text, &results[i])
			w.server.ClearFaults()
			if unheard {
				require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: bob.Number()}))
			}
			w.gateway.start()
			w.working()
			until(t, "it is sent", func() bool { return w.count("SELECT COUNT(*) FROM outgoing WHERE status = 'queued'") == 0 })
			w.server.ClearFaults()
			if i%2 == 1 { // its caller does not know: it asks again
				until(t, "the outcome of "+text, func() bool { return w.send("", bob.JID().String(), text, &results[i]) == http.StatusOK })
			}
		}
		until(t, "all is shown", func() bool { return len(shown(bob)) >= len(results) })
		w.relayed()
		w.sentOnce(bob, results)
	})
}

// sendAndKill asks for a send and kills the gateway while WhatsApp's ack is owed:
// when the message is with its recipient, when WhatsApp has taken it, or at a
// random moment.
func (w *world) sendAndKill(i int, to *wasim.Phone, text string, result *sendResult) {
	w.Helper()
	taken := w.server.Stats().Accepted
	var asking sync.WaitGroup
	defer asking.Wait()
	if i%2 == 0 {
		require.Equal(w, http.StatusAccepted, w.send("?async=true", to.JID().String(), text, result))
	} else {
		asking.Go(func() { w.send("", to.JID().String(), text, &sendResult{}) }) // it rarely gets an answer
	}
	switch {
	case i%4 < 2:
		until(w.T, "the message is at its recipient", func() bool { return len(shown(to)[text]) > 0 })
	case i%8 < 4:
		until(w.T, "WhatsApp has taken the message", func() bool { return w.server.Stats().Accepted > taken })
	default:
		pause(0, 15*time.Millisecond)
	}
	w.gateway.kill()
}

// sentOnce compares what the recipient's phone shows, what is stored and what
// the log tells with what was asked for.
func (w *world) sentOnce(to *wasim.Phone, results []sendResult) {
	w.Helper()
	told := map[string][]string{}
	for _, e := range w.gateway.events("MESSAGE_STATUS") {
		if e.Payload.AckLevel >= 1 {
			told[e.Payload.OutboxID] = append(told[e.Payload.OutboxID], e.Payload.Status)
			assert.NotEmpty(w, e.Payload.WAMessageID)
		}
	}
	messages, again := shown(to), 0
	assert.Len(w, messages, len(results))
	for i, result := range results {
		text := fmt.Sprint("send ", i)
		if assert.Len(w, messages[text], 1, "%s on the phone", text) {
			assert.Equal(w, result.WAMessageID, messages[text][0].ID, text)
			again += messages[text][0].Copies - 1
		}
		// The recipient's receipt can be the first word on it.
		assert.NotEmpty(w, told[result.OutboxID], "message.status of %s", text)
	}
	stored := w.stored(to.JID())
	assert.Len(w, stored, len(results))
	w.Logf("%d sends: each shown once and told of; %d went out again under the same id", len(results), again)
}
