package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"go.mau.fi/whatsmeow/types/events"
)

// errPasskey is a pairing that this gateway cannot go through with.
var errPasskey = errors.New("the account asks for a passkey to link a device")

// handle is whatsmeow's event handler: it runs in goroutines of the client, also
// several at once. What concerns the session goes to its owner; what is to be
// stored is stored before it returns. false means: not acknowledged, deliver
// again. A panic would count as success, and lose the event.
func (x *session) handle(l *link, evt any) (stored bool) {
	defer func() {
		if p := recover(); p != nil {
			x.log.Error("panic in an event handler", "event", fmt.Sprintf("%T", evt), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			stored = false
			l.notStored(fmt.Errorf("panic: %v", p))
		}
	}()
	x.heard(evt)
	switch evt := evt.(type) {
	case *events.QR:
		x.tell(l, func(o *owner) { o.scannable(evt.Codes) })
	case *events.RotateADVSecret:
		x.tell(l, func(o *owner) { o.rotated(evt) })
	case *events.PairSuccess:
		x.tell(l, func(o *owner) { o.linked() })
	case *events.PairError:
		x.tell(l, func(o *owner) { o.notLinked(evt.Error) })
	case *events.PairPasskeyRequest:
		x.tell(l, func(o *owner) { o.notLinked(errPasskey) })
	case *events.PairPasskeyError:
		x.tell(l, func(o *owner) { o.notLinked(evt.Error) })
	case *events.ManualLoginReconnect:
		x.tell(l, (*owner).reconnect)
	case *events.Connected:
		x.tell(l, func(o *owner) { o.loggedIn(l) })
	case *events.Disconnected:
		x.tell(l, func(o *owner) { o.dropped(l) })
	case *events.KeepAliveTimeout:
		x.tell(l, func(o *owner) { o.unanswered(evt.ErrorCount) })
	case *events.LoggedOut:
		x.tell(l, (*owner).loggedOut)
	case *events.StreamReplaced:
		x.tell(l, (*owner).replaced)
	case *events.TemporaryBan:
		x.tell(l, func(o *owner) { o.banned(evt) })
	case *events.ClientOutdated:
		x.tell(l, func(o *owner) { o.outdated(l) })
	case *events.ConnectFailure:
		x.tell(l, func(o *owner) { o.refused(evt) })
	case *events.PushNameSetting:
		x.tell(l, func(o *owner) { o.renamed(evt.Action.GetName()) })

	default:
		return x.take(l, evt)
	}
	return true
}

// take handles what is about the account's chats, groups and people.
func (x *session) take(l *link, evt any) (stored bool) {
	switch evt := evt.(type) {
	case *events.GroupInfo, *events.JoinedGroup, *events.PushName, *events.BusinessName, *events.Contact,
		*events.AppStateSyncComplete:
		return x.store(l, func(ctx context.Context) error {
			_, err := x.service.handleGroupEvent(ctx, x, evt)
			return err
		})
	case *events.Receipt:
		return x.store(l, func(ctx context.Context) error { return x.service.handleMessageEvent(ctx, x, evt) })
	case *events.Message, *events.UndecryptableMessage: // counted by eventBuffer, before they are decrypted
		stored := x.storeTaken(l, func(ctx context.Context) error { return x.service.handleMessageEvent(ctx, x, evt) })
		x.chats.came()
		return stored
	case *events.Pin, *events.Mute, *events.Archive, *events.MarkChatAsRead, *events.ClearChat, *events.DeleteChat, *events.Star,
		*events.DeleteForMe, *events.UnarchiveChatsSetting, *events.LabelEdit, *events.LabelAssociationChat, *events.LabelAssociationMessage:
		return x.chatChanged(l, evt)
	case *events.AppStateSyncError:
		x.stateBroke(evt)
	case *events.CallOffer, *events.CallOfferNotice, *events.CallAccept, *events.CallReject, *events.CallTerminate:
		return x.callCame(l, evt)
	case *events.ChatPresence:
		x.presenceCame(l, evt)
	case *events.Presence:
		x.availabilityCame(l, evt)

	case *events.NewsletterJoin, *events.NewsletterLeave, *events.NewsletterMuteChange, *events.NewsletterLiveUpdate:
		return x.store(l, func(ctx context.Context) error { return x.service.handleChannelEvent(ctx, x, evt) })
	case *events.OfflineSyncCompleted:
		l.caughtUp.give()
	case *events.MediaRetry:
		return x.store(l, func(ctx context.Context) error { return x.service.mediaRetried(ctx, x, evt) })

	default:
		if !ignored(evt) {
			x.log.Debug("unknown event", "event", fmt.Sprintf("%T", evt))
		}
	}
	return true
}

// ignored knows the events that need nothing done, and why.
func ignored(evt any) bool {
	switch evt.(type) {
	case *events.QRScannedWithoutMultidevice, *events.PairPasskeyConfirmation: // the phone says the rest
	case *events.KeepAliveRestored, *events.StreamError, *events.CATRefreshError: // Disconnected or the health check follows
	case *events.OfflineSyncPreview: // what was queued comes as events of its own
	case *events.HistorySync: // downloaded by hand
	case *events.FBMessage: // of Messenger's, which no WhatsApp account gets
	case *events.CallPreAccept, *events.CallTransport, *events.CallRelayLatency, *events.UnknownCallEvent: // how sound would travel
	case *events.AppState: // an event of its own says what it means
	case *events.Picture, *events.UserAbout, *events.PrivacySettings, *events.Blocklist: // not kept here: asked for live when wanted
	case *events.IdentityChange: // a new phone of the same person: AutoTrustIdentity
	case *events.UserStatusMute, *events.NotifyAccountReachoutTimelock: // nothing depends on them yet
	default:
		return false
	}
	return true
}

// tell hands an event of a link to the owner, unless the link is over by then.
func (x *session) tell(l *link, work func(*owner)) {
	x.post(func(o *owner) {
		if o.link.Load() == l {
			work(o)
		}
	})
}

// store stores an event, and asks for it again if that fails. It fails too behind
// another that failed: order must not be lost.
func (x *session) store(l *link, work func(context.Context) error) bool {
	return !l.refusesNext() && x.storeTaken(l, work)
}

// storeTaken is store for an event that is counted already.
func (x *session) storeTaken(l *link, work func(context.Context) error) bool {
	if x.link.Load() != l || l.refuses.Load() {
		return false // the next connection gets it
	}
	x.count(received)
	if err := work(l.ctx); err != nil {
		x.count(failed)
		l.notStored(err)
		return false
	}
	x.count(taken)
	return true
}
