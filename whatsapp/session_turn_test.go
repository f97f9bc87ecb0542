package whatsapp_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/whatsapp"
)

// TestTalkingBothWaysAtOnce: what is sent to somebody while their messages come
// advances the same Signal session, and neither undoes the other: everything is
// read the first time.
func TestTalkingBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	const each = 60
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, err := w.svc.UpdateSession(w.Context(), session, whatsapp.SessionSettings{RatePerMin: ptr(1000)})
		require.NoError(w, err)
		w.say(alice, own.JID(), "hello")
		_, err = w.send(session, alice.JID(), "hi")
		require.NoError(w, err)
		w.receives(alice, 1)
		var talk sync.WaitGroup
		talk.Go(func() {
			for i := range each {
				_, err := alice.SendText(w.Context(), own.JID(), fmt.Sprintf("to you %d", i))
				assert.NoError(w, err)
			}
		})
		talk.Go(func() {
			for i := range each {
				_, err := w.send(session, alice.JID(), fmt.Sprintf("to her %d", i))
				assert.NoError(w, err)
			}
		})
		talk.Wait()
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 2*each+2 })
		w.receives(alice, each+1)
		assert.Zero(w, w.srv.Stats().Unreadable, "the phone could read everything at once")
		assert.Empty(w, w.events(models.EventMessageUndecryptable))
	})
}
