package graph

import (
	"context"

	"wagateway/models"
	"wagateway/whatsapp/address"
)

// group gives a group that the session's account is or was in.
func (r *Resolver) group(ctx context.Context, session *models.Session, jid string) (*models.Group, error) {
	canonical, err := address.ParseGroup("jid", jid)
	if err != nil {
		return nil, err
	}
	return r.DB.Groups.Get(ctx, session.ID, canonical)
}
