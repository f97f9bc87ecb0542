package whatsapp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// TestAskedForAgainAfterARestart: a phone that cannot read a message asks for it
// when the process that sent it is gone.
func TestAskedForAgainAfterARestart(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		first, err := w.send(session, alice.JID(), "readable") // makes the encrypted session
		require.NoError(w, err)
		w.got(alice, first.WAMessageID())
		require.NoError(w, w.srv.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()}))
		later, err := w.send(session, alice.JID(), "asked for again")
		require.NoError(w, err)
		w.stop()
		alice.LoseSessions()
		w.start()
		whatsapptest.Wait(w, w.svc, session, whatsapptest.Status(models.SessionWorking))
		w.srv.ClearFaults()
		assert.Equal(w, "asked for again", w.got(alice, later.WAMessageID()).Text)
	})
}
