package whatsapp_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/proto/waWeb"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

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

// allSynced waits until the gateway has told the phone of so many stored parts.
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
				w.until(func() bool { // the event comes with the last transaction
					sum := 0
					for _, part := range w.synced() {
						sum += part.Messages
					}
					return sum == 121
				})

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

// raw makes a message of the past out of what the phone itself would write.
func raw(chat types.JID, id string, fromMe bool, message *waE2E.Message, change func(*waWeb.WebMessageInfo)) wasim.HistoryMessage {
	info := &waWeb.WebMessageInfo{
		Key:              &waCommon.MessageKey{RemoteJID: proto.String(chat.String()), FromMe: proto.Bool(fromMe), ID: proto.String(id)},
		Message:          message,
		MessageTimestamp: proto.Uint64(uint64(time.Now().Add(-time.Hour).Unix())),
	}
	if change != nil {
		change(info)
	}
	return wasim.HistoryMessage{Raw: info}
}

// TestWhatHappenedInThePast: edits, votes, who has read what, who has which number,
// and a message that no database takes among others.
func TestWhatHappenedInThePast(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		own, alice := w.phone("Own"), w.phone("Alice")
		chat, when := alice.LID(), time.Now().Add(-time.Minute).Truncate(time.Second)
		text := func(s string) *waE2E.Message { return &waE2E.Message{Conversation: proto.String(s)} }
		vote := sha256.Sum256([]byte("sea"))
		stranger, number := types.NewJID("305000000000001", types.HiddenUserServer), types.NewJID("491600000001", types.DefaultUserServer)
		own.SetHistory(wasim.History{
			LIDs:      map[types.JID]types.JID{number: stranger},
			PushNames: map[types.JID]string{stranger: "Stranger"},
			Chats: []wasim.HistoryChat{{Chat: chat, Messages: []wasim.HistoryMessage{
				raw(chat, "EDIT", false, &waE2E.Message{EditedMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
					Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(), Key: &waCommon.MessageKey{ID: proto.String("EDITED")},
					EditedMessage: text("better"), TimestampMS: proto.Int64(when.UnixMilli()),
				}}}}, nil),
				raw(chat, "READ", true, text("have you seen it"), func(info *waWeb.WebMessageInfo) {
					info.Status = waWeb.WebMessageInfo_SERVER_ACK.Enum()
					info.UserReceipt = []*waWeb.UserReceipt{
						{UserJID: proto.String(alice.LID().String()), ReceiptTimestamp: proto.Int64(when.Unix() - 5), ReadTimestamp: proto.Int64(when.Unix())},
						{UserJID: proto.String("nonsense")},
					}
				}),
				raw(chat, "POLL", false, &waE2E.Message{PollCreationMessage: &waE2E.PollCreationMessage{
					Name: proto.String("Where?"), Options: []*waE2E.PollCreationMessage_Option{{OptionName: proto.String("sea")}, {OptionName: proto.String("hills")}},
				}}, func(info *waWeb.WebMessageInfo) {
					info.PollUpdates = []*waWeb.PollUpdate{{
						PollUpdateMessageKey: &waCommon.MessageKey{ID: proto.String("VOTE"), FromMe: proto.Bool(true)},
						Vote:                 &waE2E.PollVoteMessage{SelectedOptions: [][]byte{vote[:], []byte("short"), make([]byte, sha256.Size)}},
					}}
				}),
				raw(chat, "ODD", false, &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
					Mimetype: proto.String("image/png"), DirectPath: proto.String("/v/\x00"), MediaKey: make([]byte, 32), Caption: proto.String("odd"),
				}}, nil),
				raw(chat, "NUL\x00", false, text("no id"), nil),
				raw(chat, "EMPTY", false, nil, nil),
				raw(chat, "LAST", false, text("after all"), nil),
			}}},
		})
		session := w.linkWith(own, 30)
		w.allSynced(own, 2)
		got := map[string]models.Message{}
		for _, m := range w.messages(session, chat) {
			got[m.WAMessageID] = m
		}
		require.Len(t, got, 5, "%v", got)
		assert.Equal(t, "after all", got["LAST"].Body)
		edited := got["EDITED"]
		assert.Equal(t, "better", edited.Body)
		assert.True(t, edited.Edited)
		assert.Equal(t, models.MillisOf(when), edited.EditedAt)
		found, err := db.Messages.Search(t.Context(), session, "better", models.MessageFilter{}, models.Page{Limit: 5})
		require.NoError(t, err)
		assert.Len(t, found.Items, 1)

		read := got["READ"]
		assert.Equal(t, models.AckRead, read.AckLevel)
		receipts, err := db.Messages.ReceiptsByMessages(t.Context(), []int64{read.ID})
		require.NoError(t, err)
		require.Len(t, receipts[read.ID], 1)
		assert.Equal(t, models.MillisOf(when), receipts[read.ID][0].At)
		assert.Equal(t, alice.LID().String(), receipts[read.ID][0].Identity.LID)
		assert.Empty(t, w.events(models.EventMessageStatus))

		votes, err := db.Messages.VotesByMessages(t.Context(), []int64{got["POLL"].ID})
		require.NoError(t, err)
		require.Len(t, votes[got["POLL"].ID], 1)
		assert.Equal(t, []string{"sea"}, votes[got["POLL"].ID][0].Options)
		assert.Contains(t, []models.MessageType{models.MessageImage, models.MessageUnknown}, got["ODD"].Type)

		person, err := db.Identities.Get(t.Context(), session, number.String())
		require.NoError(t, err)
		assert.Equal(t, stranger.String(), person.LID)
		assert.Equal(t, "Stranger", person.PushName)
	})
}

