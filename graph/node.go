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
	if r.Gate.Check(ctx, fieldOf(kind, id)) != nil {
		return nil, noNode()
	}
	switch {
	case kind == scalar.KindOrganization:
		if own == "" || own != actor.OrganizationID {
			return nil, noNode()
		}
		return found(r.DB.Organizations.Get(ctx, own))
	case kind == "" && strings.HasPrefix(id, keyMark):
		return found(r.DB.APIKeys.Get(ctx, actor.OrganizationID, id))
	case kind == "" && strings.HasPrefix(id, webhookMark):
		return found(r.Hooks.Get(ctx, actor.OrganizationID, id))
	case kind == "":
		return found(r.session(ctx, id))
	case kind == scalar.KindSend:
		return below(ctx, r, own, r.DB.Outgoing.Get, func(o *models.Outgoing) string { return o.SessionID })
	}
	row, ok := scalar.ParseRowID(own)
	if !ok {
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

// fieldOf names the field that gives objects of an id's kind: who may use it may have them as
// nodes. A kind that does not exist has none, so nobody may.
func fieldOf(kind scalar.Kind, id string) string {
	switch {
	case kind == "" && strings.HasPrefix(id, keyMark):
		return "Query.apiKeys"
	case kind == "" && strings.HasPrefix(id, webhookMark):
		return "Query.webhook"
	}
	return map[scalar.Kind]string{
		"": "Query.session", scalar.KindOrganization: "Query.viewer", scalar.KindSend: "Query.send", scalar.KindGroup: "Query.group",
		scalar.KindMember: "Group.members", scalar.KindContact: "Query.contact", scalar.KindChat: "Query.chat", scalar.KindMessage: "Query.message",
		scalar.KindLabel: "Session.labels", scalar.KindCall: "Query.call", scalar.KindChannel: "Query.channel",
	}[kind]
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
