package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// claimed gives a webhook whose lease "owner" holds.
func claimed(t testing.TB, db *models.DB) *models.Webhook {
	t.Helper()
	webhook := hook(t, db, "org")
	_, err := db.Webhooks.Claim(t.Context(), models.Lease{Owner: "owner", Until: models.Now() + 60_000})
	require.NoError(t, err)
	return webhook
}

func delivery(position int64, status models.DeliveryStatus) models.Delivery {
	return models.Delivery{
		EventID: fmt.Sprintf("evt_%03d", position), Event: "message", SessionID: "s", EventKey: fmt.Sprintf("chat%d", position%3),
		EventAt: models.Millis(1000 + position), Position: position, Status: status, Attempts: 1, ResponseStatus: 200,
		DurationMS: 12, FirstAttemptAt: 5, LastAttemptAt: 6,
	}
}

func commit(t testing.TB, db *models.DB, webhook *models.Webhook, position int64, deliveries ...models.Delivery) {
	t.Helper()
	require.NoError(t, db.Deliveries.Commit(t.Context(), models.Progress{
		WebhookID: webhook.ID, Owner: "owner", Position: position, Deliveries: deliveries,
	}))
}

func listed(t testing.TB, db *models.DB, webhook *models.Webhook, filter models.DeliveryFilter) []models.Delivery {
	t.Helper()
	list, err := db.Deliveries.List(t.Context(), webhook.ID, filter, models.Page{})
	require.NoError(t, err)
	n, err := db.Deliveries.Count(t.Context(), webhook.ID, filter)
	require.NoError(t, err)
	assert.Len(t, list.Items, n)
	return list.Items
}

func TestCommitStoresLedgerAndPositionTogether(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		webhook := claimed(t, db)
		first := delivery(3, models.DeliveryPending)
		first.Attempts, first.NextAttemptAt, first.Error, first.ResponseStatus = 2, 99, strings.Repeat("ü", 1000), 503
		commit(t, db, webhook, 3, first, delivery(2, models.DeliveryDelivered))
		got := listed(t, db, webhook, models.DeliveryFilter{})
		require.Len(t, got, 2)
		assert.Regexp(t, `^dlv_[0-9A-Z]{26}$`, got[0].ID)
		assert.LessOrEqual(t, len(got[0].Error), models.MaxDeliveryError)
		assert.Equal(t, strings.Repeat("ü", models.MaxDeliveryError/2), got[0].Error)
		want := first
		want.ID, want.WebhookID, want.Error = got[0].ID, webhook.ID, got[0].Error
		assert.Equal(t, want, got[0])
		stored, err := db.Webhooks.Find(t.Context(), webhook.ID)
		require.NoError(t, err)
		assert.EqualValues(t, 3, stored.Position)
		assert.Equal(t, webhook.Revision, stored.Revision)

		// The same event again changes its line; one that only waits keeps what came of it.
		waits := first
		waits.Status, waits.Attempts, waits.LastAttemptAt, waits.FirstAttemptAt, waits.Error, waits.ResponseStatus = models.DeliveryPending, 0, 0, 0, "", 0
		commit(t, db, webhook, 4, waits)
		again := listed(t, db, webhook, models.DeliveryFilter{})
		require.Len(t, again, 2)
		assert.Equal(t, got[0].ID, again[0].ID)
		assert.Zero(t, again[0].Attempts)
		assert.Equal(t, 503, again[0].ResponseStatus)
		assert.EqualValues(t, 5, again[0].FirstAttemptAt)
		assert.NotEmpty(t, again[0].Error)

		failing := models.Millis(77)
		require.NoError(t, db.Deliveries.Commit(t.Context(), models.Progress{WebhookID: webhook.ID, Owner: "owner", Position: 5, Failing: &failing}))
		stored, err = db.Webhooks.Find(t.Context(), webhook.ID)
		require.NoError(t, err)
		assert.EqualValues(t, 77, stored.FailingSince)
		require.NoError(t, db.Webhooks.NoteLost(t.Context(), webhook.ID, 9, 14))
		stored, err = db.Webhooks.Find(t.Context(), webhook.ID)
		require.NoError(t, err)
		assert.EqualValues(t, 9, stored.LostEvents)
		assert.EqualValues(t, 14, stored.Position)
		assert.NotZero(t, stored.LostAt)
	})
}

func TestCommitWithoutTheLeaseStoresNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		webhook := claimed(t, db)
		for name, p := range map[string]models.Progress{
			"another owner": {WebhookID: webhook.ID, Owner: "another", Position: 9, Deliveries: []models.Delivery{delivery(1, models.DeliveryDelivered)}},
			"no webhook":    {WebhookID: "wh_none", Owner: "owner", Position: 9},
		} {
			assert.ErrorIs(t, db.Deliveries.Commit(t.Context(), p), models.ErrLeaseLost, name)
		}
		assert.Empty(t, listed(t, db, webhook, models.DeliveryFilter{}))
		stored, err := db.Webhooks.Find(t.Context(), webhook.ID)
		require.NoError(t, err)
		assert.Zero(t, stored.Position)
	})
}

