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

func TestLastSeen(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	b := pair(t, srv, bert)
	subscribe := func() *events.Presence {
		t.Helper()
		require.NoError(t, b.SubscribePresence(within(t), anna.LID()))
		return want[*events.Presence](b, nil)
	}
	anna.SetAvailable(true)
	assert.False(t, subscribe().Unavailable)
	anna.SetAvailable(false)
	gone := want[*events.Presence](b, nil)
	assert.True(t, gone.Unavailable)
	assert.WithinDuration(t, time.Now(), gone.LastSeen, time.Minute)

	// Hidden: neither the time, nor, if so chosen, that she is online.
	anna.SetPrivacy("last", "none")
	hidden := subscribe()
	assert.True(t, hidden.Unavailable)
	assert.True(t, hidden.LastSeen.IsZero())
	anna.SetAvailable(true)
	assert.False(t, want[*events.Presence](b, nil).Unavailable)
	anna.SetPrivacy("online", "match_last_seen")
	assert.True(t, subscribe().Unavailable)
	anna.SetPrivacy("last", "all")
	assert.False(t, subscribe().Unavailable)
	// Who hides sees nothing.
	bert.SetPrivacy("last", "none")
	assert.True(t, subscribe().Unavailable)
	bert.SetPrivacy("last", "all")
	require.NoError(t, anna.Block(bert.JID(), true))
	assert.True(t, subscribe().Unavailable)
	require.NoError(t, anna.Block(bert.JID(), false))

	// A subscription ends with the connection.
	subscribe()
	b.Disconnect()
	require.NoError(t, b.Connect())
	want[*events.Connected](b, nil)
	anna.SetAvailable(false)
	assert.True(t, subscribe().Unavailable)
	assert.Zero(t, count[*events.Presence](b, nil))
}

// A phone sees what a companion of somebody else does.
func TestPhoneSeesPresence(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert, cleo := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert"), addPhone(t, srv, "491700000003", "Cleo")
	a := pair(t, srv, anna)
	g, err := bert.CreateGroup(within(t), "Hikers", anna.JID(), cleo.JID())
	require.NoError(t, err)
	require.ErrorIs(t, bert.WatchPresence(within(t), types.NewJID("499999999999", types.DefaultUserServer)), wasim.ErrNotFound)
	require.NoError(t, bert.WatchPresence(within(t), anna.JID()))
	assert.False(t, bert.Presences()[0].Online)
	require.NoError(t, a.SendPresence(within(t), types.PresenceAvailable))
	seen, err := bert.WaitPresence(within(t), func(p wasim.PhonePresence) bool { return p.Online })
	require.NoError(t, err)
	assert.Equal(t, anna.LID(), seen.From)
	require.NoError(t, a.SendPresence(within(t), types.PresenceUnavailable))
	_, err = bert.WaitPresence(within(t), func(p wasim.PhonePresence) bool { return !p.Online && p.Time.After(seen.Time) })
	require.NoError(t, err)

	doing := func(chat jid, state types.ChatPresence, media types.ChatPresenceMedia) func(wasim.PhoneTyping) bool {
		return func(d wasim.PhoneTyping) bool {
			return d.Chat == chat && d.From == anna.LID() && d.State == state && d.Media == media
		}
	}
	require.NoError(t, a.SendChatPresence(within(t), bert.JID(), types.ChatPresenceComposing, types.ChatPresenceMediaText))
	_, err = bert.WaitTyping(within(t), doing(anna.LID(), types.ChatPresenceComposing, ""))
	require.NoError(t, err)
	require.NoError(t, a.SendChatPresence(within(t), g, types.ChatPresenceComposing, types.ChatPresenceMediaAudio))
	_, err = cleo.WaitTyping(within(t), doing(g, types.ChatPresenceComposing, types.ChatPresenceMediaAudio))
	require.NoError(t, err)
	require.NoError(t, a.SendChatPresence(within(t), g, types.ChatPresencePaused, types.ChatPresenceMediaText))
	_, err = cleo.WaitTyping(within(t), doing(g, types.ChatPresencePaused, ""))
	require.NoError(t, err)
	assert.Len(t, bert.Typings(), 3)
	assert.Empty(t, anna.Typings())

	// And the other way: recording.
	require.NoError(t, bert.Recording(within(t), anna.JID(), true))
	assert.Equal(t, types.ChatPresenceMediaAudio, want(a, func(p *events.ChatPresence) bool { return p.Chat == bert.LID() }).Media)
	require.NoError(t, bert.Recording(within(t), anna.JID(), false))
	assert.Equal(t, types.ChatPresencePaused, want(a, func(p *events.ChatPresence) bool { return p.Chat == bert.LID() }).State)
	require.ErrorIs(t, bert.Recording(within(t), types.NewJID("499999999999", types.DefaultUserServer), true), wasim.ErrNotFound)
	require.NoError(t, anna.Block(bert.JID(), true))
	require.NoError(t, bert.Typing(within(t), anna.JID(), true))
	assert.Empty(t, anna.Typings()[2:], "the blocked type in vain")
}
