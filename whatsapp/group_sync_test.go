package whatsapp_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/wasim"
)

func TestGroupsAreReadOnConnect(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		jid, _, err := bert.CreateGroupFrom(w.Context(), wasim.GroupSpec{
			Subject: "Launch", Members: []types.JID{anna.JID(), carl.JID()}, Announce: true, Locked: true, ApprovalRequired: true,
			MemberAddMode: types.GroupMemberAddModeAdmin, Ephemeral: 86400, Addressing: mode,
		})
		require.NoError(w, err)
		require.NoError(w, bert.SetDescription(w.Context(), jid, "Coordination"))
		_, err = bert.Promote(w.Context(), jid, carl.JID())
		require.NoError(w, err)
		others := w.group(bert, mode, carl)

		session := w.link(anna)

		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })
		groups, err := w.db.Groups.List(w.Context(), session, models.Page{})
		require.NoError(w, err)
		assert.Len(w, groups.Items, 1, "and not %s, which Anna is not in", others)
		own, err := w.db.Identities.Get(w.Context(), session, anna.LID().String())
		require.NoError(w, err)
		assert.Equal(w, anna.JID().String(), own.PhoneJID)
	})
}

func TestManyGroupsAndALargeOneAreRead(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		anna := w.phone("Anna")
		people, jids := w.phones(1023)
		large, err := people[0].CreateGroup(w.Context(), "Everybody", append(jids[1:], anna.JID())...)
		require.NoError(w, err)
		for range 30 {
			w.group(people[1], types.AddressingModeLID, anna, people[2])
		}

		session := w.link(anna)

		w.eventually(slowly, func(t *recorder) {
			count, err := w.db.Groups.Count(w.Context(), session)
			fine(t, err)
			assert.Equal(t, 31, count)
		})
		w.isTrue(w, session, large)
		group, err := w.db.Groups.Get(w.Context(), session, large.String())
		require.NoError(w, err)
		assert.Equal(w, 1024, group.ParticipantCount)

		_, err = people[0].RemoveMembers(w.Context(), large, jids[500])
		require.NoError(w, err)
		w.soonTrue(session, large)
	})
}

func TestWhatHappenedWhileTheProcessWasDownIsCaughtUp(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		anna, bert, carl, dora := w.phone("Anna"), w.phone("Bert"), w.phone("Carl"), w.phone("Dora")
		kept, left := w.group(bert, mode, anna, carl), w.group(bert, mode, anna)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, kept); w.isTrue(t, session, left) })

		w.stop()
		require.NoError(w, bert.SetSubject(w.Context(), kept, "Renamed"))
		_, err := bert.AddMembers(w.Context(), kept, dora.JID())
		require.NoError(w, err)
		_, err = bert.RemoveMembers(w.Context(), kept, carl.JID())
		require.NoError(w, err)
		_, err = bert.RemoveMembers(w.Context(), left, anna.JID())
		require.NoError(w, err)
		joined := w.group(bert, mode, anna)
		w.start()

		w.eventually(slowly, func(t *recorder) {
			w.isTrue(t, session, kept)
			w.isTrue(t, session, joined)
			group, err := w.db.Groups.Get(w.Context(), session, left.String())
			if fine(t, err) {
				assert.NotZero(t, group.LeftAt)
			}
		})
	})
}

func TestAGroupThatIsNotKnownIsFetched(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		anna, bert := w.phone("Anna"), w.phone("Bert")
		known := w.group(bert, mode, anna)
		unknown := w.group(bert, mode)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, known) })

		// The newcomer hears of an addition to a group it has never heard of.
		_, err := bert.AddMembers(w.Context(), unknown, anna.JID())
		require.NoError(w, err)
		require.NoError(w, bert.SetSubject(w.Context(), unknown, "One"))
		require.NoError(w, bert.SetSubject(w.Context(), unknown, "Two"))

		w.soonTrue(session, unknown)
	})
}

