package auth_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/auth"
	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// newKey stores an API key and gives it with its secret.
func newKey(t *testing.T, db *models.DB, change func(*models.NewAPIKey)) (*models.APIKey, string) {
	t.Helper()
	wanted := models.NewAPIKey{OrganizationID: "o", Name: "test", Capabilities: models.CapabilitySet{models.Read}}
	if change != nil {
		change(&wanted)
	}
	key, secret, err := db.APIKeys.Create(t.Context(), wanted)
	require.NoError(t, err)
	return key, secret
}

func keysOnly(t *testing.T) (*auth.Authenticator, *models.DB) {
	t.Helper()
	db := modelstest.Open(t, modelstest.SQLite)
	a, err := auth.New(auth.Config{}, db)
	require.NoError(t, err)
	return a, db
}

func TestAPIKey(t *testing.T) {
	t.Parallel()
	a, db := keysOnly(t)
	session := modelstest.Session(t, db, "o")
	key, secret := newKey(t, db, func(k *models.NewAPIKey) { k.SessionID = session.ID })
	for name, header := range map[string]http.Header{
		"bearer":                        bearer(secret),
		"bearer in lower case":          {"Authorization": {"bearer " + secret}},
		"x-api-key":                     {"X-Api-Key": {secret}},
		"x-api-key, blank bearer":       {"X-Api-Key": {secret}, "Authorization": {" "}},
		"bearer and an empty x-api-key": {"X-Api-Key": {""}, "Authorization": {"Bearer " + secret}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actor, err := call(a, header)
			require.NoError(t, err)
			assert.Equal(t, key.ID, actor.APIKey.ID)
			assert.Equal(t, "o", actor.OrganizationID)
			assert.Equal(t, session.ID, actor.SessionID)
			assert.Equal(t, models.CapabilitySet{models.Read}, actor.Capabilities)
			assert.Empty(t, actor.UserID)
		})
	}
}

func TestCredentialRefused(t *testing.T) {
	t.Parallel()
	a, db := keysOnly(t)
	_, secret := newKey(t, db, nil)
	revoked, revokedSecret := newKey(t, db, nil)
	_, err := db.APIKeys.Revoke(t.Context(), "o", revoked.ID)
	require.NoError(t, err)
	for name, header := range map[string]http.Header{
		"none":                 {},
		"two of one kind":      {"X-Api-Key": {secret, secret}},
		"two kinds":            {"X-Api-Key": {secret}, "Authorization": {"Bearer " + secret}},
		"two bearers":          {"Authorization": {"Bearer " + secret, "Bearer " + secret}},
		"basic":                {"Authorization": {"Basic " + secret}},
		"no scheme":            {"Authorization": {secret}},
		"a scheme only":        {"Authorization": {"Bearer"}},
		"two in one":           {"Authorization": {"Bearer " + secret + " " + secret}},
		"a list":               {"Authorization": {"Bearer " + secret + "," + secret}},
		"unknown":              {"X-Api-Key": {"wa_" + strings.Repeat("A", 43)}},
		"almost":               {"X-Api-Key": {secret[:len(secret)-1]}},
		"in capitals":          {"X-Api-Key": {strings.ToUpper(secret)}},
		"revoked":              {"X-Api-Key": {revokedSecret}},
		"oversized":            {"X-Api-Key": {"wa_" + strings.Repeat("A", 9000)}},
		"NUL":                  {"X-Api-Key": {"wa_\x00AAAAAAAAAAAA"}},
		"a token as x-api-key": {"X-Api-Key": {"a.b.c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actor, err := call(a, header)
			assert.Nil(t, actor)
			assert.Equal(t, fault.Unauthorized, fault.CodeOf(err), "%v", err)
		})
	}
}

func TestExpiredKey(t *testing.T) {
	t.Parallel()
	a, db := keysOnly(t)
	soon := models.Now() + 40
	_, secret := newKey(t, db, func(k *models.NewAPIKey) { k.ExpiresAt = soon })
	require.Eventually(t, func() bool { return models.Now() > soon }, 5e9, 5e6)
	_, err := call(a, bearer(secret))
	assert.Equal(t, fault.Unauthorized, fault.CodeOf(err))
}

