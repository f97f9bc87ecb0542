package models

import (
	"context"
	"database/sql"
	"strings"

	"gorm.io/gorm"
)

// lidSuffix ends the address of a person by stable id.
const lidSuffix = "@lid"

// phoneSuffix ends the address of a person by phone number.
const phoneSuffix = "@s.whatsapp.net"

// channelSuffix ends the address of a channel.
const channelSuffix = "@newsletter"

// groupSuffix ends the address of a group.
const groupSuffix = "@g.us"

// identityColumns are the columns that scanIdentities reads, of the alias i.
const identityColumns = `i.id, i.session_id, i.lid, i.phone_jid, i.phone_number,
	i.contact_name, i.push_name, i.business_name, i.first_seen_at, i.updated_at`

// IdentityStore keeps the people that each session knows.
type IdentityStore struct{ db *DB }

// Upsert stores what is known of people and gives their ids, in the order
// given. See [Person] for how rows are found, and merged when a person carries
// both a LID and a phone JID. An empty name never replaces a known one; a person
// without any address is an error.
func (s *IdentityStore) Upsert(ctx context.Context, sessionID string, people []Person) ([]int64, error) {
	var ids []int64
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) (err error) {
		ids, err = s.db.upsertIdentities(tx, sessionID, people, Now())
		return err
	})
	if err != nil {
		return nil, storeError("session", "storing people of session "+sessionID, err)
	}
	return ids, nil
}

// Get gives the person with this LID or phone JID.
func (s *IdentityStore) Get(ctx context.Context, sessionID, jid string) (*Identity, error) {
	identity, err := scanIdentity(s.db.read(ctx).Raw(
		"SELECT "+identityColumns+" FROM identities i WHERE i.session_id = ? AND "+addressIs(jid), sessionID, jid))
	if err != nil {
		return nil, storeError("contact", "loading a person of session "+sessionID, err)
	}
	return identity, nil
}

// addressIs is the condition that finds an identity i by its address, in the
// words of the partial index of that column.
func addressIs(jid string) string {
	if strings.HasSuffix(jid, lidSuffix) {
		return "i.lid = ? AND i.lid <> ''"
	}
	return "i.phone_jid = ? AND i.phone_jid <> ''"
}

// GetByID gives a person of any session: the caller checks that the session is
// one of their organization.
func (s *IdentityStore) GetByID(ctx context.Context, id int64) (*Identity, error) {
	identity, err := scanIdentity(s.db.read(ctx).Raw("SELECT "+identityColumns+" FROM identities i WHERE i.id = ?", id))
	if err != nil {
		return nil, storeError("contact", "loading a person", err)
	}
	return identity, nil
}

// GetMany gives people by id, of any session; an unknown id is absent.
func (s *IdentityStore) GetMany(ctx context.Context, ids []int64) (map[int64]Identity, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	identities, err := scanIdentities(s.db.read(ctx).Raw(
		"SELECT "+identityColumns+" FROM identities i WHERE i.id IN "+s.db.in(bigint("id")), given), len(ids))
	if err != nil {
		return nil, storeError("contact", "loading people", err)
	}
	found := make(map[int64]Identity, len(identities))
	for _, identity := range identities {
		found[identity.ID] = identity
	}
	return found, nil
}

// List gives the people a session knows, in the order it got to know them.
func (s *IdentityStore) List(ctx context.Context, sessionID string, filter ContactFilter, page Page) (List[Identity], error) {
	c := s.db.cursors("identities", sessionID)
	after, err := c.decodeID(page.After)
	if err != nil {
		return List[Identity]{}, err
	}
	where, parameters := filter.conditions(s.db, "i")
	parameters = append(append([]any{sessionID, after}, parameters...), page.fetch())
	identities, err := scanIdentities(s.db.read(ctx).Raw("SELECT "+identityColumns+` FROM identities i
		WHERE i.session_id = ? AND i.id > ?`+where+` ORDER BY i.id LIMIT ?`, parameters...), page.Limit+1)
	if err != nil {
		return List[Identity]{}, storeError("contact", "listing people of session "+sessionID, err)
	}
	return listByID(identities, page.Limit, c, identityID), nil
}

func identityID(i *Identity) int64 { return i.ID }

// ListBySessions is List for several sessions in one statement; each session is
// a key of the result. page.After works for a single session only.
func (s *IdentityStore) ListBySessions(ctx context.Context, sessionIDs []string, filter ContactFilter, page Page) (map[string]List[Identity], error) {
	b, err := newBatch(s.db, "identities", sessionIDs, page)
	if err != nil {
		return nil, err
	}
	where, parameters := filter.conditions(s.db, "x")
	identities, err := scanIdentities(s.db.read(ctx).Raw("SELECT "+identityColumns+" FROM "+
		s.db.batchTables(text("id"), "identities", "i", "x.session_id = p.id"+where)+" ORDER BY i.session_id, i.id", b.parameters(parameters...)...), 0)
	if err != nil {
		return nil, storeError("contact", "listing people of sessions", err)
	}
	return splitBatch(b, identities, func(i *Identity) string { return i.SessionID }, identityID), nil
}

// Count tells how many people a session knows.
func (s *IdentityStore) Count(ctx context.Context, sessionID string, filter ContactFilter) (int, error) {
	counts, err := s.CountBySessions(ctx, []string{sessionID}, filter)
	return counts[sessionID], err
}

// CountBySessions is Count for several sessions in one statement. Sessions
// without such people are absent.
func (s *IdentityStore) CountBySessions(ctx context.Context, sessionIDs []string, filter ContactFilter) (map[string]int, error) {
	given, err := keys("id", sessionIDs)
	if err != nil {
		return nil, err
	}
	where, parameters := filter.conditions(s.db, "i")
	counts, err := scanCounts[string](s.db.read(ctx).Raw(
		"SELECT i.session_id, COUNT(*) FROM identities i WHERE i.session_id IN "+s.db.in(text("id"))+where+" GROUP BY i.session_id",
		append([]any{given}, parameters...)...))
	return counts, storeError("contact", "counting people of sessions", err)
}

// scanIdentity runs a query for one person; sql.ErrNoRows when there is none.
func scanIdentity(query *gorm.DB) (*Identity, error) {
	identities, err := scanIdentities(query, 1)
	if err != nil {
		return nil, err
	}
	if len(identities) == 0 {
		return nil, sql.ErrNoRows
	}
	return &identities[0], nil
}

// scanIdentities runs a query for identityColumns; expected sizes the result.
func scanIdentities(query *gorm.DB, expected int) (identities []Identity, err error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	identities = make([]Identity, 0, max(expected, 0))
	for rows.Next() {
		var i Identity
		err := rows.Scan(&i.ID, &i.SessionID, &i.LID, &i.PhoneJID, &i.PhoneNumber,
			&i.ContactName, &i.PushName, &i.BusinessName, &i.FirstSeenAt, &i.UpdatedAt)
		if err != nil {
			return nil, err
		}
		identities = append(identities, i)
	}
	return identities, rows.Err()
}