func TestLedgerIsListedNewestFirst(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		webhook := claimed(t, db)
		statuses := []models.DeliveryStatus{models.DeliveryPending, models.DeliveryDelivered, models.DeliveryFailed, models.DeliverySkipped}
		var rows []models.Delivery
		for i := range int64(20) {
			rows = append(rows, delivery(i+1, statuses[i%4]))
		}
		commit(t, db, webhook, 20, rows...)
		for _, filter := range []models.DeliveryFilter{{}, {Status: models.DeliveryPending}, {Status: models.DeliveryFailed}, {Status: models.DeliverySkipped}} {
			all := listed(t, db, webhook, filter)
			var paged []models.Delivery
			page := models.Page{Limit: 3}
			for {
				list, err := db.Deliveries.List(ctx, webhook.ID, filter, page)
				require.NoError(t, err)
				paged = append(paged, list.Items...)
				if !list.HasNext {
					break
				}
				page.After = list.NextCursor()
			}
			assert.Equal(t, all, paged)
			for i, d := range paged {
				assert.True(t, filter.Status == "" || d.Status == filter.Status)
				assert.True(t, i == 0 || d.Position < paged[i-1].Position)
			}
		}
		first, err := db.Deliveries.List(ctx, webhook.ID, models.DeliveryFilter{}, models.Page{Limit: 1})
		require.NoError(t, err)
		_, err = db.Deliveries.List(ctx, hook(t, db, "org").ID, models.DeliveryFilter{}, models.Page{After: first.NextCursor()})
		assert.Equal(t, fault.ReasonInvalidCursor, fault.From(err).Reason(), "of another webhook")
		_, err = db.Deliveries.List(ctx, webhook.ID, models.DeliveryFilter{Status: "nope"}, models.Page{})
		assert.Equal(t, "status", fault.From(err).Details()["field"])

		one, err := db.Deliveries.Get(ctx, webhook.ID, first.Items[0].ID)
		require.NoError(t, err)
		assert.Equal(t, first.Items[0], *one)
		_, err = db.Deliveries.Get(ctx, "wh_other", one.ID)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}

func TestWhatWaitsIsFoundByLane(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		webhook := claimed(t, db)
		var rows []models.Delivery
		for _, position := range []int64{9, 6, 3, 4, 7, 5} { // not in order
			rows = append(rows, delivery(position, models.DeliveryPending))
		}
		rows[2].NextAttemptAt = 500
		rows = append(rows, delivery(12, models.DeliveryFailed), delivery(1, models.DeliveryDelivered))
		commit(t, db, webhook, 5, rows...)
		lanes, err := db.Deliveries.PendingLanes(ctx, webhook.ID)
		require.NoError(t, err)
		assert.Equal(t, []models.PendingLane{
			{Lane: models.Lane{SessionID: "s", EventKey: "chat0"}, Count: 3, DueAt: 500},
			{Lane: models.Lane{SessionID: "s", EventKey: "chat1"}, Count: 2},
			{Lane: models.Lane{SessionID: "s", EventKey: "chat2"}, Count: 1},
		}, lanes)
		waiting, err := db.Deliveries.Pending(ctx, webhook.ID, lanes[0].Lane, 2)
		require.NoError(t, err)
		require.Len(t, waiting, 2)
		assert.EqualValues(t, 3, waiting[0].Position)
		assert.EqualValues(t, 6, waiting[1].Position)

		ahead, err := db.Deliveries.Ahead(ctx, webhook.ID, 5, 3)
		require.NoError(t, err)
		assert.Equal(t, []string{"evt_006", "evt_007", "evt_009"}, ahead)
	})
}

func TestRedeliverQueuesAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		webhook := claimed(t, db)
		var rows []models.Delivery
		for i := range int64(10) {
			rows = append(rows, delivery(i+1, models.DeliveryFailed))
		}
		rows = append(rows, delivery(11, models.DeliveryDelivered))
		commit(t, db, webhook, 20, rows...)
		newest := listed(t, db, webhook, models.DeliveryFilter{})[0]
		queued, err := db.Deliveries.Redeliver(ctx, webhook, newest.ID)
		require.NoError(t, err)
		assert.Equal(t, models.DeliveryPending, queued.Status)
		assert.Zero(t, queued.Attempts)
		stored, err := db.Webhooks.Find(ctx, webhook.ID)
		require.NoError(t, err)
		assert.Greater(t, stored.Revision, webhook.Revision, "whoever delivers must hear of it")
		assert.Equal(t, webhook.UpdatedAt, stored.UpdatedAt, "the webhook itself did not change")
		_, err = db.Deliveries.Redeliver(ctx, webhook, "dlv_none")
		assert.Equal(t, fault.NotFound, fault.CodeOf(err))
		_, err = db.Deliveries.Redeliver(ctx, hook(t, db, "org"), newest.ID)
		assert.Equal(t, fault.NotFound, fault.CodeOf(err), "another webhook's")

		n, err := db.Deliveries.RedeliverFailed(ctx, webhook, models.Replay{Position: 2, UntilPosition: 8, FromAt: 1004, UntilAt: 1007})
		require.NoError(t, err)
		assert.Equal(t, 4, n, "positions 4 to 7")
		n, err = db.Deliveries.RedeliverFailed(ctx, webhook, models.Replay{UntilPosition: 100})
		require.NoError(t, err)
		assert.Equal(t, 6, n, "the rest")
		assert.Len(t, listed(t, db, webhook, models.DeliveryFilter{Status: models.DeliveryPending}), 11)
	})
}

func TestReplaysEndWhenTheyAreDone(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		webhook := claimed(t, db)
		made, err := db.Deliveries.AddReplay(ctx, webhook, models.Replay{Position: 1, UntilPosition: 10, FromAt: 3, UntilAt: 4})
		require.NoError(t, err)
		step := func(to int64) []models.Replay {
			part := *made
			part.Position = to
			require.NoError(t, db.Deliveries.Commit(ctx, models.Progress{WebhookID: webhook.ID, Owner: "owner", Replay: &part}))
			left, err := db.Deliveries.Replays(ctx, webhook.ID)
			require.NoError(t, err)
			return left
		}
		left := step(5)
		require.Len(t, left, 1)
		assert.EqualValues(t, 5, left[0].Position)
		assert.EqualValues(t, 3, left[0].FromAt)
		assert.Empty(t, step(10))
	})
}

func TestPruneKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		webhook := claimed(t, db)
		old := ulid.MustNew(ulid.Timestamp(time.Now().Add(-8*24*time.Hour)), ulid.DefaultEntropy())
		var rows []models.Delivery
		for i := range int64(7) {
			d := delivery(i+1, models.DeliveryDelivered)
			if i < 5 {
				d.ID = fmt.Sprintf("dlv_%s%d", old.String()[:25], i)
			}
			if i == 0 {
				d.Status = models.DeliveryPending
			}
			rows = append(rows, d)
		}
		commit(t, db, webhook, 9, rows...)
		before := time.Now().Add(-models.DeliveryRetention)
		for _, want := range []int{3, 1, 0} {
			n, err := db.Deliveries.Prune(ctx, before, 3)
			require.NoError(t, err)
			assert.Equal(t, want, n)
		}
		var left []int64
		for _, d := range listed(t, db, webhook, models.DeliveryFilter{}) {
			left = append(left, d.Position)
		}
		assert.Equal(t, []int64{7, 6, 1}, left)

		require.NoError(t, db.Webhooks.Delete(ctx, "org", webhook.ID))
		assert.Empty(t, listed(t, db, webhook, models.DeliveryFilter{}), "the ledger goes with the webhook")
	})
}

func TestLedgersOfSeveralWebhooks(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, first := t.Context(), claimed(t, db)
		commit(t, db, first, 5, delivery(3, models.DeliveryFailed), delivery(4, models.DeliveryDelivered), delivery(5, models.DeliveryDelivered))
		second, empty := claimed(t, db), hook(t, db, "org")
		commit(t, db, second, 1, delivery(1, models.DeliveryDelivered))
		ids := []string{first.ID, second.ID, empty.ID}
		for _, filter := range []models.DeliveryFilter{{}, {Status: models.DeliveryDelivered}} {
			lists, err := db.Deliveries.ListByWebhooks(ctx, ids, filter, 2)
			require.NoError(t, err)
			counts, err := db.Deliveries.CountByWebhooks(ctx, ids, filter)
			require.NoError(t, err)
			for _, id := range ids {
				one, err := db.Deliveries.List(ctx, id, filter, models.Page{Limit: 2})
				require.NoError(t, err)
				assert.Equal(t, one.Items, lists[id].Items)
				assert.Equal(t, one.NextCursor(), lists[id].NextCursor())
				n, err := db.Deliveries.Count(ctx, id, filter)
				require.NoError(t, err)
				assert.Equal(t, n, counts[id])
			}
		}
		_, err := db.Deliveries.ListByWebhooks(ctx, ids, models.DeliveryFilter{Status: "x"}, 2)
		require.Error(t, err)
	})
}
