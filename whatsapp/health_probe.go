package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
)

// lookForSilence asks whoever has been quiet for long, at each look at the
// connection: WhatsApp, whether the stream works both ways, and the account's
// phone, whether it is there.
func (o *owner) lookForSilence(l *link, now time.Time) {
	t := o.service.cfg.Timing
	heard := time.UnixMilli(o.health.lastReceived.Load())
	if heard.Before(o.since) {
		heard = o.since
	}
	silent := now.Sub(heard) >= t.Silence
	if silent && now.Sub(o.probed) >= t.Silence {
		o.probed = now
		l.spawn(func(ctx context.Context) { o.probe(ctx, l) })
	}
	o.health.mu.Lock()
	asked, open := o.health.asked, o.health.question != ""
	late := now.Sub(asked) >= t.Answer
	if open && late {
		o.phoneIs(PhoneOffline)
	}
	o.health.mu.Unlock()
	if open && !late {
		return
	}
	if asked.IsZero() {
		asked = o.held
	}
	if now.Sub(asked) >= t.PhoneCheck || silent && asked.Before(heard) {
		o.askPhone(l, now)
	}
}

// probe makes a round trip to WhatsApp and connects anew when it is not answered.
func (x *session) probe(ctx context.Context, l *link) {
	ctx, cancel := context.WithTimeout(ctx, x.service.cfg.Timing.Answer)
	defer cancel()
	_, err := l.client.DangerousInternals().SendIQ(ctx, whatsmeow.DangerousInfoQuery{ //nolint:staticcheck // the only way to a ping of our own
		Namespace: "w:p", Type: "get", To: types.ServerJID, Timeout: x.service.cfg.Timing.Answer, NoRetry: true,
	})
	var refused *whatsmeow.IQError
	if err == nil || errors.As(err, &refused) { // a refusal is an answer
		x.health.lastRoundTrip.Store(int64(models.Now()))
		return
	}
	x.tell(l, func(o *owner) {
		if !o.dialling && o.online.Load() {
			o.log.Warn("WhatsApp is silent and does not answer, connecting anew", "error", err)
			o.disconnected()
		}
	})
}

// askPhone sends the account's phone a question, whose receipt tells that it is
// there: the phone is asked for a message that does not exist. WhatsApp keeps the
// question for a phone that is offline, so the answer may come days later.
func (o *owner) askPhone(l *link, now time.Time) {
	id := l.client.GenerateMessageID()
	o.health.mu.Lock()
	o.health.question, o.health.asked = id, now
	o.health.mu.Unlock()
	l.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, o.service.cfg.Timing.Answer)
		defer cancel()
		if err := l.askPhone(ctx, id); err != nil && ctx.Err() == nil {
			o.log.DebugContext(ctx, "asking the phone failed", "error", err)
			o.health.mu.Lock()
			defer o.health.mu.Unlock()
			if o.health.question == id {
				o.health.question = "" // it was not asked: nothing is known
			}
		}
	})
}

func (l *link) askPhone(ctx context.Context, id types.MessageID) error {
	own, _ := l.session.own()
	if own.IsEmpty() {
		return errors.New("the account is not known")
	}
	question := l.client.BuildUnavailableMessageRequest(own, own, l.client.GenerateMessageID())
	_, err := l.client.SendMessage(ctx, own, question, whatsmeow.SendRequestExtra{ID: id, Peer: true})
	if err != nil {
		return fmt.Errorf("sending a peer message: %w", err)
	}
	return nil
}
