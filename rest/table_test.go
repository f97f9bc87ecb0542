package rest

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
)

var parameter = regexp.MustCompile(`\{(\w+)\}`)

func pathParameters(pattern string) []string {
	var names []string
	for _, m := range parameter.FindAllStringSubmatch(pattern, -1) {
		names = append(names, m[1])
	}
	return names
}

func statusKey(status int) string { return strconv.Itoa(status) }

// TestTableIsTheContract pins what clients rely on: operationId, method, path,
// success status, and the schema field whose capability guards it.
func TestTableIsTheContract(t *testing.T) {
	t.Parallel()
	const s = "/api/v1/sessions/{session}"
	contract := []string{
		"adminListSessions GET /api/v1/admin/sessions 200 Query.adminListSessions",
		"adminStartSessionBackfill POST /api/v1/admin/sessions/{session}:backfill 202 Mutation.adminStartSessionBackfill",
		"adminSessionBackfillStatus GET /api/v1/admin/sessions/{session}/backfill 200 Query.adminSessionBackfillStatus",
		"listSessions GET /api/v1/sessions 200 Query.sessions",
		"createSession POST /api/v1/sessions 201 Mutation.createSession",
		"getSession GET " + s + " 200 Query.session",
		"updateSession PATCH " + s + " 200 Mutation.updateSession",
		"deleteSession DELETE " + s + " 204 Mutation.deleteSession",
		"sessionMe GET " + s + "/me 200 Query.sessionMe",
		"sessionQR GET " + s + "/qr 200 Query.sessionQR",
		"sessionPairingCode POST " + s + "/pairing-code 200 Mutation.sessionPairingCode",
		"startSession POST " + s + ":start 200 Mutation.startSession",
		"stopSession POST " + s + ":stop 200 Mutation.stopSession",
		"restartSession POST " + s + ":restart 200 Mutation.restartSession",
		"logoutSession POST " + s + ":logout 200 Mutation.logoutSession",
		"listChats GET " + s + "/chats 200 Session.chats",
		"listChatMessages GET " + s + "/chats/{cid}/messages 200 Chat.messages",
		"readChat POST " + s + "/chats/{cid}/read 200 Mutation.readChat",
		"listContacts GET " + s + "/contacts 200 Session.contacts",
		"checkContact GET " + s + "/contacts/check 200 Query.checkContact",
		"getContact GET " + s + "/contacts/{lid} 200 Query.contact",
		"getContactAbout GET " + s + "/contacts/{jid}/about 200 Query.contactAbout",
		"getContactPicture GET " + s + "/contacts/{jid}/picture 200 Query.contactPicture",
		"blockContact POST " + s + "/contacts/{jid}/block 204 Mutation.blockContact",
		"unblockContact POST " + s + "/contacts/{jid}/unblock 204 Mutation.unblockContact",
		"sendMessage POST " + s + "/messages 200 Mutation.sendMessage",
		"createChannel POST " + s + "/channels 201 Mutation.createChannel",
		"listChannelMessages GET " + s + "/channels/{jid}/messages 200 Channel.messages",
		"followChannel POST " + s + "/channels/{jid}:follow 204 Mutation.followChannel",
		"unfollowChannel POST " + s + "/channels/{jid}:unfollow 204 Mutation.unfollowChannel",
		"muteChannel POST " + s + "/channels/{jid}:mute 204 Mutation.muteChannel",
		"getMessageMedia GET " + s + "/messages/{mid}/media 200 Mutation.fetchMedia",
		"editMessage PATCH " + s + "/messages/{mid} 200 Mutation.editMessage",
		"revokeMessage DELETE " + s + "/messages/{mid} 200 Mutation.revokeMessage",
		"forwardMessage POST " + s + "/messages/{mid}/forward 200 Mutation.forwardMessage",
		"addReaction POST " + s + "/messages/{mid}/reaction 200 Mutation.addReaction",
		"removeReaction DELETE " + s + "/messages/{mid}/reaction 200 Mutation.removeReaction",
		"voteMessage POST " + s + "/messages/{mid}/vote 200 Mutation.voteMessage",
		"listWebhooks GET /api/v1/webhooks 200 Query.webhooks",
		"createWebhook POST /api/v1/webhooks 201 Mutation.createWebhook",
		"getWebhook GET /api/v1/webhooks/{id} 200 Query.webhook",
		"updateWebhook PATCH /api/v1/webhooks/{id} 200 Mutation.updateWebhook",
		"deleteWebhook DELETE /api/v1/webhooks/{id} 204 Mutation.deleteWebhook",
		"listWebhookDeliveries GET /api/v1/webhooks/{id}/deliveries 200 Webhook.deliveries",
		"redeliver POST /api/v1/webhooks/{id}/deliveries/{delivery}:redeliver 202 Mutation.redeliver",
		"updateChat PATCH " + s + "/chats/{cid} 200 Mutation.updateChat",
		"deleteChat DELETE " + s + "/chats/{cid} 204 Mutation.deleteChat",
		"setChatPresence PUT " + s + "/chats/{cid}/presence 204 Mutation.setChatPresence",
		"listGroups GET " + s + "/groups 200 Session.groups",
		"createGroup POST " + s + "/groups 201 Mutation.createGroup",
		"getGroup GET " + s + "/groups/{gid} 200 Query.group",
		"updateGroup PATCH " + s + "/groups/{gid} 204 Mutation.updateGroup",
		"getGroupInvite GET " + s + "/groups/{gid}/invite 200 Query.groupInvite",
		"revokeGroupInvite DELETE " + s + "/groups/{gid}/invite 200 Mutation.revokeGroupInvite",
		"listGroupMembers GET " + s + "/groups/{gid}/members 200 Group.members",
		"addGroupMembers POST " + s + "/groups/{gid}/members 204 Mutation.addGroupMembers",
		"removeGroupMember DELETE " + s + "/groups/{gid}/members/{jid} 204 Mutation.removeGroupMember",
		"promoteGroupMember POST " + s + "/groups/{gid}/members/{jid}/promote 204 Mutation.promoteGroupMember",
		"demoteGroupMember POST " + s + "/groups/{gid}/members/{jid}/demote 204 Mutation.demoteGroupMember",
		"approveGroupMembers POST " + s + "/groups/{gid}/members:approve 204 Mutation.approveGroupMembers",
		"rejectGroupMembers POST " + s + "/groups/{gid}/members:reject 204 Mutation.rejectGroupMembers",
		"listGroupRequests GET " + s + "/groups/{gid}/requests 200 Query.listGroupRequests",
		"leaveGroup POST " + s + "/groups/{gid}:leave 204 Mutation.leaveGroup",
		"joinGroup POST " + s + "/groups:join 200 Mutation.joinGroup",
		"createRealtimeTicket POST /api/v1/realtime/ticket 201 Mutation.createRealtimeTicket",
		"streamEvents GET /api/v1/events 200 Subscription.events",
		"listApiKeys GET /api/v1/api-keys 200 Query.apiKeys",
		"createApiKey POST /api/v1/api-keys 201 Mutation.createApiKey",
		"revokeApiKey DELETE /api/v1/api-keys/{id} 204 Mutation.revokeApiKey",
	}
	var got []string
	for _, rt := range table() {
		got = append(got, strings.Join([]string{rt.Operation, rt.Method, rt.Pattern, statusKey(rt.Status), rt.Field}, " "))
	}
	assert.ElementsMatch(t, contract, got)
}

