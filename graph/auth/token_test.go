package auth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/auth"
	"wagateway/graph/auth/authtest"
	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// setup gives an authenticator of a provider with one published key.
func setup(t *testing.T, algorithm jwa.SignatureAlgorithm, change func(*auth.Config)) (*authtest.Provider, authtest.Key, *auth.Authenticator, *models.DB) {
	t.Helper()
	provider := authtest.New(t)
	key := authtest.NewKey(t, "first", algorithm)
	provider.Publish(t, key)
	db := modelstest.Open(t, modelstest.SQLite)
	config := auth.Config{JWKSURL: provider.URL}
	if change != nil {
		change(&config)
	}
	authenticator, err := auth.New(config, db)
	require.NoError(t, err)
	return provider, key, authenticator, db
}

// call sends a request with these headers through the middleware.
func call(a *auth.Authenticator, header http.Header) (actor *auth.Actor, err error) {
	r := (&http.Request{Method: http.MethodGet, Header: header}).WithContext(context.Background())
	a.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		actor, err = auth.ActorFrom(r.Context())
	})).ServeHTTP(nil, r)
	return actor, err
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestTokenOfEachAlgorithm(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []jwa.SignatureAlgorithm{jwa.RS256, jwa.ES256, jwa.EdDSA} {
		t.Run(algorithm.String(), func(t *testing.T) {
			t.Parallel()
			_, key, a, db := setup(t, algorithm, nil)
			actor, err := call(a, bearer(key.Sign(t, authtest.Claims{"org": "org_1", "role": "member", "sub": "user_1"})))
			require.NoError(t, err)
			assert.Equal(t, "org_1", actor.OrganizationID)
			assert.Equal(t, "user_1", actor.UserID)
			assert.Equal(t, models.CapabilitySet{models.Read, models.Send}, actor.Capabilities)
			assert.Empty(t, actor.SessionID)
			assert.Nil(t, actor.APIKey)
			assert.InDelta(t, time.Now().Add(time.Hour).UnixMilli(), int64(actor.ExpiresAt), 40_000)
			_, err = db.Organizations.Get(t.Context(), "org_1")
			assert.NoError(t, err, "the organization must be stored at first sight")
		})
	}
}

func TestTokenRoles(t *testing.T) {
	t.Parallel()
	_, key, a, _ := setup(t, jwa.EdDSA, func(c *auth.Config) {
		c.OrganizationClaim, c.RoleClaim = "https://example.com/tenant", "roles"
	})
	all := models.CapabilitySet{models.Read, models.Send, models.Manage}
	for name, test := range map[string]struct {
		role, org any
		want      models.CapabilitySet
	}{
		"owner":                        {"owner", "o", all},
		"admin":                        {"admin", "o", all},
		"member":                       {"member", "o", models.CapabilitySet{models.Read, models.Send}},
		"a list":                       {[]string{"member", "admin", "other"}, "o", all},
		"super admin":                  {"super_admin", nil, models.CapabilitySet{models.SuperAdmin}},
		"super admin and owner":        {[]string{"super_admin", "owner"}, "o", append(all, models.SuperAdmin)},
		"owner of no organization":     {"owner", nil, models.CapabilitySet{}},
		"unknown":                      {"root", "o", models.CapabilitySet{}},
		"in capitals":                  {"OWNER", "o", models.CapabilitySet{}},
		"no role":                      {nil, "o", models.CapabilitySet{}},
		"a role that is no text":       {map[string]any{"owner": true}, "o", models.CapabilitySet{}},
		"an organization of no text":   {"owner", 7, models.CapabilitySet{}},
		"a list with what is no text":  {[]any{7, "member"}, "o", models.CapabilitySet{models.Read, models.Send}},
		"the default claims mean none": {nil, nil, models.CapabilitySet{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actor, err := call(a, bearer(key.Sign(t, authtest.Claims{
				"roles": test.role, "https://example.com/tenant": test.org, "org": "wrong", "role": "owner",
			})))
			require.NoError(t, err)
			assert.Equal(t, test.want, actor.Capabilities)
		})
	}
}

