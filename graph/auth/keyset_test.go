package auth_test

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/auth"
	"wagateway/graph/auth/authtest"
	"wagateway/models/fault"
)

// clock is a time that tests move.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	provider, first, a, _ := setup(t, jwa.ES256, nil)
	claims := authtest.Claims{"org": "o", "role": "owner"}
	for range 3 {
		_, err := call(a, bearer(first.Sign(t, claims)))
		require.NoError(t, err)
	}
	assert.Equal(t, 1, provider.Fetches(), "the keys are fetched once")

	second := authtest.NewKey(t, "second", jwa.EdDSA)
	provider.Retire(t)
	provider.Publish(t, second)
	_, err := call(a, bearer(second.Sign(t, claims)))
	require.NoError(t, err, "a new key must be found at once")
	assert.Equal(t, 2, provider.Fetches())
	_, err = call(a, bearer(first.Sign(t, claims)))
	assert.Equal(t, fault.Unauthorized, fault.CodeOf(err), "the retired key")
}

func TestUnknownKeyFlood(t *testing.T) {
	t.Parallel()
	var time clock
	provider, key, a, _ := setup(t, jwa.EdDSA, func(c *auth.Config) { c.Now = time.now })
	claims := authtest.Claims{"org": "o", "role": "owner"}
	_, err := call(a, bearer(key.Sign(t, claims)))
	require.NoError(t, err)

	flood := func() {
		var wg sync.WaitGroup
		for i := range 100 {
			stranger := key
			stranger.ID = "unknown-" + strconv.Itoa(i)
			token := stranger.Sign(t, claims)
			wg.Go(func() {
				_, err := call(a, bearer(token))
				assert.Equal(t, fault.Unauthorized, fault.CodeOf(err))
			})
		}
		wg.Wait()
	}
	flood()
	assert.Equal(t, 2, provider.Fetches(), "one refresh for the whole flood")
	time.forward(11 * 1e9)
	flood()
	assert.Equal(t, 3, provider.Fetches(), "one more after a while")
	_, err = call(a, bearer(key.Sign(t, claims)))
	assert.NoError(t, err, "good tokens go on")
}

func TestKeysCannotBeFetched(t *testing.T) {
	t.Parallel()
	var time clock
	provider, key, a, _ := setup(t, jwa.EdDSA, func(c *auth.Config) { c.Now = time.now })
	token := key.Sign(t, authtest.Claims{"org": "o", "role": "owner", "exp": time.now().Add(1e9 * 3600 * 24)})
	for name, handler := range map[string]http.HandlerFunc{
		"an error":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"no JSON":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"endless":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) },
		"a closed pipe": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		provider.Answer(handler)
		_, err := call(a, bearer(token))
		assert.Equal(t, fault.Unavailable, fault.CodeOf(err), "%s: the token may be good", name)
		time.forward(11 * 1e9)
	}
	asked := provider.Fetches()
	for range 20 {
		_, _ = call(a, bearer(token))
	}
	assert.LessOrEqual(t, provider.Fetches(), asked+2, "a provider that is down is not hammered")

	provider.Answer(nil)
	time.forward(11 * 1e9)
	_, err := call(a, bearer(token))
	require.NoError(t, err, "it is back")

	provider.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	time.forward(3600 * 1e9)
	_, err = call(a, bearer(token))
	assert.NoError(t, err, "the keys at hand serve while it is down again")
}

func TestSlowProviderHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	var time clock
	provider, key, a, _ := setup(t, jwa.EdDSA, func(c *auth.Config) { c.Now = time.now })
	token := key.Sign(t, authtest.Claims{"org": "o", "role": "owner", "exp": time.now().Add(1e9 * 3600 * 24)})
	_, err := call(a, bearer(token))
	require.NoError(t, err)
	asked, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	provider.Answer(func(http.ResponseWriter, *http.Request) { close(asked); <-release })
	time.forward(3600 * 1e9) // the keys are old: they are fetched again, in the background
	_, err = call(a, bearer(token))
	require.NoError(t, err)
	<-asked
	_, err = call(a, bearer(token))
	assert.NoError(t, err, "while the fetch hangs")
}
