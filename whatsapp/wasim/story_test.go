package wasim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

func TestStories(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	cleo := addPhone(t, srv, "491700000003", "Cleo")
	c := pair(t, srv, cleo)

	// Without a list those see it who exchanged a message with the account.
	_, err := anna.SendText(within(t), bert.JID(), "hello")
	require.NoError(t, err)
	want(a, saying("hello"))
	id, err := bert.SendText(within(t), types.StatusBroadcastJID, "my story")
	require.NoError(t, err)
	m := want(a, having(id))
	assert.Equal(t, types.StatusBroadcastJID, m.Info.Chat)
	assert.Equal(t, bert.LID(), m.Info.Sender)
	assert.Equal(t, bert.JID(), m.Info.SenderAlt)
	assert.True(t, want(b, having(id)).Info.IsFromMe)
	require.NoError(t, a.MarkRead(within(t), []string{id}, time.Now(), m.Info.Chat, m.Info.Sender))
	_, err = bert.WaitReceipt(within(t), func(r wasim.PhoneReceipt) bool {
		return r.Type == types.ReceiptTypeRead && r.Chat == types.StatusBroadcastJID && r.From == anna.LID() && r.IDs[0] == id
	})
	require.NoError(t, err)
	want(b, func(r *events.Receipt) bool {
		return r.Type == types.ReceiptTypeRead && r.Chat == types.StatusBroadcastJID && r.Sender == anna.LID()
	})

	// With a list they do, by number or LID; a lost sender key is asked for.
	require.NoError(t, a.Store.SenderKeys.PutSenderKey(within(t), types.StatusBroadcastJID.String(), bert.LID().SignalAddress().String(), []byte{}))
	id, err = bert.SendMedia(within(t), types.StatusBroadcastJID, wasim.Media{Kind: wasim.MediaImage, Data: []byte("image")}, wasim.WithRecipients(cleo.JID(), anna.LID()))
	require.NoError(t, err)
	assert.NotNil(t, want(a, having(id)).Message.GetImageMessage())
	assert.NotNil(t, want(c, having(id)).Message.GetImageMessage())
	seen, err := cleo.WaitMessage(within(t), got(id))
	require.NoError(t, err)
	assert.Equal(t, types.StatusBroadcastJID, seen.Chat)
	require.NoError(t, cleo.MarkRead(within(t), seen.Chat, seen.Sender, id))
	want(b, func(r *events.Receipt) bool { return r.Sender == cleo.LID() && r.Type == types.ReceiptTypeRead })
	_, err = cleo.React(within(t), seen.Chat, id, "❤️")
	require.NoError(t, err)
	assert.Equal(t, cleo.LID(), want(b, func(m *events.Message) bool { return m.Message.GetReactionMessage().GetText() == "❤️" }).Info.Chat)
	state, err := bert.WaitCurrent(within(t), types.StatusBroadcastJID, id, func(s wasim.MessageState) bool { return len(s.Reactions) == 1 })
	require.NoError(t, err)
	assert.Equal(t, "❤️", state.Reactions[cleo.LID()])
	_, err = bert.Revoke(within(t), types.StatusBroadcastJID, id, wasim.WithRecipients(cleo.JID()))
	require.NoError(t, err)
	_, err = cleo.WaitCurrent(within(t), types.StatusBroadcastJID, id, func(s wasim.MessageState) bool { return s.Deleted })
	require.NoError(t, err)

	// From a client, which writes to the contacts it knows by name.
	require.NoError(t, a.Store.Contacts.PutContactName(within(t), bert.JID(), "Bert", "Bert"))
	sent, err := a.SendMessage(within(t), types.StatusBroadcastJID, text("story of a client"))
	require.NoError(t, err)
	m = want(b, having(sent.ID))
	assert.Equal(t, anna.LID().User, m.Info.Sender.User)
	for _, phone := range []*wasim.Phone{bert, anna} {
		seen, err = phone.WaitMessage(within(t), got(sent.ID))
		require.NoError(t, err)
		assert.Equal(t, "story of a client", seen.Text)
	}
	want(a, func(r *events.Receipt) bool {
		return r.Chat == types.StatusBroadcastJID && r.MessageIDs[0] == sent.ID && r.Sender.User == bert.LID().User
	})
	assert.Zero(t, count(c, having(sent.ID)))
}

func TestUnavailableAndUndecryptable(t *testing.T) {
	t.Parallel()
	inRooms(t, func(t *testing.T, r room) {
		id, err := r.bert.SendMedia(within(t), r.fromBert, wasim.Media{Kind: wasim.MediaImage, Data: []byte("image")}, wasim.WithViewOnce(), wasim.AsUnavailable("view_once"))
		require.NoError(t, err)
		gone := want(r.a, func(m *events.UndecryptableMessage) bool { return m.Info.ID == id })
		assert.True(t, gone.IsUnavailable)
		assert.Equal(t, events.UnavailableTypeViewOnce, gone.UnavailableType)
		heardIt, err := r.anna.WaitMessage(within(t), got(id))
		require.NoError(t, err, "the phone can open it")
		assert.True(t, heardIt.ViewOnce())

		id, err = r.bert.SendText(within(t), r.fromBert, "at the third try", wasim.AsUndecryptable(2))
		require.NoError(t, err)
		gone = want(r.a, func(m *events.UndecryptableMessage) bool { return m.Info.ID == id })
		assert.False(t, gone.IsUnavailable)
		m := want(r.a, having(id))
		assert.Equal(t, "at the third try", m.Message.GetConversation())

		id, err = r.bert.SendText(within(t), r.fromBert, "never", wasim.AsUndecryptable(0))
		require.NoError(t, err)
		_, err = r.bert.SendText(within(t), r.fromBert, "behind it")
		require.NoError(t, err)
		want(r.a, saying("behind it"))
		for range 2 {
			want(r.a, func(m *events.UndecryptableMessage) bool { return m.Info.ID == id })
		}
		// All that the client has of it is what its own phone tells it when asked.
		assert.Zero(t, count(r.a, func(m *events.Message) bool { return having(id)(m) && m.UnavailableRequestID == "" }))
	})
}

