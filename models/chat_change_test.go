package models_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// aliceChat gives the chat with Alice as it is stored.
func aliceChat(t *testing.T, db *models.DB, session string) *models.Chat {
	t.Helper()
	chat, err := db.Chats.Get(t.Context(), session, aliceLID)
	require.NoError(t, err)
	return chat
}

func TestChangingChats(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		receive(t, db, session.ID, incoming("1"))
		address := incoming("").Chat
		get := func() *models.Chat { return aliceChat(t, db, session.ID) }
		change := func(patch models.ChatPatch) *models.Chat {
			t.Helper()
			chat, err := db.Chats.Update(ctx, get(), patch)
			require.NoError(t, err)
			assert.Equal(t, get(), chat)
			return chat
		}
		follow := func(patch models.ChatPatch) *models.Chat {
			t.Helper()
			require.NoError(t, db.Chats.Follow(ctx, session.ID, address, patch))
			return get()
		}
		before := len(outbox(t, db))
		assert.Zero(t, change(models.ChatPatch{Archived: new(false)}).Owed, "a repeat is no news")
		assert.Len(t, outbox(t, db), before)

		chat := change(models.ChatPatch{Pinned: new(true), MutedUntil: new(models.Millis(5000))})
		assert.Equal(t, []any{true, models.Millis(5000), models.SyncPinned | models.SyncMuted}, []any{chat.Pinned, chat.MutedUntil, chat.Owed})
		chat = change(models.ChatPatch{Archived: new(true)})
		assert.Equal(t, []any{true, false}, []any{chat.Archived, chat.Pinned}, "archiving unpins")
		assert.Equal(t, models.SyncArchived|models.SyncPinned|models.SyncMuted, chat.Owed)
		assert.Len(t, outbox(t, db), before+2)

		// What WhatsApp is still to hear stands; the rest follows the other device.
		chat = follow(models.ChatPatch{Archived: new(false), MutedUntil: new(models.Millis(0)), MarkedUnread: new(true)})
		assert.Equal(t, []any{true, models.Millis(5000), true}, []any{chat.Archived, chat.MutedUntil, chat.MarkedUnread})
		owed, err := db.Chats.Owed(ctx, session.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []models.Chat{*chat}, owed)

		// Told is about what was told, not about what is wished for meanwhile.
		change(models.ChatPatch{MutedUntil: new(models.Millis(6000))})
		for _, part := range []models.ChatSync{models.SyncArchived, models.SyncPinned, models.SyncMuted} {
			require.NoError(t, db.Chats.Told(ctx, chat, part))
		}
		assert.Equal(t, models.SyncMuted, get().Owed)
		require.NoError(t, db.Chats.Told(ctx, get(), models.SyncMuted))
		require.Error(t, db.Chats.Told(ctx, get(), models.SyncMuted|models.SyncRead))
		owed, err = db.Chats.Owed(ctx, session.ID, 10)
		require.NoError(t, err)
		assert.Empty(t, owed)
		chat = follow(models.ChatPatch{Archived: new(false), Pinned: new(true), MutedUntil: new(models.Millis(0)), MarkedUnread: new(false)})
		assert.Equal(t, []any{false, true, models.Millis(0), false}, []any{chat.Archived, chat.Pinned, chat.MutedUntil, chat.MarkedUnread})
		assert.Zero(t, chat.Owed, "WhatsApp knows")

		// A chat that is not known is made when there is something to keep.
		bob := models.ChatAddress{Type: models.ChatDM, Person: lid("7")}
		require.NoError(t, db.Chats.Follow(ctx, session.ID, bob, models.ChatPatch{Pinned: new(false), Archived: new(false)}))
		_, err = db.Chats.Get(ctx, session.ID, "7@lid")
		require.True(t, fault.Is(err, fault.NotFound), err)
		require.NoError(t, db.Chats.Follow(ctx, session.ID, bob, models.ChatPatch{Archived: new(true)}))
		made, err := db.Chats.Get(ctx, session.ID, "7@lid")
		require.NoError(t, err)
		assert.True(t, made.Archived)

		timer, err := db.Chats.SetEphemeral(ctx, session.ID, address, 86_400)
		require.NoError(t, err)
		assert.Equal(t, 86_400, timer.EphemeralSeconds)
		told := len(outbox(t, db))
		_, err = db.Chats.SetEphemeral(ctx, session.ID, address, 86_400)
		require.NoError(t, err)
		assert.Len(t, outbox(t, db), told, "a repeat is no news")

		require.NoError(t, db.Chats.Delete(ctx, get()))
		_, err = db.Chats.Update(ctx, chat, models.ChatPatch{Archived: new(true)})
		require.True(t, fault.Is(err, fault.NotFound), err)
		require.True(t, fault.Is(db.Chats.Delete(ctx, chat), fault.NotFound))
		assert.Zero(t, number(t, db, "SELECT COUNT(*) FROM messages"))
	})
}

