package rest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph"
	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// failureStack is a connected session with one of everything that rows are about.
type failureStack struct {
	*sendStack

	super    string // a token of the platform's administrator
	group    string
	channel  string // Bert's, not followed
	webhook  string
	incoming string // a document of Bert's that is not here yet
	unpaired string // a session
	foreign  string // another organization's session
}

// TestEveryFailure: each row answers with each status that the OpenAPI document
// describes for it, but for 500 and, in TestEveryRowWithoutDatabase, 503.
func TestEveryFailure(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newFailureStack(t, db)
		gate, err := graph.NewGate()
		require.NoError(t, err)
		for _, rt := range table() {
			s.refusedCaller(rt, gate.Needs(rt.Field))
			s.badInput(rt)
		}
		s.conflicts()
		s.overLimits()
		s.refusedByWhatsApp()
		s.notConnected()
		s.covered()
	})
}

func newFailureStack(t *testing.T, db *models.DB) *failureStack {
	t.Helper()
	s := &failureStack{sendStack: newSendStack(t, db, func(o *stackOptions) { o.streams = 1 })}
	s.super, s.foreign, s.unpaired = s.token("", "super_admin"), s.sessionOf(otherOrganization), s.stack.session()
	s.group = s.createGroup(s.session, "Team", bertJID)
	tides, err := s.bert.CreateChannel(whatsapptest.Within(t), "Tides", "", nil)
	require.NoError(t, err)
	s.channel = tides.String()
	hook, _, err := s.core.Hooks.Create(t.Context(), models.NewWebhook{OrganizationID: whatsapptest.Organization, URL: "https://hook.invalid/"})
	require.NoError(t, err)
	s.webhook = hook.ID
	require.NoError(t, s.world.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultMediaStatus, Phone: s.bert.Number(), Code: http.StatusInternalServerError}))
	anna, ok := s.world.WhatsApp.Phone("491700000000")
	require.True(t, ok)
	s.incoming, err = s.bert.SendMedia(whatsapptest.Within(t), anna.LID(), wasim.Media{Kind: wasim.MediaDocument, Data: []byte("offer"), MimeType: "text/plain"})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := db.Messages.Get(t.Context(), s.session, s.incoming)
		return err == nil
	}, whatsapptest.Patience, 10*time.Millisecond)
	return s
}

// path is the address of what a row is about.
func (s *failureStack) path(rt route) string {
	message := s.own
	switch rt.Operation {
	case "voteMessage":
		message = s.poll
	case "getMessageMedia":
		message = s.incoming
	}
	id := s.webhook
	if rt.Operation == "revokeApiKey" {
		id = s.firstKey()
	}
	pattern := strings.Replace(rt.Pattern, "/channels/{jid}", "/channels/"+s.channel, 1)
	return strings.NewReplacer("{session}", s.session, "{gid}", s.group, "{cid}", bertJID, "{lid}", bertJID, "{jid}", bertJID,
		"{mid}", message, "{id}", id, "{delivery}", "dlv_01J9ZX8K2QHV0M3T6R7P4N5W8C").Replace(pattern)
}

// ask calls a row as a caller who may.
func (s *failureStack) ask(rt route, path, body string) answer {
	s.Helper()
	credential := s.key
	if strings.HasPrefix(rt.Pattern, "/api/v1/admin/") {
		credential = s.super
	}
	return s.send(rt.Method, path, credential, body)
}

// refusedCaller is 401, 403 and 404: nobody, somebody who may not, somebody else.
func (s *failureStack) refusedCaller(rt route, needs []models.Capability) {
	s.Helper()
	path := s.path(rt)
	assert.Equal(s, http.StatusUnauthorized, s.send(rt.Method, path, "", "").StatusCode, rt.Operation)
	var others []models.Capability
	for _, capability := range []models.Capability{models.Read, models.Send, models.Manage} {
		if !contains(needs, capability) {
			others = append(others, capability)
		}
	}
	assert.Equal(s, http.StatusForbidden, s.send(rt.Method, path, s.newKey(whatsapptest.Organization, others...), "").StatusCode, rt.Operation)
	if !described(rt, http.StatusNotFound) {
		return
	}
	stranger, body := s.newKey(otherOrganization, models.Read, models.Send, models.Manage), ""
	switch rt.Operation {
	case "createWebhook":
		stranger, body = s.key, `{"url":"https://hook.invalid/","sessionId":"`+s.foreign+`"}`
	case "createApiKey":
		stranger, body = s.key, `{"name":"x","sessionId":"`+s.foreign+`"}`
	case "createRealtimeTicket":
		stranger, body = s.key, `{"sessionId":"`+s.foreign+`"}`
	case "streamEvents":
		stranger, path = s.key, path+"?session="+s.foreign
	case "adminStartSessionBackfill", "adminSessionBackfillStatus":
		stranger, path = s.super, strings.Replace(path, s.session, "none", 1)
	}
	a := s.send(rt.Method, path, stranger, body)
	assert.Equal(s, http.StatusNotFound, a.StatusCode, "%s: %s", rt.Operation, a.body)
}

