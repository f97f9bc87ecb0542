package app

import (
	"context"
	"errors"
	"fmt"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/models"
)

type serveCommand struct{}

// Run serves until ctx ends or the server fails.
func (serveCommand) Run(ctx context.Context, process *Process) error {
	settings, err := config.Load(process.Environ)
	if err != nil {
		return err
	}
	logger := newLogger(process.Stderr, settings.Log)
	program, err := Open(ctx, settings, logger)
	if err != nil {
		return err
	}
	return program.run(ctx, func() error {
		secret, err := firstKey(ctx, program.DB)
		if err != nil {
			return err
		}
		if secret != "" {
			fmt.Fprintf(process.Stdout, "First start: organization %q and its first API key. It is shown only this once:\n\n  %s\n\n", firstOrganization, secret)
		}
		if err := program.WhatsApp.Start(ctx); err != nil {
			return fmt.Errorf("resuming sessions: %w", err)
		}
		if err := program.Serve(Guide{}); err != nil {
			return err
		}
		program.announce(process)
		return nil
	})
}

// run calls start, waits for ctx or for a failing server, and closes the program
// whatever happened.
func (p *Program) run(ctx context.Context, start func() error) error {
	err := start()
	if err == nil {
		select {
		case <-ctx.Done():
			p.logger.Info("shutting down; a second signal ends it at once")
		case err = <-p.Failed():
			err = fmt.Errorf("serving: %w", err)
		}
	}
	if ctx.Err() != nil {
		err = nil // a start that the signal cut short is no failure
	}
	if closeErr := p.Close(context.WithoutCancel(ctx)); closeErr != nil {
		return errors.Join(err, fmt.Errorf("shutting down: %w", closeErr))
	}
	p.logger.Info("gateway stopped")
	return err
}

// announce prints where the fronts are.
func (p *Program) announce(process *Process) {
	url := p.URL()
	fmt.Fprintf(process.Stdout, "REST        %s/api/v1\nGraphQL     %s/graphql\n", url, url)
	if p.settings.Playground {
		fmt.Fprintf(process.Stdout, "Playground  %s/playground\n", url)
	}
}

const (
	firstOrganization = "default"
	firstKeyName      = "first key"
)

// firstKey makes the first organization and its first API key on a database
// that has no organization yet, and gives the key's secret; "" on any other.
func firstKey(ctx context.Context, db *models.DB) (string, error) {
	count, err := db.Organizations.Count(ctx)
	if err != nil {
		return "", fmt.Errorf("counting organizations: %w", err)
	}
	if count > 0 {
		return "", nil
	}
	organization, err := db.Organizations.Ensure(ctx, firstOrganization, "Default")
	if err != nil {
		return "", fmt.Errorf("creating the first organization: %w", err)
	}
	_, secret, err := db.APIKeys.Create(ctx, models.NewAPIKey{
		OrganizationID: organization.ID,
		Name:           firstKeyName,
		Capabilities:   everything(),
	})
	if err != nil {
		return "", fmt.Errorf("creating the first API key: %w", err)
	}
	return secret, nil
}

// everything is what a key can be allowed; super_admin is for login tokens only.
func everything() models.CapabilitySet {
	return models.CapabilitySet{models.Read, models.Send, models.Manage}
}
