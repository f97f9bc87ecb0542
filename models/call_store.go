package models

import (
	"context"
	"database/sql"
	"fmt"

	"gorm.io/gorm"
)

// CallStore keeps the calls to the sessions' accounts.
type CallStore struct{ db *DB }

// callSelect selects what scanCalls reads, of the alias m.
const (
	callSelect = `SELECT m.id, m.session_id, m.call_id, m.identity_id, m.group_jid, m.video, m.status, m.started_at, m.ended_at, m.updated_at,
		COALESCE(i.lid, ''), COALESCE(i.phone_jid, '') FROM `
	callJoins = " LEFT JOIN identities i ON i.id = m.identity_id"
)

// Heard stores what happened to a call, with its event, in one transaction, and
// gives the call as it is now. What was known, or is about a call that is over,
// changes nothing and makes no event, except that it completes what is known of
// the call. An unknown session is fault.NotFound.
func (s *CallStore) Heard(ctx context.Context, sessionID string, news CallNews) (*Call, error) {
	var call *Call
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) (err error) {
		call, err = s.db.callHeard(tx, sessionID, news)
		return err
	})
	if err != nil {
		return nil, storeError("session", "storing a call of session "+sessionID, err)
	}
	return call, nil
}

func (db *DB) callHeard(tx *gorm.DB, sessionID string, news CallNews) (*Call, error) {
	now := Now()
	people, err := db.learnIdentities(tx, sessionID, []Person{news.Caller}, now)
	if err != nil {
		return nil, fmt.Errorf("storing a caller: %w", err)
	}
	started := "calls.started_at"
	if news.Action == CallOffer {
		started = "excluded.started_at"
	}
	var id int64
	err = tx.Raw(`INSERT INTO calls (session_id, call_id, identity_id, group_jid, video, status, started_at, updated_at) VALUES (?, ?, ?, ?, ?, '', ?, ?)
		ON CONFLICT (session_id, call_id) DO UPDATE SET started_at = `+started+`, video = (calls.video OR excluded.video),
			group_jid = CASE WHEN calls.group_jid = '' THEN excluded.group_jid ELSE calls.group_jid END
		RETURNING id`, sessionID, news.CallID, people[0].ID, news.GroupJID, news.Video, news.At, now).Row().Scan(&id)
	if err != nil {
		return nil, fmt.Errorf("storing a call: %w", err)
	}
	call, err := scanCall(tx.Raw(callSelect+"calls m"+callJoins+" WHERE m.id = ?", id))
	if err != nil {
		return nil, fmt.Errorf("loading a call: %w", err)
	}
	before := call.Status
	if call.Status = before.after(news.Action); call.Status == before {
		return call, nil
	}
	call.UpdatedAt = now
	if call.Status.Over() && call.EndedAt == 0 {
		call.EndedAt = news.At
	}
	err = tx.Exec("UPDATE calls SET status = ?, ended_at = ?, updated_at = ? WHERE id = ?", call.Status, call.EndedAt, now, id).Error
	if err != nil {
		return nil, fmt.Errorf("storing the state of a call: %w", err)
	}
	if before != "" && before.Over() {
		return call, nil // it was told that it is over
	}
	return call, db.emit(tx, sessionID, NewEvent{Name: EventCall, Key: call.key(), Payload: call.Shape(news.Action)})
}

// Get gives a call by WhatsApp's id.
func (s *CallStore) Get(ctx context.Context, sessionID, callID string) (*Call, error) {
	call, err := scanCall(s.db.read(ctx).Raw(callSelect+"calls m"+callJoins+" WHERE m.session_id = ? AND m.call_id = ?", sessionID, callID))
	if err != nil {
		return nil, storeError("call", "loading a call of session "+sessionID, err)
	}
	return call, nil
}

// GetByID gives a call of any session: the caller checks that the session is one of
// their organization.
func (s *CallStore) GetByID(ctx context.Context, id int64) (*Call, error) {
	call, err := scanCall(s.db.read(ctx).Raw(callSelect+"calls m"+callJoins+" WHERE m.id = ?", id))
	if err != nil {
		return nil, storeError("call", "loading a call", err)
	}
	return call, nil
}

