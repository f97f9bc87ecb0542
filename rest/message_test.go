package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/webhook"
	"wagateway/whatsapp/whatsapptest"
)

// message stores a text from Bert.
func (s *stack) message(session, id string) *models.Message {
	s.Helper()
	bert := models.Person{LID: "100000000000001@lid", PhoneJID: "491700000001@s.whatsapp.net", PushName: "Bert"}
	m, _, err := s.db.Messages.Receive(s.Context(), session, models.NewMessage{
		Chat: models.ChatAddress{Type: models.ChatDM, Person: bert}, Sender: bert,
		WAMessageID: id, Type: models.MessageText, Body: "hello", AckLevel: models.AckDelivered, Timestamp: models.Now(),
	})
	require.NoError(s, err)
	return m
}

// lifeOfAChat is Bert writing, Anna reading and answering.
func (s *stack) lifeOfAChat(w *whatsapptest.World, expect expectation, session string, bert *wasim.Phone) {
	s.Helper()
	at := "/api/v1/sessions/" + session
	expect("GET", at+"/chats", "", 200, `{"data":[],"nextCursor":null}`)
	anna, err := s.db.Sessions.Find(s.Context(), session)
	require.NoError(s, err)
	own, err := types.ParseJID(anna.WAJID)
	require.NoError(s, err)
	id, err := bert.SendText(whatsapptest.Within(s.T), own, "Hello <there>!")
	require.NoError(s, err)
	chat := "/chats/491700000001@s.whatsapp.net"
	require.Eventually(s, func() bool {
		return s.send("GET", at+chat+"/messages", s.key, "").StatusCode == http.StatusOK
	}, whatsapptest.Patience, 10*time.Millisecond)
	const unread = `{"archived":false,"id":N,"jid":"491700000001@s.whatsapp.net","lastMessageAt":MS,"mutedUntil":null,"name":"Bert","pinned":false,"sessionId":"ULID","type":"dm","unreadCount":1}`
	read := strings.Replace(unread, `"unreadCount":1`, `"unreadCount":0`, 1)
	expect("GET", at+"/chats", "", 200, `{"data":[`+unread+`],"nextCursor":null}`)
	const hello = `{"ackLevel":2,"body":"Hello <there>!","chatJid":"491700000001@s.whatsapp.net","createdAt":MS,"deleted":false,"direction":"in","edited":false,"error":"","fromMe":false,"hasMedia":false,"id":N,"media":null,"mentions":[],"quotedId":"","reactions":[],"senderJid":"491700000001@s.whatsapp.net","senderLid":"BERT@lid","sessionId":"ULID","timestamp":MS,"type":"text","waMessageId":"WAID"}`
	expect("GET", at+chat+"/messages", "", 200, `{"data":[`+hello+`],"nextCursor":null}`)
	expect("POST", at+chat+"/read", `{"receipts":true}`, 200, read)
	_, err = bert.WaitReceipt(whatsapptest.Within(s.T), func(r wasim.PhoneReceipt) bool { return r.Type == "read" && r.IDs[0] == id })
	require.NoError(s, err, "Bert hears that it was read")
	expect("POST", at+chat+"/read", ``, 200, read)
	pinned := strings.NewReplacer(`"pinned":false`, `"pinned":true`, `"mutedUntil":null`, `"mutedUntil":MS`).Replace(read)
	expect("PATCH", at+chat, `{"pinned":true,"mutedUntil":1893456000000}`, 200, pinned)
	archived := strings.NewReplacer(`"pinned":true`, `"pinned":false`, `"archived":false`, `"archived":true`, `"mutedUntil":MS`, `"mutedUntil":null`).Replace(pinned)
	expect("PATCH", at+strings.Replace(chat, "@", "%40", 1), `{"archived":true,"mutedUntil":1893456000000,"unmute":true}`, 200, archived)
	expect("PATCH", at+chat, ``, 200, archived)
	expect("PATCH", at+chat, `{"mutedUntil":-1}`, 422, `{"error":{"code":"validation_error","message":"mutedUntil must be a time after 1970 and before 10000","details":{"field":"mutedUntil","max":253402300799000,"min":1}}}`)
	expect("PATCH", at+chat, `{"archived":"yes"}`, 400, `{"error":{"code":"validation_error","message":"archived must be true or false","details":{"field":"archived"}}}`)
	expect("PATCH", at+chat, `{"archived":false}`, 200, read)
	expect("PUT", at+chat+"/presence", `{"state":"composing"}`, 204, "")
	expect("PUT", at+chat+"/presence", `{"state":"Composing"}`, 422, `{"error":{"code":"validation_error","message":"state must be composing, paused or recording","details":{"field":"state"}}}`)

	body := `{"type":"text","to":"491700000001@s.whatsapp.net","text":"Hi, @` + bert.LID().User + `","mentions":["` + bert.LID().String() + `"],"replyTo":"` + id + `"}`
	var sent SendResult
	expect("POST", at+"/messages", body, 200,
		`{"messageId":"WAID","mode":"sync","outboxId":"ULID","replayed":false,"status":"sent","timestamp":MS,"waMessageId":"WAID"}`).into(s.T, &sent)
	got, err := bert.WaitMessage(whatsapptest.Within(s.T), func(m wasim.PhoneMessage) bool { return m.ID == sent.WAMessageID })
	require.NoError(s, err)
	assert.Equal(s, "Hi, @"+bert.LID().User, got.Text)
	assert.Equal(s, id, got.Message.GetExtendedTextMessage().GetContextInfo().GetStanzaID())
	expect("POST", at+"/messages?async=true", `{"type":"text","to":"`+bert.LID().String()+`","text":"later"}`, 202,
		`{"messageId":"WAID","mode":"async","outboxId":"ULID","replayed":false,"status":"queued","timestamp":MS,"waMessageId":"WAID"}`).into(s.T, &sent)
	_, err = bert.WaitMessage(whatsapptest.Within(s.T), func(m wasim.PhoneMessage) bool { return m.ID == sent.WAMessageID })
	require.NoError(s, err)
	s.settled(session, sent.WAMessageID)
	expect("DELETE", at+chat, "", 204, "")
	expect("DELETE", at+chat, "", 404, `{"error":{"code":"not_found","message":"chat not found","details":{}}}`)
	expect("GET", at+"/chats", "", 200, `{"data":[],"nextCursor":null}`)
}

