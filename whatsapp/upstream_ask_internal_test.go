package whatsapp

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models/fault"
)

// sessionOf gives a session with a client that never connects.
func sessionOf(device *store.Device) *session {
	x := &session{}
	x.link.Store(&link{client: whatsmeow.NewClient(device, nil)})
	return x
}

func TestAskNeedsAPairedClient(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]*session{
		"not running": {},
		"not paired":  sessionOf(&store.Device{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tell(t.Context(), x, nil, func(context.Context, *whatsmeow.Client) error {
				assert.Fail(t, "asked")
				return nil
			})
			assert.Equal(t, fault.ReasonNotConnected, fault.From(err).Reason())
		})
	}
}

func TestAskSurvivesAPanic(t *testing.T) {
	t.Parallel()
	jid := types.NewJID("491700000001", types.DefaultUserServer)
	device := &store.Device{ID: &jid}

	err := tell(t.Context(), sessionOf(device), nil, func(context.Context, *whatsmeow.Client) error { panic("a bug") })
	require.Error(t, err)
	assert.Equal(t, fault.Internal, fault.CodeOf(err))

	err = tell(t.Context(), sessionOf(device), nil, func(context.Context, *whatsmeow.Client) error {
		device.ID = nil // the phone unlinks the device meanwhile
		panic("nil store")
	})
	assert.Equal(t, fault.ReasonNotConnected, fault.From(err).Reason())
}

func TestAskMapsTheFailure(t *testing.T) {
	t.Parallel()
	jid := types.NewJID("491700000001", types.DefaultUserServer)
	x := sessionOf(&store.Device{ID: &jid})
	err := tell(t.Context(), x, groupAnswers(), func(_ context.Context, cli *whatsmeow.Client) error {
		return &whatsmeow.IQError{Code: 403}
	})
	assert.Equal(t, fault.ReasonNotGroupAdmin, fault.From(err).Reason())

	err = tell(t.Context(), x, nil, func(context.Context, *whatsmeow.Client) error {
		return fmt.Errorf("failed to write msg: %w", context.Canceled) // as a socket that closes meanwhile
	})
	assert.Equal(t, fault.ReasonOutcomeUnknown, fault.From(err).Reason())

	answer, err := ask(t.Context(), x, nil, func(context.Context, *whatsmeow.Client) (string, error) { return "answer", nil })
	require.NoError(t, err)
	assert.Equal(t, "answer", answer)

	err = tell(t.Context(), x, nil, func(ctx context.Context, cli *whatsmeow.Client) error { return cli.SetGroupName(ctx, jid, "name") })
	require.ErrorIs(t, err, whatsmeow.ErrNotConnected)
	assert.Equal(t, fault.NotImplemented, fault.CodeOf(err))
}
