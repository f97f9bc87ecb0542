package rest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// golden replaces what differs from run to run: times, ULIDs, row numbers,
// generated addresses, invite codes and secrets.
type golden struct{ names *strings.Replacer }

var (
	times     = regexp.MustCompile(`:1[6-9]\d{11}\b`)
	rowIDs    = regexp.MustCompile(`"id":\d+`)
	keyIDs    = regexp.MustCompile(`key_[0-9A-HJKMNP-TV-Z]{26}`)
	ulids     = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{26}\b`)
	secrets   = regexp.MustCompile(`"secret":"wa_[0-9A-Za-z]{32,}"`)
	prefixes  = regexp.MustCompile(`"prefix":"wa_[0-9A-Za-z]+"`)
	invites   = regexp.MustCompile(`https://chat\.whatsapp\.com/[0-9A-Za-z]{22}`)
	groupJIDs = regexp.MustCompile(`"\d+@g\.us"`)
	qrCodes   = regexp.MustCompile(`"code":"[^"]*,[^"]*"`)
	tickets   = regexp.MustCompile(`rt_[A-Z2-7]{26}`)
	waIDs     = regexp.MustCompile(`"(messageId|waMessageId)":"3[AE][0-9A-F]+"`)
	webhooks  = regexp.MustCompile(`wh_[0-9A-HJKMNP-TV-Z]{26}`)
	signers   = regexp.MustCompile(`whsec_[0-9A-Za-z+/=]+`)
	endpoints = regexp.MustCompile(`http://127\.0\.0\.1:\d+"`)
	outcomes  = regexp.MustCompile(`"status":"(sent|delivered)","timestamp"`) // by when the receipt came
	typed     = regexp.MustCompile(`"code":"[0-9A-Z]{4}-[0-9A-Z]{4}"`)
	channels  = regexp.MustCompile(`"\d+@newsletter"`)
	links     = regexp.MustCompile(`https://whatsapp\.com/channel/\w+`)
	pictures  = regexp.MustCompile(`"url":"https://pps\.whatsapp\.net/[^"]+"`)
	durations = regexp.MustCompile(`"durationMs":\d+`)
	delivery  = regexp.MustCompile(`dlv_[0-9A-HJKMNP-TV-Z]{26}`)
	eventIDs  = regexp.MustCompile(`evt_[0-9A-HJKMNP-TV-Z]{26}`)
	found     = regexp.MustCompile(`"contacts":[1-9]\d*`) // as many as have been seen by then
)

func (g golden) of(body string) string {
	body = g.names.Replace(body)
	body = times.ReplaceAllString(body, ":MS")
	body = rowIDs.ReplaceAllString(body, `"id":N`)
	body = keyIDs.ReplaceAllString(body, "KEY")
	body = waIDs.ReplaceAllString(body, `"$1":"WAID"`)
	body = outcomes.ReplaceAllString(body, `"status":"sent","timestamp"`)
	body = webhooks.ReplaceAllString(body, "WEBHOOK")
	body = signers.ReplaceAllString(body, "WHSEC")
	body = endpoints.ReplaceAllString(body, `ENDPOINT"`)
	body = ulids.ReplaceAllString(body, "ULID")
	body = secrets.ReplaceAllString(body, `"secret":"SECRET"`)
	body = prefixes.ReplaceAllString(body, `"prefix":"PREFIX"`)
	body = invites.ReplaceAllString(body, "INVITE")
	body = groupJIDs.ReplaceAllString(body, `"GROUP"`)
	body = qrCodes.ReplaceAllString(body, `"code":"QR"`)
	body = tickets.ReplaceAllString(body, "TICKET")
	body = typed.ReplaceAllString(body, `"code":"TYPED"`)
	body = channels.ReplaceAllString(body, `"CHANNEL"`)
	body = links.ReplaceAllString(body, "LINK")
	body = pictures.ReplaceAllString(body, `"url":"PICTURE"`)
	body = durations.ReplaceAllString(body, `"durationMs":MS`)
	body = delivery.ReplaceAllString(body, "DELIVERY")
	body = eventIDs.ReplaceAllString(body, "EVENT")
	body = found.ReplaceAllString(body, `"contacts":N`)
	return strings.TrimSuffix(body, "\n")
}

