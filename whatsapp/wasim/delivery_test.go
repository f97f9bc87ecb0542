package wasim_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

// twoLinked is a server with two linked accounts.
func twoLinked(t *testing.T) (srv *wasim.Server, anna, bert *wasim.Phone, a, b *client) {
	t.Helper()
	srv = newServer(t)
	anna, bert = addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	return srv, anna, bert, pair(t, srv, anna), pair(t, srv, bert)
}

// settled waits until the phone's only companion has acknowledged everything.
func settled(t *testing.T, phone *wasim.Phone) {
	t.Helper()
	pendingBecomes(t, phone, 0)
}

func pendingBecomes(t *testing.T, phone *wasim.Phone, pending int) {
	t.Helper()
	require.Eventually(t, func() bool {
		devices := phone.Devices()
		return len(devices) == 1 && devices[0].Pending == pending
	}, patience, time.Millisecond, "%d stanzas pending", pending)
}

func TestBacklogComesInOrderOnce(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	settled(t, anna)
	a.Disconnect()
	require.Eventually(t, func() bool { return !anna.Devices()[0].Connected }, patience, time.Millisecond, "the server notices")
	const backlog = 50
	for i := range backlog {
		_, err := bert.SendText(within(t), anna.JID(), fmt.Sprint("missed ", i))
		require.NoError(t, err)
	}
	pendingBecomes(t, anna, backlog)
	before := srv.Stats()
	require.NoError(t, a.Connect())
	want(a, func(p *events.OfflineSyncPreview) bool { return p.Total == backlog && p.Messages == backlog })
	want(a, func(c *events.OfflineSyncCompleted) bool { return c.Count == backlog })
	for i := range backlog {
		next := want(a, spoken)
		assert.Equal(t, fmt.Sprint("missed ", i), next.Message.GetConversation())
	}
	settled(t, anna)
	assert.Zero(t, count(a, spoken))
	assert.GreaterOrEqual(t, srv.Stats().Acked-before.Acked, int64(backlog))
	assert.Zero(t, srv.Stats().Redelivered, "first deliveries are no redeliveries")
}

func TestFailedHandlerGetsTheMessageAgain(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	settled(t, anna)
	var failures atomic.Int32
	a.refuseEvents(func(event any) bool {
		m, ok := event.(*events.Message)
		return ok && m.Message.GetConversation() == "bad" && failures.Add(1) == 1
	})
	for _, body := range []string{"good", "bad", "fine"} {
		_, err := bert.SendText(within(t), anna.JID(), body)
		require.NoError(t, err)
	}
	want(a, saying("good"))
	want(a, saying("fine"))
	pendingBecomes(t, anna, 1)
	assert.Zero(t, count(a, saying("bad")))
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultDropSocket, Phone: anna.Number()}))
	want(a, saying("bad")) // the client reconnects by itself
	settled(t, anna)
	assert.Equal(t, int64(1), srv.Stats().Redelivered)
	assert.Zero(t, count(a, spoken))
}

func TestPhoneAsksAgain(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	_, err := a.SendMessage(within(t), bert.JID(), text("first"))
	require.NoError(t, err)
	_, err = bert.WaitMessage(within(t), heard("first"))
	require.NoError(t, err)
	bert.LoseSessions()
	_, err = a.SendMessage(within(t), bert.JID(), text("second"))
	require.NoError(t, err)
	_, err = bert.WaitMessage(within(t), heard("second"))
	require.NoError(t, err, "the client answers the phone's retry receipt")

	// The same with sender keys.
	g, err := anna.CreateGroup(within(t), "Group", bert.JID())
	require.NoError(t, err)
	want(a, func(j *events.JoinedGroup) bool { return j.JID == g })
	_, err = a.SendMessage(within(t), g, text("third"))
	require.NoError(t, err)
	_, err = bert.WaitMessage(within(t), heard("third"))
	require.NoError(t, err)
	bert.LoseSessions()
	_, err = a.SendMessage(within(t), g, text("fourth"))
	require.NoError(t, err)
	_, err = bert.WaitMessage(within(t), heard("fourth"))
	require.NoError(t, err)
	want(b, saying("fourth"))
}

