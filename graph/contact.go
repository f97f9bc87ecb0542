package graph

import (
	"context"
	"unicode/utf8"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// maxContactQuery bounds what contacts are searched for, in characters; the longest
// name that WhatsApp takes is far shorter.
const maxContactQuery = 100

// contactFilter reads which contacts a caller wants.
func contactFilter(given *gen.ContactFilter) (filter models.ContactFilter, err error) {
	if given == nil {
		return filter, nil
	}
	filter.Source, filter.Query = orZero(given.Source.Value()), orZero(given.Q.Value())
	if utf8.RuneCountInString(filter.Query) > maxContactQuery {
		return filter, fault.Invalid("q", "q must have at most 100 characters").With("max", maxContactQuery)
	}
	if group := orZero(given.Group.Value()); group != "" {
		filter.GroupJID, err = address.ParseGroup("group", group)
	}
	return filter, err
}

// contact gives a person that a session knows, by LID or phone JID.
func (r *Resolver) contact(ctx context.Context, session *models.Session, jid string) (*models.Identity, error) {
	person, err := address.ParsePerson("jid", jid)
	if err != nil {
		return nil, err
	}
	return r.DB.Identities.Get(ctx, session.ID, person)
}
