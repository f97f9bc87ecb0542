package models_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/modelstest"
)

var (
	alice = models.Person{LID: aliceLID, PhoneJID: alicePhone, PushName: "Alice"}
	bob   = models.Person{LID: "300000000000001@lid", PhoneJID: "6280000000001@s.whatsapp.net", PushName: "Bob"}
)

// changing is a message in the team that changes another one of Alice's.
func changing(kind models.MessageType, id, target, body string, sender models.Person) models.NewMessage {
	m := inTeam(id, sender)
	m.Type, m.Body, m.QuotedID, m.Raw = kind, body, target, []byte("raw "+id)
	m.Content.TargetSender = aliceLID
	return m
}

// receive stores messages in order; all are new.
func receive(t *testing.T, db *models.DB, session string, messages ...models.NewMessage) {
	t.Helper()
	for _, m := range messages {
		_, fresh, err := db.Messages.Receive(t.Context(), session, m)
		require.NoError(t, err)
		require.True(t, fresh, m.WAMessageID)
	}
}

// team stores the group with Alice, an admin, and Bob.
func team(t *testing.T, db *models.DB, session string) {
	t.Helper()
	_, err := db.Groups.Sync(t.Context(), session, models.GroupSnapshot{
		JID: teamJID, Subject: "Team", Members: append(members(bob), admin(models.Person{LID: "300000000000009@lid"})),
	})
	require.NoError(t, err)
}

func TestChangesApplyInEveryOrder(t *testing.T) {
	t.Parallel()
	text := inTeam("T", alice)
	reaction := changing(models.MessageReaction, "R", "T", "👍", bob)
	edit := changing(models.MessageEdit, "E", "T", "better", alice)
	for name, order := range map[string][]models.NewMessage{
		"after":   {text, reaction, edit},
		"before":  {reaction, edit, text},
		"between": {edit, text, reaction},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				ctx, session := t.Context(), modelstest.Session(t, db, "org")
				receive(t, db, session.ID, order...)
				m, err := db.Messages.Get(ctx, session.ID, "T")
				require.NoError(t, err)
				assert.Equal(t, "better", m.Body)
				assert.True(t, m.Edited)
				assert.NotZero(t, m.EditedAt)
				reactions, err := db.Messages.ReactionsByMessages(ctx, []int64{m.ID})
				require.NoError(t, err)
				require.Len(t, reactions[m.ID], 1)
				assert.Equal(t, "👍", reactions[m.ID][0].Emoji)
				assert.Equal(t, bob.LID, reactions[m.ID][0].Identity.LID)

				list, err := db.Messages.List(ctx, m.ChatID, models.Page{Limit: 10})
				require.NoError(t, err)
				assert.Len(t, list.Items, 1, "changes stand in no list")
				count, err := db.Messages.Count(ctx, m.ChatID)
				require.NoError(t, err)
				assert.Equal(t, 1, count)
				chat, err := db.Chats.Get(ctx, session.ID, teamJID)
				require.NoError(t, err)
				assert.Equal(t, 1, chat.UnreadCount)

				events := outbox(t, db)
				assert.ElementsMatch(t, []string{"message " + teamJID, "message.reaction " + teamJID, "message.edited " + teamJID}, events)
				for _, again := range order { // delivered another time
					_, fresh, err := db.Messages.Receive(ctx, session.ID, again)
					require.NoError(t, err)
					assert.False(t, fresh)
				}
				assert.Equal(t, events, outbox(t, db))
			})
		})
	}
}

// lastPayload reads the latest event of a name.
func lastPayload[T any](t *testing.T, db *models.DB, name models.EventName) (payload T) {
	t.Helper()
	all, err := db.Outbox.Next(t.Context(), 1000)
	require.NoError(t, err)
	found := false
	for _, e := range all {
		if e.Name == name {
			found = true
			require.NoError(t, json.Unmarshal(e.Payload, &payload))
		}
	}
	require.True(t, found, "an event %s", name)
	return payload
}