// TestTimersOfChats: a message sets the timer of its chat, the latest one counting
// in whatever order they come.
func TestTimersOfChats(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		setting := func(id string, at models.Millis, seconds int) models.NewMessage {
			m := incoming(id)
			m.Type, m.Body, m.Quiet, m.Timestamp = models.MessageSystem, "", true, at
			m.Content = models.Content{System: &models.System{Kind: "ephemeral_setting"}, EphemeralSeconds: seconds}
			return m
		}
		timer := func() int { return aliceChat(t, db, session.ID).EphemeralSeconds }
		receive(t, db, session.ID, setting("2", 2000, 86_400))
		assert.Equal(t, 86_400, timer())
		receive(t, db, session.ID, setting("1", 1000, 604_800))
		assert.Equal(t, 86_400, timer(), "an older one that came late")
		told := len(outbox(t, db))
		_, fresh, err := db.Messages.Receive(t.Context(), session.ID, setting("2", 2000, 86_400))
		require.NoError(t, err)
		assert.False(t, fresh)
		assert.Len(t, outbox(t, db), told, "a repeat is no news")
		receive(t, db, session.ID, setting("3", 3000, 0))
		assert.Zero(t, timer())
		assert.ElementsMatch(t, []string{"chat.updated " + alicePhone, "message " + alicePhone}, outbox(t, db)[told:])
		assert.Zero(t, aliceChat(t, db, session.ID).UnreadCount)
	})
}

// TestUnarchiving: a message takes its chat out of the archive where the account
// has it so, and tells of both.
func TestUnarchiving(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		archive := func() {
			require.NoError(t, db.Chats.Follow(ctx, session.ID, incoming("").Chat, models.ChatPatch{Archived: new(true)}))
		}
		archive()
		receive(t, db, session.ID, incoming("1"))
		assert.True(t, aliceChat(t, db, session.ID).Archived, "it stays by default")
		require.NoError(t, db.Chats.SetUnarchive(ctx, session.ID, true))
		past := incoming("0")
		past.History = true
		receive(t, db, session.ID, past)
		assert.True(t, aliceChat(t, db, session.ID).Archived, "the past is no news")
		told := len(outbox(t, db))
		receive(t, db, session.ID, incoming("2"))
		assert.False(t, aliceChat(t, db, session.ID).Archived)
		assert.ElementsMatch(t, []string{"message " + alicePhone, "chat.updated " + alicePhone}, outbox(t, db)[told:])
		receive(t, db, session.ID, incoming("3"))
		assert.Len(t, outbox(t, db), told+3)
		require.NoError(t, db.Chats.SetUnarchive(ctx, session.ID, false))
		archive()
		receive(t, db, session.ID, incoming("4"))
		assert.True(t, aliceChat(t, db, session.ID).Archived)
	})
}

func TestMarkedUnread(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		for i := range 3 {
			m := incoming(fmt.Sprint(i))
			m.Timestamp = models.Millis(1000 * (i + 1))
			receive(t, db, session.ID, m)
		}
		address := incoming("").Chat
		get := func() *models.Chat { return aliceChat(t, db, session.ID) }
		require.NoError(t, db.Chats.ReadUntil(ctx, session.ID, address, 1999))
		assert.Equal(t, 2, get().UnreadCount)
		require.NoError(t, db.Chats.Follow(ctx, session.ID, address, models.ChatPatch{MarkedUnread: new(true)}))
		require.NoError(t, db.Chats.ReadUntil(ctx, session.ID, address, 2000))
		assert.Equal(t, []any{1, false}, []any{get().UnreadCount, get().MarkedUnread}, "reading takes the mark off")

		waiting, err := db.Chats.WithUnread(ctx, session.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []models.Chat{*get()}, waiting)
		last, err := db.Messages.InChat(ctx, get(), "2")
		require.NoError(t, err)
		require.NoError(t, db.Chats.MarkReadThrough(ctx, get(), last))
		assert.Zero(t, get().UnreadCount)
		assert.Zero(t, get().Owed)

		_, err = db.Chats.Update(ctx, get(), models.ChatPatch{MarkedUnread: new(true)})
		require.NoError(t, err)
		require.NoError(t, db.Chats.MarkReadThrough(ctx, get(), last))
		assert.True(t, get().MarkedUnread, "WhatsApp is still to hear of the mark")
		_, err = db.Chats.MarkRead(ctx, get())
		require.NoError(t, err)
		assert.Equal(t, []any{false, models.SyncRead}, []any{get().MarkedUnread, get().Owed})
		require.NoError(t, db.Chats.ReadUntil(ctx, session.ID, models.ChatAddress{Type: models.ChatGroup, JID: teamJID}, 9999), "unknown")
	})
}