// settled waits until a send is stored as done: a chat that is deleted under way
// would come back with its receipts.
func (s *stack) settled(session, id string) {
	s.Helper()
	require.Eventually(s, func() bool {
		m, err := s.db.Messages.Get(s.Context(), session, id)
		return err == nil && m.AckLevel >= models.AckDelivered
	}, whatsapptest.Patience, 10*time.Millisecond)
}

// lifeOfAMessage is what Anna does with messages of hers and of Bert's.
func (s *stack) lifeOfAMessage(expect expectation, session string, bert *wasim.Phone) {
	s.Helper()
	row, err := s.db.Sessions.Find(s.Context(), session)
	require.NoError(s, err)
	own, err := types.ParseJID(row.WAJID)
	require.NoError(s, err)
	at := "/api/v1/sessions/" + session + "/messages"
	require.Equal(s, http.StatusOK, s.send("PATCH", "/api/v1/sessions/"+session, s.key, `{"ratePerMin":1000,"ratePerHour":50000}`).StatusCode)
	const chat = `"chat":"491700000001@s.whatsapp.net"`
	const done = `{"messageId":"WAID","mode":"sync","outboxId":"ULID","replayed":false,"status":"sent","timestamp":MS,"waMessageId":"WAID"}`
	send := func(body string) string {
		var sent SendResult
		expect("POST", at, `{"to":"491700000001@s.whatsapp.net",`+body+`}`, 200, done).into(s.T, &sent)
		_, err := bert.WaitMessage(whatsapptest.Within(s.T), func(m wasim.PhoneMessage) bool { return m.ID == sent.WAMessageID })
		require.NoError(s, err, body)
		return sent.WAMessageID
	}
	text := send(`"type":"text","text":"helo"`)
	expect("PATCH", at+"/"+text, `{`+chat+`,"text":"hello"}`, 200, done)
	expect("POST", at+"/"+text+"/reaction", `{`+chat+`,"sender":"","emoji":"👍"}`, 200, done)
	expect("DELETE", at+"/"+text+"/reaction", `{`+chat+`,"sender":""}`, 200, done)
	expect("POST", at+"/"+text+"/forward", `{`+chat+`,"sender":"","to":"491700000001@s.whatsapp.net"}`, 200, done)
	poll := send(`"type":"poll","name":"Pizza?","options":["yes","no"],"selectableCount":1`)
	expect("POST", at+"/"+poll+"/vote", `{`+chat+`,"sender":"","options":["no"]}`, 200, done)
	send(`"type":"location","latitude":-6.1754,"longitude":106.8272,"name":"Monas"`)
	send(`"type":"contact","contact":{"name":"Bob","phone":"+491700000009"}`)
	send(`"type":"contact","vcard":"BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nEND:VCARD"`)
	const gif = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==" // a WebP of one pixel
	send(`"type":"sticker","media":{"data":"data:image/webp;base64,` + gif + `"}`)
	file := send(`"type":"document","media":{"data":"aGVsbG8=","filename":"hello.txt","mimetype":"text/plain","caption":"read"}`)
	expect("DELETE", at+"/"+text, `{`+chat+`,"sender":""}`, 200, done)

	for _, c := range []struct{ method, path, body, want string }{
		{"PATCH", "/" + text, `{` + chat + `,"text":"x"}`, `{"error":{"code":"validation_error","message":"the message was taken back","details":{"field":"waMessageId"}}}`},
		{"PATCH", "/" + file, `{` + chat + `,"text":"x"}`, `{"error":{"code":"validation_error","message":"only texts can be edited here","details":{"field":"waMessageId"}}}`},
		{"POST", "/" + text + "/vote", `{` + chat + `}`, `{"error":{"code":"validation_error","message":"options is required","details":{"field":"options"}}}`},
		{"POST", "/" + poll + "/vote", `{` + chat + `,"options":["maybe"]}`, `{"error":{"code":"validation_error","message":"options must be different ones of the poll's","details":{"field":"options"}}}`},
		{"POST", "/" + poll + "/vote", `{` + chat + `,"options":["yes","no"]}`, `{"error":{"code":"validation_error","message":"options has more than the poll allows","details":{"field":"options","max":1}}}`},
		{"POST", "", `{"type":"poll","to":"491700000001@s.whatsapp.net","name":"?","options":["one"]}`, `{"error":{"code":"validation_error","message":"options must have 2 to 12 entries","details":{"field":"options","max":12}}}`},
		{"POST", "", `{"type":"image","to":"491700000001@s.whatsapp.net"}`, `{"error":{"code":"validation_error","message":"media is required","details":{"field":"media"}}}`},
		{"POST", "", `{"type":"song","to":"491700000001@s.whatsapp.net"}`, `{"error":{"code":"validation_error","message":"type is not one of the contract's","details":{"field":"type"}}}`},
	} {
		expect(c.method, at+c.path, c.body, 400, c.want)
	}
	voted := s.send("GET", "/api/v1/sessions/"+session+"/chats/491700000001@s.whatsapp.net/messages?limit=200", s.key, "").body
	assert.Contains(s, voted, `"poll":{"name":"Pizza?","options":[{"name":"yes","votes":0},{"name":"no","votes":1}],"selectableCount":1}`)
	assert.Contains(s, voted, `"deleted":true`)
	assert.Contains(s, voted, `"media":{"filename":"hello.txt","mimetype":"text/plain`)

	id, err := bert.SendText(whatsapptest.Within(s.T), own, "react to me")
	require.NoError(s, err)
	require.Eventually(s, func() bool {
		return s.send("POST", at+"/"+id+"/reaction", s.key, `{`+chat+`,"sender":"`+bert.LID().String()+`","emoji":"❤️"}`).StatusCode == http.StatusOK
	}, whatsapptest.Patience, 10*time.Millisecond)
	shown := s.send("GET", "/api/v1/sessions/"+session+"/chats/491700000001@s.whatsapp.net/messages?limit=1", s.key, "").body
	assert.Contains(s, shown, `"reactions":[{"emoji":"❤️","senderJid":"491700000000@s.whatsapp.net","timestamp":`)
}

