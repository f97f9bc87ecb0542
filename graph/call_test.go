package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

type callsAnswer struct {
	Session struct {
		Calls struct {
			TotalCount int
			Nodes      []struct {
				CallID string
				Caller struct{ Name string }
			}
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
		}
		Statuses struct {
			TotalCount int
			Nodes      []struct {
				Body   string
				Sender struct{ Name string }
			}
		}
	}
}

// TestStatementsDoNotGrowWithCallsAndStories: callers and senders are read
// together.
func TestStatementsDoNotGrowWithCallsAndStories(t *testing.T) {
	t.Parallel()
	graphtest.EachCounted(t, func(t *testing.T, s *graphtest.Server, counter *modelstest.Statements) {
		key := s.Key(t, models.Read)
		one, many := s.SessionOf(t, graphtest.Organization), s.SessionOf(t, graphtest.Organization)
		fill := func(session string, people int) {
			for n := 1; n <= people; n++ {
				at := models.Now() - models.Millis(1000*(people-n))
				_, err := s.DB.Calls.Heard(t.Context(), session, models.CallNews{CallID: fmt.Sprint(n), Caller: person(n), Action: models.CallOffer, At: at})
				require.NoError(t, err)
				_, _, err = s.DB.Messages.Receive(t.Context(), session, models.NewMessage{
					Chat: models.ChatAddress{Type: models.ChatBroadcast, JID: models.StatusChat}, Sender: person(n),
					WAMessageID: fmt.Sprint("S", n), Type: models.MessageText, Body: fmt.Sprint("story ", n), Timestamp: at,
				})
				require.NoError(t, err)
			}
		}
		fill(one.ID, 1)
		fill(many.ID, 25)
		const query = `query($s: ID!) { session(id: $s) {
				calls(first: 30) { totalCount nodes { callId fromJid status caller { name dm { id } } } }
				statuses(first: 30) { totalCount nodes { body sender { name } receipts { ackLevel } } } } }`
		ask := func(session string) (statements []string, answer callsAnswer) {
			statements = counter.Fewest(func() { s.Get(t, key, query, map[string]any{"s": session}, &answer) })
			return statements, answer
		}
		_, _ = ask(one.ID) // the key's use is noted once a minute
		few, _ := ask(one.ID)
		all, answer := ask(many.ID)
		assert.Len(t, all, len(few), "25:\n%s\n1:\n%s", strings.Join(all, "\n"), strings.Join(few, "\n"))
		calls, stories := answer.Session.Calls, answer.Session.Statuses
		assert.Equal(t, []int{25, 25}, []int{calls.TotalCount, stories.TotalCount})
		require.Len(t, calls.Nodes, 25)
		require.Len(t, stories.Nodes, 25)
		for i := range 25 {
			n := 25 - i
			assert.Equal(t, fmt.Sprint(n), calls.Nodes[i].CallID)
			assert.Equal(t, fmt.Sprintf("Friend %d", n), calls.Nodes[i].Caller.Name)
			assert.Equal(t, fmt.Sprint("story ", n), stories.Nodes[i].Body)
			assert.Equal(t, fmt.Sprintf("Friend %d", n), stories.Nodes[i].Sender.Name)
		}

		// In pages, and as filters choose.
		var seen []string
		for after, more := any(nil), true; more; {
			var a callsAnswer
			s.Get(t, key, `query($s: ID!, $after: String) { session(id: $s) { calls(first: 10, after: $after) { nodes { callId } pageInfo { hasNextPage endCursor } } } }`,
				map[string]any{"s": many.ID, "after": after}, &a)
			for _, call := range a.Session.Calls.Nodes {
				seen = append(seen, call.CallID)
			}
			after, more = a.Session.Calls.PageInfo.EndCursor, a.Session.Calls.PageInfo.HasNextPage
		}
		assert.Len(t, seen, 25)
		for filter, want := range map[string]int{
			`{}`: 25, `null`: 25, `{status: RINGING}`: 25, `{status: MISSED}`: 0, `{from: "` + person(3).LID + `"}`: 1, `{from: "` + person(3).PhoneJID + `", status: ENDED}`: 0,
		} {
			var a callsAnswer
			s.Get(t, key, `{ session(id: "`+many.ID+`") { calls(filter: `+filter+`) { totalCount nodes { callId } } } }`, nil, &a)
			assert.Equal(t, []int{want, want}, []int{a.Session.Calls.TotalCount, len(a.Session.Calls.Nodes)}, filter)
		}
		for _, bad := range []string{`calls(filter: {from: "x"}) { totalCount }`, `statuses(from: "120363041234567890@g.us") { totalCount }`, `calls(after: "x") { totalCount }`} {
			assert.Equal(t, invalid, s.Post(t, key, `{ session(id: "`+many.ID+`") { `+bad+` } }`, nil).Code(), bad)
		}
	})
}

