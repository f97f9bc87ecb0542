package rest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// lifeOfAContact is Anna looking at Bert, who has written to her and is in her
// group, and at Carl.
func (s *stack) lifeOfAContact(w *whatsapptest.World, expect expectation, session string, bert, carl *wasim.Phone) {
	s.Helper()
	at := "/api/v1/sessions/" + session + "/contacts"
	const known = `{"businessName":"","firstSeenAt":MS,"id":N,"lid":"BERT@lid","name":"Bert","phoneJid":"491700000001@s.whatsapp.net","phoneNumber":"491700000001","updatedAt":MS}`
	for _, query := range []string{"?source=dm", "?source=group&q=BER", "?q=%2B49+1700000001", "?q=170-0000001&source=dm"} {
		expect("GET", at+query, "", 200, `{"data":[`+known+`],"nextCursor":""}`)
	}
	expect("GET", at+"?source=dm&q=carl", "", 200, `{"data":[],"nextCursor":""}`)
	team := s.list("/api/v1/sessions/" + session + "/groups").Data[0]["groupJid"].(string)
	expect("GET", at+"?source=dm&group="+url.QueryEscape(team), "", 200, `{"data":[`+known+`],"nextCursor":""}`)
	assert.Len(s, s.list(at+"?group="+team).Data, 3)

	expect("GET", at+"/check?phone=%2B491700000002", "", 200, `{"isOnWhatsApp":true,"jid":"491700000002@s.whatsapp.net","lid":"CARL@lid","query":"+491700000002"}`)
	expect("GET", at+"/check?phone=491799999999", "", 200, `{"isOnWhatsApp":false,"jid":"","query":"491799999999"}`)

	const contact = `{"dm":true,"groups":[{"jid":"GROUP","lastSeen":MS,"name":"Team & Co","role":"member","tag":"~Bert"}],"identity":` + known + `}`
	for _, address := range []string{bert.LID().String(), "491700000001%40s.whatsapp.net"} {
		expect("GET", at+"/"+address, "", 200, contact)
	}
	expect("GET", at+"/491799999999@s.whatsapp.net", "", 404, `{"error":{"code":"not_found","message":"contact not found","details":{}}}`)

	bert.SetAbout("Hey <there>")
	expect("GET", at+"/491700000001@s.whatsapp.net/about", "", 200, `{"about":"Hey <there>"}`)
	expect("GET", at+"/"+bert.LID().String()+"/about", "", 200, `{"about":"Hey <there>"}`)
	expect("GET", at+"/"+carl.LID().String()+"/picture", "", 404, `{"error":{"code":"not_found","message":"picture not found","details":{}}}`)
	id := bert.SetPicture([]byte("\xff\xd8\xff picture"))
	for _, query := range []string{"", "?preview=true", "?preview=false"} {
		expect("GET", at+"/"+bert.LID().String()+"/picture"+query, "", 200, `{"id":"`+id+`","url":"PICTURE"}`)
	}

	anna, ok := w.WhatsApp.Phone("491700000000")
	require.True(s, ok)
	for range 2 {
		expect("POST", at+"/491700000001@s.whatsapp.net/block", "", 204, "")
		assert.Len(s, anna.Blocked(), 1)
	}
	for range 2 {
		expect("POST", at+"/"+bert.LID().String()+"/unblock", "", 204, "")
		assert.Empty(s, anna.Blocked())
	}
}