// TestEveryOperation walks through the life of two linked numbers over REST, on
// both databases: every row of the table, its status and its exact bytes.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := whatsapptest.NewWorldOn(t, db)
		s := newStack(t, db, w.Service)
		anna, bert, carl := w.Phone("491700000000", "Anna"), w.Phone("491700000001", "Bert"), w.Phone("491700000002", "Carl")
		g := golden{names: strings.NewReplacer(
			anna.LID().String(), "ANNA@lid", bert.LID().String(), "BERT@lid", carl.LID().String(), "CARL@lid",
		)}
		super := s.token("", "super_admin")
		// expect sends a request as a caller who may and checks status and bytes.
		expect := func(method, path, body string, status int, want string) answer {
			t.Helper()
			credential := s.key
			if strings.HasPrefix(path, "/api/v1/admin/") {
				credential = super
			}
			a := s.send(method, path, credential, body)
			require.Equal(t, status, a.StatusCode, "%s %s: %s", method, path, a.body)
			assert.Equal(t, want, g.of(a.body), "%s %s", method, path)
			if strings.HasPrefix(want, "{") {
				assert.Equal(t, "application/json", a.Header.Get("Content-Type"))
				assert.Equal(t, int64(len(a.body)), a.ContentLength)
			}
			path, _, _ = strings.Cut(path, "?")
			if rt := routeOf(method, path); rt != nil && rt.Status == status {
				s.answers.exact[rt.Operation] = true
			}
			return a
		}
		s.lifeOfASession(w, expect, anna)
		session := s.onlySession()
		s.lifeOfAGroup(w, expect, session, anna, bert, carl)
		s.lifeOfAChat(w, expect, session, bert)
		s.lifeOfAFile(expect, session, bert)
		s.lifeOfAMessage(expect, session, bert)
		s.lifeOfAChannel(expect, session, bert)
		s.lifeOfAContact(w, expect, session, bert, carl)
		s.lifeOfABackfill(expect, session)
		s.lifeOfAWebhook(expect, session)
		s.lifeOfAKey(expect)
		s.lifeOfATicket(expect)
		s.endOfASession(w, expect, session, anna)
		for _, rt := range table() {
			assert.True(t, s.answers.exact[rt.Operation], "no success of %s was compared", rt.Operation)
			if rt.OtherStatus != 0 {
				assert.True(t, s.answers.of[rt.Operation][rt.OtherStatus], "%s has not answered %d", rt.Operation, rt.OtherStatus)
			}
			for _, status := range []int{http.StatusPartialContent, http.StatusNotModified, http.StatusRequestedRangeNotSatisfiable} {
				assert.Equal(t, rt.Ranges, s.answers.of[rt.Operation][status], "%d of %s", status, rt.Operation)
			}
		}
	})
}

type expectation = func(method, path, body string, status int, want string) answer

func (s *stack) onlySession() string {
	s.Helper()
	list, err := s.db.Sessions.List(s.Context(), models.SessionFilter{OrganizationID: whatsapptest.Organization}, models.Page{})
	require.NoError(s, err)
	require.Len(s, list.Items, 1)
	return list.Items[0].ID
}