func TestReactionsOfEachAreTheLatest(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		old := changing(models.MessageReaction, "R0", "T", "👎", bob)
		old.Timestamp -= 1000
		receive(t, db, session.ID, inTeam("T", alice), changing(models.MessageReaction, "R1", "T", "👍", bob), old)
		m, err := db.Messages.Get(t.Context(), session.ID, "T")
		require.NoError(t, err)
		reactions, err := db.Messages.ReactionsByMessages(t.Context(), []int64{m.ID})
		require.NoError(t, err)
		require.Len(t, reactions[m.ID], 1)
		assert.Equal(t, "👍", reactions[m.ID][0].Emoji, "an older one came late")
		assert.Equal(t, "👍", lastPayload[contract.ReactionChange](t, db, models.EventMessageReaction).Emoji)

		taken := changing(models.MessageReaction, "R2", "T", "", bob)
		taken.Timestamp += 1000
		receive(t, db, session.ID, taken)
		reactions, err = db.Messages.ReactionsByMessages(t.Context(), []int64{m.ID})
		require.NoError(t, err)
		assert.Empty(t, reactions[m.ID])
		payload := lastPayload[contract.ReactionChange](t, db, models.EventMessageReaction)
		assert.Equal(t, "T", payload.WAMessageID)
		assert.Equal(t, bob.PhoneJID, payload.SenderJID)
		assert.Empty(t, payload.Emoji)
	})
}

func TestWhoMayEditAndRevoke(t *testing.T) {
	t.Parallel()
	boss := models.Person{LID: "300000000000009@lid"}
	for name, c := range map[string]struct {
		change  models.NewMessage
		edited  bool
		deleted bool
	}{
		"edit by the sender":       {change: changing(models.MessageEdit, "E", "T", "new", alice), edited: true},
		"edit by another":          {change: changing(models.MessageEdit, "E", "T", "new", bob)},
		"revoke by the sender":     {change: changing(models.MessageRevoke, "E", "T", "", alice), deleted: true},
		"revoke by a member":       {change: changing(models.MessageRevoke, "E", "T", "", bob)},
		"revoke by an admin":       {change: changing(models.MessageRevoke, "E", "T", "", boss), deleted: true},
		"revoke by a stranger":     {change: changing(models.MessageRevoke, "E", "T", "", models.Person{LID: "300000000000010@lid"})},
		"a vote on what is a text": {change: changing(models.MessageVote, "E", "T", "", bob)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				ctx, session := t.Context(), modelstest.Session(t, db, "org")
				team(t, db, session.ID)
				text := inTeam("T", alice)
				text.Type, text.HasMedia, text.Raw = models.MessageImage, true, []byte("raw")
				text.Content.Media = &models.Media{Mimetype: "image/png"}
				text.Media = &models.NewMedia{Status: models.MediaStored, StorageKey: "k/1", Mimetype: "image/png"}
				receive(t, db, session.ID, text, changing(models.MessageReaction, "R", "T", "👍", bob))
				before := len(outbox(t, db))
				receive(t, db, session.ID, c.change)
				m, err := db.Messages.Get(ctx, session.ID, "T")
				require.NoError(t, err)
				assert.Equal(t, c.edited, m.Edited)
				assert.Equal(t, c.deleted, m.Deleted)
				files, err := db.Media.ByMessages(ctx, []int64{m.ID})
				require.NoError(t, err)
				raw, err := db.Messages.Raw(ctx, m.ID)
				require.NoError(t, err)
				switch {
				case c.edited:
					assert.Equal(t, "new", m.Body)
					payload := lastPayload[contract.Message](t, db, models.EventMessageEdited)
					assert.Equal(t, "new", payload.Body)
					assert.Len(t, payload.Reactions, 1)
					assert.Equal(t, "image/png", payload.Media.Mimetype, "a caption leaves the file alone")
				case c.deleted:
					assert.Empty(t, m.Body+string(raw))
					assert.Empty(t, files)
					assert.Nil(t, m.Content.Media)
					assert.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM media_unwanted WHERE storage_key = 'k/1'"), "its file is to go")
					assert.True(t, lastPayload[contract.Message](t, db, models.EventMessageRevoked).Deleted)
				default:
					assert.Equal(t, "T", m.Body)
					assert.Len(t, files, 1)
					assert.Len(t, outbox(t, db), before, "nothing has happened")
				}
			})
		})
	}
}