// Whatever comes in between, what is stored ends up being what is true.
func TestManyChangesAtOnceEndInTheTruth(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		people, jids := w.phones(12)
		jid := w.group(bert, mode, anna)
		_, err := bert.Promote(ctx, jid, anna.JID())
		require.NoError(w, err)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		var all sync.WaitGroup
		all.Go(func() { // somebody else
			for i, who := range jids[:6] {
				_, err := bert.AddMembers(ctx, jid, who)
				fine(w, err)
				fine(w, bert.SetSubject(ctx, jid, fmt.Sprintf("Bert's %d", i)))
				if i%2 == 0 {
					_, err = bert.RemoveMembers(ctx, jid, who)
					fine(w, err)
				}
			}
		})
		all.Go(func() { // the gateway
			for i, who := range people[6:] {
				_, err := w.svc.AddGroupMembers(ctx, session, jid.String(), names(who))
				fine(w, err)
				if i%2 == 0 {
					_, err = w.svc.PromoteGroupMembers(ctx, session, jid.String(), names(who))
					fine(w, err)
				} else {
					_, err = w.svc.RemoveGroupMembers(ctx, session, jid.String(), names(who))
					fine(w, err)
				}
			}
		})
		all.Go(func() { // and what makes the gateway fetch the group meanwhile
			for i := range 6 {
				fine(w, bert.SetApprovalMode(ctx, jid, i%2 == 0))
			}
		})
		all.Wait()
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })
	})
}

func TestWhatHappensWhileTheSocketIsDownIsCaughtUp(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		jid := w.group(bert, mode, anna)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		for i := range 5 {
			require.NoError(w, w.srv.SetFault(wasim.Fault{Kind: wasim.FaultDropSocket, Phone: anna.Number()}))
			require.NoError(w, bert.SetSubject(ctx, jid, fmt.Sprintf("Title %d", i)))
			_, err := bert.AddMembers(ctx, jid, carl.JID())
			require.NoError(w, err)
			_, err = bert.RemoveMembers(ctx, jid, carl.JID())
			require.NoError(w, err)
		}
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })
	})
}

func TestWhatCannotBeStoredIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	eachFailing(t, func(w *world, failing *failingStore) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(bert, types.AddressingModeLID, anna)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		failing.begin()
		require.NoError(w, bert.SetSubject(ctx, jid, "Not to be lost"))
		<-failing.tried
		failing.end()

		require.NoError(w, w.srv.SetFault(wasim.Fault{Kind: wasim.FaultDropSocket, Phone: anna.Number()}))
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })
		// The simulator offers no signal for it.
		require.Eventually(w, func() bool { return w.srv.Stats().Redelivered > 0 }, slowly, time.Millisecond,
			"what is not stored is not acknowledged")
	})
}

func TestReadingGroupsIsTriedAgain(t *testing.T) {
	t.Parallel()
	eachFailing(t, func(w *world, failing *failingStore) {
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(bert, types.AddressingModeLID, anna)
		failing.begin()
		session := w.link(anna)
		<-failing.tried
		<-failing.tried
		failing.end()
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })
	})
}

// failingStore makes a database fail wherever groups are concerned.
type failingStore struct {
	t     *testing.T
	db    *models.DB
	tried chan struct{} // a token for each try while failing
	fails atomic.Bool
}

// eachFailing runs a test with a database that can be made to fail.
func eachFailing(t *testing.T, test func(w *world, failing *failingStore)) {
	t.Helper()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			failing := &failingStore{t: t, tried: make(chan struct{}, 100)}
			failing.db = modelstest.Open(t, dialect, func(cfg *models.Config) { cfg.StatementHook = failing.saw })
			test(newWorld(t, failing.db), failing)
		})
	}
}

func (f *failingStore) saw(sql string) {
	if f.fails.Load() && strings.Contains(sql, "wa_groups") {
		select {
		case f.tried <- struct{}{}:
		default:
		}
	}
}

func (f *failingStore) begin() {
	f.rename("wa_groups", "hidden_groups")
	f.fails.Store(true)
}

func (f *failingStore) end() {
	f.fails.Store(false)
	f.rename("hidden_groups", "wa_groups")
}

func (f *failingStore) rename(from, to string) {
	f.t.Helper()
	tables, _ := f.db.WhatsmeowDB()
	_, err := tables.ExecContext(f.t.Context(), "ALTER TABLE "+from+" RENAME TO "+to)
	require.NoError(f.t, err)
}
