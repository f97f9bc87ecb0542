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

func hook(t testing.TB, db *models.DB, organizationID string, changes ...func(*models.NewWebhook)) *models.Webhook {
	t.Helper()
	wanted := models.NewWebhook{OrganizationID: organizationID, URL: "https://example.com/hook"}
	for _, change := range changes {
		change(&wanted)
	}
	webhook, _, err := db.Webhooks.Create(t.Context(), wanted)
	require.NoError(t, err)
	return webhook
}

func TestWebhookDefaultsAndRoundTrip(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		webhook, secret, err := db.Webhooks.Create(ctx, models.NewWebhook{OrganizationID: "org", URL: "https://example.com/hook", Position: 7})
		require.NoError(t, err)
		assert.Regexp(t, `^wh_[0-9A-Z]{26}$`, webhook.ID)
		assert.Regexp(t, `^whsec_[0-9A-Za-z+/]{43}=$`, secret)
		assert.Equal(t, models.EventChoice{"*"}, webhook.Events)
		assert.Equal(t, models.RetryPolicy{Policy: models.RetryExponential, Attempts: 15, DelaySeconds: 2}, webhook.RetryPolicy)
		assert.True(t, webhook.Active)
		assert.EqualValues(t, 7, webhook.Position)
		assert.Equal(t, map[string]string{}, webhook.CustomHeaders)

		session := modelstest.Session(t, db, "org")
		full, _, err := db.Webhooks.Create(ctx, models.NewWebhook{
			OrganizationID: "org", SessionID: session.ID, URL: "http://example.com", Events: []string{"message", "poll.vote", "message"},
			CustomHeaders: map[string]string{"X-Tenant": "acme", "Authorization": "Bearer t0k3n"}, Inactive: true,
			RetryPolicy: models.RetryPolicyPatch{Policy: new("linear"), Attempts: new(50), DelaySeconds: new(3600)},
		})
		require.NoError(t, err)
		stored, err := db.Webhooks.Get(ctx, "org", full.ID)
		require.NoError(t, err)
		assert.Equal(t, full, stored)
		assert.Equal(t, models.EventChoice{"message", "poll.vote"}, stored.Events)
		assert.Equal(t, models.InactiveByCaller, stored.InactiveReason)
		assert.True(t, stored.Wants(session.ID, "message"))
		assert.False(t, stored.Wants(session.ID, "call"))
		assert.False(t, stored.Wants("another", "message"))

		none := hook(t, db, "org", func(w *models.NewWebhook) { w.Events = []string{} })
		assert.Equal(t, models.EventChoice{}, none.Events)
		assert.False(t, none.Wants(session.ID, "message"))

		page, err := db.Webhooks.List(ctx, "org", models.Page{Limit: 2})
		require.NoError(t, err)
		require.Len(t, page.Items, 2)
		assert.Equal(t, *webhook, page.Items[0])
		rest, err := db.Webhooks.List(ctx, "org", models.Page{After: page.NextCursor()})
		require.NoError(t, err)
		require.Len(t, rest.Items, 1)
		assert.Equal(t, none.ID, rest.Items[0].ID)
		assert.False(t, rest.HasNext)
		n, err := db.Webhooks.Count(ctx, "org")
		require.NoError(t, err)
		assert.Equal(t, 3, n)
		_, err = db.Webhooks.List(ctx, "other", models.Page{After: page.NextCursor()})
		assert.Equal(t, fault.ReasonInvalidCursor, fault.From(err).Reason())
	})
}

func TestWebhookIsSealedAtRest(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		_, _, err := db.Webhooks.Create(t.Context(), models.NewWebhook{
			OrganizationID: "org", URL: "https://example.com", Secret: "a secret of sixteen", CustomHeaders: map[string]string{"Authorization": "Bearer t0k3n"},
		})
		require.NoError(t, err)
		pool, _ := db.WhatsmeowDB()
		for _, column := range []string{"webhooks.sealed_headers", "webhook_secrets.sealed_secret"} {
			table, name, _ := strings.Cut(column, ".")
			var sealed []byte
			require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT "+name+" FROM "+table).Scan(&sealed))
			assert.NotContains(t, string(sealed), "t0k3n")
			assert.NotContains(t, string(sealed), "sixteen")
			assert.NotEmpty(t, sealed)
		}
	})
}

