package models_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// TestCallsInAnyOrder: whatever happens to a call, in whatever order and however
// often it is heard, the call ends the same, and what is told makes sense.
func TestCallsInAnyOrder(t *testing.T) {
	t.Parallel()
	const offer, accept, reject, terminate = models.CallOffer, models.CallAccept, models.CallReject, models.CallTerminate
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		for name, c := range map[string]struct {
			heard []models.CallAction
			told  []models.CallAction
			ends  models.CallStatus
		}{
			"rings":            {[]models.CallAction{offer, offer}, []models.CallAction{offer}, models.CallRinging},
			"missed":           {[]models.CallAction{offer, terminate, offer, terminate}, []models.CallAction{offer, terminate}, models.CallMissed},
			"missed backwards": {[]models.CallAction{terminate, offer}, []models.CallAction{terminate}, models.CallMissed},
			"accepted":         {[]models.CallAction{offer, accept, offer, accept}, []models.CallAction{offer, accept}, models.CallAccepted},
			"accept first":     {[]models.CallAction{accept, offer}, []models.CallAction{accept}, models.CallAccepted},
			"ended":            {[]models.CallAction{offer, accept, terminate, accept, terminate}, []models.CallAction{offer, accept, terminate}, models.CallEnded},
			"ended backwards":  {[]models.CallAction{terminate, accept, offer}, []models.CallAction{terminate}, models.CallEnded},
			"rejected":         {[]models.CallAction{offer, reject, terminate, reject}, []models.CallAction{offer, reject}, models.CallRejected},
			"reject last":      {[]models.CallAction{terminate, reject}, []models.CallAction{terminate}, models.CallRejected},
		} {
			var call *models.Call
			for i, action := range c.heard {
				news := models.CallNews{CallID: name, Caller: models.Person{LID: aliceLID, PhoneJID: alicePhone}, Action: action, At: models.Millis(1000 + i)}
				news.Video = action == offer
				var err error
				call, err = db.Calls.Heard(ctx, session.ID, news)
				require.NoError(t, err, name)
				stored, err := db.Calls.Get(ctx, session.ID, name)
				require.NoError(t, err, name)
				assert.Equal(t, stored, call, "what Heard gives is what is stored")
			}
			assert.Equal(t, c.ends, call.Status, name)
			assert.Equal(t, c.ends.Over(), call.EndedAt != 0, name)
			assert.Equal(t, []any{alicePhone, aliceLID}, []any{call.FromJID, call.FromLID}, name)
			events, err := db.Outbox.Next(ctx, 1000)
			require.NoError(t, err)
			var told []models.CallAction
			for _, e := range events {
				var payload contract.Call
				if e.Name == models.EventCall && json.Unmarshal(e.Payload, &payload) == nil && payload.CallID == name {
					told = append(told, models.CallAction(payload.Action))
					assert.Equal(t, alicePhone, payload.FromJID)
					assert.Equal(t, alicePhone, e.Key)
				}
			}
			assert.Equal(t, c.told, told, name)
		}
		_, err := db.Calls.Heard(ctx, "none", models.CallNews{CallID: "x", Caller: lid("1"), Action: offer, At: 1})
		assert.True(t, fault.Is(err, fault.NotFound), err)
		_, err = db.Calls.Get(ctx, session.ID, "none")
		assert.True(t, fault.Is(err, fault.NotFound), err)
	})
}

// TestCallsKeepWhatIsKnown: the end of a call that comes first is completed by its
// beginning.
func TestCallsKeepWhatIsKnown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		heard := func(news models.CallNews) *models.Call {
			news.CallID, news.Caller = "C", models.Person{LID: aliceLID}
			call, err := db.Calls.Heard(ctx, session.ID, news)
			require.NoError(t, err)
			return call
		}
		call := heard(models.CallNews{Action: models.CallTerminate, At: 9000})
		assert.Equal(t, []any{false, "", models.Millis(9000), models.Millis(9000)}, []any{call.Video, call.GroupJID, call.StartedAt, call.EndedAt})
		call = heard(models.CallNews{Action: models.CallOffer, At: 5000, Video: true, GroupJID: teamJID})
		want := []any{true, teamJID, models.Millis(5000), models.Millis(9000), models.CallMissed}
		assert.Equal(t, want, []any{call.Video, call.GroupJID, call.StartedAt, call.EndedAt, call.Status})
		call = heard(models.CallNews{Action: models.CallTerminate, At: 9500})
		assert.Equal(t, want, []any{call.Video, call.GroupJID, call.StartedAt, call.EndedAt, call.Status})
	})
}

