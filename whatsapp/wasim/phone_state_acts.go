package wasim

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// stateJID is the address that the phone writes into app state: an account's LID,
// or its number while the account has not been migrated ([Phone.SetAddressing]).
// Accounts and groups that do not exist are not found.
func (p *Phone) stateJID(chat types.JID) (types.JID, error) {
	switch chat.Server {
	case types.DefaultUserServer, types.LegacyUserServer, types.HiddenUserServer:
		peer := p.srv.phoneOf(chat)
		switch {
		case peer == nil:
			return types.EmptyJID, ErrNotFound
		case p.addressingMode() == types.AddressingModePN:
			return peer.JID(), nil
		default:
			return peer.lid, nil
		}
	case types.GroupServer:
		if p.srv.groupOf(chat) == nil {
			return types.EmptyJID, ErrNotFound
		}
	}
	return chat.ToNonAD(), nil
}

// mutateChat writes the patch of a chat.
func (p *Phone) mutateChat(ctx context.Context, chat types.JID, build func(types.JID) appstate.PatchInfo) error {
	jid, err := p.stateJID(chat)
	if err != nil {
		return err
	}
	return p.Mutate(ctx, build(jid))
}

// lastMessage gives time and key of the newest message in a chat;
// without one it is now, and no key.
func (p *Phone) lastMessage(chat types.JID) (time.Time, *waCommon.MessageKey) {
	past := p.past(chat)
	if len(past) == 0 {
		return p.srv.now(), nil
	}
	last := past[len(past)-1]
	return time.Unix(int64(last.GetMessageTimestamp()), 0), last.GetKey()
}

// Archive is the user archiving a chat, or taking it out of the archive. An
// archived chat loses its pin.
func (p *Phone) Archive(ctx context.Context, chat types.JID, on bool) error {
	at, key := p.lastMessage(chat)
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo { return appstate.BuildArchive(jid, on, at, key) })
}

// Pin is the user pinning a chat to the top of the list, or unpinning it.
func (p *Phone) Pin(ctx context.Context, chat types.JID, on bool) error {
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo { return appstate.BuildPin(jid, on) })
}

// Mute is the user muting a chat until a time; store.MutedForever of whatsmeow
// has no end, the zero time unmutes.
func (p *Phone) Mute(ctx context.Context, chat types.JID, until time.Time) error {
	var end *int64
	if !until.IsZero() && !until.Equal(store.MutedForever) {
		end = proto.Int64(until.UnixMilli())
	}
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo {
		return appstate.BuildMuteAbs(jid, !until.IsZero(), end)
	})
}

// MarkChatRead is the user marking a chat as read, or as unread. It sends no
// receipts; see [Phone.MarkRead].
func (p *Phone) MarkChatRead(ctx context.Context, chat types.JID, on bool) error {
	at, key := p.lastMessage(chat)
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo {
		return appstate.BuildMarkChatAsRead(jid, on, at, key)
	})
}

// DeleteChat is the user deleting a chat.
func (p *Phone) DeleteChat(ctx context.Context, chat types.JID) error {
	at, key := p.lastMessage(chat)
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo {
		return appstate.BuildDeleteChat(jid, at, key, true)
	})
}

// ClearChat is the user deleting all messages of a chat but not the chat; starred
// ones stay.
func (p *Phone) ClearChat(ctx context.Context, chat types.JID) error {
	at, key := p.lastMessage(chat)
	cleared := &waSyncAction.SyncActionMessageRange{LastMessageTimestamp: proto.Int64(at.Unix())}
	if key != nil {
		cleared.Messages = []*waSyncAction.SyncActionMessage{{Key: key, Timestamp: proto.Int64(at.Unix())}}
	}
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo {
		return patchOf(appstate.WAPatchRegularHigh, 6, &waSyncAction.SyncActionValue{
			ClearChatAction: &waSyncAction.ClearChatAction{MessageRange: cleared},
		}, appstate.IndexClearChat, jid.String(), "0", "1")
	})
}

