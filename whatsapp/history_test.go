package whatsapp_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// linkWith links an account to a session that wants so many days of the past.
func (w *world) linkWith(phone *wasim.Phone, days int) (session string) {
	w.Helper()
	row, err := w.svc.CreateSession(w.Context(), whatsapp.NewSession{OrganizationID: whatsapptest.Organization, HistoryDays: &days})
	require.NoError(w, err)
	w.sim.Pair(row.ID, phone)
	return row.ID
}

// past makes messages of the last hours, the latest one last.
func past(from *wasim.Phone, n int) []wasim.HistoryMessage {
	messages := make([]wasim.HistoryMessage, n)
	for i := range n {
		messages[i] = wasim.HistoryMessage{
			ID: fmt.Sprintf("PAST%04d", i), Sender: from.LID(), Text: fmt.Sprint("remember ", i), Time: time.Now().Add(time.Duration(i-n) * time.Minute),
		}
	}
	return messages
}

// synced gives the events of stored parts of the past.
func (w *world) synced() (parts []contract.HistorySynced) {
	w.Helper()
	for _, e := range w.events(models.EventHistorySynced) {
		var part contract.HistorySynced
		require.NoError(w, json.Unmarshal(e.Payload, &part))
		parts = append(parts, part)
	}
	return parts
}

// allSynced waits until the phone has told all of the past and it is stored.
func (w *world) allSynced(own *wasim.Phone, receipts int) {
	w.Helper()
	require.Eventually(w, func() bool {
		n := 0
		for _, r := range own.Receipts() {
			if r.Type == types.ReceiptTypeHistorySync {
				n++
			}
		}
		return n >= receipts
	}, 3*whatsapptest.Patience, 10*time.Millisecond)
}

func TestThePastIsStored(t *testing.T) {
	t.Parallel()
	for name, upload := range map[string]bool{"inline": false, "uploaded": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				w := mediaWorld(t, db)
				own, alice, bob := w.phone("Own"), w.phone("Alice"), w.phone("Bob")
				team := w.group(alice, types.AddressingModeLID, own, bob)
				messages := past(alice, 120)
				messages[7].Starred, messages[8].FromMe = true, true
				messages[9].Reactions = map[types.JID]string{own.LID(): "👍"}
				old := wasim.HistoryMessage{ID: "OLD", Text: "long ago", Time: time.Now().AddDate(0, 0, -40)}
				own.SetHistory(wasim.History{Upload: upload, Chats: []wasim.HistoryChat{
					{Chat: alice.LID(), Unread: 3, Archived: true, Messages: append([]wasim.HistoryMessage{old}, messages...)},
					{Chat: team, PinnedAt: time.Now(), MutedUntil: time.Now().Add(time.Hour), Messages: []wasim.HistoryMessage{
						{ID: "INTEAM", Sender: bob.LID(), Text: "hello team", Time: time.Now().Add(-time.Hour)},
					}},
				}})
				session := w.linkWith(own, 30)
				require.Eventually(t, func() bool { return len(w.messages(session, alice.LID())) == 120 }, 3*whatsapptest.Patience, 10*time.Millisecond)
				stored := w.messages(session, alice.LID())
				assert.Equal(t, "remember 0", stored[0].Body)
				assert.Equal(t, "remember 119", stored[119].Body)
				assert.True(t, stored[7].Starred)
				assert.True(t, stored[8].FromMe)
				assert.Equal(t, alice.LID().String(), stored[6].SenderLID)
				reactions, err := db.Messages.ReactionsByMessages(t.Context(), []int64{stored[9].ID})
				require.NoError(t, err)
				assert.Len(t, reactions[stored[9].ID], 1)
				require.Eventually(t, func() bool { return len(w.messages(session, team)) == 1 }, whatsapptest.Patience, 10*time.Millisecond)
				w.allSynced(own, 1)
				chat, err := db.Chats.Get(t.Context(), session, alice.LID().String())
				require.NoError(t, err)
				assert.True(t, chat.Archived)
				assert.Equal(t, 3, chat.UnreadCount)
				chat, err = db.Chats.Get(t.Context(), session, team.String())
				require.NoError(t, err)
				assert.True(t, chat.Pinned)
				assert.NotZero(t, chat.MutedUntil)
				assert.Empty(t, w.events(models.EventMessage), "the past makes no event of a message")
				sum := 0
				for _, part := range w.synced() {
					sum += part.Messages
				}
				assert.Equal(t, 121, sum)

				before := len(w.synced())
				require.NoError(t, own.SendHistory(t.Context())) // all of it once more
				require.Eventually(t, func() bool { return len(w.synced()) > before }, whatsapptest.Patience, 10*time.Millisecond)
				assert.Len(t, w.messages(session, alice.LID()), 120)
			})
		})
	}
}

func TestThePastThatNobodyWants(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		own, alice := w.phone("Own"), w.phone("Alice")
		own.SetHistory(wasim.History{Chats: []wasim.HistoryChat{{Chat: alice.LID(), Archived: true, Messages: past(alice, 5)}}})
		session := w.link(own)
		w.allSynced(own, 1)
		require.Eventually(t, func() bool {
			chat, err := db.Chats.Get(t.Context(), session, alice.LID().String())
			return err == nil && chat.Archived
		}, whatsapptest.Patience, 10*time.Millisecond)
		assert.Empty(t, w.messages(session, alice.LID()))
	})
}

// What a process had begun the next one ends; what is damaged is given again.
func TestThePastSurvives(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]wasim.FaultKind{"a restart": "", "damage": wasim.FaultHistoryCorrupt, "a missing file": wasim.FaultHistoryMissing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				w := mediaWorld(t, db)
				own, alice := w.phone("Own"), w.phone("Alice")
				own.SetHistory(wasim.History{Upload: true, Chats: []wasim.HistoryChat{{Chat: alice.LID(), Messages: past(alice, 300)}}})
				if kind != "" {
					w.fault(wasim.Fault{Kind: kind, Count: 1})
				}
				session := w.linkWith(own, 30)
				if kind == "" {
					require.Eventually(t, func() bool { return len(w.messages(session, alice.LID())) > 0 }, whatsapptest.Patience, time.Millisecond)
					w.stop()
					w.start()
				}
				require.Eventually(t, func() bool { return len(w.messages(session, alice.LID())) == 300 }, 3*whatsapptest.Patience, 10*time.Millisecond)
			})
		})
	}
}

func TestOlderMessagesAreFetched(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		w.stored(session, w.say(alice, own.LID(), "now"))
		own.SetHistory(wasim.History{Live: true, Chats: []wasim.HistoryChat{{Chat: alice.LID(), Messages: past(alice, 30)}}})
		require.NoError(t, w.svc.FetchHistory(t.Context(), session, alice.LID().String(), 10))
		require.Eventually(t, func() bool { return len(w.messages(session, alice.LID())) == 11 }, whatsapptest.Patience, 10*time.Millisecond)
		assert.Equal(t, "remember 20", w.messages(session, alice.LID())[0].Body)
		is(t, w.svc.FetchHistory(t.Context(), session, alice.LID().String(), 51), fault.Validation, "")
		is(t, w.svc.FetchHistory(t.Context(), session, "nonsense", 1), fault.Validation, fault.ReasonInvalidJID)
		is(t, w.svc.FetchHistory(t.Context(), session, "491799999999@s.whatsapp.net", 1), fault.NotFound, "")
	})
}