// lifeOfABackfill is one by the platform's administrator.
func (s *stack) lifeOfABackfill(expect expectation, session string) {
	s.Helper()
	at, admin := "/api/v1/admin/sessions/"+session, s.token("", "super_admin")
	assert.Equal(s, "backfill job not found", s.send("GET", at+"/backfill", admin, "").failure(s.T).Message)
	var started, ended BackfillJob
	const running = `{"contacts":0,"error":"","finishedAt":null,"groupMembers":0,"groups":0,"id":"ULID","organizationId":"org_test","sessionId":"ULID","startedAt":MS,"status":"running"}`
	expect("POST", at+":backfill", "", 202, running).into(s.T, &started)
	require.Eventually(s, func() bool {
		s.send("GET", at+"/backfill", admin, "").into(s.T, &ended)
		return ended.FinishedAt != nil
	}, whatsapptest.Patience, 10*time.Millisecond)
	const completed = `{"contacts":N,"error":"","finishedAt":MS,"groupMembers":3,"groups":1,"id":"ULID","organizationId":"org_test","sessionId":"ULID","startedAt":MS,"status":"completed"}`
	expect("GET", at+"/backfill", "", 200, completed)
	assert.Equal(s, started.ID, ended.ID)
	_, err := s.db.Backfills.Start(s.Context(), session)
	require.NoError(s, err)
	expect("POST", at+":backfill", "", 409, `{"error":{"code":"conflict","message":"a backfill of the session is running already","details":{}}}`)
	n, err := s.db.Backfills.Interrupt(s.Context())
	require.NoError(s, err)
	assert.Equal(s, 1, n)
	s.send("GET", at+"/backfill", admin, "").into(s.T, &ended)
	assert.Equal(s, "failed interrupted", ended.Status+" "+ended.Error)
	assert.Equal(s, http.StatusNotFound, s.send("POST", "/api/v1/admin/sessions/none:backfill", admin, "").StatusCode)
}

