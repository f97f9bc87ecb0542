package whatsapp

import (
	"context"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
)

// chatChanged stores what another device of the account did to its chats. WhatsApp
// tells it at most once, so what cannot be stored is fetched anew, all of it, when
// that works again. Of what is fetched anew the last state alone is stored.
func (x *session) chatChanged(l *link, evt any) (stored bool) {
	part, at := x.stateOf(l.ctx, evt)
	if x.chats.gather(part, evt) {
		return true
	}
	stored = x.store(l, func(ctx context.Context) error {
		return x.chats.followed.inOrder(part, at, func() error {
			if x.chats.isEcho(at) {
				return nil
			}
			err := x.service.handleChatEvent(ctx, x, evt)
			x.service.changes.notify(err)
			return gone(err)
		})
	})
	if !stored {
		x.chats.lost.Store(true)
	}
	return stored
}

// handleChatEvent stores a change of app state that is about chats, messages and
// labels.
func (s *Service) handleChatEvent(ctx context.Context, x *session, evt any) error {
	switch evt := evt.(type) {
	case *events.Archive:
		return s.follow(ctx, x, evt.JID, models.ChatPatch{Archived: new(evt.Action.GetArchived())})
	case *events.Pin:
		return s.follow(ctx, x, evt.JID, models.ChatPatch{Pinned: new(evt.Action.GetPinned())})
	case *events.Mute:
		return s.follow(ctx, x, evt.JID, models.ChatPatch{MutedUntil: new(mutedUntil(evt.Action))})
	case *events.MarkChatAsRead:
		return s.chatRead(ctx, x, evt)
	case *events.ClearChat:
		return s.chatCleared(ctx, x, evt.JID, evt.Timestamp, evt.Action.GetMessageRange(), false)
	case *events.DeleteChat:
		return s.chatCleared(ctx, x, evt.JID, evt.Timestamp, evt.Action.GetMessageRange(), true)
	case *events.Star:
		message, known := x.messageAddress(ctx, evt.ChatJID, evt.SenderJID, evt.MessageID, evt.IsFromMe)
		if !known {
			return nil
		}
		return s.db.Chats.SetStarred(ctx, x.id, message, evt.Action.GetStarred())
	case *events.DeleteForMe:
		message, known := x.messageAddress(ctx, evt.ChatJID, evt.SenderJID, evt.MessageID, evt.IsFromMe)
		if !known {
			return nil
		}
		return s.db.Chats.DeleteMessage(ctx, x.id, message)
	case *events.UnarchiveChatsSetting:
		return s.db.Chats.SetUnarchive(ctx, x.id, evt.Action.GetUnarchiveChats())
	case *events.LabelEdit, *events.LabelAssociationChat, *events.LabelAssociationMessage:
		return s.handleLabelEvent(ctx, x, evt)
	default:
		return fmt.Errorf("%T is not an event of chats", evt)
	}
}

// follow stores a changed state of a chat.
func (s *Service) follow(ctx context.Context, x *session, jid types.JID, patch models.ChatPatch) error {
	chat, known := x.stateChat(ctx, jid)
	if !known {
		return nil
	}
	return s.db.Chats.Follow(ctx, x.id, chat, patch)
}

// chatRead stores that a chat was read, up to the message that the device knew as
// its latest, or marked unread.
func (s *Service) chatRead(ctx context.Context, x *session, evt *events.MarkChatAsRead) error {
	chat, known := x.stateChat(ctx, evt.JID)
	switch {
	case !known:
		return nil
	case !evt.Action.GetRead():
		return s.db.Chats.Follow(ctx, x.id, chat, models.ChatPatch{MarkedUnread: new(true)})
	default:
		return s.db.Chats.ReadUntil(ctx, x.id, chat, rangeEnd(evt.Action.GetMessageRange(), evt.Timestamp))
	}
}

// chatCleared stores that messages of a chat, or the chat, were deleted.
func (s *Service) chatCleared(
	ctx context.Context, x *session, jid types.JID, at time.Time, messages *waSyncAction.SyncActionMessageRange, deleted bool,
) error {
	chat, known := x.stateChat(ctx, jid)
	if !known {
		return nil
	}
	return s.db.Chats.Cleared(ctx, x.id, chat, rangeEnd(messages, at), deleted)
}

// rangeEnd is the time of the latest message that a device meant. It counts in
// seconds. Where it does not say, it is when it did so.
func rangeEnd(messages *waSyncAction.SyncActionMessageRange, at time.Time) models.Millis {
	if latest := messages.GetLastMessageTimestamp(); latest > 0 {
		return models.MillisOf(time.Unix(latest, 0)) + 999
	}
	return models.MillisOf(at)
}

// mutedUntil reads the end of a mute; 0: not muted.
func mutedUntil(action *waSyncAction.MuteAction) models.Millis {
	end := models.Millis(action.GetMuteEndTimestamp())
	switch {
	case !action.GetMuted():
		return 0
	case end <= 0 || end > models.MutedForever:
		return models.MutedForever
	default:
		return end
	}
}

// stateChat gives the chat that app state means by an address; false for one that
// no chat has.
func (x *session) stateChat(ctx context.Context, jid types.JID) (models.ChatAddress, bool) {
	if jid.User == "" {
		return models.ChatAddress{}, false
	}
	chat := x.chatAddress(ctx, jid, types.EmptyJID)
	switch jid.Server {
	case types.GroupServer, types.NewsletterServer, types.BroadcastServer:
		return chat, true
	default:
		return chat, chat.Person != (models.Person{})
	}
}

// messageAddress gives the message that app state means; sender is empty outside
// of groups and for the account's own.
func (x *session) messageAddress(ctx context.Context, jid, sender types.JID, id string, fromMe bool) (models.MessageAddress, bool) {
	chat, known := x.stateChat(ctx, jid)
	message := models.MessageAddress{Chat: chat, WAMessageID: id, FromMe: fromMe}
	if !fromMe && chat.Type == models.ChatGroup {
		message.Sender = x.person(ctx, sender, types.EmptyJID)
	}
	return message, known && id != ""
}