func TestClearingChats(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		address := incoming("").Chat
		fill := func() {
			for i := range 4 {
				m := incoming(fmt.Sprint(i))
				m.Timestamp = models.Millis(1000 * (i + 1))
				receive(t, db, session.ID, m)
			}
		}
		fill()
		at := func(id string) models.MessageAddress {
			return models.MessageAddress{Chat: address, WAMessageID: id, Sender: incoming(id).Sender}
		}
		get := func() *models.Chat { return aliceChat(t, db, session.ID) }
		left := func() (ids []string) {
			list, err := db.Messages.List(ctx, get().ID, models.Page{})
			require.NoError(t, err)
			for _, m := range list.Items {
				ids = append(ids, m.WAMessageID)
			}
			return ids
		}
		require.NoError(t, db.Chats.SetStarred(ctx, session.ID, at("0"), true))
		require.NoError(t, db.Chats.SetStarred(ctx, session.ID, at("unknown"), true))
		starred, err := db.Messages.InChat(ctx, get(), "0")
		require.NoError(t, err)
		assert.True(t, starred.Starred)
		require.NoError(t, db.Labels.LinkMessage(ctx, session.ID, "1", address, "1", true))

		require.NoError(t, db.Chats.Cleared(ctx, session.ID, address, 2500, false))
		assert.Equal(t, []string{"3", "2", "0"}, left(), "starred ones and later ones stay")
		assert.Equal(t, []any{3, models.Millis(4000)}, []any{get().UnreadCount, get().LastMessageAt})
		assert.Zero(t, number(t, db, "SELECT COUNT(*) FROM label_links"))
		require.NoError(t, db.Chats.DeleteMessage(ctx, session.ID, at("3")))
		require.NoError(t, db.Chats.DeleteMessage(ctx, session.ID, at("3")))
		assert.Equal(t, []any{2, models.Millis(3000)}, []any{get().UnreadCount, get().LastMessageAt})
		require.NoError(t, db.Chats.ReadUntil(ctx, session.ID, address, 2000))
		require.NoError(t, db.Chats.DeleteMessage(ctx, session.ID, at("0")))
		assert.Equal(t, 1, get().UnreadCount, "one that was read already")

		cleared, err := db.Chats.Clear(ctx, get())
		require.NoError(t, err)
		assert.Equal(t, []any{0, models.Millis(0)}, []any{cleared.UnreadCount, cleared.LastMessageAt})
		told := len(outbox(t, db))
		_, err = db.Chats.Clear(ctx, get())
		require.NoError(t, err)
		assert.Len(t, outbox(t, db), told, "a repeat is no news")

		fill()
		require.NoError(t, db.Chats.Cleared(ctx, session.ID, address, 2000, true))
		assert.Equal(t, []string{"3", "2"}, left(), "what came after the deletion stays, and so the chat")
		require.NoError(t, db.Chats.Cleared(ctx, session.ID, address, 9000, true))
		_, err = db.Chats.Get(ctx, session.ID, aliceLID)
		require.True(t, fault.Is(err, fault.NotFound), err)
		require.NoError(t, db.Chats.Cleared(ctx, session.ID, address, 9000, true), "unknown")
	})
}

