package wasim_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

func TestFaultDropSocket(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultDropSocket, Phone: anna.Number(), Count: 1}))
	want[*events.Disconnected](a, nil)
	// The first reconnect is cut too, the second one stays.
	want[*events.Connected](a, nil)
	assert.Empty(t, srv.Faults())
	_, err := bert.SendText(within(t), anna.JID(), "back")
	require.NoError(t, err)
	want(a, saying("back"))
}

func TestFaultWithholdAcks(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: anna.Number(), Count: 1}))
	ctx, cancel := context.WithCancel(within(t))
	id := a.GenerateMessageID()
	sent := make(chan error, 1)
	go func() {
		_, err := a.SendMessage(ctx, bert.JID(), text("no ack"), whatsmeow.SendRequestExtra{ID: id})
		sent <- err
	}()
	want(b, saying("no ack"))
	cancel()
	require.Error(t, <-sent, "delivered, but the sender does not know")
	_, err := a.SendMessage(within(t), bert.JID(), text("no ack"), whatsmeow.SendRequestExtra{ID: id})
	require.NoError(t, err)
	twice, err := bert.WaitMessage(within(t), func(m wasim.PhoneMessage) bool { return m.ID == id && m.Copies == 2 })
	require.NoError(t, err, "a phone keeps one message per id")
	assert.Equal(t, "no ack", twice.Text)
	// The sender's own phone has both copies, too, and may be slower.
	require.Eventually(t, func() bool { return srv.Stats().Repeated == 2 }, patience, time.Millisecond)
}

func TestFaultRefuseSend(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultRefuseSend, Phone: anna.Number(), Code: 463, Count: 1}))
	_, err := a.SendMessage(within(t), bert.JID(), text("refused"))
	require.ErrorIs(t, err, whatsmeow.ErrServerReturnedError)
	require.ErrorContains(t, err, "463")
	assert.Equal(t, int64(1), srv.Stats().Refused)
	_, err = a.SendMessage(within(t), bert.JID(), text("taken"))
	require.NoError(t, err)
	want(b, saying("taken"))
	assert.Zero(t, count(b, saying("refused")))
}

func TestFaultRefuseQuery(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	group, err := anna.CreateGroup(within(t), "Team", bert.JID())
	require.NoError(t, err)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultRefuseQuery, Phone: anna.Number(), Code: 429, Count: 1}))
	_, err = a.GetGroupInfo(within(t), group)
	var refusal *whatsmeow.IQError
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 429, refusal.Code)
	_, err = a.GetGroupInfo(within(t), group)
	require.NoError(t, err, "once")
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultRefuseQuery, Phone: anna.Number()}))
	_, err = a.GetGroupInfo(within(t), group)
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 500, refusal.Code)
	_, err = b.GetGroupInfo(within(t), group)
	require.NoError(t, err, "the others' are answered")
}

func TestFaultDuplicate(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	settled(t, anna)
	settled(t, bert)
	before := srv.Stats()
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultDuplicate, Phone: anna.Number(), Count: 2}))
	for _, body := range []string{"one", "two", "three"} {
		_, err := bert.SendText(within(t), anna.JID(), body)
		require.NoError(t, err)
	}
	want(a, saying("three"))
	settled(t, anna)
	after := srv.Stats()
	// Bert's own companion gets a copy of each as well.
	assert.Equal(t, int64(3+2+3), after.Delivered-before.Delivered)
	assert.Equal(t, 1, count(a, saying("one")), "the event buffer swallows the copy")
}

func TestFaultReorder(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultReorder, Phone: anna.Number(), Count: 2}))
	for i := range 4 {
		_, err := bert.SendText(within(t), anna.JID(), fmt.Sprint(i))
		require.NoError(t, err)
	}
	var order []string
	for range 4 {
		order = append(order, want(a, spoken).Message.GetConversation())
	}
	assert.Equal(t, []string{"1", "0", "3", "2"}, order)
	// Without a successor a message comes after a while.
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultReorder, Phone: anna.Number(), Count: 1}))
	_, err := bert.SendText(within(t), anna.JID(), "alone")
	require.NoError(t, err)
	want(a, saying("alone"))
}

func TestFaultTemporaryBan(t *testing.T) {
	t.Parallel()
	srv, anna, _, a, _ := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultBan, Phone: anna.Number(), For: time.Minute, Code: 102}))
	banned := want[*events.TemporaryBan](a, nil)
	assert.Equal(t, events.TempBanBlockedByUsers, banned.Code)
	assert.InDelta(t, 60, banned.Expire.Seconds(), 5)
	srv.ClearFaults()
	a.Disconnect()
	require.NoError(t, a.Connect())
	want[*events.Connected](a, nil)
}

