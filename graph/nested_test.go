package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

// everything asks for all that can be nested, in pages small enough for the limit.
const everything = `{ sessions(first: 30) { totalCount nodes { id connected
	groups(first: 5) { totalCount pageInfo { endCursor } nodes { jid
		all: members(first: 5, role: MEMBER) { totalCount nodes { role contact { name firstSeenAt updatedAt } } }
		admins: members(first: 3, role: ADMIN) { totalCount edges { cursor node { lid } } } } }
	contacts(first: 5) { totalCount nodes { name firstSeenAt } } } } }`

type nestedAnswer struct {
	Sessions struct {
		TotalCount int
		Nodes      []struct {
			ID     string
			Groups struct {
				TotalCount int
				Nodes      []struct {
					JID string
					All struct {
						TotalCount int
						Nodes      []struct {
							Role    string
							Contact struct{ Name, FirstSeenAt string }
						}
					}
					Admins struct {
						TotalCount int
						Edges      []struct{ Node struct{ LID string } }
					}
				}
			}
			Contacts struct {
				TotalCount int
				Nodes      []struct{ Name, FirstSeenAt string }
			}
		}
	}
}

func TestStatementsDoNotGrowWithTheList(t *testing.T) {
	t.Parallel()
	graphtest.EachCounted(t, func(t *testing.T, s *graphtest.Server, counter *modelstest.Statements) {
		key := s.Key(t, models.Read, models.Manage)
		fill := func(sessions, groups int) {
			for range sessions {
				session := s.SessionOf(t, graphtest.Organization)
				for n := range groups {
					syncGroup(t, s, session.ID, n, 12)
				}
			}
		}
		ask := func() (statements []string, answer nestedAnswer) {
			statements = counter.Fewest(func() { s.Get(t, key, everything, nil, &answer) })
			return statements, answer
		}
		fill(1, 1)
		_, _ = ask() // the key's use is noted once a minute
		few, one := ask()
		require.Len(t, one.Sessions.Nodes, 1)
		fill(24, 4)
		many, all := ask()
		assert.Len(t, many, len(few), "25 sessions:\n%s\n1 session:\n%s", strings.Join(many, "\n"), strings.Join(few, "\n"))
		checkNested(t, all)
	})
}

// checkNested looks whether each row got its own children.
func checkNested(t *testing.T, answer nestedAnswer) {
	t.Helper()
	assert.Equal(t, 25, answer.Sessions.TotalCount)
	require.Len(t, answer.Sessions.Nodes, 25)
	for i, session := range answer.Sessions.Nodes {
		groups := 4
		if i == 0 {
			groups = 1
		}
		assert.Equal(t, groups, session.Groups.TotalCount)
		require.Len(t, session.Groups.Nodes, groups)
		assert.Equal(t, 12, session.Contacts.TotalCount)
		assert.Len(t, session.Contacts.Nodes, 5)
		for n, group := range session.Groups.Nodes {
			assert.Equal(t, fmt.Sprintf("12036304123456%04d@g.us", n), group.JID)
			assert.Equal(t, 10, group.All.TotalCount)
			require.Len(t, group.All.Nodes, 5)
			assert.Equal(t, "Person 5", group.All.Nodes[4].Contact.Name)
			assert.NotEmpty(t, group.All.Nodes[4].Contact.FirstSeenAt)
			assert.Equal(t, 2, group.Admins.TotalCount)
			require.Len(t, group.Admins.Edges, 2)
			assert.Equal(t, "205227043110963@lid", group.Admins.Edges[1].Node.LID)
		}
	}
}

