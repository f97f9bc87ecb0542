package wasim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

func TestPhoneWritesAppState(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	sent, err := b.SendMessage(within(t), anna.JID(), text("hello"))
	require.NoError(t, err)
	_, err = anna.WaitMessage(within(t), heard("hello"))
	require.NoError(t, err)

	ctx, until := within(t), time.Now().Add(time.Hour).Truncate(time.Millisecond)
	require.NoError(t, anna.Pin(ctx, bert.JID(), true))
	assert.Equal(t, bert.LID(), want(a, func(p *events.Pin) bool { return p.Action.GetPinned() }).JID)
	require.NoError(t, anna.Archive(ctx, bert.JID(), true))
	archived := want(a, func(e *events.Archive) bool { return e.Action.GetArchived() })
	assert.Equal(t, sent.ID, archived.Action.GetMessageRange().GetMessages()[0].GetKey().GetID())
	want(a, func(p *events.Pin) bool { return !p.Action.GetPinned() })
	require.NoError(t, anna.Mute(ctx, bert.JID(), until))
	assert.Equal(t, until.UnixMilli(), want(a, func(m *events.Mute) bool { return m.Action.GetMuted() }).Action.GetMuteEndTimestamp())
	require.NoError(t, anna.Mute(ctx, bert.JID(), store.MutedForever))
	want(a, func(m *events.Mute) bool { return m.Action.GetMuteEndTimestamp() == -1 })
	require.NoError(t, anna.Mute(ctx, bert.JID(), time.Time{}))
	want(a, func(m *events.Mute) bool { return !m.Action.GetMuted() })
	require.NoError(t, anna.MarkChatRead(ctx, bert.JID(), false))
	want(a, func(r *events.MarkChatAsRead) bool { return !r.Action.GetRead() })
	require.NoError(t, anna.Star(ctx, bert.JID(), sent.ID, true))
	star := want(a, func(s *events.Star) bool { return s.Action.GetStarred() })
	assert.Equal(t, sent.ID, star.MessageID)
	assert.False(t, star.IsFromMe)
	require.NoError(t, anna.EditLabel(ctx, "1", "Orders", 4, false))
	assert.Equal(t, "Orders", want[*events.LabelEdit](a, nil).Action.GetName())
	require.NoError(t, anna.LabelChat(ctx, "1", bert.JID(), true))
	assert.Equal(t, bert.LID(), want[*events.LabelAssociationChat](a, nil).JID)
	require.NoError(t, anna.LabelMessage(ctx, "1", bert.JID(), sent.ID, true))
	assert.Equal(t, sent.ID, want[*events.LabelAssociationMessage](a, nil).MessageID)
	require.NoError(t, anna.SaveContact(ctx, bert.JID(), "Bert Brecht", "Bert"))
	contact := want[*events.Contact](a, nil)
	assert.Equal(t, bert.JID(), contact.JID)
	assert.Equal(t, bert.LID().String(), contact.Action.GetLidJID())
	require.NoError(t, anna.DeleteForMe(ctx, bert.JID(), sent.ID))
	assert.Equal(t, sent.ID, want[*events.DeleteForMe](a, nil).MessageID)
	require.NoError(t, anna.ClearChat(ctx, bert.JID()))
	assert.True(t, want[*events.ClearChat](a, nil).DeleteMedia)
	require.NoError(t, anna.DeleteChat(ctx, bert.JID()))
	want[*events.DeleteChat](a, nil)

	state := anna.ChatState(bert.LID())
	assert.True(t, state.Archived)
	assert.False(t, state.Pinned)
	assert.True(t, state.MutedUntil.IsZero())
	assert.True(t, state.MarkedUnread)
	assert.Equal(t, []string{sent.ID}, state.Starred)
	assert.Equal(t, []string{sent.ID}, state.DeletedForMe)
	assert.Equal(t, []string{"1"}, state.Labels)
	assert.Equal(t, map[string][]string{sent.ID: {"1"}}, state.MessageLabels)
	assert.False(t, state.ClearedAt.IsZero())
	assert.False(t, state.DeletedAt.IsZero())
	saved, ok := anna.Contact(bert.JID())
	assert.True(t, ok)
	assert.Equal(t, wasim.SavedContact{FullName: "Bert Brecht", FirstName: "Bert"}, saved)

	nobody := types.NewJID("499999999999", types.DefaultUserServer)
	assert.ErrorIs(t, anna.Archive(ctx, nobody, true), wasim.ErrNotFound)
	assert.ErrorIs(t, anna.Star(ctx, bert.JID(), "unknown", true), wasim.ErrNotFound)
	assert.ErrorIs(t, anna.EditLabel(ctx, "", "x", 0, false), wasim.ErrBadRequest)
}

