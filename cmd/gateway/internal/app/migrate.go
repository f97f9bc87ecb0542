package app

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/models"
)

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" default:"1" help:"Apply what is missing (the default). serve does so by itself."`
	Status migrateStatusCommand `cmd:"" help:"List the migrations and when they were applied."`
}

type migrateUpCommand struct{}

// Run applies the migrations that are missing.
func (migrateUpCommand) Run(ctx context.Context, process *Process) error {
	return withDatabase(ctx, process, func(db *models.DB) error {
		if err := db.Migrate(ctx); err != nil {
			return fmt.Errorf("migrating the database: %w", err)
		}
		return printMigrations(ctx, process, db)
	})
}

type migrateStatusCommand struct{}

// Run lists the migrations and changes nothing.
func (migrateStatusCommand) Run(ctx context.Context, process *Process) error {
	return withDatabase(ctx, process, func(db *models.DB) error {
		return printMigrations(ctx, process, db)
	})
}

func printMigrations(ctx context.Context, process *Process, db *models.DB) error {
	migrations, err := db.MigrationStatus(ctx)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	table := tabwriter.NewWriter(process.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VERSION\tNAME\tAPPLIED")
	for _, migration := range migrations {
		fmt.Fprintf(table, "%d\t%s\t%s\n", migration.Version, migration.Name, shownTime(migration.AppliedAt, "not yet"))
	}
	return table.Flush()
}

// withDatabase loads the settings and opens the database for one command.
func withDatabase(ctx context.Context, process *Process, use func(*models.DB) error) error {
	settings, err := config.Load(process.Environ)
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, settings, newLogger(process.Stderr, settings.Log))
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}