// contactParityCases are the failures of contacts and backfills. Bert has written
// to the session that is not connected.
func contactParityCases(s *stack, session, offline string) []parityCase {
	at, off := "/api/v1/sessions/"+session+"/contacts", "/api/v1/sessions/"+offline+"/contacts"
	other := s.newKey(otherOrganization, models.Read, models.Send, models.Manage)
	send, super := s.newKey(whatsapptest.Organization, models.Send), s.token("", "super_admin")
	const bert, nobody = "491700000001@s.whatsapp.net", "491799999999@s.whatsapp.net"
	long := strings.Repeat("x", 101)
	return []parityCase{
		{"forged cursor, contacts", "", "GET", at + "?cursor=Zm9yZ2Vk", "", `{session(id:$session){contacts(after:"Zm9yZ2Vk"){totalCount}}}`, "validation_error"},
		{"bad group, contacts", "", "GET", at + "?group=x", "", `{session(id:$session){contacts(filter:{group:"x"}){totalCount}}}`, "validation_error"},
		{"long query, contacts", "", "GET", at + "?q=" + long, "", `{session(id:$session){contacts(filter:{q:"` + long + `"}){totalCount}}}`, "validation_error"},
		{"unknown contact", "", "GET", at + "/" + nobody, "", `{contact(sessionId:$session,jid:$nobody){id}}`, "not_found"},
		{"bad contact", "", "GET", at + "/x", "", `{contact(sessionId:$session,jid:"x"){id}}`, "validation_error"},
		{"a group as contact", "", "GET", at + "/12036399@g.us", "", `{contact(sessionId:$session,jid:"12036399@g.us"){id}}`, "validation_error"},
		{"another organization, contact", other, "GET", at + "/" + bert, "", `{contact(sessionId:$session,jid:"` + bert + `"){id}}`, "not_found"},
		{"capability missing, contact", send, "GET", at + "/" + bert, "", `{contact(sessionId:$session,jid:"` + bert + `"){id}}`, "forbidden"},
		{"no number", "", "GET", at + "/check", "", `{checkContact(sessionId:$session,phone:""){jid}}`, "validation_error"},
		{"bad number", "", "GET", at + "/check?phone=%2B%2B491700000001", "", `{checkContact(sessionId:$session,phone:"++491700000001"){jid}}`, "validation_error"},
		{"not connected, check", "", "GET", off + "/check?phone=491700000001", "", `{checkContact(sessionId:$offline,phone:"491700000001"){jid}}`, "not_implemented"},
		{"bad number before not connected", "", "GET", off + "/check?phone=x", "", `{checkContact(sessionId:$offline,phone:"x"){jid}}`, "validation_error"},
		{"not connected, about", "", "GET", off + "/" + bert + "/about", "", `{contactAbout(sessionId:$offline,jid:"` + bert + `"){about}}`, "not_implemented"},
		{"unknown, about", "", "GET", at + "/" + nobody + "/about", "", `{contactAbout(sessionId:$session,jid:$nobody){about}}`, "not_found"},
		{"bad address, about", "", "GET", at + "/x/about", "", `{contactAbout(sessionId:$session,jid:"x"){about}}`, "validation_error"},
		{"no picture", "", "GET", at + "/" + bert + "/picture", "", `{contactPicture(sessionId:$session,jid:"` + bert + `"){url}}`, "not_found"},
		{"unknown, picture", "", "GET", at + "/" + nobody + "/picture", "", `{contactPicture(sessionId:$session,jid:$nobody){url}}`, "not_found"},
		{"not connected, picture", "", "GET", off + "/" + bert + "/picture", "", `{contactPicture(sessionId:$offline,jid:"` + bert + `"){url}}`, "not_implemented"},
		{"bad address, block", "", "POST", at + "/x/block", "", `mutation{blockContact(sessionId:$session,jid:"x"){jid}}`, "validation_error"},
		{"oneself, block", "", "POST", at + "/491700000000@s.whatsapp.net/block", "", `mutation{blockContact(sessionId:$session,jid:"491700000000@s.whatsapp.net"){jid}}`, "validation_error"},
		{"unknown, block", "", "POST", at + "/" + nobody + "/block", "", `mutation{blockContact(sessionId:$session,jid:$nobody){jid}}`, "not_found"},
		{"not connected, block", "", "POST", off + "/" + bert + "/block", "", `mutation{blockContact(sessionId:$offline,jid:"` + bert + `"){jid}}`, "not_implemented"},
		{"not connected, unblock", "", "POST", off + "/" + bert + "/unblock", "", `mutation{unblockContact(sessionId:$offline,jid:"` + bert + `"){jid}}`, "not_implemented"},
		{"super_admin missing, backfill", "", "POST", "/api/v1/admin/sessions/" + session + ":backfill", "", `mutation{adminStartSessionBackfill(sessionId:$session){job{id}}}`, "forbidden"},
		{"not connected, backfill", super, "POST", "/api/v1/admin/sessions/" + offline + ":backfill", "", `mutation{adminStartSessionBackfill(sessionId:$offline){job{id}}}`, "not_implemented"},
		{"unknown session, backfill", super, "POST", "/api/v1/admin/sessions/none:backfill", "", `mutation{adminStartSessionBackfill(sessionId:"none"){job{id}}}`, "not_found"},
		{"no backfill", super, "GET", "/api/v1/admin/sessions/" + session + "/backfill", "", `{adminSessionBackfillStatus(sessionId:$session){id}}`, "not_found"},
		{"unknown session, backfill status", super, "GET", "/api/v1/admin/sessions/none/backfill", "", `{adminSessionBackfillStatus(sessionId:"none"){id}}`, "not_found"},
	}
}

// TestContactQueriesThatOnlyRESTHas: words that GraphQL's types refuse by themselves.
func TestContactQueriesThatOnlyRESTHas(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		at := "/api/v1/sessions/" + s.session() + "/contacts"
		for path, field := range map[string]string{
			"?source=DM": "source", "?source=x": "source", "?q=%00": "q", "?q=%FF": "q", "?group=%00": "group",
			"/491700000001@s.whatsapp.net/picture?preview=1": "preview",
		} {
			a := s.send("GET", at+path, s.key, "")
			assert.Equal(s, http.StatusBadRequest, a.StatusCode, path)
			assert.Equal(s, field, a.failure(s.T).Details["field"], path)
		}
		other := s.newKey(otherOrganization, models.Read)
		for _, path := range []string{"?source=x", "/491700000001@s.whatsapp.net/picture?preview=1"} {
			assert.Equal(s, http.StatusNotFound, s.send("GET", at+path, other, "").StatusCode, "404 comes before 400")
		}
	})
}
