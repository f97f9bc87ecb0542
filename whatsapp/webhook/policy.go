package webhook

import (
	"math/rand/v2"
	"time"

	"wagateway/models"
)

// jitter spreads attempts that failed together: a wait is up to a tenth longer
// than the policy says, and never shorter.
const jitter = 0.1

// delay gives the time between a failed attempt, the n-th, and the next one.
func (t Timing) delay(policy models.RetryPolicy, n int, asked time.Duration) time.Duration {
	base := time.Duration(policy.DelaySeconds) * t.Second
	wait := base
	switch policy.Policy {
	case models.RetryConstant:
	case models.RetryLinear:
		wait = base * time.Duration(n)
	case models.RetryExponential:
		for i := 1; i < n && wait < t.MaxDelay; i++ {
			wait *= 2
		}
	}
	wait = min(max(wait, asked), t.MaxDelay)
	return wait + time.Duration(rand.Float64()*jitter*float64(wait)) //nolint:gosec // no secret
}
