package whatsapp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"golang.org/x/sync/errgroup"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// onBothQuick is onBoth with short times for sending.
func onBothQuick(t *testing.T, change func(*whatsapp.Timing), test func(w *world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		sim := whatsapptest.NewWorldOn(t, db, whatsapptest.WithTiming(func(timing *whatsapp.Timing) {
			timing.Send, timing.SendRetry = 300*time.Millisecond, 10*time.Millisecond
			change(timing)
		}))
		test(&world{T: t, sim: sim, srv: sim.WhatsApp, db: db, svc: sim.Service})
	})
}

func (w *world) fault(f wasim.Fault) {
	w.Helper()
	require.NoError(w, w.srv.SetFault(f))
}

// outgoing gives a send as it is stored.
func (w *world) outgoing(id string) *models.Outgoing {
	w.Helper()
	row, err := w.db.Outgoing.Get(w.Context(), id)
	require.NoError(w, err)
	return row
}

// shows asserts that a phone shows a text once, however often it came.
func (w *world) shows(phone *wasim.Phone, text string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), slowly)
	defer cancel()
	_, err := phone.WaitMessage(ctx, func(m wasim.PhoneMessage) bool { return m.Text == text })
	require.NoError(w, err)
	n := 0
	for _, m := range phone.Messages() {
		if m.Text == text {
			n++
		}
	}
	assert.Equal(w, 1, n, "%q is shown once", text)
}

func TestAWithheldAckIsResolvedWithTheSameID(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(*whatsapp.Timing) {}, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()}) // no receipt helps
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number(), Count: 2})
		sent, err := w.send(session, alice.JID(), "once")
		require.NoError(w, err)
		assert.Equal(w, models.OutgoingSent, sent.Status)
		assert.Equal(w, 2, w.outgoing(sent.ID).Attempts)
		w.srv.ClearFaults()
		w.got(alice, sent.WAMessageID())
		_, err = w.send(session, alice.JID(), "another")
		require.NoError(w, err)
		assert.Equal(w, []string{"once", "another"}, w.receives(alice, 2))
		w.shows(alice, "once")
	})
}

func TestAReceiptResolvesASend(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.Send = time.Minute }, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number()})
		sent, err := w.send(session, alice.JID(), "once")
		require.NoError(w, err)
		assert.Equal(w, models.OutgoingSent, sent.Status)
		assert.Equal(w, models.AckDelivered, sent.Message.AckLevel)
	})
}

