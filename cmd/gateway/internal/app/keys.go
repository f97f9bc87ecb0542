package app

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"wagateway/models"
)

type keysCommand struct {
	Create keysCreateCommand `cmd:"" help:"Create a key and print its secret, which is shown only this once."`
	List   keysListCommand   `cmd:"" help:"List an organization's keys."`
	Revoke keysRevokeCommand `cmd:"" help:"Revoke a key by its id. Repeating it changes nothing."`
}

// organizationFlag names the organization that a command is about.
type organizationFlag struct {
	Organization string `help:"The organization's id; may be left out while there is only one." placeholder:"ID"`
}

// id gives the flag's organization, or the only one there is, or the one that the
// first start makes.
func (f organizationFlag) id(ctx context.Context, db *models.DB) (string, error) {
	if f.Organization != "" {
		return f.Organization, nil
	}
	organizations, err := db.Organizations.List(ctx)
	if err != nil {
		return "", fmt.Errorf("listing organizations: %w", err)
	}
	switch len(organizations) {
	case 0:
		return firstOrganization, nil
	case 1:
		return organizations[0].ID, nil
	}
	return "", fmt.Errorf("there are %d organizations: name one with --organization", len(organizations))
}

type keysCreateCommand struct {
	organizationFlag

	Name         string        `help:"A name to recognise the key by." default:"key"`
	Capabilities []string      `help:"What the key may do: ${enum}." enum:"read,send,manage" default:"read,send,manage"`
	Session      string        `help:"Limit the key to this session." placeholder:"ID"`
	Expires      time.Duration `help:"How long the key is valid, such as 720h; 0: for ever." default:"0"`
}

// Run creates a key. An organization that is named and unknown is made: with
// login tokens the identity provider names them.
func (c keysCreateCommand) Run(ctx context.Context, process *Process) error {
	return withMigratedDatabase(ctx, process, func(db *models.DB) error {
		id, err := c.id(ctx, db)
		if err != nil {
			return err
		}
		organization, err := db.Organizations.Ensure(ctx, id, id)
		if err != nil {
			return fmt.Errorf("creating the organization: %w", err)
		}
		key := models.NewAPIKey{OrganizationID: organization.ID, Name: c.Name, SessionID: c.Session}
		for _, capability := range c.Capabilities {
			key.Capabilities = append(key.Capabilities, models.Capability(capability))
		}
		if c.Session != "" {
			if _, err := db.Sessions.Get(ctx, organization.ID, c.Session); err != nil {
				return fmt.Errorf("looking up the session: %w", err)
			}
		}
		if c.Expires != 0 {
			key.ExpiresAt = models.MillisOf(time.Now().Add(c.Expires))
		}
		_, secret, err := db.APIKeys.Create(ctx, key)
		if err != nil {
			return fmt.Errorf("creating the key: %w", err)
		}
		_, err = fmt.Fprintln(process.Stdout, secret)
		return err
	})
}

type keysListCommand struct{ organizationFlag }

// Run lists the keys, revoked ones included; secrets are not stored.
func (c keysListCommand) Run(ctx context.Context, process *Process) error {
	return withMigratedDatabase(ctx, process, func(db *models.DB) error {
		organization, err := c.id(ctx, db)
		if err != nil {
			return err
		}
		keys, err := db.APIKeys.List(ctx, organization, models.Page{})
		if err != nil {
			return fmt.Errorf("listing keys: %w", err)
		}
		table := tabwriter.NewWriter(process.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tNAME\tSECRET\tCAPABILITIES\tSESSION\tCREATED\tLAST USED\tSTATE")
		for _, key := range keys.Items {
			fmt.Fprintf(table, "%s\t%s\t%s…\t%s\t%s\t%s\t%s\t%s\n", key.ID, key.Name, key.Prefix,
				shownCapabilities(key.Capabilities), orElse(key.SessionID, "all"),
				shownTime(key.CreatedAt, ""), shownTime(key.LastUsedAt, "never"), shownState(&key, time.Now()))
		}
		return table.Flush()
	})
}

type keysRevokeCommand struct {
	organizationFlag

	ID string `arg:"" help:"The key's id, as keys list shows it."`
}

// Run revokes a key: from now on it opens nothing.
func (c keysRevokeCommand) Run(ctx context.Context, process *Process) error {
	return withMigratedDatabase(ctx, process, func(db *models.DB) error {
		organization, err := c.id(ctx, db)
		if err != nil {
			return err
		}
		key, err := db.APIKeys.Revoke(ctx, organization, c.ID)
		if err != nil {
			return fmt.Errorf("revoking the key: %w", err)
		}
		_, err = fmt.Fprintf(process.Stdout, "revoked %s (%s)\n", key.ID, key.Name)
		return err
	})
}

// withMigratedDatabase is withDatabase on a database that is up to date, so that
// a key can be made before the first start.
func withMigratedDatabase(ctx context.Context, process *Process, use func(*models.DB) error) error {
	return withDatabase(ctx, process, func(db *models.DB) error {
		if err := db.Migrate(ctx); err != nil {
			return fmt.Errorf("migrating the database: %w", err)
		}
		return use(db)
	})
}

func shownCapabilities(set models.CapabilitySet) string {
	names := make([]string, len(set))
	for i, capability := range set {
		names[i] = string(capability)
	}
	return strings.Join(names, ",")
}

func shownState(key *models.APIKey, now time.Time) string {
	switch {
	case key.RevokedAt != 0:
		return "revoked " + shownTime(key.RevokedAt, "")
	case key.ExpiresAt != 0 && !key.ExpiresAt.Time().After(now):
		return "expired " + shownTime(key.ExpiresAt, "")
	case key.ExpiresAt != 0:
		return "valid until " + shownTime(key.ExpiresAt, "")
	}
	return "valid"
}

func shownTime(at models.Millis, never string) string {
	if at == 0 {
		return never
	}
	return at.Time().UTC().Format(time.DateTime)
}

func orElse(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}
