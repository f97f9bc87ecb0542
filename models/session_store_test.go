package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func TestCreateAndLoadSession(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := &models.Session{
			OrganizationID: "org", Label: "Support", CreatedByUserID: "user_1", AutoRead: true, IsAdminSession: true,
			RatePerMin: 7, RatePerHour: 70, HistoryDays: 3, Enabled: true,
		}
		require.NoError(t, db.Sessions.Create(ctx, session))
		assert.Regexp(t, `^[0-9A-Z]{26}$`, session.ID)
		assert.Equal(t, models.SessionStopped, session.Status)
		assert.NotZero(t, session.CreatedAt)
		assert.Equal(t, session.CreatedAt, session.UpdatedAt)
		assert.False(t, session.Paired())

		loaded, err := db.Sessions.Get(ctx, "org", session.ID)
		require.NoError(t, err)
		assert.Equal(t, session, loaded)
		found, err := db.Sessions.Find(ctx, session.ID)
		require.NoError(t, err)
		assert.Equal(t, session, found)

		for name, load := range map[string]func() (*models.Session, error){
			"another organization": func() (*models.Session, error) { return db.Sessions.Get(ctx, "other", session.ID) },
			"unknown":              func() (*models.Session, error) { return db.Sessions.Get(ctx, "org", "nope") },
			"unknown anywhere":     func() (*models.Session, error) { return db.Sessions.Find(ctx, "nope") },
			"no organization":      func() (*models.Session, error) { return db.Sessions.Get(ctx, "", session.ID) },
		} {
			_, err := load()
			assert.Equal(t, fault.NotFound, fault.CodeOf(err), name)
			assert.Equal(t, "session not found", fault.From(err).Message(), name)
		}
		err = db.Sessions.Create(ctx, &models.Session{})
		assert.Equal(t, fault.Validation, fault.CodeOf(err))
	})
}

func TestChangeSession(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		bystander := modelstest.Session(t, db, "org")
		execute(t, db, "UPDATE sessions SET updated_at = 5")

		label, auto, zero := "New", true, 0
		got, err := db.Sessions.Update(ctx, session.ID, models.SessionPatch{Label: &label, AutoRead: &auto, RatePerMin: &zero})
		require.NoError(t, err)
		assert.Equal(t, "New", got.Label)
		assert.True(t, got.AutoRead)
		assert.Zero(t, got.RatePerMin)
		assert.Equal(t, 600, got.RatePerHour, "what is not given stays")
		assert.Greater(t, got.UpdatedAt, models.Millis(5))

		got, err = db.Sessions.SetPaired(ctx, session.ID, models.Pairing{
			DeviceJID: "628:3@s.whatsapp.net", WAJID: "628@s.whatsapp.net", WALID: "9@lid", PhoneNumber: "628", PushName: "Bob"})
		require.NoError(t, err)
		assert.True(t, got.Paired())
		assert.Equal(t, "9@lid", got.WALID)
		got, err = db.Sessions.SetPushName(ctx, session.ID, "Robert")
		require.NoError(t, err)
		assert.Equal(t, "Robert", got.PushName)
		got, err = db.Sessions.SetState(ctx, session.ID, models.SessionState{Status: models.SessionWorking, GatewayID: "gw", ConnectedAt: 99})
		require.NoError(t, err)
		assert.Equal(t, models.SessionWorking, got.Status)
		assert.Equal(t, models.Millis(99), got.LastConnectedAt)
		got, err = db.Sessions.SetState(ctx, session.ID, models.SessionState{Status: models.SessionFailed, Reason: models.ReasonLoggedOut})
		require.NoError(t, err)
		assert.Equal(t, models.ReasonLoggedOut, got.StatusReason)
		assert.Equal(t, models.Millis(99), got.LastConnectedAt, "0 leaves it")
		assert.Empty(t, got.GatewayID)
		got, err = db.Sessions.SetUnpaired(ctx, session.ID)
		require.NoError(t, err)
		assert.False(t, got.Paired())
		assert.Empty(t, got.PhoneNumber+got.WAJID+got.WALID+got.PushName)
		assert.Equal(t, models.SessionFailed, got.Status)

		stored, err := db.Sessions.Find(ctx, session.ID)
		require.NoError(t, err)
		assert.Equal(t, got, stored, "what is given back is what is stored")
		same, err := db.Sessions.Update(ctx, session.ID, models.SessionPatch{})
		require.NoError(t, err)
		assert.Equal(t, stored, same)

		untouched, err := db.Sessions.Find(ctx, bystander.ID)
		require.NoError(t, err)
		bystander.UpdatedAt = 5
		assert.Equal(t, bystander, untouched)
	})
}

