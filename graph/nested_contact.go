package graph

import (
	"context"
	"maps"
	"slices"

	"wagateway/graph/gen"
	"wagateway/models"
)

// listContacts gives a page of a session's contacts.
func (r *Resolver) listContacts(ctx context.Context, session *models.Session, filter models.ContactFilter, page models.Page) (*gen.ContactConnection, error) {
	type arguments struct {
		models.ContactFilter
		models.Page
	}
	list, err := together(ctx, handleOn(session, page), session.ID, field{"contacts", arguments{filter, page}},
		func(ctx context.Context, id string) (models.List[models.Identity], error) {
			list, err := r.DB.Identities.List(ctx, id, filter, page)
			r.relatePeople(ctx)(list)
			return list, err
		},
		func(ctx context.Context, ids []string) (map[string]models.List[models.Identity], error) {
			lists, err := r.DB.Identities.ListBySessions(ctx, ids, filter, page)
			siblings(ctx, contactHandle, contactKey, slices.Collect(maps.Values(lists))...)
			return lists, err
		})
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return together(ctx, session, session.ID, field{"contacts.totalCount", filter},
			func(ctx context.Context, id string) (int, error) { return r.DB.Identities.Count(ctx, id, filter) },
			func(ctx context.Context, ids []string) (map[string]int, error) {
				return r.DB.Identities.CountBySessions(ctx, ids, filter)
			})
	}), nil
}

func (r *Resolver) relatePeople(ctx context.Context) func(models.List[models.Identity]) {
	return func(list models.List[models.Identity]) { siblings(ctx, contactHandle, contactKey, list) }
}

// handleOfPerson is how the loaders know a person: as a row of a list, else as
// somebody whom a member's row was made into.
func handleOfPerson(ctx context.Context, person *models.Identity) any {
	if familyOf(ctx, person) != nil {
		return person
	}
	return personHandle(person.ID)
}

// contactDM gives the chat with a person; nil when there is none.
func (r *Resolver) contactDM(ctx context.Context, person *models.Identity) (*models.Chat, error) {
	return optional(ctx, handleOfPerson(ctx, person), person.ID, "dm", r.DB.Chats.GetByIdentities, func(list models.List[models.Chat]) {
		siblings(ctx, chatHandle, chatKey, list)
	})
}

// membershipHandle identifies a membership in its listing.
func membershipHandle(m *models.Membership) any { return m }
func membershipKey(m *models.Membership) int64  { return m.GroupID }

// contactGroups gives what a person is in, for all their siblings at once.
func (r *Resolver) contactGroups(ctx context.Context, person *models.Identity) ([]*models.Membership, error) {
	all := func(ctx context.Context, ids []int64) (map[int64][]models.Membership, error) {
		found, err := r.DB.Identities.MembershipsOf(ctx, ids)
		lists := make([]models.List[models.Membership], 0, len(found))
		for _, memberships := range found {
			lists = append(lists, models.List[models.Membership]{Items: memberships})
		}
		siblings(ctx, membershipHandle, membershipKey, lists...)
		return found, err
	}
	memberships, err := together(ctx, handleOfPerson(ctx, person), person.ID, field{"groups", nil},
		func(ctx context.Context, id int64) ([]models.Membership, error) {
			found, err := all(ctx, []int64{id})
			return found[id], err
		}, all)
	return pointers(memberships), err
}

// membershipGroup gives the group of a membership.
func (r *Resolver) membershipGroup(ctx context.Context, membership *models.Membership) (*models.Group, error) {
	group, err := optional(ctx, membership, membership.GroupID, "group", r.DB.Groups.GetMany, func(list models.List[models.Group]) {
		siblings(ctx, groupHandle, groupKey, list)
	})
	if err == nil && group == nil { // deleted just now, with its session
		_, err = r.DB.Groups.GetByID(ctx, membership.GroupID)
	}
	return group, err
}