// TestDamageEnds: a part that is damaged each time it comes is not asked for forever.
func TestDamageEnds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		own, alice := w.phone("Own"), w.phone("Alice")
		own.SetHistory(wasim.History{Upload: true, Chats: []wasim.HistoryChat{{Chat: alice.LID(), Messages: past(alice, 3)}}})
		w.fault(wasim.Fault{Kind: wasim.FaultHistoryCorrupt})
		session := w.linkWith(own, 30)
		pool, _ := db.WhatsmeowDB()
		number := func(where string) (n int) {
			require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM history_parts WHERE "+where).Scan(&n))
			return n
		}
		// Each part comes several times, and each time it is given has tries behind it.
		require.Eventually(t, func() bool {
			first := number("attempts = 1")
			return first > 1 && number("status = 'failed' AND attempts >= 6") == first
		}, 3*whatsapptest.Patience, 10*time.Millisecond)
		assert.Zero(t, number("status <> 'failed'"))
		w.srv.ClearFaults()
		assert.Equal(t, "still there", w.stored(session, w.say(alice, own.LID(), "still there")).Body)
	})
}

// TestThePastSurvivesADatabaseThatFails: nothing is left out because it could not be
// stored for a while.
func TestThePastSurvivesADatabaseThatFails(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db, func(c *whatsapp.Config) { c.Timing.MediaRetry = 300 * time.Millisecond })
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		pool, _ := db.WhatsmeowDB()
		exec(w, pool, "UPDATE sessions SET history_days = 30")
		exec(w, pool, "ALTER TABLE message_receipts RENAME TO receipts_away")
		exec(w, pool, "ALTER TABLE message_reactions RENAME TO reactions_away")
		messages := past(alice, 150)
		messages[100].Reactions = map[types.JID]string{own.LID(): "👍"}
		own.SetHistory(wasim.History{Upload: true, Chats: []wasim.HistoryChat{{Chat: alice.LID(), Messages: messages}}})
		require.NoError(t, own.SendHistory(t.Context()))
		require.Eventually(t, func() bool {
			var n int
			require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM history_parts WHERE attempts > 0").Scan(&n))
			return n > 0
		}, 3*whatsapptest.Patience, 5*time.Millisecond)
		exec(w, pool, "ALTER TABLE reactions_away RENAME TO message_reactions")
		exec(w, pool, "ALTER TABLE receipts_away RENAME TO message_receipts")
		require.Eventually(t, func() bool { return len(w.messages(session, alice.LID())) == 150 }, 3*whatsapptest.Patience, 10*time.Millisecond)
		for _, m := range w.messages(session, alice.LID()) {
			assert.Equal(t, models.MessageText, m.Type)
		}
	})
}