func TestReceiptsOfMembers(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	cleo := addPhone(t, srv, "491700000003", "Cleo")
	for _, mode := range []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN} {
		g, _, err := bert.CreateGroupFrom(within(t), wasim.GroupSpec{Subject: "Group", Members: []jid{anna.JID(), cleo.JID()}, Addressing: mode})
		require.NoError(t, err)
		want(a, func(j *events.JoinedGroup) bool { return j.JID == g })
		sent, err := a.SendMessage(within(t), g, text("listen"))
		require.NoError(t, err)
		name := func(p *wasim.Phone) jid {
			if mode == types.AddressingModePN {
				return p.JID()
			}
			return p.LID()
		}
		for _, phone := range []*wasim.Phone{bert, cleo} {
			_, err = phone.WaitMessage(within(t), got(sent.ID))
			require.NoError(t, err)
			want(a, func(r *events.Receipt) bool {
				return r.Type == types.ReceiptTypeDelivered && r.Sender == name(phone) && r.Chat == g && r.MessageIDs[0] == sent.ID
			})
			require.NoError(t, phone.MarkPlayed(within(t), g, anna.JID(), sent.ID))
			want(a, func(r *events.Receipt) bool { return r.Type == types.ReceiptTypePlayed && r.Sender == name(phone) })
		}

		// Many at once come in one stanza; whatsmeow takes it apart.
		require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultGroupedReceipts, Phone: anna.Number(), Count: 2, Delay: 20 * time.Millisecond}))
		before := srv.Stats().StanzasOut
		for _, phone := range []*wasim.Phone{bert, cleo} {
			require.NoError(t, phone.MarkRead(within(t), g, anna.LID(), sent.ID))
		}
		for _, phone := range []*wasim.Phone{bert, cleo} {
			r := want(a, func(r *events.Receipt) bool { return r.Type == types.ReceiptTypeRead && r.Sender == name(phone) })
			assert.Equal(t, g, r.Chat)
			assert.Equal(t, []string{sent.ID}, r.MessageIDs)
		}
		assert.Less(t, before, srv.Stats().StanzasOut)
		settled(t, anna)
	}
}

func TestAdminsDeleteOthersMessages(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	g, err := bert.CreateGroup(within(t), "Group", anna.JID())
	require.NoError(t, err)
	want(a, func(j *events.JoinedGroup) bool { return j.JID == g })
	sent, err := a.SendMessage(within(t), g, text("rude"))
	require.NoError(t, err)
	_, err = bert.WaitMessage(within(t), got(sent.ID))
	require.NoError(t, err)
	id, err := bert.Revoke(within(t), g, sent.ID)
	require.NoError(t, err)
	for _, c := range []*client{a, b} {
		m := want(c, having(id))
		assert.Equal(t, types.EditAttributeAdminRevoke, m.Info.Edit)
		key := m.Message.GetProtocolMessage().GetKey()
		assert.Equal(t, anna.LID().String(), key.GetParticipant())
		assert.False(t, key.GetFromMe())
	}
	state, err := anna.WaitCurrent(within(t), g, sent.ID, func(s wasim.MessageState) bool { return s.Deleted })
	require.NoError(t, err)
	assert.Equal(t, bert.LID(), state.DeletedBy)

	// Who is no admin cannot, and a client that tries is not believed.
	own, err := bert.SendText(within(t), g, "polite")
	require.NoError(t, err)
	m := want(a, having(own))
	_, err = anna.Revoke(within(t), g, own)
	require.ErrorIs(t, err, wasim.ErrForbidden)
	tried, err := a.SendMessage(within(t), g, a.BuildRevoke(g, m.Info.Sender, own))
	require.NoError(t, err)
	_, err = bert.WaitMessage(within(t), got(tried.ID))
	require.NoError(t, err)
	state, ok := bert.Current(g, own)
	require.True(t, ok)
	assert.False(t, state.Deleted)
}

func TestDisappearingTimer(t *testing.T) {
	t.Parallel()
	inRooms(t, func(t *testing.T, r room) {
		require.NoError(t, r.bert.SetDisappearing(within(t), r.fromBert, 86400))
		if r.fromBert.Server == types.GroupServer {
			want(r.a, func(g *events.GroupInfo) bool { return g.Ephemeral != nil && g.Ephemeral.DisappearingTimer == 86400 })
			return
		}
		m := want(r.a, func(m *events.Message) bool { return m.Message.GetProtocolMessage() != nil && !m.Info.IsFromMe })
		assert.EqualValues(t, 86400, m.Message.GetProtocolMessage().GetEphemeralExpiration())
	})
}
