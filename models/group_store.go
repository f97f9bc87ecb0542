package models

import (
	"context"

	"gorm.io/gorm"
)

// GroupStore keeps the groups of the sessions.
type GroupStore struct{ db *DB }

// groupColumns are Group's columns, of the alias g.
const groupColumns = `g.id, g.session_id, g.group_jid, g.subject, g.description, g.owner_jid, g.is_announce, g.is_locked,
	g.join_approval, g.member_add_mode, g.ephemeral_seconds, g.parent_jid, g.is_community, g.participant_count,
	g.created_at_wa, g.first_seen_at, g.updated_at, g.left_at`

// Get gives a group that the account is or was in.
func (s *GroupStore) Get(ctx context.Context, sessionID, jid string) (*Group, error) {
	var group Group
	err := s.db.read(ctx).Take(&group, "session_id = ? AND group_jid = ?", sessionID, jid).Error
	if err != nil {
		return nil, storeError("group", "loading a group of session "+sessionID, err)
	}
	return &group, nil
}

// GetByID gives a group of any session: the caller checks that the session is
// one of their organization.
func (s *GroupStore) GetByID(ctx context.Context, id int64) (*Group, error) {
	var group Group
	if err := s.db.read(ctx).Take(&group, "id = ?", id).Error; err != nil {
		return nil, storeError("group", "loading a group", err)
	}
	return &group, nil
}

// List gives the groups that the account is in, in the order the gateway got to
// know them.
func (s *GroupStore) List(ctx context.Context, sessionID string, page Page) (List[Group], error) {
	lists, err := s.ListBySessions(ctx, []string{sessionID}, page)
	return lists[sessionID], err
}

// ListBySessions is List for several sessions in one statement; each session is
// a key of the result. page.After works for a single session only.
func (s *GroupStore) ListBySessions(ctx context.Context, sessionIDs []string, page Page) (map[string]List[Group], error) {
	b, err := newBatch(s.db, "groups", sessionIDs, page)
	if err != nil {
		return nil, err
	}
	var groups []Group
	err = s.db.read(ctx).Raw("SELECT "+groupColumns+" FROM "+
		s.db.batchTables(text("id"), "wa_groups", "g", "x.session_id = p.id AND x.left_at = 0")+" ORDER BY g.session_id, g.id",
		b.parameters()...).Scan(&groups).Error
	if err != nil {
		return nil, storeError("group", "listing groups", err)
	}
	return splitBatch(b, groups, func(g *Group) string { return g.SessionID }, func(g *Group) int64 { return g.ID }), nil
}

// Count tells how many groups the account is in.
func (s *GroupStore) Count(ctx context.Context, sessionID string) (int, error) {
	counts, err := s.CountBySessions(ctx, []string{sessionID})
	return counts[sessionID], err
}

// CountBySessions is Count for several sessions in one statement. Sessions
// without groups are absent.
func (s *GroupStore) CountBySessions(ctx context.Context, sessionIDs []string) (map[string]int, error) {
	given, err := keys("id", sessionIDs)
	if err != nil {
		return nil, err
	}
	counts, err := scanCounts[string](s.db.read(ctx).Raw("SELECT session_id, COUNT(*) FROM wa_groups WHERE session_id IN "+
		s.db.in(text("id"))+" AND left_at = 0 GROUP BY session_id", given))
	return counts, storeError("group", "counting groups", err)
}

// MarkLeft notes that the account is no longer in a group, and who did it, empty
// when unknown; group.members and group.updated tell of it. The other members stay
// as they were last seen. Repeating it keeps the first time.
func (s *GroupStore) MarkLeft(ctx context.Context, sessionID, jid string, by Person) (*Group, error) {
	var left []Group
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		now := Now()
		left = nil // of a run that was undone
		err := tx.Raw(`UPDATE wa_groups SET left_at = ?, updated_at = ?
			WHERE session_id = ? AND group_jid = ? AND left_at = 0 RETURNING *`, now, now, sessionID, jid).Scan(&left).Error
		if err != nil {
			return err
		}
		return s.db.accountLeft(tx, sessionID, left, by)
	})
	if err != nil {
		return nil, storeError("group", "leaving a group of session "+sessionID, err)
	}
	if len(left) == 1 {
		return &left[0], nil
	}
	return s.Get(ctx, sessionID, jid)
}

// RetainOnly marks every group as left that is not among jids, the complete
// listing of the account's groups, and gives the JIDs of those it marked. Events
// tell of them as MarkLeft's do.
func (s *GroupStore) RetainOnly(ctx context.Context, sessionID string, jids []string) (left []string, err error) {
	given, err := keys("group_jid", jids)
	if err != nil {
		return nil, err
	}
	err = s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		var groups []Group
		now := Now()
		left = nil // of a run that was undone
		err := tx.Raw(`UPDATE wa_groups SET left_at = ?, updated_at = ?
			WHERE session_id = ? AND left_at = 0 AND group_jid NOT IN `+s.db.in(text("group_jid"))+" RETURNING *",
			now, now, sessionID, given).Scan(&groups).Error
		if err != nil {
			return err
		}
		for i := range groups {
			left = append(left, groups[i].JID)
		}
		return s.db.accountLeft(tx, sessionID, groups, Person{})
	})
	if err != nil {
		return nil, storeError("session", "retaining groups of session "+sessionID, err)
	}
	return left, nil
}

// recountGroups brings the member counts of groups of a session up to date.
func (db *DB) recountGroups(tx *gorm.DB, sessionID string, groupIDs []int64, now Millis) error {
	if len(groupIDs) == 0 {
		return nil
	}
	given, err := keys("id", groupIDs)
	if err != nil {
		return err
	}
	var groups []Group
	err = tx.Raw(`UPDATE wa_groups SET updated_at = ?, participant_count =
		(SELECT COUNT(*) FROM wa_group_members m WHERE m.group_id = wa_groups.id AND m.left_at = 0)
		WHERE id IN `+db.in(bigint("id"))+" RETURNING *", now, given).Scan(&groups).Error
	if err != nil {
		return err
	}
	events := make([]NewEvent, len(groups))
	for i := range groups {
		events[i] = groupUpdated(&groups[i])
	}
	return db.emit(tx, sessionID, events...)
}
