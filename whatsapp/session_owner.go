package whatsapp

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wagateway/models"
	"wagateway/models/fault"
)

// owner is the goroutine that a session belongs to, from its first use until it
// is deleted or the service closes. Its fields are for that goroutine alone;
// everybody else posts work to it, which is done one after the other.
type owner struct {
	*session
	row     models.Session // as stored, or as it is to be stored: see unsaved
	unsaved bool           // the state in row could not be stored yet
	pairing *pairing       // nil: not pairing
	alarms  map[alarm]*ringing
	ending  bool

	// Supervision of the link, see session_supervision.go.
	dialling  bool            // the link has an attempt under way
	previous  <-chan struct{} // closed when the link before is down; nil: none
	pause     *backoff.ExponentialBackOff
	redeliver *backoff.ExponentialBackOff
	since     time.Time // when the last log-in was
	healthy   time.Time // when the link was last seen logged in
	held      time.Time // since when this process holds the session
	probed    time.Time // when WhatsApp's silence was last looked into
}

// alarm is something that an owner waits for; each rings at most once at a time.
type alarm string

const (
	alarmConnect   alarm = "connect"   // try to connect
	alarmLogin     alarm = "login"     // an open socket that does not log in
	alarmHealth    alarm = "health"    // look at the connection
	alarmRetry     alarm = "retry"     // a failure that time may have mended
	alarmQR        alarm = "qr"        // the next QR code
	alarmPairing   alarm = "pairing"   // the pairing code ends
	alarmStore     alarm = "store"     // store what could not be stored
	alarmName      alarm = "name"      // store a push name that could not be stored
	alarmRedeliver alarm = "redeliver" // have events delivered again
)

type ringing struct{ timer *time.Timer }

func newOwner(x *session, row *models.Session) *owner {
	t := x.service.cfg.Timing
	return &owner{
		session: x, row: *row, held: time.Now(), alarms: make(map[alarm]*ringing),
		pause:     backOff(t.MinBackOff, t.MaxBackOff),
		redeliver: backOff(t.MinBackOff, maxRedeliverPause),
	}
}

// backOff gives pauses that double, with jitter.
func backOff(first, most time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = first, max(first, most), 2
	return b
}

// run does the work that is posted until the session ends.
func (o *owner) run() {
	for !o.ending {
		for _, work := range o.mail.take() {
			o.do(work)
			if o.ending {
				break
			}
		}
	}
	for kind := range o.alarms {
		o.silence(kind)
	}
	o.service.disown(o.session)
	o.mail.close()
	o.watchers.end()
	if o.previous != nil {
		// Bounded by the link, see link.close.
		<-o.previous
	}
}

// do guards the process against one session's bug.
func (o *owner) do(work func(*owner)) {
	defer func() {
		if p := recover(); p != nil {
			o.log.Error("panic in a session's owner", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	work(o)
}

// ring does something after a while, unless it is silenced or rung anew.
func (o *owner) ring(kind alarm, after time.Duration, work func(*owner)) {
	o.silence(kind)
	r := &ringing{}
	o.alarms[kind] = r
	r.timer = time.AfterFunc(after, func() {
		o.post(func(o *owner) {
			// It may have been silenced when it was in the mailbox already.
			if o.alarms[kind] == r {
				delete(o.alarms, kind)
				work(o)
			}
		})
	})
}

func (o *owner) silence(kinds ...alarm) {
	for _, kind := range kinds {
		if r := o.alarms[kind]; r != nil {
			r.timer.Stop()
			delete(o.alarms, kind)
		}
	}
}

// current copies the row for callers.
func (o *owner) current() *models.Session {
	row := o.row
	return &row
}

// adopt takes over the row as the database has it now, but for a state that
// could not be stored yet, and tells the watchers.
func (o *owner) adopt(row *models.Session) {
	state := o.row
	o.row = *row
	if o.unsaved {
		o.row.Status, o.row.StatusReason, o.row.GatewayID = state.Status, state.StatusReason, state.GatewayID
	}
	o.account.Store(accountOf(&o.row))
	o.sender.limit(&o.row)
	o.chats.settle(&o.row)
	o.typing.Store(o.row.PresenceTyping)
	o.rejecting.Store(o.row.AutoRejectCalls)
	o.publish()
}

// publish tells the watchers where the session stands.
func (o *owner) publish() {
	update := PairingUpdate{Status: o.row.Status, StatusReason: o.row.StatusReason, Session: o.current()}
	if o.pairing != nil {
		update.QR, update.PairingCode = o.pairing.qr, o.pairing.code
	}
	o.watchers.publish(update)
}

// become goes to another state, stores it and tells the watchers. A state that
// cannot be stored now holds all the same, and is stored when that works again.
func (o *owner) become(status models.SessionStatus, reason models.StatusReason) {
	if o.row.Status == status && o.row.StatusReason == reason && !o.unsaved {
		o.publish()
		return
	}
	from := o.row.Status
	if (from != status && !mayStep(from, status)) || !mayReason(status, reason) {
		o.log.Error("a session must not change its state like this", "from", from, "to", status, "reason", reason)
		return
	}
	o.row.Status, o.row.StatusReason, o.row.GatewayID = status, reason, o.service.cfg.GatewayID
	if status == models.SessionStopped {
		o.row.GatewayID = ""
	}
	if status == models.SessionWorking {
		o.row.LastConnectedAt = models.Now()
	}
	o.log.Info("session state", "from", from, "to", status, "reason", reason)
	o.save()
	o.publish()
}

// save stores the state.
func (o *owner) save() {
	ctx, cancel := o.storing()
	defer cancel()
	o.unsaved = true
	row, err := o.service.db.Sessions.SetState(ctx, o.id, models.SessionState{
		Status: o.row.Status, Reason: o.row.StatusReason, GatewayID: o.row.GatewayID, ConnectedAt: o.row.LastConnectedAt,
	})
	switch {
	case err == nil:
		o.unsaved = false
		o.silence(alarmStore)
		o.row = *row
	case fault.Is(err, fault.NotFound):
		o.unsaved = false // deleted behind our back: nothing to store it in
	default:
		o.log.Error("storing a session's state failed, trying again", "error", err)
		o.ring(alarmStore, storeRetry, func(o *owner) { o.save() })
	}
}

// storing gives the context of the owner's own writes, which nobody else waits
// for and which outlive a command's caller.
func (o *owner) storing() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(o.service.life), storeTimeout)
}

const (
	// storeRetry is the pause before a state is stored again.
	storeRetry = time.Second
	// maxRedeliverPause bounds how seldom events that could not be stored are
	// asked for again.
	maxRedeliverPause = 10 * time.Minute
)
