package models

import (
	"context"
	"database/sql"
	"strconv"

	"gorm.io/gorm"
)

// memberColumns are the columns that scanMembers reads: of the group g, the
// member m and the identity i.
const memberColumns = `m.id, m.group_id, m.identity_id, m.role, m.first_seen_at, m.last_seen_at, m.left_at,
	g.session_id, g.group_jid, g.synced_at, i.lid, i.phone_jid, i.phone_number, i.contact_name, i.push_name, i.business_name`

const memberTables = ` FROM wa_groups g
	JOIN wa_group_members m ON m.group_id = g.id
	JOIN identities i ON i.id = m.identity_id `

// MemberStore keeps who is and was in the groups.
type MemberStore struct{ db *DB }

// MemberFilter narrows a list of members.
type MemberFilter struct {
	Role MemberRole // "" = all
}

// condition is appended to a WHERE, with its parameters.
func (f MemberFilter) condition(alias string) (string, []any) {
	if f.Role == "" {
		return "", nil
	}
	return " AND " + alias + ".role = ?", []any{f.Role}
}

// List gives the current members of a group, in the order the gateway got to
// know them. It is one statement, also for a whole group of 1,024.
func (s *MemberStore) List(ctx context.Context, groupID int64, filter MemberFilter, page Page) (List[GroupMember], error) {
	c := s.db.cursors("members", strconv.FormatInt(groupID, 10))
	after, err := c.decodeID(page.After)
	if err != nil {
		return List[GroupMember]{}, err
	}
	condition, role := filter.condition("m")
	parameters := append(append([]any{groupID, groupID, after}, role...), page.fetch())
	members, err := scanGroupMembers(s.db.read(ctx).Raw(groupMembersHead+`
		UNION ALL SELECT * FROM (SELECT m.id, m.identity_id, m.role, m.first_seen_at, m.last_seen_at,
			i.lid, i.phone_jid, i.contact_name, i.push_name, i.business_name
			FROM wa_group_members m JOIN identities i ON i.id = m.identity_id
			WHERE m.group_id = ? AND m.left_at = 0 AND m.id > ?`+condition+`
			ORDER BY m.id LIMIT ?) AS page`, parameters...), groupID, page.Limit)
	if err != nil {
		return List[GroupMember]{}, storeError("group", "listing members", err)
	}
	return listByID(members, page.Limit, c, memberID), nil
}

func memberID(m *GroupMember) int64 { return m.ID }

// ListByGroups is List for several groups in one statement; each group is a key
// of the result. page.After works for a single group only.
func (s *MemberStore) ListByGroups(ctx context.Context, groupIDs []int64, filter MemberFilter, page Page) (map[int64]List[GroupMember], error) {
	b, err := newBatch(s.db, "members", groupIDs, page)
	if err != nil {
		return nil, err
	}
	condition, role := filter.condition("x")
	members, err := scanMembers(s.db.read(ctx).Raw("SELECT "+memberColumns+" FROM "+
		s.db.batchTables(bigint("id"), "wa_group_members", "m", "x.group_id = p.id AND x.left_at = 0"+condition)+`
		JOIN wa_groups g ON g.id = m.group_id
		JOIN identities i ON i.id = m.identity_id ORDER BY m.group_id, m.id`, b.parameters(role...)...), 0)
	if err != nil {
		return nil, storeError("group", "listing members of groups", err)
	}
	return splitBatch(b, members, func(m *GroupMember) int64 { return m.GroupID }, memberID), nil
}

// Count tells how many current members of a group match.
func (s *MemberStore) Count(ctx context.Context, groupID int64, filter MemberFilter) (int, error) {
	counts, err := s.CountByGroups(ctx, []int64{groupID}, filter)
	return counts[groupID], err
}

// CountByGroups is Count for several groups in one statement. Groups without
// such members are absent.
func (s *MemberStore) CountByGroups(ctx context.Context, groupIDs []int64, filter MemberFilter) (map[int64]int, error) {
	given, err := keys("id", groupIDs)
	if err != nil {
		return nil, err
	}
	query, parameters := "SELECT id, participant_count FROM wa_groups WHERE participant_count > 0 AND id IN "+s.db.in(bigint("id")), []any{given}
	if condition, role := filter.condition("m"); condition != "" {
		query = `SELECT m.group_id, COUNT(*) FROM wa_group_members m
			WHERE m.group_id IN ` + s.db.in(bigint("id")) + " AND m.left_at = 0" + condition + " GROUP BY m.group_id"
		parameters = append(parameters, role...)
	}
	counts, err := scanCounts[int64](s.db.read(ctx).Raw(query, parameters...))
	return counts, storeError("group", "counting members of groups", err)
}

// Get gives the current member with this LID or phone JID.
func (s *MemberStore) Get(ctx context.Context, groupID int64, jid string) (*GroupMember, error) {
	member, err := scanMember(s.db.read(ctx).Raw("SELECT "+memberColumns+memberTables+`
		WHERE g.id = ? AND m.left_at = 0 AND i.session_id = g.session_id AND `+addressIs(jid), groupID, jid))
	if err != nil {
		return nil, storeError("member", "loading a member", err)
	}
	return member, nil
}

// Find is Get for one who is or was a member.
func (s *MemberStore) Find(ctx context.Context, groupID int64, jid string) (*GroupMember, error) {
	member, err := scanMember(s.db.read(ctx).Raw("SELECT "+memberColumns+memberTables+`
		WHERE g.id = ? AND i.session_id = g.session_id AND `+addressIs(jid), groupID, jid))
	if err != nil {
		return nil, storeError("member", "finding a member", err)
	}
	return member, nil
}

// GetByID gives a member of any group, also one who left: the caller checks
// that the session is one of their organization.
func (s *MemberStore) GetByID(ctx context.Context, id int64) (*GroupMember, error) {
	member, err := scanMember(s.db.read(ctx).Raw("SELECT "+memberColumns+memberTables+" WHERE m.id = ?", id))
	if err != nil {
		return nil, storeError("member", "loading a member", err)
	}
	return member, nil
}

// scanMember runs a query for one member; sql.ErrNoRows when there is none.
func scanMember(query *gorm.DB) (*GroupMember, error) {
	members, err := scanMembers(query, 1)
	if err != nil {
		return nil, err
	}
	if len(members) == 0 {
		return nil, sql.ErrNoRows
	}
	return &members[0], nil
}

// scanMembers runs a query for memberColumns; expected sizes the result.
func scanMembers(query *gorm.DB, expected int) ([]GroupMember, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	members := make([]GroupMember, 0, max(expected, 0))
	for rows.Next() {
		var (
			m        GroupMember
			syncedAt Millis
		)
		err := rows.Scan(&m.ID, &m.GroupID, &m.IdentityID, &m.Role, &m.FirstSeenAt, &m.LastSeenAt, &m.LeftAt,
			&m.SessionID, &m.GroupJID, &syncedAt, &m.LID, &m.PhoneJID, &m.PhoneNumber, &m.ContactName, &m.PushName, &m.BusinessName)
		if err != nil {
			return nil, err
		}
		if m.LeftAt == 0 {
			m.LastSeenAt = max(m.LastSeenAt, syncedAt)
		}
		members = append(members, m)
	}
	return members, rows.Err()
}
