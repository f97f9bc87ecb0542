package models_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func TestOpenRefusesABadConfig(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]models.Config{
		"short secret":         {DataDir: t.TempDir(), Secret: []byte("short")},
		"nowhere":              {Secret: modelstest.Secret()},
		"unknown scheme":       {URL: "mysql://root:hunter2@localhost/x", Secret: modelstest.Secret()},
		"sqlite without path":  {URL: "sqlite:", Secret: modelstest.Secret()},
		"broken URL":           {URL: "postgres://u:hunter2@local host/%zz", Secret: modelstest.Secret()},
		"negative connections": {DataDir: t.TempDir(), Secret: modelstest.Secret(), MaxConns: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := models.Open(t.Context(), cfg)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "hunter2", "the password stays out of the message")
		})
	}
}

func TestOpenReportsAnUnreachableServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())

	_, err = models.Open(t.Context(), models.Config{URL: "postgres://u:hunter2@" + address + "/x?sslmode=disable", Secret: modelstest.Secret()})
	require.Error(t, err)
	assert.Equal(t, fault.Unavailable, fault.CodeOf(err), err)
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestPingGivesUpOnASilentServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never says a word
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = models.Open(ctx, models.Config{URL: "postgres://u@" + l.Addr().String() + "/x?sslmode=disable", Secret: modelstest.Secret()})
	assert.Equal(t, fault.Unavailable, fault.CodeOf(err), err)
}

func TestPingDoesNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		pool, _ := db.WhatsmeowDB()
		tx, err := pool.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		require.NoError(t, db.Ping(ctx))
		_, err = db.Sessions.List(ctx, models.SessionFilter{}, models.Page{})
		require.NoError(t, err, "reading does not wait either")
		require.NoError(t, tx.Rollback())
	})
}

func TestSQLiteBelongsToItsOwner(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "with a space? and 100%", "data")
	db, err := models.Open(t.Context(), models.Config{DataDir: folder, Secret: modelstest.Secret()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	modelstest.Session(t, db, "org")

	info, err := os.Stat(folder)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), file.Name())
	}
	assert.FileExists(t, filepath.Join(folder, "gateway.db"))
}

func TestDialectAndWhatsmeow(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		pool, dialect := db.WhatsmeowDB()
		assert.Equal(t, map[string]string{"sqlite": "sqlite3", "postgres": "postgres"}[db.Dialect()], dialect)
		var one int
		require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT 1").Scan(&one))
		_, err := pool.ExecContext(t.Context(), "CREATE TABLE whatsmeow_probe (id TEXT PRIMARY KEY)")
		require.NoError(t, err, "whatsmeow makes its own tables beside ours")
		require.NoError(t, db.Ping(t.Context()))
	})
}

func TestWhatsmeowWritesAreDurableAndReferenced(t *testing.T) {
	t.Parallel()
	pool, _ := modelstest.Open(t, modelstest.SQLite).WhatsmeowDB()
	for pragma, want := range map[string]string{"foreign_keys": "1", "synchronous": "2", "journal_mode": "wal"} {
		var got string
		require.NoError(t, pool.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		assert.Equal(t, want, got, pragma)
	}
}

func TestStoresReportAClosedDatabase(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, err := models.Open(t.Context(), models.Config{URL: modelstest.URL(t, dialect), Secret: modelstest.Secret()})
			require.NoError(t, err)
			require.NoError(t, db.Close())
			ctx := t.Context()

			calls := map[string]error{"ping": db.Ping(ctx)}
			_, calls["session"] = db.Sessions.Get(ctx, "org", "id")
			_, calls["sessions"] = db.Sessions.List(ctx, models.SessionFilter{}, models.Page{})
			_, calls["key"] = db.APIKeys.Authenticate(ctx, "wa_0123456789")
			_, calls["people"] = db.Identities.List(ctx, "id", models.ContactFilter{}, models.Page{})
			_, calls["groups"] = db.Groups.List(ctx, "id", models.Page{})
			_, calls["members"] = db.Members.List(ctx, 1, models.MemberFilter{}, models.Page{})
			_, calls["sync"] = db.Groups.Sync(ctx, "id", models.GroupSnapshot{JID: "1@g.us"})
			calls["delete"] = db.Sessions.Delete(ctx, "id")
			for call, err := range calls {
				assert.Equal(t, fault.Unavailable, fault.CodeOf(err), "%s: %v", call, err)
			}
		})
	}
}

func TestACancelledCallerIsNotADeadDatabase(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := db.Sessions.Get(ctx, "org", session.ID)
		require.ErrorIs(t, err, context.Canceled)
		assert.NotEqual(t, fault.Unavailable, fault.CodeOf(err))
		_, err = db.Members.List(ctx, 1, models.MemberFilter{}, models.Page{})
		require.ErrorIs(t, err, context.Canceled)
		_, err = db.Groups.Sync(ctx, session.ID, groupOf("1@g.us", 3))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, db.Sessions.SetProxy(ctx, session.ID, "socks5://proxy"), context.Canceled)

		_, err = db.Sessions.Get(t.Context(), "org", session.ID)
		require.NoError(t, err, "the next caller is served")
	})
}