// badInput is 400, 413 and 422.
func (s *failureStack) badInput(rt route) {
	s.Helper()
	path, body := s.path(rt), ""
	if hasBody(rt) {
		limit := max(DefaultMaxBody, rt.MaxBody)
		a := s.ask(rt, path, `{"x":"`+strings.Repeat("x", int(limit))+`"}`)
		assert.Equal(s, http.StatusRequestEntityTooLarge, a.StatusCode, rt.Operation)
		assert.Equal(s, "body_too_large", a.failure(s.T).Details["reason"], rt.Operation)
		body = `{"broken`
	}
	if rt.Unprocessable {
		bad := map[string]string{"updateChat": `{"mutedUntil":-1}`, "setChatPresence": `{"state":"asleep"}`, "updateWebhook": `{"url":"ftp://x"}`}[rt.Operation]
		a := s.ask(rt, path, bad)
		assert.Equal(s, http.StatusUnprocessableEntity, a.StatusCode, "%s: %s", rt.Operation, a.body)
	}
	if !described(rt, http.StatusBadRequest) {
		return
	}
	switch {
	case body != "":
	case strings.Contains(rt.Pattern, "{gid}/members/"):
		path = strings.Replace(path, bertJID, "nonsense", 1)
	case strings.Contains(rt.Pattern, "{gid}"):
		path = strings.Replace(path, s.group, "nonsense", 1)
	case strings.Contains(rt.Pattern, "/channels/{jid}"):
		path = strings.Replace(path, s.channel, "nonsense", 1)
	case strings.Contains(path, bertJID):
		path = strings.Replace(path, bertJID, "nonsense", 1)
	case strings.Contains(rt.Pattern, "{id}"):
		path = strings.Replace(strings.Replace(path, s.webhook, "%00", 1), s.firstKey(), "%00", 1)
	default:
		query, ok := map[string]string{
			"checkContact": "?phone=nonsense", "streamEvents": "?after=nonsense", "getMessageMedia": "?thumbnail=perhaps", "sessionQR": "", // it is paired
		}[rt.Operation]
		if !ok {
			query = "?limit=none"
		}
		path += query
	}
	a := s.ask(rt, path, body)
	assert.Equal(s, http.StatusBadRequest, a.StatusCode, "%s %s: %s", rt.Operation, path, a.body)
}

// conflicts is 409.
func (s *failureStack) conflicts() {
	s.Helper()
	conflict := func(method, path, credential, body string, header ...string) {
		s.Helper()
		a := s.send(method, path, credential, body, header...)
		assert.Equal(s, http.StatusConflict, a.StatusCode, "%s: %s", path, a.body)
	}
	_, err := s.db.Backfills.Start(s.Context(), s.session)
	require.NoError(s, err)
	conflict("POST", "/api/v1/admin/sessions/"+s.session+":backfill", s.super, "")
	_, err = s.db.Backfills.Interrupt(s.Context())
	require.NoError(s, err)

	text := func(of string) string { return `{"type":"text","to":"` + bertJID + `","text":"` + of + `"}` }
	a := s.send("POST", s.messages()+"?async=true", s.key, text("one"), "Idempotency-Key", "order")
	require.Equal(s, http.StatusAccepted, a.StatusCode, a.body)
	conflict("POST", s.messages(), s.key, text("two"), "Idempotency-Key", "order")

	for range models.MaxWebhooks - 1 {
		_, _, err := s.core.Hooks.Create(s.Context(), models.NewWebhook{OrganizationID: whatsapptest.Organization, URL: "https://hook.invalid/"})
		require.NoError(s, err)
	}
	conflict("POST", webhooksPath, s.key, `{"url":"https://hook.invalid/"}`)
}

// overLimits is 429, with the time to wait.
func (s *failureStack) overLimits() {
	s.Helper()
	limited := func(rt route, body string) {
		s.Helper()
		a := s.ask(rt, s.path(rt), body)
		assert.Equal(s, http.StatusTooManyRequests, a.StatusCode, "%s: %s", rt.Operation, a.body)
		assert.NotEmpty(s, a.Header.Get("Retry-After"), rt.Operation)
	}
	at := "/api/v1/sessions/" + s.session
	require.Equal(s, http.StatusOK, s.send("PATCH", at, s.key, `{"ratePerMin":1}`).StatusCode)
	require.Eventually(s, func() bool {
		return s.send("POST", s.messages(), s.key, s.bodies()["sendMessage"]).StatusCode == http.StatusTooManyRequests
	}, whatsapptest.Patience, time.Millisecond)
	stream := s.listen("sse", wish{})
	s.open(1)
	for _, rt := range table() {
		if described(rt, http.StatusTooManyRequests) {
			limited(rt, s.bodies()[rt.Operation])
		}
	}
	stream.drop()
	s.open(0)
	require.Equal(s, http.StatusOK, s.send("PATCH", at, s.key, `{"ratePerMin":1000}`).StatusCode)
}

