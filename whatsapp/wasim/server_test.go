package wasim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

func TestStart(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	require.Error(t, srv.Start("127.0.0.1:0"), "a server starts once")
	other, err := wasim.New(wasim.Options{})
	require.NoError(t, err)
	assert.Empty(t, other.Addr())
	require.Error(t, other.Start(srv.Addr()), "the address is taken")
	require.NoError(t, other.Close())
	assert.Len(t, srv.RootKeyHex(), 64)
	assert.Equal(t, "ws://"+srv.Addr(), srv.URL())
}

func TestForeignRootKeyIsRefused(t *testing.T) {
	t.Parallel()
	srv, err := wasim.New(wasim.Options{RootSeed: []byte("another authority")})
	require.NoError(t, err)
	require.NoError(t, srv.Start("127.0.0.1:0"))
	t.Cleanup(func() { require.NoError(t, srv.Close()) })
	require.ErrorContains(t, newClient(t, srv).Connect(), "cert", "the client checks the chain")
}

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := pair(t, srv, addPhone(t, srv, "491700000001", "Anna"))
	alive, _ := c.DangerousInternals().SendKeepAlive(within(t))
	assert.True(t, alive)
}

func TestSiblingsSeeGroupMessages(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	sibling := pair(t, srv, anna)
	g, err := bert.CreateGroup(within(t), "Group", anna.JID())
	require.NoError(t, err)
	want(a, func(j *events.JoinedGroup) bool { return j.JID == g })
	want(sibling, func(j *events.JoinedGroup) bool { return j.JID == g })
	sent, err := a.SendMessage(within(t), g, text("from one of two"))
	require.NoError(t, err)
	m := want(sibling, saying("from one of two"))
	assert.True(t, m.Info.IsFromMe)
	assert.Equal(t, g, m.Info.Chat)
	own, err := anna.WaitMessage(within(t), heard("from one of two"))
	require.NoError(t, err)
	assert.True(t, own.FromMe)
	want(b, saying("from one of two"))

	// Each reader's receipt names the reader.
	want(a, func(r *events.Receipt) bool {
		return r.Chat == g && r.MessageIDs[0] == sent.ID && r.Sender.User == bert.LID().User && r.Sender.Device == 1
	})
	// Messages of a phone to itself reach its companions.
	_, err = anna.SendText(within(t), anna.JID(), "note to self")
	require.NoError(t, err)
	for _, companion := range []*client{a, sibling} {
		note := want(companion, saying("note to self"))
		assert.True(t, note.Info.IsFromMe)
		assert.Equal(t, anna.LID(), note.Info.Chat)
	}
}

func TestSiblingAsksAgain(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	sibling := pair(t, srv, anna)
	settled(t, bert)
	_, err := a.SendMessage(within(t), bert.JID(), text("before"))
	require.NoError(t, err)
	want(sibling, saying("before"))
	require.NoError(t, sibling.Store.Sessions.DeleteAllSessions(within(t), anna.LID().SignalAddressUser()))
	_, err = a.SendMessage(within(t), bert.JID(), text("after"))
	require.NoError(t, err)
	m := want(sibling, saying("after"))
	assert.Equal(t, bert.LID(), m.Info.Chat, "an own message that was encrypted again stays in its chat")
	assert.True(t, m.Info.IsFromMe)
}
