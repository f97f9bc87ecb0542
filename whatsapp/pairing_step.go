package whatsapp

import (
	"context"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
	"wagateway/models/fault"
)

// pairing is the way of a new device to an account, as far as it has come:
//
//	connecting → codes shown (QR, and a pairing code when one was asked for)
//	           → claimed: the phone consented, the session has an account
//	           → linked: WhatsApp asks to connect again → logged in
//
// It ends earlier when the codes run out, when WhatsApp or the device refuses,
// or when the session is stopped.
type pairing struct {
	qr       *QRCode  // to show now
	next     []string // the QR codes to come
	shown    bool     // the first QR codes of this pairing were shown
	code     *PairingCode
	waiting  []codeRequest // for the QR codes: WhatsApp gives no code before
	asking   bool          // a code is being asked for
	deadline time.Time     // when the pairing is given up, codes and drops or not
	claimed  bool
	again    bool // WhatsApp has asked for a new connection
}

// codeRequest is a caller's wish for a pairing code. answer has room for one.
type codeRequest struct {
	phone  string
	answer chan codeAnswer
}

type codeAnswer struct {
	code *PairingCode
	err  error
}

// nextQRs is how many QR codes WhatsApp sends behind the first.
const nextQRs = 5

// beginPairing starts a pairing, or goes on with one whose connection was lost.
func (o *owner) beginPairing() {
	if o.pairing == nil {
		t := o.service.cfg.Timing
		o.pairing = &pairing{deadline: time.Now().Add(t.FirstQR + nextQRs*t.NextQR)}
	}
	o.awaitPairing()
}

// awaitPairing gives the pairing up at its deadline, also without a connection.
func (o *owner) awaitPairing() {
	o.ring(alarmPairing, time.Until(o.pairing.deadline), func(o *owner) { o.fail(models.ReasonQRExpired) })
}

// scannable shows the QR codes that WhatsApp sent, one after the other.
func (o *owner) scannable(codes []string) {
	p := o.pairing
	if p == nil || len(codes) == 0 {
		return
	}
	o.silence(alarmLogin)
	p.next = codes
	shown := o.service.cfg.Timing.NextQR
	if !p.shown {
		shown = o.service.cfg.Timing.FirstQR
	}
	p.shown = true
	o.showQR(shown)
	o.askForCodes()
}

// showQR shows the next QR code. Behind the last one a pairing code may still be
// entered, until the pairing's deadline.
func (o *owner) showQR(during time.Duration) {
	p := o.pairing
	p.qr = nil
	if len(p.next) > 0 {
		p.qr = &QRCode{Code: p.next[0], ExpiresAt: models.MillisOf(time.Now().Add(during))}
		p.next = p.next[1:]
		o.ring(alarmQR, during, func(o *owner) { o.showQR(o.service.cfg.Timing.NextQR) })
	}
	if p.qr == nil && p.code == nil {
		o.fail(models.ReasonQRExpired)
		return
	}
	o.become(models.SessionScanQRCode, "")
	if p.qr != nil {
		o.emitCode(models.EventAuthQR, p.qr.Shape())
	}
}

// emitCode tells in the background that a code is shown: pairing does not depend
// on it.
func (o *owner) emitCode(name models.EventName, payload any) {
	l := o.link.Load()
	if l == nil {
		return
	}
	l.spawn(func(ctx context.Context) {
		ctx, cancel := storing(ctx)
		defer cancel()
		event := models.NewEvent{Name: name, Key: o.id, Payload: payload}
		if err := o.service.db.Outbox.Add(ctx, o.id, event); err != nil {
			o.log.ErrorContext(ctx, "storing the event of a code failed, it is shown all the same", "event", name, "error", err)
		}
	})
}

// rotated changes a secret in the codes that are shown and those to come.
func (o *owner) rotated(evt *events.RotateADVSecret) {
	p := o.pairing
	if p == nil || p.qr == nil {
		return
	}
	replace := func(code string) string { return strings.Replace(code, evt.OldSecret, evt.NewSecret, 1) }
	p.qr = &QRCode{Code: replace(p.qr.Code), ExpiresAt: p.qr.ExpiresAt}
	for i := range p.next {
		p.next[i] = replace(p.next[i])
	}
	o.publish()
	o.emitCode(models.EventAuthQR, p.qr.Shape())
}

