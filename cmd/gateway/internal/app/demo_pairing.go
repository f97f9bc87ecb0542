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

// groupPoll is how often the demo looks whether the groups are stored.
const groupPoll = 20 * time.Millisecond

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
	session, err := program.WhatsApp.CreateSession(ctx, whatsapp.NewSession{OrganizationID: demoOrganization, Label: "Demo"})
	if err != nil {
		return "", fmt.Errorf("creating the session: %w", err)
	}
	return session.ID, nil
}

// waitForGroups returns once all these groups are stored for the session.
func waitForGroups(ctx context.Context, db *models.DB, sessionID string, jids []string) error {
	ticker := time.NewTicker(groupPoll)
	defer ticker.Stop()
	for len(jids) > 0 {
		_, err := db.Groups.Get(ctx, sessionID, jids[0])
		switch {
		case err == nil:
			jids = jids[1:]
			continue
		case !fault.Is(err, fault.NotFound):
			return fmt.Errorf("looking for a group: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}
