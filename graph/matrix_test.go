package graph_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
)

// access is a field's case: how to ask for it, and what the right caller gets.
type access struct {
	// call is the field with its arguments and selection. SESSION and GROUP stand
	// for a stored session and its group, KEY for an API key, each the
	// organization's own or another's.
	call string
	// foreign is what a call on another organization's object gives; "" for a
	// field that names none.
	foreign string
	// code is what the right caller gets on a session that is not connected.
	code string
}

const (
	notFound     = "NOT_FOUND"
	notConnected = "NOT_IMPLEMENTED"
	invalid      = "VALIDATION_ERROR"
)

// accesses has every root field and every guarded field below one.
func accesses() map[string]access {
	on := func(call string) access { return access{call: call, foreign: notFound} }
	live := func(call string) access { return access{call: call, foreign: notFound, code: notConnected} }
	people := `sessionId: "SESSION", groupJid: "GROUP", input: {participants: ["6281234567890@s.whatsapp.net"]}`
	all := map[string]access{
		"Query.viewer":             {call: `viewer { userId }`},
		"Query.node":               on(`node(id: "SESSION") { id }`),
		"Query.sessions":           {call: `sessions { nodes { id } }`},
		"Query.session":            on(`session(id: "SESSION") { id }`),
		"Query.sessionMe":          {call: `sessionMe(sessionId: "SESSION") { waJid }`, foreign: notFound, code: notFound},
		"Query.adminListSessions":  {call: `adminListSessions { nodes { id } }`},
		"Query.apiKeys":            {call: `apiKeys { nodes { id } }`},
		"Query.sessionQR":          {call: `sessionQR(sessionId: "SESSION") { code }`, foreign: notFound, code: notFound},
		"Query.group":              on(`group(sessionId: "SESSION", jid: "GROUP") { id }`),
		"Query.contact":            on(`contact(sessionId: "SESSION", jid: "205227043110953@lid") { id }`),
		"Query.groupInvite":        live(`groupInvite(sessionId: "SESSION", groupJid: "GROUP") { invite }`),
		"Query.groupInvitePreview": live(`groupInvitePreview(sessionId: "SESSION", invite: "HfTBVmwwKoHApZ1GTpSqRd") { jid }`),
		"Query.listGroupRequests":  live(`listGroupRequests(sessionId: "SESSION", groupJid: "GROUP") { jid }`),

		"Session.groups":   on(`session(id: "SESSION") { groups { nodes { id } } }`),
		"Session.group":    on(`session(id: "SESSION") { group(jid: "GROUP") { id } }`),
		"Session.contacts": on(`session(id: "SESSION") { contacts { nodes { id } } }`),
		"Group.members":    on(`group(sessionId: "SESSION", jid: "GROUP") { members { nodes { id } } }`),

		"Mutation.createApiKey":       {call: `createApiKey(input: {name: "n", capabilities: []}) { secret }`, code: invalid},
		"Mutation.revokeApiKey":       on(`revokeApiKey(id: "KEY") { apiKey { id } }`),
		"Mutation.createSession":      {call: `createSession(input: {ratePerMin: -1}) { session { id } }`, code: invalid},
		"Mutation.updateSession":      on(`updateSession(sessionId: "SESSION", input: {label: "x"}) { session { id } }`),
		"Mutation.startSession":       on(`startSession(sessionId: "SESSION") { session { id } }`),
		"Mutation.stopSession":        on(`stopSession(sessionId: "SESSION") { session { id } }`),
		"Mutation.restartSession":     on(`restartSession(sessionId: "SESSION") { session { id } }`),
		"Mutation.logoutSession":      on(`logoutSession(sessionId: "SESSION") { session { id } }`),
		"Mutation.deleteSession":      on(`deleteSession(sessionId: "SESSION") { deletedSessionId }`),
		"Mutation.sessionPairingCode": {call: `sessionPairingCode(sessionId: "SESSION", input: {phone: "x"}) { pairingCode { code } }`, foreign: notFound, code: invalid},

		"Mutation.createGroup":       live(`createGroup(sessionId: "SESSION", input: {name: "n", participants: []}) { group { id } }`),
		"Mutation.updateGroup":       live(`updateGroup(sessionId: "SESSION", groupJid: "GROUP", input: {subject: "n"}) { group { id } }`),
		"Mutation.revokeGroupInvite": live(`revokeGroupInvite(sessionId: "SESSION", groupJid: "GROUP") { groupInvite { invite } }`),
		"Mutation.leaveGroup":        live(`leaveGroup(sessionId: "SESSION", groupJid: "GROUP") { group { id } }`),
		"Mutation.joinGroup":         live(`joinGroup(sessionId: "SESSION", input: {invite: "HfTBVmwwKoHApZ1GTpSqRd"}) { groupJid }`),
		"Mutation.addGroupMembers":   live(`addGroupMembers(` + people + `) { group { id } }`),
		"Mutation.removeGroupMember": live(`removeGroupMember(` + people + `) { group { id } }`),
		"Mutation.linkGroup":         live(`linkGroup(sessionId: "SESSION", input: {communityJid: "GROUP", groupJid: "GROUP"}) { group { id } }`),
		"Mutation.unlinkGroup":       live(`unlinkGroup(sessionId: "SESSION", input: {communityJid: "GROUP", groupJid: "GROUP"}) { group { id } }`),
		"Mutation.setGroupPicture": {
			call: `setGroupPicture(sessionId: "SESSION", groupJid: "GROUP", picture: "x") { pictureId }`, foreign: notFound, code: invalid,
		},
		"Mutation.removeGroupPicture":  live(`removeGroupPicture(sessionId: "SESSION", groupJid: "GROUP") { groupJid }`),
		"Query.subGroups":              live(`subGroups(sessionId: "SESSION", communityJid: "GROUP") { jid }`),
		"Query.communityMembers":       live(`communityMembers(sessionId: "SESSION", communityJid: "GROUP")`),
		"Query.groupPicture":           live(`groupPicture(sessionId: "SESSION", groupJid: "GROUP") { url }`),
		"Mutation.promoteGroupMember":  live(`promoteGroupMember(` + people + `) { group { id } }`),
		"Mutation.demoteGroupMember":   live(`demoteGroupMember(` + people + `) { group { id } }`),
		"Mutation.approveGroupMembers": live(`approveGroupMembers(` + people + `) { group { id } }`),
		"Mutation.rejectGroupMembers":  live(`rejectGroupMembers(` + people + `) { group { id } }`),

		"Query.events":                  on(`events(sessionId: "SESSION") { nodes { id } }`),
		"Mutation.createRealtimeTicket": on(`createRealtimeTicket(input: {sessionId: "SESSION"}) { ticket }`),
		// A stream has no first response before something happens: an id that never
		// was ends it.
		"Subscription.events": {call: `events(sessionId: "SESSION", after: "nonsense") { id }`, foreign: notFound, code: invalid},

		"Subscription.pairing": on(`pairing(sessionId: "SESSION") { status }`),
	}
	maps.Copy(all, messageAccesses())
	maps.Copy(all, contactAccesses())
	maps.Copy(all, chatAccesses())
	maps.Copy(all, callAccesses())
	maps.Copy(all, channelAccesses())
	return all
}

