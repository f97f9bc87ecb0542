package wasim

import (
	"context"

	"go.mau.fi/whatsmeow/types"
)

// MarkRead is the user reading messages of one sender in a chat. One to one,
// sender is ignored; in a group and for stories it is the author.
func (p *Phone) MarkRead(ctx context.Context, chat, sender types.JID, ids ...string) error {
	kind := types.ReceiptTypeRead
	if p.privacySetting("readreceipts") == "none" {
		kind = types.ReceiptTypeReadSelf
	}
	return p.mark(ctx, kind, chat, sender, ids)
}

// MarkPlayed is the user listening to voice messages, or opening what can be
// viewed once. The arguments are those of MarkRead.
func (p *Phone) MarkPlayed(ctx context.Context, chat, sender types.JID, ids ...string) error {
	return p.mark(ctx, types.ReceiptTypePlayed, chat, sender, ids)
}

func (p *Phone) mark(ctx context.Context, kind types.ReceiptType, chat, sender types.JID, ids []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(ids) == 0 {
		return ErrBadRequest
	}
	r := receiptOut{from: p, kind: kind, id: ids[0], to: chat.ToNonAD()}
	switch {
	case isShared(chat):
		if chat != types.StatusBroadcastJID && p.srv.groupOf(chat) == nil {
			return ErrNotFound
		}
		r.author = sender.ToNonAD()
	default:
		peer := p.srv.phoneOf(chat)
		if peer == nil {
			return ErrNotFound
		}
		r.to = peer.lid
	}
	if len(ids) > 1 {
		items := make([]node, len(ids)-1)
		for i, id := range ids[1:] {
			items[i] = node{Tag: "item", Attrs: attrs{"id": id}}
		}
		r.content = []node{{Tag: "list", Content: items}}
	}
	p.srv.routeReceipt(r)
	return nil
}
