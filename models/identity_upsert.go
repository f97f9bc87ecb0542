package models

import (
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// Person is what an event tells of somebody. At least one address is set; a
// name that is not known is empty.
//
// The row is found by LID, else by phone JID. A person with both says that they
// belong together: a row of either is completed, two rows become one (the LID's,
// with the memberships of both), and another LID's row loses the number, because
// numbers move between people and LIDs do not.
type Person struct {
	LID          string
	PhoneJID     string
	ContactName  string
	PushName     string
	BusinessName string
}

// identityRow is an identity as a row of [DB.rows].
type identityRow struct {
	Ord          int    `json:"ord"`
	ID           int64  `json:"id"`
	LID          string `json:"lid"`
	PhoneJID     string `json:"phone_jid"`
	PhoneNumber  string `json:"phone_number"`
	ContactName  string `json:"contact_name"`
	PushName     string `json:"push_name"`
	BusinessName string `json:"business_name"`
	FirstSeenAt  Millis `json:"first_seen_at"`
}

func identityRowColumns() []column {
	return []column{
		bigint("ord"), bigint("id"), text("lid"), text("phone_jid"), text("phone_number"),
		text("contact_name"), text("push_name"), text("business_name"), bigint("first_seen_at"),
	}
}

func (i *Identity) row(ord int) identityRow {
	return identityRow{
		Ord: ord, ID: i.ID, LID: i.LID, PhoneJID: i.PhoneJID, PhoneNumber: i.PhoneNumber,
		ContactName: i.ContactName, PushName: i.PushName, BusinessName: i.BusinessName, FirstSeenAt: i.FirstSeenAt,
	}
}

// upsertIdentities is IdentityStore.Upsert within a sessionTx: one statement
// when nothing is new, a handful otherwise, for any number of people.
func (db *DB) upsertIdentities(tx *gorm.DB, sessionID string, people []Person, now Millis) ([]int64, error) {
	identities, err := db.learnIdentities(tx, sessionID, people, now)
	ids := make([]int64, len(identities))
	for i := range identities {
		ids[i] = identities[i].ID
	}
	return ids, err
}

// learnIdentities is upsertIdentities that gives the rows as they are then. People
// who were the same a moment ago cost no statement.
func (db *DB) learnIdentities(tx *gorm.DB, sessionID string, people []Person, now Millis) ([]Identity, error) {
	if len(people) == 0 {
		return nil, nil
	}
	for i := range people {
		if people[i].LID == "" && people[i].PhoneJID == "" {
			return nil, fmt.Errorf("person %d has no address", i)
		}
	}
	if identities, ok := db.people.recall(sessionID, people); ok {
		return identities, nil
	}
	known, err := db.identitiesOf(tx, sessionID, people)
	if err != nil {
		return nil, fmt.Errorf("loading known people: %w", err)
	}
	book := newAddressBook(sessionID, known, now)
	entries := make([]*entry, len(people))
	for i := range people {
		entries[i] = book.learn(people[i])
	}
	news := book.news()
	if news {
		db.people.forget(sessionID)
		if err := db.storeBook(tx, book); err != nil {
			return nil, err
		}
	}
	identities := make([]Identity, len(people))
	for i, e := range entries {
		identities[i] = e.current().Identity
	}
	if !news {
		db.people.remember(sessionID, people, identities)
	}
	return identities, nil
}

// identitiesOf loads every row that one of the people's addresses finds.
func (db *DB) identitiesOf(tx *gorm.DB, sessionID string, people []Person) ([]Identity, error) {
	var lids, phones []string
	for i := range people {
		if people[i].LID != "" {
			lids = append(lids, people[i].LID)
		}
		if people[i].PhoneJID != "" {
			phones = append(phones, people[i].PhoneJID)
		}
	}
	givenLIDs, err := keys("lid", lids)
	if err != nil {
		return nil, err
	}
	givenPhones, err := keys("phone_jid", phones)
	if err != nil {
		return nil, err
	}
	return scanIdentities(tx.Raw("SELECT "+identityColumns+` FROM identities i
		WHERE i.session_id = ? AND i.lid <> '' AND i.lid IN `+db.in(text("lid"))+`
		UNION SELECT `+identityColumns+` FROM identities i
		WHERE i.session_id = ? AND i.phone_jid <> '' AND i.phone_jid IN `+db.in(text("phone_jid")),
		sessionID, givenLIDs, sessionID, givenPhones), len(people))
}

// storeBook writes what the book learned. The order keeps the addresses unique
// after each statement: merged rows go first, then numbers are let go of.
func (db *DB) storeBook(tx *gorm.DB, book *addressBook) error {
	if err := db.mergeIdentities(tx, book.sessionID, book.merges(), book.now); err != nil {
		return fmt.Errorf("merging people: %w", err)
	}
	var moved, changed, added []identityRow
	for _, e := range book.entries {
		switch {
		case e.into != nil:
		case e.ID == 0:
			added = append(added, e.row(len(added)))
		case e.changed():
			changed = append(changed, e.row(len(changed)))
			if e.stored.PhoneJID != "" && e.stored.PhoneJID != e.PhoneJID {
				moved = append(moved, e.row(len(moved)))
			}
		}
	}
	if err := db.execRows(tx, "UPDATE identities SET lid = r.lid, phone_jid = '' FROM {rows} AS r WHERE identities.id = r.id",
		identityRowColumns(), moved); err != nil {
		return fmt.Errorf("releasing numbers: %w", err)
	}
	if err := db.execRows(tx, `UPDATE identities SET lid = r.lid, phone_jid = r.phone_jid, phone_number = r.phone_number,
		contact_name = r.contact_name, push_name = r.push_name, business_name = r.business_name,
		first_seen_at = r.first_seen_at, updated_at = ? FROM {rows} AS r WHERE identities.id = r.id`,
		identityRowColumns(), changed, book.now); err != nil {
		return fmt.Errorf("updating people: %w", err)
	}
	if err := db.addIdentities(tx, book, added); err != nil {
		return err
	}
	return db.emit(tx, book.sessionID, book.events()...)
}

// addIdentities inserts the new people in the order given, and fills their ids in.
func (db *DB) addIdentities(tx *gorm.DB, book *addressBook, added []identityRow) error {
	if len(added) == 0 {
		return nil
	}
	given, err := asRows(added)
	if err != nil {
		return err
	}
	rows, err := tx.Raw(`INSERT INTO identities (session_id, lid, phone_jid, phone_number, contact_name, push_name,
			business_name, first_seen_at, updated_at)
		SELECT CAST(? AS TEXT), r.lid, r.phone_jid, r.phone_number, r.contact_name, r.push_name, r.business_name, r.first_seen_at, r.first_seen_at
		FROM `+db.rows(identityRowColumns()...)+` AS r ORDER BY r.ord
		RETURNING id, lid, phone_jid`, book.sessionID, given).Rows()
	if err != nil {
		return fmt.Errorf("adding people: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var (
			id         int64
			lid, phone string
		)
		if err := rows.Scan(&id, &lid, &phone); err != nil {
			return fmt.Errorf("adding people: %w", err)
		}
		e := book.find(lid, phone)
		if e == nil {
			return errors.New("adding people: the database gave back an unknown row")
		}
		e.ID = id
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("adding people: %w", err)
	}
	return nil
}

// execRows executes a statement that has {rows} for a relation of the given
// columns, if there are rows at all. before are the parameters in front of it.
func (db *DB) execRows(tx *gorm.DB, statement string, columns []column, rows []identityRow, before ...any) error {
	if len(rows) == 0 {
		return nil
	}
	given, err := asRows(rows)
	if err != nil {
		return err
	}
	return tx.Exec(strings.Replace(statement, "{rows}", db.rows(columns...), 1), append(before, given)...).Error
}