func TestStillValid(t *testing.T) {
	t.Parallel()
	var time clock
	db := modelstest.Open(t, modelstest.SQLite)
	a, err := auth.New(auth.Config{Now: time.now}, db)
	require.NoError(t, err)
	_, secret := newKey(t, db, func(k *models.NewAPIKey) { k.ExpiresAt = models.Now() + 3600_000 })
	actor, err := call(a, bearer(secret))
	require.NoError(t, err)
	require.NoError(t, a.StillValid(t.Context(), actor))
	time.forward(2 * 3600 * 1e9)
	assert.Equal(t, fault.Unauthorized, fault.CodeOf(a.StillValid(t.Context(), actor)), "expired")
	time.forward(-2 * 3600 * 1e9)
	_, err = db.APIKeys.Revoke(t.Context(), "o", actor.APIKey.ID)
	require.NoError(t, err)
	assert.Equal(t, fault.Unauthorized, fault.CodeOf(a.StillValid(t.Context(), actor)), "revoked")
}

func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	db, err := models.Open(t.Context(), models.Config{DataDir: t.TempDir(), Secret: modelstest.Secret()})
	require.NoError(t, err)
	require.NoError(t, db.Migrate(t.Context()))
	a, err := auth.New(auth.Config{}, db)
	require.NoError(t, err)
	_, secret := newKey(t, db, nil)
	require.NoError(t, db.Close())
	_, err = call(a, bearer(secret))
	assert.Equal(t, fault.Unavailable, fault.CodeOf(err), "the key may be good")
}

func TestFromPayload(t *testing.T) {
	t.Parallel()
	a, db := keysOnly(t)
	_, secret := newKey(t, db, nil)
	for name, test := range map[string]struct {
		header  http.Header // of the upgrade
		payload map[string]any
		caller  bool
		refused bool
	}{
		"authorization":             {payload: map[string]any{"authorization": "Bearer " + secret}, caller: true},
		"x-api-key":                 {payload: map[string]any{"x-api-key": secret}, caller: true},
		"in any case":               {payload: map[string]any{"X-API-Key": secret}, caller: true},
		"by the upgrade":            {header: bearer(secret), payload: map[string]any{"x-api-key": ""}, caller: true},
		"wrong":                     {payload: map[string]any{"x-api-key": secret + "x"}, refused: true},
		"no text":                   {payload: map[string]any{"authorization": 7}, refused: true},
		"both":                      {payload: map[string]any{"authorization": "Bearer " + secret, "x-api-key": secret}, refused: true},
		"in two cases":              {payload: map[string]any{"X-API-KEY": secret, "x-api-key": secret}, refused: true},
		"by upgrade and by payload": {header: bearer(secret), payload: map[string]any{"x-api-key": secret}, refused: true},
		"nothing":                   {},
		"something else":            {payload: map[string]any{"token": secret}},
		"an empty one":              {payload: map[string]any{"x-api-key": "", "authorization": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var upgraded context.Context
			a.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { upgraded = r.Context() })). //nolint:fatcontext // what the middleware passes on
																	ServeHTTP(nil, (&http.Request{Header: test.header}).WithContext(t.Context()))
			ctx, err := a.FromPayload(upgraded, test.payload)
			if test.refused {
				require.Equal(t, fault.Unauthorized, fault.CodeOf(err), "%v", err)
				return
			}
			require.NoError(t, err)
			actor, err := auth.ActorFrom(ctx)
			assert.Equal(t, test.caller, err == nil && actor.OrganizationID == "o")
		})
	}
}

func FuzzCredential(f *testing.F) {
	for _, seed := range []string{"Bearer wa_abcdefgh", "bearer  x", "Bearer", " ", "Basic eDp5", "Bearer a.b.c", "Bearer \x00", "Bearer é"} {
		f.Add(seed, "")
		f.Add("", seed)
	}
	db, err := models.Open(f.Context(), models.Config{DataDir: f.TempDir(), Secret: modelstest.Secret()})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, db.Close()) })
	require.NoError(f, db.Migrate(f.Context()))
	a, err := auth.New(auth.Config{JWKSURL: "http://127.0.0.1:1/"}, db)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, authorization, apiKey string) {
		header := http.Header{}
		if authorization != "" {
			header.Set("Authorization", authorization)
		}
		if apiKey != "" {
			header.Set("X-Api-Key", apiKey)
		}
		actor, err := call(a, header)
		require.Nil(t, actor)
		// Unavailable is right for what looks like a token: no keys can be fetched.
		require.Contains(t, []fault.Code{fault.Unauthorized, fault.Unavailable}, fault.CodeOf(err))
	})
}