func TestChangingAnUnknownSession(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		label := "x"
		errs := map[string]error{}
		_, errs["update"] = db.Sessions.Update(ctx, "nope", models.SessionPatch{Label: &label})
		_, errs["empty update"] = db.Sessions.Update(ctx, "nope", models.SessionPatch{})
		_, errs["state"] = db.Sessions.SetState(ctx, "nope", models.SessionState{Status: models.SessionFailed})
		_, errs["enabled"] = db.Sessions.SetEnabled(ctx, "nope", true)
		_, errs["paired"] = db.Sessions.SetPaired(ctx, "nope", models.Pairing{})
		_, errs["unpaired"] = db.Sessions.SetUnpaired(ctx, "nope")
		_, errs["push name"] = db.Sessions.SetPushName(ctx, "nope", "x")
		errs["proxy"] = db.Sessions.SetProxy(ctx, "nope", "socks5://x")
		errs["delete"] = db.Sessions.Delete(ctx, "nope")
		_, errs["people"] = db.Identities.Upsert(ctx, "nope", []models.Person{lid("1")})
		_, errs["group"] = db.Groups.Sync(ctx, "nope", groupOf("1@g.us", 2))
		_, errs["groups"] = db.Groups.RetainOnly(ctx, "nope", nil)
		for name, err := range errs {
			assert.Equal(t, fault.NotFound, fault.CodeOf(err), name)
			assert.Equal(t, "session not found", fault.From(err).Message(), name)
		}
	})
}

func TestListSessions(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		for range 5 {
			modelstest.Session(t, db, "org")
		}
		other := modelstest.Session(t, db, "other")

		mine := models.SessionFilter{OrganizationID: "org"}
		all, err := db.Sessions.List(ctx, mine, models.Page{})
		require.NoError(t, err)
		require.Len(t, all.Items, 5)
		paged := walk(t, 2, func(page models.Page) (models.List[models.Session], error) { return db.Sessions.List(ctx, mine, page) })
		assert.Equal(t, all.Items, paged)
		n, err := db.Sessions.Count(ctx, mine)
		require.NoError(t, err)
		assert.Equal(t, 5, n)

		everybody, err := db.Sessions.List(ctx, models.SessionFilter{}, models.Page{})
		require.NoError(t, err)
		assert.Len(t, everybody.Items, 6)
		one, err := db.Sessions.List(ctx, models.SessionFilter{OrganizationID: "org", SessionID: all.Items[2].ID}, models.Page{})
		require.NoError(t, err)
		require.Len(t, one.Items, 1)
		none, err := db.Sessions.List(ctx, models.SessionFilter{OrganizationID: "org", SessionID: other.ID}, models.Page{})
		require.NoError(t, err)
		assert.Empty(t, none.Items, "a scope does not reach another organization")

		first, err := db.Sessions.List(ctx, mine, models.Page{Limit: 1})
		require.NoError(t, err)
		for _, foreign := range []models.SessionFilter{{}, {OrganizationID: "other"}} {
			_, err = db.Sessions.List(ctx, foreign, models.Page{After: first.NextCursor()})
			requireInvalidCursor(t, err)
		}
		_, err = db.Sessions.List(ctx, mine, models.Page{After: "forged"})
		requireInvalidCursor(t, err)
	})
}

