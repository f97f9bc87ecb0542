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

// TestSends: what was asked for while the session is away is listed, found by its
// ids and withdrawn; the messages of many are read together.
func TestSends(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			counter := modelstest.CountStatements()
			s := graphtest.New(t, dialect, func(setup *graphtest.Setup) { setup.Database = append(setup.Database, counter.Hook()) })
			key := s.Key(t, models.Read, models.Send)
			one, many := s.SessionOf(t, graphtest.Organization).ID, s.SessionOf(t, graphtest.Organization).ID
			in := func(session, query string) string { return strings.ReplaceAll(query, "$session", `"`+session+`"`) }
			send := func(session, to, more string) string {
				var answer struct{ SendMessage struct{ OutboxID string } }
				s.Get(t, key, in(session, `mutation { sendMessage(sessionId: $session, input: {async: true, to: "`+to+`@s.whatsapp.net", `+more+
					` content: {text: {text: "Hello"}}}) { outboxId } }`), nil, &answer)
				return answer.SendMessage.OutboxID
			}
			expect := func(query, want string) {
				t.Helper()
				r := s.Post(t, key, in(one, query), nil)
				require.Empty(t, r.Errors, r.Body)
				assert.JSONEq(t, want, string(r.Data))
			}
			queued := send(one, "491700000001", "")
			later := send(one, "491700000002", `scheduledAt: "2027-06-01T08:00:00Z", expiresAt: "2027-06-01T09:00:00Z",`)
			expect(`{ send(sessionId: $session, outboxId: "`+later+`") { id sessionId mode status scheduledAt expiresAt failure { code } message { body chat { jid } } } }`,
				`{"send":{"id":"send:`+later+`","sessionId":"`+one+`","mode":"ASYNC","status":"QUEUED","scheduledAt":"2027-06-01T08:00:00.000Z",
				"expiresAt":"2027-06-01T09:00:00.000Z","failure":null,"message":{"body":"Hello","chat":{"jid":"491700000002@s.whatsapp.net"}}}}`)
			expect(`{ node(id: "send:`+queued+`") { __typename ... on Send { outboxId scheduledAt expiresAt } } }`,
				`{"node":{"__typename":"Send","outboxId":"`+queued+`","scheduledAt":null,"expiresAt":null}}`)
			expect(`mutation { cancelSend(sessionId: $session, outboxId: "`+later+`") { status } }`, `{"cancelSend":{"status":"FAILED"}}`)
			expect(`{ sends(sessionId: $session) { totalCount nodes { outboxId status failure { code reason message whatsAppCode } } }
				failed: sends(sessionId: $session, filter: {status: FAILED}) { nodes { outboxId } }
				scheduled: sends(sessionId: $session, filter: {scheduled: true}) { totalCount }
				first: sends(sessionId: $session, first: 1) { nodes { outboxId } pageInfo { hasNextPage } } }`,
				`{"sends":{"totalCount":2,"nodes":[
					{"outboxId":"`+later+`","status":"FAILED","failure":{"code":"CONFLICT","reason":"cancelled","message":"the send was cancelled","whatsAppCode":null}},
					{"outboxId":"`+queued+`","status":"QUEUED","failure":null}]},
				"failed":{"nodes":[{"outboxId":"`+later+`"}]},"scheduled":{"totalCount":0},
				"first":{"nodes":[{"outboxId":"`+later+`"}],"pageInfo":{"hasNextPage":true}}}`)
			assert.Equal(t, notFound, s.Post(t, key, in(many, `{ send(sessionId: $session, outboxId: "`+queued+`") { id } }`), nil).Code(), "another session's")
			stranger := s.KeyOf(t, models.NewAPIKey{OrganizationID: "other", Capabilities: models.CapabilitySet{models.Read}})
			assert.Equal(t, notFound, s.Post(t, stranger, `{ node(id: "send:`+queued+`") { id } }`, nil).Code())
			assert.Equal(t, notFound, s.Post(t, s.Key(t, models.Manage), `{ node(id: "send:`+queued+`") { id } }`, nil).Code())

			for n := range 25 {
				send(many, fmt.Sprintf("4917000001%02d", n), "")
			}
			ask := func(session string, want int) []string {
				return counter.Fewest(func() {
					var answer struct {
						Sends struct {
							Nodes []struct {
								Message struct{ Chat struct{ JID string } }
							}
						}
					}
					s.Get(t, key, in(session, `{ sends(sessionId: $session) { totalCount nodes { message { chat { jid lastMessage { body } } sender { name } receipts { status } } } } }`), nil, &answer)
					assert.Len(t, answer.Sends.Nodes, want)
				})
			}
			assert.Len(t, ask(many, 25), len(ask(one, 2)))
		})
	}
}