func TestRowsBindTheirWholeAddress(t *testing.T) {
	t.Parallel()
	for _, rt := range table() {
		require.NoError(t, rt.fault, rt.Operation)
		b, err := newBinder(reflect.TypeOf(rt.in))
		require.NoError(t, err)
		var bound []string
		for _, f := range b.fields {
			if f.in == "path" {
				bound = append(bound, f.name)
			}
		}
		assert.ElementsMatch(t, pathParameters(rt.Pattern), bound, rt.Operation)
		if rt.out == nil && len(rt.media) == 0 {
			assert.Equal(t, 204, rt.Status, rt.Operation)
		}
	}
}

func TestRowIsRefusedWithoutItsSchemaField(t *testing.T) {
	t.Parallel()
	rt := table()[0]
	require.NoError(t, rt.check(func(string) bool { return true }))
	err := rt.check(func(field string) bool { return field != rt.Field })
	require.ErrorContains(t, err, rt.Operation)
	require.ErrorContains(t, err, rt.Field)
}

func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	seen := make(map[int]fault.Code)
	for _, code := range fault.Codes() {
		status := statusOf(code)
		assert.Empty(t, seen[status], "%s and %s share %d", code, seen[status], status)
		seen[status] = code
	}
	assert.Equal(t, fault.Internal, seen[500])
}