func TestListEnabled(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		on, off := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "other")
		for _, session := range []*models.Session{on, off} {
			got, err := db.Sessions.SetEnabled(ctx, session.ID, true)
			require.NoError(t, err)
			assert.True(t, got.Enabled)
		}
		_, err := db.Sessions.SetEnabled(ctx, off.ID, false)
		require.NoError(t, err)
		enabled, err := db.Sessions.ListEnabled(ctx)
		require.NoError(t, err)
		require.Len(t, enabled, 1)
		assert.Equal(t, on.ID, enabled[0].ID)
	})
}

func TestDeleteSessionWithEverythingBelow(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session, stays := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		for _, s := range []*models.Session{session, stays} {
			require.NoError(t, db.Sessions.SetProxy(ctx, s.ID, "socks5://proxy"))
			_, err := db.Groups.Sync(ctx, s.ID, groupOf("1@g.us", 3))
			require.NoError(t, err)
		}
		require.NoError(t, db.Sessions.Delete(ctx, session.ID))
		for table, left := range map[string]int{"sessions": 1, "session_proxies": 1, "identities": 3, "wa_groups": 1, "wa_group_members": 3} {
			assert.Equal(t, left, number(t, db, "SELECT COUNT(*) FROM "+table), table)
		}
		n, err := db.Groups.Count(ctx, stays.ID)
		require.NoError(t, err)
		assert.Equal(t, 1, n)

		execute(t, db, "DELETE FROM organizations")
		for _, table := range []string{"sessions", "identities", "wa_group_members"} {
			assert.Zero(t, number(t, db, "SELECT COUNT(*) FROM "+table), table)
		}
	})
}

func TestProxyIsEncrypted(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			ctx, url := t.Context(), modelstest.URL(t, dialect)
			db := modelstest.OpenURL(t, url)
			require.NoError(t, db.Migrate(ctx))
			session, other := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")

			none, err := db.Sessions.Proxy(ctx, session.ID)
			require.NoError(t, err)
			assert.Empty(t, none)
			const proxy = "socks5://user:hunter2@proxy.example:1080"
			require.NoError(t, db.Sessions.SetProxy(ctx, session.ID, "socks5://old"))
			require.NoError(t, db.Sessions.SetProxy(ctx, session.ID, proxy))
			got, err := db.Sessions.Proxy(ctx, session.ID)
			require.NoError(t, err)
			assert.Equal(t, proxy, got)

			pool, _ := db.WhatsmeowDB()
			var raw []byte
			require.NoError(t, pool.QueryRowContext(ctx, "SELECT sealed_url FROM session_proxies").Scan(&raw))
			assert.NotContains(t, string(raw), "hunter2")
			assert.NotContains(t, string(raw), "proxy.example")

			stranger := modelstest.OpenURL(t, url, func(cfg *models.Config) { cfg.Secret = []byte("another secret key of 32 bytes!!") })
			_, err = stranger.Sessions.Proxy(ctx, session.ID)
			require.ErrorIs(t, err, models.ErrSecret)
			assert.Equal(t, fault.Internal, fault.CodeOf(err))
			require.ErrorContains(t, err, session.ID, "the log says which")

			require.NoError(t, db.Sessions.SetProxy(ctx, other.ID, "socks5://x"))
			execute(t, db, "UPDATE session_proxies SET sealed_url = (SELECT sealed_url FROM session_proxies WHERE session_id = '"+session.ID+"')")
			_, err = db.Sessions.Proxy(ctx, other.ID)
			require.ErrorIs(t, err, models.ErrSecret, "a value copied to another session does not open")

			require.NoError(t, db.Sessions.SetProxy(ctx, session.ID, ""))
			got, err = db.Sessions.Proxy(ctx, session.ID)
			require.NoError(t, err)
			assert.Empty(t, got)
		})
	}
}
