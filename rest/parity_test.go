package rest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/whatsapptest"
)

// parityCase is one failure, asked for over both fronts.
type parityCase struct {
	name       string
	credential string // "" = the stack's key, "none" = none
	method     string
	path       string
	body       string
	query      string // GraphQL, with $s for the session and $g for the group
	code       string // the contract's
}

// TestParity: the same code, message and details from both fronts for every
// failure.
func TestParity(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := whatsapptest.NewWorldOn(t, db)
		s := newStack(t, db, w.Service)
		session, phone := w.PairedSession("491700000000", "Anna")
		bert := w.Phone("491700000001", "Bert")
		w.Phone("491700000002", "Carl")
		foreign, err := bert.CreateGroup(t.Context(), "Bert's", phone.JID())
		require.NoError(t, err)
		strange, err := bert.CreateGroup(t.Context(), "Without Anna")
		require.NoError(t, err)
		own := s.createGroup(session.ID, "Anna's")
		s.waitForGroup(session.ID, foreign.String())
		offline := s.session()
		s.parity(parityCases(s, session.ID, offline, own, foreign, strange))
	})
}

// parity holds both fronts to the same failure for each case.
func (s *stack) parity(cases []parityCase) {
	s.Helper()
	for _, c := range cases {
		s.Run(c.name, func(t *testing.T) {
			s := s.in(t)
			credential := c.credential
			switch credential {
			case "":
				credential = s.key
			case "none":
				credential = ""
			}
			failure := s.send(c.method, c.path, credential, c.body).failure(t)
			assert.Equal(t, c.code, failure.Code, failure.Message)
			data, graphQL := s.graphQLFailure(credential, c.query, nil)
			assert.Equal(t, strings.ToUpper(failure.Code), graphQL.Code, "data: %s", data)
			if strings.Contains(c.path, "/members/") && graphQL.Details["field"] == "participants[0]" { // REST has one, in the address
				graphQL.Details["field"] = "jid"
				graphQL.Message = strings.Replace(graphQL.Message, "participants[0]", "jid", 1)
			}
			assert.Equal(t, failure.Message, graphQL.Message)
			for _, id := range []string{"outboxId", "waMessageId"} { // of one's own send each
				delete(failure.Details, id)
				delete(graphQL.Details, id)
			}
			assert.Equal(t, failure.Details, graphQL.Details)
		})
	}
}