func TestFaultPermanentBan(t *testing.T) {
	t.Parallel()
	srv, anna, _, a, _ := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultBan, Phone: anna.Number()}))
	out := want[*events.LoggedOut](a, nil)
	assert.True(t, out.OnConnect)
	assert.Equal(t, events.ConnectFailureMainDeviceGone, out.Reason)
}

func TestFaultReplaced(t *testing.T) {
	t.Parallel()
	srv, anna, _, a, _ := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultReplaced, Phone: anna.Number()}))
	want[*events.StreamReplaced](a, nil)
	a.Disconnect()
	require.NoError(t, a.Connect())
	want[*events.Connected](a, nil)
}

func TestFaultClientOutdated(t *testing.T) {
	t.Parallel()
	srv, anna, _, a, _ := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultClientOutdated, Phone: anna.Number(), Count: 1}))
	want[*events.ClientOutdated](a, nil)
	a.Disconnect()
	require.NoError(t, a.Connect())
	want[*events.Connected](a, nil)
}

func TestMinimumVersion(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(o *wasim.Options) { o.MinimumRevision = 4_000_000_000 })
	c := newClient(t, srv)
	require.NoError(t, c.Connect())
	want[*events.ClientOutdated](c, nil)
}

func TestFaultSlow(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	settled(t, anna)
	const delay = 150 * time.Millisecond
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultSlow, Phone: anna.Number(), Delay: delay, For: time.Minute}))
	start := time.Now()
	_, err := bert.SendText(within(t), anna.JID(), "slow")
	require.NoError(t, err)
	want(a, saying("slow"))
	assert.GreaterOrEqual(t, time.Since(start), delay)

	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultSlow, Phone: anna.Number(), Delay: time.Hour}))
	_, err = bert.SendText(within(t), anna.JID(), "held")
	require.NoError(t, err)
	srv.ClearFaults()
	want(a, saying("held"))
}

func TestFaultOffline(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("whatsmeow races with itself when a socket ends right behind the handshake (FrameSocket.Close, newNoiseSocket)")
	}
	srv, anna, bert, a, _ := twoLinked(t)
	settled(t, anna)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultOffline, Phone: anna.Number()}))
	want[*events.Disconnected](a, nil)
	_, err := bert.SendText(within(t), anna.JID(), "while offline")
	require.NoError(t, err)
	pendingBecomes(t, anna, 1)
	assert.False(t, anna.Devices()[0].Connected)
	srv.ClearFaults()
	want(a, saying("while offline"))
}

func TestFaultPhoneOffline(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: bert.Number()}))
	sent, err := a.SendMessage(within(t), bert.JID(), text("are you there"))
	require.NoError(t, err)
	fromCompanion := func(r *events.Receipt) bool { return r.MessageIDs[0] == sent.ID && r.Sender.Device == 1 }
	fromPhone := func(r *events.Receipt) bool { return r.MessageIDs[0] == sent.ID && r.Sender.Device == 0 }
	want(a, fromCompanion)
	assert.Empty(t, bert.Messages())
	assert.Zero(t, count(a, fromPhone))
	srv.ClearFaults()
	want(a, fromPhone)
	_, err = bert.WaitMessage(within(t), heard("are you there"))
	require.NoError(t, err)
	_ = anna
}

func TestStreamErrors(t *testing.T) {
	t.Parallel()
	srv, anna, _, a, _ := twoLinked(t)
	anna.StreamError(515)
	want[*events.Connected](a, nil)
	anna.StreamError(503)
	want[*events.Disconnected](a, nil)
	want[*events.Connected](a, nil)
	_ = srv
}

func TestSenselessFaults(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.ErrorIs(t, srv.SetFault(wasim.Fault{Kind: "earthquake"}), wasim.ErrUnknownFault)
	require.ErrorIs(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultSlow, Phone: "491700000009"}), wasim.ErrNoPhone)
	require.ErrorIs(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultSlow, For: -time.Second}), wasim.ErrBadFault)
	assert.Empty(t, srv.Faults())
}

func TestFaultsEnd(t *testing.T) {
	t.Parallel()
	now := time.Now()
	srv := newServer(t, func(o *wasim.Options) { o.Clock = func() time.Time { return now } })
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultWithholdAcks, For: time.Minute}))
	assert.Len(t, srv.Faults(), 1)
	now = now.Add(time.Minute)
	assert.Empty(t, srv.Faults())
}
