package whatsapp

import (
	"context"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
)

// stop ends what runs, and what is wanted; the session stays paired.
func (o *owner) stop(ctx context.Context) error {
	if o.row.Enabled {
		row, err := o.service.db.Sessions.SetEnabled(ctx, o.id, false)
		if err != nil {
			return err
		}
		o.adopt(row)
	}
	o.halt()
	return nil
}

// halt ends what runs.
func (o *owner) halt() {
	o.hangUp()
	o.silence(alarmRetry)
	o.abandonPairing("the session was stopped")
	o.become(models.SessionStopped, "")
}

// shutDown ends what runs with the process. What is wanted stays wanted, and a
// failure that waits for somebody stays to be seen.
func (o *owner) shutDown() {
	o.hangUp()
	o.abandonPairing("the gateway is shutting down")
	if o.row.Status != models.SessionFailed {
		o.become(models.SessionStopped, "")
	}
	o.ending = true
}

// logout unlinks the device and stops.
func (o *owner) logout(ctx context.Context) error {
	o.tellUnlinked()
	if err := o.stop(ctx); err != nil {
		return err
	}
	if !o.row.Paired() {
		return nil
	}
	return o.unpair()
}

// remove unlinks the device and deletes the session with all that is stored of it.
func (o *owner) remove() error {
	o.tellUnlinked()
	o.halt()
	ctx, cancel := o.storing()
	defer cancel()
	if err := o.deleteDevice(ctx); err != nil {
		return err
	}
	if err := o.service.db.Sessions.Delete(ctx, o.id); err != nil {
		return err
	}
	o.ending = true
	return nil
}

// tellUnlinked asks WhatsApp to unlink the device, where it can be asked. The
// owner waits for it: nothing else makes sense meanwhile.
func (o *owner) tellUnlinked() {
	l := o.link.Load()
	if l == nil || !o.row.Paired() || !o.connected() {
		return
	}
	o.online.Store(false) // no more acts
	ctx, cancel := context.WithTimeout(o.service.life, o.service.cfg.Timing.Logout)
	defer cancel()
	if err := l.logout(ctx); err != nil {
		o.log.Warn("WhatsApp could not be told to unlink the device", "error", err)
	}
}

// unpair forgets the linked device, here only.
func (o *owner) unpair() error {
	ctx, cancel := o.storing()
	defer cancel()
	if err := o.deleteDevice(ctx); err != nil {
		return err
	}
	row, err := o.service.db.Sessions.SetUnpaired(ctx, o.id)
	if err != nil {
		return err
	}
	o.silence(alarmName)
	o.adopt(row)
	return nil
}

// deleteDevice removes the device with its keys from whatsmeow's tables.
func (o *owner) deleteDevice(ctx context.Context) error {
	if !o.row.Paired() {
		return nil
	}
	jid, err := types.ParseJID(o.row.DeviceJID)
	if err != nil {
		return fmt.Errorf("reading the device's address: %w", err)
	}
	return o.service.devices.remove(ctx, jid)
}

// fail ends what runs, for a reason that the link cannot mend itself.
func (o *owner) fail(reason models.StatusReason) {
	o.hangUp()
	o.abandonPairing("pairing ended: " + string(reason))
	o.become(models.SessionFailed, reason)
}

// retryAfter begins anew after a while. The state stays until then.
func (o *owner) retryAfter(pause time.Duration) {
	o.ring(alarmRetry, pause, func(o *owner) { o.begin() })
}

// loggedOut is the end of the linked device, by the phone or by WhatsApp.
func (o *owner) loggedOut() {
	o.fail(models.ReasonLoggedOut)
	o.forget()
}

// forget unpairs until that is stored.
func (o *owner) forget() {
	if err := o.unpair(); err != nil {
		o.log.Error("forgetting the linked device failed, trying again", "error", err)
		o.ring(alarmRetry, storeRetry, func(o *owner) { o.forget() })
	}
}

// replaced is another client with this device's keys: starting again would only
// replace that one in turn.
func (o *owner) replaced() {
	o.log.Warn("another client uses this device")
	o.fail(models.ReasonReplaced)
}

// banned waits for the end of a ban.
func (o *owner) banned(evt *events.TemporaryBan) {
	o.log.Warn("WhatsApp has banned the account for a while", "code", int(evt.Code), "expires_in", evt.Expire)
	o.fail(models.ReasonBanned)
	pause := evt.Expire
	if pause <= 0 {
		pause = o.service.cfg.Timing.FailedRetry
	}
	o.retryAfter(pause)
}

// outdated asks for WhatsApp's present client version and tries again with it.
func (o *owner) outdated(l *link) {
	used := l.version
	o.fail(models.ReasonClientOutdated)
	o.retryAfter(o.service.cfg.Timing.OutdatedRetry)
	release, err := o.service.enter()
	if err != nil {
		return // closing
	}
	go func() {
		defer release()
		o.service.version.refreshOutdated(o.service.life)
		o.post(func(o *owner) {
			waiting := o.row.Status == models.SessionFailed && o.row.StatusReason == models.ReasonClientOutdated
			if waiting && used.LessThan(o.service.version.get()) {
				o.begin()
			}
		})
	}()
}

// refused is a failure at log-in that whatsmeow gives up on.
func (o *owner) refused(evt *events.ConnectFailure) {
	o.log.Warn("WhatsApp refused the connection", "code", int(evt.Reason))
	o.fail(models.ReasonConnectFailed)
	o.retryAfter(o.service.cfg.Timing.FailedRetry)
}