func (s *stack) lifeOfASession(w *whatsapptest.World, expect expectation, anna *wasim.Phone) {
	s.Helper()
	const stopped = `{"autoRead":true,"createdAt":MS,"createdByUserId":"","gatewayId":"","id":"ULID","isAdminSession":false,"label":"Support <line>","lastConnectedAt":null,"organizationId":"org_test","phoneNumber":"","presenceTyping":false,"ratePerHour":600,"ratePerMin":5,"status":"stopped","updatedAt":MS,"waJid":"","waLid":""}`
	var created Session
	expect("POST", "/api/v1/sessions", `{"label":"Support <line>","autoRead":true,"ratePerMin":5}`, 201, stopped).into(s.T, &created)
	at := "/api/v1/sessions/" + created.ID
	expect("GET", at, "", 200, stopped)
	expect("GET", "/api/v1/sessions", "", 200, `{"data":[`+stopped+`],"nextCursor":null}`)
	changed := strings.Replace(strings.Replace(stopped, `"autoRead":true`, `"autoRead":false`, 1), `"label":"Support <line>"`, `"label":"Sales"`, 1)
	expect("PATCH", at, `{"label":"Sales","autoRead":false}`, 200, changed)
	expect("PATCH", at, ``, 200, changed)
	expect("PATCH", at, `{"autoRejectCalls":true}`, 200, strings.Replace(changed, `"autoRead":false,`, `"autoRead":false,"autoRejectCalls":true,`, 1))
	expect("PATCH", at, `{"autoRejectCalls":false}`, 200, changed)
	expect("GET", at+"/me", "", 404, `{"error":{"code":"not_found","message":"session is not paired","details":{"reason":"session_not_paired"}}}`)

	expect("GET", at+"/qr", "", 404, `{"error":{"code":"not_found","message":"no QR code is ready yet","details":{"reason":"qr_not_ready"}}}`)
	w.Wait(created.ID, func(u whatsapp.PairingUpdate) bool { return u.QR != nil })
	expect("GET", at+"/qr", "", 200, `{"code":"QR","expiresAt":MS}`)
	s.picture(at + "/qr")
	expect("POST", at+"/pairing-code", `{"phone":"491700000000"}`, 200, `{"code":"TYPED","expiresAt":MS}`)
	update := w.Wait(created.ID, func(u whatsapp.PairingUpdate) bool { return u.PairingCode != nil })
	require.NoError(s, anna.EnterCode(whatsapptest.Within(s), update.PairingCode.Code))
	// The account's own name comes a little later, with the app state.
	w.Wait(created.ID, func(u whatsapp.PairingUpdate) bool {
		return u.Status == models.SessionWorking && u.Session.PushName != ""
	})

	working := strings.NewReplacer(`"gatewayId":""`, `"gatewayId":"gw-test"`, `"lastConnectedAt":null`, `"lastConnectedAt":MS`, `"phoneNumber":""`, `"phoneNumber":"491700000000"`,
		`"status":"stopped"`, `"status":"working"`, `"waJid":""`, `"waJid":"491700000000@s.whatsapp.net"`, `"waLid":""`, `"waLid":"ANNA@lid"`).Replace(changed)
	expect("GET", at, "", 200, working)
	expect("GET", at+"/me", "", 200, `{"connected":true,"phoneNumber":"491700000000","pushName":"Anna","sessionId":"ULID","status":"working","waJid":"491700000000@s.whatsapp.net","waLid":"ANNA@lid"}`)
	expect("POST", at+":start", "", 200, working)
	halted := strings.Replace(strings.Replace(working, `"working"`, `"stopped"`, 1), `"gw-test"`, `""`, 1)
	expect("POST", at+":stop", "", 200, halted)
	expect("POST", at+":stop", "", 200, halted)
	expect("POST", at+"/groups", `{"name":"Team"}`, 501, `{"error":{"code":"not_implemented","message":"session is not connected","details":{"reason":"session_not_connected"}}}`)
	starting := strings.Replace(working, `"working"`, `"starting"`, 1)
	expect("POST", at+":start", "", 200, starting)
	w.Wait(created.ID, whatsapptest.Status(models.SessionWorking))
	expect("POST", at+":restart", "", 200, starting)
	w.Wait(created.ID, whatsapptest.Status(models.SessionWorking))

	expect("GET", "/api/v1/admin/sessions", "", 200, `{"data":[`+working+`],"nextCursor":null}`)
}

// picture asks for a QR code as a picture, and looks whether it is one.
func (s *stack) picture(path string) {
	s.Helper()
	a := s.send("GET", path, s.key, "", "Accept", "image/png")
	require.Equal(s, 200, a.StatusCode)
	assert.Equal(s, "image/png", a.Header.Get("Content-Type"))
	assert.Equal(s, "no-store", a.Header.Get("Cache-Control"))
	assert.Equal(s, "Accept", a.Header.Get("Vary"))
	picture, err := png.Decode(bytes.NewReader([]byte(a.body)))
	require.NoError(s, err)
	size := picture.Bounds().Size()
	assert.Equal(s, size.X, size.Y)
	assert.Greater(s, size.X, 200)
	// The quiet zone is white, the finder pattern inside it black.
	margin := 4 * 8
	assert.True(s, isWhite(picture, image.Pt(0, 0)) && isWhite(picture, image.Pt(margin-1, margin-1)))
	assert.False(s, isWhite(picture, image.Pt(margin, margin)))

	// The drawing for terminals has two rows of the code in a line.
	a = s.send("GET", path, s.key, "", "Accept", "text/plain")
	require.Equal(s, 200, a.StatusCode)
	assert.Equal(s, "text/plain; charset=utf-8", a.Header.Get("Content-Type"))
	lines := strings.Split(strings.TrimSuffix(a.body, "\n"), "\n")
	for _, line := range lines {
		assert.Equal(s, utf8.RuneCountInString(lines[0]), utf8.RuneCountInString(line))
	}
	assert.InDelta(s, utf8.RuneCountInString(lines[0]), 2*len(lines), 1)
}