func TestWebhooksAreTheOrganizations(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		mine := hook(t, db, "org")
		theirs := modelstest.Session(t, db, "other")
		_, err := db.Webhooks.Get(ctx, "other", mine.ID)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
		_, err = db.Webhooks.Update(ctx, "other", mine.ID, models.WebhookPatch{URL: new("https://evil.example")})
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
		_, err = db.Webhooks.RotateSecret(ctx, "other", mine.ID, "")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
		assert.Equal(t, fault.NotFound, fault.CodeOf(db.Webhooks.Delete(ctx, "other", mine.ID)))
		_, err = db.Webhooks.Update(ctx, "org", mine.ID, models.WebhookPatch{SessionID: &theirs.ID})
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
		_, _, err = db.Webhooks.Create(ctx, models.NewWebhook{OrganizationID: "org", URL: "https://example.com", SessionID: theirs.ID})
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))

		stored, err := db.Webhooks.Get(ctx, "org", mine.ID)
		require.NoError(t, err)
		assert.Equal(t, mine, stored, "nothing has changed")
		require.NoError(t, db.Webhooks.Delete(ctx, "org", mine.ID))
		assert.Equal(t, fault.NotFound, fault.CodeOf(db.Webhooks.Delete(ctx, "org", mine.ID)))
	})
}

func TestUpdateWebhook(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		before := hook(t, db, "org", func(w *models.NewWebhook) { w.CustomHeaders = map[string]string{"X-A": "1"} })
		after, err := db.Webhooks.Update(ctx, "org", before.ID, models.WebhookPatch{
			URL: new("http://example.org"), SessionID: &session.ID, Events: &[]string{"call"}, CustomHeaders: &map[string]string{"X-B": "2"},
			RetryPolicy: models.RetryPolicyPatch{Attempts: new(3)}, Active: new(false),
		})
		require.NoError(t, err)
		assert.Equal(t, "http://example.org", after.URL)
		assert.Equal(t, session.ID, after.SessionID)
		assert.Equal(t, models.EventChoice{"call"}, after.Events)
		assert.Equal(t, map[string]string{"X-B": "2"}, after.CustomHeaders)
		assert.Equal(t, models.RetryPolicy{Policy: models.RetryExponential, Attempts: 3, DelaySeconds: 2}, after.RetryPolicy)
		assert.False(t, after.Active)
		assert.Greater(t, after.Revision, before.Revision)
		stored, err := db.Webhooks.Get(ctx, "org", before.ID)
		require.NoError(t, err)
		assert.Equal(t, after, stored)

		active, err := db.Webhooks.Update(ctx, "org", before.ID, models.WebhookPatch{Active: new(true), SessionID: new("")})
		require.NoError(t, err)
		assert.True(t, active.Active)
		assert.Empty(t, active.InactiveReason)
		assert.Empty(t, active.SessionID)
		assert.Equal(t, after.URL, active.URL)

		require.NoError(t, db.Webhooks.Deactivate(ctx, before.ID, models.InactiveGone))
		gone, err := db.Webhooks.Find(ctx, before.ID)
		require.NoError(t, err)
		assert.Equal(t, models.InactiveGone, gone.InactiveReason)
		assert.False(t, gone.Active)
	})
}

func TestWebhookInputIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	many := map[string]string{}
	for i := range 33 {
		many["X-"+strings.Repeat("a", i+1)] = "v"
	}
	headers := func(name, value string) func(*models.NewWebhook) {
		return func(w *models.NewWebhook) { w.CustomHeaders = map[string]string{name: value} }
	}
	cases := map[string]struct {
		change func(*models.NewWebhook)
		field  string
	}{
		"no organization":  {func(w *models.NewWebhook) { w.OrganizationID = "" }, "organizationId"},
		"no URL":           {func(w *models.NewWebhook) { w.URL = "" }, "url"},
		"long URL":         {func(w *models.NewWebhook) { w.URL = "https://" + long }, "url"},
		"unknown event":    {func(w *models.NewWebhook) { w.Events = []string{"message", "nope"} }, "events[1]"},
		"unknown beside *": {func(w *models.NewWebhook) { w.Events = []string{"*", "nope"} }, "events[1]"},
		"empty event":      {func(w *models.NewWebhook) { w.Events = []string{""} }, "events[0]"},
		"many events":      {func(w *models.NewWebhook) { w.Events = make([]string, 101) }, "events"},
		"unknown policy":   {func(w *models.NewWebhook) { w.RetryPolicy.Policy = new("never") }, "retryPolicy.policy"},
		"no attempts":      {func(w *models.NewWebhook) { w.RetryPolicy.Attempts = new(0) }, "retryPolicy.attempts"},
		"51 attempts":      {func(w *models.NewWebhook) { w.RetryPolicy.Attempts = new(51) }, "retryPolicy.attempts"},
		"no delay":         {func(w *models.NewWebhook) { w.RetryPolicy.DelaySeconds = new(0) }, "retryPolicy.delaySeconds"},
		"long delay":       {func(w *models.NewWebhook) { w.RetryPolicy.DelaySeconds = new(3601) }, "retryPolicy.delaySeconds"},
		"short secret":     {func(w *models.NewWebhook) { w.Secret = "fifteen letters" }, "secret"},
		"long secret":      {func(w *models.NewWebhook) { w.Secret = long }, "secret"},
		"no base64":        {func(w *models.NewWebhook) { w.Secret = "whsec_not base64 at all!" }, "secret"},
		"short base64":     {func(w *models.NewWebhook) { w.Secret = "whsec_c2hvcnQ=" }, "secret"},
		"many headers":     {func(w *models.NewWebhook) { w.CustomHeaders = many }, "customHeaders"},
		"headers too large": {func(w *models.NewWebhook) {
			w.CustomHeaders = map[string]string{"A": long[:4000], "B": long[:4000], "C": long[:400]}
		}, "customHeaders"},
		"a header twice":    {func(w *models.NewWebhook) { w.CustomHeaders = map[string]string{"X-A": "1", "x-a": "2"} }, "customHeaders"},
		"empty name":        {headers("", "v"), "customHeaders"},
		"newline in name":   {headers("X-A\r\nHost", "v"), "customHeaders"},
		"newline in value":  {headers("X-A", "v\r\nHost: evil"), "customHeaders"},
		"NUL in value":      {headers("X-A", "v\x00"), "customHeaders"},
		"invalid UTF-8":     {headers("X-A", "\xff"), "customHeaders"},
		"long value":        {headers("X-A", long), "customHeaders"},
		"space in name":     {headers("X A", "v"), "customHeaders"},
		"colon in name":     {headers("X:A", "v"), "customHeaders"},
		"other script":      {headers("X-Ä", "v"), "customHeaders"},
		"Host":              {headers("Host", "evil"), "customHeaders"},
		"Content-Length":    {headers("Content-Length", "0"), "customHeaders"},
		"Transfer-Encoding": {headers("transfer-encoding", "chunked"), "customHeaders"},
		"Connection":        {headers("CONNECTION", "close"), "customHeaders"},
		"signature":         {headers("Webhook-Signature", "v1,x"), "customHeaders"},
		"proxy":             {headers("Proxy-Authorization", "x"), "customHeaders"},
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for name, test := range cases {
			wanted := models.NewWebhook{OrganizationID: "org", URL: "https://example.com/hook"}
			test.change(&wanted)
			_, secret, err := db.Webhooks.Create(t.Context(), wanted)
			assert.Equal(t, fault.Validation, fault.CodeOf(err), name)
			assert.Equal(t, test.field, fault.From(err).Details()["field"], name)
			assert.Empty(t, secret, name)
		}
		n, err := db.Webhooks.Count(t.Context(), "org")
		require.NoError(t, err)
		assert.Zero(t, n)

		webhook := hook(t, db, "org")
		for name, patch := range map[string]models.WebhookPatch{
			"url": {URL: new("")}, "events": {Events: &[]string{"x"}}, "secret": {Secret: new("short")},
			"headers": {CustomHeaders: &map[string]string{"Host": "x"}}, "policy": {RetryPolicy: models.RetryPolicyPatch{Policy: new("")}},
		} {
			_, err := db.Webhooks.Update(t.Context(), "org", webhook.ID, patch)
			assert.Equal(t, fault.Validation, fault.CodeOf(err), name)
		}
		stored, err := db.Webhooks.Get(t.Context(), "org", webhook.ID)
		require.NoError(t, err)
		assert.Equal(t, webhook, stored, "a refused change changes nothing")
	})
}

