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

type channelsAnswer struct {
	Session struct {
		Channels struct {
			TotalCount int
			Nodes      []struct {
				JID, Name, Role string
				Chat            *struct{ Name string }
				Messages        struct {
					TotalCount int
					Nodes      []struct {
						Body         string
						ServerID     int
						ChannelStats *struct {
							Views     int
							Reactions []struct {
								Emoji string
								Count int
							}
						}
					}
				}
			}
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
		}
	}
}

// follow stores channels, of each the last but one message with stats; every
// fifth is no longer followed.
func follow(t *testing.T, s *graphtest.Server, session string, channels int) {
	t.Helper()
	for n := 1; n <= channels; n++ {
		jid := fmt.Sprintf("1203630123456789%02d@newsletter", n)
		role := models.ChannelSubscriber
		if n%5 == 0 {
			role = models.ChannelGuest
		}
		_, err := s.DB.Channels.Save(t.Context(), session, models.ChannelSnapshot{JID: jid, Name: fmt.Sprint("Channel ", n), Role: role})
		require.NoError(t, err)
		for k := range 2 {
			_, _, err = s.DB.Messages.Receive(t.Context(), session, models.NewMessage{
				Chat: models.ChatAddress{Type: models.ChatChannel, JID: jid}, WAMessageID: fmt.Sprint("P", n, "-", k), ServerID: int64(100 + k),
				Type: models.MessageText, Body: fmt.Sprint("post ", k), Timestamp: models.Now() + models.Millis(1000*k),
			})
			require.NoError(t, err)
		}
		require.NoError(t, s.DB.Channels.SaveStats(t.Context(), session, jid, []models.NewChannelStats{
			{WAMessageID: fmt.Sprint("P", n, "-0"), Views: n, Reactions: map[string]int{"👍": n, "🌊": n + 1}}, {WAMessageID: "unknown", Views: 1},
		}))
	}
}

// TestStatementsDoNotGrowWithChannels: chats, messages and stats are read together.
func TestStatementsDoNotGrowWithChannels(t *testing.T) {
	t.Parallel()
	graphtest.EachCounted(t, func(t *testing.T, s *graphtest.Server, counter *modelstest.Statements) {
		key := s.Key(t, models.Read)
		one, many := s.SessionOf(t, graphtest.Organization), s.SessionOf(t, graphtest.Organization)
		follow(t, s, one.ID, 1)
		follow(t, s, many.ID, 25)
		const query = `query($s: ID!) { session(id: $s) { channels(first: 30) { totalCount nodes { jid name role chat { name }
				messages(first: 5) { totalCount nodes { body serverId channelStats { views reactions { emoji count } } } } } } } }`
		ask := func(session string) (statements []string, answer channelsAnswer) {
			statements = counter.Fewest(func() { s.Get(t, key, query, map[string]any{"s": session}, &answer) })
			return statements, answer
		}
		_, _ = ask(one.ID) // the key's use is noted once a minute
		few, _ := ask(one.ID)
		all, answer := ask(many.ID)
		assert.Len(t, all, len(few), "25:\n%s\n1:\n%s", strings.Join(all, "\n"), strings.Join(few, "\n"))
		assert.Equal(t, 25, answer.Session.Channels.TotalCount)
		require.Len(t, answer.Session.Channels.Nodes, 25)
		for i, c := range answer.Session.Channels.Nodes {
			n := i + 1
			require.NotNil(t, c.Chat)
			assert.Equal(t, []string{fmt.Sprint("Channel ", n), fmt.Sprint("Channel ", n)}, []string{c.Name, c.Chat.Name})
			assert.Equal(t, 2, c.Messages.TotalCount)
			require.Len(t, c.Messages.Nodes, 2)
			assert.Nil(t, c.Messages.Nodes[0].ChannelStats)
			old := c.Messages.Nodes[1]
			assert.Equal(t, []any{"post 0", 100}, []any{old.Body, old.ServerID})
			require.NotNil(t, old.ChannelStats)
			assert.Equal(t, n, old.ChannelStats.Views)
			require.Len(t, old.ChannelStats.Reactions, 2)
			assert.Equal(t, "🌊", old.ChannelStats.Reactions[0].Emoji)
		}

		for following, want := range map[string]int{"null": 25, "true": 20, "false": 5} {
			var a channelsAnswer
			s.Get(t, key, `{ session(id: "`+many.ID+`") { channels(following: `+following+`) { totalCount nodes { jid } } } }`, nil, &a)
			assert.Equal(t, []int{want, want}, []int{a.Session.Channels.TotalCount, len(a.Session.Channels.Nodes)}, following)
		}
		seen := 0
		for after, more := any(nil), true; more; {
			var a channelsAnswer
			s.Get(t, key, `query($s: ID!, $after: String) { session(id: $s) { channels(first: 10, after: $after) { nodes { jid } pageInfo { hasNextPage endCursor } } } }`,
				map[string]any{"s": many.ID, "after": after}, &a)
			seen += len(a.Session.Channels.Nodes)
			after, more = a.Session.Channels.PageInfo.EndCursor, a.Session.Channels.PageInfo.HasNextPage
		}
		assert.Equal(t, 25, seen)
	})
}