func TestLabels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		other := modelstest.Session(t, db, "org")
		receive(t, db, session.ID, incoming("1"))
		chat, message := aliceChat(t, db, session.ID), incoming("1")
		next := func() string {
			id, err := db.Labels.NextID(ctx, session.ID)
			require.NoError(t, err)
			return id
		}
		assert.Equal(t, "1", next())
		told := len(outbox(t, db))
		for range 2 {
			require.NoError(t, db.Labels.LinkChat(ctx, session.ID, "4", message.Chat, true), "before its name is known")
		}
		assert.Len(t, outbox(t, db), told+1)
		orders, err := db.Labels.Save(ctx, session.ID, models.Label{WALabelID: "4", Name: "Orders", Color: 3})
		require.NoError(t, err)
		assert.Equal(t, "5", next())
		_, err = db.Labels.Save(ctx, other.ID, models.Label{WALabelID: "9", Name: "Theirs"})
		require.NoError(t, err)
		require.NoError(t, db.Labels.LinkMessage(ctx, session.ID, "4", message.Chat, "1", true))
		require.NoError(t, db.Labels.LinkMessage(ctx, session.ID, "4", message.Chat, "unknown", true))
		m, err := db.Messages.InChat(ctx, chat, "1")
		require.NoError(t, err)

		bySession, err := db.Labels.ListBySessions(ctx, []string{session.ID})
		require.NoError(t, err)
		assert.Equal(t, map[string][]models.Label{session.ID: {*orders}}, bySession)
		byChat, err := db.Labels.ListByChats(ctx, []int64{chat.ID, 99})
		require.NoError(t, err)
		assert.Equal(t, map[int64][]models.Label{chat.ID: {*orders}}, byChat)
		byMessage, err := db.Labels.ListByMessages(ctx, []int64{m.ID, 99})
		require.NoError(t, err)
		assert.Equal(t, map[int64][]models.Label{m.ID: {*orders}}, byMessage)

		require.NoError(t, db.Labels.LinkChat(ctx, session.ID, "4", message.Chat, false))
		byChat, err = db.Labels.ListByChats(ctx, []int64{chat.ID})
		require.NoError(t, err)
		assert.Empty(t, byChat)
		for range 2 {
			require.NoError(t, db.Labels.Delete(ctx, session.ID, "4"))
		}
		assert.Zero(t, number(t, db, "SELECT COUNT(*) FROM label_links"))
		_, err = db.Labels.Get(ctx, session.ID, "4")
		require.True(t, fault.Is(err, fault.NotFound), err)
	})
}

func TestFilteringChats(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		first := incoming("1")
		first.Sender.PushName, first.Chat.Person.PushName = "Alice 100%", "Alice 100%"
		receive(t, db, session.ID, first, inTeam("2", lid("7")))
		_, err := db.Chats.Update(ctx, aliceChat(t, db, session.ID), models.ChatPatch{Pinned: new(true)})
		require.NoError(t, err)
		_, err = db.Chats.MarkRead(ctx, aliceChat(t, db, session.ID))
		require.NoError(t, err)
		require.NoError(t, db.Labels.LinkChat(ctx, session.ID, "4", first.Chat, true))
		news := models.ChatAddress{Type: models.ChatChannel, JID: "120363012345678901@newsletter"}
		require.NoError(t, db.Chats.Follow(ctx, session.ID, news, models.ChatPatch{Archived: new(true)}))
		execute(t, db, `INSERT INTO channels (session_id, jid, name, first_seen_at, updated_at) VALUES ('`+session.ID+`', '`+news.JID+`', 'Daily News', 1, 1)`)
		alice, team := alicePhone, teamJID
		for name, c := range map[string]struct {
			filter models.ChatFilter
			want   []string
		}{
			"all":          {models.ChatFilter{}, []string{team, alice, news.JID}},
			"groups":       {models.ChatFilter{Type: models.ChatGroup}, []string{team}},
			"archived":     {models.ChatFilter{Archived: new(true)}, []string{news.JID}},
			"not archived": {models.ChatFilter{Archived: new(false)}, []string{team, alice}},
			"pinned":       {models.ChatFilter{Pinned: new(true)}, []string{alice}},
			"unread":       {models.ChatFilter{Unread: new(true)}, []string{team}},
			"read":         {models.ChatFilter{Unread: new(false), Archived: new(false)}, []string{alice}},
			"label":        {models.ChatFilter{LabelID: "4"}, []string{alice}},
			"no label":     {models.ChatFilter{LabelID: "5"}, nil},
			"name":         {models.ChatFilter{Query: "aLIce 100%"}, []string{alice}},
			"wildcards":    {models.ChatFilter{Query: "A%e"}, nil},
			"number":       {models.ChatFilter{Query: "62812"}, []string{alice}},
			"channel":      {models.ChatFilter{Query: "daily"}, []string{news.JID}},
			"address":      {models.ChatFilter{Query: "12036304"}, []string{team}},
		} {
			list, err := db.Chats.List(ctx, session.ID, c.filter, models.Page{})
			require.NoError(t, err, name)
			var got []string
			for _, chat := range list.Items {
				got = append(got, chat.JID)
			}
			assert.ElementsMatch(t, c.want, got, name)
			n, err := db.Chats.Count(ctx, session.ID, c.filter)
			require.NoError(t, err, name)
			assert.Equal(t, len(c.want), n, name)
		}
		channel, err := db.Chats.Get(ctx, session.ID, news.JID)
		require.NoError(t, err)
		assert.Equal(t, "Daily News", channel.Name)
		assert.NotEqual(t, models.ChatFilter{Query: "a"}.Key(), models.ChatFilter{LabelID: "a"}.Key())
		one, same := models.ChatFilter{Unread: new(true)}, models.ChatFilter{Unread: new(true)}
		assert.Equal(t, one.Key(), same.Key())
	})
}
