package whatsapp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
)

const (
	// owedPage is how many chats are told of at a time.
	owedPage = 200
	// maxStateTries is how often a patch of app state that other devices keep
	// getting ahead of is sent; whatsmeow itself tries each one twice.
	maxStateTries = 4
	// maxChatPause bounds the pause before chats are told of again.
	maxChatPause = 5 * time.Minute
	// recentEchoes is how many of the account's own patches are known again.
	recentEchoes = 512
)

// chatWork is what a session does for its chats in the background.
type chatWork struct {
	autoRead atomic.Bool   // mark what comes read
	wake     chan struct{} // holds a token when there may be something to do
	fresh    atomic.Bool   // there was a log-in
	lost     atomic.Bool   // something of the app state could not be stored, or read
	doubt    stateDoubt

	turn     chan struct{} // held while app state is sent: patches go in order
	followed stateOrder    // of this and other devices' changes
	presence availability

	mu       sync.Mutex     // guards the rest; a leaf
	settling bool           // the app state is fetched anew
	gathered []gatheredPart // what came meanwhile
	last     int64          // the time of the last own patch, in Unix milliseconds
	echoes   map[int64]bool
	recent   []int64 // of echoes, the oldest first
}

func newChatWork(row *models.Session) *chatWork {
	c := &chatWork{wake: make(chan struct{}, 1), turn: make(chan struct{}, 1), echoes: make(map[int64]bool)}
	c.autoRead.Store(row.AutoRead)
	c.lost.Store(row.StateDoubtful)
	c.doubt.noted = row.StateDoubtful
	return c
}

// poke says that there may be something to do.
func (c *chatWork) poke() {
	select {
	case c.wake <- struct{}{}:
	default: // it was said already
	}
}

// ready says that the session has logged in.
func (c *chatWork) ready() {
	c.fresh.Store(true)
	c.poke()
}

// settle takes over the session's settings.
func (c *chatWork) settle(row *models.Session) {
	if c.autoRead.Swap(row.AutoRead) != row.AutoRead {
		c.poke()
	}
}

// came says that a message has come.
func (c *chatWork) came() {
	if c.autoRead.Load() {
		c.poke()
	}
}

// stamp gives a patch a time that no other of the account's own has, by which it
// is known again when it comes back.
func (c *chatWork) stamp() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(time.Now().UnixMilli(), c.last+1)
	if len(c.recent) == recentEchoes {
		delete(c.echoes, c.recent[0])
		c.recent = c.recent[1:]
	}
	c.echoes[c.last], c.recent = true, append(c.recent, c.last)
	return time.UnixMilli(c.last)
}

// isEcho reports whether a change of app state is one of this process's own: what
// it says is stored, and may be out of date by the time it comes back.
func (c *chatWork) isEcho(at time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.echoes[at.UnixMilli()]
}

// tellChatsOf has WhatsApp told of what a session's chats owe, if it runs here.
func (s *Service) tellChatsOf(sessionID string) {
	if x := s.known(sessionID); x != nil {
		x.chats.poke()
	}
}

// runChats tells WhatsApp what was wished for of chats and reads what a session
// reads by itself, from the database, until ctx, the link's, ends. What fails is
// tried again; one chat does not hold up another.
func (s *Service) runChats(ctx context.Context, x *session, l *link) {
	pause := backOff(s.cfg.Timing.SendRetry, maxChatPause)
	timer := time.NewTimer(forever)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.chats.wake:
		case <-timer.C:
		}
		rest := forever
		if x.connected() { // else ready wakes
			if err := s.workOnChats(ctx, x, l); err != nil && ctx.Err() == nil {
				x.log.WarnContext(ctx, "telling WhatsApp of chats failed, trying again", "error", err)
				rest = pause.NextBackOff()
			} else {
				pause.Reset()
				rest = s.settleState(ctx, x)
			}
		}
		timer.Reset(rest)
	}
}

func (s *Service) workOnChats(ctx context.Context, x *session, l *link) error {
	var failures []error
	if x.chats.fresh.Swap(false) {
		failures = append(failures, s.resumePresence(ctx, x))
	}
	if x.chats.lost.Swap(false) {
		if err := s.refetchState(ctx, x, l); err != nil {
			x.chats.lost.Store(true)
			failures = append(failures, err)
		}
	}
	failures = append(failures, s.tellOwed(ctx, x))
	if x.chats.autoRead.Load() {
		failures = append(failures, s.readAll(ctx, x))
	}
	return errors.Join(failures...)
}