func TestAnUnknownOutcomeIsReportedAndResolvedLater(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.SendWait = 400 * time.Millisecond }, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()})
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number()})
		_, err := w.send(session, alice.JID(), "once", withKey("k"))
		details := is(w.T, err, fault.Upstream, fault.ReasonSendUnknown).Details()
		id := details["outboxId"].(string)
		assert.Equal(w, w.outgoing(id).WAMessageID(), details["waMessageId"])
		assert.Equal(w, models.OutgoingQueued, w.outgoing(id).Status)
		_, err = w.send(session, alice.JID(), "once", withKey("k"))
		is(w.T, err, fault.Conflict, fault.ReasonKeyInFlight)

		// The process ends and the next one goes on.
		w.stop()
		w.srv.ClearFaults()
		w.start()
		w.until(func() bool { return w.outgoing(id).Status == models.OutgoingSent })
		w.got(alice, details["waMessageId"].(string))
		w.shows(alice, "once")
		again, err := w.send(session, alice.JID(), "once", withKey("k"))
		require.NoError(w, err)
		assert.True(w, again.Replayed)
		assert.Equal(w, id, again.ID)
		w.sim.Service = w.svc
		_, err = w.send(session, bob.JID(), "hello")
		require.NoError(w, err)
	})
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(*whatsapp.Timing) {}, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		for _, code := range []int{400, 463, 479, 503} {
			w.fault(wasim.Fault{Kind: wasim.FaultRefuseSend, Phone: own.Number(), Count: 1, Code: code})
			_, err := w.send(session, alice.JID(), "no", withKey(fmt.Sprint(code)))
			f := is(w.T, err, fault.Upstream, fault.ReasonWhatsApp)
			assert.Equal(w, code, f.Details()["code"])
			row := w.outgoing(f.Details()["outboxId"].(string))
			assert.Equal(w, models.OutgoingFailed, row.Status)
			assert.Equal(w, models.AckError, row.Message.AckLevel)
			_, err = w.send(session, alice.JID(), "no", withKey(fmt.Sprint(code)))
			assert.Equal(w, f.Details(), is(w.T, err, fault.Upstream, fault.ReasonWhatsApp).Details(), "a repeat replays the failure")
		}
		w.fault(wasim.Fault{Kind: wasim.FaultRefuseSend, Phone: own.Number(), Count: 1, Code: 503})
		queued, err := w.send(session, alice.JID(), "later", async)
		require.NoError(w, err)
		w.until(func() bool { return w.outgoing(queued.ID).Status == models.OutgoingSent })
		w.fault(wasim.Fault{Kind: wasim.FaultRefuseSend, Phone: own.Number(), Count: 1, Code: 479})
		queued, err = w.send(session, alice.JID(), "never", async)
		require.NoError(w, err)
		w.until(func() bool { return w.outgoing(queued.ID).Status == models.OutgoingFailed })
		assert.Equal(w, []string{"later"}, w.receives(alice, 1))

		nobody := types.NewJID("4930999999", types.DefaultUserServer)
		_, err = w.send(session, nobody, "nobody", withKey("nobody"))
		assert.Equal(w, "the number is not on WhatsApp", is(w.T, err, fault.Upstream, fault.ReasonWhatsApp).Message())
		_, err = w.db.Chats.Get(w.Context(), session, nobody.String())
		is(w.T, err, fault.NotFound, "")
		_, err = w.db.Identities.Get(w.Context(), session, nobody.String())
		is(w.T, err, fault.NotFound, "")
		_, err = w.send(session, types.NewJID("120363999999999999", types.GroupServer), "nobody")
		assert.Equal(w, 404, is(w.T, err, fault.Upstream, fault.ReasonWhatsApp).Details()["code"])
		_, err = w.db.Chats.Get(w.Context(), session, "120363999999999999@g.us")
		is(w.T, err, fault.NotFound, "")
		somebody, err := w.srv.AddPhone(nobody.User, "Somebody")
		require.NoError(w, err)
		sent, err := w.send(session, nobody, "nobody", withKey("nobody"))
		require.NoError(w, err, "what is not stored uses no key up")
		w.got(somebody, sent.WAMessageID())
	})
}

// WhatsApp says whether the account may write in a group: what is stored may be
// behind.
func TestWritingWhereOnlyAdminsMay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, bob := w.phone("Own"), w.phone("Bob")
		team := w.group(bob, types.AddressingModeLID, own)
		session := w.link(own)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, team) })
		require.NoError(w, bob.SetAnnounce(w.Context(), team, true))
		_, err := w.send(session, team, "no")
		f := is(w.T, err, fault.Forbidden, fault.ReasonNotGroupAdmin)
		assert.Equal(w, "only admins may write in this group", f.Message())
		assert.Equal(w, 405, f.Details()["code"])
		queued, err := w.send(session, team, "no", async)
		require.NoError(w, err)
		w.until(func() bool { return w.outgoing(queued.ID).Status == models.OutgoingFailed })
		assert.Equal(w, fault.Forbidden, w.outgoing(queued.ID).Failure.Code)
		require.NoError(w, bob.SetAnnounce(w.Context(), team, false))
		_, err = w.send(session, team, "yes")
		require.NoError(w, err)

		village, err := w.svc.CreateGroup(w.Context(), session, whatsapp.NewGroup{Name: "Village", Community: true})
		require.NoError(w, err)
		to, err := types.ParseJID(village.Group.JID)
		require.NoError(w, err)
		_, err = w.send(session, to, "no")
		f = is(w.T, err, fault.Forbidden, "")
		assert.Equal(w, "nobody can write in a community, only in its groups", f.Message())
	})
}

