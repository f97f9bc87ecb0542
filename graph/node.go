package graph

import (
	"context"
	"strings"

	"wagateway/graph/auth"
	"wagateway/graph/gen"
	"wagateway/graph/scalar"
	"wagateway/models"
	"wagateway/models/fault"
)

// keyMark is how an API key's id begins.
const keyMark = "key_"

// webhookMark is how a webhook's id begins.
const webhookMark = "wh_"

// node gives the object of an id, fault.NotFound when there is none that the
// caller may see: of the own organization, below a session that the key is good
// for, and by a field that the caller could have got it from.
func (r *Resolver) node(ctx context.Context, actor *auth.Actor, id string) (gen.Node, error) {
	kind, own := scalar.SplitID(id)
	switch {
	case kind == scalar.KindOrganization:
		if own == "" || own != actor.OrganizationID {
			return nil, noNode()
		}
		return found(r.DB.Organizations.Get(ctx, own))
	case kind == "" && strings.HasPrefix(id, keyMark):
		if !actor.Capabilities.Has(models.Manage) || actor.SessionID != "" {
			return nil, noNode()
		}
		return found(r.DB.APIKeys.Get(ctx, actor.OrganizationID, id))
	case kind == "" && strings.HasPrefix(id, webhookMark):
		if !actor.Capabilities.Has(models.Manage) || actor.SessionID != "" {
			return nil, noNode()
		}
		return found(r.Hooks.Get(ctx, actor.OrganizationID, id))
	case kind == "":
		return found(r.session(ctx, id))
	case kind == scalar.KindSend && actor.Capabilities.Has(models.Read):
		return below(ctx, r, own, r.DB.Outgoing.Get, func(o *models.Outgoing) string { return o.SessionID })
	}
	row, ok := scalar.ParseRowID(own)
	if !ok || !actor.Capabilities.Has(models.Read) {
		return nil, noNode()
	}
	switch kind {
	case scalar.KindGroup:
		return below(ctx, r, row, r.DB.Groups.GetByID, func(g *models.Group) string { return g.SessionID })
	case scalar.KindMember:
		return below(ctx, r, row, r.DB.Members.GetByID, func(m *models.GroupMember) string { return m.SessionID })
	case scalar.KindContact:
		return below(ctx, r, row, r.DB.Identities.GetByID, func(i *models.Identity) string { return i.SessionID })
	case scalar.KindChat:
		return below(ctx, r, row, r.DB.Chats.GetByID, func(c *models.Chat) string { return c.SessionID })
	case scalar.KindMessage:
		return below(ctx, r, row, r.DB.Messages.GetByID, func(m *models.Message) string { return m.SessionID })
	case scalar.KindLabel:
		return below(ctx, r, row, r.DB.Labels.GetByID, func(l *models.Label) string { return l.SessionID })
	case scalar.KindCall:
		return below(ctx, r, row, r.DB.Calls.GetByID, func(c *models.Call) string { return c.SessionID })
	case scalar.KindChannel:
		return below(ctx, r, row, r.DB.Channels.GetByID, func(c *models.Channel) string { return c.SessionID })
	default:
		return nil, noNode()
	}
}

func noNode() error { return fault.NoSuch("object") }

// below gives a row below a session that the caller may see.
func below[K, T any](ctx context.Context, r *Resolver, id K, get func(context.Context, K) (*T, error), sessionOf func(*T) string) (gen.Node, error) {
	row, err := get(ctx, id)
	if err == nil {
		_, err = r.session(ctx, sessionOf(row))
	}
	return found(row, err)
}

// found words "not found" the same for every kind of object.
func found[T any](row *T, err error) (gen.Node, error) {
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, noNode()
	case err != nil:
		return nil, err
	default:
		return row, nil
	}
}
