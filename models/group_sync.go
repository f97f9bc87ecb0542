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
// stored, with group.updated when the group is new or another than before, and
// group.members when the members of a known one are. When nothing changed, one row is written, whatever the size of the
// group. An unknown session is fault.NotFound.
func (s *GroupStore) Sync(ctx context.Context, sessionID string, snapshot GroupSnapshot) (*Group, error) {
	var row groupRow
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		now := Now()
		var (
			created bool
			moves   []move
			err     error
		)
		if row, created, err = loadOrCreateGroup(tx, sessionID, snapshot, now); err != nil {
			return err
		}
		before, known := row.Group, row.SyncedAt != 0
		snapshot.apply(&row.Group)
		if snapshot.Members != nil {
			if moves, err = s.db.syncMembers(tx, &row, snapshot.Members, now); err != nil {
				return err
			}
			row.SyncedAt = now
		}
		var events []NewEvent
		if known { // who is in a new group can be listed
			if events, err = s.db.membersMoved(tx, snapshot.JID, moves, Person{}, false); err != nil {
				return err
			}
		}
		changed := row.Group != before
		switch {
		case changed || len(moves) > 0:
			row.UpdatedAt = now
			err = tx.Select("*").Omit("id").Updates(&row).Error
		case snapshot.Members != nil:
			err = tx.Model(&row).Update("synced_at", row.SyncedAt).Error
		}
		if err != nil {
			return err
		}
		if changed || created {
			events = append(events, groupUpdated(&row.Group))
		}
		return s.db.emit(tx, sessionID, events...)
	})
	if err != nil {
		return nil, storeError("session", "storing a group of session "+sessionID, err)
	}
	return &row.Group, nil
}

// loadOrCreateGroup gives the stored row of the snapshot's group.
func loadOrCreateGroup(tx *gorm.DB, sessionID string, snapshot GroupSnapshot, now Millis) (row groupRow, created bool, err error) {
	err = tx.Take(&row, "session_id = ? AND group_jid = ?", sessionID, snapshot.JID).Error
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		return row, false, err
	}
	row = groupRow{Group: Group{SessionID: sessionID, JID: snapshot.JID, FirstSeenAt: now, UpdatedAt: now}}
	snapshot.apply(&row.Group)
	if err := tx.Create(&row).Error; err != nil {
		return row, false, fmt.Errorf("adding the group: %w", err)
	}
	return row, true, nil
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
// into the row, and tells what happened to whom.
func (db *DB) syncMembers(tx *gorm.DB, row *groupRow, given []MemberSnapshot, now Millis) (moves []move, err error) {
	roles, order, err := db.resolveMembers(tx, row.SessionID, given, now)
	if err != nil {
		return nil, err
	}
	stored, err := scanMemberRows(tx.Raw(`SELECT id, group_id, identity_id, role, first_seen_at, last_seen_at, left_at
		FROM wa_group_members WHERE group_id = ?`, row.ID))
	if err != nil {
		return nil, fmt.Errorf("loading the members: %w", err)
	}
	known := make(map[int64]bool, len(stored))
	var added, updated []memberRow
	for _, m := range stored {
		before := m
		known[m.IdentityID] = true
		role, present := roles[m.IdentityID]
		switch {
		case present && (m.LeftAt != 0 || m.Role != role):
			m.Role, m.LeftAt, m.LastSeenAt = role, 0, now
			updated, moves = append(updated, m), append(moves, moveOf(before, m))
		case !present && m.LeftAt == 0:
			// Last seen at the sync before this one.
			m.LeftAt, m.LastSeenAt = now, max(m.LastSeenAt, row.SyncedAt)
			updated, moves = append(updated, m), append(moves, moveOf(before, m))
		}
	}
	for _, identityID := range order {
		if !known[identityID] {
			m := memberRow{GroupID: row.ID, IdentityID: identityID, Role: roles[identityID], FirstSeenAt: now, LastSeenAt: now}
			added, moves = append(added, m), append(moves, moveOf(memberRow{}, m))
		}
	}
	if err := db.updateMembers(tx, updated); err != nil {
		return nil, fmt.Errorf("updating members: %w", err)
	}
	if err := db.insertMembers(tx, added); err != nil {
		return nil, fmt.Errorf("adding members: %w", err)
	}
	row.ParticipantCount = len(order)
	return moves, nil
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
