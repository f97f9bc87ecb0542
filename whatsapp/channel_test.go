package whatsapp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
)

// channelUntil waits until a stored channel is as wanted.
func (w *world) channelUntil(session string, jid types.JID, wanted func(*models.Channel) bool) *models.Channel {
	w.Helper()
	var channel *models.Channel
	w.until(func() bool {
		found, err := w.db.Channels.Get(w.Context(), session, jid.String())
		channel = found
		return err == nil && wanted(found)
	})
	return channel
}

// posting waits until a channel's message is stored and as wanted.
func (w *world) posting(session, id string, wanted func(*models.Message) bool) *models.Message {
	w.Helper()
	var message *models.Message
	w.until(func() bool {
		found, err := w.db.Messages.Get(w.Context(), session, id)
		message = found
		return err == nil && wanted(found)
	})
	return message
}

// stats gives what is stored of how a message is received.
func (w *world) stats(message *models.Message) models.ChannelStats {
	w.Helper()
	found, err := w.db.Channels.StatsByMessages(w.Context(), []int64{message.ID})
	require.NoError(w, err)
	return found[message.ID]
}

// anyhow accepts a row as soon as it is there.
func anyhow[T any](*T) bool { return true }

func TestChannels(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		before, err := alice.CreateChannel(ctx, "Before", "", nil)
		require.NoError(w, err)
		require.NoError(w, own.FollowChannel(ctx, before))
		session := w.link(own)
		known := w.channelUntil(session, before, func(c *models.Channel) bool { return c.Following })
		assert.Equal(w, []any{"Before", models.ChannelSubscriber, 1}, []any{known.Name, known.Role, known.SubscriberCount}, "read with the connection")

		tides, err := alice.CreateChannel(ctx, "Tides", "High and low", nil)
		require.NoError(w, err)
		old, err := alice.PostText(ctx, tides, "before anybody followed")
		require.NoError(w, err)
		info, _ := w.srv.Channel(tides)
		seen, err := w.svc.ChannelByInvite(ctx, session, "https://whatsapp.com/channel/"+info.InviteCode)
		require.NoError(w, err)
		assert.Equal(w, []any{tides.String(), "Tides", "High and low"}, []any{seen.JID, seen.Name, seen.Description})
		_, err = w.db.Channels.Get(ctx, session, tides.String())
		is(w, err, fault.NotFound, "")

		for range 2 {
			channel, err := w.svc.FollowChannel(ctx, session, tides.String())
			require.NoError(w, err)
			assert.Equal(w, []any{true, models.ChannelSubscriber, 1, false}, []any{channel.Following, channel.Role, channel.SubscriberCount, channel.Muted})
		}
		for _, mute := range []bool{true, true, false, true} {
			channel, err := w.svc.MuteChannel(ctx, session, tides.String(), mute)
			require.NoError(w, err)
			assert.Equal(w, mute, channel.Muted)
		}

		post, err := alice.PostText(ctx, tides, "flood at six")
		require.NoError(w, err)
		message := w.posting(session, post.ID, anyhow)
		assert.Equal(w, []any{"flood at six", int64(post.ServerID), tides.String()}, []any{message.Body, message.ServerID, message.ChatJID})
		require.Len(w, w.events(models.EventChannelMessage), 1)
		chat, err := w.db.Chats.Get(ctx, session, tides.String())
		require.NoError(w, err)
		assert.Equal(w, []any{models.ChatChannel, "Tides"}, []any{chat.Type, chat.Name})

		_, err = alice.EditInChannel(ctx, tides, post.ServerID, "flood at seven")
		require.NoError(w, err)
		w.posting(session, post.ID, func(m *models.Message) bool { return m.Body == "flood at seven" && m.Edited })

		seconds, err := w.svc.SubscribeChannelUpdates(ctx, session, tides.String())
		require.NoError(w, err)
		assert.Positive(w, seconds)
		require.NoError(w, alice.ReactInChannel(ctx, tides, post.ServerID, "🌊"))
		require.NoError(w, w.svc.ReactInChannel(ctx, session, tides.String(), post.ServerID, "👍"))
		require.NoError(w, w.svc.ViewInChannel(ctx, session, tides.String(), []int{post.ServerID}))
		w.until(func() bool { s := w.stats(message); return s.Views == 1 && len(s.Reactions) == 2 })
		require.NoError(w, w.svc.ReactInChannel(ctx, session, tides.String(), post.ServerID, ""))
		w.until(func() bool { s := w.stats(message); return len(s.Reactions) == 1 && s.Reactions[0].Emoji == "🌊" })

		for range 2 {
			fetched, err := w.svc.FetchChannelMessages(ctx, session, tides.String(), 10, nil)
			require.NoError(w, err)
			require.Len(w, fetched, 2)
			assert.Equal(w, []string{post.ID, old.ID}, []string{fetched[0].WAMessageID, fetched[1].WAMessageID})
		}
		fetched, err := w.svc.FetchChannelMessages(ctx, session, tides.String(), 10, ptr(int64(post.ServerID)))
		require.NoError(w, err)
		require.Len(w, fetched, 1)
		assert.Equal(w, "before anybody followed", fetched[0].Body)
		assert.Len(w, w.events(models.EventChannelMessage), 1, "what is fetched is not told")

		require.NoError(w, alice.DeleteInChannel(ctx, tides, post.ServerID))
		w.posting(session, post.ID, func(m *models.Message) bool { return m.Deleted && m.Body == "" })

		for range 2 {
			channel, err := w.svc.UnfollowChannel(ctx, session, tides.String())
			require.NoError(w, err)
			assert.Equal(w, []any{false, models.ChannelGuest, false}, []any{channel.Following, channel.Role, channel.Muted})
		}
		_, err = w.svc.MuteChannel(ctx, session, tides.String(), true)
		is(w, err, fault.Forbidden, "")

		// What the phone does.
		require.NoError(w, own.FollowChannel(ctx, tides))
		w.channelUntil(session, tides, func(c *models.Channel) bool { return c.Following })
		require.NoError(w, own.MuteChannel(ctx, tides, true))
		w.channelUntil(session, tides, func(c *models.Channel) bool { return c.Muted })
		require.NoError(w, own.UnfollowChannel(ctx, tides))
		w.channelUntil(session, tides, func(c *models.Channel) bool { return !c.Following && !c.Muted })

		// What it does while the session is stopped.
		_, err = w.svc.StopSession(ctx, session)
		require.NoError(w, err)
		require.NoError(w, own.UnfollowChannel(ctx, before))
		require.NoError(w, own.FollowChannel(ctx, tides))
		_, err = w.svc.StartSession(ctx, session)
		require.NoError(w, err)
		w.channelUntil(session, tides, func(c *models.Channel) bool { return c.Following })
		left := w.channelUntil(session, before, func(c *models.Channel) bool { return !c.Following })
		assert.Equal(w, models.ChannelGuest, left.Role)
	})
}

