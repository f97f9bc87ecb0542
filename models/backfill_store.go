package models

import (
	"context"
	"database/sql"

	"github.com/oklog/ulid/v2"
	"gorm.io/gorm"

	"wagateway/models/fault"
)

// BackfillStore keeps the backfills of the sessions.
type BackfillStore struct{ db *DB }

const backfillSelect = `SELECT b.id, b.session_id, s.organization_id, b.status, b.contacts, b.groups, b.group_members, b.error, b.started_at, b.finished_at
	FROM backfill_jobs b JOIN sessions s ON s.id = b.session_id `

// Start stores a new backfill, running from now on. While another one of the
// session runs, it is fault.Conflict.
func (s *BackfillStore) Start(ctx context.Context, sessionID string) (job *BackfillJob, err error) {
	err = s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		id := ulid.Make().String()
		added := tx.Exec(`INSERT INTO backfill_jobs (id, session_id, status, started_at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, id, sessionID, BackfillRunning, Now())
		if added.Error != nil {
			return added.Error
		}
		if added.RowsAffected == 0 {
			return fault.New(fault.Conflict, "", "a backfill of the session is running already")
		}
		job, err = scanBackfill(tx.Raw(backfillSelect+"WHERE b.id = ?", id))
		return err
	})
	if err != nil {
		return nil, storeError("session", "starting a backfill of session "+sessionID, err)
	}
	return job, nil
}

// Latest gives the latest backfill of a session; fault.NotFound when there was none.
func (s *BackfillStore) Latest(ctx context.Context, sessionID string) (*BackfillJob, error) {
	job, err := scanBackfill(s.db.read(ctx).Raw(backfillSelect+"WHERE b.session_id = ? ORDER BY b.id DESC LIMIT 1", sessionID))
	if err != nil {
		return nil, storeError("backfill job", "loading the backfill of session "+sessionID, err)
	}
	return job, nil
}

// Progress stores how far a running backfill has come.
func (s *BackfillStore) Progress(ctx context.Context, id string, counts BackfillCounts) error {
	err := s.db.write(ctx).Exec("UPDATE backfill_jobs SET contacts = ?, groups = ?, group_members = ? WHERE id = ? AND status = ?",
		counts.Contacts, counts.Groups, counts.GroupMembers, id, BackfillRunning).Error
	return storeError("backfill job", "storing the progress of a backfill", err)
}

// Finish ends a running backfill: completed, or failed with a reason. One that
// has ended already, or is gone, stays so.
func (s *BackfillStore) Finish(ctx context.Context, id string, counts BackfillCounts, reason string) error {
	status := BackfillCompleted
	if reason != "" {
		status = BackfillFailed
	}
	err := s.db.write(ctx).Exec(`UPDATE backfill_jobs SET status = ?, error = ?, finished_at = ?, contacts = ?, groups = ?, group_members = ?
		WHERE id = ? AND status = ?`, status, reason, Now(), counts.Contacts, counts.Groups, counts.GroupMembers, id, BackfillRunning).Error
	return storeError("backfill job", "ending a backfill", err)
}

// Interrupt marks every running backfill as failed: for the start of a process,
// which runs none yet. It gives how many there were.
func (s *BackfillStore) Interrupt(ctx context.Context) (int, error) {
	ended := s.db.write(ctx).Exec("UPDATE backfill_jobs SET status = ?, error = ?, finished_at = ? WHERE status = ?",
		BackfillFailed, BackfillInterrupted, Now(), BackfillRunning)
	return int(ended.RowsAffected), storeError("backfill job", "ending interrupted backfills", ended.Error)
}

func scanBackfill(query *gorm.DB) (*BackfillJob, error) {
	var j BackfillJob
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, err
		}
		return nil, sql.ErrNoRows
	}
	err = rows.Scan(&j.ID, &j.SessionID, &j.OrganizationID, &j.Status, &j.Contacts, &j.Groups, &j.GroupMembers, &j.Error, &j.StartedAt, &j.FinishedAt)
	return &j, err
}
