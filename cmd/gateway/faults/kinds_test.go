package faults

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/whatsapp/wasim"
)

// kindFlood is one phone sending every kind of message, and changing them, into
// one chat.
type kindFlood struct {
	from     *wasim.Phone
	to, chat types.JID

	shown     []string          // ids of messages, in order
	text      map[string]string // of each, after its edits
	files     map[string][]byte
	revoked   map[string]bool
	reactions map[string]string
	votes     map[string]string // by poll
	changes   map[string]int    // how many of each event
}

func newKindFlood(from *wasim.Phone, to, chat types.JID) *kindFlood {
	return &kindFlood{
		from: from, to: to, chat: chat, text: map[string]string{}, files: map[string][]byte{}, revoked: map[string]bool{},
		reactions: map[string]string{}, votes: map[string]string{}, changes: map[string]int{},
	}
}

// act sends one message, or changes the one before.
func (f *kindFlood) act(t *testing.T, i int) error {
	ctx := t.Context()
	show := func(id, text string, err error) (string, error) {
		if err == nil {
			f.shown, f.text[id] = append(f.shown, id), text
		}
		return id, err
	}
	var last string
	if len(f.shown) > 0 {
		last = f.shown[len(f.shown)-1]
	}
	switch i % 8 {
	case 0:
		_, err := show2(show, fmt.Sprint("text ", i), func() (string, error) { return f.from.SendText(ctx, f.to, fmt.Sprint("text ", i)) })
		return err
	case 1:
		_, err := f.from.Edit(ctx, f.to, last, fmt.Sprint("edited ", i))
		f.text[last] = fmt.Sprint("edited ", i)
		f.changes["MESSAGE_EDITED"]++
		return err
	case 2:
		_, err := f.from.React(ctx, f.to, last, "👍")
		f.reactions[last] = "👍"
		f.changes["MESSAGE_REACTION"]++
		return err
	case 3:
		data := bytes.Repeat([]byte(fmt.Sprint("file ", i, " ")), 500)
		id, err := show2(show, "caption", func() (string, error) {
			return f.from.SendMedia(ctx, f.to, wasim.Media{Kind: wasim.MediaDocument, Data: data, Caption: "caption", FileName: "a.txt"})
		})
		f.files[id] = data
		return err
	case 4:
		_, err := show2(show, "?", func() (string, error) {
			return f.from.SendPoll(ctx, f.to, wasim.Poll{Name: "?", Options: []string{"a", "b"}, Selectable: 1})
		})
		return err
	case 5:
		_, err := f.from.Vote(ctx, f.to, last, "b")
		f.votes[last] = "b"
		f.changes["POLL_VOTE"]++
		return err
	case 6:
		_, err := show2(show, "a slip", func() (string, error) { return f.from.SendText(ctx, f.to, "a slip") })
		return err
	default:
		_, err := f.from.Revoke(ctx, f.to, last)
		f.text[last], f.revoked[last] = "", true
		f.changes["MESSAGE_REVOKED"]++
		return err
	}
}

// show2 sends a message and notes it.
func show2(show func(id, text string, err error) (string, error), text string, send func() (string, error)) (string, error) {
	id, err := send()
	return show(id, text, err)
}

// TestEveryKindInAFlood kills the gateway while people send every kind of message
// and change them: nothing is lost or done twice, every change is applied, every
// file is here.
func TestEveryKindInAFlood(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, dialect)
		alice, bob := w.phone("Alice"), w.phone("Bob")
		group, err := alice.CreateGroup(t.Context(), "Team", w.own.JID(), bob.JID())
		require.NoError(t, err)
		floods := []*kindFlood{newKindFlood(bob, w.own.JID(), bob.JID()), newKindFlood(alice, group, group)}
		kills := times(3, 20)
		for kill := range kills {
			killed := make(chan struct{})
			go func() {
				defer close(killed)
				pause(20*time.Millisecond, 200*time.Millisecond)
				w.gateway.kill()
				w.gateway.start()
			}()
			for i := range 24 {
				for _, f := range floods {
					require.NoError(t, f.act(t, kill*24+i))
				}
				if rand.IntN(3) == 0 {
					pause(0, 10*time.Millisecond)
				}
			}
			<-killed
		}
		w.working()
		for _, f := range floods {
			w.verifyKinds(f)
		}
		for _, kind := range []string{"MESSAGE_EDITED", "MESSAGE_REACTION", "POLL_VOTE", "MESSAGE_REVOKED"} {
			want := floods[0].changes[kind] + floods[1].changes[kind]
			assert.Len(t, w.gateway.events(kind), want, kind)
		}
	})
}

// verifyKinds compares what one phone did with what the gateway serves.
func (w *world) verifyKinds(f *kindFlood) {
	w.Helper()
	type message struct {
		WAMessageID string `json:"waMessageId"`
		Body        string `json:"body"`
		Deleted     bool   `json:"deleted"`
		Media       *struct{ URL string }
		Reactions   []struct{ Emoji string }
		Poll        *struct{ Options []struct{ Votes int } }
	}
	byID, order := map[string]message{}, []string{}
	until(w.T, "all messages and changes are stored", func() bool {
		clear(byID)
		order = order[:0]
		cursor := ""
		for {
			var page struct {
				Data       []message
				NextCursor *string
			}
			if w.gateway.call(http.MethodGet, w.gateway.url("/api/v1/sessions/%s/chats/%s/messages?limit=200&cursor=%s", w.session, f.chat, cursor), nil, &page) != http.StatusOK {
				return false
			}
			for _, m := range page.Data {
				byID[m.WAMessageID] = m
				order = append([]string{m.WAMessageID}, order...)
			}
			if page.NextCursor == nil {
				break
			}
			cursor = *page.NextCursor
		}
		applied := len(order) >= len(f.shown)
		for id := range f.text {
			m := byID[id]
			applied = applied && m.Body == f.text[id] && m.Deleted == f.revoked[id] && (len(m.Reactions) == 1) == (f.reactions[id] != "")
			applied = applied && (f.votes[id] == "" || m.Poll != nil && m.Poll.Options[1].Votes == 1)
		}
		return applied
	})
	w.same("shown", f.shown, order)
	w.relayed()
	logged := []string{}
	for _, e := range w.gateway.events("MESSAGE") {
		if e.Payload.ChatJID == f.chat.String() {
			logged = append(logged, e.Payload.WAMessageID)
		}
	}
	w.same("logged", f.shown, logged)
	for id, data := range f.files {
		until(w.T, "the file is here", func() bool { return bytes.Equal(data, w.gateway.bytes(byID[id].Media.URL)) })
	}
}

// bytes gives what an address answers; nil when that is not 200.
func (g *gateway) bytes(path string) []byte {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.url("%s", path), nil)
	require.NoError(g.t, err)
	request.Header.Set("x-api-key", g.key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil
	}
	return data
}