// Star is the user starring a message that the phone has, or unstarring it.
func (p *Phone) Star(ctx context.Context, chat types.JID, id string, on bool) error {
	return p.mutateMessage(ctx, chat, id, func(jid types.JID, key *waCommon.MessageKey, sender types.JID) appstate.PatchInfo {
		return appstate.BuildStar(jid, sender, id, key.GetFromMe(), on)
	})
}

// DeleteForMe is the user deleting a message that the phone has for himself only.
func (p *Phone) DeleteForMe(ctx context.Context, chat types.JID, id string) error {
	return p.mutateMessage(ctx, chat, id, func(jid types.JID, key *waCommon.MessageKey, sender types.JID) appstate.PatchInfo {
		fromMe, author := "0", "0"
		if key.GetFromMe() {
			fromMe = "1"
		}
		if sender != jid {
			author = sender.String()
		}
		return patchOf(appstate.WAPatchRegularHigh, 3, &waSyncAction.SyncActionValue{
			DeleteMessageForMeAction: &waSyncAction.DeleteMessageForMeAction{DeleteMedia: proto.Bool(true)},
		}, appstate.IndexDeleteMessageForMe, jid.String(), id, fromMe, author)
	})
}

// mutateMessage writes the patch of a message that the phone has. The sender is
// the chat itself unless somebody else wrote it in a group.
func (p *Phone) mutateMessage(
	ctx context.Context, chat types.JID, id string,
	build func(chat types.JID, key *waCommon.MessageKey, sender types.JID) appstate.PatchInfo,
) error {
	known := p.recall(chat, id)
	if known == nil {
		return ErrNotFound
	}
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo {
		sender := jid
		if author, err := types.ParseJID(known.GetKey().GetParticipant()); err == nil && !author.IsEmpty() {
			sender = author
		}
		return build(jid, known.GetKey(), sender)
	})
}

// EditLabel is the user making, changing or deleting a label. The id is chosen by
// the caller; apps count from 1. The color is an index into their palette.
func (p *Phone) EditLabel(ctx context.Context, id, name string, color int32, deleted bool) error {
	if id == "" {
		return ErrBadRequest
	}
	return p.Mutate(ctx, appstate.BuildLabelEdit(id, name, color, deleted))
}

// LabelChat is the user putting a label on a chat, or taking it off.
func (p *Phone) LabelChat(ctx context.Context, label string, chat types.JID, on bool) error {
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo { return appstate.BuildLabelChat(jid, label, on) })
}

// LabelMessage is the user putting a label on a message, or taking it off.
func (p *Phone) LabelMessage(ctx context.Context, label string, chat types.JID, id string, on bool) error {
	return p.mutateChat(ctx, chat, func(jid types.JID) appstate.PatchInfo {
		return appstate.BuildLabelMessage(jid, label, id, on)
	})
}

// SaveContact is the user writing somebody into the address book. It need not be
// somebody who has WhatsApp.
func (p *Phone) SaveContact(ctx context.Context, who types.JID, fullName, firstName string) error {
	action := &waSyncAction.ContactAction{
		FullName: proto.String(fullName), FirstName: proto.String(firstName), SaveOnPrimaryAddressbook: proto.Bool(true),
	}
	jid := who.ToNonAD()
	if peer := p.srv.phoneOf(who); peer != nil {
		jid = peer.JID()
		action.LidJID, action.PnJID = proto.String(peer.lid.String()), proto.String(peer.JID().String())
	}
	return p.Mutate(ctx, patchOf(appstate.WAPatchCriticalUnblockLow, 2, &waSyncAction.SyncActionValue{ContactAction: action},
		appstate.IndexContact, jid.String()))
}

// patchOf is a patch of one mutation.
func patchOf(collection appstate.WAPatchName, version int32, value *waSyncAction.SyncActionValue, index ...string) appstate.PatchInfo {
	return appstate.PatchInfo{Type: collection, Mutations: []appstate.MutationInfo{{Index: index, Version: version, Value: value}}}
}
