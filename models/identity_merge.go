package models

import (
	"cmp"
	"maps"
	"slices"

	"gorm.io/gorm"
)

// mergeIdentities removes identities that turned out to be others (from → to)
// and hands their memberships, chats and messages over. Where both were in the same group, one
// membership stays: the longer history, the higher role.
func (db *DB) mergeIdentities(tx *gorm.DB, sessionID string, merges map[int64]int64, now Millis) error {
	if len(merges) == 0 {
		return nil
	}
	involved, err := keys("id", slices.Concat(slices.Collect(maps.Keys(merges)), slices.Collect(maps.Values(merges))))
	if err != nil {
		return err
	}
	members, err := scanMemberRows(tx.Raw(`SELECT id, group_id, identity_id, role, first_seen_at, last_seen_at, left_at
		FROM wa_group_members WHERE identity_id IN `+db.in(bigint("id")), involved))
	if err != nil {
		return err
	}
	moved, dropped, groups := mergeMembers(members, merges)
	if err := db.deleteByID(tx, "wa_group_members", dropped); err != nil {
		return err
	}
	if err := db.updateMembers(tx, moved); err != nil {
		return err
	}
	if err := db.recountGroups(tx, sessionID, groups, now); err != nil {
		return err
	}
	if err := db.mergeChats(tx, merges); err != nil {
		return err
	}
	return db.deleteByID(tx, "identities", slices.Collect(maps.Keys(merges)))
}

// mergeMembers works out what becomes of the members: rows to store anew, rows
// to delete, and the groups that then have fewer members.
func mergeMembers(members []memberRow, merges map[int64]int64) (moved []memberRow, dropped, groups []int64) {
	type place struct{ group, identity int64 }
	kept := make(map[place]*memberRow)
	// The rows of those who stay come first, so that they are the ones kept.
	slices.SortFunc(members, func(a, b memberRow) int {
		_, aGoes := merges[a.IdentityID]
		_, bGoes := merges[b.IdentityID]
		return cmp.Or(compareBool(aGoes, bGoes), cmp.Compare(a.ID, b.ID))
	})
	touched := make(map[place]bool)
	for i := range members {
		m := &members[i]
		to, goes := merges[m.IdentityID]
		if !goes {
			to = m.IdentityID
		}
		at := place{m.GroupID, to}
		if goes {
			touched[at] = true
		}
		first := kept[at]
		if first == nil {
			m.IdentityID = to
			kept[at] = m
			continue
		}
		if first.LeftAt == 0 && m.LeftAt == 0 {
			groups = append(groups, m.GroupID)
		}
		first.absorb(m)
		dropped = append(dropped, m.ID)
	}
	for at := range touched {
		moved = append(moved, *kept[at])
	}
	return moved, dropped, groups
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// deleteByID deletes rows of a table of ours by number.
func (db *DB) deleteByID(tx *gorm.DB, table string, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	given, err := keys("id", ids)
	if err != nil {
		return err
	}
	return tx.Exec("DELETE FROM "+table+" WHERE id IN "+db.in(bigint("id")), given).Error
}