func TestOwnChannel(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx, own, alice := w.Context(), w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		row, err := w.db.Sessions.Find(ctx, session)
		require.NoError(w, err)
		news, err := w.svc.CreateChannel(ctx, session, whatsapp.NewChannel{Name: "News", Description: "Of the day"})
		require.NoError(w, err)
		assert.Equal(w, []any{"News", "Of the day", models.ChannelOwner, true}, []any{news.Name, news.Description, news.Role, news.Following})
		assert.NotEmpty(w, news.InviteLink())
		jid, err := types.ParseJID(news.JID)
		require.NoError(w, err)
		send := func(to string) (*models.Outgoing, error) {
			return w.svc.SendMessage(ctx, row, whatsapp.NewSend{To: to, Text: &whatsapp.TextContent{Text: "hello all"}})
		}
		sent, err := send(news.JID)
		require.NoError(w, err)
		info, err := w.srv.WaitChannel(ctx, jid, func(c wasim.ChannelInfo) bool { return len(c.Messages) == 1 })
		require.NoError(w, err)
		assert.Equal(w, []any{"hello all", sent.WAMessageID()}, []any{info.Messages[0].Text, info.Messages[0].ID})
		w.posting(session, sent.WAMessageID(), func(m *models.Message) bool { return m.ServerID == int64(info.Messages[0].ServerID) })

		_, err = w.svc.UnfollowChannel(ctx, session, news.JID)
		is(w, err, fault.Forbidden, "")
		theirs, err := alice.CreateChannel(ctx, "Hers", "", nil)
		require.NoError(w, err)
		_, err = send(theirs.String())
		is(w, err, fault.NotFound, "")
		_, err = w.svc.FollowChannel(ctx, session, theirs.String())
		require.NoError(w, err)
		_, err = send(theirs.String())
		is(w, err, fault.Forbidden, "")
		info, _ = w.srv.Channel(jid)
		assert.Len(w, info.Messages, 1)

		const nobody = "120363999999999999@newsletter"
		for name, act := range map[string]func(string) error{
			"follow":    func(jid string) error { _, err := w.svc.FollowChannel(ctx, session, jid); return err },
			"unfollow":  func(jid string) error { _, err := w.svc.UnfollowChannel(ctx, session, jid); return err },
			"mute":      func(jid string) error { _, err := w.svc.MuteChannel(ctx, session, jid, true); return err },
			"subscribe": func(jid string) error { _, err := w.svc.SubscribeChannelUpdates(ctx, session, jid); return err },
			"fetch":     func(jid string) error { _, err := w.svc.FetchChannelMessages(ctx, session, jid, 1, nil); return err },
		} {
			assert.Equal(w, fault.NotFound, fault.From(act(nobody)).Code(), name)
			assert.Equal(w, fault.Validation, fault.From(act("1@g.us")).Code(), name)
		}
		for _, before := range []int64{0, -1} {
			_, err = w.svc.FetchChannelMessages(ctx, session, jid.String(), 1, &before)
			assert.Equal(w, "before", is(w, err, fault.Validation, "").Details()["field"])
		}
		_, err = w.svc.CreateChannel(ctx, session, whatsapp.NewChannel{Name: " "})
		is(w, err, fault.Validation, "")
		_, err = w.svc.CreateChannel(ctx, session, whatsapp.NewChannel{Name: "x", Picture: "x"})
		is(w, err, fault.Validation, "")
	})
}
