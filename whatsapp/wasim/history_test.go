package wasim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/proto/waWeb"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/whatsapp/wasim"
)

const day = 24 * time.Hour

// ofKind matches parts of the history.
func ofKind(kind waHistorySync.HistorySync_HistorySyncType) func(*events.HistorySync) bool {
	return func(h *events.HistorySync) bool { return h.Data.GetSyncType() == kind }
}

// idsIn lists the ids of a part's messages.
func idsIn(h *events.HistorySync) []string {
	var ids []string
	for _, chat := range h.Data.GetConversations() {
		for _, m := range chat.GetMessages() {
			ids = append(ids, m.GetMessage().GetKey().GetID())
		}
	}
	return ids
}

// numbered makes messages of these numbers, one hour apart from each other.
func numbered(from, to int, first time.Time) []wasim.HistoryMessage {
	var list []wasim.HistoryMessage
	for n := from; n <= to; n++ {
		list = append(list, wasim.HistoryMessage{
			ID: fmt.Sprintf("ID%d", n), Text: fmt.Sprint("message ", n), FromMe: n%2 == 0, Time: first.Add(time.Duration(n-from) * time.Hour),
		})
	}
	return list
}

// wishFullHistory lets a client ask for the history of so many days when it links.
func wishFullHistory(c *client, days uint32) {
	c.GetClientPayload = func() *waWa6.ClientPayload {
		payload := c.Store.GetClientPayload()
		if registration := payload.GetDevicePairingData(); registration != nil {
			properties := proto.CloneOf(store.DeviceProps)
			properties.RequireFullSync = proto.Bool(true)
			properties.HistorySyncConfig.FullSyncDaysLimit = proto.Uint32(days)
			registration.DeviceProps, _ = proto.Marshal(properties)
		}
		return payload
	}
}

func TestHistoryIsGivenToNewCompanions(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	group, err := bert.CreateGroup(within(t), "Friends", anna.JID())
	require.NoError(t, err)
	stranger := types.NewJID("498900000000", types.DefaultUserServer)
	strangersLID := types.NewJID("200000000000001", types.HiddenUserServer)
	now := time.Now()
	anna.SetHistory(wasim.History{
		Chats: []wasim.HistoryChat{
			{Chat: group, Unread: 2, MutedUntil: now.Add(day), Messages: []wasim.HistoryMessage{
				{ID: "G1", Sender: bert.JID(), Text: "to all", Time: now.Add(-day)},
			}},
			{Chat: stranger, Name: "Somebody", Archived: true, Messages: []wasim.HistoryMessage{{Text: "made up id"}}},
		},
		PushNames:     map[types.JID]string{stranger: "Some One"},
		LIDs:          map[types.JID]types.JID{stranger: strangersLID},
		ChunkMessages: 10,
	})
	anna.RememberChat(wasim.HistoryChat{Chat: bert.JID(), PinnedAt: now, Unread: 1})
	anna.RememberHistory(bert.JID(), numbered(1, 3, now.Add(-200*day))...) // too old without the full history
	anna.RememberHistory(bert.JID(), numbered(4, 48, now.Add(-20*day))...) // 25 recent ones, the newest 20 are in the first part

	a := pair(t, srv, anna)
	first := want(a, ofKind(waHistorySync.HistorySync_INITIAL_BOOTSTRAP))
	assert.NotEmpty(t, first.Notification.GetInitialHistBootstrapInlinePayload())
	chats := first.Data.GetConversations()
	require.Len(t, chats, 3)
	assert.Equal(t, group.String(), chats[0].GetID())
	assert.Equal(t, "Friends", chats[0].GetName())
	assert.EqualValues(t, 2, chats[0].GetUnreadCount())
	assert.EqualValues(t, now.Add(day).UnixMilli(), chats[0].GetMuteEndTime())
	said, err := a.ParseWebMessage(group, chats[0].GetMessages()[0].GetMessage())
	require.NoError(t, err)
	assert.Equal(t, bert.LID(), said.Info.Sender)
	assert.Equal(t, "Bert", said.Info.PushName)
	assert.Equal(t, stranger.String(), chats[1].GetID())
	assert.True(t, chats[1].GetArchived())
	assert.Equal(t, bert.LID().String(), chats[2].GetID())
	assert.Equal(t, bert.JID().String(), chats[2].GetPnJID())
	assert.NotZero(t, chats[2].GetPinned())
	assert.Equal(t, waHistorySync.Conversation_COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY, chats[2].GetEndOfHistoryTransferType())
	require.Len(t, chats[2].GetMessages(), 20)
	assert.Equal(t, "ID48", chats[2].GetMessages()[0].GetMessage().GetKey().GetID(), "newest first")
	mappings := map[string]string{}
	for _, m := range first.Data.GetPhoneNumberToLidMappings() {
		mappings[m.GetPnJID()] = m.GetLidJID()
	}
	assert.Equal(t, map[string]string{bert.JID().String(): bert.LID().String(), stranger.String(): strangersLID.String()}, mappings)

	names := map[string]string{}
	for _, name := range want(a, ofKind(waHistorySync.HistorySync_PUSH_NAME)).Data.GetPushnames() {
		names[name.GetID()] = name.GetPushname()
	}
	assert.Equal(t, map[string]string{bert.LID().String(): "Bert", stranger.String(): "Some One"}, names)

	var recent []string
	for n, progress := range []uint32{33, 66, 100} {
		part := want(a, ofKind(waHistorySync.HistorySync_RECENT))
		assert.EqualValues(t, n+1, part.Data.GetChunkOrder())
		assert.Equal(t, progress, part.Data.GetProgress())
		assert.NotEmpty(t, part.Notification.GetDirectPath())
		recent = append(recent, idsIn(part)...)
	}
	assert.Len(t, recent, 25)
	assert.Equal(t, "ID28", recent[0])
	assert.Equal(t, "ID4", recent[24])
	assert.Zero(t, count(a, ofKind(waHistorySync.HistorySync_FULL)), "nobody asked for the full history")
	confirmed := map[string]bool{}
	for range 5 {
		receipt, err := anna.WaitReceipt(within(t), func(r wasim.PhoneReceipt) bool {
			return r.Type == types.ReceiptTypeHistorySync && !confirmed[r.IDs[0]]
		})
		require.NoError(t, err)
		confirmed[receipt.IDs[0]] = true
	}

	// Nothing is told twice, unless the phone is asked to.
	a.Disconnect()
	require.NoError(t, a.Connect())
	want[*events.Connected](a, nil)
	settled(t, anna)
	assert.Zero(t, count[*events.HistorySync](a, nil))
	require.NoError(t, anna.SendHistory(within(t)))
	want(a, ofKind(waHistorySync.HistorySync_INITIAL_BOOTSTRAP))
}

