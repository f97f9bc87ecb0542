package whatsapp_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// chat gives a stored chat; nil while it is not known.
func (w *world) chat(session string, with types.JID) *models.Chat {
	chat, err := w.db.Chats.Get(w.Context(), session, with.String())
	if err != nil {
		return nil
	}
	return chat
}

// chatUntil waits until a stored chat is as wanted.
func (w *world) chatUntil(session string, with types.JID, wanted func(*models.Chat) bool) *models.Chat {
	w.Helper()
	var chat *models.Chat
	w.until(func() bool {
		chat = w.chat(session, with)
		return chat != nil && wanted(chat)
	})
	return chat
}

// pinnedByPhone has the account's phone pin a chat, or unpin it, and waits until the
// session has heard of it.
func (w *world) pinnedByPhone(own *wasim.Phone, session string, chat types.JID, on bool) {
	w.Helper()
	require.NoError(w, own.Pin(w.Context(), chat, on))
	w.chatUntil(session, chat, func(c *models.Chat) bool { return c.Pinned == on })
}

// onPhone waits until a phone knows a chat as wanted.
func (w *world) onPhone(phone *wasim.Phone, chat types.JID, wanted func(wasim.ChatState) bool) wasim.ChatState {
	w.Helper()
	state, err := phone.WaitChat(whatsapptest.Within(w), chat, wanted)
	require.NoError(w, err, "%+v", state)
	return state
}

// eachAddressing runs a test on both databases, with phones that write LIDs into
// app state and with phones that write numbers.
func eachAddressing(t *testing.T, test func(w *world, own, alice *wasim.Phone, session string)) {
	t.Helper()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		own, alice := w.phone("Own"), w.phone("Alice")
		own.SetAddressing(mode)
		session := w.link(own)
		// With the first app state come the keys to write it.
		w.sim.Wait(session, func(u whatsapp.PairingUpdate) bool { return u.Session.PushName != "" })
		w.say(alice, own.JID(), "hello")
		w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.UnreadCount == 1 })
		test(w, own, alice, session)
	})
}

// TestPhonesFollowTheGateway: what callers change of a chat shows on the phone.
func TestPhonesFollowTheGateway(t *testing.T) {
	t.Parallel()
	eachAddressing(t, func(w *world, own, alice *wasim.Phone, session string) {
		update := func(change whatsapp.ChatChange) *models.Chat {
			w.Helper()
			chat, err := w.svc.UpdateChat(w.Context(), session, alice.JID().String(), change)
			require.NoError(w, err)
			return chat
		}
		until := time.Now().Add(time.Hour).Truncate(time.Millisecond)
		update(whatsapp.ChatChange{Pinned: new(true), MutedUntil: new(models.MillisOf(until))})
		w.onPhone(own, alice.JID(), func(c wasim.ChatState) bool { return c.Pinned && c.MutedUntil.Equal(until) })
		chat := update(whatsapp.ChatChange{Archived: new(true), MutedUntil: new(models.MutedForever)})
		assert.False(w, chat.Pinned, "archiving unpins")
		w.onPhone(own, alice.JID(), func(c wasim.ChatState) bool {
			return c.Archived && !c.Pinned && c.MutedUntil.Equal(store.MutedForever)
		})
		update(whatsapp.ChatChange{Archived: new(false), Pinned: new(true)})
		w.onPhone(own, alice.JID(), func(c wasim.ChatState) bool { return !c.Archived && c.Pinned })
		update(whatsapp.ChatChange{Archived: new(true), Pinned: new(true)})
		w.onPhone(own, alice.JID(), func(c wasim.ChatState) bool { return c.Archived && c.Pinned })
		update(whatsapp.ChatChange{Archived: new(false), Unmute: true, MarkedUnread: new(true)})
		w.onPhone(own, alice.JID(), func(c wasim.ChatState) bool { return !c.Archived && c.MutedUntil.IsZero() && c.MarkedUnread })
		read, err := w.svc.ReadChat(w.Context(), session, alice.LID().String(), false)
		require.NoError(w, err)
		assert.Equal(w, []any{0, false}, []any{read.UnreadCount, read.MarkedUnread})
		w.onPhone(own, alice.JID(), func(c wasim.ChatState) bool { return !c.MarkedUnread && !c.ReadAt.IsZero() })
		w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.Owed == 0 })
		assert.Len(w, w.events(models.EventChatUpdated), 6, "one for each change, none for the echoes")
	})
}

