package models

import (
	"strings"

	"gorm.io/gorm"
)

// memberRow is a row of wa_group_members, and of [DB.rows].
type memberRow struct {
	ID          int64      `json:"id"`
	GroupID     int64      `json:"group_id"`
	IdentityID  int64      `json:"identity_id"`
	Role        MemberRole `json:"role"`
	FirstSeenAt Millis     `json:"first_seen_at"`
	LastSeenAt  Millis     `json:"last_seen_at"`
	LeftAt      Millis     `json:"left_at"`
}

func memberRowColumns() []column {
	return []column{
		bigint("id"), bigint("group_id"), bigint("identity_id"), text("role"),
		bigint("first_seen_at"), bigint("last_seen_at"), bigint("left_at"),
	}
}

// rank orders the roles by what they may do.
func (r MemberRole) rank() int {
	switch r {
	case RoleSuperAdmin:
		return 2
	case RoleAdmin:
		return 1
	default:
		return 0
	}
}

func higherRole(a, b MemberRole) MemberRole {
	if b.rank() > a.rank() || a == "" {
		return b
	}
	return a
}

// absorb makes m the membership of other, the same person's in the same group,
// as well. A role counts while it is held.
func (m *memberRow) absorb(other *memberRow) {
	switch {
	case m.LeftAt == 0 && other.LeftAt == 0:
		m.Role = higherRole(m.Role, other.Role)
	case other.LeftAt == 0:
		m.Role, m.LeftAt = other.Role, 0
	case m.LeftAt != 0:
		m.LeftAt = max(m.LeftAt, other.LeftAt)
	}
	m.FirstSeenAt = min(m.FirstSeenAt, other.FirstSeenAt)
	m.LastSeenAt = max(m.LastSeenAt, other.LastSeenAt)
}

// scanMemberRows runs a query for the columns in the order of memberRow.
func scanMemberRows(query *gorm.DB) ([]memberRow, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var members []memberRow
	for rows.Next() {
		var m memberRow
		if err := rows.Scan(&m.ID, &m.GroupID, &m.IdentityID, &m.Role, &m.FirstSeenAt, &m.LastSeenAt, &m.LeftAt); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, rows.Err()
}

// insertMembers adds rows in the order given.
func (db *DB) insertMembers(tx *gorm.DB, members []memberRow) error {
	for i := range members {
		members[i].ID = int64(i) // only orders them: the database gives the number
	}
	return db.execMembers(tx, `INSERT INTO wa_group_members (group_id, identity_id, role, first_seen_at, last_seen_at, left_at)
		SELECT r.group_id, r.identity_id, r.role, r.first_seen_at, r.last_seen_at, r.left_at FROM {rows} AS r ORDER BY r.id`, members)
}

// updateMembers stores rows anew.
func (db *DB) updateMembers(tx *gorm.DB, members []memberRow) error {
	return db.execMembers(tx, `UPDATE wa_group_members SET identity_id = r.identity_id, role = r.role,
		first_seen_at = r.first_seen_at, last_seen_at = r.last_seen_at, left_at = r.left_at
		FROM {rows} AS r WHERE wa_group_members.id = r.id`, members)
}

func (db *DB) execMembers(tx *gorm.DB, statement string, members []memberRow) error {
	if len(members) == 0 {
		return nil
	}
	given, err := asRows(members)
	if err != nil {
		return err
	}
	return tx.Exec(strings.Replace(statement, "{rows}", db.rows(memberRowColumns()...), 1), given).Error
}