func TestPhoneReadsAppState(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	send := func(patch appstate.PatchInfo) {
		t.Helper()
		require.NoError(t, a.SendAppState(within(t), patch))
	}
	send(appstate.BuildArchive(bert.LID(), true, time.Time{}, nil))
	send(appstate.BuildMute(bert.JID(), true, 0)) // the other address of the same chat
	send(appstate.BuildMarkChatAsRead(bert.LID(), true, time.Time{}, nil))
	send(appstate.BuildLabelEdit("7", "Friends", 3, false))
	send(appstate.BuildLabelEdit("8", "Gone", 3, true))
	send(appstate.BuildLabelChat(bert.LID(), "7", true))
	send(appstate.BuildStar(bert.LID(), anna.LID(), "ID", true, true))
	chat, err := anna.WaitChat(within(t), bert.JID(), func(c wasim.ChatState) bool { return len(c.Starred) == 1 && c.Archived && len(c.Labels) == 1 })
	require.NoError(t, err)
	assert.Equal(t, []string{"7"}, chat.Labels)
	_, err = anna.WaitState(within(t), func(s wasim.PhoneState) bool {
		c := s.Chats[bert.LID()]
		return c.MutedUntil.Equal(store.MutedForever) && !c.ReadAt.IsZero() && len(s.Labels) == 2 && s.PushName == "Anna"
	})
	require.NoError(t, err)
	assert.Equal(t, []wasim.Label{{ID: "7", Name: "Friends", Color: 3}}, anna.Labels())
	send(appstate.BuildStar(bert.LID(), anna.LID(), "ID", true, false))
	send(appstate.BuildMarkChatAsRead(bert.LID(), false, time.Time{}, nil))
	_, err = anna.WaitChat(within(t), bert.JID(), func(c wasim.ChatState) bool {
		return len(c.Starred) == 0 && c.MarkedUnread && c.ReadAt.IsZero()
	})
	require.NoError(t, err)

	// A phone that is away sees it when it is back.
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: anna.Number()}))
	send(appstate.BuildPin(bert.LID(), true))
	assert.False(t, anna.ChatState(bert.LID()).Pinned)
	srv.ClearFaults()
	_, err = anna.WaitChat(within(t), bert.JID(), func(c wasim.ChatState) bool { return c.Pinned })
	require.NoError(t, err)
}

func TestAppStateFaults(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultStateConflict, Phone: anna.Number(), Count: 1}))
	require.NoError(t, a.SendAppState(within(t), appstate.BuildPin(bert.LID(), true)), "one conflict is overcome")
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultStateConflict, Phone: anna.Number(), Count: 2}))
	require.ErrorIs(t, a.SendAppState(within(t), appstate.BuildPin(bert.LID(), false)), whatsmeow.ErrAppStateUpdate)
	_, err := anna.WaitChat(within(t), bert.JID(), func(c wasim.ChatState) bool { return c.Pinned })
	require.NoError(t, err)
	require.NoError(t, a.SendAppState(within(t), appstate.BuildPin(bert.LID(), false)))
	_, err = anna.WaitChat(within(t), bert.JID(), func(c wasim.ChatState) bool { return !c.Pinned })
	require.NoError(t, err)

	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultStateMAC, Phone: anna.Number(), Count: 1}))
	require.NoError(t, anna.Mute(within(t), bert.JID(), store.MutedForever))
	failed := want[*events.AppStateSyncError](a, nil)
	require.ErrorIs(t, failed.Error, appstate.ErrMismatchingPatchMAC)
	require.NoError(t, anna.Mute(within(t), bert.JID(), time.Time{}))
	want(a, func(m *events.Mute) bool { return m.Action.GetMuted() })
	want(a, func(m *events.Mute) bool { return !m.Action.GetMuted() })
	assert.Empty(t, srv.Faults())
}