func TestVotes(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		poll := inTeam("P", alice)
		poll.Type, poll.Content.Poll = models.MessagePoll, &models.Poll{Name: "?", Options: []string{"a", "b"}}
		vote := func(id string, by models.Person, options ...string) models.NewMessage {
			m := changing(models.MessageVote, id, "P", "", by)
			m.Content.Options = options
			return m
		}
		unread := vote("V1", bob)
		receive(t, db, session.ID, unread, poll, vote("V2", alice, "a", "b"))
		m, err := db.Messages.Get(ctx, session.ID, "P")
		require.NoError(t, err)

		waiting, err := db.Messages.UnreadVotes(ctx, m)
		require.NoError(t, err)
		require.Len(t, waiting, 1)
		require.NoError(t, db.Messages.Voted(ctx, &waiting[0], []string{"a"}))
		waiting, err = db.Messages.UnreadVotes(ctx, m)
		require.NoError(t, err)
		assert.Empty(t, waiting)

		votes, err := db.Messages.VotesByMessages(ctx, []int64{m.ID})
		require.NoError(t, err)
		require.Len(t, votes[m.ID], 2)
		later := vote("V3", alice)
		later.Content.Options, later.Timestamp = []string{}, models.Now()+1000
		receive(t, db, session.ID, later)
		votes, err = db.Messages.VotesByMessages(ctx, []int64{m.ID})
		require.NoError(t, err)
		require.Len(t, votes[m.ID], 1, "Alice has taken hers back")
		assert.Equal(t, []string{"a"}, votes[m.ID][0].Options)
		assert.Equal(t, []string{}, lastPayload[contract.PollVote](t, db, models.EventPollVote).Options)
	})
}

func TestOwnChangesApplyWhenWhatsAppHasThem(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"sent", "receipt", "failed"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				ctx, session := t.Context(), modelstest.Session(t, db, "org")
				receive(t, db, session.ID, incoming("T"))
				wanted := intent(session, "R", alicePhone)
				wanted.Message.Type, wanted.Message.Body, wanted.Message.QuotedID = models.MessageReaction, "👍", "T"
				wanted.Message.Content.TargetSender = aliceLID
				send, err := db.Outgoing.Create(ctx, wanted)
				require.NoError(t, err)
				m, err := db.Messages.Get(ctx, session.ID, "T")
				require.NoError(t, err)
				given := func() int {
					found, err := db.Messages.ReactionsByMessages(ctx, []int64{m.ID})
					require.NoError(t, err)
					return len(found[m.ID])
				}
				assert.Zero(t, given(), "not yet")
				assert.NotContains(t, outbox(t, db), "message.reaction "+alicePhone)
				switch how {
				case "sent":
					_, err = db.Outgoing.Sent(ctx, send, models.Now())
				case "receipt":
					_, err = db.Messages.Acknowledge(ctx, session.ID, models.Receipt{
						Chat: incoming("T").Chat, Participant: alice, WAMessageIDs: []string{"R"}, Level: models.AckDelivered, At: models.Now(),
					})
				default:
					_, err = db.Outgoing.Failed(ctx, send, models.Failure{})
				}
				require.NoError(t, err)
				if how == "failed" {
					assert.Zero(t, given())
					return
				}
				assert.Equal(t, 1, given())
				assert.Contains(t, outbox(t, db), "message.reaction "+alicePhone)
				chat, err := db.Chats.Get(ctx, session.ID, alicePhone)
				require.NoError(t, err)
				assert.Equal(t, 1, chat.UnreadCount)
			})
		})
	}
}

