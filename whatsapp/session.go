package whatsapp

import (
	"context"
	"log/slog"
	"sync/atomic"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
)

// session is what everybody may use of a session: acts, event handlers and
// watchers. What decides about it belongs to its [owner].
type session struct {
	id        string
	service   *Service
	log       *slog.Logger
	mail      *mailbox
	watchers  watchers
	groups    groupBook
	health    health
	sender    *sender
	chats     *chatWork
	downloads *downloads
	history   chan struct{} // holds a token when there may be a part of the past to store

	link    atomic.Pointer[link] // nil: not running
	online  atomic.Bool          // logged in, as far as the owner knows
	account atomic.Pointer[account]
	typing  atomic.Bool // shows typing before it sends

	rejecting atomic.Bool // rejects calls that come in
}

// account is the linked account; empty until paired.
type account struct {
	pn, lid  types.JID
	pushName string // whatsmeow's copy must not be read while it may change
}

func newSession(s *Service, row *models.Session) *session {
	x := &session{id: row.ID, service: s, mail: newMailbox(), sender: newSender(row), chats: newChatWork(row), downloads: newDownloads(), history: make(chan struct{}, 1), log: s.log.With("session_id", row.ID)}
	x.account.Store(accountOf(row))
	x.typing.Store(row.PresenceTyping)
	x.rejecting.Store(row.AutoRejectCalls)
	x.watchers.publish(PairingUpdate{Status: row.Status, StatusReason: row.StatusReason, Session: row})
	return x
}

// accountOf reads the stored addresses, which the owner wrote; what cannot be
// parsed is empty.
func accountOf(row *models.Session) *account {
	pn, _ := types.ParseJID(row.WAJID)
	lid, _ := types.ParseJID(row.WALID)
	return &account{pn: pn, lid: lid, pushName: row.PushName}
}

// cli gives the present client; nil when the session is not running.
func (x *session) cli() *whatsmeow.Client {
	if l := x.link.Load(); l != nil {
		return l.client
	}
	return nil
}

// own gives the account's own addresses, by number and by LID; empty until known.
func (x *session) own() (pn, lid types.JID) {
	a := x.account.Load()
	return a.pn, a.lid
}

// connected reports whether acts can reach WhatsApp. It takes no lock of the
// client's, which is held while it dials.
func (x *session) connected() bool {
	return x.online.Load() && x.cli().IsLoggedIn()
}

// post hands work to the owner; false when that has ended.
func (x *session) post(work func(*owner)) bool { return x.mail.put(work) }

// order lets the owner do something and waits for its answer until ctx ends; the
// owner does it all the same. An owner that has ended is fault.NotFound or
// fault.Unavailable.
func order[T any](ctx context.Context, x *session, work func(*owner) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	answer := make(chan outcome, 1)
	var nothing T
	posted := x.post(func(o *owner) {
		value, err := work(o)
		answer <- outcome{value, err}
	})
	if !posted {
		return nothing, x.ended()
	}
	select {
	case out := <-answer:
		return out.value, out.err
	case <-x.mail.closed:
	case <-ctx.Done():
		return nothing, fault.New(fault.Unavailable, fault.ReasonTimeout, "the session did not answer in time").Because(ctx.Err())
	}
	// The owner's last act may have been the answer.
	select {
	case out := <-answer:
		return out.value, out.err
	default:
		return nothing, x.ended()
	}
}

// ended is the error of using a session whose owner has ended: it was deleted,
// or the process stops.
func (x *session) ended() error {
	s := x.service
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closing {
		return fault.ShuttingDown()
	}
	return fault.NoSuch("session").Because(errEnded)
}
