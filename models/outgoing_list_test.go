package models_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// Sends are listed, the latest first, by how far they are, and counted alike.
func TestListsOfSends(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session, other := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		var all []string
		add := func(scheduledAt models.Millis) *models.Outgoing {
			wanted := intent(session, fmt.Sprint("M", len(all)), aliceJID)
			wanted.ScheduledAt = scheduledAt
			send, err := db.Outgoing.Create(t.Context(), wanted)
			require.NoError(t, err)
			all = append(all, send.ID)
			return send
		}
		_, err := db.Outgoing.Create(t.Context(), intent(other, "X", aliceJID))
		require.NoError(t, err)
		taken := func(level models.AckLevel) string {
			send, err := db.Outgoing.Sent(t.Context(), add(0), models.Now())
			require.NoError(t, err)
			if level > models.AckServer {
				alice := models.Person{PhoneJID: aliceJID}
				_, err := db.Messages.Acknowledge(t.Context(), session.ID, models.Receipt{
					Chat: models.ChatAddress{Type: models.ChatDM, Person: alice}, Participant: alice,
					WAMessageIDs: []string{send.WAMessageID()}, Level: level, At: models.Now(),
				})
				require.NoError(t, err)
			}
			return send.ID
		}
		queued, scheduled := add(0).ID, add(models.Now()+3_600_000).ID
		sent, delivered, read, played := taken(models.AckServer), taken(models.AckDelivered), taken(models.AckRead), taken(models.AckPlayed)
		failed := add(0)
		_, err = db.Outgoing.Failed(t.Context(), failed, models.FailureOf(fault.NotConnected()))
		require.NoError(t, err)
		for _, c := range []struct {
			filter models.OutgoingFilter
			want   []string
		}{
			{models.OutgoingFilter{}, all},
			{models.OutgoingFilter{State: "queued"}, []string{queued, scheduled}},
			{models.OutgoingFilter{State: "queued", Scheduled: new(false)}, []string{queued}},
			{models.OutgoingFilter{Scheduled: new(true)}, []string{scheduled}},
			{models.OutgoingFilter{Scheduled: new(false)}, slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == scheduled })},
			{models.OutgoingFilter{State: "sent"}, []string{sent}},
			{models.OutgoingFilter{State: "delivered"}, []string{delivered}},
			{models.OutgoingFilter{State: "read"}, []string{read, played}},
			{models.OutgoingFilter{State: "failed"}, []string{failed.ID}},
			{models.OutgoingFilter{State: "failed", Scheduled: new(true)}, nil},
		} {
			want := slices.Clone(c.want)
			slices.Reverse(want)
			for _, size := range []int{1, 3, 50} {
				var got []string
				for _, send := range walk(t, size, func(p models.Page) (models.List[models.Outgoing], error) {
					return db.Outgoing.List(t.Context(), session.ID, c.filter, p)
				}) {
					got = append(got, send.ID)
					require.NotNil(t, send.Message)
					assert.Equal(t, send.MessageID, send.Message.ID)
				}
				assert.Equal(t, want, got, "%+v", c.filter)
			}
			n, err := db.Outgoing.Count(t.Context(), session.ID, c.filter)
			require.NoError(t, err)
			assert.Equal(t, len(want), n)
		}
		list, err := db.Outgoing.List(t.Context(), other.ID, models.OutgoingFilter{}, models.Page{Limit: 1, After: "x"})
		assert.True(t, fault.Is(err, fault.Validation), "%v %v", list, err)
	})
}
