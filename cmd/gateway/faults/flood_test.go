package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/whatsapp/wasim"
)

// stream is one phone writing into one chat, message after message.
type stream struct {
	from *wasim.Phone
	to   types.JID // as the sender addresses it
	chat types.JID // as the session's account sees it
	mu   sync.Mutex
	sent []string // ids, in order
}

// flood is people writing to the account, one-to-one and in a group.
type flood struct {
	w       *world
	streams []*stream
	stop    chan struct{}
	all     sync.WaitGroup
	// shuffled: the server does not keep the order itself.
	shuffled bool
}

// newFlood makes people who write; each message has its number as text.
func (w *world) newFlood() *flood {
	w.Helper()
	alice, bob := w.phone("Alice"), w.phone("Bob")
	group, err := alice.CreateGroup(w.Context(), "Team", w.own.JID(), bob.JID())
	require.NoError(w, err)
	return &flood{w: w, stop: make(chan struct{}), streams: []*stream{
		{from: alice, to: w.own.JID(), chat: alice.JID()},
		{from: bob, to: w.own.JID(), chat: bob.JID()},
		{from: alice, to: group, chat: group},
	}}
}

// start lets everybody write, a message every few milliseconds, until end.
func (f *flood) start() {
	for _, s := range f.streams {
		f.all.Go(func() {
			for i := 0; ; i++ {
				id, err := s.from.SendText(f.w.Context(), s.to, fmt.Sprint(i))
				if !assert.NoError(f.w, err) {
					return
				}
				s.mu.Lock()
				s.sent = append(s.sent, id)
				s.mu.Unlock()
				select {
				case <-f.stop:
					return
				case <-time.After(time.Duration(2+rand.IntN(8)) * time.Millisecond):
				}
			}
		})
	}
}

// end lets everybody stop writing.
func (f *flood) end() {
	close(f.stop)
	f.all.Wait()
}

func (f *flood) count() (n int) {
	for _, s := range f.streams {
		s.mu.Lock()
		n += len(s.sent)
		s.mu.Unlock()
	}
	return n
}

// verify compares what was written with what is stored and what is in the log:
// everything, once, in order.
func (f *flood) verify() {
	w := f.w
	w.Helper()
	until(w.T, "all messages are stored", func() bool { return w.count("SELECT COUNT(*) FROM messages") >= f.count() })
	w.relayed()
	assert.Zero(w, w.count("SELECT COUNT(*) FROM event_rejects"))
	logged := map[string][]string{}
	for _, e := range w.gateway.events("MESSAGE") {
		logged[e.Payload.ChatJID] = append(logged[e.Payload.ChatJID], e.Payload.WAMessageID)
	}
	for _, s := range f.streams {
		var ids []string
		for _, m := range w.stored(s.chat) {
			ids = append(ids, m.WAMessageID)
		}
		sent := s.sent
		if f.shuffled {
			sent = slices.Sorted(slices.Values(sent))
			w.same("stored, in whatever order", sent, slices.Sorted(slices.Values(ids)))
			w.same("logged, in whatever order", sent, slices.Sorted(slices.Values(logged[s.chat.String()])))
			// What came before its key has the place at which it was told unreadable.
			late := map[string]bool{}
			for _, e := range w.gateway.events("MESSAGE_UNDECRYPTABLE") {
				late[e.Payload.WAMessageID] = true
			}
			unread := func(id string) bool { return late[id] }
			sent = slices.DeleteFunc(ids, unread)
			logged[s.chat.String()] = slices.DeleteFunc(logged[s.chat.String()], unread)
		} else {
			w.same("stored of "+s.from.Name()+" in "+s.chat.Server, sent, ids)
		}
		w.same("logged of "+s.from.Name()+" in "+s.chat.Server, sent, logged[s.chat.String()])
	}
	w.Logf("%d messages: all stored and logged, once and in order", f.count())
}

// same compares two lists of ids and says in what they differ, instead of
// printing thousands of them.
func (w *world) same(what string, want, got []string) {
	w.Helper()
	count := map[string]int{}
	for _, id := range got {
		count[id]++
	}
	lost, twice := 0, 0
	for _, id := range want {
		switch n := count[id]; {
		case n == 0:
			lost++
		case n > 1:
			twice++
		}
		delete(count, id)
	}
	assert.Zero(w, lost, "%s: lost of %d", what, len(want))
	assert.Zero(w, twice, "%s: more than once", what)
	assert.Empty(w, count, "%s: never sent", what)
	if lost == 0 && twice == 0 && len(count) == 0 {
		place := map[string]int{}
		for i, id := range want {
			place[id] = i
		}
		for i := range want {
			if want[i] != got[i] {
				var around []int
				for _, id := range got[max(i-2, 0):min(i+12, len(got))] {
					around = append(around, place[id])
				}
				assert.Fail(w, "out of order", "%s: from place %d of %d: %v", what, i, len(want), around)
				return
			}
		}
	}
}

// pause lasts a random while.
func pause(least, most time.Duration) {
	<-time.After(least + rand.N(most-least))
}

func TestKilledInAFlood(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		f := w.newFlood()
		f.start()
		for range times(3, 20) {
			pause(50*time.Millisecond, 600*time.Millisecond)
			w.gateway.kill()
			w.gateway.start()
		}
		f.end()
		w.working()
		f.verify()
	})
}
