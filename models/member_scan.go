package models

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"

	"gorm.io/gorm"
)

// groupMembersHead selects, in the shape of a member's row, what all members of
// a group have in common: once instead of in each of 1,024 rows. Its id is 0.
const groupMembersHead = `SELECT 0 AS id, 0 AS identity_id, g.session_id AS role, g.participant_count AS first_seen_at,
	g.synced_at AS last_seen_at, g.group_jid AS lid, '' AS phone_jid, '' AS contact_name, '' AS push_name, '' AS business_name
	FROM wa_groups g WHERE g.id = ?`

// scanGroupMembers runs the query of MemberStore.List for one group: the head
// and up to limit+1 current members.
func scanGroupMembers(query *gorm.DB, groupID int64, limit int) ([]GroupMember, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var (
		row     memberScan
		head    memberScan
		members []GroupMember
	)
	for rows.Next() {
		if err := row.scan(rows); err != nil {
			return nil, err
		}
		if row.id == 0 {
			head = row
			size := int(head.firstSeenAt) // the number of members
			if limit > 0 {
				size = min(size, limit+1)
			}
			members = slices.Grow(members, size)
			continue
		}
		members = append(members, row.member())
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range members {
		m := &members[i]
		m.GroupID, m.SessionID, m.GroupJID = groupID, head.role, head.lid
		m.LastSeenAt = max(m.LastSeenAt, Millis(head.lastSeenAt))
	}
	// SQL does not promise the order of a UNION's rows.
	byID := func(a, b GroupMember) int { return cmp.Compare(a.ID, b.ID) }
	if !slices.IsSortedFunc(members, byID) {
		slices.SortFunc(members, byID)
	}
	return members, nil
}

// memberScan is a member's row in the types that database/sql copies without
// reflection.
type memberScan struct {
	id, identityID, firstSeenAt, lastSeenAt     int64
	role, lid, phoneJID, contact, push, company string
}

func (r *memberScan) scan(rows *sql.Rows) error {
	err := rows.Scan(&r.id, &r.identityID, &r.role, &r.firstSeenAt, &r.lastSeenAt,
		&r.lid, &r.phoneJID, &r.contact, &r.push, &r.company)
	if err != nil {
		return fmt.Errorf("scanning a member: %w", err)
	}
	return nil
}

func (r *memberScan) member() GroupMember {
	return GroupMember{
		ID: r.id, IdentityID: r.identityID, Role: MemberRole(r.role),
		FirstSeenAt: Millis(r.firstSeenAt), LastSeenAt: Millis(r.lastSeenAt),
		LID: r.lid, PhoneJID: r.phoneJID, PhoneNumber: phoneNumber(r.phoneJID),
		ContactName: r.contact, PushName: r.push, BusinessName: r.company,
	}
}