// TestTheGatewayFollowsPhones: what the account's phone changes is stored and told.
func TestTheGatewayFollowsPhones(t *testing.T) {
	t.Parallel()
	eachAddressing(t, func(w *world, own, alice *wasim.Phone, session string) {
		ctx := w.Context()
		is := func(wanted func(*models.Chat) bool) { w.Helper(); w.chatUntil(session, alice.JID(), wanted) }
		require.NoError(w, own.Pin(ctx, alice.JID(), true))
		is(func(c *models.Chat) bool { return c.Pinned })
		require.NoError(w, own.Archive(ctx, alice.JID(), true))
		is(func(c *models.Chat) bool { return c.Archived && !c.Pinned })
		require.NoError(w, own.Mute(ctx, alice.JID(), store.MutedForever))
		is(func(c *models.Chat) bool { return c.MutedUntil == models.MutedForever })
		require.NoError(w, own.Mute(ctx, alice.JID(), time.Time{}))
		is(func(c *models.Chat) bool { return c.MutedUntil == 0 })
		require.NoError(w, own.MarkChatRead(ctx, alice.JID(), false))
		is(func(c *models.Chat) bool { return c.MarkedUnread })
		require.NoError(w, own.MarkChatRead(ctx, alice.JID(), true))
		is(func(c *models.Chat) bool { return !c.MarkedUnread && c.UnreadCount == 0 })
		assert.Zero(w, w.chat(session, alice.JID()).Owed, "nobody is told what they said")

		require.NoError(w, own.Archive(ctx, alice.JID(), true))
		is(func(c *models.Chat) bool { return c.Archived })
		require.NoError(w, own.Mutate(ctx, appstate.PatchInfo{Type: appstate.WAPatchRegularLow, Mutations: []appstate.MutationInfo{{
			Index: []string{appstate.IndexSettingUnarchiveChats}, Version: 4, Value: &waSyncAction.SyncActionValue{
				UnarchiveChatsSetting: &waSyncAction.UnarchiveChatsSetting{UnarchiveChats: proto.Bool(true)},
			},
		}}}))
		w.until(func() bool {
			pool, _ := w.db.WhatsmeowDB()
			var on bool
			require.NoError(w, pool.QueryRowContext(ctx, "SELECT unarchive_chats FROM sessions").Scan(&on))
			return on
		})
		id := w.say(alice, own.JID(), "important")
		is(func(c *models.Chat) bool { return !c.Archived })
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 2 })
		require.NoError(w, own.Star(ctx, alice.JID(), id, true))
		w.until(func() bool { return w.messages(session, alice.JID())[1].Starred })
		require.NoError(w, own.EditLabel(ctx, "7", "Orders", 4, false))
		require.NoError(w, own.LabelChat(ctx, "7", alice.JID(), true))
		require.NoError(w, own.LabelMessage(ctx, "7", alice.JID(), id, true))
		labels := func() (names []string) {
			chat := w.chat(session, alice.JID())
			stored, err := w.db.Labels.ListByChats(ctx, []int64{chat.ID})
			require.NoError(w, err)
			for _, l := range stored[chat.ID] {
				names = append(names, l.Name)
			}
			of, err := w.db.Messages.InChat(ctx, chat, id)
			require.NoError(w, err)
			stored, err = w.db.Labels.ListByMessages(ctx, []int64{of.ID})
			require.NoError(w, err)
			for _, l := range stored[of.ID] {
				names = append(names, l.Name)
			}
			return names
		}
		w.until(func() bool { return len(labels()) == 2 && labels()[0] == "Orders" })
		require.NoError(w, own.EditLabel(ctx, "7", "Orders", 4, true))
		w.until(func() bool { return len(labels()) == 0 })

		first := w.messages(session, alice.JID())[0].WAMessageID
		require.NoError(w, own.DeleteForMe(ctx, alice.JID(), first))
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })
		w.say(alice, own.JID(), "plain")
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 2 })
		require.NoError(w, own.ClearChat(ctx, alice.JID()))
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })
		assert.Equal(w, id, w.messages(session, alice.JID())[0].WAMessageID, "a starred one stays")
		require.NoError(w, own.DeleteChat(ctx, alice.JID()))
		w.until(func() bool { return w.chat(session, alice.JID()) == nil })
	})
}

