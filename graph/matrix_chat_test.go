package graph_test

// chatAccesses has the fields of chats and labels beyond reading them. A label of
// each session's has the id 1.
func chatAccesses() map[string]access {
	on := func(call string) access { return access{call: call, foreign: notFound} }
	live := func(call string) access { return access{call: call, foreign: notFound, code: notConnected} }
	return map[string]access{
		"Chat.labels":    on(`chat(sessionId: "SESSION", jid: "GROUP") { labels { id } }`),
		"Message.labels": on(`message(sessionId: "SESSION", waMessageId: "MESSAGE") { labels { id } }`),
		"Session.labels": on(`session(id: "SESSION") { labels { id name color } }`),

		"Mutation.updateChat":           on(`updateChat(sessionId: "SESSION", input: {jid: "GROUP", archived: true}) { chat { id } }`),
		"Mutation.clearChat":            on(`clearChat(sessionId: "SESSION", input: {jid: "GROUP"}) { chat { id } }`),
		"Mutation.deleteChat":           on(`deleteChat(sessionId: "SESSION", input: {jid: "GROUP"}) { deletedChatJid }`),
		"Mutation.setDisappearingTimer": live(`setDisappearingTimer(sessionId: "SESSION", input: {jid: "GROUP", seconds: 86400}) { chat { id } }`),
		"Mutation.starMessage":          live(`starMessage(sessionId: "SESSION", input: {chat: "GROUP", waMessageId: "MESSAGE"}) { message { id } }`),
		"Mutation.setChatPresence":      live(`setChatPresence(sessionId: "SESSION", input: {jid: "GROUP", state: COMPOSING}) { state }`),
		"Mutation.setPresence":          live(`setPresence(sessionId: "SESSION", available: true) { available }`),
		"Mutation.subscribePresence":    live(`subscribePresence(sessionId: "SESSION", jid: "6281234567890@s.whatsapp.net") { jid }`),

		"Mutation.createLabel":  live(`createLabel(sessionId: "SESSION", input: {name: "Orders"}) { label { id } }`),
		"Mutation.updateLabel":  live(`updateLabel(sessionId: "SESSION", labelId: "1", input: {color: 1}) { label { id } }`),
		"Mutation.deleteLabel":  live(`deleteLabel(sessionId: "SESSION", labelId: "1") { label { id } }`),
		"Mutation.labelChat":    live(`labelChat(sessionId: "SESSION", labelId: "1", jid: "GROUP") { chat { id } }`),
		"Mutation.unlabelChat":  live(`unlabelChat(sessionId: "SESSION", labelId: "1", jid: "GROUP") { chat { id } }`),
		"Mutation.labelMessage": live(`labelMessage(sessionId: "SESSION", labelId: "1", input: {chat: "GROUP", waMessageId: "MESSAGE"}) { message { id } }`),
	}
}