func TestHistoryOfWhoWantsEverything(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	now := time.Now()
	anna.SetHistory(wasim.History{Upload: true})
	anna.RememberHistory(bert.JID(), numbered(1, 1, now.Add(-500*day))...)
	anna.RememberHistory(bert.JID(), numbered(2, 2, now.Add(-200*day))...)
	anna.RememberHistory(bert.JID(), numbered(3, 25, now.Add(-2*day))...)
	c := newClient(t, srv)
	c.ManualHistorySyncDownload = true
	wishFullHistory(c, 300)
	link(t, c, anna)
	parts := map[string][]string{}
	for range 4 { // first, names, recent, full
		m := want(c, func(m *events.Message) bool {
			return m.Message.GetProtocolMessage().GetHistorySyncNotification() != nil
		})
		notice := m.Message.GetProtocolMessage().GetHistorySyncNotification()
		assert.Empty(t, notice.GetInitialHistBootstrapInlinePayload())
		data, err := c.DownloadHistorySync(within(t), notice, true)
		require.NoError(t, err)
		parts[data.GetSyncType().String()] = idsIn(&events.HistorySync{Data: data})
		require.NoError(t, c.SendProtocolMessageReceipt(within(t), m.Info.ID, types.ReceiptTypeHistorySync))
		_, err = anna.WaitReceipt(within(t), func(r wasim.PhoneReceipt) bool {
			return r.Type == types.ReceiptTypeHistorySync && slices.Contains(r.IDs, m.Info.ID)
		})
		require.NoError(t, err)
		require.NoError(t, c.DeleteMedia(within(t), whatsmeow.MediaHistory, notice.GetDirectPath(), notice.GetFileEncSHA256(), notice.GetEncHandle()))
		_, err = c.DownloadHistorySync(within(t), notice, true)
		require.ErrorIs(t, err, whatsmeow.ErrMediaDownloadFailedWith404, "it was cleared away")
	}
	assert.Len(t, parts["INITIAL_BOOTSTRAP"], 20)
	assert.Len(t, parts["RECENT"], 3)
	assert.Equal(t, []string{"ID2"}, parts["FULL"])
}

