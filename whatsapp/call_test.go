package whatsapp_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// ring has somebody call.
func (w *world) ring(from *wasim.Phone, to types.JID, video bool) (id string) {
	w.Helper()
	id, err := from.Call(w.Context(), to, video)
	require.NoError(w, err)
	return id
}

// callUntil waits until a stored call is in a state.
func (w *world) callUntil(session, id string, status models.CallStatus) *models.Call {
	w.Helper()
	var call *models.Call
	w.until(func() bool {
		found, err := w.db.Calls.Get(w.Context(), session, id)
		call = found
		return err == nil && found.Status == status
	})
	return call
}

// told gives what the events of a call say.
func (w *world) told(id string) (actions []string) {
	w.Helper()
	for _, e := range w.events(models.EventCall) {
		var payload contract.Call
		require.NoError(w, json.Unmarshal(e.Payload, &payload))
		if payload.CallID == id {
			actions = append(actions, payload.Action)
		}
	}
	return actions
}

func TestCalls(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		session := w.link(own)

		missed := w.ring(alice, own.JID(), true)
		call := w.callUntil(session, missed, models.CallRinging)
		assert.Equal(w, []string{alice.JID().String(), alice.LID().String(), ""}, []string{call.FromJID, call.FromLID, call.GroupJID})
		assert.True(w, call.Video)
		assert.Zero(w, call.EndedAt)
		require.NoError(w, alice.EndCall(ctx, missed, wasim.CallTimeout))
		call = w.callUntil(session, missed, models.CallMissed)
		assert.NotZero(w, call.EndedAt)
		assert.True(w, call.Video)
		assert.Equal(w, []string{"offer", "terminate"}, w.told(missed))

		accepted := w.ring(alice, own.LID(), false)
		require.NoError(w, own.AcceptCall(ctx, accepted))
		w.callUntil(session, accepted, models.CallAccepted)
		_, err := w.svc.RejectCall(ctx, session, accepted)
		is(w, err, fault.Conflict, "")
		require.NoError(w, alice.HangUp(ctx, accepted))
		call = w.callUntil(session, accepted, models.CallEnded)
		assert.False(w, call.Video)
		assert.Equal(w, []string{"offer", "accept", "terminate"}, w.told(accepted))

		declined := w.ring(alice, own.JID(), false)
		require.NoError(w, own.RejectCall(ctx, declined))
		w.callUntil(session, declined, models.CallRejected)
		assert.Equal(w, []string{"offer", "reject"}, w.told(declined))

		group := w.group(alice, types.AddressingModeLID, own)
		conference := w.ring(alice, group, true)
		call = w.callUntil(session, conference, models.CallRinging)
		assert.Equal(w, []string{alice.JID().String(), group.String()}, []string{call.FromJID, call.GroupJID})
		assert.True(w, call.Video)
		require.NoError(w, alice.HangUp(ctx, conference))
		w.callUntil(session, conference, models.CallMissed)
	})
}

func TestRejectCall(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		id := w.ring(alice, own.JID(), false)
		w.callUntil(session, id, models.CallRinging)
		call, err := w.svc.RejectCall(ctx, session, id)
		require.NoError(w, err)
		assert.Equal(w, models.CallRejected, call.Status)
		seen, err := alice.WaitCall(whatsapptest.Within(w), func(c wasim.PhoneCall) bool { return c.ID == id && c.State == wasim.CallRejected })
		require.NoError(w, err)
		assert.Equal(w, []types.JID{own.LID()}, seen.RejectedBy)
		again, err := w.svc.RejectCall(ctx, session, id)
		require.NoError(w, err)
		assert.Equal(w, call, again)
		assert.Equal(w, []string{"offer", "reject"}, w.told(id))
		_, err = w.svc.RejectCall(ctx, session, "no such")
		is(w, err, fault.NotFound, "")
		_, err = w.svc.RejectCall(ctx, session, "")
		is(w, err, fault.Validation, "")

		group := w.group(alice, types.AddressingModeLID, own)
		id = w.ring(alice, group, false)
		w.callUntil(session, id, models.CallRinging)
		_, err = w.svc.RejectCall(ctx, session, id)
		require.NoError(w, err)
		_, err = alice.WaitCall(whatsapptest.Within(w), func(c wasim.PhoneCall) bool { return c.ID == id && len(c.RejectedBy) == 1 })
		require.NoError(w, err, "the others may still come")

		id = w.ring(alice, own.JID(), false)
		w.callUntil(session, id, models.CallRinging)
		_, err = w.svc.StopSession(ctx, session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionStopped))
		_, err = w.svc.RejectCall(ctx, session, id)
		is(w, err, fault.NotImplemented, fault.ReasonNotConnected)
		assert.Equal(w, wasim.CallRinging, alice.CallState(id))
	})
}

func TestAutoRejectCalls(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		rings := w.ring(alice, own.JID(), false)
		w.callUntil(session, rings, models.CallRinging)
		_, err := w.svc.UpdateSession(ctx, session, whatsapp.SessionSettings{AutoRejectCalls: new(true)})
		require.NoError(w, err)
		id := w.ring(alice, own.JID(), true)
		w.callUntil(session, id, models.CallRejected)
		_, err = alice.WaitCall(whatsapptest.Within(w), func(c wasim.PhoneCall) bool { return c.ID == id && c.State == wasim.CallRejected })
		require.NoError(w, err)
		assert.Equal(w, []string{"offer", "reject"}, w.told(id))
		assert.Equal(w, wasim.CallRinging, alice.CallState(rings), "what rang before is left to the callers")

		_, err = w.svc.StopSession(ctx, session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionStopped))
		id = w.ring(alice, own.JID(), false)
		w.stop()
		w.start()
		_, err = w.svc.StartSession(ctx, session)
		require.NoError(w, err)
		w.callUntil(session, id, models.CallRejected)
		_, err = alice.WaitCall(whatsapptest.Within(w), func(c wasim.PhoneCall) bool { return c.ID == id && c.State == wasim.CallRejected })
		require.NoError(w, err, "what still rings when the session comes back is rejected")
	})
}

// TestCallsWhileAway: what happened while the session was offline is heard of
// later, and told in its order.
func TestCallsWhileAway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, err := w.svc.StopSession(ctx, session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionStopped))
		id := w.ring(alice, own.JID(), false)
		require.NoError(w, alice.EndCall(ctx, id, wasim.CallTimeout))
		_, err = w.svc.StartSession(ctx, session)
		require.NoError(w, err)
		w.callUntil(session, id, models.CallMissed)
		assert.Equal(w, []string{"offer", "terminate"}, w.told(id))
	})
}

// TestCallsSurviveADatabaseThatFails: whatsmeow acknowledges calls whatever comes
// of them, so the connection is cut before it can.
func TestCallsSurviveADatabaseThatFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "ALTER TABLE calls RENAME TO calls_away")
		id := w.ring(alice, own.JID(), true)
		w.sim.Wait(session, func(u whatsapp.PairingUpdate) bool { return u.Status != models.SessionWorking })
		require.NoError(w, alice.HangUp(ctx, id))
		exec(w, pool, "ALTER TABLE calls_away RENAME TO calls")
		call := w.callUntil(session, id, models.CallMissed)
		assert.True(w, call.Video, "the offer came again")
		assert.Equal(w, []string{"offer", "terminate"}, w.told(id))
	})
}
