package auth

import (
	"context"
	"time"

	"wagateway/models/fault"
)

// DefaultRecheck is how long a revoked API key can keep a stream.
const DefaultRecheck = 30 * time.Second

// WhileValid gives a context that ends when the caller's credential does; its
// cause is then fault.Unauthorized. The key is looked at again every recheck, 0
// being [DefaultRecheck]. Call end; the goroutine that watches ends with the
// context.
func (a *Authenticator) WhileValid(ctx context.Context, actor *Actor, recheck time.Duration) (_ context.Context, end context.CancelCauseFunc) {
	if recheck == 0 {
		recheck = DefaultRecheck
	}
	ctx, end = context.WithCancelCause(ctx)
	go a.watch(ctx, actor, recheck, end)
	return ctx, end
}

func (a *Authenticator) watch(ctx context.Context, actor *Actor, recheck time.Duration, end context.CancelCauseFunc) {
	for {
		wait := recheck
		if actor.ExpiresAt != 0 {
			wait = min(wait, max(time.Until(actor.ExpiresAt.Time()), 0))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		// While the database is away the credential stands: nobody could have
		// revoked it, and the next look will tell.
		if err := a.StillValid(ctx, actor); fault.Is(err, fault.Unauthorized) {
			end(err)
			return
		}
	}
}