func isWhite(i image.Image, p image.Point) bool {
	gray, ok := color.GrayModel.Convert(i.At(p.X, p.Y)).(color.Gray)
	return ok && gray.Y > 0x80
}

func (s *stack) lifeOfAGroup(w *whatsapptest.World, expect expectation, session string, anna, bert, carl *wasim.Phone) {
	s.Helper()
	at := "/api/v1/sessions/" + session
	const team = `{"createdAtWa":MS,"description":"","firstSeenAt":MS,"groupJid":"GROUP","id":N,"isAnnounce":false,"isLocked":false,"ownerJid":"491700000000@s.whatsapp.net","participantCount":2,"subject":"Team","updatedAt":MS}`
	var created Group
	expect("POST", at+"/groups", `{"name":"Team","participants":["491700000001@s.whatsapp.net"]}`, 201, team).into(s.T, &created)
	group := at + "/groups/" + created.GroupJID
	jid, err := types.ParseJID(created.GroupJID)
	require.NoError(s, err)
	expect("GET", group, "", 200, team)
	expect("GET", strings.Replace(group, "@", "%40", 1), "", 200, team)
	expect("GET", at+"/groups", "", 200, `{"data":[`+team+`],"nextCursor":""}`)

	expect("PATCH", group, `{"subject":"Team & Co","description":"For <Q3>","announce":true,"locked":true}`, 204, "")
	changed := strings.NewReplacer(`"description":""`, `"description":"For <Q3>"`, `"isAnnounce":false,"isLocked":false`, `"isAnnounce":true,"isLocked":true`, `"Team"`, `"Team & Co"`).Replace(team)
	expect("GET", group, "", 200, changed)
	info, _ := w.WhatsApp.Group(jid)
	assert.Equal(s, []any{"Team & Co", "For <Q3>", true, true}, []any{info.Subject, info.Description, info.Announce, info.Locked})

	const members = `{"firstSeenAt":MS,"groupJid":"GROUP","id":N,"lastSeenAt":MS,"lid":"ANNA@lid","phoneJid":"491700000000@s.whatsapp.net","role":"admin","sessionId":"ULID","tag":"~Anna"},` +
		`{"firstSeenAt":MS,"groupJid":"GROUP","id":N,"lastSeenAt":MS,"lid":"BERT@lid","phoneJid":"491700000001@s.whatsapp.net","role":"member","sessionId":"ULID","tag":""}`
	expect("GET", group+"/members", "", 200, `{"data":[`+members+`],"nextCursor":""}`)
	expect("GET", group+"/invite", "", 200, `{"invite":"INVITE"}`)
	expect("DELETE", group+"/invite", "", 200, `{"invite":"INVITE"}`)

	expect("POST", group+"/members", `{"participants":["491700000002@s.whatsapp.net"]}`, 204, "")
	expect("POST", group+"/members", `{"participants":["491700000002@s.whatsapp.net"]}`, 204, "")
	expect("POST", group+"/members/491700000002%40s.whatsapp.net/promote", "", 204, "")
	s.members(group, "ANNA admin", "BERT member", "CARL admin")
	expect("POST", group+"/members/"+carl.LID().String()+"/demote", "", 204, "")
	s.members(group, "ANNA admin", "BERT member", "CARL member")
	expect("DELETE", group+"/members/491700000002@s.whatsapp.net", "", 204, "")
	expect("DELETE", group+"/members/491700000002@s.whatsapp.net", "", 204, "")
	s.members(group, "ANNA admin", "BERT member")

	require.NoError(s, anna.SetApprovalMode(s.Context(), jid, true))
	for _, decision := range []string{"reject", "approve"} {
		joined, err := carl.RequestJoin(s.Context(), jid)
		require.NoError(s, err)
		require.False(s, joined)
		expect("GET", group+"/requests", "", 200, `{"data":[{"jid":"CARL@lid","phoneJid":"491700000002@s.whatsapp.net","requestedAt":MS}],"nextCursor":""}`)
		expect("POST", group+"/members:"+decision, `{"participants":["`+carl.LID().String()+`"]}`, 204, "")
		expect("GET", group+"/requests", "", 200, `{"data":[],"nextCursor":""}`)
	}
	s.members(group, "ANNA admin", "BERT member", "CARL member")

	theirs, err := bert.CreateGroup(s.Context(), "Bert's")
	require.NoError(s, err)
	code, err := bert.GetInvite(s.Context(), theirs)
	require.NoError(s, err)
	for range 2 {
		a := expect("POST", at+"/groups:join", `{"invite":"`+code+`"}`, 200, `{"groupJid":"GROUP"}`)
		assert.Contains(s, a.body, theirs.String())
	}
	expect("POST", at+"/groups/"+theirs.String()+":leave", "", 204, "")
	expect("POST", at+"/groups/"+strings.Replace(theirs.String(), "@", "%40", 1)+":leave", "", 204, "")
	require.NoError(s, bert.SetApprovalMode(s.Context(), theirs, true))
	expect("POST", at+"/groups:join", `{"invite":"https://chat.whatsapp.com/`+code+`"}`, 200, `{"groupJid":"GROUP","pendingApproval":true}`)
	var list emptyEndList[Group]
	s.send("GET", at+"/groups", s.key, "").into(s.T, &list)
	require.Len(s, list.Data, 1, "a group that was left is not listed")
}

