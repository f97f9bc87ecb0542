package whatsapp

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// typingAvailable is how long an account that shows typing stays available for it.
// Longer would keep its phone from ringing.
const typingAvailable = 30 * time.Second

// maxSubscriptions bounds whose presence a session follows again after a
// reconnect.
const maxSubscriptions = 256

// ChatState is what the account does in a chat.
type ChatState string

// The states, as in the contract's setChatPresence.
const (
	Composing ChatState = "composing"
	Paused    ChatState = "paused"
	Recording ChatState = "recording"
)

// availability is whether others see the account as available, and whom it
// follows. WhatsApp forgets both with each connection. The zero value is not
// available.
type availability struct {
	mu         sync.Mutex
	wanted     bool      // by setPresence
	until      time.Time // for typing
	typing     bool      // a goroutine waits for until
	subscribed []types.JID
}

// SetPresence shows the account as available, or not, until it is set otherwise or
// the process ends. Only an available account hears of others' presence, and its
// phone may stay silent meanwhile. The session must be connected.
func (s *Service) SetPresence(ctx context.Context, sessionID string, available bool) error {
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return err
	}
	// Wished for first: the end of typing must not take it back.
	before := x.chats.presence.want(available)
	err = sendPresence(ctx, x, available)
	if err != nil {
		x.chats.presence.want(before)
	}
	return err
}

// want sets whether the account is to be available, and gives what it was.
func (a *availability) want(available bool) (before bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, a.wanted = a.wanted, available
	return before
}

// isWanted reports whether the account is to be available.
func (a *availability) isWanted() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wanted
}

// sendPresence tells WhatsApp whether the account is available.
func sendPresence(ctx context.Context, x *session, available bool) error {
	presence := types.PresenceUnavailable
	if available {
		presence = types.PresenceAvailable
	}
	err := tell(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error { return cli.SendPresence(ctx, presence) })
	if errors.Is(err, whatsmeow.ErrNoPushName) {
		return fault.New(fault.Unavailable, "", "the account's name is not known yet, try again").Because(err)
	}
	return err
}

// SubscribePresence has events tell of a person's presence while the account is
// available, which this makes it. Their privacy settings may keep it back. The
// session must be connected.
func (s *Service) SubscribePresence(ctx context.Context, sessionID, personJID string) error {
	person, err := address.ParsePerson("jid", personJID)
	if err != nil {
		return err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return err
	}
	jid, err := parseCanonical(person)
	if err != nil {
		return err
	}
	if err := s.SetPresence(ctx, sessionID, true); err != nil {
		return err
	}
	jid = x.stateJID(ctx, jid)
	if err := subscribe(ctx, x, jid); err != nil {
		return err
	}
	a := &x.chats.presence
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Contains(a.subscribed, jid) {
		return nil
	}
	if len(a.subscribed) == maxSubscriptions {
		a.subscribed = a.subscribed[1:]
	}
	a.subscribed = append(a.subscribed, jid)
	return nil
}

func subscribe(ctx context.Context, x *session, jid types.JID) error {
	return tell(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error { return cli.SubscribePresence(ctx, jid) })
}

// resumePresence tells a new connection what the last one knew.
func (s *Service) resumePresence(ctx context.Context, x *session) error {
	a := &x.chats.presence
	a.mu.Lock()
	wanted, subscribed := a.wanted, append([]types.JID(nil), a.subscribed...)
	a.mu.Unlock()
	if !wanted {
		return nil
	}
	err := sendPresence(ctx, x, true)
	for _, jid := range subscribed {
		if err == nil {
			err = subscribe(ctx, x, jid)
		}
	}
	if err != nil {
		x.chats.fresh.Store(true)
	}
	return err
}

// SetChatPresence shows a person or group that the account types or records, or no
// longer does. It makes the account available for as long as that takes. The
// session must be connected.
func (s *Service) SetChatPresence(ctx context.Context, sessionID, chatJID string, state ChatState) error {
	jid, err := parseRecipient("jid", chatJID)
	if err != nil {
		return err
	}
	shown, media := types.ChatPresenceComposing, types.ChatPresenceMediaText
	switch state {
	case Composing:
	case Recording:
		media = types.ChatPresenceMediaAudio
	case Paused:
		shown = types.ChatPresencePaused
	default:
		return fault.Invalid("state", "state must be composing, paused or recording")
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return err
	}
	to, err := parseCanonical(jid)
	if err != nil {
		return err
	}
	if shown == types.ChatPresenceComposing {
		if err := s.availableForTyping(ctx, x); err != nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	to = x.stateJID(asking, to)
	return tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
		return cli.SendChatPresence(ctx, to, shown, media)
	})
}

// availableForTyping makes the account available for a while, unless it is.
func (s *Service) availableForTyping(ctx context.Context, x *session) error {
	l := x.link.Load()
	a := &x.chats.presence
	a.mu.Lock()
	a.until = time.Now().Add(typingAvailable)
	begin := l != nil && !a.wanted && !a.typing
	a.typing = a.typing || begin
	a.mu.Unlock()
	if !begin {
		return nil
	}
	err := sendPresence(ctx, x, true)
	if err != nil || !l.spawn(func(ctx context.Context) { endTyping(ctx, x) }) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.typing = false
	}
	return err
}

// endTyping makes the account unavailable when it has not typed for a while. The
// end of the link does so too.
func endTyping(ctx context.Context, x *session) {
	a := &x.chats.presence
	for {
		a.mu.Lock()
		left := time.Until(a.until)
		over := left <= 0 || a.wanted || ctx.Err() != nil
		if over {
			a.typing = false
		}
		away := over && !a.wanted
		a.mu.Unlock()
		if over {
			if away && ctx.Err() == nil {
				if err := sendPresence(ctx, x, false); err != nil {
					x.log.DebugContext(ctx, "becoming unavailable failed", "error", err)
				}
			}
			return
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}
