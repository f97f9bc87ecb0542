package rest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph"
	"wagateway/models"
	"wagateway/whatsapp/whatsapptest"
)

// matrixCase is what a row needs of its caller, and what the right one gets on a
// session that is not connected.
type matrixCase struct {
	needs  []models.Capability // one of these
	body   string
	status int
	other  int // the status for another organization, where that is not 404
}

func matrix() map[string]matrixCase {
	read, send, manage := []models.Capability{models.Read}, []models.Capability{models.Send}, []models.Capability{models.Manage}
	readOrManage := []models.Capability{models.Read, models.Manage}
	const people = `{"participants":["491700000009@s.whatsapp.net"]}`
	return map[string]matrixCase{
		"adminListSessions":          {needs: []models.Capability{models.SuperAdmin}, status: 200, other: 403},
		"adminStartSessionBackfill":  {needs: []models.Capability{models.SuperAdmin}, status: 501, other: 403},
		"adminSessionBackfillStatus": {needs: []models.Capability{models.SuperAdmin}, status: 404, other: 403},
		"listSessions":               {needs: readOrManage, status: 200, other: 200},
		"createSession":              {needs: manage, body: `{"label":"New"}`, status: 201, other: 201},
		"getSession":                 {needs: readOrManage, status: 200},
		"updateSession":              {needs: manage, body: `{"label":"Changed"}`, status: 200},
		"deleteSession":              {needs: manage, status: 204},
		"sessionMe":                  {needs: readOrManage, status: 404},
		"sessionQR":                  {needs: manage, status: 404},
		"sessionPairingCode":         {needs: manage, body: `{"phone":"x"}`, status: 400},
		"startSession":               {needs: manage, status: 200},
		"stopSession":                {needs: manage, status: 200},
		"restartSession":             {needs: manage, status: 200},
		"logoutSession":              {needs: manage, status: 200},
		"listGroups":                 {needs: read, status: 200},
		"createGroup":                {needs: send, body: `{"name":"Team","participants":[]}`, status: 501},
		"getGroup":                   {needs: read, status: 200},
		"updateGroup":                {needs: send, body: `{"subject":"Team"}`, status: 501},
		"getGroupInvite":             {needs: read, status: 501},
		"revokeGroupInvite":          {needs: send, status: 501},
		"listGroupMembers":           {needs: read, status: 200},
		"addGroupMembers":            {needs: send, body: people, status: 501},
		"removeGroupMember":          {needs: send, status: 501},
		"promoteGroupMember":         {needs: send, status: 501},
		"demoteGroupMember":          {needs: send, status: 501},
		"approveGroupMembers":        {needs: send, body: people, status: 501},
		"rejectGroupMembers":         {needs: send, body: people, status: 501},
		"listGroupRequests":          {needs: read, status: 501},
		"leaveGroup":                 {needs: send, status: 501},
		"joinGroup":                  {needs: send, body: `{"invite":"AbCdEfGhIjKlMnOpQrStUv"}`, status: 501},

		"listContacts":      {needs: read, status: 200},
		"checkContact":      {needs: read, status: 400},
		"getContact":        {needs: read, status: 200},
		"getContactAbout":   {needs: read, status: 501},
		"getContactPicture": {needs: read, status: 501},
		"blockContact":      {needs: send, status: 501},
		"unblockContact":    {needs: send, status: 501},

		"listChats":        {needs: read, status: 200},
		"listChatMessages": {needs: read, status: 200},
		"readChat":         {needs: send, body: `{}`, status: 200},
		"updateChat":       {needs: send, body: `{"archived":true}`, status: 200},
		"deleteChat":       {needs: send, status: 204},
		"setChatPresence":  {needs: send, body: `{"state":"composing"}`, status: 501},
		"sendMessage":      {needs: send, body: `{"type":"text","to":"491700000009@s.whatsapp.net","text":"x"}`, status: 501},

		"getMessageMedia": {needs: read, status: 400},
		"editMessage":     {needs: send, body: `{"chat":"491700000001@s.whatsapp.net","text":"x"}`, status: 400}, // another's
		"revokeMessage":   {needs: send, body: `{"chat":"491700000001@s.whatsapp.net"}`, status: 400},            // another's
		"forwardMessage":  {needs: send, body: `{"chat":"491700000001@s.whatsapp.net","to":"491700000009@s.whatsapp.net"}`, status: 501},
		"addReaction":     {needs: send, body: `{"chat":"491700000001@s.whatsapp.net","emoji":"👍"}`, status: 501},
		"removeReaction":  {needs: send, body: `{"chat":"491700000001@s.whatsapp.net"}`, status: 501},
		"voteMessage":     {needs: send, body: `{"chat":"491700000001@s.whatsapp.net","options":[]}`, status: 400}, // no poll

		"createChannel":       {needs: send, body: `{"name":"Tides"}`, status: 501},
		"listChannelMessages": {needs: []models.Capability{models.Read, models.Send}, status: 200},
		"followChannel":       {needs: send, status: 501},
		"unfollowChannel":     {needs: send, status: 501},
		"muteChannel":         {needs: send, body: `{"mute":true}`, status: 501},

		"listWebhooks":          {needs: manage, status: 200, other: 200},
		"createWebhook":         {needs: manage, body: `{"url":"https://hook.invalid/"}`, status: 201, other: 201},
		"getWebhook":            {needs: manage, status: 200},
		"updateWebhook":         {needs: manage, body: `{"active":false}`, status: 200},
		"deleteWebhook":         {needs: manage, status: 204},
		"listWebhookDeliveries": {needs: manage, status: 200},
		"redeliver":             {needs: manage, status: 404},

		"createRealtimeTicket": {needs: read, body: `{"events":["message"]}`, status: 201, other: 201},
		"streamEvents":         {needs: read, status: 200, other: 200},
		"listApiKeys":          {needs: manage, status: 200, other: 200},
		"createApiKey":         {needs: manage, body: `{"name":"CRM"}`, status: 201, other: 201},
		"revokeApiKey":         {needs: manage, status: 204},
	}
}

