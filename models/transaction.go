package models

import (
	"context"

	"gorm.io/gorm"
)

// tx runs fn in one transaction, rolled back when fn fails. In SQLite it shares
// the commit with whoever waits at the same time ([committer]), and holds the
// write lock, so fn must not wait for anything.
func (db *DB) tx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	if db.commits != nil {
		return db.commits.run(ctx, fn)
	}
	return db.engine.writer.WithContext(pipelined(ctx)).Transaction(fn)
}

// sessionTx is tx with the session locked against every other sessionTx: what
// fn reads below the session stays true until the end, and its events stand in
// the outbox in the order of commits. An unknown session is fault.NotFound.
func (db *DB) sessionTx(ctx context.Context, sessionID string, fn func(tx *gorm.DB) error) error {
	query := "SELECT id FROM sessions WHERE id = ?"
	if db.engine.dialect == dialectPostgres {
		query += " FOR NO KEY UPDATE"
	}
	err := db.tx(ctx, func(tx *gorm.DB) error {
		var id string
		if err := tx.Raw(query, sessionID).Row().Scan(&id); err != nil {
			return storeError("session", "locking session "+sessionID, err)
		}
		db.people.begin(sessionID)
		return fn(tx)
	})
	if err == nil {
		db.Outbox.added() // perhaps
	}
	return err
}