func TestHistoryComesWithoutEvents(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		session := modelstest.Session(t, db, "org")
		past := inTeam("T", alice)
		past.History = true
		change := changing(models.MessageEdit, "E", "T", "new", alice)
		change.History = true
		receive(t, db, session.ID, past, change)
		assert.Empty(t, outbox(t, db))
		chat, err := db.Chats.Get(t.Context(), session.ID, teamJID)
		require.NoError(t, err)
		assert.Zero(t, chat.UnreadCount)
		assert.NotZero(t, chat.LastMessageAt)
	})
}

// What changes a message that could not be read yet is done when it can be: the
// sender is asked for it again, and may have changed it meanwhile.
func TestChangesWaitForWhatCanBeRead(t *testing.T) {
	t.Parallel()
	placeholder := inTeam("T", alice)
	placeholder.Type, placeholder.Body, placeholder.Error, placeholder.Quiet = models.MessageUndecryptable, "", "decryption_failed", true
	poll := inTeam("T", alice)
	poll.Type, poll.Content.Poll = models.MessagePoll, &models.Poll{Name: "?", Options: []string{"a", "b"}}
	vote := changing(models.MessageVote, "C", "T", "", bob)
	vote.Content.Options = []string{"b"}
	for name, c := range map[string]struct {
		readable, change models.NewMessage
		event            models.EventName
		check            func(t *testing.T, db *models.DB, m *models.Message)
	}{
		"edit": {
			inTeam("T", alice), changing(models.MessageEdit, "C", "T", "better", alice), models.EventMessageEdited,
			func(t *testing.T, _ *models.DB, m *models.Message) {
				t.Helper()
				assert.Equal(t, "better", m.Body)
				assert.True(t, m.Edited)
			},
		},
		"revoke": {
			inTeam("T", alice), changing(models.MessageRevoke, "C", "T", "", alice), models.EventMessageRevoked,
			func(t *testing.T, db *models.DB, m *models.Message) {
				t.Helper()
				raw, err := db.Messages.Raw(t.Context(), m.ID)
				require.NoError(t, err)
				assert.Empty(t, m.Body+string(raw), "what was deleted stays deleted")
				assert.True(t, m.Deleted)
			},
		},
		"vote": {
			poll, vote, models.EventPollVote,
			func(t *testing.T, db *models.DB, m *models.Message) {
				t.Helper()
				votes, err := db.Messages.VotesByMessages(t.Context(), []int64{m.ID})
				require.NoError(t, err)
				require.Len(t, votes[m.ID], 1)
				assert.Equal(t, []string{"b"}, votes[m.ID][0].Options)
			},
		},
		"reaction": {
			inTeam("T", alice), changing(models.MessageReaction, "C", "T", "👍", bob), models.EventMessageReaction,
			func(t *testing.T, db *models.DB, m *models.Message) {
				t.Helper()
				reactions, err := db.Messages.ReactionsByMessages(t.Context(), []int64{m.ID})
				require.NoError(t, err)
				assert.Len(t, reactions[m.ID], 1)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				ctx, session := t.Context(), modelstest.Session(t, db, "org")
				readable := c.readable
				readable.Raw = []byte("raw")
				receive(t, db, session.ID, placeholder, c.change, readable)
				m, err := db.Messages.Get(ctx, session.ID, "T")
				require.NoError(t, err)
				assert.Equal(t, readable.Type, m.Type)
				c.check(t, db, m)
				events := outbox(t, db)
				assert.Equal(t, []string{"message.undecryptable " + teamJID, string(c.event) + " " + teamJID, "message " + teamJID}, events)
				for _, again := range []models.NewMessage{placeholder, c.change, readable} { // delivered another time
					_, fresh, err := db.Messages.Receive(ctx, session.ID, again)
					require.NoError(t, err)
					assert.False(t, fresh)
				}
				assert.Equal(t, events, outbox(t, db))
			})
		})
	}
}
