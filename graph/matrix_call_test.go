package graph_test

// callAccesses has the fields of calls and stories. The call MESSAGE is of the
// person who wrote the message of that id.
func callAccesses() map[string]access {
	on := func(call string) access { return access{call: call, foreign: notFound} }
	return map[string]access{
		"Query.call":          on(`call(sessionId: "SESSION", callId: "MESSAGE") { callId }`),
		"Call.caller":         on(`call(sessionId: "SESSION", callId: "MESSAGE") { caller { id } }`),
		"Session.calls":       on(`session(id: "SESSION") { calls(filter: {status: RINGING, from: "205227043110953@lid"}) { nodes { callId } } }`),
		"Session.statuses":    on(`session(id: "SESSION") { statuses { nodes { id } } }`),
		"Mutation.rejectCall": {call: `rejectCall(sessionId: "SESSION", callId: "MESSAGE") { call { status } }`, foreign: notFound, code: notConnected},

		"Mutation.postStatus":   {call: `postStatus(sessionId: "SESSION", input: {text: {text: "x"}}) { outboxId }`, foreign: notFound, code: notConnected},
		"Mutation.deleteStatus": {call: `deleteStatus(sessionId: "SESSION", waMessageId: "x") { outboxId }`, foreign: notFound, code: notFound},
		"Mutation.viewStatus":   {call: `viewStatus(sessionId: "SESSION", waMessageIds: ["x"]) { statuses { id } }`, foreign: notFound, code: notFound},
	}
}
