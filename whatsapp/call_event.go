package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
)

// What the end of a call says of its reason where another device of the account
// has answered it.
const (
	acceptedElsewhere = "accepted_elsewhere"
	rejectedElsewhere = "rejected_elsewhere"
)

// callFresh is how old an offer may be to be rejected by itself: phones ring for
// less than a minute, and clocks differ.
const callFresh = 2 * time.Minute

// callCame stores what an event tells of a call. Unlike messages, whatsmeow
// acknowledges calls whatever comes of them, so when one could not be stored the
// connection is cut before that: WhatsApp delivers it again to the next one.
func (x *session) callCame(l *link, evt any) (stored bool) {
	stored = x.store(l, func(ctx context.Context) error { return x.service.handleCallEvent(ctx, x, l, evt) })
	if !stored {
		l.cut()
	}
	return stored
}

// cut ends the connection, so that nothing more is acknowledged on it; the owner
// connects anew. One that is being replaced at this moment is left alone.
func (l *link) cut() {
	if l.dial.TryLock() {
		defer l.dial.Unlock()
		l.client.Disconnect()
	}
}

// handleCallEvent stores what an event tells of a call: one transaction, done when
// it returns. An offer to a session that rejects calls is rejected by a goroutine
// of the link's, which WhatsApp's acknowledgement does not wait for; after a crash
// in between, the offer comes again.
func (s *Service) handleCallEvent(ctx context.Context, x *session, l *link, evt any) error {
	news, known := x.callNews(ctx, evt)
	if !known {
		return nil
	}
	call, err := s.db.Calls.Heard(ctx, x.id, news)
	s.changes.notify(err)
	if err != nil {
		return gone(err)
	}
	fresh := time.Since(news.At.Time()) < callFresh
	if news.Action == models.CallOffer && call.Status == models.CallRinging && fresh && x.rejecting.Load() {
		l.spawn(func(ctx context.Context) {
			if _, err := s.reject(ctx, x, call); err != nil && ctx.Err() == nil {
				x.log.WarnContext(ctx, "a call could not be rejected", "call_id", call.CallID, "error", err)
			}
		})
	}
	return nil
}

// callNews reads an event of a call; false for one that is not told: without an
// id, of nobody known, or of a call that the account makes itself.
func (x *session) callNews(ctx context.Context, evt any) (news models.CallNews, known bool) {
	var meta types.BasicCallMeta
	switch evt := evt.(type) {
	case *events.CallOffer:
		meta, news.Action = evt.BasicCallMeta, models.CallOffer
		if evt.Data != nil {
			_, news.Video = evt.Data.GetOptionalChildByTag("video")
		}
	case *events.CallOfferNotice:
		meta, news.Action, news.Video = evt.BasicCallMeta, models.CallOffer, evt.Media == "video"
	case *events.CallAccept:
		meta, news.Action = evt.BasicCallMeta, models.CallAccept
	case *events.CallReject:
		meta, news.Action = evt.BasicCallMeta, models.CallReject
	case *events.CallTerminate:
		meta, news.Action = evt.BasicCallMeta, models.CallTerminate
		switch evt.Reason {
		case acceptedElsewhere:
			news.Action = models.CallAccept
		case rejectedElsewhere:
			news.Action = models.CallReject
		}
	}
	caller := meta.CallCreator
	if caller.IsEmpty() {
		caller = meta.From
	}
	news.CallID, news.At = storable(meta.CallID), models.MillisOf(meta.Timestamp)
	news.Caller = x.person(ctx, caller, meta.CallCreatorAlt)
	if !meta.GroupJID.IsEmpty() {
		news.GroupJID = meta.GroupJID.ToNonAD().String()
	}
	return news, news.CallID != "" && news.Caller != (models.Person{}) && !x.isOwn(caller)
}
