package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
)

// Membership is a group that a person is in, and what they are there.
type Membership struct {
	GroupID    int64
	GroupJID   string
	Subject    string
	Role       MemberRole
	LastSeenAt Millis
	Tag        string // the person's name as shown there, see [Identity.Tag]
}

// MembershipsOf gives the groups that people are members of and the account too,
// in the order the gateway got to know them, by the person's number; who is in
// none is absent. It is one statement.
func (s *IdentityStore) MembershipsOf(ctx context.Context, ids []int64) (map[int64][]Membership, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.read(ctx).Raw(`SELECT m.identity_id, g.id, g.group_jid, g.subject, m.role, m.last_seen_at, g.synced_at,
			i.contact_name, i.push_name, i.business_name
		FROM wa_group_members m JOIN wa_groups g ON g.id = m.group_id JOIN identities i ON i.id = m.identity_id
		WHERE m.identity_id IN `+s.db.in(bigint("id"))+` AND m.left_at = 0 AND g.left_at = 0
		ORDER BY m.identity_id, g.id`, given).Rows()
	if err != nil {
		return nil, storeError("contact", "listing the groups of people", err)
	}
	defer func() { _ = rows.Close() }()
	found := make(map[int64][]Membership)
	for rows.Next() {
		var (
			id       int64
			syncedAt Millis
			m        Membership
			person   Identity
		)
		if err := rows.Scan(&id, &m.GroupID, &m.GroupJID, &m.Subject, &m.Role, &m.LastSeenAt, &syncedAt,
			&person.ContactName, &person.PushName, &person.BusinessName); err != nil {
			return nil, storeError("contact", "listing the groups of people", err)
		}
		m.LastSeenAt, m.Tag = max(m.LastSeenAt, syncedAt), person.Tag()
		found[id] = append(found[id], m)
	}
	return found, storeError("contact", "listing the groups of people", rows.Err())
}

// GetMany gives groups by id, of any session; an unknown id is absent.
func (s *GroupStore) GetMany(ctx context.Context, ids []int64) (map[int64]Group, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	var groups []Group
	err = s.db.read(ctx).Raw("SELECT "+groupColumns+" FROM wa_groups g WHERE g.id IN "+s.db.in(bigint("id")), given).Scan(&groups).Error
	if err != nil {
		return nil, storeError("group", "loading groups", err)
	}
	found := make(map[int64]Group, len(groups))
	for _, group := range groups {
		found[group.ID] = group
	}
	return found, nil
}

// GetByIdentities gives the chats with people, by the person's number; who has
// none is absent.
func (s *ChatStore) GetByIdentities(ctx context.Context, ids []int64) (map[int64]Chat, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	// By the session too, which the index of chats begins with.
	chats, err := scanChats(s.db.read(ctx).Raw(chatSelect+`identities p JOIN chats c
		ON c.session_id = p.session_id AND c.identity_id = p.id AND c.identity_id <> 0`+chatJoins+
		" WHERE p.id IN "+s.db.in(bigint("id")), given))
	if err != nil {
		return nil, storeError("chat", "loading the chats with people", err)
	}
	found := make(map[int64]Chat, len(chats))
	for _, chat := range chats {
		found[chat.IdentityID] = chat
	}
	return found, nil
}

// FindMany gives those people of a session who are known by one of these
// addresses, LIDs or phone JIDs, by both of theirs.
func (s *IdentityStore) FindMany(ctx context.Context, sessionID string, people []Person) (map[string]Identity, error) {
	identities, err := s.db.identitiesOf(s.db.read(ctx), sessionID, people)
	if err != nil {
		return nil, storeError("contact", "finding people of session "+sessionID, err)
	}
	found := make(map[string]Identity, 2*len(identities))
	for _, identity := range identities {
		for _, jid := range []string{identity.LID, identity.PhoneJID} {
			if jid != "" {
				found[jid] = identity
			}
		}
	}
	return found, nil
}

// Complete is Upsert for those people only who are known by one of their
// addresses: it teaches mappings and names, and makes no contact of a stranger.
func (s *IdentityStore) Complete(ctx context.Context, sessionID string, people []Person) error {
	if len(people) == 0 {
		return nil
	}
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		known, err := s.db.identitiesOf(tx, sessionID, people)
		if err != nil {
			return err
		}
		familiar := slices.DeleteFunc(slices.Clone(people), func(p Person) bool {
			return !slices.ContainsFunc(known, func(i Identity) bool {
				return p.LID != "" && p.LID == i.LID || p.PhoneJID != "" && p.PhoneJID == i.PhoneJID
			})
		})
		_, err = s.db.upsertIdentities(tx, sessionID, familiar, Now())
		return err
	})
	return storeError("session", "completing people of session "+sessionID, err)
}
