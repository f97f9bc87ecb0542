package whatsapp

import (
	"context"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"

	"wagateway/models/fault"
)

// pushState writes a patch of the account's app state, which all its devices share.
// The phone hands the keys for it over some moments after pairing: before that it
// is fault.Upstream, as when another device keeps getting ahead.
func pushState(ctx context.Context, cli *whatsmeow.Client, patch appstate.PatchInfo) error {
	if err := stateKeysThere(ctx, cli); err != nil {
		return err
	}
	err := cli.SendAppState(ctx, patch)
	if errors.Is(err, whatsmeow.ErrAppStateUpdate) {
		return refused(409).Because(err)
	}
	return err
}

// stateKeysThere fails with fault.Upstream while the keys of the app state are
// missing, for which whatsmeow has no sentinel.
func stateKeysThere(ctx context.Context, cli *whatsmeow.Client) error {
	key, err := cli.Store.AppStateKeys.GetLatestAppStateSyncKeyID(ctx)
	if err != nil {
		return fmt.Errorf("looking up the keys of the app state: %w", err)
	}
	if key == nil {
		return fault.New(fault.Upstream, fault.ReasonNoStateKeys, "the phone has not shared the keys of its settings yet")
	}
	return nil
}