// TestWhatIsOwedIsToldLater: changes while the session is offline survive the
// process and reach the phone, through conflicts with other devices.
func TestWhatIsOwedIsToldLater(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.say(alice, own.JID(), "hello")
		w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.UnreadCount == 1 })
		_, err := w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionStopped))
		_, err = w.svc.UpdateChat(w.Context(), session, alice.JID().String(), whatsapp.ChatChange{Archived: new(true), MutedUntil: new(models.MutedForever)})
		require.NoError(w, err)
		w.stop()
		// Meanwhile the phone did otherwise, and more: the patch meets a newer version.
		require.NoError(w, own.Archive(w.Context(), alice.JID(), false))
		require.NoError(w, own.Pin(w.Context(), alice.JID(), true))
		err = w.srv.SetFault(wasim.Fault{Kind: wasim.FaultStateConflict, Phone: own.Number(), Count: 3})
		require.NoError(w, err)
		w.sim.Service = w.sim.NewService()
		w.svc = w.sim.Service
		require.NoError(w, w.svc.Start(w.Context()))
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		w.onPhone(own, alice.JID(), func(c wasim.ChatState) bool { return c.Archived && c.MutedUntil.Equal(store.MutedForever) })
		chat := w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.Owed == 0 })
		assert.True(w, chat.Archived, "what was wished for stands")
	})
}

// TestAutoRead: the gateway reads what comes, also what came while it was away,
// and the sender hears of it.
func TestAutoRead(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
		group := w.group(alice, mode, own, bob)
		session := w.link(own)
		_, err := w.svc.UpdateSession(w.Context(), session, whatsapp.SessionSettings{AutoRead: new(true)})
		require.NoError(w, err)
		isRead := func(by *wasim.Phone, id string) {
			w.Helper()
			_, err := by.WaitReceipt(whatsapptest.Within(w), func(r wasim.PhoneReceipt) bool {
				return r.Type == "read" && slices.Contains(r.IDs, id)
			})
			require.NoError(w, err)
		}
		isRead(alice, w.say(alice, own.JID(), "one"))
		fromAlice, fromBob := w.say(alice, group, "two"), w.say(bob, group, "three")
		isRead(alice, fromAlice)
		isRead(bob, fromBob)
		w.chatUntil(session, group, func(c *models.Chat) bool { return c.UnreadCount == 0 && c.LastMessageAt != 0 })
		_, err = w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionStopped))
		id := w.say(alice, own.JID(), "four")
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		isRead(alice, id)
		w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.UnreadCount == 0 })
	})
}

func TestDisappearingTimer(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		own, alice := w.phone("Own"), w.phone("Alice")
		group := w.group(own, mode, alice)
		session := w.link(own)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, group) })
		for _, jid := range []types.JID{alice.JID(), group} {
			chat, err := w.svc.SetDisappearingTimer(w.Context(), session, jid.String(), 86_400)
			require.NoError(w, err)
			assert.Equal(w, 86_400, chat.EphemeralSeconds)
			assert.Equal(w, 86_400, w.chat(session, jid).EphemeralSeconds)
		}
		info, _ := w.srv.Group(group)
		assert.EqualValues(w, 86_400, info.Ephemeral)
		_, err := alice.WaitMessage(whatsapptest.Within(w), func(m wasim.PhoneMessage) bool {
			return m.Message.GetProtocolMessage().GetEphemeralExpiration() == 86_400
		})
		require.NoError(w, err)
		w.soonTrue(session, group)
		for _, seconds := range []uint32{604_800, 0} { // the other side changes them
			_, err := alice.Send(w.Context(), own.JID(), &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
				Type: waE2E.ProtocolMessage_EPHEMERAL_SETTING.Enum(), EphemeralExpiration: proto.Uint32(seconds),
			}})
			require.NoError(w, err)
			require.NoError(w, own.SetEphemeral(w.Context(), group, seconds))
			for _, jid := range []types.JID{alice.JID(), group} {
				w.chatUntil(session, jid, func(c *models.Chat) bool { return c.EphemeralSeconds == int(seconds) })
			}
		}
	})
}

