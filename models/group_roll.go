package models

// roll works out, without the database, what a change makes of a group's
// members. It holds those concerned, by identity.
type roll struct {
	groupID int64
	at      Millis
	stored  map[int64]memberRow
	now     map[int64]*memberRow
	order   []int64
}

func newRoll(groupID int64, stored []memberRow, at Millis) *roll {
	r := &roll{groupID: groupID, at: at, stored: make(map[int64]memberRow, len(stored)), now: make(map[int64]*memberRow, len(stored))}
	for _, m := range stored {
		r.stored[m.IdentityID], r.now[m.IdentityID] = m, &m
		r.order = append(r.order, m.IdentityID)
	}
	return r
}

// remove ends a membership; who is none already stays as they are.
func (r *roll) remove(identityID int64) {
	if m := r.now[identityID]; m != nil && m.LeftAt == 0 {
		m.LeftAt, m.LastSeenAt = r.at, max(m.LastSeenAt, r.at)
	}
}

// add makes somebody a member. A notification that is delivered again must not
// take a role away, so a member keeps the higher one.
func (r *roll) add(identityID int64, role MemberRole) {
	m := r.now[identityID]
	if m != nil && m.LeftAt == 0 {
		m.Role = higherRole(m.Role, role)
		return
	}
	r.join(identityID, role)
}

// setRole gives a role to somebody, who is a member then.
func (r *roll) setRole(identityID int64, role MemberRole) {
	m := r.now[identityID]
	if m == nil || m.LeftAt != 0 {
		r.join(identityID, role)
		return
	}
	m.Role = higherRole(RoleMember, role)
}

func (r *roll) join(identityID int64, role MemberRole) {
	m := r.now[identityID]
	if m == nil {
		m = &memberRow{GroupID: r.groupID, IdentityID: identityID, FirstSeenAt: r.at}
		r.now[identityID] = m
		r.order = append(r.order, identityID)
	}
	m.Role, m.LeftAt, m.LastSeenAt = higherRole(RoleMember, role), 0, max(m.LastSeenAt, r.at)
}

// result gives the rows to update and to insert, and by how many members the
// group has grown.
func (r *roll) result() (updated, inserted []memberRow, delta int) {
	for _, id := range r.order {
		m, before := *r.now[id], r.stored[id]
		switch {
		case m == before:
			continue
		case m.ID == 0:
			inserted = append(inserted, m)
		default:
			updated = append(updated, m)
		}
		is, was := m.LeftAt == 0, before.ID != 0 && before.LeftAt == 0
		if is && !was {
			delta++
		}
		if was && !is {
			delta--
		}
	}
	return updated, inserted, delta
}

// moves tells what happened to those whose rows are others now.
func (r *roll) moves() (moves []move) {
	for _, id := range r.order {
		if before := r.stored[id]; *r.now[id] != before {
			moves = append(moves, moveOf(before, *r.now[id]))
		}
	}
	return moves
}
