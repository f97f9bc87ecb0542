package graph

import (
	"context"

	"wagateway/graph/auth"
	"wagateway/models"
	"wagateway/models/fault"
)

// session gives a session that the caller may see: of the own organization, and
// the only one that the key is good for. Every other is fault.NotFound, as one
// that does not exist.
func (r *Resolver) session(ctx context.Context, id string) (*models.Session, error) {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	if actor.OrganizationID == "" || actor.SessionID != "" && actor.SessionID != id {
		return nil, fault.NoSuch("session")
	}
	return r.DB.Sessions.Get(ctx, actor.OrganizationID, id)
}

// organization gives the caller's organization id; a platform token without one
// is fault.Forbidden.
func (r *Resolver) organization(ctx context.Context) (string, error) {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return "", err
	}
	if actor.OrganizationID == "" {
		return "", fault.Denied("the credential belongs to no organization")
	}
	return actor.OrganizationID, nil
}
