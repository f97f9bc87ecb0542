package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"wagateway/models/fault"
)

// Bounds of fetching the JWKS. Whatever tokens come in, the identity provider is
// asked at most refreshBurst times at once and then every refreshEvery.
const (
	fetchTimeout = 10 * time.Second
	refreshEvery = 10 * time.Second
	refreshBurst = 2
	// refreshAge is the age from which the keys are fetched again, in the
	// background, so that a key which the provider gave up ends here too.
	refreshAge = 10 * time.Minute
	// maxKeySet bounds the document; providers publish 1 to 20 KiB.
	maxKeySet = 1 << 20
)

// keySet is the identity provider's JWKS. Verifying reads the keys at hand; it
// waits for a fetch only when there are none or none has the token's kid.
// (jwk.Cache makes all readers wait while it refreshes.)
type keySet struct {
	url     string
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
	limiter *rate.Limiter
	flight  singleflight.Group
	current atomic.Pointer[fetchedKeys]
}

type fetchedKeys struct {
	set jwk.Set
	at  time.Time
}

// errTooSoon says that the keys were fetched a moment ago.
var errTooSoon = errors.New("the keys were asked for a moment ago")

func newKeySet(url string, client *http.Client, log *slog.Logger, now func() time.Time) *keySet {
	bounded := *client
	bounded.Timeout = fetchTimeout
	return &keySet{
		url: url, client: &bounded, log: log, now: now,
		limiter: rate.NewLimiter(rate.Every(refreshEvery), refreshBurst),
	}
}

// find gives the keys that match picks. When it picks none, the set is fetched
// once more, within the bounds. No keys at all because the provider cannot be
// reached is fault.Unavailable: the token may well be good.
func (k *keySet) find(ctx context.Context, match func(jwk.Set) []jwk.Key) ([]jwk.Key, error) {
	at := k.current.Load()
	if at == nil {
		if err := k.refresh(ctx); err != nil {
			return nil, fault.New(fault.Unavailable, "", "login tokens cannot be checked now").Because(err)
		}
		return match(k.current.Load().set), nil
	}
	keys := match(at.set)
	if len(keys) > 0 {
		if k.now().Sub(at.at) > refreshAge {
			k.start()
		}
		return keys, nil
	}
	if err := k.refresh(ctx); err != nil {
		return nil, nil //nolint:nilerr // an unknown key stays unknown; start has logged a failure
	}
	return match(k.current.Load().set), nil
}

// refresh fetches the set and waits for it. Callers at the same time share one
// fetch.
func (k *keySet) refresh(ctx context.Context) error {
	select {
	case result := <-k.start():
		return result.Err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the keys: %w", ctx.Err())
	}
}

// start fetches the set in the background, unless that is under way or was a
// moment ago. The fetch ends by itself within fetchTimeout.
func (k *keySet) start() <-chan singleflight.Result {
	return k.flight.DoChan("", func() (any, error) {
		if !k.limiter.AllowN(k.now(), 1) {
			return nil, errTooSoon
		}
		set, err := k.fetch()
		if err != nil {
			k.log.Warn("fetching the login tokens' keys failed", "error", err)
			return nil, err
		}
		k.current.Store(&fetchedKeys{set: set, at: k.now()})
		k.log.Debug("fetched the login tokens' keys", "keys", set.Len())
		return nil, nil
	})
}

func (k *keySet) fetch() (jwk.Set, error) {
	// Of no caller: the others that wait must not fail when one goes away.
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking for the keys: %w", err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := k.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking for the keys: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking for the keys: status %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	if len(body) > maxKeySet {
		return nil, errors.New("reading the keys: the document is too large")
	}
	// A key of a kind that this library does not know must not hide the others.
	set, err := jwk.Parse(body, jwk.WithIgnoreParseError(true))
	if err != nil {
		return nil, fmt.Errorf("parsing the keys: %w", err)
	}
	return set, nil
}
