package models

import (
	"context"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
)

// MigrateTo brings the schema to a version, back or forth.
func (db *DB) MigrateTo(ctx context.Context, version int64) error {
	return db.withMigrations(func(p *goose.Provider) error {
		if _, err := p.DownTo(ctx, version); err != nil {
			return err
		}
		_, err := p.UpTo(ctx, version)
		return err
	})
}

// Upserting runs a transaction that learns of people again and again, and undoes it
// when it ends with an error.
func (db *DB) Upserting(ctx context.Context, sessionID string, fn func(upsert func(...Person) ([]int64, error)) error) error {
	return db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		return fn(func(people ...Person) ([]int64, error) { return db.upsertIdentities(tx, sessionID, people, Now()) })
	})
}
