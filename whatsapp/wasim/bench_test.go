package wasim_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

// BenchmarkPhoneToCompanion measures messages from a phone into one client:
// encryption, relay, decryption, acknowledgement. The client's database is the
// larger part of it.
func BenchmarkPhoneToCompanion(b *testing.B) {
	srv := newServer(b)
	anna, bert := addPhone(b, srv, "491700000001", "Anna"), addPhone(b, srv, "491700000002", "Bert")
	c := pair(b, srv, anna)
	b.ResetTimer()
	for i := range b.N {
		_, err := bert.SendText(b.Context(), anna.JID(), fmt.Sprint(i))
		require.NoError(b, err)
	}
	want(c, saying(fmt.Sprint(b.N-1)))
}

// BenchmarkBacklog measures the server's own part of a delivery: encryption and
// queueing for a companion that is not there.
func BenchmarkBacklog(b *testing.B) {
	srv := newServer(b)
	anna, bert := addPhone(b, srv, "491700000001", "Anna"), addPhone(b, srv, "491700000002", "Bert")
	c := pair(b, srv, anna)
	c.Disconnect()
	b.ResetTimer()
	for i := range b.N {
		_, err := bert.SendText(b.Context(), anna.JID(), fmt.Sprint(i))
		require.NoError(b, err)
	}
}

// BenchmarkGroup1024 measures a phone's message to a full group with two linked
// members.
func BenchmarkGroup1024(b *testing.B) {
	srv := newServer(b)
	anna, bert := addPhone(b, srv, "491700000001", "Anna"), addPhone(b, srv, "491700000002", "Bert")
	members := []jid{bert.JID()}
	for i := range 1022 {
		members = append(members, addPhone(b, srv, fmt.Sprintf("4916%08d", i), "Member").JID())
	}
	c := pair(b, srv, bert)
	g, err := anna.CreateGroup(b.Context(), "Full", members...)
	require.NoError(b, err)
	want(c, func(j *events.JoinedGroup) bool { return j.JID == g })
	b.ResetTimer()
	for i := range b.N {
		_, err = anna.SendText(b.Context(), g, fmt.Sprint(i))
		require.NoError(b, err)
	}
	want(c, saying(fmt.Sprint(b.N-1)))
}

// TestManyClients pairs clients at once, lets each hear from a phone and drops
// and recovers all of them.
func TestManyClients(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	srv := newServer(t)
	sender := addPhone(t, srv, "491700000001", "Sender")
	const clients = 40
	phones, linked := make([]*wasim.Phone, clients), make([]*client, clients)
	var all sync.WaitGroup
	for i := range clients {
		phones[i] = addPhone(t, srv, fmt.Sprintf("4916%08d", i), fmt.Sprint("Client ", i))
		all.Go(func() { linked[i] = pair(t, srv, phones[i]) })
	}
	all.Wait()
	require.EqualValues(t, clients, srv.Stats().Connected)
	for i := range clients {
		_, err := sender.SendText(within(t), phones[i].JID(), "hello")
		require.NoError(t, err)
	}
	for _, c := range linked {
		want(c, saying("hello"))
	}
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultDropSocket}))
	for _, c := range linked {
		want[*events.Disconnected](c, nil)
		want[*events.Connected](c, nil)
	}
	require.Eventually(t, func() bool { return srv.Stats().Connected == clients }, patience, time.Millisecond)
}
