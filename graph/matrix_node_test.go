package graph_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

// TestNodeNeedsWhatItsFieldNeeds: with any one capability an object is found by its id
// just when the field that gives such objects gives it.
func TestNodeNeedsWhatItsFieldNeeds(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	_, err := s.DB.Organizations.Ensure(t.Context(), graphtest.Organization, "")
	require.NoError(t, err)
	mine := own(t, s, graphtest.Organization)
	_, err = s.DB.Labels.Save(t.Context(), mine.session, models.Label{WALabelID: "1", Name: "Orders"})
	require.NoError(t, err)
	_, err = s.DB.Calls.Heard(t.Context(), mine.session, models.CallNews{CallID: "CALL", Action: models.CallOffer, Caller: models.Person{LID: "1@lid"}})
	require.NoError(t, err)
	all := s.Key(t, models.Read, models.Send, models.Manage)
	var send struct{ SendMessage struct{ OutboxID string } }
	s.Get(t, all, mine.in(`mutation { sendMessage(sessionId: "SESSION", input: {async: true, to: "491700000001@s.whatsapp.net", content: {text: {text: "x"}}}) { outboxId } }`), nil, &send)
	credentials := map[models.Capability]string{}
	for _, c := range []models.Capability{models.Read, models.Send, models.Manage, models.SuperAdmin} {
		credentials[c] = holding(t, s, c)
	}
	credentials["of one session"] = s.KeyOf(t, models.NewAPIKey{
		OrganizationID: graphtest.Organization, SessionID: mine.session, Capabilities: models.CapabilitySet{models.Read, models.Send, models.Manage},
	})
	for name, field := range map[string]string{
		"session":      `session(id: "SESSION") { id }`,
		"organization": `viewer { organization { id } }`,
		"key":          `apiKeys(first: 1) { nodes { id } }`,
		"webhook":      `webhook(id: "WEBHOOK") { id }`,
		"send":         `send(sessionId: "SESSION", outboxId: "` + send.SendMessage.OutboxID + `") { id }`,
		"group":        `group(sessionId: "SESSION", jid: "GROUP") { id }`,
		"member":       `group(sessionId: "SESSION", jid: "GROUP") { members(first: 1) { nodes { id } } }`,
		"contact":      `contact(sessionId: "SESSION", jid: "205227043110953@lid") { id }`,
		"chat":         `chat(sessionId: "SESSION", jid: "GROUP") { id }`,
		"message":      `message(sessionId: "SESSION", waMessageId: "MESSAGE") { id }`,
		"label":        `session(id: "SESSION") { labels { id } }`,
		"call":         `call(sessionId: "SESSION", callId: "CALL") { id }`,
		"channel":      `channel(sessionId: "SESSION", jid: "` + ownedChannel + `") { id }`,
	} {
		given := s.Post(t, all, mine.in("{ "+field+" }"), nil)
		require.Empty(t, given.Errors, "%s: %s", name, given.Body)
		ids := idsIn(t, given.Data)
		require.NotEmpty(t, ids, name)
		id, err := json.Marshal(ids[0])
		require.NoError(t, err)
		for c, credential := range credentials {
			want := ""
			if s.Post(t, credential, mine.in("{ "+field+" }"), nil).Code() != "" {
				want = notFound
			}
			r := s.Post(t, credential, `{ node(id: `+string(id)+`) { id } }`, nil)
			assert.Equal(t, want, r.Code(), "%s with %s: %s", name, c, r.Body)
		}
	}
}
