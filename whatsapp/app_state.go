package whatsapp

import (
	"context"
	"fmt"

	"go.mau.fi/whatsmeow"

	"wagateway/models/fault"
)

// stateKeysThere fails with fault.Upstream while the keys of the app state are
// missing, for which whatsmeow has no sentinel: the phone hands them over some
// moments after pairing.
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