func TestLabelsAndStars(t *testing.T) {
	t.Parallel()
	eachAddressing(t, func(w *world, own, alice *wasim.Phone, session string) {
		ctx, with := w.Context(), alice.JID().String()
		message := w.messages(session, alice.JID())[0]
		key := whatsapp.MessageKey{Chat: with, WAMessageID: message.WAMessageID}
		label, err := w.svc.CreateLabel(ctx, session, whatsapp.LabelChange{Name: new("Orders")})
		require.NoError(w, err)
		_, err = w.svc.UpdateLabel(ctx, session, label.WALabelID, whatsapp.LabelChange{Color: new(5)})
		require.NoError(w, err)
		_, err = w.svc.LabelChat(ctx, session, label.WALabelID, with, true)
		require.NoError(w, err)
		_, err = w.svc.LabelMessage(ctx, session, label.WALabelID, key, true)
		require.NoError(w, err)
		starred, err := w.svc.StarMessage(ctx, session, key, true)
		require.NoError(w, err)
		assert.True(w, starred.Starred)
		state := w.onPhone(own, alice.JID(), func(c wasim.ChatState) bool { return len(c.Starred) == 1 })
		assert.Equal(w, []string{message.WAMessageID}, state.Starred)
		assert.Equal(w, []string{"1"}, state.Labels)
		assert.Equal(w, map[string][]string{message.WAMessageID: {"1"}}, state.MessageLabels)
		assert.Equal(w, []wasim.Label{{ID: "1", Name: "Orders", Color: 5}}, own.Labels())

		_, err = w.svc.LabelChat(ctx, session, label.WALabelID, with, false)
		require.NoError(w, err)
		deleted, err := w.svc.DeleteLabel(ctx, session, label.WALabelID)
		require.NoError(w, err)
		assert.Equal(w, label.ID, deleted.ID)
		assert.Empty(w, own.Labels())
		_, err = w.svc.DeleteLabel(ctx, session, label.WALabelID)
		is(w, err, fault.NotFound, "")
		_, err = w.svc.CreateLabel(ctx, session, whatsapp.LabelChange{Name: new(" ")})
		assert.True(w, fault.Is(err, fault.Validation), err)
		_, err = w.svc.CreateLabel(ctx, session, whatsapp.LabelChange{Name: new("x"), Color: new(20)})
		assert.True(w, fault.Is(err, fault.Validation), err)
	})
}

// presences gives what the outbox tells of a session's presences.
func (w *world) presences(session string) (told []contract.Presence) {
	w.Helper()
	for _, e := range w.events(models.EventPresence) {
		var p contract.Presence
		require.NoError(w, json.Unmarshal(e.Payload, &p))
		if e.SessionID == session {
			assert.Equal(w, p.ChatJID, e.Key)
			told = append(told, p)
		}
	}
	return told
}

// TestPresence: what one session does in a chat is told to another.
func TestPresence(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		own, alice := w.phone("Own"), w.phone("Alice")
		group := w.group(own, mode, alice)
		session, theirs := w.link(own), w.link(alice)
		for _, id := range []string{session, theirs} {
			w.sim.Wait(id, func(u whatsapp.PairingUpdate) bool { return u.Session.PushName != "" })
		}
		me := own.JID().String()
		told := func(chat, state string) {
			w.Helper()
			w.until(func() bool {
				return slices.Contains(w.presences(theirs), contract.Presence{ChatJID: chat, SenderJID: me, State: state})
			})
		}
		for _, state := range []whatsapp.ChatState{whatsapp.Composing, whatsapp.Recording, whatsapp.Paused} {
			require.NoError(w, w.svc.SetChatPresence(w.Context(), session, alice.JID().String(), state))
			told(me, string(state))
			require.NoError(w, w.svc.SetChatPresence(w.Context(), session, group.String(), state))
			told(group.String(), string(state))
		}
		for _, chat := range []types.JID{own.LID(), group} {
			_, err := alice.WaitTyping(whatsapptest.Within(w), func(p wasim.PhoneTyping) bool {
				return p.From == own.LID() && p.State == types.ChatPresenceComposing && p.Media == types.ChatPresenceMediaAudio && p.Chat == chat
			})
			require.NoError(w, err, "%v", alice.Typings())
		}
		require.NoError(w, w.svc.SubscribePresence(w.Context(), theirs, me))
		require.NoError(w, w.svc.SetPresence(w.Context(), session, true))
		told(me, "available")
		require.NoError(w, w.svc.SetPresence(w.Context(), session, false))
		told(me, "unavailable")
		assert.Empty(w, w.presences(session), "nobody hears of themselves")

		// Whom one follows is followed again by the next connection.
		_, err := w.svc.RestartSession(w.Context(), theirs)
		require.NoError(w, err)
		w.sim.Wait(theirs, whatsapptest.Status(models.SessionWorking))
		before := len(w.presences(theirs))
		w.until(func() bool {
			ctx, cancel := context.WithTimeout(w.Context(), slowly)
			defer cancel()
			require.NoError(w, w.svc.SetPresence(ctx, session, true))
			return len(w.presences(theirs)) > before
		})
		is(w, w.svc.SetChatPresence(w.Context(), session, alice.JID().String(), "dancing"), fault.Validation, "")
		is(w, w.svc.SetChatPresence(w.Context(), w.stopped(), alice.JID().String(), whatsapp.Paused), fault.NotImplemented, fault.ReasonNotConnected)
	})
}