// An application and whatsmeow write to one SQLite file through pools of their
// own; nobody may be turned away.
func TestWritersWaitForEachOther(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		session := modelstest.Session(t, db, "org")
		pool, _ := db.WhatsmeowDB()
		_, err := pool.ExecContext(ctx, "CREATE TABLE whatsmeow_probe (n INTEGER)")
		require.NoError(t, err)
		const writers, writes = 4, 10
		done := make(chan error, 2*writers)
		for w := range writers {
			go func() {
				var failed error
				for range writes {
					tx, err := pool.BeginTx(ctx, nil)
					if err != nil {
						failed = errors.Join(failed, err)
						continue
					}
					_, err = tx.ExecContext(ctx, "INSERT INTO whatsmeow_probe VALUES (1)")
					failed = errors.Join(failed, err, tx.Commit())
				}
				done <- failed
			}()
			go func() {
				var failed error
				for i := range writes {
					_, err := db.Groups.Sync(ctx, session.ID, groupOf(string(rune('a'+w))+"@g.us", i+1))
					failed = errors.Join(failed, err)
				}
				done <- failed
			}()
		}
		for range 2 * writers {
			require.NoError(t, <-done)
		}
		count, err := db.Groups.Count(ctx, session.ID)
		require.NoError(t, err)
		assert.Equal(t, writers, count)
	})
}

func TestLogsNeverHoldValues(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	db := modelstest.Open(t, modelstest.SQLite, func(cfg *models.Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	session := modelstest.Session(t, db, "org")
	_, err := db.Identities.Upsert(t.Context(), session.ID, []models.Person{{PhoneJID: "6281234567890@s.whatsapp.net", PushName: "Alice"}})
	require.NoError(t, err)
	assert.NotContains(t, log.String(), "6281234567890")
	assert.NotContains(t, log.String(), "Alice")
}

// A second process on the same data folder is a mistake, but not one that
// costs data.
func TestTwoGatewaysOnOneDatabase(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			ctx, url := t.Context(), modelstest.URL(t, dialect)
			gateways := []*models.DB{modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)}
			require.NoError(t, gateways[0].Migrate(ctx))
			session := modelstest.Session(t, gateways[0], "org")
			const callers = 4
			done := make(chan error, 2*callers)
			for i := range 2 * callers {
				go func() {
					var failed error
					for range 5 { // all store the same people
						_, err := gateways[i%2].Groups.Sync(ctx, session.ID, groupOf("1@g.us", 20))
						failed = errors.Join(failed, err)
						_, err = gateways[i%2].Identities.Upsert(ctx, session.ID, []models.Person{both("1", "6281"), phone("6282")})
						failed = errors.Join(failed, err)
					}
					done <- failed
				}()
			}
			for range 2 * callers {
				require.NoError(t, <-done)
			}
			for _, gateway := range gateways {
				n, err := gateway.Identities.Count(ctx, session.ID, models.ContactFilter{})
				require.NoError(t, err)
				assert.Equal(t, 22, n)
				group, err := gateway.Groups.Get(ctx, session.ID, "1@g.us")
				require.NoError(t, err)
				assert.Equal(t, 20, group.ParticipantCount)
			}
		})
	}
}

// The server restarts, or an administrator ends connections: callers are told
// that the database is away, at worst, and are served again without our help.
func TestStoresOutliveTheirConnections(t *testing.T) {
	t.Parallel()
	db := modelstest.Open(t, modelstest.Postgres)
	ctx := t.Context()
	session := modelstest.Session(t, db, "org")
	group, err := db.Groups.Sync(ctx, session.ID, groupOf("1@g.us", 1024))
	require.NoError(t, err)
	reading := make(chan struct{})
	done := make(chan error, 3)
	for range cap(done) {
		go func() {
			for {
				list, err := db.Members.List(ctx, group.ID, models.MemberFilter{}, models.Page{})
				switch {
				case err != nil && fault.CodeOf(err) != fault.Unavailable:
					done <- err
					return
				case err == nil && len(list.Items) != 1024:
					done <- errors.New("a part of the rows was given for the whole")
					return
				}
				select {
				case <-reading:
					done <- nil
					return
				default:
				}
			}
		}()
	}
	for range 20 {
		execute(t, db, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	}
	close(reading)
	for range cap(done) {
		require.NoError(t, <-done)
	}
	require.Eventually(t, func() bool {
		_, err := db.Sessions.Get(ctx, "org", session.ID)
		return err == nil
	}, 5*time.Second, time.Millisecond)
}
