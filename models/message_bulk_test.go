package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// bulk stores messages of a session of its own. Tests have two, to see that nothing
// of one shows in the other.
type bulk struct {
	*testing.T

	db      *models.DB
	session string
}

func newBulk(t *testing.T, db *models.DB) *bulk {
	t.Helper()
	return &bulk{T: t, db: db, session: modelstest.Session(t, db, "org").ID}
}

func (b *bulk) receive(m models.NewMessage) *models.Message {
	b.Helper()
	stored, _, err := b.db.Messages.Receive(b.Context(), b.session, m)
	require.NoError(b, err)
	return stored
}

func replying(m models.NewMessage, to string) models.NewMessage {
	m.QuotedID = to
	return m
}

func at(m models.NewMessage, when models.Millis) models.NewMessage {
	m.Timestamp = when
	return m
}

func TestLatestMessagesOfChats(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		mine, theirs := newBulk(t, db), newBulk(t, db)
		theirs.receive(at(incoming("other"), 9000))
		mine.receive(at(incoming("A1"), 1000))
		mine.receive(at(incoming("A2"), 3000))
		latest := mine.receive(at(incoming("A3"), 3000)) // of the same time: the one that came later
		mine.receive(at(incoming("A0"), 500))            // late
		for i, kind := range []models.MessageType{models.MessageReaction, models.MessageEdit, models.MessageRevoke} {
			change := at(incoming("C"+string(kind)), models.Millis(5000+i))
			change.Type, change.Quiet, change.QuotedID = kind, true, "A3"
			mine.receive(change)
		}
		unread := at(inTeam("U", lid("1")), 7000)
		unread.Type, unread.Error = models.MessageUndecryptable, "no session"
		inGroup := mine.receive(unread)
		quiet := at(inTeam("Q", lid("1")), 100)
		quiet.Chat.JID, quiet.Type, quiet.Quiet = "120363000000000009@g.us", models.MessageReaction, true
		only := mine.receive(quiet)

		got, err := db.Messages.LatestByChats(t.Context(), []int64{latest.ChatID, inGroup.ChatID, only.ChatID, 1 << 40})
		require.NoError(t, err)
		require.Len(t, got, 2, "no chat of that number, and one that shows nothing")
		assert.Equal(t, "A3", got[latest.ChatID].WAMessageID)
		assert.Equal(t, "U", got[inGroup.ChatID].WAMessageID)
		whole, err := db.Messages.GetByID(t.Context(), latest.ID)
		require.NoError(t, err)
		assert.Equal(t, *whole, got[latest.ChatID])
		none, err := db.Messages.LatestByChats(t.Context(), nil)
		require.NoError(t, err)
		assert.Empty(t, none)
	})
}

func TestQuotedMessages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		mine, theirs := newBulk(t, db), newBulk(t, db)
		theirs.receive(incoming("Q"))
		elsewhere := mine.receive(inTeam("Q", lid("1")))
		early := mine.receive(replying(written("R0"), "Q")) // what it replies to came later
		quoted := mine.receive(incoming("Q"))
		first, second := mine.receive(replying(written("R1"), "Q")), mine.receive(replying(incoming("R2"), "Q"))
		toReply := mine.receive(replying(incoming("R3"), "R1"))
		inGroup := mine.receive(replying(inTeam("R4", lid("2")), "Q"))
		unknown := mine.receive(replying(incoming("R5"), "nowhere"))
		onlyElsewhere := mine.receive(replying(incoming("R6"), "R4"))

		ids := []int64{early.ID, first.ID, second.ID, toReply.ID, inGroup.ID, unknown.ID, onlyElsewhere.ID, quoted.ID, 1 << 40}
		got, err := db.Messages.QuotedBy(t.Context(), ids)
		require.NoError(t, err)
		of := make(map[int64]int64, len(got))
		for reply, message := range got {
			of[reply] = message.ID
		}
		assert.Equal(t, map[int64]int64{
			early.ID: quoted.ID, first.ID: quoted.ID, second.ID: quoted.ID, toReply.ID: first.ID, inGroup.ID: elsewhere.ID,
		}, of, "of the same chat and session only")
		none, err := db.Messages.QuotedBy(t.Context(), nil)
		require.NoError(t, err)
		assert.Empty(t, none)
	})
}

