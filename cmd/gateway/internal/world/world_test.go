package world

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/wasim"
)

func setup(t *testing.T, groupSize int) (*wasim.Server, *World) {
	t.Helper()
	simulator, err := wasim.New(wasim.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, simulator.Close()) })
	w, err := New(t.Context(), simulator, groupSize)
	require.NoError(t, err)
	return simulator, w
}

func TestNewFoundsGroupsOfTheWantedSizes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{2, 64, MaxGroupSize} {
		simulator, w := setup(t, size)
		require.GreaterOrEqual(t, len(w.groups), 5)
		for i, plan := range plans(size) {
			info, ok := simulator.Group(w.groups[i].jid)
			require.True(t, ok)
			assert.Equal(t, plan.subject, info.Subject)
			assert.Equal(t, plan.description, info.Description)
			assert.Len(t, info.Members, plan.size, plan.subject)
			assert.Equal(t, plan.announce, info.Announce)
			assert.Equal(t, plan.locked, info.Locked)
		}
		const community = 2 // itself and its announcement group
		assert.Len(t, w.account.Groups(), len(w.groups)+community, "the account is in all of them")
		about, _ := w.people[0].About()
		assert.Equal(t, abouts[0], about)
	}
}

func TestNewRefusesSizesThatWhatsAppRefuses(t *testing.T) {
	t.Parallel()
	simulator, err := wasim.New(wasim.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, simulator.Close()) })
	for _, size := range []int{-1, 0, 1, MaxGroupSize + 1} {
		_, err := New(t.Context(), simulator, size)
		assert.ErrorContains(t, err, "group size", size)
	}
}

func TestNamesDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range MaxGroupSize + spare {
		name := personName(i)
		assert.False(t, seen[name], name)
		seen[name] = true
	}
}

// Every moment of the first rounds is an act that the simulator takes.
func TestEverythingThatHappensIsAllowed(t *testing.T) {
	t.Parallel()
	simulator, w := setup(t, 8)
	seen := map[string]bool{}
	for moment := range 9 * 2 * len(w.groups) {
		require.NoError(t, w.happen(t.Context(), moment), "moment %d", moment)
		info, _ := simulator.Group(w.groups[team].jid)
		seen[info.Subject] = true
	}
	assert.Len(t, seen, len(subjects), "all subjects were used")
	info, _ := simulator.Group(w.groups[football].jid)
	assert.Len(t, info.Members, 18, "who left came back")
	_, err := w.account.WaitMessage(t.Context(), func(wasim.PhoneMessage) bool { return true })
	assert.NoError(t, err)
}

func TestLiveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, w := setup(t, 4)
	ctx, cancel := contextThatEndsAfterAMessage(t, w)
	defer cancel()
	w.Live(ctx, time.Millisecond, discard())
	assert.NotEmpty(t, w.account.Messages())
}

// contextThatEndsAfterAMessage gives a context that ends once the account has heard something.
func contextThatEndsAfterAMessage(t *testing.T, w *World) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		_, err := w.account.WaitMessage(ctx, func(wasim.PhoneMessage) bool { return true })
		assert.NoError(t, err)
	}()
	return ctx, cancel
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