// CallFilter chooses calls of a list. The zero value chooses all; what is given
// must hold together.
type CallFilter struct {
	Status CallStatus // "" any
	From   string     // the caller's address, of either kind; "" anybody
}

// condition gives the condition for calls x, which begins with AND unless it is
// empty, and its values.
func (f CallFilter) condition() (where string, values []any) {
	if f.Status != "" {
		where, values = where+" AND x.status = ?", append(values, string(f.Status))
	}
	if f.From != "" {
		where, values = where+" AND "+isPerson("x.identity_id", f.From), append(values, f.From)
	}
	return where, values
}

// isPerson is the condition that a column of rows x of a session is the person
// with an address.
func isPerson(column, jid string) string {
	return column + " = (SELECT i.id FROM identities i WHERE i.session_id = x.session_id AND " + addressIs(jid) + ")"
}

// List gives the calls of a session, the latest first.
func (s *CallStore) List(ctx context.Context, sessionID string, filter CallFilter, page Page) (List[Call], error) {
	lists, err := s.ListBySessions(ctx, []string{sessionID}, filter, page)
	return lists[sessionID], err
}

// ListBySessions is List for several sessions in one statement; each session is
// a key of the result. page.After works for a single session only.
func (s *CallStore) ListBySessions(ctx context.Context, sessionIDs []string, filter CallFilter, page Page) (map[string]List[Call], error) {
	b, err := newTimeBatch(s.db, "calls", sessionIDs, page)
	if err != nil {
		return nil, err
	}
	where, values := filter.condition()
	calls, err := scanCalls(s.db.read(ctx).Raw(callSelect+
		s.db.timeBatchTables(text("id"), "calls", "m", "x.session_id = p.id"+where, "started_at")+callJoins+
		" ORDER BY m.session_id, m.started_at DESC, m.id DESC", b.parameters(values...)...))
	if err != nil {
		return nil, storeError("call", "listing calls", err)
	}
	return splitTimeBatch(b, calls, func(c *Call) string { return c.SessionID }, func(c *Call) (Millis, int64) { return c.StartedAt, c.ID }), nil
}

// CountBySessions tells how many calls of sessions a filter chooses. Sessions
// without such calls are absent.
func (s *CallStore) CountBySessions(ctx context.Context, sessionIDs []string, filter CallFilter) (map[string]int, error) {
	given, err := keys("id", sessionIDs)
	if err != nil {
		return nil, err
	}
	where, values := filter.condition()
	counts, err := scanCounts[string](s.db.read(ctx).Raw("SELECT x.session_id, COUNT(*) FROM calls x WHERE x.session_id IN "+
		s.db.in(text("id"))+where+" GROUP BY x.session_id", append([]any{given}, values...)...))
	return counts, storeError("call", "counting calls", err)
}

// GetByCalls gives the callers, by the call's number.
func (s *IdentityStore) GetByCalls(ctx context.Context, callIDs []int64) (map[int64]Identity, error) {
	return s.through(ctx, "SELECT id, identity_id FROM calls WHERE identity_id <> 0 AND id IN ", callIDs)
}

// scanCall runs a query for one call; sql.ErrNoRows when there is none.
func scanCall(query *gorm.DB) (*Call, error) {
	calls, err := scanCalls(query)
	if err != nil {
		return nil, err
	}
	if len(calls) == 0 {
		return nil, sql.ErrNoRows
	}
	return &calls[0], nil
}

// scanCalls runs a query that begins with callSelect.
func scanCalls(query *gorm.DB) ([]Call, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	calls := []Call{}
	for rows.Next() {
		var (
			c      Call
			caller Identity
		)
		if err := rows.Scan(&c.ID, &c.SessionID, &c.CallID, &c.IdentityID, &c.GroupJID, &c.Video, &c.Status, &c.StartedAt, &c.EndedAt, &c.UpdatedAt,
			&caller.LID, &caller.PhoneJID); err != nil {
			return nil, fmt.Errorf("scanning a call: %w", err)
		}
		c.FromJID, c.FromLID = caller.Address(), caller.LID
		calls = append(calls, c)
	}
	return calls, rows.Err()
}
