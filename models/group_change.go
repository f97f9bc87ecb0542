package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// GroupChange is what a notification tells of a group; nil and empty stay as
// they are. Applying it twice is applying it once.
type GroupChange struct {
	Subject          *string
	Description      *string
	IsAnnounce       *bool
	IsLocked         *bool
	JoinApproval     *bool
	MemberAddMode    *string
	EphemeralSeconds *int
	ParentJID        *string // "" takes it out of its community

	Removed []MemberSnapshot // who left or was removed, taken first; roles are ignored
	Added   []MemberSnapshot // who came; a member already keeps a higher role
	Roles   []MemberSnapshot // whose role is now this one; they are members

	By     Person // who did it; empty when unknown
	ByLink bool   // who came used an invitation link

	At Millis // when it happened; 0 = now

	// Version is WhatsApp's name for the members as they are behind this change; ""
	// unknown. What it tells of members is done once for each version: delivered
	// again, it may be older than what has happened since.
	Version string
}

// movesMembers reports whether the change is about members.
func (c *GroupChange) movesMembers() bool {
	return len(c.Removed)+len(c.Added)+len(c.Roles) > 0
}

// keptVersions is how many changes of a group's members are known again: more
// than come between a change and its redelivery.
const keptVersions = 64

// firstTime notes the version of a change, and reports whether it is new.
func (c *GroupChange) firstTime(tx *gorm.DB, groupID int64) (bool, error) {
	if c.Version == "" {
		return true, nil
	}
	var known string
	if err := tx.Raw("SELECT member_versions FROM wa_groups WHERE id = ?", groupID).Row().Scan(&known); err != nil {
		return false, fmt.Errorf("loading the versions of a group's members: %w", err)
	}
	versions := strings.Fields(known)
	if slices.Contains(versions, c.Version) {
		return false, nil
	}
	versions = append(versions, c.Version)
	versions = versions[max(len(versions)-keptVersions, 0):]
	err := tx.Exec("UPDATE wa_groups SET member_versions = ? WHERE id = ?", strings.Join(versions, " "), groupID).Error
	if err != nil {
		return false, fmt.Errorf("noting the version of a group's members: %w", err)
	}
	return true, nil
}

// Apply stores a partial change of a group, with group.members and group.updated
// for what is another than before. A group that the session does not
// know is fault.NotFound: fetch and [GroupStore.Sync] it instead.
func (s *GroupStore) Apply(ctx context.Context, sessionID, jid string, change GroupChange) (*Group, error) {
	var group Group
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		if err := tx.Take(&group, "session_id = ? AND group_jid = ?", sessionID, jid).Error; err != nil {
			return storeError("group", "loading the group", err)
		}
		at := change.At
		if at == 0 {
			at = Now()
		}
		if change.movesMembers() {
			if first, err := change.firstTime(tx, group.ID); err != nil {
				return err
			} else if !first {
				change.Removed, change.Added, change.Roles = nil, nil, nil
			}
		}
		before := group
		change.apply(&group)
		counted, moves, err := s.db.applyMembers(tx, &group, change, at)
		if err != nil {
			return err
		}
		before.ParticipantCount = counted
		events, err := s.db.membersMoved(tx, jid, moves, change.By, change.ByLink)
		if err != nil {
			return err
		}
		changed := group != before
		if !changed && len(moves) == 0 {
			return nil
		}
		group.UpdatedAt = Now()
		if changed { // another role alone leaves the group as it is
			events = append(events, groupUpdated(&group))
		}
		if err := tx.Select("*").Omit("id").Updates(&group).Error; err != nil {
			return err
		}
		return s.db.emit(tx, sessionID, events...)
	})
	if err != nil {
		return nil, storeError("session", "changing a group of session "+sessionID, err)
	}
	return &group, nil
}

func (c *GroupChange) apply(g *Group) {
	assign(&g.Subject, c.Subject)
	assign(&g.Description, c.Description)
	assign(&g.IsAnnounce, c.IsAnnounce)
	assign(&g.IsLocked, c.IsLocked)
	assign(&g.JoinApproval, c.JoinApproval)
	assign(&g.MemberAddMode, c.MemberAddMode)
	assign(&g.EphemeralSeconds, c.EphemeralSeconds)
	assign(&g.ParentJID, c.ParentJID)
}

func assign[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// applyMembers stores who came, went and got another role, and counts them into
// the group. counted is how many members it was stored with before that, but
// after learning who is who; moves are of all whose rows changed.
func (db *DB) applyMembers(tx *gorm.DB, group *Group, change GroupChange, at Millis) (counted int, moves []move, err error) {
	given := make([]MemberSnapshot, 0, len(change.Removed)+len(change.Added)+len(change.Roles))
	given = append(append(append(given, change.Removed...), change.Added...), change.Roles...)
	if len(given) == 0 {
		return group.ParticipantCount, nil, nil
	}
	people := make([]Person, len(given))
	for i := range given {
		people[i] = given[i].Person
	}
	ids, err := db.upsertIdentities(tx, group.SessionID, people, at)
	if err != nil {
		return 0, nil, fmt.Errorf("storing the members' identities: %w", err)
	}
	// Learning who somebody is may have merged two members of this group.
	if err := tx.Raw("SELECT participant_count FROM wa_groups WHERE id = ?", group.ID).Row().Scan(&group.ParticipantCount); err != nil {
		return 0, nil, fmt.Errorf("loading the member count: %w", err)
	}
	concerned, err := keys("id", ids)
	if err != nil {
		return 0, nil, err
	}
	stored, err := scanMemberRows(tx.Raw(`SELECT id, group_id, identity_id, role, first_seen_at, last_seen_at, left_at
		FROM wa_group_members WHERE group_id = ? AND identity_id IN `+db.in(bigint("id")), group.ID, concerned))
	if err != nil {
		return 0, nil, fmt.Errorf("loading the members: %w", err)
	}
	roll := newRoll(group.ID, stored, at)
	removed, added := len(change.Removed), len(change.Removed)+len(change.Added)
	for i, id := range ids {
		switch {
		case i < removed:
			roll.remove(id)
		case i < added:
			roll.add(id, given[i].Role)
		default:
			roll.setRole(id, given[i].Role)
		}
	}
	updated, inserted, delta := roll.result()
	counted = group.ParticipantCount
	group.ParticipantCount += delta
	if err := db.updateMembers(tx, updated); err != nil {
		return 0, nil, fmt.Errorf("updating members: %w", err)
	}
	if err := db.insertMembers(tx, inserted); err != nil {
		return 0, nil, fmt.Errorf("adding members: %w", err)
	}
	return counted, roll.moves(), nil
}
