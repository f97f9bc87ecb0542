package whatsapp

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
)

// person gives a person's addresses: jid, other where it is of the other kind,
// and what whatsmeow's map of LIDs and numbers knows. The zero Person is for
// addresses of neither kind, such as a bot's.
func (x *session) person(ctx context.Context, jid, other types.JID) models.Person {
	person := withAddress(withAddress(models.Person{}, jid), other)
	switch {
	case person.LID == "" && person.PhoneJID == "":
		return person
	case person.LID != "" && person.PhoneJID != "":
		return person
	case jid.IsEmpty():
		jid = other
	}
	return withAddress(person, x.otherAddress(ctx, jid))
}

// withAddress fills in the address of the kind that jid is, if it is missing.
func withAddress(person models.Person, jid types.JID) models.Person {
	jid = jid.ToNonAD()
	switch {
	case jid.User == "":
	case jid.Server == types.HiddenUserServer && person.LID == "":
		person.LID = jid.String()
	case jid.Server == types.DefaultUserServer && person.PhoneJID == "":
		person.PhoneJID = jid.String()
	}
	return person
}

// otherAddress gives the number of a LID and the LID of a number; the empty JID
// when it is not known. whatsmeow answers from memory after the first time.
func (x *session) otherAddress(ctx context.Context, jid types.JID) types.JID {
	cli := x.cli()
	if cli == nil || cli.Store == nil || cli.Store.LIDs == nil || jid.User == "" {
		return types.EmptyJID
	}
	var (
		other types.JID
		err   error
	)
	switch jid = jid.ToNonAD(); jid.Server {
	case types.HiddenUserServer:
		other, err = cli.Store.LIDs.GetPNForLID(ctx, jid)
	case types.DefaultUserServer:
		other, err = cli.Store.LIDs.GetLIDForPN(ctx, jid)
	}
	if err != nil {
		// The mapping is an extra: rows are merged when it comes later.
		x.log.DebugContext(ctx, "looking up a person's other address failed", "error", err)
		return types.EmptyJID
	}
	return other
}

// isOwn reports whether jid is the account itself, by LID or by number.
func (x *session) isOwn(jid types.JID) bool {
	if jid.User == "" {
		return false
	}
	pn, lid := x.own()
	return jid.User == pn.User && jid.Server == pn.Server || jid.User == lid.User && jid.Server == lid.Server
}

// learn stores what an event tells of a person.
func (s *Service) learn(ctx context.Context, x *session, jid, other types.JID, names models.Person) error {
	person := x.person(ctx, jid, other)
	if person == (models.Person{}) {
		return nil
	}
	person.ContactName, person.PushName, person.BusinessName = names.ContactName, names.PushName, names.BusinessName
	_, err := s.db.Identities.Upsert(ctx, x.id, []models.Person{person})
	s.changes.notify(err)
	return gone(err)
}

// contactChanged stores a change of the account's address book.
func (s *Service) contactChanged(ctx context.Context, x *session, evt *events.Contact) error {
	if evt.FromFullSync {
		return nil // AppStateSyncComplete follows, and all are stored at once
	}
	// Both are absent unless the phone knows them; what cannot be parsed is empty.
	lid, _ := types.ParseJID(evt.Action.GetLidJID())
	pn, _ := types.ParseJID(evt.Action.GetPnJID())
	other := lid
	if evt.JID.Server == types.HiddenUserServer {
		other = pn
	}
	name := evt.Action.GetFullName()
	if name == "" {
		name = evt.Action.GetFirstName()
	}
	return s.learn(ctx, x, evt.JID, other, models.Person{ContactName: name})
}

// syncOwnIdentity stores the account itself among the people. Its name is stored
// when WhatsApp tells it, see [owner.renamed].
func (s *Service) syncOwnIdentity(ctx context.Context, x *session) error {
	return s.storeOwnName(ctx, x, "")
}

// storeOwnName stores the account among the people, under a name unless it is "".
func (s *Service) storeOwnName(ctx context.Context, x *session, name string) error {
	pn, lid := x.own()
	person := x.person(ctx, lid, pn)
	if person == (models.Person{}) {
		return nil
	}
	person.PushName = name
	_, err := s.db.Identities.Upsert(ctx, x.id, []models.Person{person})
	s.changes.notify(err)
	if err != nil {
		return fmt.Errorf("storing the account's identity: %w", err)
	}
	return nil
}

// syncNames stores the names that whatsmeow knows: the address book, and what
// people call themselves. It gives how many people it stored.
func (s *Service) syncNames(ctx context.Context, x *session) (stored int, err error) {
	cli := x.cli()
	if cli == nil || cli.Store == nil || cli.Store.Contacts == nil {
		return 0, nil
	}
	contacts, err := cli.Store.Contacts.GetAllContacts(ctx)
	if err != nil {
		return 0, fmt.Errorf("loading contacts: %w", err)
	}
	people := make([]models.Person, 0, len(contacts))
	// Where both addresses of a person have an entry, the number's is stored last.
	byKind := slices.SortedFunc(maps.Keys(contacts), func(a, b types.JID) int {
		return strings.Compare(a.Server+a.User, b.Server+b.User)
	})
	for _, jid := range byKind {
		contact := contacts[jid]
		person := x.person(ctx, jid, types.EmptyJID)
		if person == (models.Person{}) {
			continue
		}
		person.ContactName = contact.FullName
		if person.ContactName == "" {
			person.ContactName = contact.FirstName
		}
		person.PushName, person.BusinessName = contact.PushName, contact.BusinessName
		if x.isOwn(jid) {
			person.PushName = "" // see syncOwnIdentity
		}
		if person.ContactName != "" || person.PushName != "" || person.BusinessName != "" {
			people = append(people, person)
		}
	}
	for batch := range slices.Chunk(people, nameBatch) {
		if _, err := s.db.Identities.Upsert(ctx, x.id, batch); err != nil {
			return stored, fmt.Errorf("storing names: %w", err)
		}
		stored += len(batch)
		s.changes.notify(nil)
	}
	return stored, nil
}