// lifeOfAWebhook is one being registered, changed, delivered to and removed.
func (s *stack) lifeOfAWebhook(expect expectation, session string) {
	s.Helper()
	s.core.Hooks = webhook.New(webhook.Config{DB: s.db, Log: s.log, Guard: outbound.New(outbound.Config{AllowPrivate: true})})
	arrived := make(chan string, 16)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- r.Header.Get("webhook-id") + " " + r.Header.Get("X-Tenant")
	}))
	s.Cleanup(endpoint.Close)
	const hook = `{"active":true,"createdAt":MS,"customHeaders":{"X-Tenant":"acme"},"events":["message"],"failingSince":null,"id":"WEBHOOK","organizationId":"org_test","retryPolicy":{"attempts":3,"delaySeconds":2,"policy":"linear"},"sessionId":"ULID","updatedAt":MS,"url":"ENDPOINT"}`
	body := `{"url":"` + endpoint.URL + `","events":["message"],"sessionId":"` + session + `","customHeaders":{"X-Tenant":"acme"},"retryPolicy":{"policy":"linear","attempts":3}}`
	var created Webhook
	expect("POST", "/api/v1/webhooks", body, 201, strings.Replace(hook, `"sessionId"`, `"secret":"WHSEC","sessionId"`, 1)).into(s.T, &created)
	at := "/api/v1/webhooks/" + created.ID
	expect("GET", at, "", 200, hook)
	expect("GET", "/api/v1/webhooks", "", 200, `{"data":[`+hook+`],"nextCursor":""}`)
	halted := strings.Replace(strings.Replace(hook, `"active":true`, `"active":false`, 1), `"lostEvents"`, ``, 1)
	halted = strings.Replace(halted, `"id":"WEBHOOK",`, `"id":"WEBHOOK","inactiveReason":"deactivated",`, 1)
	expect("PATCH", at, `{"active":false}`, 200, halted)
	expect("PATCH", at, `{"active":true}`, 200, hook)
	expect("PATCH", at, `{"retryPolicy":{"attempts":51}}`, 422, `{"error":{"code":"validation_error","message":"retryPolicy.attempts must be 1 to 50","details":{"field":"retryPolicy.attempts","max":50}}}`)
	expect("GET", at+"/deliveries", "", 200, `{"data":[],"nextCursor":""}`)

	ctx, stop := context.WithCancel(s.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.core.Hooks.Run(ctx)
	}()
	event := graphtest.EventOf(whatsapptest.Organization, session, models.EventMessage, map[string]string{"body": "hello"})
	require.NoError(s, s.log.Append(s.Context(), []eventlog.Event{event}))
	assert.Equal(s, event.ID+" acme", <-arrived)
	var list struct{ Data []Delivery }
	require.Eventually(s, func() bool {
		s.send("GET", at+"/deliveries?status=delivered", s.key, "").into(s.T, &list)
		return len(list.Data) == 1
	}, whatsapptest.Patience, 10*time.Millisecond)
	assert.Equal(s, event.ID, list.Data[0].EventID)
	assert.Equal(s, http.StatusOK, list.Data[0].ResponseStatus)
	expect("POST", at+"/deliveries/"+list.Data[0].ID+":redeliver", "", 202,
		`{"attempts":0,"durationMs":MS,"error":"","event":"message","eventId":"EVENT","firstAttemptAt":MS,"id":"DELIVERY","lastAttemptAt":MS,"nextAttemptAt":null,"responseStatus":200,"sessionId":"ULID","status":"pending","webhookId":"WEBHOOK"}`)
	assert.Equal(s, event.ID+" acme", <-arrived, "again")
	stop()
	<-ended
	expect("DELETE", at, "", 204, "")
	expect("GET", at, "", 404, `{"error":{"code":"not_found","message":"webhook not found","details":{}}}`)
}