// What is not asked for costs nothing.
func TestStatementsOfASmallQuestion(t *testing.T) {
	t.Parallel()
	counter := modelstest.CountStatements()
	s := graphtest.New(t, modelstest.SQLite, func(setup *graphtest.Setup) { setup.Database = append(setup.Database, counter.Hook()) })
	key := s.Key(t, models.Read)
	session := s.SessionOf(t, graphtest.Organization)
	syncGroup(t, s, session.ID, 0, 5)
	var ignored json.RawMessage
	s.Get(t, key, `{ viewer { userId } }`, nil, &ignored)
	for query, want := range map[string]int{
		`{ viewer { userId apiKey { id } } }`:                                   2, // the key, its organization
		`{ sessions { nodes { id connected } } }`:                               2, // the key, the sessions
		`{ sessions { nodes { id } pageInfo { endCursor } edges { cursor } } }`: 2,
		`{ sessions { totalCount } }`:                                           3,
		`{ group(sessionId: $s, jid: $g) { members { nodes { contact { id name pushName phoneNumber } tag } } } }`: 4, // the key, session, group, members
		`{ group(sessionId: $s, jid: $g) { members { nodes { contact { firstSeenAt } } } } }`:                      5,
	} {
		query = strings.NewReplacer("$s", `"`+session.ID+`"`, "$g", `"120363041234560000@g.us"`).Replace(query)
		got := counter.Fewest(func() { s.Get(t, key, query, nil, &ignored) })
		assert.Len(t, got, want, "%s\n%s", query, strings.Join(got, "\n"))
	}
}

func TestPagingThroughALargeGroup(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		key := s.Key(t, models.Read)
		session := s.SessionOf(t, graphtest.Organization)
		group := syncGroup(t, s, session.ID, 0, 1024)
		other := syncGroup(t, s, session.ID, 1, 3)
		const query = `query($s: ID!, $g: JID!, $after: String, $first: Int) { group(sessionId: $s, jid: $g) {
				members(first: $first, after: $after) { totalCount nodes { lid } edges { cursor node { lid } }
					pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
		type answer struct {
			Group struct {
				Members struct {
					TotalCount int
					Nodes      []struct{ LID string }
					Edges      []struct {
						Cursor string
						Node   struct{ LID string }
					}
					PageInfo struct {
						HasNextPage, HasPreviousPage bool
						StartCursor, EndCursor       *string
					}
				}
			}
		}
		seen := map[string]bool{}
		var after any
		pages := 0
		for more := true; more; pages++ {
			var a answer
			s.Get(t, key, query, map[string]any{"s": session.ID, "g": group.JID, "after": after, "first": 100}, &a)
			members := a.Group.Members
			assert.Equal(t, 1024, members.TotalCount)
			assert.Equal(t, pages > 0, members.PageInfo.HasPreviousPage)
			require.NotEmpty(t, members.Nodes)
			assert.Equal(t, members.Edges[0].Cursor, *members.PageInfo.StartCursor)
			assert.Equal(t, members.Edges[len(members.Edges)-1].Cursor, *members.PageInfo.EndCursor)
			for i, member := range members.Nodes {
				assert.Equal(t, member, members.Edges[i].Node)
				assert.False(t, seen[member.LID], "%s stands on two pages", member.LID)
				seen[member.LID] = true
			}
			after, more = *members.PageInfo.EndCursor, members.PageInfo.HasNextPage
		}
		assert.Len(t, seen, 1024)
		assert.Equal(t, 11, pages)

		var past answer
		s.Get(t, key, query, map[string]any{"s": session.ID, "g": group.JID, "after": after}, &past)
		assert.Empty(t, past.Group.Members.Nodes, "behind the last")
		assert.Nil(t, past.Group.Members.PageInfo.EndCursor)

		foreign := s.Post(t, key, query, map[string]any{"s": session.ID, "g": other.JID, "after": after})
		assert.Equal(t, "VALIDATION_ERROR", foreign.Code(), "another list's cursor")
		assert.Equal(t, "invalid_cursor", foreign.Errors[0].Extensions.Reason)
		for _, forged := range []string{"x", "AAAA", "!", strings.Repeat("A", 5000)} {
			r := s.Post(t, key, query, map[string]any{"s": session.ID, "g": group.JID, "after": forged})
			assert.Equal(t, "VALIDATION_ERROR", r.Code(), forged)
		}
		for _, size := range []int{0, -1, 201, 1 << 30} {
			r := s.Post(t, key, query, map[string]any{"s": session.ID, "g": group.JID, "first": size})
			assert.Contains(t, []string{"VALIDATION_ERROR", "GRAPHQL_LIMIT_EXCEEDED"}, r.Code(), size)
		}
	})
}
