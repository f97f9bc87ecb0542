package models_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
)

// intent is a send of a text to a person.
func intent(session *models.Session, id, to string) models.NewOutgoing {
	return models.NewOutgoing{
		SessionID: session.ID, OrganizationID: session.OrganizationID, Mode: models.SendSync, Recipient: to,
		Message: models.NewMessage{
			Chat:   models.ChatAddress{Type: models.ChatDM, Person: models.Person{PhoneJID: to}},
			Sender: models.Person{LID: "1@lid", PhoneJID: "49170@s.whatsapp.net"}, WAMessageID: id, FromMe: true,
			Type: models.MessageText, Body: "hello", AckLevel: models.AckPending, Timestamp: 1000, Raw: []byte("raw"),
		},
	}
}

const (
	aliceJID = "491701@s.whatsapp.net"
	bobJID   = "491702@s.whatsapp.net"
)

// statuses gives the message.status events in the outbox.
func statuses(t *testing.T, db *models.DB) (all []contract.MessageStatus) {
	t.Helper()
	events, err := db.Outbox.Next(t.Context(), 1000)
	require.NoError(t, err)
	for _, e := range events {
		if e.Name == models.EventMessageStatus {
			var status contract.MessageStatus
			require.NoError(t, json.Unmarshal(e.Payload, &status))
			all = append(all, status)
		}
	}
	return all
}

func TestASendIsResolvedOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		send, err := db.Outgoing.Create(t.Context(), intent(session, "A", aliceJID))
		require.NoError(t, err)
		assert.Equal(t, "queued", send.State())
		assert.Equal(t, aliceJID, send.Message.ChatJID)
		stored, err := db.Outgoing.Get(t.Context(), send.ID)
		require.NoError(t, err)
		assert.Equal(t, []byte("raw"), stored.Content)
		assert.Equal(t, send.Message, stored.Message)

		require.NoError(t, db.Outgoing.Attempted(t.Context(), send))
		sent, err := db.Outgoing.Sent(t.Context(), send, 5000)
		require.NoError(t, err)
		again, err := db.Outgoing.Get(t.Context(), send.ID)
		require.NoError(t, err)
		assert.Equal(t, 1, again.Attempts)
		sent.Attempts = again.Attempts
		sent.UpdatedAt = again.UpdatedAt
		assert.Equal(t, again, sent, "what is given is what is stored")
		assert.Equal(t, models.AckServer, sent.Message.AckLevel)
		assert.Equal(t, models.Millis(5000), sent.At())

		failed, err := db.Outgoing.Failed(t.Context(), send, models.FailureOf(fault.NotConnected()))
		require.NoError(t, err)
		assert.Equal(t, models.OutgoingSent, failed.Status, "sent stays sent")
		require.NoError(t, db.Outgoing.Attempted(t.Context(), send))
		again, err = db.Outgoing.Get(t.Context(), send.ID)
		require.NoError(t, err)
		assert.Equal(t, 1, again.Attempts, "a try is counted only while it is open")
		events := statuses(t, db)
		require.Len(t, events, 1)
		assert.Equal(t, contract.MessageStatus{
			AckLevel: 1, ChatJID: aliceJID, OutboxID: send.ID, Status: "sent", WAMessageID: "A",
		}, events[0])
	})
}

func TestAReceiptResolvesASendForGood(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		send, err := db.Outgoing.Create(t.Context(), intent(session, "A", aliceJID))
		require.NoError(t, err)
		done, err := db.Messages.Acknowledge(t.Context(), session.ID, models.Receipt{
			Chat:        models.ChatAddress{Type: models.ChatDM, Person: models.Person{PhoneJID: aliceJID}},
			Participant: models.Person{PhoneJID: aliceJID}, WAMessageIDs: []string{"A"}, Level: models.AckDelivered, At: 2000,
		})
		require.NoError(t, err)
		assert.Equal(t, []string{send.ID}, done.Resolved)
		sent, err := db.Outgoing.Sent(t.Context(), send, 5000)
		require.NoError(t, err)
		assert.Equal(t, models.AckDelivered, sent.Message.AckLevel)
		assert.Len(t, statuses(t, db), 1)
	})
}

