package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
)

// link is one client of whatsmeow's, for one device, from the session's start to
// its stop. It connects as often as the owner says so; it never does by itself.
//
// Its methods do not block, except logout and pairPhone: what takes time runs in
// goroutines of the link, which have ended when the channel that close gives is
// closed.
type link struct {
	session *session
	client  *whatsmeow.Client
	version store.WAVersionContainer // that the device shows
	web     *http.Client

	// ctx ends with the link; whatsmeow's goroutines live by it.
	ctx    context.Context //nolint:containedctx // whatsmeow wants the connection's, not the call's
	cancel context.CancelFunc

	dial   sync.Mutex         // held while the client dials or hangs up
	hangUp context.CancelFunc // ends the context of the last connection; of dial

	// refuses is set by the first event that could not be stored, until the next
	// connection: what came after it must not be stored before it.
	refuses atomic.Bool
	// queue watches whatsmeow's queue of stanzas.
	queue stanzaQueue
	// caughtUp tells when what waited for the connection has come.
	caughtUp signal
	// presences are what people do at this moment.
	presences presences

	mu     sync.Mutex // guards closed, and work against it
	closed bool
	work   sync.WaitGroup
}

const (
	// slotTime is how long an attempt counts as one of the parallel starts. They
	// bound the work of handshakes; who waits for a dead proxy does none.
	slotTime = 3 * time.Second
	// predecessorTime bounds waiting for the link before to be down: two clients
	// of one device would replace each other.
	predecessorTime = 6 * time.Second
	// goodbyeTime is what a client has to say goodbye before it is cut.
	goodbyeTime = 3 * time.Second
	// offlineTime bounds waiting for WhatsApp to have delivered what has gathered
	// while the session was away. It says so, but nobody promised that it does.
	offlineTime = 20 * time.Second
	// cutTime is what a client that was cut has to notice.
	cutTime = time.Second
)

// errDropped is a socket that was gone as soon as it was open.
var errDropped = errors.New("the connection was lost at once")

// newLink makes a link that is not connected. An empty proxy is none.
func newLink(x *session, device *store.Device, proxy string, row *models.Session) *link {
	s := x.service
	l := &link{session: x, version: s.version.get(), web: s.web.client(proxy)}
	l.ctx, l.cancel = context.WithCancel(s.life)
	c := whatsmeow.NewClient(device, newClientLog(x.log, l.queue.overflow))
	c.SetWebsocketHTTPClient(l.web)
	c.SetPreLoginHTTPClient(l.web)
	c.SetMediaHTTPClient(l.web)
	c.BackgroundEventCtx = l.ctx

	// The owner decides when to connect: see session_supervision.go.
	c.EnableAutoReconnect = false
	c.DisableLoginAutoReconnect = true

	// Nothing is acknowledged before the handler has stored it, and what it could
	// not store is handed out again.
	c.SynchronousAck = true
	c.EnableDecryptedEventBuffer = true
	c.AddEventHandlerWithSuccessStatus(func(evt any) bool { return x.handle(l, evt) })
	// Sent messages survive a restart, for the retry receipts that ask for them.
	c.GetMessageForRetry = func(_, to types.JID, id types.MessageID) *waE2E.Message { return l.messageForRetry(to, id) }
	c.SetMaxParallelRetryReceiptHandling(4)
	// History is not downloaded behind our back into memory.
	c.ManualHistorySyncDownload = true
	c.DisableManualHistorySyncReceipt = true // sent when it is stored
	// The first synchronization of the address book counts too.
	c.EmitAppStateEventsOnFullSync = true
	// Somebody with a new phone is the same person to a gateway.
	c.AutoTrustIdentity = true
	c.AutomaticMessageRerequestFromPhone = true

	c.QRClientType = whatsmeow.PairClientChrome
	c.PrePairCallback = l.claim
	payload := payload{version: l.version, deviceName: s.cfg.DeviceName, historyDays: row.HistoryDays}
	c.GetClientPayload = func() *clientPayload { return payload.of(device) }
	l.client = c
	return l
}

// connect hangs up what is left, dials and shakes hands, in the background, when
// the link before is down and there is a slot. done gets the outcome.
func (l *link) connect(previous <-chan struct{}, done func(error)) {
	go func() {
		if previous != nil {
			select {
			case <-previous:
			case <-time.After(predecessorTime):
			case <-l.ctx.Done():
			}
		}
		l.dial.Lock()
		defer l.dial.Unlock()
		// It says goodbye, for which a dead socket takes its time.
		l.client.Disconnect()
		l.session.service.devices.prepare(l.client.Store, l.refusesNext, l.notStored, l.session.stateChanges)
		done(l.dialOnce(l.connection()))
	}()
}

