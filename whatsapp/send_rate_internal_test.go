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
	assert.True(t, r.set(now, 2, 3))
	assert.False(t, r.set(now, 2, 3), "nothing changed")
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
}

func TestOtherLimitsKeepWhatWasUsed(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	var r sendRate
	take := func() (wait time.Duration) {
		_, wait = r.take(now)
		return wait
	}
	r.set(now, 20, 600)
	for range 8 {
		assert.Zero(t, take())
	}
	r.set(now, 10, 600)
	r.set(now, 10, 500)
	for range 2 {
		assert.Zero(t, take())
	}
	assert.InDelta(t, 6*time.Second, take(), float64(10*time.Millisecond))
	r.set(now, 11, 500)
	assert.Zero(t, take(), "raising helps at once")
	assert.NotZero(t, take())
	r.set(now, 2, 500)
	assert.InDelta(t, 30*time.Second, take(), float64(10*time.Millisecond), "lowering asks for no more than an empty bucket's pause")
	r.set(now.Add(time.Hour), 3, 10)
	now = now.Add(time.Hour)
	for range 3 {
		assert.Zero(t, take(), "in time all is there again")
	}
	assert.NotZero(t, take())
}

func TestARefusedTakeCostsNothing(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	var r sendRate
	r.set(now, 1, 1000)
	_, wait := r.take(now)
	assert.Zero(t, wait)
	for range 100 {
		_, wait = r.take(now)
		assert.InDelta(t, time.Minute, wait, float64(time.Millisecond), "the wait does not grow with those who ask")
	}
	_, wait = r.take(now.Add(time.Minute + time.Millisecond))
	assert.Zero(t, wait)
}
