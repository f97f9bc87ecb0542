package graph_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
)

// messageAccesses has the fields of chats, messages, webhooks and health. MESSAGE
// stands for a message of GROUP by WhatsApp's id, WEBHOOK for a webhook.
func messageAccesses() map[string]access {
	on := func(call string) access { return access{call: call, foreign: notFound} }
	inChat := func(selection string) access {
		return on(`chat(sessionId: "SESSION", jid: "GROUP") { ` + selection + ` }`)
	}
	ofMessage := func(selection string) access {
		return on(`message(sessionId: "SESSION", waMessageId: "MESSAGE") { ` + selection + ` }`)
	}
	acting := func(call, code string) access { return access{call: call, foreign: notFound, code: code} }
	return map[string]access{
		"Query.chat":       inChat(`id`),
		"Session.chats":    on(`session(id: "SESSION") { chats { nodes { id } } }`),
		"Session.chat":     on(`session(id: "SESSION") { chat(jid: "GROUP") { id } }`),
		"Chat.messages":    inChat(`messages { nodes { id } }`),
		"Chat.lastMessage": inChat(`lastMessage { id }`),
		"Chat.contact":     inChat(`contact { id }`),
		"Chat.group":       inChat(`group { id }`),

		"Query.messages":       on(`messages(sessionId: "SESSION", filter: {chat: "GROUP"}) { nodes { id } }`),
		"Query.searchMessages": on(`searchMessages(sessionId: "SESSION", query: "hello", filter: {chat: "GROUP"}) { nodes { id } }`),
		"Query.message":        ofMessage(`id`),
		"Message.chat":         ofMessage(`chat { id }`),
		"Message.sender":       ofMessage(`sender { id }`),
		"Message.quoted":       ofMessage(`quoted { id }`),
		"Message.receipts":     ofMessage(`receipts { ackLevel }`),
		"Message.content":      ofMessage(`content { __typename }`),
		"Message.reactions":    ofMessage(`reactions { emoji }`),

		"Mutation.fetchHistory": acting(`fetchHistory(sessionId: "SESSION", input: {chatJid: "GROUP"}) { chatJid }`, notConnected),
		"Mutation.fetchMedia": {
			call: `fetchMedia(sessionId: "SESSION", input: {chat: "GROUP", waMessageId: "MESSAGE"}) { message { id } }`, foreign: notFound, code: invalid,
		},
		"Mutation.editMessage":    acting(`editMessage(sessionId: "SESSION", input: {chat: "GROUP", waMessageId: "MESSAGE", text: "x"}) { outboxId }`, invalid),
		"Mutation.revokeMessage":  acting(`revokeMessage(sessionId: "SESSION", input: {chat: "GROUP", waMessageId: "MESSAGE"}) { outboxId }`, invalid),
		"Mutation.forwardMessage": acting(`forwardMessage(sessionId: "SESSION", input: {chat: "GROUP", waMessageId: "MESSAGE", to: "GROUP"}) { outboxId }`, notConnected),
		"Mutation.addReaction":    acting(`addReaction(sessionId: "SESSION", input: {chat: "GROUP", waMessageId: "MESSAGE", emoji: "👍"}) { outboxId }`, notConnected),
		"Mutation.removeReaction": acting(`removeReaction(sessionId: "SESSION", input: {chat: "GROUP", waMessageId: "MESSAGE"}) { outboxId }`, notConnected),
		"Mutation.voteMessage":    acting(`voteMessage(sessionId: "SESSION", input: {chat: "GROUP", waMessageId: "MESSAGE", options: []}) { outboxId }`, invalid),
		"Mutation.cancelSend":     acting(`cancelSend(sessionId: "SESSION", outboxId: "01J9ZX8K2QHV0M3T6R7P4N5W8C") { outboxId }`, notFound),
		"Query.send":              acting(`send(sessionId: "SESSION", outboxId: "01J9ZX8K2QHV0M3T6R7P4N5W8C") { id }`, notFound),
		"Query.sends":             on(`sends(sessionId: "SESSION", filter: {scheduled: true}) { nodes { id } totalCount }`),
		"Mutation.readChat":       on(`readChat(sessionId: "SESSION", input: {jid: "GROUP"}) { chat { id } }`),
		"Mutation.sendMessage": {
			call: `sendMessage(sessionId: "SESSION", input: {to: "GROUP", content: {text: {text: "x"}}}) { outboxId }`, foreign: notFound, code: notConnected,
		},

		"Query.webhooks":               {call: `webhooks { nodes { id } }`},
		"Query.webhook":                on(`webhook(id: "WEBHOOK") { id }`),
		"Webhook.deliveries":           on(`webhook(id: "WEBHOOK") { deliveries { nodes { id } } }`),
		"Mutation.createWebhook":       {call: `createWebhook(input: {url: "ftp://x"}) { webhook { id } }`, code: invalid},
		"Mutation.updateWebhook":       on(`updateWebhook(id: "WEBHOOK", input: {active: false}) { webhook { id } }`),
		"Mutation.deleteWebhook":       on(`deleteWebhook(id: "WEBHOOK") { deletedWebhookId }`),
		"Mutation.testWebhook":         on(`testWebhook(id: "WEBHOOK") { delivered }`),
		"Mutation.rotateWebhookSecret": on(`rotateWebhookSecret(id: "WEBHOOK") { secret }`),
		"Mutation.redeliver":           {call: `redeliver(webhookId: "WEBHOOK", deliveryId: "dlv_x") { delivery { id } }`, foreign: notFound, code: notFound},
		"Mutation.redeliverRange":      on(`redeliverRange(webhookId: "WEBHOOK", input: {}) { queued }`),
	}
}

// ownMessage stores a message of a group, and a call of the same id and person,
// and gives WhatsApp's id of them.
func ownMessage(t *testing.T, s *graphtest.Server, session, group string) string {
	t.Helper()
	m, _, err := s.DB.Messages.Receive(t.Context(), session, models.NewMessage{
		Chat: models.ChatAddress{Type: models.ChatGroup, JID: group}, Sender: models.Person{LID: "205227043110953@lid"},
		WAMessageID: "M" + session, Type: models.MessageText, Body: "hello", QuotedID: "gone", Timestamp: models.Now(),
	})
	require.NoError(t, err)
	_, err = s.DB.Calls.Heard(t.Context(), session, models.CallNews{
		CallID: m.WAMessageID, Caller: models.Person{LID: "205227043110953@lid"}, Action: models.CallOffer, At: models.Now(),
	})
	require.NoError(t, err)
	_, err = s.DB.Labels.Save(t.Context(), session, models.Label{WALabelID: "1", Name: "Orders"})
	require.NoError(t, err)
	return m.WAMessageID
}

// ownWebhook stores a webhook and gives its id.
func ownWebhook(t *testing.T, s *graphtest.Server, organization string) string {
	t.Helper()
	w, _, err := s.Resolver.Hooks.Create(t.Context(), models.NewWebhook{OrganizationID: organization, URL: "https://hook.invalid/"})
	require.NoError(t, err)
	return w.ID
}
