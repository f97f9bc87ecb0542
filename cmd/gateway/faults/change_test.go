package faults

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/wasim"
)

// TestKilledWhileChanging is TestKilledWhileSending for what is no text: files,
// edits, reactions and votes. What was taken is done once, and told once.
func TestKilledWhileChanging(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		friend := w.phone("Friend")
		for i := range times(4, 50) {
			var text sendResult
			require.Equal(t, http.StatusOK, w.send("", friend.JID().String(), fmt.Sprint("text ", i), &text))
			poll, err := friend.SendPoll(t.Context(), w.own.JID(), wasim.Poll{Name: "?", Options: []string{"a", "b"}, Selectable: 1})
			require.NoError(t, err)
			until(t, "the poll is here", func() bool { return w.count("SELECT COUNT(*) FROM messages WHERE wa_message_id = '"+poll+"'") == 1 })
			if i%2 == 0 {
				require.NoError(t, w.server.SetFault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: w.own.Number(), Count: 1 + rand.IntN(3)}))
			}
			var calls sync.WaitGroup
			ask := func(method, path string, body map[string]any) {
				calls.Go(func() {
					w.gateway.call(method, w.gateway.url("/api/v1/sessions/%s/messages%s", w.session, path), body, nil)
				})
			}
			chat := friend.JID().String()
			ask(http.MethodPatch, "/"+text.WAMessageID, map[string]any{"chat": chat, "text": fmt.Sprint("edited ", i)})
			ask(http.MethodPost, "/"+poll+"/reaction", map[string]any{"chat": chat, "sender": chat, "emoji": "👍"})
			ask(http.MethodPost, "/"+poll+"/vote", map[string]any{"chat": chat, "sender": chat, "options": []string{"b"}})
			for _, query := range []string{"", "?async=true"} {
				ask(http.MethodPost, query, map[string]any{"type": "document", "to": chat, "media": map[string]any{
					"data": base64.StdEncoding.EncodeToString(fileOf(i)), "filename": "a.txt",
				}})
			}
			pause(time.Millisecond, time.Duration(5+rand.IntN(60))*time.Millisecond)
			w.killed(&calls)
			w.resolved()
		}
		w.relayed()
		w.verifyChanges(friend)
	})
}

// fileOf is the content of a file.
func fileOf(i int) []byte { return bytes.Repeat([]byte(fmt.Sprint("file ", i, " ")), 3000) }

// verifyChanges compares what was taken with what the friend's phone shows and what
// the log tells.
func (w *world) verifyChanges(friend *wasim.Phone) {
	w.Helper()
	assert.Zero(w, w.count("SELECT COUNT(*) FROM outgoing WHERE status <> 'sent'"))
	for kind, name := range map[string]string{"edit": "MESSAGE_EDITED", "reaction": "MESSAGE_REACTION", "vote": "POLL_VOTE"} {
		var taken, told []string
		for _, m := range w.changes(kind) {
			taken = append(taken, m.target)
			state, known := friend.Current(w.own.JID(), m.target)
			if !assert.True(w, known, "%s of what the phone does not know", kind) {
				continue
			}
			switch kind {
			case "edit":
				assert.Equal(w, m.body, state.Text)
			case "reaction":
				assert.Len(w, state.Reactions, 1)
			default:
				tally, err := friend.PollTally(w.own.JID(), m.target)
				if assert.NoError(w, err) {
					assert.Len(w, tally.Votes, 1)
				}
			}
		}
		for _, e := range w.gateway.events(name) {
			told = append(told, e.Payload.WAMessageID)
		}
		w.same("told of "+kind, taken, told)
		w.Logf("%d of %s", len(taken), kind)
	}
	shown, told := map[string]int{}, map[string]int{}
	for _, m := range friend.Messages() {
		shown[m.ID]++
	}
	for _, e := range w.gateway.events("MESSAGE") {
		told[e.Payload.WAMessageID]++
	}
	files := 0
	for _, m := range w.stored(friend.JID()) {
		if !m.FromMe {
			continue
		}
		assert.Equal(w, 1, shown[m.WAMessageID], "the phone shows %s", m.WAMessageID)
		if told[m.WAMessageID] == 1 {
			files++
		}
	}
	assert.Equal(w, w.count("SELECT COUNT(*) FROM messages WHERE from_me AND NOT hidden"), files, "each is told once")
}

// storedChange is a change that the account has made.
type storedChange struct{ target, body string }

func (w *world) changes(kind string) (all []storedChange) {
	w.Helper()
	pool, _ := w.db.WhatsmeowDB()
	rows, err := pool.QueryContext(w.Context(), fmt.Sprintf("SELECT quoted_id, body FROM messages WHERE hidden AND from_me AND type = '%s' ORDER BY id", kind))
	require.NoError(w, err)
	defer rows.Close()
	for rows.Next() {
		var c storedChange
		require.NoError(w, rows.Scan(&c.target, &c.body))
		all = append(all, c)
	}
	require.NoError(w, rows.Err())
	return all
}