// TestBurstsOfTyping: of many states the last is told, and few between.
func TestBurstsOfTyping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.Open(t, modelstest.SQLite))
	own, alice := w.phone("Own"), w.phone("Alice")
	session := w.link(own)
	for i := range 200 {
		require.NoError(t, alice.Typing(t.Context(), own.JID(), i%2 == 0))
	}
	w.until(func() bool {
		told := w.presences(session)
		return len(told) > 0 && told[len(told)-1].State == "paused"
	})
	assert.Less(t, len(w.presences(session)), 20)
}

// TestChangesSurviveADatabaseThatFails: WhatsApp tells what other devices do at
// most once, so what could not be stored is fetched again.
func TestChangesSurviveADatabaseThatFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.say(alice, own.JID(), "hello")
		w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.UnreadCount == 1 })
		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "ALTER TABLE chats RENAME TO chats_away")
		require.NoError(w, own.Archive(w.Context(), alice.JID(), true))
		require.NoError(w, own.Mute(w.Context(), alice.JID(), store.MutedForever))
		w.sim.Wait(session, func(u whatsapp.PairingUpdate) bool { return u.Status != models.SessionWorking })
		exec(w, pool, "ALTER TABLE chats_away RENAME TO chats")
		w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.Archived && c.MutedUntil == models.MutedForever })
	})
}

// TestDeletedChats: a chat that was deleted here comes back with its next message
// alone, and what was queued to be sent there is withdrawn.
func TestDeletedChats(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.say(alice, own.JID(), "old")
		w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.UnreadCount == 1 })
		_, err := w.svc.StopSession(w.Context(), session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionStopped))
		row, err := w.db.Sessions.Find(w.Context(), session)
		require.NoError(w, err)
		_, err = w.svc.SendMessage(w.Context(), row, whatsapp.NewSend{To: alice.JID().String(), Text: &whatsapp.TextContent{Text: "withdrawn"}, Async: true})
		require.NoError(w, err)
		require.NoError(w, w.svc.DeleteChat(w.Context(), session, alice.LID().String()))
		is(w, w.svc.DeleteChat(w.Context(), session, alice.JID().String()), fault.NotFound, "")
		_, err = w.svc.StartSession(w.Context(), session)
		require.NoError(w, err)
		w.say(alice, own.JID(), "new")
		w.until(func() bool { return len(w.messages(session, alice.JID())) == 1 })
		assert.Equal(w, "new", w.messages(session, alice.JID())[0].Body)
		for _, m := range alice.Messages() {
			assert.NotEqual(w, "withdrawn", m.Text)
		}
	})
}

// TestChangesSurviveWhatCannotBeRead: patches that cannot be read, because they are
// damaged or what they build on is, are not the end of the app state.
func TestChangesSurviveWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.say(alice, own.JID(), "hello")
		w.pinnedByPhone(own, session, alice.JID(), true)
		w.fault(wasim.Fault{Kind: wasim.FaultStateMAC, Phone: own.Number(), Count: 1})
		w.pinnedByPhone(own, session, alice.JID(), false)

		// As a process leaves it that dies between the steps of whatsmeow's storing.
		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "DELETE FROM whatsmeow_app_state_mutation_macs")
		w.pinnedByPhone(own, session, alice.JID(), true)
	})
}

// TestChangesSurviveTheProcess: how far the app state was read is stored before what
// was read; the next process reads all of it when the last one died between.
func TestChangesSurviveTheProcess(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.say(alice, own.JID(), "hello")
		w.pinnedByPhone(own, session, alice.JID(), true)
		w.stop()
		row, err := w.db.Sessions.Find(w.Context(), session)
		require.NoError(w, err)
		assert.True(w, row.StateDoubtful, "it was read just now")
		pool, _ := w.db.WhatsmeowDB()
		exec(w, pool, "UPDATE chats SET pinned = (1 = 0)") // as if it had not come so far
		w.start()
		w.chatUntil(session, alice.JID(), func(c *models.Chat) bool { return c.Pinned })
		require.Eventually(w, func() bool {
			row, err := w.db.Sessions.Find(w.Context(), session)
			return err == nil && !row.StateDoubtful
		}, slowly, 50*time.Millisecond, "it is stored")
	})
}