func TestHistoryFaults(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	anna.RememberHistory(bert.JID(), wasim.HistoryMessage{ID: "ID1", Text: "long ago", Time: time.Now().Add(-day)})
	anna.SetHistory(wasim.History{Upload: true})
	anna.RememberHistory(bert.JID(), wasim.HistoryMessage{ID: "ID2", Text: "long ago", Time: time.Now().Add(-day)})
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultHistoryMissing, Phone: anna.Number(), Count: 1}))
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultHistoryCorrupt, Phone: anna.Number(), Count: 1}))
	c := newClient(t, srv)
	c.ManualHistorySyncDownload = true
	link(t, c, anna)
	notice := func() (string, *waE2E.HistorySyncNotification) {
		m := want(c, func(m *events.Message) bool {
			return m.Message.GetProtocolMessage().GetHistorySyncNotification() != nil
		})
		return m.Info.ID, m.Message.GetProtocolMessage().GetHistorySyncNotification()
	}
	id, missing := notice()
	_, err := c.DownloadHistorySync(within(t), missing, true)
	require.ErrorIs(t, err, whatsmeow.ErrMediaDownloadFailedWith404)
	_, corrupt := notice()
	_, err = c.DownloadHistorySync(within(t), corrupt, true)
	require.Error(t, err)
	_, recent := notice()
	_, err = c.DownloadHistorySync(within(t), recent, true)
	require.NoError(t, err)

	// What could not be downloaded is uploaded again on request.
	require.NoError(t, c.SendHistorySyncServerErrorReceipt(within(t), id, missing.GetMediaKey()))
	_, again := notice()
	assert.Equal(t, id, again.GetOriginalMessageID())
	data, err := c.DownloadHistorySync(within(t), again, true)
	require.NoError(t, err)
	assert.Equal(t, []string{"ID2"}, idsIn(&events.HistorySync{Data: data}), "the first history was replaced")
}

func TestOlderMessagesOnDemand(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	anna.RememberHistory(bert.JID(), numbered(1, 5, time.Now().Add(-900*day))...)
	sent, err := b.SendMessage(within(t), anna.JID(), text("live"))
	require.NoError(t, err)
	live := want(a, saying("live"))
	_, err = anna.WaitMessage(within(t), heard("live"))
	require.NoError(t, err)
	ask := func(from types.MessageInfo, count int) (*events.HistorySync, []string) {
		t.Helper()
		request, err := a.SendPeerMessage(within(t), a.BuildHistorySyncRequest(&from, count))
		require.NoError(t, err)
		answer := want(a, func(h *events.HistorySync) bool { return h.Notification.GetPeerDataRequestSessionID() == request.ID })
		assert.Equal(t, waHistorySync.HistorySync_ON_DEMAND, answer.Data.GetSyncType())
		return answer, idsIn(answer)
	}
	answer, ids := ask(live.Info, 3)
	assert.Equal(t, []string{"ID5", "ID4", "ID3"}, ids)
	assert.Equal(t, waHistorySync.Conversation_COMPLETE_ON_DEMAND_SYNC_BUT_MORE_MSG_REMAIN_ON_PRIMARY,
		answer.Data.GetConversations()[0].GetEndOfHistoryTransferType())
	oldest := live.Info
	oldest.ID = "ID3"
	answer, ids = ask(oldest, 50)
	assert.Equal(t, []string{"ID2", "ID1"}, ids)
	assert.Equal(t, waHistorySync.Conversation_COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY,
		answer.Data.GetConversations()[0].GetEndOfHistoryTransferType())
	unknown := live.Info
	unknown.ID, unknown.Timestamp = "unknown", time.Now().Add(day)
	_, ids = ask(unknown, 2)
	assert.Equal(t, []string{sent.ID, "ID5"}, ids, "a message that the phone does not have counts by its time")
}