// members checks who is listed in a group, in any order.
func (s *stack) members(group string, want ...string) {
	s.Helper()
	names := map[string]string{"491700000000@s.whatsapp.net": "ANNA", "491700000001@s.whatsapp.net": "BERT", "491700000002@s.whatsapp.net": "CARL"}
	a := s.send("GET", group+"/members", s.key, "")
	require.Equal(s, 200, a.StatusCode, a.body)
	var list emptyEndList[GroupMember]
	a.into(s.T, &list)
	var got []string
	for _, m := range list.Data {
		assert.True(s, strings.HasSuffix(m.LID, "@lid"), "%+v", m)
		got = append(got, names[m.PhoneJID]+" "+m.Role)
	}
	slices.Sort(got)
	assert.Equal(s, want, got)
}

func (s *stack) lifeOfAKey(expect expectation) {
	s.Helper()
	const made = `{"capabilities":["read","send"],"createdAt":MS,"createdByUserId":"","expiresAt":MS,"id":"KEY","lastUsedAt":null,"name":"CRM","organizationId":"org_test","prefix":"PREFIX","revokedAt":null,"secret":"SECRET","sessionId":""}`
	var created APIKey
	expect("POST", "/api/v1/api-keys", `{"name":"CRM","capabilities":["send","read","send"],"expiresAt":1893456000000}`, 201, made).into(s.T, &created)
	assert.Equal(s, 200, s.send("GET", "/api/v1/sessions", created.Secret, "").StatusCode)
	listed := strings.NewReplacer(`"secret":"SECRET",`, ``, `"lastUsedAt":null`, `"lastUsedAt":MS`).Replace(made)
	own := strings.NewReplacer(`"read","send"`, `"read","send","manage"`, `"expiresAt":MS`, `"expiresAt":null`, `"CRM"`, `"test"`).Replace(listed)
	expect("GET", "/api/v1/api-keys", "", 200, `{"data":[`+own+`,`+strings.Replace(own, `"read","send","manage"`, `"send"`, 1)+`,`+listed+`],"nextCursor":""}`)
	for range 2 {
		expect("DELETE", "/api/v1/api-keys/"+created.ID, "", 204, "")
	}
	assert.Equal(s, 401, s.send("GET", "/api/v1/sessions", created.Secret, "").StatusCode)
}

func (s *stack) endOfASession(w *whatsapptest.World, expect expectation, session string, anna *wasim.Phone) {
	s.Helper()
	at := "/api/v1/sessions/" + session
	expect("POST", at+":logout", "", 200, `{"autoRead":false,"createdAt":MS,"createdByUserId":"","gatewayId":"","id":"ULID","isAdminSession":false,"label":"Sales","lastConnectedAt":MS,"organizationId":"org_test","phoneNumber":"","presenceTyping":false,"ratePerHour":50000,"ratePerMin":1000,"status":"stopped","updatedAt":MS,"waJid":"","waLid":""}`)
	assert.Empty(s, anna.Devices(), "the phone lists no device any more")
	expect("GET", at+"/me", "", 404, `{"error":{"code":"not_found","message":"session is not paired","details":{"reason":"session_not_paired"}}}`)
	expect("DELETE", at, "", 204, "")
	expect("DELETE", at, "", 404, `{"error":{"code":"not_found","message":"session not found","details":{}}}`)
	expect("GET", "/api/v1/sessions", "", 200, `{"data":[],"nextCursor":null}`)
}
