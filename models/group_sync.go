package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// GroupSnapshot is a group as WhatsApp describes it in full.
type GroupSnapshot struct {
	JID              string
	Subject          string
	Description      string
	OwnerJID         string
	IsAnnounce       bool
	IsLocked         bool
	JoinApproval     bool
	IsCommunity      bool
	MemberAddMode    string
	ParentJID        string
	EphemeralSeconds int
	CreatedAtWA      Millis
	Members          []MemberSnapshot // exactly those who are in it now; nil: not known, stored ones stay
}

// MemberSnapshot is a person in a group.
type MemberSnapshot struct {
	Person
	Role MemberRole // "" is RoleMember
}

// groupRow is a Group with the column that callers do not see.
type groupRow struct {
	Group    `gorm:"embedded"`
	SyncedAt Millis
}

// TableName gives the table of [Group].
func (groupRow) TableName() string { return "wa_groups" }

// Sync makes the stored group, and its members, those of the snapshot: who is
// gone is marked left, who is back is a member again. All of it or nothing is
// stored. When nothing changed, one row is written, whatever the size of the
// group. An unknown session is fault.NotFound.
func (s *GroupStore) Sync(ctx context.Context, sessionID string, snapshot GroupSnapshot) (*Group, error) {
	var row groupRow
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		now := Now()
		var err error
		if row, err = loadOrCreateGroup(tx, sessionID, snapshot, now); err != nil {
			return err
		}
		before := row.Group
		snapshot.apply(&row.Group)
		changed := false
		if snapshot.Members != nil {
			if changed, err = s.db.syncMembers(tx, &row, snapshot.Members, now); err != nil {
				return err
			}
			row.SyncedAt = now
		}
		if changed || row.Group != before {
			row.UpdatedAt = now
			return tx.Select("*").Omit("id").Updates(&row).Error
		}
		if snapshot.Members == nil {
			return nil
		}
		return tx.Model(&row).Update("synced_at", row.SyncedAt).Error
	})
	if err != nil {
		return nil, storeError("session", "storing a group of session "+sessionID, err)
	}
	return &row.Group, nil
}

// loadOrCreateGroup gives the stored row of the snapshot's group.
func loadOrCreateGroup(tx *gorm.DB, sessionID string, snapshot GroupSnapshot, now Millis) (groupRow, error) {
	var row groupRow
	err := tx.Take(&row, "session_id = ? AND group_jid = ?", sessionID, snapshot.JID).Error
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		return row, err
	}
	row = groupRow{Group: Group{SessionID: sessionID, JID: snapshot.JID, FirstSeenAt: now, UpdatedAt: now}}
	snapshot.apply(&row.Group)
	if err := tx.Create(&row).Error; err != nil {
		return row, fmt.Errorf("adding the group: %w", err)
	}
	return row, nil
}

// apply copies what the snapshot says of the group itself. The account is in it.
func (s *GroupSnapshot) apply(g *Group) {
	g.Subject, g.Description, g.OwnerJID = s.Subject, s.Description, s.OwnerJID
	g.IsAnnounce, g.IsLocked, g.JoinApproval, g.IsCommunity = s.IsAnnounce, s.IsLocked, s.JoinApproval, s.IsCommunity
	g.MemberAddMode, g.ParentJID, g.EphemeralSeconds = s.MemberAddMode, s.ParentJID, s.EphemeralSeconds
	if s.CreatedAtWA != 0 {
		g.CreatedAtWA = s.CreatedAtWA
	}
	g.LeftAt = 0
}

// syncMembers makes the members of the group exactly those given, counts them
// into the row, and reports whether anything changed.
func (db *DB) syncMembers(tx *gorm.DB, row *groupRow, given []MemberSnapshot, now Millis) (changed bool, err error) {
	roles, order, err := db.resolveMembers(tx, row.SessionID, given, now)
	if err != nil {
		return false, err
	}
	stored, err := scanMemberRows(tx.Raw(`SELECT id, group_id, identity_id, role, first_seen_at, last_seen_at, left_at
		FROM wa_group_members WHERE group_id = ?`, row.ID))
	if err != nil {
		return false, fmt.Errorf("loading the members: %w", err)
	}
	known := make(map[int64]bool, len(stored))
	var added, updated []memberRow
	for _, m := range stored {
		known[m.IdentityID] = true
		role, present := roles[m.IdentityID]
		switch {
		case present && (m.LeftAt != 0 || m.Role != role):
			m.Role, m.LeftAt, m.LastSeenAt = role, 0, now
			updated = append(updated, m)
		case !present && m.LeftAt == 0:
			// Last seen at the sync before this one.
			m.LeftAt, m.LastSeenAt = now, max(m.LastSeenAt, row.SyncedAt)
			updated = append(updated, m)
		}
	}
	for _, identityID := range order {
		if !known[identityID] {
			added = append(added, memberRow{GroupID: row.ID, IdentityID: identityID, Role: roles[identityID], FirstSeenAt: now, LastSeenAt: now})
		}
	}
	if err := db.updateMembers(tx, updated); err != nil {
		return false, fmt.Errorf("updating members: %w", err)
	}
	if err := db.insertMembers(tx, added); err != nil {
		return false, fmt.Errorf("adding members: %w", err)
	}
	row.ParticipantCount = len(order)
	return len(added)+len(updated) > 0, nil
}

// resolveMembers stores the people and gives each one's role by identity, with
// the identities in the order given. Who is named twice counts once.
func (db *DB) resolveMembers(tx *gorm.DB, sessionID string, given []MemberSnapshot, now Millis) (roles map[int64]MemberRole, order []int64, err error) {
	people := make([]Person, len(given))
	for i := range given {
		people[i] = given[i].Person
	}
	ids, err := db.upsertIdentities(tx, sessionID, people, now)
	if err != nil {
		return nil, nil, fmt.Errorf("storing the members' identities: %w", err)
	}
	roles = make(map[int64]MemberRole, len(ids))
	order = make([]int64, 0, len(ids))
	for i, id := range ids {
		if _, twice := roles[id]; !twice {
			order = append(order, id)
		}
		roles[id] = higherRole(roles[id], higherRole(RoleMember, given[i].Role))
	}
	return roles, order, nil
}