func TestCallsAreListed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session, other := t.Context(), modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		ring := func(session, id string, from models.Person, at models.Millis, actions ...models.CallAction) {
			for _, action := range append([]models.CallAction{models.CallOffer}, actions...) {
				_, err := db.Calls.Heard(ctx, session, models.CallNews{CallID: id, Caller: from, Action: action, At: at})
				require.NoError(t, err)
			}
		}
		bob := phone("4917000000002")
		ring(session.ID, "1", lid("205227043110953"), 3000)
		ring(session.ID, "2", bob, 1000, models.CallReject)
		ring(session.ID, "3", bob, 2000, models.CallTerminate)
		ring(session.ID, "4", bob, 2000)
		ring(other.ID, "1", bob, 1)
		for name, c := range map[string]struct {
			filter models.CallFilter
			want   []string
		}{
			"all":      {models.CallFilter{}, []string{"1", "4", "3", "2"}},
			"ringing":  {models.CallFilter{Status: models.CallRinging}, []string{"1", "4"}},
			"person":   {models.CallFilter{From: bob.PhoneJID}, []string{"4", "3", "2"}},
			"both":     {models.CallFilter{From: bob.PhoneJID, Status: models.CallMissed}, []string{"3"}},
			"somebody": {models.CallFilter{From: "1@lid"}, nil},
		} {
			calls := walk(t, 2, func(page models.Page) (models.List[models.Call], error) {
				return db.Calls.List(ctx, session.ID, c.filter, page)
			})
			var got []string
			for _, call := range calls {
				got = append(got, call.CallID)
			}
			assert.Equal(t, c.want, got, name)
			counts, err := db.Calls.CountBySessions(ctx, []string{session.ID}, c.filter)
			require.NoError(t, err)
			assert.Equal(t, len(c.want), counts[session.ID], name)
		}
		_, err := db.Calls.List(ctx, session.ID, models.CallFilter{}, models.Page{After: "x"})
		requireInvalidCursor(t, err)

		// The number turns out to be a LID's: the calls stay, of one person.
		_, err = db.Identities.Upsert(ctx, session.ID, []models.Person{both("205227043110953", "4917000000002")})
		require.NoError(t, err)
		list, err := db.Calls.List(ctx, session.ID, models.CallFilter{From: "205227043110953@lid"}, models.Page{})
		require.NoError(t, err)
		assert.Len(t, list.Items, 4)
		for _, call := range list.Items {
			assert.Equal(t, []string{bob.PhoneJID, "205227043110953@lid"}, []string{call.FromJID, call.FromLID})
		}
	})
}

func TestStoriesAreListed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		const day = 24 * 3600 * 1000
		now := models.Now()
		post := func(id, chat string, age models.Millis, change func(*models.NewMessage)) {
			m := models.NewMessage{
				Chat: models.ChatAddress{Type: models.ChatBroadcast, JID: chat}, Sender: models.Person{LID: aliceLID, PhoneJID: alicePhone},
				WAMessageID: id, Type: models.MessageText, Body: id, Timestamp: now - age, AckLevel: models.AckDelivered,
			}
			if change != nil {
				change(&m)
			}
			_, _, err := db.Messages.Receive(ctx, session.ID, m)
			require.NoError(t, err)
		}
		mine := func(m *models.NewMessage) { m.FromMe, m.Sender = true, lid("100000000000001") }
		post("old", models.StatusChat, day+1000, nil)
		post("late", models.StatusChat, day-60_000, nil)
		post("mine", models.StatusChat, 2000, mine)
		post("gone", models.StatusChat, 1500, nil)
		post("revoke", models.StatusChat, 1000, func(m *models.NewMessage) { m.Type, m.QuotedID = models.MessageRevoke, "gone" })
		post("new", models.StatusChat, 500, nil)
		post("list", "1234567890@broadcast", 10, nil)
		for from, want := range map[string][]string{
			"": {"new", "mine", "late"}, aliceLID: {"new", "late"}, alicePhone: {"new", "late"}, "100000000000001@lid": {"mine"}, "1@lid": nil,
		} {
			stories := walk(t, 2, func(page models.Page) (models.List[models.Message], error) {
				lists, err := db.Messages.ListStories(ctx, []string{session.ID}, from, page)
				return lists[session.ID], err
			})
			var got []string
			for _, story := range stories {
				got = append(got, story.WAMessageID)
			}
			assert.Equal(t, want, got, from)
			counts, err := db.Messages.CountStories(ctx, []string{session.ID}, from)
			require.NoError(t, err)
			assert.Equal(t, len(want), counts[session.ID], from)
		}
		found, err := db.Messages.StoriesByID(ctx, session.ID, []string{"new", "old", "list", "none", "revoke"})
		require.NoError(t, err)
		require.Len(t, found, 2)
		assert.Equal(t, []string{"old", "new"}, []string{found[0].WAMessageID, found[1].WAMessageID})
	})
}
