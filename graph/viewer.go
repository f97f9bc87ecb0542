package graph

import (
	"context"

	"wagateway/graph/auth"
	"wagateway/graph/gen"
)

// viewer tells the caller who it is.
func (r *Resolver) viewer(ctx context.Context) (*gen.Viewer, error) {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	viewer := &gen.Viewer{UserID: actor.UserID, APIKey: actor.APIKey, Capabilities: actor.Capabilities}
	if actor.OrganizationID != "" {
		if viewer.Organization, err = r.DB.Organizations.Get(ctx, actor.OrganizationID); err != nil {
			return nil, err
		}
	}
	return viewer, nil
}