func TestAHeldChatHoldsNoOther(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.SendRetry = time.Minute }, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()})
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number(), Count: 1})
		var last string
		for i := range 70 { // more than a page
			queued, err := w.send(session, alice.JID(), fmt.Sprint(i), async)
			require.NoError(w, err)
			last = queued.ID
			if i == 0 {
				w.until(func() bool { return w.outgoing(queued.ID).Attempts == 1 })
			}
		}
		_, err := w.send(session, bob.JID(), "hello")
		require.NoError(w, err)
		queued, err := w.send(session, bob.JID(), "async", async)
		require.NoError(w, err)
		perMin := 1000
		_, err = w.svc.UpdateSession(w.Context(), session, whatsapp.SessionSettings{RatePerMin: &perMin})
		require.NoError(w, err)
		w.until(func() bool { return w.outgoing(queued.ID).Status == models.OutgoingSent })
		assert.Equal(w, models.OutgoingQueued, w.outgoing(last).Status)
		w.srv.ClearFaults()
		w.fault(wasim.Fault{Kind: wasim.FaultDropSocket, Phone: own.Number()}) // a log-in ends the pause
		w.until(func() bool { return w.outgoing(last).Status == models.OutgoingSent })
		for i, text := range w.receives(alice, 70) {
			assert.Equal(w, fmt.Sprint(i), text)
		}
	})
}

func TestSendingIsLimited(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		limit := func(n int) {
			_, err := w.svc.UpdateSession(w.Context(), session, whatsapp.SessionSettings{RatePerMin: &n})
			require.NoError(w, err)
		}
		limit(2)
		for i := range 2 {
			_, err := w.send(session, alice.JID(), "sync", withKey(fmt.Sprint(i)))
			require.NoError(w, err)
		}
		_, err := w.send(session, alice.JID(), "sync", withKey("2"))
		f := is(w.T, err, fault.RateLimited, "")
		assert.InDelta(w, 30, f.RetryAfter().Seconds(), 10)
		assert.Len(w, w.messages(session, alice.JID()), 2, "nothing is stored")
		again, err := w.send(session, alice.JID(), "sync", withKey("0"))
		require.NoError(w, err, "a repeat takes nothing")
		assert.True(w, again.Replayed)

		queued, err := w.send(session, alice.JID(), "async", async)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionWorking))
		assert.Equal(w, models.OutgoingQueued, w.outgoing(queued.ID).Status)
		limit(3)
		w.until(func() bool { return w.outgoing(queued.ID).Status == models.OutgoingSent })
		assert.Equal(w, []string{"sync", "sync", "async"}, w.receives(alice, 3))
	})
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		var g errgroup.Group
		answers := make([]*models.Outgoing, 8)
		for i := range answers {
			g.Go(func() (err error) {
				answers[i], err = w.send(session, alice.JID(), "once", withKey("key"))
				if f := fault.From(err); f != nil && f.Reason() == fault.ReasonKeyInFlight {
					return nil
				}
				return err
			})
		}
		require.NoError(w, g.Wait())
		first := 0
		for _, a := range answers {
			if a != nil && !a.Replayed {
				first++
			}
		}
		assert.Equal(w, 1, first)
		again, err := w.send(session, alice.JID(), "once", withKey("key"))
		require.NoError(w, err)
		assert.True(w, again.Replayed)
		assert.Equal(w, models.OutgoingSent, again.Status)
		for name, other := range map[string]func() error{
			"text": func() error { _, err := w.send(session, alice.JID(), "twice", withKey("key")); return err },
			"chat": func() error { _, err := w.send(session, bob.JID(), "once", withKey("key")); return err },
		} {
			f := is(w.T, other(), fault.Conflict, fault.ReasonKeyReused)
			assert.NotEmpty(w, f.Message(), name)
		}
		late, err := w.send(session, alice.JID(), "once", withKey("key"), async)
		require.NoError(w, err, "whether it is waited for makes no other request")
		assert.Equal(w, again.ID, late.ID)

		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "UPDATE idempotency_keys SET created_at = created_at - 86401000")
		second, err := w.send(session, alice.JID(), "once", withKey("key"))
		require.NoError(w, err)
		assert.False(w, second.Replayed)
		assert.Equal(w, []string{"once", "once"}, w.receives(alice, 2))
		assert.Len(w, w.messages(session, alice.JID()), 2)
	})
}

