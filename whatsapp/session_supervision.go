package whatsapp

import (
	"context"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
)

// start makes the session wanted and runs it, unless it runs already.
func (o *owner) start(ctx context.Context) error {
	if !o.row.Enabled {
		row, err := o.service.db.Sessions.SetEnabled(ctx, o.id, true)
		if err != nil {
			return err
		}
		o.adopt(row)
	}
	switch o.row.Status {
	case models.SessionStarting, models.SessionScanQRCode, models.SessionWorking:
		return nil
	default:
		o.begin()
		return nil
	}
}

// resume continues what the last process left: a wanted session runs again,
// unless it waits for a person; another one is stopped.
func (o *owner) resume() {
	if o.link.Load() != nil {
		return // a command was faster
	}
	failed := o.row.Status == models.SessionFailed && needsPerson(o.row.StatusReason)
	switch {
	case failed:
	case !o.row.Enabled:
		o.become(models.SessionStopped, "")
	default:
		// The state is the dead process's: nothing runs yet.
		o.row.Status = models.SessionStopped
		o.begin()
	}
}

// begin runs the session from nothing: a paired one logs in, another one pairs.
func (o *owner) begin() {
	o.hangUp()
	o.pause.Reset()
	o.silence(alarmRetry)
	o.become(models.SessionStarting, "")
	o.newLink()
}

// newLink makes a link for the session's device, or for a new one to pair, and
// connects it. A device that is not in the store any more is logged out.
func (o *owner) newLink() {
	ctx, cancel := o.storing()
	defer cancel()
	device, err := o.device(ctx)
	if fault.Is(err, fault.NotFound) {
		o.log.Warn("the linked device is not in the store", "error", err)
		o.loggedOut()
		return
	}
	var proxy string
	if err == nil {
		proxy, err = o.service.db.Sessions.Proxy(ctx, o.id)
	}
	if err != nil {
		o.log.Error("preparing to connect failed, trying again", "error", err)
		o.tryLater(o.newLink)
		return
	}
	if device.ID == nil {
		o.beginPairing()
	} else {
		o.abandonPairing("the device is linked") // when its connection was lost in between
	}
	l := newLink(o.session, device, proxy, &o.row)
	o.link.Store(l)
	l.spawn(func(ctx context.Context) { o.service.runSender(ctx, o.session, l) })
	l.spawn(func(ctx context.Context) { o.service.runChats(ctx, o.session, l) })
	l.spawn(func(ctx context.Context) { o.service.runDownloads(ctx, o.session, l) })
	l.spawn(func(ctx context.Context) { o.service.runHistory(ctx, o.session, l) })
	o.connect()
}

// device loads the linked device, or makes one to pair.
func (o *owner) device(ctx context.Context) (*store.Device, error) {
	if !o.row.Paired() {
		return o.service.devices.NewDevice(), nil
	}
	jid, err := types.ParseJID(o.row.DeviceJID)
	if err != nil {
		return nil, fmt.Errorf("reading the device's address: %w", err)
	}
	device, err := o.service.devices.GetDevice(ctx, jid)
	if err != nil {
		return nil, fmt.Errorf("loading the linked device: %w", err)
	}
	if device == nil {
		return nil, fault.NoSuch("device")
	}
	return device, nil
}

// connect lets the link connect, or connect anew.
func (o *owner) connect() {
	l := o.link.Load()
	if l == nil || o.dialling {
		return
	}
	o.online.Store(false)
	o.dialling = true
	o.silence(alarmConnect, alarmLogin, alarmHealth)
	l.connect(o.previous, func(err error) {
		o.post(func(o *owner) {
			if o.link.Load() == l {
				o.dialled(l, err)
			}
		})
	})
}

// dialled is the end of an attempt to connect. The log-in, or the QR codes, are
// still to come.
func (o *owner) dialled(l *link, err error) {
	o.dialling = false
	if err == nil && !l.client.IsConnected() {
		err = errDropped
	}
	if err != nil {
		o.log.Info("connecting failed", "error", err)
		o.disconnected()
		return
	}
	if !o.online.Load() {
		o.awaitLogin(o.service.cfg.Timing.Login)
	}
}

// awaitLogin connects anew when nothing comes of the socket.
func (o *owner) awaitLogin(within time.Duration) {
	o.ring(alarmLogin, within, func(o *owner) {
		o.log.Warn("connected but not logged in, connecting anew")
		o.disconnected()
	})
}

// dropped is whatsmeow's word that the socket is gone. It comes late sometimes:
// what counts is the present socket.
func (o *owner) dropped(l *link) {
	if !o.dialling && !l.client.IsConnected() {
		o.disconnected()
	}
}

// disconnected tries to connect again after a while.
func (o *owner) disconnected() {
	o.online.Store(false)
	o.silence(alarmLogin, alarmHealth)
	if !o.since.IsZero() && time.Since(o.since) >= o.service.cfg.Timing.Stable {
		o.pause.Reset()
	}
	o.since = time.Time{}
	if o.pairing != nil {
		o.interruptPairing()
		o.tryLater(func() {
			// The keys in the codes that were shown are of no use to a new socket.
			o.hangUp()
			o.newLink()
		})
		return
	}
	o.tryLater(o.connect)
}

