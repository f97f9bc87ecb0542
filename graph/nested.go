package graph

import (
	"context"
	"maps"
	"slices"

	"wagateway/graph/gen"
	"wagateway/models"
)

// How rows are known to the loaders: by their address where nested fields are
// asked on the row itself, so that a row of two lists does not load for both;
// people by id, since a member makes its contact anew.
type personHandle int64

func sessionHandle(s *models.Session) any { return s }
func sessionKey(s *models.Session) string { return s.ID }

func groupHandle(g *models.Group) any { return g }
func groupKey(g *models.Group) int64  { return g.ID }

func memberHandle(m *models.GroupMember) any { return personHandle(m.IdentityID) }
func memberKey(m *models.GroupMember) int64  { return m.IdentityID }

func contactHandle(i *models.Identity) any { return i }
func contactKey(i *models.Identity) int64  { return i.ID }

// handleOn is the row's handle for a page of its children. A cursor is good for
// one parent's list only, so with one there is nothing to load together.
func handleOn(row any, page models.Page) any {
	if page.After != "" {
		return nil
	}
	return row
}

// listSessions gives a page of sessions.
func (r *Resolver) listSessions(ctx context.Context, filter models.SessionFilter, page models.Page) (*gen.SessionConnection, error) {
	list, err := r.DB.Sessions.List(ctx, filter, page)
	if err != nil {
		return nil, err
	}
	siblings(ctx, sessionHandle, sessionKey, list)
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return r.DB.Sessions.Count(ctx, filter)
	}), nil
}

// listGroups gives a page of a session's groups.
func (r *Resolver) listGroups(ctx context.Context, session *models.Session, page models.Page) (*gen.GroupConnection, error) {
	list, err := together(ctx, handleOn(session, page), session.ID, field{"groups", page},
		func(ctx context.Context, id string) (models.List[models.Group], error) {
			list, err := r.DB.Groups.List(ctx, id, page)
			siblings(ctx, groupHandle, groupKey, list)
			return list, err
		},
		func(ctx context.Context, ids []string) (map[string]models.List[models.Group], error) {
			lists, err := r.DB.Groups.ListBySessions(ctx, ids, page)
			siblings(ctx, groupHandle, groupKey, slices.Collect(maps.Values(lists))...)
			return lists, err
		})
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return together(ctx, session, session.ID, field{"groups.totalCount", nil}, r.DB.Groups.Count, r.DB.Groups.CountBySessions)
	}), nil
}

// listMembers gives a page of a group's members.
func (r *Resolver) listMembers(ctx context.Context, group *models.Group, filter models.MemberFilter, page models.Page) (*gen.GroupMemberConnection, error) {
	type arguments struct {
		models.MemberFilter
		models.Page
	}
	list, err := together(ctx, handleOn(group, page), group.ID, field{"members", arguments{filter, page}},
		func(ctx context.Context, id int64) (models.List[models.GroupMember], error) {
			list, err := r.DB.Members.List(ctx, id, filter, page)
			siblings(ctx, memberHandle, memberKey, list)
			return list, err
		},
		func(ctx context.Context, ids []int64) (map[int64]models.List[models.GroupMember], error) {
			lists, err := r.DB.Members.ListByGroups(ctx, ids, filter, page)
			siblings(ctx, memberHandle, memberKey, slices.Collect(maps.Values(lists))...)
			return lists, err
		})
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return together(ctx, group, group.ID, field{"members.totalCount", filter},
			func(ctx context.Context, id int64) (int, error) { return r.DB.Members.Count(ctx, id, filter) },
			func(ctx context.Context, ids []int64) (map[int64]int, error) {
				return r.DB.Members.CountByGroups(ctx, ids, filter)
			})
	}), nil
}

// seen completes a person of which only a member's row was read.
func (r *Resolver) seen(ctx context.Context, person *models.Identity) (*models.Identity, error) {
	if person.FirstSeenAt != 0 {
		return person, nil
	}
	complete, err := together(ctx, personHandle(person.ID), person.ID, field{"person", nil},
		func(ctx context.Context, id int64) (models.Identity, error) {
			p, err := r.DB.Identities.GetByID(ctx, id)
			if err != nil {
				return models.Identity{}, err
			}
			return *p, nil
		},
		r.DB.Identities.GetMany)
	return &complete, err
}
