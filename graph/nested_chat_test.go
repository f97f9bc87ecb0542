package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

// everyChat asks for all that hangs on chats and messages.
const everyChat = `{ sessions(first: 30) { nodes { id labels { name }
	archived: chats(first: 5, filter: {archived: true, q: "Friend"}) { totalCount nodes { jid } }
	chats(first: 5) { totalCount pageInfo { endCursor } nodes { jid type name unreadCount labels { labelId name }
		lastMessage { body sender { lid } chat { jid } quoted { body } receipts { ackLevel } }
		contact { lid firstSeenAt } group { subject members(first: 2) { totalCount } }
		messages(first: 5) { totalCount nodes { body fromMe labels { labelId } sender { name firstSeenAt } chat { jid lastMessage { body } }
			quoted { body sender { lid } } receipts { ackLevel participant { lid } }
			reactions { emoji sender { lid } }
			content { __typename ... on MediaContent { status caption } ... on PollContent { voters options { name votes { voter { lid } } } } } } } } } } } }`

type everyChatAnswer struct {
	Sessions struct {
		Nodes []struct {
			Labels   []struct{ Name string }
			Archived struct{ TotalCount int }
			Chats    struct {
				TotalCount int
				Nodes      []struct {
					JID, Type, Name string
					Labels          []struct{ LabelID, Name string }
					UnreadCount     int
					LastMessage     *nestedMessage
					Contact         *struct{ LID, FirstSeenAt string }
					Group           *struct {
						Subject string
						Members struct{ TotalCount int }
					}
					Messages struct {
						TotalCount int
						Nodes      []nestedMessage
					}
				}
			}
		}
	}
}

type nestedMessage struct {
	Body   string
	FromMe bool
	Labels []struct{ LabelID string }
	Sender *struct{ LID, Name string }
	Chat   struct {
		JID         string
		LastMessage struct{ Body string }
	}
	Quoted    *struct{ Body string }
	Reactions []struct {
		Emoji  string
		Sender struct{ LID string }
	}
	Content struct {
		Typename string `json:"__typename"`
		Status   string
		Options  []struct {
			Votes []struct{ Voter struct{ LID string } }
		}
	}
	Receipts []struct {
		AckLevel    int
		Participant struct{ LID string }
	}
}

// person gives somebody; n tells people apart.
func person(n int) models.Person {
	return models.Person{
		LID: fmt.Sprintf("%d@lid", 305227043110953+n), PhoneJID: fmt.Sprintf("%d@s.whatsapp.net", 491700000000+n), PushName: fmt.Sprintf("Friend %d", n),
	}
}

// talk stores a chat of three messages: two of somebody's and, in between, a
// reply of the account's own that somebody has read.
func talk(t testing.TB, s *graphtest.Server, session string, chat models.ChatAddress, with models.Person, n int) {
	t.Helper()
	at := models.Now() + models.Millis(n)*1000
	receive := func(m models.NewMessage) {
		m.Chat = chat
		if m.Type == "" {
			m.Type = models.MessageText
		}
		_, _, err := s.DB.Messages.Receive(t.Context(), session, m)
		require.NoError(t, err)
	}
	id := func(k int) string { return fmt.Sprintf("%s-%d-%d", session, n, k) }
	receive(models.NewMessage{
		WAMessageID: id(1), Sender: with, Body: fmt.Sprintf("question %d", n), Timestamp: at, AckLevel: models.AckDelivered,
		Type: models.MessagePoll, Content: models.Content{Poll: &models.Poll{Name: "?", Options: []string{"yes", "no"}}},
	})
	receive(models.NewMessage{
		WAMessageID: id(4), Sender: with, Type: models.MessageVote, QuotedID: id(1), Timestamp: at, Content: models.Content{Options: []string{"no"}},
	})
	receive(models.NewMessage{
		WAMessageID: id(2), Sender: person(0), FromMe: true, Body: fmt.Sprintf("answer %d", n), QuotedID: id(1), Timestamp: at + 1, AckLevel: models.AckServer,
		Type: models.MessageImage, HasMedia: true, Content: models.Content{Media: &models.Media{Mimetype: "image/png"}},
		Media: &models.NewMedia{Status: models.MediaStored, StorageKey: id(2), Mimetype: "image/png"},
	})
	receive(models.NewMessage{WAMessageID: id(5), Sender: with, Type: models.MessageReaction, Body: "👍", QuotedID: id(2), Timestamp: at + 1})
	receive(models.NewMessage{WAMessageID: id(3), Sender: with, Body: fmt.Sprintf("thanks %d", n), QuotedID: "unknown", Timestamp: at + 2, AckLevel: models.AckDelivered})
	_, err := s.DB.Messages.Acknowledge(t.Context(), session, models.Receipt{
		Chat: chat, Participant: with, WAMessageIDs: []string{id(2)}, Level: models.AckRead, At: at + 3,
	})
	require.NoError(t, err)
	// Each chat has a label of its own, and so has its first message.
	label := models.Label{WALabelID: fmt.Sprint(n), Name: fmt.Sprintf("Label %d", n)}
	_, err = s.DB.Labels.Save(t.Context(), session, label)
	require.NoError(t, err)
	require.NoError(t, s.DB.Labels.LinkChat(t.Context(), session, label.WALabelID, chat, true))
	require.NoError(t, s.DB.Labels.LinkMessage(t.Context(), session, label.WALabelID, chat, id(1), true))
	if n > 0 {
		require.NoError(t, s.DB.Chats.Follow(t.Context(), session, chat, models.ChatPatch{Archived: new(true)}))
	}
}

