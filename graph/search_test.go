package graph_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
)

func TestMessagesAreFound(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		session := s.SessionOf(t, graphtest.Organization)
		for i := range 3 {
			_, _, err := s.DB.Messages.Receive(t.Context(), session.ID, models.NewMessage{
				Chat:   models.ChatAddress{Type: models.ChatGroup, JID: "120363041234567890@g.us"},
				Sender: models.Person{LID: fmt.Sprintf("20522704311095%d@lid", i)}, WAMessageID: fmt.Sprint("M", i),
				Type: models.MessageText, Body: fmt.Sprint("hello number ", i), Timestamp: models.Now(),
			})
			require.NoError(t, err)
		}
		key := holding(t, s, models.Read)
		found := func(call string) (n int) {
			t.Helper()
			var data map[string]struct {
				TotalCount int
				Nodes      []struct{ WaMessageID string }
			}
			answer := s.Post(t, key, "{ "+call+" { totalCount nodes { waMessageId } } }", nil)
			require.Empty(t, answer.Code(), call)
			require.NoError(t, json.Unmarshal(answer.Data, &data))
			for _, list := range data {
				assert.Len(t, list.Nodes, list.TotalCount)
				n = list.TotalCount
			}
			return n
		}
		in := `(sessionId: "` + session.ID + `"`
		assert.Equal(t, 3, found(`messages`+in+`)`))
		assert.Equal(t, 3, found(`searchMessages`+in+`, query: "HEL")`))
		assert.Equal(t, 1, found(`searchMessages`+in+`, query: "hello 2")`))
		assert.Equal(t, 1, found(`messages`+in+`, filter: {text: "number 1"})`))
		assert.Equal(t, 1, found(`messages`+in+`, filter: {sender: "205227043110951@lid"})`))
		assert.Equal(t, 0, found(`messages`+in+`, filter: {sender: "305227043110951@lid"})`))
		assert.Equal(t, 0, found(`searchMessages`+in+`, query: "hello", filter: {chat: "120363041234567899@g.us"})`))
		assert.Equal(t, 3, found(`messages`+in+`, filter: {chat: "120363041234567890@g.us", types: [TEXT], fromMe: false, until: "2124-01-01T00:00:00Z"})`))
		for _, bad := range []string{`query: ""`, `query: "..."`, `query: "x", filter: {chat: "nonsense"}`, `query: "x", filter: {sender: "nonsense"}`, `query: "x", after: "Zm9yZ2Vk"`} {
			assert.Equal(t, "VALIDATION_ERROR", s.Post(t, key, `{ searchMessages`+in+`, `+bad+`) { totalCount } }`, nil).Code(), bad)
		}
	})
}
