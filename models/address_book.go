package models

import (
	"slices"
	"strings"
)

// addressBook works out, without the database, what becomes of a session's
// identities when it learns about people. Entries keep the order of learning.
type addressBook struct {
	sessionID string
	now       Millis
	entries   []*entry
	byLID     map[string]*entry
	byPhone   map[string]*entry
}

// entry is one identity of the book; ID 0 until it is stored.
type entry struct {
	Identity
	stored Identity // as the database has it; zero for a new one
	into   *entry   // the entry that it was merged into
}

func newAddressBook(sessionID string, known []Identity, now Millis) *addressBook {
	b := &addressBook{
		sessionID: sessionID, now: now,
		entries: make([]*entry, 0, len(known)),
		byLID:   make(map[string]*entry, len(known)),
		byPhone: make(map[string]*entry, len(known)),
	}
	for i := range known {
		b.add(&entry{Identity: known[i], stored: known[i]})
	}
	return b
}

func (b *addressBook) add(e *entry) {
	b.entries = append(b.entries, e)
	if e.LID != "" {
		b.byLID[e.LID] = e
	}
	if e.PhoneJID != "" {
		b.byPhone[e.PhoneJID] = e
	}
}

// find gives the entry with this LID, else with this phone JID, else nil.
func (b *addressBook) find(lid, phone string) *entry {
	if e := b.byLID[lid]; e != nil && lid != "" {
		return e
	}
	if phone == "" {
		return nil
	}
	return b.byPhone[phone]
}

// learn takes in what is said of a person and gives their entry.
func (b *addressBook) learn(p Person) *entry {
	e := b.find(p.LID, p.PhoneJID)
	if e != nil && e.LID != "" && p.LID != "" && e.LID != p.LID {
		e = nil // found by a number that has moved on to another person
	}
	if e == nil {
		e = &entry{Identity: Identity{SessionID: b.sessionID, LID: p.LID, FirstSeenAt: b.now, UpdatedAt: b.now}}
		b.add(e)
	}
	if p.LID != "" && e.LID == "" {
		e.LID = p.LID
		b.byLID[p.LID] = e
	}
	if p.PhoneJID != "" && e.PhoneJID != p.PhoneJID {
		e = b.giveNumber(e, p.PhoneJID)
	}
	replaceKnown(&e.ContactName, p.ContactName)
	replaceKnown(&e.PushName, p.PushName)
	replaceKnown(&e.BusinessName, p.BusinessName)
	return e
}

// giveNumber makes phone the number of e, and gives the entry that has it then:
// e, or the stored row that e was found to be.
func (b *addressBook) giveNumber(e *entry, phone string) *entry {
	holder := b.byPhone[phone]
	if holder != nil && holder.LID != "" {
		holder.setPhone("")
		holder = nil
	}
	if holder != nil && e.ID == 0 && holder.ID != 0 {
		// e is not stored yet: complete the stored row instead.
		if e.PhoneJID != "" {
			delete(b.byPhone, e.PhoneJID)
		}
		e.mergeInto(holder)
		if e.LID != "" {
			b.byLID[e.LID] = holder
		}
		return holder
	}
	if holder != nil {
		holder.mergeInto(e)
	}
	if e.PhoneJID != "" {
		delete(b.byPhone, e.PhoneJID)
	}
	e.setPhone(phone)
	b.byPhone[phone] = e
	return e
}

// news reports whether there is anything to store.
func (b *addressBook) news() bool {
	return slices.ContainsFunc(b.entries, func(e *entry) bool { return e.into != nil || e.ID == 0 || e.changed() })
}

// events tells of those, once stored, who are known by another name or address
// than before, and of those who are new and have a name. Somebody new without one
// is no news: a group has a thousand of them.
func (b *addressBook) events() []NewEvent {
	var events []NewEvent
	for _, e := range b.entries {
		switch {
		case e.into != nil, e.stored.ID == 0 && e.Name() == "":
			continue
		case e.stored.ID != 0 && e.looks() == e.stored.looks():
			continue
		}
		person := e.Identity
		person.UpdatedAt = b.now
		events = append(events, NewEvent{Name: EventContactUpdated, Key: person.Address(), Payload: person.Shape()})
	}
	return events
}

// merges maps the ids of stored rows that are to go to those that stay.
func (b *addressBook) merges() map[int64]int64 {
	merges := make(map[int64]int64)
	for _, e := range b.entries {
		if e.into != nil && e.ID != 0 {
			merges[e.ID] = e.current().ID
		}
	}
	return merges
}

// mergeInto makes e a part of the entry that stays, which takes over what it
// does not know itself.
func (e *entry) mergeInto(stays *entry) {
	e.into = stays
	if stays.LID == "" {
		stays.LID = e.LID
	}
	fillUnknown(&stays.ContactName, e.ContactName)
	fillUnknown(&stays.PushName, e.PushName)
	fillUnknown(&stays.BusinessName, e.BusinessName)
	stays.FirstSeenAt = min(stays.FirstSeenAt, e.FirstSeenAt)
}

// current follows merges to the entry that stays.
func (e *entry) current() *entry {
	for e.into != nil {
		e = e.into
	}
	return e
}

func (e *entry) changed() bool { return e.Identity != e.stored }

func (e *entry) setPhone(jid string) {
	e.PhoneJID, e.PhoneNumber = jid, phoneNumber(jid)
}

// phoneNumber is the digits of a phone JID.
func phoneNumber(jid string) string {
	number, _, _ := strings.Cut(jid, "@")
	return number
}

func replaceKnown(name *string, said string) {
	if said != "" {
		*name = said
	}
}

func fillUnknown(name *string, other string) {
	if *name == "" {
		*name = other
	}
}