func TestTheQueueSkipsChatsThatAreHeld(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session, other := modelstest.Session(t, db, "org"), modelstest.Session(t, db, "org")
		var sends []*models.Outgoing
		for i, to := range []string{aliceJID, bobJID, aliceJID, bobJID} {
			send, err := db.Outgoing.Create(t.Context(), intent(session, string(rune('A'+i)), to))
			require.NoError(t, err)
			sends = append(sends, send)
		}
		_, err := db.Outgoing.Create(t.Context(), intent(other, "A", aliceJID))
		require.NoError(t, err)
		queued := func(limit int, held ...int64) (ids []string) {
			rows, err := db.Outgoing.Queued(t.Context(), session.ID, held, limit)
			require.NoError(t, err)
			for _, row := range rows {
				ids = append(ids, row.WAMessageID())
			}
			return ids
		}
		assert.Equal(t, []string{"A", "B", "C", "D"}, queued(10))
		assert.Equal(t, []string{"A", "B"}, queued(2))
		assert.Equal(t, []string{"B", "D"}, queued(10, sends[0].Message.ChatID))
		assert.Empty(t, queued(10, sends[0].Message.ChatID, sends[1].Message.ChatID))
		for i, wanted := range []bool{false, false, true, true} {
			earlier, err := db.Outgoing.HasEarlier(t.Context(), sends[i])
			require.NoError(t, err)
			assert.Equal(t, wanted, earlier, i)
		}
		_, err = db.Outgoing.Sent(t.Context(), sends[0], 5000)
		require.NoError(t, err)
		assert.Equal(t, []string{"B", "C", "D"}, queued(10))
		earlier, err := db.Outgoing.HasEarlier(t.Context(), sends[2])
		require.NoError(t, err)
		assert.False(t, earlier)
	})
}

func TestIdempotencyKeysOfSends(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		create := func(id, key, mark string) (*models.Outgoing, error) {
			wanted := intent(session, id, aliceJID)
			wanted.IdempotencyKey, wanted.Fingerprint = key, []byte(mark)
			return db.Outgoing.Create(t.Context(), wanted)
		}
		_, err := db.Outgoing.Replay(t.Context(), session.OrganizationID, "k", []byte("one"))
		assert.True(t, fault.Is(err, fault.NotFound), err)
		first, err := create("A", "k", "one")
		require.NoError(t, err)
		again, err := create("B", "k", "one")
		require.NoError(t, err)
		assert.Equal(t, first.ID, again.ID)
		assert.True(t, again.Replayed)
		_, err = db.Messages.Get(t.Context(), session.ID, "B")
		assert.True(t, fault.Is(err, fault.NotFound), "a repeat stores nothing")
		_, err = create("B", "k", "two")
		assert.Equal(t, fault.ReasonKeyReused, fault.From(err).Reason())

		refused := models.FailureOf(fault.New(fault.Upstream, fault.ReasonWhatsApp, "no").With("code", 479))
		_, err = db.Outgoing.Failed(t.Context(), first, refused)
		require.NoError(t, err)
		again, err = db.Outgoing.Replay(t.Context(), session.OrganizationID, "k", []byte("one"))
		require.NoError(t, err)
		assert.Equal(t, refused, again.Failure)
		assert.Equal(t, map[string]any{"code": 479}, again.Failure.Fault().Details())

		away, err := create("C", "away", "one")
		require.NoError(t, err)
		_, err = db.Outgoing.Failed(t.Context(), away, models.FailureOf(fault.NotConnected()))
		require.NoError(t, err)
		_, err = db.Outgoing.Replay(t.Context(), session.OrganizationID, "away", []byte("one"))
		assert.True(t, fault.Is(err, fault.NotFound), "what never left does not use up its key")

		pool, _ := db.WhatsmeowDB()
		_, err = pool.ExecContext(t.Context(), "UPDATE idempotency_keys SET created_at = created_at - 86401000")
		require.NoError(t, err)
		_, err = db.Outgoing.Replay(t.Context(), session.OrganizationID, "k", []byte("one"))
		assert.True(t, fault.Is(err, fault.NotFound), "a day later it is a new one")
		pruned, err := db.Outgoing.PruneKeys(t.Context(), 10)
		require.NoError(t, err)
		assert.Equal(t, 1, pruned)
	})
}

func TestASendThatIsDeletedWhileItIsReadIsNotThere(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			var saw func(sql string)
			db := modelstest.Open(t, dialect, func(cfg *models.Config) {
				cfg.StatementHook = func(sql string) {
					if saw != nil {
						saw(sql)
					}
				}
			})
			for what, read := range map[string]func(send *models.Outgoing) error{
				"get": func(send *models.Outgoing) error {
					_, err := db.Outgoing.Get(t.Context(), send.ID)
					return err
				},
				"failed": func(send *models.Outgoing) error {
					_, err := db.Outgoing.Failed(t.Context(), send, models.Failure{})
					return err
				},
				"queued": func(send *models.Outgoing) error {
					sends, err := db.Outgoing.Queued(t.Context(), send.SessionID, nil, 10)
					assert.Empty(t, sends)
					return err
				},
			} {
				session := modelstest.Session(t, db, "org-"+what)
				send, err := db.Outgoing.Create(t.Context(), intent(session, "A", aliceJID))
				require.NoError(t, err)
				deleted := false
				saw = func(sql string) {
					if deleted || !strings.HasPrefix(sql, "SELECT o.id") {
						return
					}
					deleted = true
					assert.NoError(t, db.Sessions.Delete(t.Context(), session.ID))
				}
				err = read(send)
				saw = nil
				require.True(t, deleted)
				if what == "queued" {
					require.NoError(t, err)
				} else {
					require.True(t, fault.Is(err, fault.NotFound), "%s: %v", what, err)
				}
			}
		})
	}
}