// talkToAll stores a group's chat, then so many chats with people.
func talkToAll(t testing.TB, s *graphtest.Server, session string, people int) {
	t.Helper()
	group := syncGroup(t, s, session, 0, 12)
	talk(t, s, session, models.ChatAddress{Type: models.ChatGroup, JID: group.JID}, person(1), 0)
	for n := 1; n <= people; n++ {
		talk(t, s, session, models.ChatAddress{Type: models.ChatDM, Person: person(n)}, person(n), n)
	}
}

func TestStatementsDoNotGrowWithTheChats(t *testing.T) {
	t.Parallel()
	graphtest.EachCounted(t, func(t *testing.T, s *graphtest.Server, counter *modelstest.Statements) {
		key := s.Key(t, models.Read, models.Manage)
		ask := func() (statements []string, answer everyChatAnswer) {
			statements = counter.Fewest(func() { s.Get(t, key, everyChat, nil, &answer) })
			return statements, answer
		}
		// One of each kind, so that every field has something to load.
		talkToAll(t, s, s.SessionOf(t, graphtest.Organization).ID, 1)
		_, _ = ask() // the key's use is noted once a minute
		few, one := ask()
		require.Len(t, one.Sessions.Nodes, 1)
		for range 24 {
			talkToAll(t, s, s.SessionOf(t, graphtest.Organization).ID, 6)
		}
		many, all := ask()
		assert.Len(t, many, len(few), "25 sessions:\n%s\n1 session:\n%s", strings.Join(many, "\n"), strings.Join(few, "\n"))
		checkChats(t, one, 1)
		checkChats(t, all, 25)
	})
}

// checkChats looks whether each chat and message got what is its own.
func checkChats(t *testing.T, answer everyChatAnswer, sessions int) {
	t.Helper()
	require.Len(t, answer.Sessions.Nodes, sessions)
	for i, session := range answer.Sessions.Nodes {
		latest, listed := 6, 5 // the group is the eldest of seven and not on the page
		if i == 0 {
			latest, listed = 1, 2
		}
		assert.Equal(t, latest+1, session.Chats.TotalCount)
		assert.Equal(t, latest, session.Archived.TotalCount)
		assert.Len(t, session.Labels, latest+1)
		require.Len(t, session.Chats.Nodes, listed)
		for k, chat := range session.Chats.Nodes {
			n := latest - k
			with, jid := person(n), person(n).PhoneJID
			if n == 0 {
				with, jid = person(1), "120363041234560000@g.us"
				assert.Nil(t, chat.Contact)
				require.NotNil(t, chat.Group)
				assert.Equal(t, "Group 0", chat.Group.Subject)
				assert.Equal(t, 12, chat.Group.Members.TotalCount)
			} else {
				assert.Nil(t, chat.Group)
				require.NotNil(t, chat.Contact)
				assert.Equal(t, with.LID, chat.Contact.LID)
			}
			assert.Equal(t, jid, chat.JID)
			require.Len(t, chat.Labels, 1)
			assert.Equal(t, fmt.Sprintf("Label %d", n), chat.Labels[0].Name)
			require.NotNil(t, chat.LastMessage)
			assert.Equal(t, fmt.Sprintf("thanks %d", n), chat.LastMessage.Body)
			assert.Equal(t, with.LID, chat.LastMessage.Sender.LID)
			assert.Equal(t, jid, chat.LastMessage.Chat.JID)
			assert.Nil(t, chat.LastMessage.Quoted, "what is not known here")
			assert.Equal(t, 3, chat.Messages.TotalCount)
			require.Len(t, chat.Messages.Nodes, 3)
			for _, m := range chat.Messages.Nodes {
				assert.Equal(t, jid, m.Chat.JID)
				assert.Equal(t, fmt.Sprintf("thanks %d", n), m.Chat.LastMessage.Body)
			}
			answered := chat.Messages.Nodes[1]
			assert.Equal(t, fmt.Sprintf("answer %d", n), answered.Body)
			assert.True(t, answered.FromMe)
			require.NotNil(t, answered.Quoted)
			assert.Equal(t, fmt.Sprintf("question %d", n), answered.Quoted.Body)
			require.Len(t, answered.Receipts, 1)
			assert.Equal(t, 3, answered.Receipts[0].AckLevel)
			assert.Equal(t, with.LID, answered.Receipts[0].Participant.LID)
			require.Len(t, answered.Reactions, 1)
			assert.Equal(t, with.LID, answered.Reactions[0].Sender.LID)
			assert.Equal(t, "MediaContent", answered.Content.Typename)
			assert.Equal(t, "STORED", answered.Content.Status)
			question := chat.Messages.Nodes[2]
			assert.Equal(t, "PollContent", question.Content.Typename)
			require.Len(t, question.Content.Options, 2)
			require.Len(t, question.Content.Options[1].Votes, 1)
			assert.Equal(t, with.LID, question.Content.Options[1].Votes[0].Voter.LID)
			assert.Empty(t, question.Reactions)
			require.Len(t, question.Labels, 1)
			assert.Equal(t, fmt.Sprint(n), question.Labels[0].LabelID)
			assert.Empty(t, answered.Labels)
			assert.Equal(t, with.PushName, question.Sender.Name)
			assert.Nil(t, question.Quoted)
			assert.Empty(t, question.Receipts)
		}
	}
}