func TestTokenRefused(t *testing.T) {
	t.Parallel()
	provider, key, a, _ := setup(t, jwa.RS256, func(c *auth.Config) { c.Issuer, c.Audience = "https://issuer", "gateway" })
	good := authtest.Claims{"iss": "https://issuer", "aud": "gateway", "org": "o", "role": "owner"}
	with := func(name string, value any) authtest.Claims {
		claims := authtest.Claims{name: value}
		for n, v := range good {
			if n != name {
				claims[n] = v
			}
		}
		return claims
	}
	stranger := authtest.NewKey(t, "first", jwa.RS256)
	curve := authtest.NewKey(t, "curve", jwa.ES384)
	provider.Publish(t, curve)
	pss := key
	pss.Algorithm = jwa.PS256
	rs512 := key
	rs512.Algorithm = jwa.RS512
	signed := key.Sign(t, good)
	_, err := call(a, bearer(signed))
	require.NoError(t, err, "the good one")
	_, err = call(a, bearer(key.Sign(t, with("aud", []string{"other", "gateway"}))))
	require.NoError(t, err, "one audience of several")
	_, err = call(a, bearer(key.Sign(t, with("exp", time.Now().Add(-10*time.Second)))))
	require.NoError(t, err, "within the skew")

	parts := strings.Split(signed, ".")
	for name, token := range map[string]string{
		"expired":                 key.Sign(t, with("exp", time.Now().Add(-time.Minute))),
		"without expiry":          key.Sign(t, with("exp", nil)),
		"not yet valid":           key.Sign(t, with("nbf", time.Now().Add(time.Minute))),
		"issued in the future":    key.Sign(t, with("iat", time.Now().Add(time.Minute))),
		"wrong issuer":            key.Sign(t, with("iss", "https://else")),
		"no issuer":               key.Sign(t, with("iss", nil)),
		"wrong audience":          key.Sign(t, with("aud", "else")),
		"no audience":             key.Sign(t, with("aud", nil)),
		"an endless organization": key.Sign(t, with("org", strings.Repeat("o", 256))),
		"another's signature":     stranger.Sign(t, good),
		"PS256":                   pss.Sign(t, good),
		"RS512":                   rs512.Sign(t, good),
		"ES384":                   curve.Sign(t, good),
		"alg none":                encode(`{"alg":"none","kid":"first"}`) + "." + parts[1] + ".",
		"alg none with signature": encode(`{"alg":"none","kid":"first"}`) + "." + parts[1] + "." + parts[2],
		"HS256 by the public key": hs256(t, key, parts[1], false),
		"HS256 by the PEM":        hs256(t, key, parts[1], true),
		"critical header":         encode(`{"alg":"RS256","kid":"first","crit":["exp"],"exp":1}`) + "." + parts[1] + "." + parts[2],
		"changed payload":         parts[0] + "." + encode(`{"exp":9999999999,"org":"o","role":"owner","iss":"https://issuer","aud":"gateway"}`) + "." + parts[2],
		"no signature":            parts[0] + "." + parts[1] + ".",
		"two parts":               parts[0] + "." + parts[1],
		"four parts":              signed + ".x",
		"no JSON":                 encode("x") + "." + encode("y") + "." + parts[2],
		"no base64":               "===.===.===",
		"nothing but dots":        "..",
		"oversized":               signed + strings.Repeat("A", 8<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actor, err := call(a, bearer(token))
			assert.Nil(t, actor)
			assert.Equal(t, fault.Unauthorized, fault.CodeOf(err), "%v", err)
			assert.Equal(t, "a valid credential is required", fault.From(err).Message(), "the answer must not say why")
		})
	}
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// hs256 signs with the public key as if it were a shared secret.
func hs256(t *testing.T, key authtest.Key, payload string, asPEM bool) string {
	t.Helper()
	secret, err := x509.MarshalPKIXPublicKey(key.Private.Public())
	require.NoError(t, err)
	if asPEM {
		secret = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: secret})
	}
	head := encode(`{"alg":"HS256","kid":"first"}`) + "." + payload
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(head))
	return head + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestTokenWithoutKeyID(t *testing.T) {
	t.Parallel()
	provider, key, a, _ := setup(t, jwa.ES256, nil)
	key.ID = ""
	_, err := call(a, bearer(key.Sign(t, authtest.Claims{"org": "o"})))
	require.NoError(t, err, "the only key that fits")

	provider.Publish(t, authtest.NewKey(t, "second", jwa.ES256))
	b, err := auth.New(auth.Config{JWKSURL: provider.URL}, modelstest.Open(t, modelstest.SQLite))
	require.NoError(t, err)
	_, err = call(b, bearer(key.Sign(t, authtest.Claims{"org": "o"})))
	assert.Equal(t, fault.Unauthorized, fault.CodeOf(err), "any of two keys could be meant")
}

func TestTokensNotConfigured(t *testing.T) {
	t.Parallel()
	_, key, a, _ := setup(t, jwa.EdDSA, func(c *auth.Config) { c.JWKSURL = "" })
	_, err := call(a, bearer(key.Sign(t, authtest.Claims{"org": "o", "role": "owner"})))
	assert.Equal(t, fault.Unauthorized, fault.CodeOf(err))
}