func TestPhoneAnswersRetryReceipts(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, _ := twoLinked(t)
	g, err := anna.CreateGroup(within(t), "Group", bert.JID())
	require.NoError(t, err)
	for _, to := range []jid{anna.JID(), g} {
		_, err = bert.SendText(within(t), to, "before "+to.Server)
		require.NoError(t, err)
		want(a, saying("before "+to.Server))
	}
	// The client loses its sessions, and with them all sender keys of Bert.
	require.NoError(t, a.Store.Sessions.DeleteAllSessions(within(t), bert.LID().SignalAddressUser()))
	_, err = bert.SendText(within(t), anna.JID(), "one to one")
	require.NoError(t, err)
	// The own phone helps out too; the retry receipts are what this test is about.
	want(a, func(m *events.Message) bool {
		return saying("one to one")(m) && m.UnavailableRequestID == "" && m.RetryCount == 2
	})

	require.NoError(t, a.Store.SenderKeys.PutSenderKey(within(t), g.String(), bert.LID().SignalAddress().String(), []byte{}))
	_, err = bert.SendText(within(t), g, "in the group")
	require.NoError(t, err)
	m := want(a, func(m *events.Message) bool { return saying("in the group")(m) && m.UnavailableRequestID == "" })
	assert.Equal(t, g, m.Info.Chat)
	settled(t, anna)
}

func TestCompanionsAnswerEachOther(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	_, err := a.SendMessage(within(t), bert.JID(), text("before"))
	require.NoError(t, err)
	want(b, saying("before"))
	require.NoError(t, b.Store.Sessions.DeleteAllSessions(within(t), anna.LID().SignalAddressUser()))
	_, err = a.SendMessage(within(t), bert.JID(), text("after"))
	require.NoError(t, err)
	m := want(b, func(m *events.Message) bool { return saying("after")(m) && m.UnavailableRequestID == "" })
	assert.Equal(t, anna.LID(), m.Info.Chat)
	settled(t, bert)
}

func TestSenderAddressedByNumber(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, _ := twoLinked(t)
	bert.SetAddressing(types.AddressingModePN)
	_, err := bert.SendText(within(t), anna.JID(), "by number")
	require.NoError(t, err)
	m := want(a, saying("by number"))
	assert.Equal(t, bert.JID(), m.Info.Chat)
	assert.Equal(t, bert.LID(), m.Info.SenderAlt)
	_, err = bert.WaitReceipt(within(t), func(r wasim.PhoneReceipt) bool { return r.IDs[0] == m.Info.ID })
	require.NoError(t, err)
}

func TestBlockedSenderSeesOneTick(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	_, err := b.UpdateBlocklist(within(t), anna.LID(), events.BlocklistChangeActionBlock)
	require.NoError(t, err)
	_, err = a.SendMessage(within(t), bert.JID(), text("blocked"))
	require.NoError(t, err, "the sender is not told")
	_, err = b.UpdateBlocklist(within(t), anna.LID(), events.BlocklistChangeActionUnblock)
	require.NoError(t, err)
	_, err = a.SendMessage(within(t), bert.JID(), text("unblocked"))
	require.NoError(t, err)
	want(b, saying("unblocked"))
	assert.Zero(t, count(b, saying("blocked")))
}

func TestReplyAndMention(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, _ := twoLinked(t)
	_, err := a.SendMessage(within(t), bert.JID(), text("question"))
	require.NoError(t, err)
	question, err := bert.WaitMessage(within(t), heard("question"))
	require.NoError(t, err)
	id, err := bert.SendText(within(t), anna.LID(), "answer @you", wasim.WithReply(question), wasim.WithMentions(anna.LID()), wasim.WithID("3AMYOWNID"))
	require.NoError(t, err)
	assert.Equal(t, "3AMYOWNID", id)
	about := want(a, saying("answer @you")).Message.GetExtendedTextMessage().GetContextInfo()
	assert.Equal(t, question.ID, about.GetStanzaID())
	assert.Equal(t, "question", about.GetQuotedMessage().GetConversation())
	assert.Equal(t, []string{anna.LID().String()}, about.GetMentionedJID())

	require.NoError(t, bert.MarkRead(within(t), anna.JID(), anna.LID(), question.ID))
	want(a, func(r *events.Receipt) bool { return r.Type == types.ReceiptTypeRead && r.MessageIDs[0] == question.ID })
	unknown := types.NewJID("4999999999", types.DefaultUserServer)
	_, err = bert.SendText(within(t), unknown, "nobody")
	require.ErrorIs(t, err, wasim.ErrNotFound)
	require.ErrorIs(t, bert.MarkRead(within(t), unknown, unknown, "x"), wasim.ErrNotFound)
}
