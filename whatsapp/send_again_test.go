package whatsapp_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// A try that certainly fails says nothing of an earlier one that may have left: the
// caller must not be told that nothing was sent, and send it anew.
func TestARefusalBehindAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*whatsapp.NewSend){"waiting": func(*whatsapp.NewSend) {}, "queued": async} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBothQuick(t, func(*whatsapp.Timing) {}, func(w *world) {
				own, alice := w.phone("Own"), w.phone("Alice")
				session := w.link(own)
				w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()}) // no receipt helps
				w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number()})
				var sending errgroup.Group
				sending.Go(func() error {
					_, err := w.send(session, alice.JID(), "once", change)
					return err
				})
				var row models.Outgoing
				w.until(func() bool {
					queued, err := w.db.Outgoing.Queued(w.Context(), session, nil, 1)
					require.NoError(w, err)
					if len(queued) > 0 {
						row = queued[0]
					}
					return row.Attempts > 0
				})
				w.fault(wasim.Fault{Kind: wasim.FaultRefuseSend, Phone: own.Number(), Count: 7, Code: 503})
				refusing := func(f wasim.Fault) bool { return f.Kind == wasim.FaultRefuseSend }
				require.Eventually(w, func() bool { return !slices.ContainsFunc(w.srv.Faults(), refusing) }, slowly, time.Millisecond)
				w.srv.ClearFaults()
				require.NoError(w, sending.Wait())
				w.until(func() bool { return w.outgoing(row.ID).Status != models.OutgoingQueued })
				assert.Equal(w, models.OutgoingSent, w.outgoing(row.ID).Status)
				w.got(alice, row.WAMessageID())
				w.shows(alice, "once")
			})
		})
	}
}

// To restart the gateway is no way around the limits.
func TestLimitsSurviveTheProcess(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, err := w.svc.UpdateSession(w.Context(), session, whatsapp.SessionSettings{RatePerMin: new(2)})
		require.NoError(w, err)
		_, err = w.send(session, alice.JID(), "the first")
		require.NoError(w, err)
		w.stop()
		w.start()
		w.sim.Service = w.svc
		w.sim.Wait(session, whatsapptest.Status(models.SessionWorking))
		_, err = w.send(session, alice.JID(), "the second")
		require.NoError(w, err)
		_, err = w.send(session, alice.JID(), "the third")
		is(w.T, err, fault.RateLimited, "")
	})
}