// TestMatrix walks the table: no credential, the wrong capability, the right
// one, another organization. The order of checks shows too: a caller that may
// not is refused before it is told what exists, and a session that it cannot see
// before anything about the body.
func TestMatrix(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		cases := matrix()
		gate, err := graph.NewGate()
		require.NoError(s, err)
		s.session()
		for _, rt := range table() {
			s.Run(rt.Operation, func(t *testing.T) {
				c, ok := cases[rt.Operation]
				require.True(t, ok, "the matrix has no case for %s", rt.Operation)
				assert.ElementsMatch(t, c.needs, gate.Needs(rt.Field), "what the schema demands is not what the contract says")
				s := s.in(t)
				s.matrixRow(rt, c, s.matrixPath(rt))
			})
		}
		assert.Len(s, cases, len(table()), "cases of rows that do not exist")
	})
}

// matrixPath fills in a row's pattern with what exists in whatsapptest.Organization.
func (s *stack) matrixPath(rt route) string {
	s.Helper()
	path := rt.Pattern
	if strings.Contains(path, "{session}") {
		session := s.session()
		path = strings.Replace(path, "{session}", session, 1)
		if strings.Contains(path, "{gid}") {
			s.group(session, "120363021234567890@g.us", 3)
			path = strings.Replace(path, "{gid}", "120363021234567890%40g.us", 1)
		}
		if strings.Contains(path, "{lid}") {
			s.message(session, "M1")
			path = strings.Replace(path, "{lid}", "100000000000001@lid", 1)
		}
		if strings.Contains(path, "/channels/{jid}") {
			_, err := s.db.Channels.Save(s.Context(), session, models.ChannelSnapshot{JID: "120363012345678901@newsletter", Name: "Tides", Role: models.ChannelSubscriber})
			require.NoError(s, err)
			path = strings.Replace(path, "{jid}", "120363012345678901%40newsletter", 1)
		}
		path = strings.Replace(path, "{jid}", "491700000001@s.whatsapp.net", 1)
		if strings.Contains(path, "{mid}") {
			s.message(session, "M1")
			path = strings.Replace(path, "{mid}", "M1", 1)
		}
		if strings.Contains(path, "{cid}") {
			s.message(session, "M1")
			path = strings.Replace(path, "{cid}", "491700000001%40s.whatsapp.net", 1)
		}
	}
	if strings.Contains(path, webhookPath) {
		w, _, err := s.core.Hooks.Create(s.Context(), models.NewWebhook{OrganizationID: whatsapptest.Organization, URL: "https://hook.invalid/"})
		require.NoError(s, err)
		path = strings.Replace(path, "{id}", w.ID, 1)
		path = strings.Replace(path, "{delivery}", "dlv_01J9ZX8K2QHV0M3T6R7P4N5W8C", 1)
	}
	if strings.Contains(path, "{id}") {
		key, _, err := s.db.APIKeys.Create(s.Context(), models.NewAPIKey{OrganizationID: whatsapptest.Organization, Name: "old", Capabilities: models.CapabilitySet{models.Read}})
		require.NoError(s, err)
		path = strings.Replace(path, "{id}", key.ID, 1)
	}
	return path
}

