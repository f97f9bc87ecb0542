package whatsapp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSendRate(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	var r sendRate
	assert.True(t, r.set(2, 3))
	assert.False(t, r.set(2, 3), "nothing changed")
	takes := func(wanted time.Duration) func() {
		t.Helper()
		giveBack, wait := r.take(now)
		assert.InDelta(t, wanted, wait, float64(10*time.Millisecond))
		return giveBack
	}
	takes(0)
	takes(0)
	takes(30 * time.Second)
	now = now.Add(30*time.Second + time.Millisecond)
	takes(0)
	// The minute's bucket has its next token in 30 s, the hour's is the one that lacks.
	takes(20*time.Minute - 30*time.Second)
	now = now.Add(20*time.Minute + time.Millisecond)
	giveBack := takes(0)
	takes(20*time.Minute - 30*time.Second)
	giveBack()
	takes(0)
	assert.True(t, r.set(1000, 3), "other limits come with full buckets")
	takes(0)
}

func TestARefusedTakeCostsNothing(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	var r sendRate
	r.set(1, 1000)
	_, wait := r.take(now)
	assert.Zero(t, wait)
	for range 100 {
		_, wait = r.take(now)
		assert.InDelta(t, time.Minute, wait, float64(time.Millisecond), "the wait does not grow with those who ask")
	}
	_, wait = r.take(now.Add(time.Minute + time.Millisecond))
	assert.Zero(t, wait)
}
