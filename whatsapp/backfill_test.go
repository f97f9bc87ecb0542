package whatsapp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// ended waits for the end of a session's backfill.
func (w *world) ended(session string) (job *models.BackfillJob) {
	w.Helper()
	w.eventually(slowly, func(t *recorder) {
		var err error
		job, err = w.db.Backfills.Latest(w.Context(), session)
		if fine(t, err) {
			assert.NotZero(t, job.FinishedAt)
		}
	})
	return job
}

// A backfill brings back what was lost from the database, and counts it.
func TestBackfill(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		require.NoError(w, anna.SaveContact(ctx, carl.JID(), "Carl the plumber", "Carl"))
		team, pair := w.group(bert, mode, anna, carl), w.group(anna, mode, bert)
		session := w.link(anna)
		w.hasName(session, carl, "Carl the plumber", "")
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, team); w.isTrue(t, session, pair) })
		_, err := w.db.Backfills.Latest(ctx, session)
		is(w, err, fault.NotFound, "")

		for _, jid := range []types.JID{team, pair} {
			_, err = w.db.Groups.Sync(ctx, session, models.GroupSnapshot{JID: jid.String(), Members: []models.MemberSnapshot{}})
			require.NoError(w, err)
		}
		_, err = w.db.Identities.Upsert(ctx, session, []models.Person{{LID: carl.LID().String(), ContactName: "wrong"}})
		require.NoError(w, err)
		started, err := w.svc.StartBackfill(ctx, session)
		require.NoError(w, err)
		assert.Equal(w, models.BackfillRunning, started.Status)
		job := w.ended(session)
		assert.Equal(w, models.BackfillCompleted, job.Status, job.Error)
		assert.Equal(w, started.ID, job.ID)
		assert.Equal(w, []int{2, 5}, []int{job.Groups, job.GroupMembers})
		assert.Positive(w, job.Contacts)
		w.isTrue(w, session, team)
		w.isTrue(w, session, pair)
		w.hasName(session, carl, "Carl the plumber", "")

		_, err = w.svc.StartBackfill(ctx, w.stopped())
		is(w, err, fault.NotImplemented, fault.ReasonNotConnected)
		_, err = w.svc.StartBackfill(ctx, "none")
		is(w, err, fault.NotFound, "")
	})
}

// While one runs there is no other; one that its process or its connection did not
// outlive has failed, and the next may begin.
func TestBackfillsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna := w.phone("Anna")
		session := w.link(anna)
		w.hasName(session, anna, "", "Anna")
		slow := wasim.Fault{Kind: wasim.FaultSlow, Phone: anna.Number(), Delay: time.Hour}
		require.NoError(w, w.srv.SetFault(slow))
		first, err := w.svc.StartBackfill(ctx, session)
		require.NoError(w, err)
		_, err = w.svc.StartBackfill(ctx, session)
		is(w, err, fault.Conflict, "")
		_, err = w.svc.StopSession(ctx, session)
		require.NoError(w, err)
		job := w.ended(session)
		assert.Equal(w, first.ID, job.ID)
		assert.Equal(w, models.BackfillFailed, job.Status)
		assert.NotEmpty(w, job.Error)

		// The process ends in good order, and says so.
		w.srv.ClearFaults()
		_, err = w.svc.StartSession(ctx, session)
		require.NoError(w, err)
		w.sim.Wait(session, whatsapptest.Status(models.SessionWorking))
		require.NoError(w, w.srv.SetFault(slow))
		second, err := w.svc.StartBackfill(ctx, session)
		require.NoError(w, err)
		w.stop()
		w.srv.ClearFaults()
		job, err = w.db.Backfills.Latest(ctx, session)
		require.NoError(w, err)
		assert.Equal(w, second.ID, job.ID)
		assert.Equal(w, "failed interrupted", string(job.Status)+" "+job.Error)

		// The process dies: its job is still running in the database.
		died, err := w.db.Backfills.Start(ctx, session)
		require.NoError(w, err)
		w.start()
		job, err = w.db.Backfills.Latest(ctx, session)
		require.NoError(w, err)
		assert.Equal(w, died.ID, job.ID)
		assert.Equal(w, models.BackfillFailed, job.Status)
		assert.Equal(w, "interrupted", job.Error)
		assert.NotZero(w, job.FinishedAt)
	})
}