func (s *stack) matrixRow(rt route, c matrixCase, path string) {
	s.Helper()
	expect := func(what, credential, body string, status int) answer {
		s.Helper()
		a := s.send(rt.Method, path, credential, body)
		assert.Equal(s, status, a.StatusCode, "%s: %s", what, a.body)
		return a
	}
	const broken = `{"broken`
	expect("no credential", "", broken, 401)
	expect("an unknown key", "wa_"+strings.Repeat("x", 40), broken, 401)
	expect("a bad token", "e30.e30.e30", broken, 401)

	var wrong []models.Capability
	for _, capability := range []models.Capability{models.Read, models.Send, models.Manage} {
		if !contains(c.needs, capability) {
			wrong = append(wrong, capability)
		}
	}
	a := expect("the wrong capability", s.newKey(whatsapptest.Organization, wrong...), broken, 403)
	assert.Equal(s, "forbidden", a.failure(s.T).Code)
	if rt.Method != http.MethodGet || contains(c.needs, models.SuperAdmin) {
		expect("the wrong capability in another organization", s.newKey(otherOrganization, wrong...), broken, 403)
	}

	other := c.other
	if other == 0 {
		other = 404
	}
	everything := s.newKey(otherOrganization, models.Read, models.Send, models.Manage)
	a = expect("another organization", everything, c.body, other)
	assert.NotContains(s, a.body, whatsapptest.Organization)
	if ofSession(rt.Pattern) && !contains(c.needs, models.SuperAdmin) {
		a = expect("another organization, broken body", everything, broken, 404)
		assert.Equal(s, "session not found", a.failure(s.T).Message)
	}

	if contains(c.needs, models.SuperAdmin) {
		expect("an owner", s.token(whatsapptest.Organization, "owner"), "", 403)
		a = expect("a super_admin", s.token("", "super_admin"), "", c.status)
		if c.status < http.StatusBadRequest {
			assert.Contains(s, a.body, whatsapptest.Organization)
		}
		return
	}
	if hasBody(rt) {
		expect("the right one, broken body", s.newKey(whatsapptest.Organization, c.needs[0]), broken, 400)
	}
	for _, capability := range c.needs {
		expect("the right one, "+string(capability), s.newKey(whatsapptest.Organization, capability), c.body, c.status)
	}
}

func contains(set []models.Capability, c models.Capability) bool {
	return models.CapabilitySet(set).Has(c)
}
