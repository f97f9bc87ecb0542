package graph

import (
	"context"

	"wagateway/graph/gen"
	"wagateway/models"
)

func (r *sessionResolver) Health(ctx context.Context, obj *models.Session) (*gen.SessionHealth, error) {
	return presentHealth(r.WhatsApp.Health(obj.ID)), nil
}
