package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func newKey(organizationID string) models.NewAPIKey {
	return models.NewAPIKey{OrganizationID: organizationID, Name: "CI", Capabilities: models.CapabilitySet{models.Send, models.Read}, CreatedByUserID: "user_1"}
}

func TestAPIKeyIsShownOnceAndStoredAsAHash(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		key, secret, err := db.APIKeys.Create(ctx, newKey("org"))
		require.NoError(t, err)
		assert.Regexp(t, `^wa_[0-9A-Za-z]{43}$`, secret)
		assert.Regexp(t, `^key_[0-9A-Z]{26}$`, key.ID)
		assert.Equal(t, secret[:7], key.Prefix)
		assert.Equal(t, models.CapabilitySet{models.Read, models.Send}, key.Capabilities)
		assert.Equal(t, "CI", key.Name)

		// Nothing in the whole row holds the secret.
		pool, _ := db.WhatsmeowDB()
		rows, err := pool.QueryContext(ctx, "SELECT * FROM api_keys")
		require.NoError(t, err)
		defer func() { require.NoError(t, rows.Close()) }()
		columns, err := rows.Columns()
		require.NoError(t, err)
		require.True(t, rows.Next())
		raw := make([]any, len(columns))
		for i := range raw {
			raw[i] = new(string)
		}
		require.NoError(t, rows.Scan(raw...))
		for i, column := range columns {
			assert.NotContains(t, *raw[i].(*string), secret[len(key.Prefix):], column)
		}
		require.NoError(t, rows.Err())
	})
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		key, secret, err := db.APIKeys.Create(ctx, newKey("org"))
		require.NoError(t, err)
		got, err := db.APIKeys.Authenticate(ctx, secret)
		require.NoError(t, err)
		assert.Equal(t, key.ID, got.ID)
		assert.Equal(t, "org", got.OrganizationID)
		assert.Equal(t, key.Capabilities, got.Capabilities)

		soon := newKey("org")
		soon.ExpiresAt = models.Now() + 60_000
		expiring, expiringSecret, err := db.APIKeys.Create(ctx, soon)
		require.NoError(t, err)
		_, err = db.APIKeys.Authenticate(ctx, expiringSecret)
		require.NoError(t, err)
		execute(t, db, "UPDATE api_keys SET expires_at = 1 WHERE id = '"+expiring.ID+"'")

		revoked, revokedSecret, err := db.APIKeys.Create(ctx, newKey("org"))
		require.NoError(t, err)
		_, err = db.APIKeys.Revoke(ctx, "org", revoked.ID)
		require.NoError(t, err)

		for name, bad := range map[string]string{
			"unknown": "wa_" + strings.Repeat("x", 43), "empty": "", "another form": "Bearer x", "expired": expiringSecret,
			"revoked": revokedSecret, "another case": strings.ToUpper(secret), "the hash": "wa_", "with NUL": secret + "\x00", "long": "wa_" + strings.Repeat("x", 5000),
		} {
			_, err := db.APIKeys.Authenticate(ctx, bad)
			assert.Equal(t, fault.Unauthorized, fault.CodeOf(err), name)
			assert.Equal(t, "a valid credential is required", fault.From(err).Message(), name)
		}
	})
}

func TestLastUsedIsTouchedOnceAMinute(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			statements := modelstest.CountStatements()
			db := modelstest.Open(t, dialect, statements.Hook())
			ctx := t.Context()
			key, secret, err := db.APIKeys.Create(ctx, newKey("org"))
			require.NoError(t, err)
			require.Zero(t, key.LastUsedAt)
			use := func() (used *models.APIKey) {
				var err error
				used, err = db.APIKeys.Authenticate(ctx, secret)
				require.NoError(t, err)
				return used
			}
			var first *models.APIKey
			assert.Len(t, statements.During(func() { first = use() }), 2, "the look-up and the touch")
			assert.WithinDuration(t, time.Now(), first.LastUsedAt.Time(), 10*time.Second)

			assert.Len(t, statements.During(func() { use() }), 1, "the look-up alone")
			stored, err := db.APIKeys.Get(ctx, "org", key.ID)
			require.NoError(t, err)
			assert.Equal(t, first.LastUsedAt, stored.LastUsedAt)

			execute(t, db, "UPDATE api_keys SET last_used_at = last_used_at - 60000")
			assert.Len(t, statements.During(func() { use() }), 2)
			stored, err = db.APIKeys.Get(ctx, "org", key.ID)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, stored.LastUsedAt, first.LastUsedAt)
		})
	}
}