func TestPhoneHelpsOutWithUnreadableMessages(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	sent, err := b.SendMessage(within(t), anna.JID(), text("lost"))
	require.NoError(t, err)
	want(a, saying("lost"))
	_, err = anna.WaitMessage(within(t), heard("lost"))
	require.NoError(t, err)
	anna.RememberHistory(bert.JID(), wasim.HistoryMessage{ID: "OLD", Text: "from the past", FromMe: true})
	for id, body := range map[string]string{sent.ID: "lost", "OLD": "from the past"} {
		sender := bert.LID()
		if id == "OLD" {
			sender = anna.LID()
		}
		request, err := a.SendPeerMessage(within(t), a.BuildUnavailableMessageRequest(bert.LID(), sender, id))
		require.NoError(t, err)
		got := want(a, func(m *events.Message) bool { return m.UnavailableRequestID == request.ID })
		assert.Equal(t, body, got.Message.GetConversation())
		assert.Equal(t, id, got.Info.ID)
		assert.Equal(t, id == "OLD", got.Info.IsFromMe)
		assert.Equal(t, bert.LID(), got.Info.Chat)
	}
}

func TestOlderMessagesAreAsTheyAreByNow(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, _ := twoLinked(t)
	anna.RememberHistory(bert.JID(),
		wasim.HistoryMessage{ID: "GONE", Deleted: true, Time: time.Now().Add(-2 * day)},
		wasim.HistoryMessage{ID: "LIKED", Text: "old", Time: time.Now().Add(-day), Reactions: map[types.JID]string{bert.JID(): "👍", anna.JID(): "❤"}},
	)
	ctx := within(t)
	edited, err := bert.SendText(ctx, anna.JID(), "first version")
	require.NoError(t, err)
	_, err = bert.Edit(ctx, anna.JID(), edited, "second version")
	require.NoError(t, err)
	_, err = bert.React(ctx, anna.JID(), edited, "😀")
	require.NoError(t, err)
	revoked, err := bert.SendText(ctx, anna.JID(), "oh no")
	require.NoError(t, err)
	_, err = bert.Revoke(ctx, anna.JID(), revoked)
	require.NoError(t, err)
	_, err = anna.WaitCurrent(ctx, bert.LID(), revoked, func(s wasim.MessageState) bool { return s.Deleted })
	require.NoError(t, err)

	later := types.MessageInfo{MessageSource: types.MessageSource{Chat: bert.LID()}, ID: "unknown", Timestamp: time.Now().Add(day)}
	_, err = a.SendPeerMessage(ctx, a.BuildHistorySyncRequest(&later, 50))
	require.NoError(t, err)
	part := want(a, ofKind(waHistorySync.HistorySync_ON_DEMAND))
	assert.ElementsMatch(t, []string{revoked, edited, "LIKED", "GONE"}, idsIn(part), "what changes a message is no message")
	infos := map[string]*waWeb.WebMessageInfo{}
	for _, m := range part.Data.GetConversations()[0].GetMessages() {
		infos[m.GetMessage().GetKey().GetID()] = m.GetMessage()
	}
	for _, id := range []string{revoked, "GONE"} {
		assert.Equal(t, waWeb.WebMessageInfo_REVOKE, infos[id].GetMessageStubType())
		assert.Nil(t, infos[id].GetMessage())
	}
	assert.Equal(t, "second version", infos[edited].GetMessage().GetConversation())
	require.Len(t, infos[edited].GetReactions(), 1)
	assert.Equal(t, "😀", infos[edited].GetReactions()[0].GetText())
	by := map[bool]string{}
	for _, reaction := range infos["LIKED"].GetReactions() {
		by[reaction.GetKey().GetFromMe()] = reaction.GetText()
	}
	assert.Equal(t, map[bool]string{true: "❤", false: "👍"}, by)
}

func TestWhatIsViewedOnceStaysOnThePhone(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, _ := twoLinked(t)
	once, err := bert.SendMedia(within(t), anna.JID(), wasim.Media{Kind: wasim.MediaImage, Data: []byte("jpeg")}, wasim.WithViewOnce())
	require.NoError(t, err)
	want(a, func(m *events.Message) bool { return m.Info.ID == once })
	plain, err := bert.SendText(within(t), anna.JID(), "plain")
	require.NoError(t, err)
	want(a, saying("plain"))
	for _, id := range []string{once, plain} {
		_, err = a.SendPeerMessage(within(t), a.BuildUnavailableMessageRequest(bert.LID(), bert.LID(), id))
		require.NoError(t, err)
	}
	want(a, func(m *events.Message) bool { return m.UnavailableRequestID != "" && m.Info.ID == plain })
	settled(t, anna)
	assert.Zero(t, count(a, func(m *events.Message) bool { return m.UnavailableRequestID != "" }))
}