// tryLater does something after the next pause; the session is starting then.
func (o *owner) tryLater(work func()) {
	o.become(models.SessionStarting, models.ReasonDisconnected)
	o.ring(alarmConnect, o.pause.NextBackOff(), func(*owner) { work() })
}

// loggedIn is the end of a log-in.
func (o *owner) loggedIn(l *link) {
	if o.pairing != nil {
		o.endPairing()
	}
	o.silence(alarmLogin, alarmConnect, alarmRetry)
	o.since = time.Now()
	o.healthy = o.since
	o.online.Store(true) // before those that look at it wake
	o.sender.ready()
	o.chats.ready()
	o.downloads.added()
	o.historyAdded()
	o.identify(l)
	o.become(models.SessionWorking, "")
	o.watchHealth(l)
	l.spawn(func(ctx context.Context) { o.service.connected(ctx, o.session, l) })
}

// watchHealth looks at the connection from time to time: WhatsApp can end the
// log-in and leave the socket open (503), of which there is no event.
func (o *owner) watchHealth(l *link) {
	t := o.service.cfg.Timing
	o.ring(alarmHealth, t.Health, func(o *owner) {
		switch now := time.Now(); {
		case l.client.IsLoggedIn():
			o.healthy = now
			o.lookForSilence(l, now)
		case now.Sub(o.healthy) >= t.Login:
			o.log.Warn("no longer logged in on an open socket, connecting anew")
			o.disconnected()
			return
		}
		o.watchHealth(l)
	})
}

// reconnect does what WhatsApp asks for (515): behind a pairing, to log in with
// the new device.
func (o *owner) reconnect() {
	switch {
	case o.pairing == nil:
		o.become(models.SessionStarting, models.ReasonDisconnected)
		o.connect()
	case o.pairing.claimed:
		// The event of the pairing's end is about to come: whatsmeow takes a
		// connection that ends before it for a pairing that failed.
		o.pairing.again = true
	default:
		o.disconnected()
	}
}

// unanswered counts WhatsApp's silence to keep-alives, one every 20 to 30 s.
func (o *owner) unanswered(inARow int) {
	const tooMany = 2
	if inARow >= tooMany && !o.dialling {
		o.log.Warn("WhatsApp does not answer, connecting anew")
		o.disconnected()
	}
}

// identify stores the account's LID, where the phone did not tell it at pairing.
// The push name comes as an event of its own.
func (o *owner) identify(l *link) {
	lid := l.client.Store.GetLID().ToNonAD()
	if lid.IsEmpty() || lid.String() == o.row.WALID {
		return
	}
	ctx, cancel := o.storing()
	defer cancel()
	row, err := o.service.db.Sessions.SetPaired(ctx, o.id, models.Pairing{
		DeviceJID: o.row.DeviceJID, WAJID: o.row.WAJID, WALID: lid.String(),
		PhoneNumber: o.row.PhoneNumber, PushName: o.row.PushName,
	})
	if err != nil {
		o.log.Error("storing the account failed", "error", err) // the next log-in does it
		return
	}
	o.adopt(row)
}

// renamed stores the account's own name, in the session and among the people.
// Only the owner stores it, one name after the other, so that no older one stands
// in the end.
func (o *owner) renamed(name string) {
	o.silence(alarmName)
	if name == "" || name == o.row.PushName {
		return
	}
	ctx, cancel := o.storing()
	defer cancel()
	err := o.service.storeOwnName(ctx, o.session, name)
	var row *models.Session
	if err == nil {
		row, err = o.service.db.Sessions.SetPushName(ctx, o.id, name)
	}
	if err != nil {
		o.log.Error("storing the push name failed, trying again", "error", err)
		o.ring(alarmName, storeRetry, func(o *owner) { o.renamed(name) })
		return
	}
	o.adopt(row)
}

// notStored has events delivered again that a handler could not store: when the
// database answers, after a pause that grows, by connecting anew.
func (o *owner) notStored(l *link) {
	if o.alarms[alarmRedeliver] != nil {
		return
	}
	if time.Since(o.since) > maxRedeliverPause {
		o.redeliver.Reset()
	}
	o.ring(alarmRedeliver, o.redeliver.NextBackOff(), func(o *owner) {
		if o.link.Load() != l || !o.online.Load() {
			return // the next log-in brings them
		}
		ctx, cancel := o.storing()
		defer cancel()
		if err := o.service.db.Ping(ctx); err != nil {
			o.notStored(l)
			return
		}
		o.log.Info("the database answers again, connecting anew for what was not stored")
		o.become(models.SessionStarting, models.ReasonDisconnected)
		o.connect()
	})
}

// hangUp ends the link, in the background.
func (o *owner) hangUp() {
	o.online.Store(false)
	o.silence(alarmConnect, alarmLogin, alarmHealth, alarmRedeliver)
	o.since = time.Time{}
	o.dialling = false
	if l := o.link.Swap(nil); l != nil {
		o.sender.close()
		o.previous = l.close(o.previous)
	}
}