// requestCode asks for a pairing code, as soon as WhatsApp may be asked.
func (o *owner) requestCode(phone string) <-chan codeAnswer {
	request := codeRequest{phone: phone, answer: make(chan codeAnswer, 1)}
	if o.pairing == nil {
		request.answer <- codeAnswer{err: fault.New(fault.Upstream, fault.ReasonWhatsApp, "pairing could not be started")}
		return request.answer
	}
	o.pairing.waiting = append(o.pairing.waiting, request)
	if o.row.Status == models.SessionScanQRCode {
		o.askForCodes()
	}
	return request.answer
}

// askForCodes asks WhatsApp for the codes that callers wait for, one after the
// other: a new one replaces the one before.
func (o *owner) askForCodes() {
	p, l := o.pairing, o.link.Load()
	if l == nil || p.asking || len(p.waiting) == 0 {
		return
	}
	p.asking = true
	request := p.waiting[0]
	p.waiting = p.waiting[1:]
	l.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, o.service.cfg.Timing.Login)
		defer cancel()
		code, err := l.pairPhone(ctx, request.phone)
		answered := o.post(func(o *owner) {
			if o.pairing != p || o.link.Load() != l {
				request.answer <- codeAnswer{err: pairingEnded("the pairing has ended")}
				return
			}
			p.asking = false
			request.answer <- o.gotCode(code, err)
			o.askForCodes()
		})
		if !answered {
			request.answer <- codeAnswer{err: o.ended()}
		}
	})
}

func (o *owner) gotCode(code string, err error) codeAnswer {
	if err != nil {
		return codeAnswer{err: upstream(err, codeAnswers())}
	}
	p, until := o.pairing, time.Now().Add(o.service.cfg.Timing.PairingCode)
	p.code = &PairingCode{Code: code, ExpiresAt: models.MillisOf(until)}
	if p.deadline.Before(until) {
		p.deadline = until
		o.awaitPairing()
	}
	o.publish()
	o.emitCode(models.EventAuthPairingCode, p.code.Shape())
	return codeAnswer{code: p.code}
}

// codeAnswers are the codes with which WhatsApp refuses a pairing code.
func codeAnswers() answers {
	invalid := fault.Invalid("phone", "WhatsApp does not accept this phone number")
	return answers{400: invalid, 404: invalid, 406: invalid}
}

// interruptPairing takes back the codes of a connection that was lost.
func (o *owner) interruptPairing() {
	p := o.pairing
	p.qr, p.next, p.code, p.asking = nil, nil, nil, false
	o.silence(alarmQR)
}

// abandonPairing ends a pairing that has not led anywhere.
func (o *owner) abandonPairing(why string) {
	if o.pairing == nil {
		return
	}
	for _, request := range o.pairing.waiting {
		request.answer <- codeAnswer{err: pairingEnded(why)}
	}
	o.endPairing()
}

// endPairing forgets the codes.
func (o *owner) endPairing() {
	o.silence(alarmQR, alarmPairing)
	o.pairing = nil
}

func pairingEnded(why string) error {
	return fault.New(fault.Upstream, fault.ReasonWhatsApp, why)
}

// claim stores the account that a phone offers, before the device confirms. So a
// process that dies at any later moment comes back with a session that knows its
// device, or finds that there is none and says so.
func (o *owner) claim(jid types.JID) error {
	if o.pairing == nil {
		return errEnded
	}
	ctx, cancel := o.storing()
	defer cancel()
	account := jid.ToNonAD()
	row, err := o.service.db.Sessions.SetPaired(ctx, o.id, models.Pairing{
		DeviceJID: jid.String(), WAJID: account.String(), PhoneNumber: account.User,
	})
	if err != nil {
		return err
	}
	o.pairing.claimed = true
	o.adopt(row)
	return nil
}

// linked is the end of pairing: what is left is to connect again, as WhatsApp
// asks, and to log in. The request to do so can get lost.
func (o *owner) linked() {
	if o.pairing == nil {
		return
	}
	o.log.Info("device linked")
	again := o.pairing.again
	o.endPairing()
	o.become(models.SessionStarting, "")
	o.awaitLogin(o.service.cfg.Timing.Link)
	if again {
		o.connect()
	}
}

// notLinked is a pairing that failed on this side, or was refused by WhatsApp.
func (o *owner) notLinked(cause error) {
	if o.pairing == nil {
		return
	}
	o.log.Warn("pairing failed", "error", cause)
	claimed := o.pairing.claimed
	o.fail(models.ReasonPairingFailed)
	if claimed {
		o.forget()
	}
}

// pairPhone asks WhatsApp for a pairing code. The display name is checked by
// WhatsApp: a browser and an operating system that exist.
func (l *link) pairPhone(ctx context.Context, phone string) (string, error) {
	return l.client.PairPhone(ctx, phone, true, whatsmeow.PairClientChrome, "Chrome (Linux)")
}