func TestSendingNeedsAConnectionUnlessItIsQueued(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		_, err := w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		_, err = w.send(session, alice.JID(), "now", withKey("key"))
		is(w.T, err, fault.NotImplemented, fault.ReasonNotConnected)
		assert.Empty(w, w.messages(session, alice.JID()), "nothing is stored")
		queued, err := w.send(session, alice.JID(), "later", withKey("key"), async)
		require.NoError(w, err)
		again, err := w.send(session, alice.JID(), "later", withKey("key"), async)
		require.NoError(w, err)
		assert.True(w, again.Replayed)
		assert.Equal(w, models.OutgoingQueued, again.Status)
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		w.until(func() bool { return w.outgoing(queued.ID).Status == models.OutgoingSent })
		w.shows(alice, "later")
	})
}

func TestAStoppedSessionAnswersWhoWaits(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.Send = time.Minute }, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()})
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number()})
		var g errgroup.Group
		var tried, waiting error
		g.Go(func() error { _, tried = w.send(session, alice.JID(), "tried"); return nil })
		require.Eventually(w, func() bool { return w.srv.Stats().Accepted > 0 }, slowly, time.Millisecond)
		g.Go(func() error { _, waiting = w.send(session, bob.JID(), "waiting", withKey("k")); return nil })
		w.until(func() bool { return len(w.messages(session, bob.JID())) == 1 })
		_, err := w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		require.NoError(w, g.Wait())
		is(w.T, tried, fault.Upstream, fault.ReasonSendUnknown)
		is(w.T, waiting, fault.NotImplemented, fault.ReasonNotConnected)
		w.srv.ClearFaults()
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionWorking))
		_, err = w.send(session, bob.JID(), "waiting", withKey("k"))
		require.NoError(w, err, "what never left does not use up its key")
		w.until(func() bool { return w.messages(session, alice.JID())[0].AckLevel >= models.AckServer })
		w.shows(alice, "tried")
		w.shows(bob, "waiting")
	})
}

func TestSendingRefusesBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.Open(t, modelstest.SQLite))
	own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
	session := w.link(own)
	other := w.say(bob, own.JID(), "of another chat")
	w.until(func() bool { return len(w.messages(session, bob.JID())) == 1 })
	for name, test := range map[string]struct {
		field  string
		change func(*whatsapp.NewSend)
	}{
		"no recipient":           {"to", func(n *whatsapp.NewSend) { n.To = "" }},
		"not an address":         {"to", func(n *whatsapp.NewSend) { n.To = "Alice" }},
		"no channel":             {"to", func(n *whatsapp.NewSend) { n.To = "x@newsletter" }},
		"a device":               {"to", func(n *whatsapp.NewSend) { n.To = "6281234567890:3@s.whatsapp.net" }},
		"no content":             {"text", func(n *whatsapp.NewSend) { n.Text = nil }},
		"no text":                {"text", func(n *whatsapp.NewSend) { n.Text.Text = "" }},
		"a text too long":        {"text", func(n *whatsapp.NewSend) { n.Text.Text = strings.Repeat("ä", 65_537) }},
		"a text with NUL":        {"text", func(n *whatsapp.NewSend) { n.Text.Text = "a\x00b" }},
		"a text not UTF-8":       {"text", func(n *whatsapp.NewSend) { n.Text.Text = "a\xffb" }},
		"a bad mention":          {"mentions[1]", func(n *whatsapp.NewSend) { n.Text.Mentions = []string{alice.LID().String(), "x"} }},
		"a group mentioned":      {"mentions[0]", func(n *whatsapp.NewSend) { n.Text.Mentions = []string{"120363041234567890@g.us"} }},
		"too many mentions":      {"mentions", func(n *whatsapp.NewSend) { n.Text.Mentions = make([]string, 1025) }},
		"a reply to nothing":     {"replyTo", func(n *whatsapp.NewSend) { n.ReplyTo = "3EB0" }},
		"a reply to another":     {"replyTo", func(n *whatsapp.NewSend) { n.ReplyTo = other }},
		"a reply with NUL":       {"replyTo", func(n *whatsapp.NewSend) { n.ReplyTo = "\x00" }},
		"a key too long":         {"idempotencyKey", func(n *whatsapp.NewSend) { n.IdempotencyKey = strings.Repeat("k", 256) }},
		"a key that is not text": {"idempotencyKey", func(n *whatsapp.NewSend) { n.IdempotencyKey = "\xff" }},
	} {
		for _, change := range []func(*whatsapp.NewSend){func(*whatsapp.NewSend) {}, async} {
			_, err := w.send(session, alice.JID(), "hello", test.change, change)
			f := fault.From(err)
			require.Equal(t, fault.Validation, f.Code(), "%s: %v", name, err)
			assert.Equal(t, test.field, f.Details()["field"], name)
		}
	}
	assert.Empty(t, w.messages(session, alice.JID()))
	_, err := w.send(session, alice.JID(), strings.Repeat("ä", 65_536))
	assert.NoError(t, err, "the longest text")
}

func TestAProcessThatIsKilledLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.Send = time.Minute }, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()}) // no receipt helps
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number()})
		var ids []string
		for i := range 3 {
			queued, err := w.send(session, alice.JID(), fmt.Sprint("message ", i), async)
			require.NoError(w, err)
			ids = append(ids, queued.ID)
		}
		require.Eventually(w, func() bool { return w.srv.Stats().Accepted > 0 }, slowly, time.Millisecond)
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		require.Error(w, w.svc.Close(ctx), "it does not wait for anything")
		w.srv.ClearFaults()
		w.start()
		w.until(func() bool { return w.outgoing(ids[2]).Status == models.OutgoingSent })
		assert.Equal(w, []string{"message 0", "message 1", "message 2"}, w.receives(alice, 3))
		w.shows(alice, "message 0")
		for _, id := range ids {
			assert.Equal(w, models.OutgoingSent, w.outgoing(id).Status)
		}
	})
}

func TestALostConnectionIsWaitedFor(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.SendWait = time.Second }, func(w *world) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		session := w.link(own)
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()})
		w.fault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: own.Number(), Count: 1})
		var g errgroup.Group
		var tried, waiting error
		g.Go(func() error { _, tried = w.send(session, alice.JID(), "tried"); return nil })
		require.Eventually(w, func() bool { return w.srv.Stats().Accepted > 0 }, slowly, time.Millisecond)
		g.Go(func() error { _, waiting = w.send(session, bob.JID(), "waiting"); return nil })
		w.until(func() bool { return len(w.messages(session, bob.JID())) == 1 })
		w.fault(wasim.Fault{Kind: wasim.FaultOffline, Phone: own.Number()})
		require.NoError(w, g.Wait())
		is(w.T, tried, fault.Upstream, fault.ReasonSendUnknown)
		is(w.T, waiting, fault.NotImplemented, fault.ReasonNotConnected)
		w.srv.ClearFaults()
		w.until(func() bool { return w.messages(session, alice.JID())[0].AckLevel >= models.AckServer })
		w.got(alice, w.messages(session, alice.JID())[0].WAMessageID)
		w.shows(alice, "tried")
		assert.Equal(w, models.AckError, w.messages(session, bob.JID())[0].AckLevel)
	})
}

func TestAnOutcomeWaitsForADatabaseThatFails(t *testing.T) {
	t.Parallel()
	onBothQuick(t, func(timing *whatsapp.Timing) { timing.Send = 5 * time.Second }, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()})
		w.fault(wasim.Fault{Kind: wasim.FaultSlow, Phone: own.Number(), Delay: 300 * time.Millisecond})
		var g errgroup.Group
		var sent *models.Outgoing
		g.Go(func() (err error) { sent, err = w.send(session, alice.JID(), "once"); return err })
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })
		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "ALTER TABLE outgoing RENAME TO outgoing_away")
		require.Eventually(w, func() bool { return w.srv.Stats().Accepted > 0 }, slowly, time.Millisecond)
		w.srv.ClearFaults()
		w.fault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: alice.Number()})
		_, err := w.send(session, alice.JID(), "not stored")
		require.Error(w, err)
		exec(w, pool, "ALTER TABLE outgoing_away RENAME TO outgoing")
		require.NoError(w, g.Wait())
		assert.Equal(w, models.OutgoingSent, sent.Status)
		assert.Equal(w, models.OutgoingSent, w.outgoing(sent.ID).Status)
		w.srv.ClearFaults()
		assert.Equal(w, []string{"once"}, w.receives(alice, 1))
		w.shows(alice, "once")
	})
}
