package models

import (
	"context"

	"github.com/pressly/goose/v3"
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
