package graph_test

// contactAccesses has the fields of contacts, of the account itself and of backfills.
func contactAccesses() map[string]access {
	on := func(call string) access { return access{call: call, foreign: notFound} }
	live := func(call string) access { return access{call: call, foreign: notFound, code: notConnected} }
	const person = `sessionId: "SESSION", jid: "6281234567890@s.whatsapp.net"`
	return map[string]access{
		"Contact.dm":     on(`contact(sessionId: "SESSION", jid: "205227043110953@lid") { dm { id } }`),
		"Contact.groups": on(`contact(sessionId: "SESSION", jid: "205227043110953@lid") { groups { jid group { id } } }`),

		"Query.checkContact":      live(`checkContact(sessionId: "SESSION", phone: "+6281234567890") { jid }`),
		"Query.checkContacts":     live(`checkContacts(sessionId: "SESSION", phones: ["6281234567890"]) { jid }`),
		"Query.contactAbout":      live(`contactAbout(` + person + `) { about }`),
		"Query.contactPicture":    live(`contactPicture(` + person + `) { url }`),
		"Query.businessProfile":   live(`businessProfile(` + person + `) { email }`),
		"Query.blocklist":         live(`blocklist(sessionId: "SESSION") { jid }`),
		"Mutation.blockContact":   live(`blockContact(` + person + `) { jid }`),
		"Mutation.unblockContact": live(`unblockContact(` + person + `) { jid }`),
		"Mutation.saveContact":    live(`saveContact(sessionId: "SESSION", input: {jid: "6281234567890@s.whatsapp.net", fullName: "Alice"}) { contact { id } }`),

		"Query.privacySettings":                live(`privacySettings(sessionId: "SESSION") { about }`),
		"Query.contactLink":                    live(`contactLink(sessionId: "SESSION")`),
		"Mutation.updateProfile":               live(`updateProfile(sessionId: "SESSION", input: {name: "n"}) { session { id } }`),
		"Mutation.updatePrivacySettings":       live(`updatePrivacySettings(sessionId: "SESSION", input: {about: ALL}) { privacySettings { about } }`),
		"Mutation.setDefaultDisappearingTimer": live(`setDefaultDisappearingTimer(sessionId: "SESSION", seconds: 0) { seconds }`),
		"Mutation.revokeContactLink":           live(`revokeContactLink(sessionId: "SESSION") { contactLink }`),

		"Query.adminSessionBackfillStatus":   {call: `adminSessionBackfillStatus(sessionId: "SESSION") { id }`, code: notFound},
		"Mutation.adminStartSessionBackfill": {call: `adminStartSessionBackfill(sessionId: "SESSION") { job { id } }`, code: notConnected},
	}
}
