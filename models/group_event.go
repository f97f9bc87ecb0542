package models

import (
	"cmp"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"wagateway/models/contract"
)

// The actions of group.members. A difference that a synchronization finds has no
// known author: it is an add or a remove.
const (
	actionAdd     = "add"
	actionRemove  = "remove"
	actionPromote = "promote"
	actionDemote  = "demote"
	actionJoin    = "join"
	actionLeave   = "leave"
)

// move is what happened to one member.
type move struct {
	identityID  int64
	was, is     bool // a member
	roleChanged int  // of one who stays: above 0 promoted, below 0 demoted
}

// moveOf compares a membership before and after; before is zero for a new one.
func moveOf(before, after memberRow) move {
	m := move{identityID: after.IdentityID, was: before.ID != 0 && before.LeftAt == 0, is: after.LeftAt == 0}
	if m.was && m.is {
		m.roleChanged = after.Role.rank() - before.Role.rank()
	}
	return m
}

// action gives the move's word; "" when nothing happened that others see. self
// says that the member did it.
func (m move) action(self, byLink bool) string {
	switch {
	case m.is && !m.was && (self || byLink):
		return actionJoin
	case m.is && !m.was:
		return actionAdd
	case m.was && !m.is && self:
		return actionLeave
	case m.was && !m.is:
		return actionRemove
	case m.roleChanged > 0:
		return actionPromote
	case m.roleChanged < 0:
		return actionDemote
	default:
		return ""
	}
}

// address is the one to show: by phone number where known, else the LID.
func (p *Person) address() string {
	if p.PhoneJID != "" {
		return p.PhoneJID
	}
	return p.LID
}

// is reports whether the person is somebody with these addresses.
func (p *Person) is(lid, phoneJID string) bool {
	return p.LID != "" && p.LID == lid || p.PhoneJID != "" && p.PhoneJID == phoneJID
}

// groupUpdated tells how a group is now.
func groupUpdated(g *Group) NewEvent {
	return NewEvent{Name: EventGroupUpdated, Key: g.JID, Payload: g.Shape()}
}

// membersMoved tells what happened to the members of a group: one event for each
// action.
func (db *DB) membersMoved(tx *gorm.DB, groupJID string, moves []move, by Person, byLink bool) ([]NewEvent, error) {
	moves = slices.DeleteFunc(slices.Clone(moves), func(m move) bool { return m.action(false, false) == "" })
	if len(moves) == 0 {
		return nil, nil
	}
	slices.SortFunc(moves, func(a, b move) int { return cmp.Compare(a.identityID, b.identityID) })
	ids := make([]int64, len(moves))
	for i, m := range moves {
		ids[i] = m.identityID
	}
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	people, err := scanIdentities(tx.Raw("SELECT "+identityColumns+" FROM identities i WHERE i.id IN "+db.in(bigint("id")), given), len(ids))
	if err != nil {
		return nil, fmt.Errorf("loading the members' identities: %w", err)
	}
	byID := make(map[int64]*Identity, len(people))
	for i := range people {
		byID[people[i].ID] = &people[i]
	}
	var events []contract.GroupMembersChange
	for _, m := range moves {
		who := byID[m.identityID]
		if who == nil {
			continue // merged into another by a later member of the same change
		}
		action := m.action(by.is(who.LID, who.PhoneJID), byLink)
		i := slices.IndexFunc(events, func(e contract.GroupMembersChange) bool { return e.Action == action })
		if i < 0 {
			i = len(events)
			events = append(events, contract.GroupMembersChange{Action: action, ByJID: by.address(), GroupJID: groupJID})
		}
		events[i].Members = append(events[i].Members, who.participant())
	}
	told := make([]NewEvent, len(events))
	for i, e := range events {
		told[i] = NewEvent{Name: EventGroupMembers, Key: groupJID, Payload: e}
	}
	return told, nil
}

// accountLeft tells that the account itself is no longer in groups.
func (db *DB) accountLeft(tx *gorm.DB, sessionID string, groups []Group, by Person) error {
	if len(groups) == 0 {
		return nil
	}
	var own Person
	if err := tx.Raw("SELECT wa_lid, wa_jid FROM sessions WHERE id = ?", sessionID).Row().Scan(&own.LID, &own.PhoneJID); err != nil {
		return fmt.Errorf("loading the account: %w", err)
	}
	if err := db.memberLeft(tx, sessionID, groups, own); err != nil {
		return err
	}
	change := contract.GroupMembersChange{
		Action: actionRemove, ByJID: by.address(),
		Members: []contract.Participant{{JID: own.address(), LID: own.LID, PhoneJID: own.PhoneJID}},
	}
	if by.is(own.LID, own.PhoneJID) {
		change.Action = actionLeave
	}
	events := make([]NewEvent, 0, 2*len(groups))
	for i := range groups {
		change.GroupJID = groups[i].JID
		events = append(events, NewEvent{Name: EventGroupMembers, Key: groups[i].JID, Payload: change}, groupUpdated(&groups[i]))
	}
	return db.emit(tx, sessionID, events...)
}

// memberLeft notes that somebody is no longer in groups, and counts the others.
func (db *DB) memberLeft(tx *gorm.DB, sessionID string, groups []Group, who Person) error {
	byID := make(map[int64]*Group, len(groups))
	ids := make([]int64, len(groups))
	for i := range groups {
		byID[groups[i].ID], ids[i] = &groups[i], groups[i].ID
	}
	given, err := keys("id", ids)
	if err != nil {
		return err
	}
	var left []int64
	err = tx.Raw(`UPDATE wa_group_members SET left_at = ? WHERE left_at = 0 AND group_id IN `+db.in(bigint("id"))+` AND identity_id IN (
			SELECT i.id FROM identities i WHERE i.session_id = ? AND (i.lid = ? AND i.lid <> '' OR i.phone_jid = ? AND i.phone_jid <> ''))
		RETURNING group_id`, Now(), given, sessionID, who.LID, who.PhoneJID).Scan(&left).Error
	if err != nil {
		return fmt.Errorf("noting that a member has left: %w", err)
	}
	if given, err = keys("id", left); err != nil {
		return err
	}
	counts, err := scanCounts[int64](tx.Raw(`UPDATE wa_groups SET participant_count =
			(SELECT COUNT(*) FROM wa_group_members m WHERE m.group_id = wa_groups.id AND m.left_at = 0)
		WHERE id IN `+db.in(bigint("id"))+" RETURNING id, participant_count", given))
	if err != nil {
		return fmt.Errorf("counting the members of groups: %w", err)
	}
	for id, n := range counts {
		byID[id].ParticipantCount = n
	}
	return nil
}
