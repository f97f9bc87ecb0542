package wasim

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// PhonePresence is what a phone has been told of somebody that it watches.
type PhonePresence struct {
	From     types.JID // LID of the account
	Online   bool
	LastSeen time.Time // zero if online or hidden
	Hidden   bool      // the other side does not show it
	Time     time.Time // when the phone was told
}

// PhoneTyping is what a phone was told of somebody's doing in a chat.
type PhoneTyping struct {
	Chat  types.JID // the group, or the LID of the other side
	From  types.JID // LID of the account
	State types.ChatPresence
	Media types.ChatPresenceMedia // audio while recording a voice message
	Time  time.Time
}

// SetAvailable is the user opening or closing the app on the phone.
func (p *Phone) SetAvailable(on bool) {
	p.mu.Lock()
	p.available = on
	p.mu.Unlock()
	p.announcePresence()
}

// WatchPresence is the user opening a chat with somebody, by phone number or LID:
// the phone notes the presence of the moment and every change from now on.
func (p *Phone) WatchPresence(ctx context.Context, who types.JID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	target := p.srv.phoneOf(who)
	if target == nil {
		return ErrNotFound
	}
	target.mu.Lock()
	if target.presencePhones == nil {
		target.presencePhones = map[*Phone]struct{}{}
	}
	target.presencePhones[p] = struct{}{}
	target.mu.Unlock()
	p.sees(target)
	return nil
}

// sees notes somebody's presence.
func (p *Phone) sees(who *Phone) {
	seen := who.seenBy(p)
	p.presence.put(p.srv.receiptNumber(), PhonePresence{
		From: who.lid, Online: seen.online, LastSeen: seen.lastSeen, Hidden: !seen.known, Time: p.srv.now(),
	}, nil)
}

// Presences lists what the phone was told of those that it watches, in order.
func (p *Phone) Presences() []PhonePresence { return p.presence.all() }

// WaitPresence gives the first presence that matches, from the oldest on, or
// waits for one until ctx ends. See [Phone.WatchPresence].
func (p *Phone) WaitPresence(ctx context.Context, match func(PhonePresence) bool) (PhonePresence, error) {
	return p.presence.wait(ctx, match)
}

// Typing is the user typing in a chat, or stopping to.
func (p *Phone) Typing(ctx context.Context, chat types.JID, on bool) error {
	return p.does(ctx, chat, node{Tag: tagFor(on, "composing", "paused")})
}

// Recording is the user recording a voice message in a chat, or stopping to.
func (p *Phone) Recording(ctx context.Context, chat types.JID, on bool) error {
	if !on {
		return p.Typing(ctx, chat, false)
	}
	return p.does(ctx, chat, node{Tag: "composing", Attrs: attrs{"media": string(types.ChatPresenceMediaAudio)}})
}

func (p *Phone) does(ctx context.Context, chat types.JID, state node) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.srv.groupOf(chat) == nil && p.srv.phoneOf(chat) == nil {
		return ErrNotFound
	}
	p.srv.typing(p, chat, []node{state})
	return nil
}

// gotTyping notes what somebody does in a chat.
func (p *Phone) gotTyping(chat types.JID, who *Phone, state *node) {
	p.typed.put(p.srv.receiptNumber(), PhoneTyping{
		Chat: chat, From: who.lid, State: types.ChatPresence(state.Tag), Media: types.ChatPresenceMedia(textOf(state, "media")), Time: p.srv.now(),
	}, nil)
}

// Typings lists what others did in the account's chats, in order.
func (p *Phone) Typings() []PhoneTyping { return p.typed.all() }

// WaitTyping gives the first doing that matches, from the oldest on, or waits for
// one until ctx ends.
func (p *Phone) WaitTyping(ctx context.Context, match func(PhoneTyping) bool) (PhoneTyping, error) {
	return p.typed.wait(ctx, match)
}
