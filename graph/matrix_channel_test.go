package graph_test

// ownedChannel is the channel that each organization's session follows.
const ownedChannel = "120363012345678901@newsletter"

// channelAccesses has the fields of channels.
func channelAccesses() map[string]access {
	const at = `sessionId: "SESSION", jid: "` + ownedChannel + `"`
	on := func(call string) access { return access{call: call, foreign: notFound} }
	live := func(call string) access { return access{call: call, foreign: notFound, code: notConnected} }
	return map[string]access{
		"Query.channel":         on(`channel(` + at + `) { jid }`),
		"Query.channelByInvite": live(`channelByInvite(sessionId: "SESSION", invite: "0029VaAbCdEfGhIjKlMnOp") { jid }`),
		"Session.channels":      on(`session(id: "SESSION") { channels(following: true) { nodes { jid } } }`),
		"Channel.chat":          on(`channel(` + at + `) { chat { id } }`),
		"Channel.messages":      on(`channel(` + at + `) { messages { nodes { id } } }`),
		"Message.channelStats":  on(`message(sessionId: "SESSION", waMessageId: "MESSAGE") { channelStats { views } }`),

		"Mutation.createChannel":           live(`createChannel(sessionId: "SESSION", input: {name: "Tides"}) { channel { jid } }`),
		"Mutation.followChannel":           live(`followChannel(` + at + `) { channel { jid } }`),
		"Mutation.unfollowChannel":         live(`unfollowChannel(` + at + `) { channel { jid } }`),
		"Mutation.muteChannel":             live(`muteChannel(` + at + `, mute: true) { channel { jid } }`),
		"Mutation.subscribeChannelUpdates": live(`subscribeChannelUpdates(` + at + `) { seconds }`),
		"Mutation.fetchChannelMessages":    live(`fetchChannelMessages(` + at + `) { messages { id } }`),
		"Mutation.reactToChannelMessage":   live(`reactToChannelMessage(sessionId: "SESSION", input: {jid: "` + ownedChannel + `", serverId: 100, emoji: "👍"}) { serverId }`),
		"Mutation.markChannelViewed":       live(`markChannelViewed(sessionId: "SESSION", input: {jid: "` + ownedChannel + `", serverIds: [100]}) { serverIds }`),
	}
}
