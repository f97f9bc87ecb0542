package faults

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/whatsapp/wasim"
)

// life is what goes on beside people writing to the account: it writes from its
// phone and is read, a group changes, people call, chats are pinned.
type life struct {
	w          *world
	alice, bob *wasim.Phone
	group      types.JID

	written []string // ids of the account's own messages
	calls   []string
	moves   []string // what happened to Bob in the group, in order
	subject string
	pinned  bool
}

// turn is one round of all of it.
func (l *life) turn(i int) {
	w, ctx := l.w, l.w.Context()
	w.Helper()
	id, err := w.own.SendText(ctx, l.bob.JID(), fmt.Sprint("own ", i))
	require.NoError(w, err)
	l.written = append(l.written, id)
	_, err = l.bob.WaitMessage(ctx, func(m wasim.PhoneMessage) bool { return m.ID == id })
	require.NoError(w, err)
	require.NoError(w, l.bob.MarkRead(ctx, w.own.LID(), w.own.LID(), id))

	if i%2 == 0 {
		_, err = l.alice.RemoveMembers(ctx, l.group, l.bob.JID())
		l.moves = append(l.moves, "remove")
	} else {
		_, err = l.alice.AddMembers(ctx, l.group, l.bob.JID())
		l.moves = append(l.moves, "add")
	}
	require.NoError(w, err)
	l.subject = fmt.Sprint("Team ", i)
	require.NoError(w, l.alice.SetSubject(ctx, l.group, l.subject))

	call, err := l.alice.Call(ctx, w.own.JID(), false)
	require.NoError(w, err)
	require.NoError(w, l.alice.HangUp(ctx, call))
	l.calls = append(l.calls, call)

	l.pinned = !l.pinned
	require.NoError(w, w.own.Pin(ctx, l.bob.JID(), l.pinned))
}

// TestLifeInKills kills the gateway while things happen that are no messages to
// the account: each is told once, and the last word on each is how it is.
func TestLifeInKills(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		l := &life{w: w, alice: w.phone("Alice"), bob: w.phone("Bob")}
		var err error
		l.group, err = l.alice.CreateGroup(t.Context(), "Team", w.own.JID(), l.bob.JID())
		require.NoError(t, err)
		until(t, "the group is known", func() bool { return w.count("SELECT COUNT(*) FROM wa_group_members") == 3 })
		for kill := range times(4, 20) {
			killed := make(chan struct{})
			go func() {
				defer close(killed)
				pause(10*time.Millisecond, 300*time.Millisecond)
				w.gateway.kill()
				w.gateway.start()
			}()
			for i := range 6 {
				l.turn(kill*6 + i)
				pause(0, 30*time.Millisecond)
			}
			<-killed
		}
		w.working()
		l.turn(len(l.moves))
		l.verify()
	})
}

// verify compares what went on with what the log tells.
func (l *life) verify() {
	w := l.w
	w.Helper()
	until(w.T, "the account's own messages are read", func() bool {
		return w.count("SELECT COUNT(*) FROM messages WHERE ack_level = 3") == len(l.written)
	})
	until(w.T, "the calls are over", func() bool {
		return w.count("SELECT COUNT(*) FROM calls WHERE status <> 'ringing'") == len(l.calls)
	})
	until(w.T, "the group is as it is", func() bool {
		return w.count("SELECT COUNT(*) FROM wa_groups WHERE subject = '"+l.subject+"'") == 1
	})
	const pins = "SELECT COUNT(*) FROM chats WHERE pinned AND identity_id <> 0"
	until(w.T, "the chat is pinned as it is", func() bool { return (w.count(pins) == 1) == l.pinned })
	members := 2
	if l.moves[len(l.moves)-1] == "add" {
		members++
	}
	until(w.T, "the members are who they are", func() bool {
		return w.count("SELECT COUNT(*) FROM wa_group_members WHERE left_at = 0") == members
	})
	w.relayed()

	var own []string
	for _, e := range w.gateway.events("MESSAGE") {
		own = append(own, e.Payload.WAMessageID)
	}
	w.same("own messages", l.written, own)
	levels := map[string][]string{}
	for _, e := range w.gateway.events("MESSAGE_STATUS") {
		assert.Equal(w, l.bob.JID().String(), e.Payload.ParticipantJID)
		levels[e.Payload.WAMessageID] = append(levels[e.Payload.WAMessageID], e.Payload.Status)
	}
	for _, id := range l.written {
		assert.Contains(w, [][]string{{"delivered", "read"}, {"read"}}, levels[id], "what is told of "+id)
	}
	actions := map[string][]string{}
	for _, e := range w.gateway.events("CALL") {
		actions[e.Payload.CallID] = append(actions[e.Payload.CallID], e.Payload.Action)
	}
	for _, id := range l.calls {
		assert.Equal(w, []string{"offer", "terminate"}, actions[id], "what is told of the call "+id)
	}
	var moves []string
	for _, e := range w.gateway.events("GROUP_MEMBERS") {
		moves = append(moves, e.Payload.Action)
	}
	assert.Equal(w, strings.Join(l.moves, " "), strings.Join(moves, " "), "who came and went")
	groups := w.gateway.events("GROUP_UPDATED")
	assert.Equal(w, l.subject, groups[len(groups)-1].Payload.Subject)
	chats := slices.DeleteFunc(w.gateway.events("CHAT_UPDATED"), func(e event) bool { return e.Payload.JID != l.bob.JID().String() })
	if assert.NotEmpty(w, chats) {
		assert.Equal(w, l.pinned, chats[len(chats)-1].Payload.Pinned, "the last word on the chat")
	}
	w.Logf("%d turns: all told once", len(l.written))
}
