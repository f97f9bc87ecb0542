package graph

import (
	"context"

	"wagateway/models"
	"wagateway/whatsapp/address"
)

// chat gives a chat of a session by the address of whom it is with.
func (r *Resolver) chat(ctx context.Context, session *models.Session, jid string) (*models.Chat, error) {
	canonical, err := address.ParseChat("jid", jid)
	if err != nil {
		return nil, err
	}
	return r.DB.Chats.Get(ctx, session.ID, canonical)
}