// bodies are what rows that ask WhatsApp take.
func (s *failureStack) bodies() map[string]string {
	const chat, people = `{"chat":"` + bertJID + `"`, `{"participants":["491700000009@s.whatsapp.net"]}`
	return map[string]string{
		"createGroup": `{"name":"Team"}`, "updateGroup": `{"subject":"Team"}`, "joinGroup": `{"invite":"AbCdEfGhIjKlMnOpQrStUv"}`,
		"addGroupMembers": people, "approveGroupMembers": people, "rejectGroupMembers": people,
		"readChat": `{"receipts":true}`, "setChatPresence": `{"state":"composing"}`,
		"sendMessage": `{"type":"text","to":"` + bertJID + `","text":"x"}`,
		"editMessage": chat + `,"text":"x"}`, "revokeMessage": chat + `}`, "forwardMessage": chat + `,"to":"` + bertJID + `"}`,
		"addReaction": chat + `,"emoji":"👍"}`, "removeReaction": chat + `}`, "voteMessage": chat + `,"options":["yes"]}`,
		"createChannel": `{"name":"Tides"}`, "muteChannel": `{"mute":true}`,
	}
}

// live calls each row that may answer a status as it would succeed, but for those
// that await no answer of WhatsApp's: a connection that breaks while they write is
// TestAskMapsTheFailure's.
func (s *failureStack) live(status int, code fault.Code) {
	s.Helper()
	for _, rt := range table() {
		if !described(rt, status) || status == http.StatusBadGateway && awaitsNothing(rt) {
			continue
		}
		path, body := s.path(rt), s.bodies()[rt.Operation]
		switch rt.Operation {
		case "checkContact":
			path += "?phone=491700000001"
		case "sessionPairingCode":
			path, body = strings.Replace(path, s.session, s.unpaired, 1), `{"phone":"491700000005"}`
		}
		a := s.ask(rt, path, body)
		if assert.Equal(s, status, a.StatusCode, "%s: %s", rt.Operation, a.body) {
			assert.Equal(s, string(code), a.failure(s.T).Code, rt.Operation)
		}
	}
}

// refusedByWhatsApp is 502.
func (s *failureStack) refusedByWhatsApp() {
	s.Helper()
	for _, kind := range []wasim.FaultKind{wasim.FaultRefuseQuery, wasim.FaultRefuseSend} {
		require.NoError(s, s.world.WhatsApp.SetFault(wasim.Fault{Kind: kind}))
	}
	s.live(http.StatusBadGateway, fault.Upstream)
	s.world.WhatsApp.ClearFaults()
}

// notConnected is 501.
func (s *failureStack) notConnected() {
	s.Helper()
	require.Equal(s, http.StatusOK, s.send("POST", "/api/v1/sessions/"+s.session+":stop", s.key, "").StatusCode)
	s.live(http.StatusNotImplemented, fault.NotImplemented)
}

// covered holds what was answered to the document.
func (s *failureStack) covered() {
	s.Helper()
	for _, rt := range table() {
		for status := range describedStatuses(&rt) {
			switch status {
			case http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusRequestedRangeNotSatisfiable:
			default:
				if status == http.StatusBadGateway && awaitsNothing(rt) {
					continue
				}
				assert.True(s, s.answers.of[rt.Operation][status], "%s has not answered %d", rt.Operation, status)
			}
		}
	}
}

// awaitsNothing says that WhatsApp answers nothing to what the row tells it.
func awaitsNothing(rt route) bool {
	return rt.Operation == "readChat" || rt.Operation == "setChatPresence"
}

func described(rt route, status int) bool { return describedStatuses(&rt)[status] }

// TestEveryRowWithoutDatabase: 503, whatever is asked.
func TestEveryRowWithoutDatabase(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		paths := make(map[string]string)
		for _, rt := range table() {
			paths[rt.Operation] = s.matrixPath(rt)
		}
		token, super := s.token(whatsapptest.Organization, "owner"), s.token("", "super_admin")
		require.NoError(s, s.db.Close())
		for _, rt := range table() {
			credentials := []string{s.key, token}
			if strings.HasPrefix(rt.Pattern, "/api/v1/admin/") {
				credentials = []string{super}
			}
			for _, credential := range credentials {
				a := s.send(rt.Method, paths[rt.Operation], credential, matrix()[rt.Operation].body)
				assert.Equal(s, http.StatusServiceUnavailable, a.StatusCode, "%s: %s", rt.Operation, a.body)
			}
		}
	})
}
