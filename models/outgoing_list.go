package models

import "context"

// OutgoingFilter chooses sends of a list; the zero value chooses all.
type OutgoingFilter struct {
	State     string // as [Outgoing.State] gives it; "" any
	Scheduled *bool  // those that wait for their time, or the others; nil all
}

// tables gives the tables and the condition for sends o, and its values. The
// status is spelled out: only then the partial indexes are eligible.
func (f OutgoingFilter) tables(sessionID string) (where string, values []any) {
	where, values = " WHERE o.session_id = ?", []any{sessionID}
	switch f.State {
	case string(OutgoingQueued), string(OutgoingFailed):
		where += " AND o.status = '" + f.State + "'"
	case "sent", "delivered", "read":
		least, below := AckError, AckDelivered
		switch f.State {
		case "delivered":
			least, below = AckDelivered, AckRead
		case "read":
			least, below = AckRead, AckPlayed+1
		}
		where = " JOIN messages m ON m.id = o.message_id" + where + " AND o.status = 'sent' AND m.ack_level >= ? AND m.ack_level < ?"
		values = append(values, least, below)
	}
	if f.Scheduled != nil {
		waits := "(o.status = 'queued' AND o.scheduled_at > ?)"
		if !*f.Scheduled {
			waits = "NOT " + waits
		}
		where, values = where+" AND "+waits, append(values, Now())
	}
	return where, values
}

// List gives a page of what a session was asked to send, the latest first.
func (s *OutgoingStore) List(ctx context.Context, sessionID string, filter OutgoingFilter, page Page) (List[Outgoing], error) {
	c := s.db.cursors("sends", sessionID)
	before, err := c.decode(page.After)
	if err != nil {
		return List[Outgoing]{}, err
	}
	where, values := filter.tables(sessionID)
	if before != "" {
		where, values = where+" AND o.id < ?", append(values, before)
	}
	sends, err := s.list(ctx, where+" ORDER BY o.id DESC LIMIT ?", append(values, page.fetch())...)
	if err != nil {
		return List[Outgoing]{}, storeError("send", "listing the sends of session "+sessionID, err)
	}
	return listByKey(sends, page.Limit, c, func(o *Outgoing) string { return o.ID }), nil
}

// Count tells how many sends of a session a filter chooses.
func (s *OutgoingStore) Count(ctx context.Context, sessionID string, filter OutgoingFilter) (n int, err error) {
	where, values := filter.tables(sessionID)
	err = s.db.read(ctx).Raw("SELECT COUNT(*) FROM outgoing o"+where, values...).Row().Scan(&n)
	return n, storeError("send", "counting the sends of session "+sessionID, err)
}