// TestShapesAreTheContract pins every shape byte for byte: names, order, and
// how absent values look.
func TestShapesAreTheContract(t *testing.T) {
	t.Parallel()
	const ms = 1719662400000
	session := models.Session{
		ID: "01J9ZX8K2QHV0M3T6R7P4N5W8C", OrganizationID: "org_01J9ABC", Label: "Support <line> & co", CreatedByUserID: "user_01J9DEF",
		PhoneNumber: "6281234567890", WAJID: "6281234567890@s.whatsapp.net", WALID: "205227043110953@lid", Status: models.SessionWorking,
		GatewayID: "gw-sg-1", PresenceTyping: true, RatePerMin: 20, RatePerHour: 600, LastConnectedAt: ms, CreatedAt: ms, UpdatedAt: ms,
		DeviceJID: "6281234567890:3@s.whatsapp.net", PushName: "hidden", Enabled: true, HistoryDays: 3,
	}
	fresh := models.Session{ID: "S", OrganizationID: "o", Status: models.SessionFailed, StatusReason: models.ReasonLoggedOut, CreatedAt: 1, UpdatedAt: 2}
	group := models.Group{
		ID: 512, JID: "120363021234567890@g.us", Subject: "Project Team", Description: "Coordination for Q3 launch",
		OwnerJID: "6281234567890@s.whatsapp.net", ParticipantCount: 42, CreatedAtWA: 1700000000000, FirstSeenAt: ms, UpdatedAt: ms,
	}
	member := models.GroupMember{
		ID: 7781, SessionID: "01J9ZX8K2QHV0M3T6R7P4N5W8C", GroupJID: "120363021234567890@g.us", Role: models.RoleMember,
		FirstSeenAt: ms, LastSeenAt: ms, LID: "205227043110953@lid", PushName: "Alice",
	}
	creator := member
	creator.Role, creator.PhoneJID, creator.ContactName = models.RoleSuperAdmin, "6281234567890@s.whatsapp.net", "Alice A."
	key := models.APIKey{
		ID: "key_1", OrganizationID: "o", Name: "CRM", Prefix: "wa_AbCd", Capabilities: models.CapabilitySet{models.Read, models.Send},
		CreatedAt: ms,
	}
	newKey := presentAPIKey(&key)
	newKey.Secret = "wa_secret"
	cases := []struct {
		name  string
		shape any
		want  string
	}{
		{"session", presentSession(&session), `{"autoRead":false,"createdAt":1719662400000,"createdByUserId":"user_01J9DEF","gatewayId":"gw-sg-1","id":"01J9ZX8K2QHV0M3T6R7P4N5W8C","isAdminSession":false,"label":"Support <line> & co","lastConnectedAt":1719662400000,"organizationId":"org_01J9ABC","phoneNumber":"6281234567890","presenceTyping":true,"ratePerHour":600,"ratePerMin":20,"status":"working","updatedAt":1719662400000,"waJid":"6281234567890@s.whatsapp.net","waLid":"205227043110953@lid"}`},
		{"session, not paired", presentSession(&fresh), `{"autoRead":false,"createdAt":1,"createdByUserId":"","gatewayId":"","id":"S","isAdminSession":false,"label":"","lastConnectedAt":null,"organizationId":"o","phoneNumber":"","presenceTyping":false,"ratePerHour":0,"ratePerMin":0,"status":"failed","statusReason":"logged_out","updatedAt":2,"waJid":"","waLid":""}`},
		{"group", presentGroup(&group), `{"createdAtWa":1700000000000,"description":"Coordination for Q3 launch","firstSeenAt":1719662400000,"groupJid":"120363021234567890@g.us","id":512,"isAnnounce":false,"isLocked":false,"ownerJid":"6281234567890@s.whatsapp.net","participantCount":42,"subject":"Project Team","updatedAt":1719662400000}`},
		{"member", presentMember(&member), `{"firstSeenAt":1719662400000,"groupJid":"120363021234567890@g.us","id":7781,"lastSeenAt":1719662400000,"lid":"205227043110953@lid","role":"member","sessionId":"01J9ZX8K2QHV0M3T6R7P4N5W8C","tag":"~Alice"}`},
		{"creator", presentMember(&creator), `{"firstSeenAt":1719662400000,"groupJid":"120363021234567890@g.us","id":7781,"lastSeenAt":1719662400000,"lid":"205227043110953@lid","phoneJid":"6281234567890@s.whatsapp.net","role":"admin","sessionId":"01J9ZX8K2QHV0M3T6R7P4N5W8C","tag":"Alice A."}`},
		{"api key", presentAPIKey(&key), `{"capabilities":["read","send"],"createdAt":1719662400000,"createdByUserId":"","expiresAt":null,"id":"key_1","lastUsedAt":null,"name":"CRM","organizationId":"o","prefix":"wa_AbCd","revokedAt":null,"sessionId":""}`},
		{"new api key", newKey, `{"capabilities":["read","send"],"createdAt":1719662400000,"createdByUserId":"","expiresAt":null,"id":"key_1","lastUsedAt":null,"name":"CRM","organizationId":"o","prefix":"wa_AbCd","revokedAt":null,"secret":"wa_secret","sessionId":""}`},
		{"me", Me{Connected: true, PhoneNumber: "1", PushName: "n", SessionID: "s", Status: "working", WAJID: "j", WALID: "l"}, `{"connected":true,"phoneNumber":"1","pushName":"n","sessionId":"s","status":"working","waJid":"j","waLid":"l"}`},
		{"qr", QR{Code: "2@a", ExpiresAt: ms}, `{"code":"2@a","expiresAt":1719662400000}`},
		{"joined", JoinedGroup{GroupJID: "g"}, `{"groupJid":"g"}`},
		{"pending", JoinedGroup{GroupJID: "g", PendingApproval: true}, `{"groupJid":"g","pendingApproval":true}`},
		{"request", GroupRequest{JID: "1@lid", RequestedAt: 5}, `{"jid":"1@lid","requestedAt":5}`},
		{"end of sessions", nullEndList[Session]{Data: presentEach(nil, presentSession)}, `{"data":[],"nextCursor":null}`},
		{"end of groups", emptyEndList[Group]{Data: presentEach(nil, presentGroup)}, `{"data":[],"nextCursor":""}`},
		{"failure", presentFault(fault.Invalid("x", "x < y")), `{"error":{"code":"validation_error","message":"x < y","details":{"field":"x"}}}`},
		{"failure with a reason", presentFault(fault.NotConnected()), `{"error":{"code":"not_implemented","message":"session is not connected","details":{"reason":"session_not_connected"}}}`},
		{"failure without details", presentFault(fault.NoSuch("session")), `{"error":{"code":"not_found","message":"session not found","details":{}}}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want+"\n", encoded(t, c.shape))
		})
	}
}

// TestShapesAreAlphabetical holds shapes to come to the contract's order.
func TestShapesAreAlphabetical(t *testing.T) {
	t.Parallel()
	names := func(typ reflect.Type) []string {
		var out []string
		for field := range typ.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			out = append(out, name)
		}
		return out
	}
	for _, rt := range table() {
		if rt.out == nil {
			continue
		}
		typ := reflect.TypeOf(rt.out)
		if f, isList := typ.FieldByName("Data"); isList {
			assert.Equal(t, []string{"data", "nextCursor"}, names(typ), rt.Operation)
			typ = f.Type.Elem()
		}
		assert.True(t, slices.IsSorted(names(typ)), "%s: %v", rt.Operation, names(typ))
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	w := newRecorder()
	writeJSON(w, 200, v)
	require.True(t, json.Valid(w.Body.Bytes()))
	assert.Equal(t, statusKey(w.Body.Len()), w.Header().Get("Content-Length"))
	return w.Body.String()
}