// TestFewPastsAtOnce: however many sessions are linked at the same time, two parts of
// the past are in memory.
func TestFewPastsAtOnce(t *testing.T) {
	t.Parallel()
	w := mediaWorld(t, modelstest.Open(t, modelstest.SQLite))
	w.fault(wasim.Fault{Kind: wasim.FaultMediaSlow, Delay: 10 * time.Millisecond})
	const accounts = 20
	phones, friend := make([]*wasim.Phone, accounts), w.phone("Friend")
	var linking sync.WaitGroup
	for i := range phones {
		phones[i] = w.phone("Own")
		phones[i].SetHistory(wasim.History{Upload: true, Chats: []wasim.HistoryChat{{Chat: friend.LID(), Messages: past(friend, 5)}}})
	}
	for _, phone := range phones {
		linking.Go(func() { w.linkWith(phone, 30) })
	}
	linking.Wait()
	for _, phone := range phones {
		w.allSynced(phone, 2)
	}
	assert.Equal(t, int64(2), w.srv.Stats().Downloads)
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
				require.Eventually(t, func() bool {
					told := 0
					for _, part := range w.synced() {
						told += part.Messages
					}
					return told == 300
				}, 3*whatsapptest.Patience, 10*time.Millisecond, "the events tell of each message once, however many tries there were")
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

// liveHeap is what is in use after everything else is collected, in bytes.
func liveHeap() int64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return int64(now.HeapAlloc)
}

// TestALargePast is not parallel, because it measures the memory of the process: a
// large part costs itself, its encoding on the way, and one group of messages.
func TestALargePast(t *testing.T) { //nolint:paralleltest // it measures the process's memory
	const count, spare = 1_500, 12 << 20
	w := mediaWorld(t, modelstest.Open(t, modelstest.SQLite))
	own, alice := w.phone("Own"), w.phone("Alice")
	session := w.linkWith(own, 30)
	w.sim.Wait(session, whatsapptest.Status(models.SessionWorking))
	large := past(alice, count)
	for i := range large {
		large[i].Text, large[i].Time = fmt.Sprint(i, strings.Repeat("-", 16_000)), time.Now().Add(-time.Hour)
	}
	own.SetHistory(wasim.History{Upload: true, ChunkMessages: count, Chats: []wasim.HistoryChat{{Chat: alice.LID(), Messages: large}}})
	decoded, encoded := sizeOfPast(t, large)

	before, most, n := liveHeap(), int64(0), 0
	require.NoError(t, own.SendHistory(t.Context()))
	pool, _ := w.db.WhatsmeowDB()
	began := time.Now()
	for look := time.NewTicker(50 * time.Millisecond); n < count && time.Since(began) < 4*whatsapptest.Patience; <-look.C {
		most = max(most, liveHeap()-before)
		require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM messages").Scan(&n))
	}
	require.Equal(t, count, n)
	t.Logf("%d messages in %v; %d MiB decoded from %d MiB, %d MiB at most", count, time.Since(began), decoded>>20, encoded>>20, most>>20)
	// The simulator packs the part in the same process.
	assert.Less(t, most, decoded+2*encoded+spare)
}

// sizeOfPast gives how large a part with these messages is, decoded and encoded.
func sizeOfPast(t *testing.T, messages []wasim.HistoryMessage) (decoded, encoded int64) {
	t.Helper()
	conversation := &waHistorySync.Conversation{ID: proto.String("1@lid")}
	for _, m := range messages {
		conversation.Messages = append(conversation.Messages, &waHistorySync.HistorySyncMsg{
			Message: raw(m.Sender, m.ID, false, &waE2E.Message{Conversation: proto.String(m.Text)}, nil).Raw,
		})
	}
	bytes, err := proto.Marshal(&waHistorySync.HistorySync{
		SyncType: waHistorySync.HistorySync_RECENT.Enum(), Conversations: []*waHistorySync.Conversation{conversation},
	})
	require.NoError(t, err)
	before := liveHeap()
	part := &waHistorySync.HistorySync{}
	require.NoError(t, proto.Unmarshal(bytes, part))
	decoded = liveHeap() - before
	runtime.KeepAlive(part)
	runtime.KeepAlive(bytes)
	return decoded, int64(len(bytes))
}
