package models_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

func TestTicketIsGoodOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		_, err := db.Organizations.Ensure(t.Context(), "org", "")
		require.NoError(t, err)
		wanted := models.Ticket{
			OrganizationID: "org", SessionID: "s", Events: []models.EventName{models.EventMessage, models.EventMessageStatus},
			UserID: "u", APIKeyID: "key_1", CredentialExpiresAt: 7,
		}
		secret, expiresAt, err := db.Tickets.Create(t.Context(), wanted)
		require.NoError(t, err)
		assert.Regexp(t, `^rt_[A-Z2-7]{26}$`, secret)
		assert.Greater(t, expiresAt, models.Now())
		assert.LessOrEqual(t, expiresAt, models.Now()+60_000)

		var (
			group sync.WaitGroup
			taken atomic.Int32
		)
		for range 8 {
			group.Go(func() {
				got, err := db.Tickets.Use(t.Context(), secret)
				if err != nil {
					assert.True(t, fault.Is(err, fault.Unauthorized), "%v", err)
					return
				}
				taken.Add(1)
				wanted := wanted
				wanted.ExpiresAt = expiresAt
				assert.Equal(t, &wanted, got)
			})
		}
		group.Wait()
		assert.EqualValues(t, 1, taken.Load())
	})
}

func TestTicketsThatAreRefused(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		_, err := db.Organizations.Ensure(t.Context(), "org", "")
		require.NoError(t, err)
		late, _, err := db.Tickets.Create(t.Context(), models.Ticket{OrganizationID: "org"})
		require.NoError(t, err)
		later, _, err := db.Tickets.Create(t.Context(), models.Ticket{OrganizationID: "org"})
		require.NoError(t, err)
		pool, _ := db.WhatsmeowDB()
		_, err = pool.ExecContext(t.Context(), "UPDATE realtime_tickets SET expires_at = 1")
		require.NoError(t, err)
		for _, secret := range []string{"", "rt_", late, strings.Repeat("x", 29), "rt_" + strings.Repeat("A", 26)} {
			_, err := db.Tickets.Use(t.Context(), secret)
			assert.True(t, fault.Is(err, fault.Unauthorized), "%q: %v", secret, err)
		}
		_, _, err = db.Tickets.Create(t.Context(), models.Ticket{OrganizationID: "org"})
		require.NoError(t, err)
		var left int
		require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM realtime_tickets").Scan(&left))
		assert.Equal(t, 1, left, "the expired one is gone")
		_, err = db.Tickets.Use(t.Context(), later)
		assert.True(t, fault.Is(err, fault.Unauthorized), "%v", err)

		_, _, err = db.Tickets.Create(t.Context(), models.Ticket{})
		assert.True(t, fault.Is(err, fault.Validation), "%v", err)
	})
}