// owned is what one organization has.
type owned struct{ session, group, key, message, webhook string }

func (o owned) in(call string) string {
	return strings.NewReplacer("SESSION", o.session, "GROUP", o.group, "KEY", o.key, "MESSAGE", o.message, "WEBHOOK", o.webhook).Replace(call)
}

func own(t *testing.T, s *graphtest.Server, organization string) owned {
	t.Helper()
	session := s.SessionOf(t, organization)
	_, err := s.DB.Channels.Save(t.Context(), session.ID, models.ChannelSnapshot{JID: ownedChannel, Name: "Tides", Role: models.ChannelSubscriber})
	require.NoError(t, err)
	group := syncGroup(t, s, session.ID, 0, 1)
	key, _, err := s.DB.APIKeys.Create(t.Context(), models.NewAPIKey{
		OrganizationID: organization, Name: "n", Capabilities: models.CapabilitySet{models.Read},
	})
	require.NoError(t, err)
	return owned{
		session: session.ID, group: group.JID, key: key.ID,
		message: ownMessage(t, s, session.ID, group.JID), webhook: ownWebhook(t, s, organization),
	}
}

// ask sends a field by the way its root allows.
func ask(t *testing.T, s *graphtest.Server, credential, name, call string) *graphtest.Response {
	t.Helper()
	switch root, _, _ := strings.Cut(name, "."); root {
	case "Subscription":
		events := s.Subscribe(t, credential, "subscription { "+call+" }", nil)
		defer events.Close()
		return events.Next(t)
	case "Mutation":
		return s.Post(t, credential, "mutation { "+call+" }", nil)
	default:
		return s.Post(t, credential, "{ "+call+" }", nil)
	}
}

