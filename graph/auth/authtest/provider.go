// Package authtest is an identity provider for tests: it signs login tokens and
// publishes its keys over a real HTTP server.
package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/stretchr/testify/require"
)

// Claims are a token's claims by their names.
type Claims map[string]any

// Provider is an identity provider. It is safe for concurrent use.
type Provider struct {
	URL string // of the JWKS

	fetches atomic.Int64
	mu      sync.Mutex
	set     jwk.Set
	handler http.HandlerFunc // nil: serves the set
}

// New starts a provider without keys; it ends with the test.
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{set: jwk.NewSet()}
	server := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(server.Close)
	p.URL = server.URL + "/jwks"
	return p
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.fetches.Add(1)
	p.mu.Lock()
	handler := p.handler
	body, err := json.Marshal(p.set)
	p.mu.Unlock()
	switch {
	case handler != nil:
		handler(w, r)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		_, _ = w.Write(body)
	}
}

// Fetches tells how often the keys were asked for.
func (p *Provider) Fetches() int { return int(p.fetches.Load()) }

// Answer makes the server answer by a handler of the test's; nil: with the keys.
func (p *Provider) Answer(handler http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handler = handler
}

// Key is a signing key.
type Key struct {
	ID        string
	Algorithm jwa.SignatureAlgorithm
	Private   crypto.Signer
}

// NewKey makes a key and does not publish it.
func NewKey(t testing.TB, id string, algorithm jwa.SignatureAlgorithm) Key {
	t.Helper()
	var private crypto.Signer
	var err error
	switch algorithm {
	case jwa.RS256, jwa.PS256, jwa.RS512:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case jwa.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jwa.ES384:
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jwa.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		t.Fatalf("no keys for %s", algorithm)
	}
	require.NoError(t, err)
	return Key{ID: id, Algorithm: algorithm, Private: private}
}

// Publish adds a key to the JWKS.
func (p *Provider) Publish(t testing.TB, key Key) {
	t.Helper()
	public, err := jwk.FromRaw(key.Private.Public())
	require.NoError(t, err)
	if key.ID != "" {
		require.NoError(t, public.Set(jwk.KeyIDKey, key.ID))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NoError(t, p.set.AddKey(public))
}

// Retire removes all keys from the JWKS.
func (p *Provider) Retire(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NoError(t, p.set.Clear())
}

// Sign makes a token that is good for an hour, unless the claims say otherwise;
// a nil claim is left out.
func (k Key) Sign(t testing.TB, claims Claims) string {
	t.Helper()
	token := jwt.New()
	require.NoError(t, token.Set(jwt.IssuedAtKey, time.Now()))
	require.NoError(t, token.Set(jwt.ExpirationKey, time.Now().Add(time.Hour)))
	for name, value := range claims {
		if value == nil {
			require.NoError(t, token.Remove(name))
			continue
		}
		require.NoError(t, token.Set(name, value))
	}
	headers := jws.NewHeaders()
	if k.ID != "" {
		require.NoError(t, headers.Set(jws.KeyIDKey, k.ID))
	}
	signed, err := jwt.Sign(token, jwt.WithKey(k.Algorithm, k.Private, jws.WithProtectedHeaders(headers)))
	require.NoError(t, err)
	return string(signed)
}