func TestSecretRotationOverlaps(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		webhook, first, err := db.Webhooks.Create(ctx, models.NewWebhook{OrganizationID: "org", URL: "https://example.com"})
		require.NoError(t, err)
		secrets, until, err := db.Webhooks.Secrets(ctx, webhook.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{first}, secrets)
		assert.Zero(t, until)

		second, err := db.Webhooks.RotateSecret(ctx, "org", webhook.ID, "")
		require.NoError(t, err)
		assert.NotEqual(t, first, second)
		secrets, until, err = db.Webhooks.Secrets(ctx, webhook.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{second, first}, secrets)
		assert.WithinDuration(t, time.Now().Add(models.SecretOverlap), until.Time(), time.Minute)

		_, err = db.Webhooks.Update(ctx, "org", webhook.ID, models.WebhookPatch{Secret: new("a third one, given")})
		require.NoError(t, err)
		secrets, _, err = db.Webhooks.Secrets(ctx, webhook.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{"a third one, given", second}, secrets)

		execute(t, db, "UPDATE webhook_secrets SET previous_until = 1")
		secrets, _, err = db.Webhooks.Secrets(ctx, webhook.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{"a third one, given"}, secrets)

		_, _, err = db.Webhooks.Secrets(ctx, "wh_none")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	keys, err := models.SigningKeys("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	require.Len(t, keys, 1)
	assert.Len(t, keys[0], 24)
	keys, err = models.SigningKeys("secret", "not base64, 19 long")
	require.NoError(t, err)
	assert.Equal(t, [][]byte{[]byte("not base64, 19 long")}, keys)
	keys, err = models.SigningKeys("secret", "mysecretpassword")
	require.NoError(t, err)
	assert.Len(t, keys, 2, "the text itself, and what it is in base64")
}

func TestDeletingASessionDeletesItsWebhooks(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		own := hook(t, db, "org", func(w *models.NewWebhook) { w.SessionID = session.ID })
		all := hook(t, db, "org")
		require.NoError(t, db.Sessions.Delete(ctx, session.ID))
		_, err := db.Webhooks.Find(ctx, own.ID)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
		_, err = db.Webhooks.Find(ctx, all.ID)
		require.NoError(t, err)
	})
}

func TestOneProcessHoldsAWebhook(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		later := models.Now() + 60_000
		one := hook(t, db, "org")
		hook(t, db, "org", func(w *models.NewWebhook) { w.Inactive = true })
		claim := func(lease models.Lease) []string {
			webhooks, err := db.Webhooks.Claim(ctx, lease)
			require.NoError(t, err)
			ids := []string{}
			for _, w := range webhooks {
				assert.Equal(t, lease.Owner, w.LeaseOwner)
				ids = append(ids, w.ID)
			}
			return ids
		}
		assert.Equal(t, []string{one.ID}, claim(models.Lease{Owner: "gw_a/1", Until: later}), "the active one")
		assert.Equal(t, []string{one.ID}, claim(models.Lease{Owner: "gw_a/1", Until: later}), "kept")
		assert.Empty(t, claim(models.Lease{Owner: "gw_b/1", Family: "gw_b/", Until: later}))
		assert.Empty(t, claim(models.Lease{Owner: "gw_a/2", Until: later}))
		assert.Empty(t, claim(models.Lease{Owner: "gwXa/2", Family: "gwXa/", Until: later}), "an underscore is no wildcard")
		assert.Equal(t, []string{one.ID}, claim(models.Lease{Owner: "gw_a/2", Family: "gw_a/", Until: 1}), "an earlier run's")
		assert.Equal(t, []string{one.ID}, claim(models.Lease{Owner: "gw_b/1", Until: later}), "run out")

		require.NoError(t, db.Webhooks.Release(ctx, "gw_a/2"), "not the owner: changes nothing")
		assert.Empty(t, claim(models.Lease{Owner: "gw_a/3", Until: later}))
		require.NoError(t, db.Webhooks.Release(ctx, "gw_b/1", "wh_other"))
		assert.Empty(t, claim(models.Lease{Owner: "gw_a/3", Until: later}))
		require.NoError(t, db.Webhooks.Release(ctx, "gw_b/1", one.ID))
		assert.Equal(t, []string{one.ID}, claim(models.Lease{Owner: "gw_a/3", Until: later}))
	})
}

func TestWebhooksOfAnOrganizationAreBounded(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		hook(t, db, "org")
		copies := `INSERT INTO webhooks (id, organization_id, url, events, sealed_headers, retry_policy, retry_attempts, retry_delay_seconds, active, created_at, updated_at)
			SELECT w.id || n.n, w.organization_id, w.url, w.events, w.sealed_headers, w.retry_policy, 1, 1, w.active, 1, 1
			FROM webhooks w, (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 999) SELECT n FROM c) n`
		execute(t, db, copies)
		_, _, err := db.Webhooks.Create(t.Context(), models.NewWebhook{OrganizationID: "org", URL: "https://example.com"})
		assert.Equal(t, fault.Conflict, fault.CodeOf(err))
		hook(t, db, "another")
	})
}