// TestMatrix walks the schema: whoever adds a field adds its case.
func TestMatrix(t *testing.T) {
	t.Parallel()
	cases := accesses()
	s := schema()
	guarded := 0
	for name, definition := range s.Types {
		if definition.Kind != ast.Object || definition.BuiltIn {
			continue
		}
		for _, field := range definition.Fields {
			directive := field.Directives.ForName("capability")
			if directive == nil {
				continue
			}
			guarded++
			full := name + "." + field.Name
			a, ok := cases[full]
			if !assert.True(t, ok, "%s has no case in the matrix", full) {
				continue
			}
			t.Run(full, func(t *testing.T) {
				t.Parallel()
				checkAccess(t, full, a, directive)
			})
		}
	}
	assert.Len(t, cases, guarded, "a case of a field that is gone")
}

func checkAccess(t *testing.T, name string, a access, directive *ast.Directive) {
	t.Helper()
	s := graphtest.New(t, modelstest.SQLite)
	mine, theirs := own(t, s, graphtest.Organization), own(t, s, "other")
	var enough, not []models.Capability
	given := directive.ArgumentMap(nil)["any"].([]any)
	for _, c := range []models.Capability{models.Read, models.Send, models.Manage, models.SuperAdmin} {
		allowed := false
		for _, g := range given {
			allowed = allowed || strings.EqualFold(g.(string), string(c))
		}
		if allowed {
			enough = append(enough, c)
		} else {
			not = append(not, c)
		}
	}
	// What leads to a nested field needs READ or MANAGE itself.
	nested := !strings.Contains("Query Mutation Subscription", strings.Split(name, ".")[0])
	code := func(credential, call string) string { return ask(t, s, credential, name, call).Code() }

	assert.Equal(t, "UNAUTHORIZED", code("", mine.in(a.call)), "no credential")
	assert.Equal(t, "UNAUTHORIZED", code("wa_"+strings.Repeat("A", 43), mine.in(a.call)), "an unknown one")
	for _, c := range not {
		if credential := holding(t, s, c); credential != "" {
			assert.Equal(t, "FORBIDDEN", code(credential, mine.in(a.call)), "only %s", c)
			if !nested { // there the session comes first, and is not found
				assert.Equal(t, "FORBIDDEN", code(credential, theirs.in(a.call)), "only %s, on another's: 403 comes before 404", c)
			}
		}
	}
	wide := directive.ArgumentMap(nil)["scope"] == "ORGANIZATION"
	if wide && enough[0] != models.SuperAdmin {
		limited := s.KeyOf(t, models.NewAPIKey{OrganizationID: graphtest.Organization, Capabilities: enough, SessionID: mine.session})
		assert.Equal(t, "FORBIDDEN", code(limited, mine.in(a.call)), "a key of one session")
	}
	if a.foreign != "" {
		assert.Equal(t, a.foreign, code(holding(t, s, enough[0]), theirs.in(a.call)), "another organization's")
		if enough[0] != models.SuperAdmin {
			sibling := own(t, s, graphtest.Organization)
			keys := slices.DeleteFunc(slices.Clone(enough), func(c models.Capability) bool { return c == models.SuperAdmin }) // no key has it
			limited := s.KeyOf(t, models.NewAPIKey{OrganizationID: graphtest.Organization, Capabilities: keys, SessionID: sibling.session})
			if !wide { // else the key is refused for being limited at all
				assert.Equal(t, notFound, code(limited, mine.in(a.call)), "another session than the key's")
			}
		}
	}
	for _, c := range enough {
		if name == "Query.node" && c != models.Read && c != models.Manage {
			continue // not for sessions: TestNodeNeedsWhatItsFieldNeeds
		}
		if nested && !wide && c == models.Manage || name == "Mutation.deleteSession" && c != enough[0] {
			continue
		}
		assert.Equal(t, a.code, code(holding(t, s, c), mine.in(a.call)), "%s is enough", c)
	}
	settle(s, name, mine.session)
}

// settle waits until a session that was started shows its QR code, so that the
// world ends in peace.
func settle(s *graphtest.Server, name, sessionID string) {
	switch name {
	case "Query.sessionQR", "Mutation.startSession", "Mutation.restartSession":
		s.Wait(sessionID, func(u whatsapp.PairingUpdate) bool { return u.QR != nil })
	}
}

// holding gives a credential with this capability only.
func holding(t *testing.T, s *graphtest.Server, c models.Capability) string {
	t.Helper()
	if c == models.SuperAdmin {
		return s.Token(t, "super_admin")
	}
	return s.Key(t, c)
}