// tellOwed tells WhatsApp what it is to hear of chats, those first that were
// changed first.
func (s *Service) tellOwed(ctx context.Context, x *session) error {
	chats, err := s.db.Chats.Owed(ctx, x.id, owedPage)
	if err != nil {
		return err
	}
	var failures []error
	for i := range chats {
		if err := s.tellOfChat(ctx, x, &chats[i]); err != nil {
			failures = append(failures, err)
		}
		if !x.connected() {
			break
		}
	}
	if len(chats) == owedPage && len(failures) < owedPage {
		x.chats.poke() // for the rest
	}
	return errors.Join(failures...)
}

// tellOfChat tells WhatsApp of one chat, as it is stored.
func (s *Service) tellOfChat(ctx context.Context, x *session, chat *models.Chat) error {
	target, err := x.chatTarget(chat)
	if err != nil {
		return err
	}
	at, key, err := s.lastKey(ctx, chat, target)
	if err != nil {
		return err
	}
	var until *int64 // nil: without an end
	if chat.MutedUntil != models.MutedForever {
		until = proto.Int64(int64(chat.MutedUntil))
	}
	muted := int64(chat.MutedUntil) > time.Now().UnixMilli()
	if !muted {
		until = nil
	}
	for _, owed := range []struct {
		part  models.ChatSync
		patch appstate.PatchInfo
	}{
		// Archiving unpins, so the pin comes behind it.
		{models.SyncArchived, appstate.BuildArchive(target, chat.Archived, at, key)},
		{models.SyncPinned, appstate.BuildPin(target, chat.Pinned)},
		{models.SyncMuted, appstate.BuildMuteAbs(target, muted, until)},
		{models.SyncRead, appstate.BuildMarkChatAsRead(target, !chat.MarkedUnread, at, key)},
	} {
		if chat.Owed&owed.part == 0 {
			continue
		}
		// What has come since it was read is not read.
		if owed.part != models.SyncRead || chat.MarkedUnread || chat.UnreadCount == 0 {
			if err := s.sendState(ctx, x, owed.patch); err != nil {
				return err
			}
		}
		if err := s.db.Chats.Told(ctx, chat, owed.part); err != nil {
			return err
		}
	}
	s.changes.notify(nil)
	return nil
}

// lastKey gives time and key of a chat's latest message, as app state names it; no
// key without one.
func (s *Service) lastKey(ctx context.Context, chat *models.Chat, target types.JID) (time.Time, *waCommon.MessageKey, error) {
	latest, err := s.db.Messages.LatestByChats(ctx, []int64{chat.ID})
	if err != nil {
		return time.Time{}, nil, err
	}
	message, known := latest[chat.ID]
	if !known {
		return time.Time{}, nil, nil
	}
	key := &waCommon.MessageKey{
		RemoteJID: proto.String(target.String()), FromMe: proto.Bool(message.FromMe), ID: proto.String(message.WAMessageID),
	}
	if chat.Type == models.ChatGroup && !message.FromMe {
		sender, err := senderOf(&message)
		if err != nil {
			return time.Time{}, nil, err
		}
		key.Participant = proto.String(sender.String())
	}
	return time.UnixMilli(int64(message.Timestamp)), key, nil
}

// sendState writes a patch of app state: one after the other, and again when
// another device got ahead of it. Before the phone has shared its keys it is
// fault.Upstream.
func (s *Service) sendState(ctx context.Context, x *session, patch appstate.PatchInfo) error {
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	select {
	case x.chats.turn <- struct{}{}:
		defer func() { <-x.chats.turn }()
	case <-asking.Done():
		return upstream(asking.Err(), nil)
	}
	patch.Timestamp = x.chats.stamp()
	// What other devices did before comes back with the answer: it is overwritten.
	parts := x.patchParts(asking, patch)
	overwrite := func() {
		for _, part := range parts {
			x.chats.followed.own(part, patch.Timestamp)
		}
	}
	overwrite()
	defer overwrite()
	for try := 1; ; try++ {
		err := tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			if err := stateKeysThere(ctx, cli); err != nil {
				return err
			}
			return cli.SendAppState(ctx, patch)
		})
		if !errors.Is(err, whatsmeow.ErrAppStateUpdate) {
			return err
		}
		if try == maxStateTries {
			return refused(409).Because(err)
		}
		err = tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.FetchAppState(ctx, patch.Type, false, false)
		})
		if err != nil {
			return err
		}
	}
}
