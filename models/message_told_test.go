package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/modelstest"
)

// What WhatsApp delivers is told, also where the past or a question brought it
// before: that comes without an event. It is told once.
func TestDeliveredAfterItCameWithThePast(t *testing.T) {
	t.Parallel()
	poll := inTeam("T", alice)
	poll.Type, poll.Content.Poll = models.MessagePoll, &models.Poll{Name: "?", Options: []string{"a", "b"}}
	vote := changing(models.MessageVote, "C", "T", "", bob)
	vote.Content.Options = []string{"b"}
	channel := inTeam("T", models.Person{})
	channel.Chat = models.ChatAddress{Type: models.ChatChannel, JID: "120363012345678901@newsletter"}
	own := inTeam("T", alice)
	own.FromMe = true
	for name, c := range map[string]struct {
		messages []models.NewMessage
		events   []string
	}{
		"a text":      {[]models.NewMessage{inTeam("T", alice)}, []string{"message " + teamJID}},
		"an own text": {[]models.NewMessage{own}, []string{"message " + teamJID}},
		"a channel's": {[]models.NewMessage{channel}, []string{"channel.message " + channel.Chat.JID}},
		"a reaction": {
			[]models.NewMessage{inTeam("T", alice), changing(models.MessageReaction, "C", "T", "👍", bob)},
			[]string{"message " + teamJID, "message.reaction " + teamJID},
		},
		"an edit": {
			[]models.NewMessage{inTeam("T", alice), changing(models.MessageEdit, "C", "T", "better", alice)},
			[]string{"message " + teamJID, "message.edited " + teamJID},
		},
		"a vote": {[]models.NewMessage{poll, vote}, []string{"message " + teamJID, "poll.vote " + teamJID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				ctx, session := t.Context(), modelstest.Session(t, db, "org")
				for _, m := range c.messages {
					m.History = true
					receive(t, db, session.ID, m)
				}
				require.Empty(t, outbox(t, db))
				for range 2 {
					for _, m := range c.messages {
						_, fresh, err := db.Messages.Receive(ctx, session.ID, m)
						require.NoError(t, err)
						assert.False(t, fresh, "it is here")
					}
					assert.Equal(t, c.events, outbox(t, db))
				}
				for _, m := range c.messages { // and the past comes another time
					m.History = true
					_, _, err := db.Messages.Receive(ctx, session.ID, m)
					require.NoError(t, err)
				}
				assert.Equal(t, c.events, outbox(t, db))
			})
		})
	}
}

// The past can bring what could not be read when it was delivered. That was told
// of, so the message that takes its place is told as well.
func TestThePastBringsWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, session := t.Context(), modelstest.Session(t, db, "org")
		placeholder := inTeam("T", alice)
		placeholder.Type, placeholder.Body, placeholder.Error, placeholder.Quiet = models.MessageUndecryptable, "", "decryption_failed", true
		receive(t, db, session.ID, placeholder)
		part := &models.HistoryPart{SessionID: session.ID}
		told := []string{"message.undecryptable " + teamJID, "message " + teamJID}
		for range 2 {
			require.NoError(t, db.History.Import(ctx, part, []models.NewMessage{inTeam("T", alice), inTeam("old", alice)}, nil))
			assert.Equal(t, told, outbox(t, db))
		}
		assert.Equal(t, "T", lastPayload[contract.Message](t, db, models.EventMessage).Body)
		_, fresh, err := db.Messages.Receive(ctx, session.ID, inTeam("T", alice)) // the sender was asked, too
		require.NoError(t, err)
		assert.False(t, fresh)
		assert.Equal(t, told, outbox(t, db))
	})
}
