package whatsapp

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
)

// TestOlderStatesComeTooLate: a change that was made before one that is stored is
// left out; what failed may come again.
func TestOlderStatesComeTooLate(t *testing.T) {
	t.Parallel()
	var o stateOrder
	var done []int64
	do := func(what string, at int64) error {
		return o.inOrder(what, time.UnixMilli(at), func() error {
			if at == 13 {
				return errors.New("the database is away")
			}
			done = append(done, at)
			return nil
		})
	}
	require.NoError(t, do("pin a", 20))
	require.NoError(t, do("pin a", 10))
	require.NoError(t, do("pin b", 11))
	require.NoError(t, do("pin a", 20), "the same again")
	require.Error(t, do("pin c", 13))
	require.NoError(t, do("pin c", 12), "the failed one is not done")
	assert.Equal(t, []int64{20, 11, 20, 12}, done)
	for i := range 2 * recentStates {
		require.NoError(t, do(fmt.Sprint(i), 1))
	}
	done = nil
	o.own("pin d", time.UnixMilli(30))
	require.NoError(t, do("pin d", 29), "overwritten by an own one")
	o.latest["pin d"] = stateMark{at: time.UnixMilli(30), heard: time.Now().Add(-stateRace)}
	require.NoError(t, do("pin d", 28), "long after, by a clock that is late")
	assert.Equal(t, []int64{28}, done)
	assert.Len(t, o.latest, recentStates)
	assert.Len(t, o.recent, recentStates)
}

func TestEchoesAreKnownAgain(t *testing.T) {
	t.Parallel()
	c := newChatWork(&models.Session{})
	first, second := c.stamp(), c.stamp()
	assert.True(t, second.After(first), "no two patches have one time")
	assert.True(t, c.isEcho(first) && c.isEcho(second))
	assert.False(t, c.isEcho(second.Add(time.Millisecond)))
	for range recentEchoes {
		c.stamp()
	}
	assert.False(t, c.isEcho(first), "old ones are forgotten")
	assert.Len(t, c.echoes, recentEchoes)
}