// connection gives the context of the next connection and ends that of the one
// before: what is left of that may still be decrypting, and must not be stored
// before what it refused comes again. dial is held.
func (l *link) connection() context.Context {
	if l.hangUp != nil {
		l.hangUp()
	}
	var ctx context.Context
	ctx, l.hangUp = context.WithCancel(l.ctx)
	l.refuses.Store(false)
	l.queue.reset()
	l.caughtUp.reset()
	return ctx
}

// refusesNext reports whether the next event must not be taken from this
// connection, and counts it.
func (l *link) refusesNext() bool {
	if l.refuses.Load() {
		return true
	}
	if l.queue.inOrder() {
		return false
	}
	if !l.refuses.Swap(true) {
		l.session.log.Info("more came at once than keeps its order, connecting anew for the rest")
		l.session.tell(l, (*owner).reconnect)
	}
	return true
}

func (l *link) dialOnce(ctx context.Context) (err error) {
	starts := l.session.service.starts
	if err := starts.Acquire(ctx, 1); err != nil {
		return err
	}
	release := sync.OnceFunc(func() { starts.Release(1) })
	timer := time.AfterFunc(slotTime, release)
	defer release()
	defer timer.Stop()
	defer func() {
		if p := recover(); p != nil { // a device that was deleted meanwhile
			err = fmt.Errorf("panic while connecting: %v\n%s", p, debug.Stack())
		}
	}()
	return l.client.ConnectContext(ctx)
}

// notStored has everything from an event on delivered again that could not be
// stored: nothing more is taken from this connection.
func (l *link) notStored(err error) {
	if l.ctx.Err() != nil || l.refuses.Swap(true) {
		return
	}
	l.session.log.Error("storing an event failed, it is asked for again", "error", err)
	l.session.tell(l, func(o *owner) { o.notStored(l) })
}

// claim is whatsmeow's question whether to accept an account; it waits for the
// owner to have stored it.
func (l *link) claim(jid types.JID, _, _ string) bool {
	ctx, cancel := context.WithTimeout(l.ctx, storeTimeout)
	defer cancel()
	_, err := order(ctx, l.session, func(o *owner) (struct{}, error) {
		if o.link.Load() != l {
			return struct{}{}, errEnded
		}
		return struct{}{}, o.claim(jid)
	})
	if err != nil {
		l.session.log.Error("storing the account failed, pairing is refused", "error", err)
	}
	return err == nil
}

// logout asks WhatsApp to unlink the device, until ctx ends.
func (l *link) logout(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil { // a device that was deleted meanwhile
			err = fmt.Errorf("panic while logging out: %v", p)
		}
	}()
	return l.client.Logout(ctx)
}

// spawn runs work in a goroutine of the link's; false when it is closed.
func (l *link) spawn(work func(context.Context)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.work.Go(func() { work(l.ctx) })
	return true
}

// close ends the link in the background. The channel is closed when this one and
// the one before are down.
//
// A handshake that nobody answers cannot be interrupted: whatsmeow gives it up
// after 20 s, and until then blocks whoever else asks the client for something.
// Neither is waited for. The socket is cut, so nothing comes of them.
func (l *link) close(previous <-chan struct{}) <-chan struct{} {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	goodbye := goodbyeTime
	if l.dial.TryLock() {
		l.dial.Unlock()
	} else {
		goodbye = 0 // it only dials
	}
	hungUp := make(chan struct{})
	go func() {
		defer close(hungUp)
		l.dial.Lock()
		defer l.dial.Unlock()
		l.client.Disconnect()
	}()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		l.work.Wait()
	}()
	down := make(chan struct{})
	go func() {
		defer close(down)
		waitFor(hungUp, goodbye)
		l.cancel()
		if waitFor(hungUp, cutTime) {
			<-worked
		} else {
			waitFor(worked, cutTime)
		}
		l.session.service.web.release(l.web)
		if previous != nil {
			<-previous
		}
	}()
	return down
}

// waitFor waits until a channel is closed, or for a while, and reports whether it was.
func waitFor(done <-chan struct{}, most time.Duration) bool {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