// TestCallingAndPosting: Bert calls Anna, who does not want to, and looks at a
// story of hers; over GraphQL.
func TestCallingAndPosting(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		key := s.Key(t, models.Read, models.Send)
		session, anna := s.PairedSession("491700000000", "Anna")
		bert := s.Phone("491700000001", "Bert")
		id, err := bert.Call(whatsapptest.Within(t), anna.JID(), true)
		require.NoError(t, err)
		in := func(query string) string {
			return strings.NewReplacer("$session", `"`+session.ID+`"`, "$call", `"`+id+`"`, "$bert", `"`+bert.JID().String()+`"`).Replace(query)
		}
		answers := func(query, want string) bool {
			r := s.Post(t, key, in(query), nil)
			return len(r.Errors) == 0 && assert.ObjectsAreEqual(want, string(r.Data))
		}
		require.Eventually(t, func() bool {
			return answers(`{ call(sessionId: $session, callId: $call) { status video fromJid groupJid endedAt } }`,
				in(`{"call":{"status":"RINGING","video":true,"fromJid":$bert,"groupJid":null,"endedAt":null}}`))
		}, whatsapptest.Patience, 10*time.Millisecond)
		for range 2 {
			assert.True(t, answers(`mutation { rejectCall(sessionId: $session, callId: $call) { call { status callId } } }`,
				in(`{"rejectCall":{"call":{"status":"REJECTED","callId":$call}}}`)))
		}
		_, err = bert.WaitCall(whatsapptest.Within(t), func(c wasim.PhoneCall) bool { return c.ID == id && c.State == wasim.CallRejected })
		require.NoError(t, err)
		assert.Equal(t, notFound, s.Post(t, key, in(`mutation { rejectCall(sessionId: $session, callId: "none") { call { status } } }`), nil).Code())

		story, err := bert.SendText(whatsapptest.Within(t), types.StatusBroadcastJID, "at the sea", wasim.WithRecipients(anna.JID()))
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			return answers(`{ session(id: $session) { statuses(from: $bert) { totalCount nodes { body fromMe chatJid } } } }`,
				`{"session":{"statuses":{"totalCount":1,"nodes":[{"body":"at the sea","fromMe":false,"chatJid":"status@broadcast"}]}}}`)
		}, whatsapptest.Patience, 10*time.Millisecond)
		assert.True(t, answers(`mutation { viewStatus(sessionId: $session, waMessageIds: ["`+story+`"]) { statuses { body sender { name } } } }`,
			`{"viewStatus":{"statuses":[{"body":"at the sea","sender":{"name":"Bert"}}]}}`))
		_, err = bert.WaitReceipt(whatsapptest.Within(t), func(r wasim.PhoneReceipt) bool { return r.Type == types.ReceiptTypeRead && r.IDs[0] == story })
		require.NoError(t, err)

		var a struct {
			PostStatus struct{ WAMessageID, Mode string }
		}
		s.Get(t, key, in(`mutation { postStatus(sessionId: $session, input: {text: {text: "so am I", backgroundColor: "#102030", font: CALISTOGA_REGULAR}}) { waMessageId mode } }`), nil, &a)
		assert.Equal(t, "SYNC", a.PostStatus.Mode)
		seen, err := anna.WaitMessage(whatsapptest.Within(t), func(m wasim.PhoneMessage) bool { return m.ID == a.PostStatus.WAMessageID })
		require.NoError(t, err)
		text := seen.Message.GetExtendedTextMessage()
		assert.Equal(t, []any{"so am I", uint32(0xff102030), "CALISTOGA_REGULAR"}, []any{text.GetText(), text.GetBackgroundArgb(), text.GetFont().String()})
		assert.True(t, answers(`{ session(id: $session) { statuses { nodes { body fromMe } } } }`,
			`{"session":{"statuses":{"nodes":[{"body":"so am I","fromMe":true},{"body":"at the sea","fromMe":false}]}}}`))
		r := s.Post(t, key, in(`mutation { deleteStatus(sessionId: $session, waMessageId: "`+a.PostStatus.WAMessageID+`") { status } }`), nil)
		require.Empty(t, r.Errors, r.Body)
		assert.True(t, answers(`{ session(id: $session) { statuses { nodes { body } } } }`, `{"session":{"statuses":{"nodes":[{"body":"at the sea"}]}}}`))
		for _, bad := range []string{`{}`, `{text: {text: "x"}, image: {data: "aGk="}}`, `{text: {text: "x", backgroundColor: "red"}}`, `{document: {data: "aGk="}}`} {
			assert.NotEmpty(t, s.Post(t, key, in(`mutation { postStatus(sessionId: $session, input: `+bad+`) { outboxId } }`), nil).Errors, bad)
		}
	})
}