func TestReceiptsOfMessages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		mine := newBulk(t, db)
		post := inTeam("P", models.Person{LID: "100000000000001@lid"})
		post.FromMe, post.AckLevel = true, models.AckServer
		sent, foreign := mine.receive(post), mine.receive(inTeam("F", lid("1")))
		receipt := func(from models.Person, level models.AckLevel, when models.Millis) {
			_, err := db.Messages.Acknowledge(t.Context(), mine.session, models.Receipt{
				Chat: post.Chat, Participant: from, WAMessageIDs: []string{"P", "F"}, Level: level, At: when,
			})
			require.NoError(t, err)
		}
		receipt(both("2", "492"), models.AckDelivered, 30)
		receipt(lid("1"), models.AckDelivered, 10)
		receipt(lid("1"), models.AckRead, 40)
		receipt(lid("3"), models.AckDelivered, 20)

		got, err := db.Messages.ReceiptsByMessages(t.Context(), []int64{sent.ID, foreign.ID, 1 << 40})
		require.NoError(t, err)
		require.Len(t, got, 1, "only the account's own")
		type line struct {
			lid   string
			level models.AckLevel
			at    models.Millis
		}
		var lines []line
		for _, r := range got[sent.ID] {
			assert.Equal(t, sent.ID, r.MessageID)
			lines = append(lines, line{r.Identity.LID, r.AckLevel, r.At})
		}
		assert.Equal(t, []line{
			{"3@lid", models.AckDelivered, 20}, {"2@lid", models.AckDelivered, 30}, {"1@lid", models.AckRead, 40},
		}, lines)
		whole, err := db.Identities.Get(t.Context(), mine.session, "2@lid")
		require.NoError(t, err)
		assert.Equal(t, *whole, got[sent.ID][1].Identity)
	})
}

func TestWhatHangsOnChatsAndMessages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, mine, theirs := t.Context(), newBulk(t, db), newBulk(t, db)
		_, err := db.Groups.Sync(ctx, mine.session, models.GroupSnapshot{JID: teamJID, Subject: "Team"})
		require.NoError(t, err)
		direct, inGroup, foreign := mine.receive(incoming("A")), mine.receive(inTeam("B", lid("1"))), theirs.receive(inTeam("B", lid("1")))
		nobody := inTeam("N", models.Person{})
		nobody.Type = models.MessageSystem
		system := mine.receive(nobody)
		messages := []int64{direct.ID, inGroup.ID, system.ID, foreign.ID, 1 << 40}

		chats, err := db.Chats.GetByMessages(ctx, messages)
		require.NoError(t, err)
		require.Len(t, chats, 4)
		for _, m := range []*models.Message{direct, inGroup, system, foreign} {
			want, err := db.Chats.GetByID(ctx, m.ChatID)
			require.NoError(t, err)
			assert.Equal(t, *want, chats[m.ID])
		}
		senders, err := db.Identities.GetBySentMessages(ctx, messages)
		require.NoError(t, err)
		require.Len(t, senders, 3, "nobody sent what the system says")
		assert.Equal(t, aliceLID, senders[direct.ID].LID)
		assert.Equal(t, "1@lid", senders[inGroup.ID].LID)
		assert.Equal(t, theirs.session, senders[foreign.ID].SessionID)

		numbers := []int64{direct.ChatID, inGroup.ChatID, foreign.ChatID, 1 << 40}
		people, err := db.Identities.GetByChats(ctx, numbers)
		require.NoError(t, err)
		require.Len(t, people, 1, "a group is with nobody")
		assert.Equal(t, aliceLID, people[direct.ChatID].LID)
		groups, err := db.Groups.GetByChats(ctx, numbers)
		require.NoError(t, err)
		require.Len(t, groups, 1, "the other session does not know the group")
		want, err := db.Groups.Get(ctx, mine.session, teamJID)
		require.NoError(t, err)
		assert.Equal(t, *want, groups[inGroup.ChatID])
	})
}