func parityCases(s *stack, session, offline, own string, foreign, strange types.JID) []parityCase {
	const api = "/api/v1/sessions/"
	at, off := api+session, api+offline
	read := s.newKey(whatsapptest.Organization, models.Read)
	other := s.newKey(otherOrganization, models.Read, models.Send, models.Manage)
	fill := strings.NewReplacer("$session", `"`+session+`"`, "$offline", `"`+offline+`"`, "$own", `"`+own+`"`, "$foreign", `"`+foreign.String()+`"`, "$strange", `"`+strange.String()+`"`, "$nobody", `"491799999999@s.whatsapp.net"`)
	long := strings.Repeat("x", 101)
	cases := []parityCase{
		{"no credential", "none", "GET", at, "", `{session(id:$session){id}}`, "unauthorized"},
		{"unknown key", "wa_" + strings.Repeat("y", 40), "GET", at, "", `{session(id:$session){id}}`, "unauthorized"},
		{"capability missing, read", s.newKey(whatsapptest.Organization, models.Send), "GET", at + "/groups/" + own, "", `{group(sessionId:$session,jid:$own){id}}`, "forbidden"},
		{"capability missing, manage", read, "POST", at + ":stop", "", `mutation{stopSession(sessionId:$session){session{id}}}`, "forbidden"},
		{"super_admin missing", "", "GET", "/api/v1/admin/sessions", "", `{adminListSessions{totalCount}}`, "forbidden"},
		{"another organization", other, "GET", at, "", `{session(id:$session){id}}`, "not_found"},
		{"another organization, act", other, "POST", at + "/groups:join", `{"invite":""}`, `mutation{joinGroup(sessionId:$session,input:{invite:""}){groupJid}}`, "not_found"},
		{"unknown session", "", "GET", api + "01J9ZX8K2QHV0M3T6R7P4N5W8C", "", `{session(id:"01J9ZX8K2QHV0M3T6R7P4N5W8C"){id}}`, "not_found"},
		{"not paired", "", "GET", off + "/me", "", `{sessionMe(sessionId:$offline){phoneNumber}}`, "not_found"},
		{"already paired, QR", "", "GET", at + "/qr", "", `{sessionQR(sessionId:$session){code}}`, "validation_error"},
		{"already paired, code", "", "POST", at + "/pairing-code", `{"phone":"491700000000"}`, `mutation{sessionPairingCode(sessionId:$session,input:{phone:"491700000000"}){pairingCode{code}}}`, "validation_error"},
		{"bad phone", "", "POST", off + "/pairing-code", `{"phone":"+49"}`, `mutation{sessionPairingCode(sessionId:$offline,input:{phone:"+49"}){pairingCode{code}}}`, "validation_error"},
		{"no phone", "", "POST", off + "/pairing-code", `{}`, `mutation{sessionPairingCode(sessionId:$offline,input:{phone:""}){pairingCode{code}}}`, "validation_error"},
		{"long label", "", "PATCH", at, `{"label":"` + long + `"}`, `mutation{updateSession(sessionId:$session,input:{label:"` + long + `"}){session{id}}}`, "validation_error"},
		{"rate of zero", "", "POST", "/api/v1/sessions", `{"ratePerMin":0}`, `mutation{createSession(input:{ratePerMin:0}){session{id}}}`, "validation_error"},
		{"bad proxy", "", "PATCH", at, `{"proxyUrl":"ftp://x"}`, `mutation{updateSession(sessionId:$session,input:{proxyUrl:"ftp://x"}){session{id}}}`, "validation_error"},
		{"NUL", "", "PATCH", at, `{"label":"a\u0000"}`, `mutation{updateSession(sessionId:$session,input:{label:"a\u0000"}){session{id}}}`, "validation_error"},
		{"forged cursor, sessions", "", "GET", "/api/v1/sessions?cursor=Zm9yZ2Vk", "", `{sessions(after:"Zm9yZ2Vk"){totalCount}}`, "validation_error"},
		{"forged cursor, groups", "", "GET", at + "/groups?cursor=Zm9yZ2Vk", "", `{session(id:$session){groups(after:"Zm9yZ2Vk"){totalCount}}}`, "validation_error"},
		{"bad group JID", "", "GET", at + "/groups/nonsense", "", `{group(sessionId:$session,jid:"nonsense"){id}}`, "validation_error"},
		{"bad group JID, act", "", "POST", at + "/groups/nonsense:leave", "", `mutation{leaveGroup(sessionId:$session,groupJid:"nonsense"){group{id}}}`, "validation_error"},
		{"unknown group", "", "GET", at + "/groups/120363000000000000@g.us", "", `{group(sessionId:$session,jid:"120363000000000000@g.us"){id}}`, "not_found"},
		{"unknown group, members", "", "GET", at + "/groups/12036399@g.us/members", "", `{group(sessionId:$session,jid:"12036399@g.us"){members{totalCount}}}`, "not_found"},
		{"a group the account is not in", "", "PATCH", at + "/groups/" + strange.String(), `{"subject":"x"}`, `mutation{updateGroup(sessionId:$session,groupJid:$strange,input:{subject:"x"}){group{id}}}`, "not_found"},
		{"no name", "", "POST", at + "/groups", `{}`, `mutation{createGroup(sessionId:$session,input:{name:"",participants:[]}){group{id}}}`, "validation_error"},
		{"long name", "", "POST", at + "/groups", `{"name":"` + long + `"}`, `mutation{createGroup(sessionId:$session,input:{name:"` + long + `",participants:[]}){group{id}}}`, "validation_error"},
		{"bad participant", "", "POST", at + "/groups", `{"name":"x","participants":["1@g.us"]}`, `mutation{createGroup(sessionId:$session,input:{name:"x",participants:["1@g.us"]}){group{id}}}`, "validation_error"},
		{"nobody to add", "", "POST", at + "/groups/" + own + "/members", `{}`, `mutation{addGroupMembers(sessionId:$session,groupJid:$own,input:{participants:[]}){group{id}}}`, "validation_error"},
		{"bad person to add", "", "POST", at + "/groups/" + own + "/members", `{"participants":["x"]}`, `mutation{addGroupMembers(sessionId:$session,groupJid:$own,input:{participants:["x"]}){group{id}}}`, "validation_error"},
		{"bad member to promote", "", "POST", at + "/groups/" + own + "/members/x/promote", "", `mutation{promoteGroupMember(sessionId:$session,groupJid:$own,input:{participants:["x"]}){group{id}}}`, "validation_error"},
		{"bad member to demote", "", "POST", at + "/groups/" + own + "/members/x/demote", "", `mutation{demoteGroupMember(sessionId:$session,groupJid:$own,input:{participants:["x"]}){group{id}}}`, "validation_error"},
		{"bad person to remove", "", "DELETE", at + "/groups/" + own + "/members/x", "", `mutation{removeGroupMember(sessionId:$session,groupJid:$own,input:{participants:["x"]}){group{id}}}`, "validation_error"},
		{"unknown member, remove", "", "DELETE", at + "/groups/" + own + "/members/491799999999@s.whatsapp.net", "", `mutation{removeGroupMember(sessionId:$session,groupJid:$own,input:{participants:[$nobody]}){group{id}}}`, "not_found"},
		{"unknown member, promote", "", "POST", at + "/groups/" + own + "/members/491700000002@s.whatsapp.net/promote", "", `mutation{promoteGroupMember(sessionId:$session,groupJid:$own,input:{participants:["491700000002@s.whatsapp.net"]}){group{id}}}`, "not_found"},
		{"unknown member, demote", "", "POST", at + "/groups/" + own + "/members/491700000002@s.whatsapp.net/demote", "", `mutation{demoteGroupMember(sessionId:$session,groupJid:$own,input:{participants:["491700000002@s.whatsapp.net"]}){group{id}}}`, "not_found"},
		{"nobody asks, approve", "", "POST", at + "/groups/" + own + "/members:approve", `{"participants":["491700000002@s.whatsapp.net"]}`, `mutation{approveGroupMembers(sessionId:$session,groupJid:$own,input:{participants:["491700000002@s.whatsapp.net"]}){group{id}}}`, "not_found"},
		{"nobody asks, reject", "", "POST", at + "/groups/" + own + "/members:reject", `{"participants":["491700000002@s.whatsapp.net"]}`, `mutation{rejectGroupMembers(sessionId:$session,groupJid:$own,input:{participants:["491700000002@s.whatsapp.net"]}){group{id}}}`, "not_found"},
		{"not an admin, add", "", "POST", at + "/groups/" + foreign.String() + "/members:approve", `{"participants":["491700000002@s.whatsapp.net"]}`, `mutation{approveGroupMembers(sessionId:$session,groupJid:$foreign,input:{participants:["491700000002@s.whatsapp.net"]}){group{id}}}`, "forbidden"},
		{"not an admin, remove", "", "DELETE", at + "/groups/" + foreign.String() + "/members/491700000001@s.whatsapp.net", "", `mutation{removeGroupMember(sessionId:$session,groupJid:$foreign,input:{participants:["491700000001@s.whatsapp.net"]}){group{id}}}`, "forbidden"},
		{"not an admin, invite", "", "DELETE", at + "/groups/" + foreign.String() + "/invite", "", `mutation{revokeGroupInvite(sessionId:$session,groupJid:$foreign){groupInvite{invite}}}`, "forbidden"},
		{"not an admin, requests", "", "GET", at + "/groups/" + foreign.String() + "/requests", "", `{listGroupRequests(sessionId:$session,groupJid:$foreign){jid}}`, "forbidden"},
		{"no invite", "", "POST", at + "/groups:join", `{}`, `mutation{joinGroup(sessionId:$session,input:{invite:""}){groupJid}}`, "validation_error"},
		{"malformed invite", "", "POST", at + "/groups:join", `{"invite":"https://example.com/x"}`, `mutation{joinGroup(sessionId:$session,input:{invite:"https://example.com/x"}){groupJid}}`, "validation_error"},
		{"unknown invite", "", "POST", at + "/groups:join", `{"invite":"AbCdEfGhIjKlMnOpQrStUv"}`, `mutation{joinGroup(sessionId:$session,input:{invite:"AbCdEfGhIjKlMnOpQrStUv"}){groupJid}}`, "validation_error"},
		{"not connected", "", "POST", off + "/groups", `{"name":"x"}`, `mutation{createGroup(sessionId:$offline,input:{name:"x",participants:[]}){group{id}}}`, "not_implemented"},
		{"key without a name", "", "POST", "/api/v1/api-keys", `{}`, `mutation{createApiKey(input:{name:""}){secret}}`, "validation_error"},
		{"key beyond the caller", s.newKey(whatsapptest.Organization, models.Manage), "POST", "/api/v1/api-keys", `{"name":"x","capabilities":["send"]}`, `mutation{createApiKey(input:{name:"x",capabilities:[SEND]}){secret}}`, "forbidden"},
		{"key with super_admin", "", "POST", "/api/v1/api-keys", `{"name":"x","capabilities":["super_admin"]}`, `mutation{createApiKey(input:{name:"x",capabilities:[SUPER_ADMIN]}){secret}}`, "validation_error"},
		{"key of the past", "", "POST", "/api/v1/api-keys", `{"name":"x","expiresAt":1000}`, `mutation{createApiKey(input:{name:"x",expiresAt:"1970-01-01T00:00:01Z"}){secret}}`, "validation_error"},
		{"key for an unknown session", "", "POST", "/api/v1/api-keys", `{"name":"x","sessionId":"none"}`, `mutation{createApiKey(input:{name:"x",sessionId:"none"}){secret}}`, "not_found"},
		{"forged cursor, events", "", "GET", "/api/v1/events?after=nonsense", "", `{events(after:"nonsense"){nodes{id}}}`, "validation_error"},
		{"another organization's session, events", other, "GET", "/api/v1/events?session=" + session, "", `{events(sessionId:$session){nodes{id}}}`, "not_found"},
		{"capability missing, events", s.newKey(whatsapptest.Organization, models.Send, models.Manage), "GET", "/api/v1/events", "", `{events{nodes{id}}}`, "forbidden"},
		{"no credential, events", "none", "GET", "/api/v1/events", "", `{events{nodes{id}}}`, "unauthorized"},
		{"another organization's session, ticket", other, "POST", "/api/v1/realtime/ticket", `{"sessionId":"` + session + `"}`, `mutation{createRealtimeTicket(input:{sessionId:$session}){ticket}}`, "not_found"},
		{"no events, ticket", "", "POST", "/api/v1/realtime/ticket", `{"events":[]}`, `mutation{createRealtimeTicket(input:{types:[]}){ticket}}`, "validation_error"},
		{"unknown key to revoke", "", "DELETE", "/api/v1/api-keys/key_none", "", `mutation{revokeApiKey(id:"key_none"){apiKey{id}}}`, "not_found"},
		{"another organization's key", other, "DELETE", "/api/v1/api-keys/" + s.firstKey(), "", `mutation{revokeApiKey(id:"` + s.firstKey() + `"){apiKey{id}}}`, "not_found"},
	}
	cases = append(cases, chatParityCases(s, session, offline)...)
	cases = append(cases, channelParityCases(s, session, offline)...)
	cases = append(cases, webhookParityCases(s)...)
	cases = append(cases, contactParityCases(s, session, offline)...)
	for i := range cases {
		cases[i].query = fill.Replace(cases[i].query)
	}
	return cases
}

func (s *stack) firstKey() string {
	s.Helper()
	list, err := s.db.APIKeys.List(s.Context(), whatsapptest.Organization, models.Page{Limit: 1})
	require.NoError(s, err)
	return list.Items[0].ID
}

// createGroup creates a group over REST.
func (s *stack) createGroup(session, name string, participants ...string) string {
	s.Helper()
	a := s.send("POST", "/api/v1/sessions/"+session+"/groups", s.key, encoded(s.T, map[string]any{"name": name, "participants": participants}))
	require.Equal(s, 201, a.StatusCode, a.body)
	var g Group
	a.into(s.T, &g)
	return g.GroupJID
}
