package app

import (
	"context"
	"fmt"
	"time"

	"wagateway/cmd/gateway/internal/world"
	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp"
)

// demoHistoryDays is how much of the past the demo asks for; its world has less.
const demoHistoryDays = 30

// pollPace is how often the demo looks whether its world is stored.
const pollPace = 20 * time.Millisecond

// pairDemo links the world's account to the demo's session, the oldest of the
// organization or a new one, and gives its id.
func pairDemo(ctx context.Context, program *Program, w *world.World) (string, error) {
	sessionID, err := demoSession(ctx, program)
	if err != nil {
		return "", err
	}
	if _, err := program.WhatsApp.StartSession(ctx, sessionID); err != nil {
		return "", fmt.Errorf("starting the session: %w", err)
	}
	updates, err := program.WhatsApp.WatchPairing(ctx, sessionID)
	if err != nil {
		return "", fmt.Errorf("following the pairing: %w", err)
	}
	scanned := ""
	for update := range updates {
		if update.Status == models.SessionFailed {
			return "", fmt.Errorf("the session failed: %s", update.StatusReason)
		}
		if update.QR == nil || update.QR.Code == scanned {
			continue
		}
		scanned = update.QR.Code
		if err := w.ScanQR(ctx, scanned); err != nil {
			return "", fmt.Errorf("scanning the QR code: %w", err)
		}
	}
	return sessionID, ctx.Err()
}

// demoSession gives the id of the session to pair. Sessions of an earlier demo
// on the same data are unlinked: the simulated WhatsApp that knew their devices
// is gone.
func demoSession(ctx context.Context, program *Program) (string, error) {
	earlier, err := program.DB.Sessions.List(ctx, models.SessionFilter{OrganizationID: demoOrganization}, models.Page{})
	if err != nil {
		return "", fmt.Errorf("listing sessions: %w", err)
	}
	for _, session := range earlier.Items {
		if _, err := program.WhatsApp.LogoutSession(ctx, session.ID); err != nil {
			return "", fmt.Errorf("unlinking the earlier demo: %w", err)
		}
	}
	if len(earlier.Items) > 0 {
		return earlier.Items[0].ID, nil
	}
	session, err := program.WhatsApp.CreateSession(ctx, whatsapp.NewSession{
		OrganizationID: demoOrganization, Label: "Demo", HistoryDays: new(demoHistoryDays),
	})
	if err != nil {
		return "", fmt.Errorf("creating the session: %w", err)
	}
	return session.ID, nil
}

// waitForWorld returns once everything in the world is stored for the session.
func waitForWorld(ctx context.Context, db *models.DB, sessionID string, w *world.World) error {
	for _, jid := range w.GroupJIDs() {
		if err := poll(ctx, func() (bool, error) {
			_, err := db.Groups.Get(ctx, sessionID, jid)
			return err == nil, err
		}); err != nil {
			return err
		}
	}
	return poll(ctx, func() (bool, error) {
		person, err := db.Identities.Get(ctx, sessionID, w.NamedJID())
		return err == nil && person.ContactName != "", err
	})
}

// poll looks until something is there; a fault.NotFound means not yet.
func poll(ctx context.Context, look func() (bool, error)) error {
	ticker := time.NewTicker(pollPace)
	defer ticker.Stop()
	for {
		found, err := look()
		switch {
		case err != nil && !fault.Is(err, fault.NotFound):
			return err
		case found:
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