func TestCreateAPIKeyRefuses(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		theirs := modelstest.Session(t, db, "other")
		for name, test := range map[string]struct {
			change func(*models.NewAPIKey)
			code   fault.Code
			field  string
		}{
			"no organization":     {func(k *models.NewAPIKey) { k.OrganizationID = "" }, fault.Validation, "organizationId"},
			"no capability":       {func(k *models.NewAPIKey) { k.Capabilities = nil }, fault.Validation, "capabilities"},
			"super admin":         {func(k *models.NewAPIKey) { k.Capabilities = models.CapabilitySet{models.SuperAdmin} }, fault.Validation, "capabilities"},
			"unknown capability":  {func(k *models.NewAPIKey) { k.Capabilities = models.CapabilitySet{"root"} }, fault.Validation, "capabilities"},
			"past expiry":         {func(k *models.NewAPIKey) { k.ExpiresAt = 1 }, fault.Validation, "expiresAt"},
			"unknown session":     {func(k *models.NewAPIKey) { k.SessionID = "nope" }, fault.NotFound, ""},
			"another's session":   {func(k *models.NewAPIKey) { k.SessionID = theirs.ID }, fault.NotFound, ""},
			"the session's other": {func(k *models.NewAPIKey) { k.SessionID, k.OrganizationID = theirs.ID, "third" }, fault.NotFound, ""},
		} {
			wanted := newKey("org")
			test.change(&wanted)
			_, secret, err := db.APIKeys.Create(ctx, wanted)
			assert.Equal(t, test.code, fault.CodeOf(err), name)
			assert.Empty(t, secret, name)
			if test.field != "" {
				assert.Equal(t, test.field, fault.From(err).Details()["field"], name)
			}
		}
		for _, organization := range []string{"org", "other", "third"} {
			n, err := db.APIKeys.Count(ctx, organization)
			require.NoError(t, err)
			assert.Zero(t, n, "nothing is left behind")
		}
	})
}

func TestCreateWithSecret(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		first, err := db.APIKeys.CreateWithSecret(ctx, newKey("org"), "wa_demo-secret_1")
		require.NoError(t, err)
		assert.Equal(t, "wa_demo", first.Prefix)
		again, err := db.APIKeys.CreateWithSecret(ctx, newKey("org"), "wa_demo-secret_1")
		require.NoError(t, err)
		assert.Equal(t, first, again)
		n, err := db.APIKeys.Count(ctx, "org")
		require.NoError(t, err)
		assert.Equal(t, 1, n)

		_, err = db.APIKeys.CreateWithSecret(ctx, newKey("other"), "wa_demo-secret_1")
		assert.Equal(t, fault.Conflict, fault.CodeOf(err))
		got, err := db.APIKeys.Authenticate(ctx, "wa_demo-secret_1")
		require.NoError(t, err)
		assert.Equal(t, "org", got.OrganizationID)

		for _, bad := range []string{"", "wa_", "wa_short", "demo-secret_1", "wa_with space 1", "wa_" + strings.Repeat("x", 201), "wa_ümlaut-secret"} {
			_, err := db.APIKeys.CreateWithSecret(ctx, newKey("org"), bad)
			assert.Equal(t, fault.Validation, fault.CodeOf(err), "%q", bad)
		}
	})
}

func TestAPIKeysStayInTheirOrganization(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		key, secret, err := db.APIKeys.Create(ctx, newKey("org"))
		require.NoError(t, err)
		_, err = db.APIKeys.Get(ctx, "other", key.ID)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
		_, err = db.APIKeys.Revoke(ctx, "other", key.ID)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
		list, err := db.APIKeys.List(ctx, "other", models.Page{})
		require.NoError(t, err)
		assert.Empty(t, list.Items)
		_, err = db.APIKeys.Authenticate(ctx, secret)
		require.NoError(t, err, "nobody else could revoke it")

		revoked, err := db.APIKeys.Revoke(ctx, "org", key.ID)
		require.NoError(t, err)
		assert.NotZero(t, revoked.RevokedAt)
		again, err := db.APIKeys.Revoke(ctx, "org", key.ID)
		require.NoError(t, err)
		assert.Equal(t, revoked, again)
		_, err = db.APIKeys.Revoke(ctx, "org", "key_nope")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}

func TestListAPIKeysPages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		for range 5 {
			_, _, err := db.APIKeys.Create(ctx, newKey("org"))
			require.NoError(t, err)
		}
		_, _, err := db.APIKeys.Create(ctx, newKey("other"))
		require.NoError(t, err)
		all, err := db.APIKeys.List(ctx, "org", models.Page{})
		require.NoError(t, err)
		require.Len(t, all.Items, 5)
		paged := walk(t, 2, func(page models.Page) (models.List[models.APIKey], error) { return db.APIKeys.List(ctx, "org", page) })
		assert.Equal(t, all.Items, paged)

		foreign, err := db.APIKeys.List(ctx, "org", models.Page{Limit: 1})
		require.NoError(t, err)
		_, err = db.APIKeys.List(ctx, "other", models.Page{After: foreign.NextCursor()})
		requireInvalidCursor(t, err)
	})
}

func TestDeletingASessionRevokesItsKeys(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		scoped := newKey("org")
		scoped.SessionID = session.ID
		key, secret, err := db.APIKeys.Create(ctx, scoped)
		require.NoError(t, err)
		assert.Equal(t, session.ID, key.SessionID)
		_, wide, err := db.APIKeys.Create(ctx, newKey("org"))
		require.NoError(t, err)

		require.NoError(t, db.Sessions.Delete(ctx, session.ID))
		_, err = db.APIKeys.Authenticate(ctx, secret)
		assert.Equal(t, fault.Unauthorized, fault.CodeOf(err))
		_, err = db.APIKeys.Authenticate(ctx, wide)
		require.NoError(t, err)
	})
}
