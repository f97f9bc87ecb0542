package rest

import (
	"strings"

	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/whatsapp/whatsapptest"
)

// chatParityCases are the failures of chats and sends. Bert has written to the
// session that is not connected.
func chatParityCases(s *stack, session, offline string) []parityCase {
	s.message(offline, "M1")
	at, off := "/api/v1/sessions/"+session, "/api/v1/sessions/"+offline
	other := s.newKey(otherOrganization, models.Read, models.Send, models.Manage)
	read := s.newKey(whatsapptest.Organization, models.Read)
	const bert, nobody = "491700000001@s.whatsapp.net", "491799999999@s.whatsapp.net"
	// sending gives a case of a send that fails, as both fronts put it.
	sending := func(name, on, body, input, code string) parityCase {
		return parityCase{
			name, "", "POST", "/api/v1/sessions/" + on + "/messages", `{"type":"text",` + body + `}`,
			`mutation{sendMessage(sessionId:"` + on + `",input:{` + input + `}){outboxId}}`, code,
		}
	}
	text := func(of string) string { return `to:"` + bert + `",content:{text:{text:` + of + `}}` }
	mentioning := func(list string) string {
		return `to:"` + bert + `",content:{text:{text:"x",mentions:` + list + `}}`
	}
	const toBert = `"to":"` + bert + `",`
	long, crowd := strings.Repeat("ä", 65_537), strings.Repeat(`"`+bert+`",`, 1024)+`"`+bert+`"`
	return []parityCase{
		{"unknown chat, messages", "", "GET", at + "/chats/" + nobody + "/messages", "", `{chat(sessionId:$session,jid:$nobody){messages{totalCount}}}`, "not_found"},
		{"bad address, messages", "", "GET", at + "/chats/nonsense/messages", "", `{chat(sessionId:$session,jid:"nonsense"){messages{totalCount}}}`, "validation_error"},
		{"forged cursor, chats", "", "GET", off + "/chats?cursor=Zm9yZ2Vk", "", `{session(id:$offline){chats(after:"Zm9yZ2Vk"){totalCount}}}`, "validation_error"},
		{"forged cursor, messages", "", "GET", off + "/chats/" + bert + "/messages?cursor=Zm9yZ2Vk", "", `{chat(sessionId:$offline,jid:"` + bert + `"){messages(after:"Zm9yZ2Vk"){totalCount}}}`, "validation_error"},
		{"another organization, chats", other, "GET", off + "/chats", "", `{session(id:$offline){chats{totalCount}}}`, "not_found"},
		{"another organization, messages", other, "GET", off + "/chats/" + bert + "/messages", "", `{chat(sessionId:$offline,jid:"` + bert + `"){messages{totalCount}}}`, "not_found"},
		{"capability missing, messages", s.newKey(whatsapptest.Organization, models.Send, models.Manage), "GET", off + "/chats/" + bert + "/messages", "", `{chat(sessionId:$offline,jid:"` + bert + `"){messages{totalCount}}}`, "forbidden"},
		{"unknown chat, read", "", "POST", at + "/chats/" + nobody + "/read", "", `mutation{readChat(sessionId:$session,input:{jid:$nobody}){chat{id}}}`, "not_found"},
		{"bad address, read", "", "POST", at + "/chats/nonsense/read", "", `mutation{readChat(sessionId:$session,input:{jid:"nonsense"}){chat{id}}}`, "validation_error"},
		{"capability missing, read", read, "POST", off + "/chats/" + bert + "/read", "", `mutation{readChat(sessionId:$offline,input:{jid:"` + bert + `"}){chat{id}}}`, "forbidden"},
		{"receipts while not connected", "", "POST", off + "/chats/" + bert + "/read", `{"receipts":true}`, `mutation{readChat(sessionId:$offline,input:{jid:"` + bert + `",receipts:true}){chat{id}}}`, "not_implemented"},
		{"unknown chat, update", "", "PATCH", at + "/chats/" + nobody, `{"archived":true}`, `mutation{updateChat(sessionId:$session,input:{jid:$nobody,archived:true}){chat{id}}}`, "not_found"},
		{"bad address, update", "", "PATCH", at + "/chats/nonsense", `{}`, `mutation{updateChat(sessionId:$session,input:{jid:"nonsense"}){chat{id}}}`, "validation_error"},
		{"mute before time began", "", "PATCH", off + "/chats/" + bert, `{"mutedUntil":-1000}`, `mutation{updateChat(sessionId:$offline,input:{jid:"` + bert + `",mutedUntil:"1969-12-31T23:59:59Z"}){chat{id}}}`, "validation_error"},
		{"capability missing, update", read, "PATCH", off + "/chats/" + bert, `{}`, `mutation{updateChat(sessionId:$offline,input:{jid:"` + bert + `"}){chat{id}}}`, "forbidden"},
		{"another organization, update", other, "PATCH", off + "/chats/" + bert, `{}`, `mutation{updateChat(sessionId:$offline,input:{jid:"` + bert + `"}){chat{id}}}`, "not_found"},
		{"unknown chat, delete", "", "DELETE", at + "/chats/" + nobody, "", `mutation{deleteChat(sessionId:$session,input:{jid:$nobody}){deletedChatJid}}`, "not_found"},
		{"bad address, delete", "", "DELETE", at + "/chats/nonsense", "", `mutation{deleteChat(sessionId:$session,input:{jid:"nonsense"}){deletedChatJid}}`, "validation_error"},
		{"capability missing, delete", read, "DELETE", off + "/chats/" + bert, "", `mutation{deleteChat(sessionId:$offline,input:{jid:"` + bert + `"}){deletedChatJid}}`, "forbidden"},
		{"not connected, typing", "", "PUT", off + "/chats/" + bert + "/presence", `{"state":"composing"}`, `mutation{setChatPresence(sessionId:$offline,input:{jid:"` + bert + `",state:COMPOSING}){state}}`, "not_implemented"},
		{"bad address, typing", "", "PUT", at + "/chats/nonsense/presence", `{"state":"paused"}`, `mutation{setChatPresence(sessionId:$session,input:{jid:"nonsense",state:PAUSED}){state}}`, "validation_error"},
		{"a channel, typing", "", "PUT", at + "/chats/1@newsletter/presence", `{"state":"paused"}`, `mutation{setChatPresence(sessionId:$session,input:{jid:"1@newsletter",state:PAUSED}){state}}`, "validation_error"},

		{"no credential, send", "none", "POST", at + "/messages", `{}`, `mutation{sendMessage(sessionId:$session,input:{` + text(`""`) + `}){outboxId}}`, "unauthorized"},
		{"capability missing, send", read, "POST", at + "/messages", `{}`, `mutation{sendMessage(sessionId:$session,input:{` + text(`""`) + `}){outboxId}}`, "forbidden"},
		{"another organization, send", other, "POST", at + "/messages", `{"type":"poll"}`, `mutation{sendMessage(sessionId:$session,input:{` + text(`""`) + `}){outboxId}}`, "not_found"},
		sending("nobody to send to", session, `"text":"x"`, `to:"",content:{text:{text:"x"}}`, "validation_error"),
		sending("bad address, send", session, `"to":"nonsense","text":"x"`, `to:"nonsense",content:{text:{text:"x"}}`, "validation_error"),
		sending("a channel to send to", session, `"to":"1@newsletter","text":"x"`, `to:"1@newsletter",content:{text:{text:"x"}}`, "validation_error"),
		sending("no text", session, toBert+`"text":""`, text(`""`), "validation_error"),
		sending("long text", session, toBert+`"text":"`+long+`"`, text(`"`+long+`"`), "validation_error"),
		sending("NUL in a text", session, toBert+`"text":"a\u0000"`, text(`"a\u0000"`), "validation_error"),
		sending("bad mention", session, toBert+`"text":"x","mentions":["`+bert+`","1@g.us"]`, mentioning(`["`+bert+`","1@g.us"]`), "validation_error"),
		sending("too many mentions", session, toBert+`"text":"x","mentions":[`+crowd+`]`, mentioning(`[`+crowd+`]`), "validation_error"),
		sending("unknown message to reply to", session, toBert+`"text":"x","replyTo":"none"`, text(`"x"`)+`,replyTo:"none"`, "validation_error"),
		sending("not connected, send", offline, toBert+`"text":"x"`, text(`"x"`), "not_implemented"),
	}
}

// webhookParityCases are the failures of webhooks.
func webhookParityCases(s *stack) []parityCase {
	hook, _, err := s.core.Hooks.Create(s.Context(), models.NewWebhook{OrganizationID: whatsapptest.Organization, URL: "https://hook.invalid/"})
	require.NoError(s, err)
	const all, none = "/api/v1/webhooks", "wh_01J9ZX8K2QHV0M3T6R7P4N5W8C"
	at := all + "/" + hook.ID
	other := s.newKey(otherOrganization, models.Read, models.Send, models.Manage)
	foreign := s.sessionOf(otherOrganization)
	const delivery = "dlv_01J9ZX8K2QHV0M3T6R7P4N5W8C"
	redeliver := func(id string) string {
		return `mutation{redeliver(webhookId:"` + id + `",deliveryId:"` + delivery + `"){delivery{id}}}`
	}
	cases := []parityCase{
		{"no credential, webhooks", "none", "GET", all, "", `{webhooks{totalCount}}`, "unauthorized"},
		{"capability missing, webhooks", s.newKey(whatsapptest.Organization, models.Read, models.Send), "GET", all, "", `{webhooks{totalCount}}`, "forbidden"},
		{"forged cursor, webhooks", "", "GET", all + "?cursor=Zm9yZ2Vk", "", `{webhooks(after:"Zm9yZ2Vk"){totalCount}}`, "validation_error"},
		{"forged cursor, deliveries", "", "GET", at + "/deliveries?cursor=Zm9yZ2Vk", "", `{webhook(id:"` + hook.ID + `"){deliveries(after:"Zm9yZ2Vk"){totalCount}}}`, "validation_error"},
		{"unknown webhook", "", "GET", all + "/" + none, "", `{webhook(id:"` + none + `"){id}}`, "not_found"},
		{"unknown webhook, update", "", "PATCH", all + "/" + none, `{"url":"ftp://x"}`, `mutation{updateWebhook(id:"` + none + `",input:{url:"ftp://x"}){webhook{id}}}`, "not_found"},
		{"unknown webhook, delete", "", "DELETE", all + "/" + none, "", `mutation{deleteWebhook(id:"` + none + `"){deletedWebhookId}}`, "not_found"},
		{"unknown webhook, redeliver", "", "POST", all + "/" + none + "/deliveries/" + delivery + ":redeliver", "", redeliver(none), "not_found"},
		{"unknown delivery", "", "POST", at + "/deliveries/" + delivery + ":redeliver", "", redeliver(hook.ID), "not_found"},
		{"another organization's webhook", other, "GET", at, "", `{webhook(id:"` + hook.ID + `"){id}}`, "not_found"},
		{"another organization's webhook, update", other, "PATCH", at, `{"url":""}`, `mutation{updateWebhook(id:"` + hook.ID + `",input:{url:""}){webhook{id}}}`, "not_found"},
		{"another organization's webhook, delete", other, "DELETE", at, "", `mutation{deleteWebhook(id:"` + hook.ID + `"){deletedWebhookId}}`, "not_found"},
		{"another organization's webhook, deliveries", other, "GET", at + "/deliveries", "", `{webhook(id:"` + hook.ID + `"){deliveries{totalCount}}}`, "not_found"},
		{"webhook without a URL", "", "POST", all, `{}`, `mutation{createWebhook(input:{url:""}){secret}}`, "validation_error"},
	}
	long := strings.Repeat("x", 5000)
	headers := func(name, value string) (body, input string) {
		return `"customHeaders":{"` + name + `":"` + value + `"}`, `customHeaders:[{name:"` + name + `",value:"` + value + `"}]`
	}
	bad := []struct{ name, body, input, code string }{
		{"URL of another scheme", `"url":"ftp://example.com/"`, `url:"ftp://example.com/"`, "validation_error"},
		{"URL with a password", `"url":"https://a:b@example.com/"`, `url:"https://a:b@example.com/"`, "validation_error"},
		{"URL that is private", `"url":"http://127.0.0.1:1/"`, `url:"http://127.0.0.1:1/"`, "validation_error"},
		{"URL of the cloud's metadata", `"url":"http://169.254.169.254/"`, `url:"http://169.254.169.254/"`, "validation_error"},
		{"URL without a host", `"url":"https:///x"`, `url:"https:///x"`, "validation_error"},
		{"long URL", `"url":"https://example.com/` + long + `"`, `url:"https://example.com/` + long + `"`, "validation_error"},
		{"NUL in the URL", `"url":"https://example.com/\u0000"`, `url:"https://example.com/\u0000"`, "validation_error"},
		{"unknown event", `"events":["message","nonsense"]`, `events:["message","nonsense"]`, "validation_error"},
		{"unknown session", `"sessionId":"01J9ZX8K2QHV0M3T6R7P4N5W8C"`, `sessionId:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`, "not_found"},
		{"another organization's session", `"sessionId":"` + foreign + `"`, `sessionId:"` + foreign + `"`, "not_found"},
		{"short secret", `"secret":"short"`, `secret:"short"`, "validation_error"},
		{"no attempts", `"retryPolicy":{"attempts":0}`, `retryPolicy:{attempts:0}`, "validation_error"},
		{"too many attempts", `"retryPolicy":{"attempts":51}`, `retryPolicy:{attempts:51}`, "validation_error"},
		{"no delay", `"retryPolicy":{"delaySeconds":0}`, `retryPolicy:{delaySeconds:0}`, "validation_error"},
		{"long delay", `"retryPolicy":{"delaySeconds":3601}`, `retryPolicy:{delaySeconds:3601}`, "validation_error"},
	}
	for name, value := range map[string]string{
		`X\r\nHost`: "x", "Host": "x", "content-length": "0", "Webhook-Signature": "v1,x", "": "x", "X": `a\r\nb`, "Y": `a\u0000`, "Z": long,
	} {
		body, input := headers(name, value)
		bad = append(bad, struct{ name, body, input, code string }{"header " + name, body, input, "validation_error"})
	}
	for _, b := range bad {
		made, madeInput := b.body, b.input
		if !strings.Contains(made, `"url"`) {
			made, madeInput = `"url":"https://hook.invalid/",`+made, `url:"https://hook.invalid/",`+madeInput
		}
		cases = append(cases,
			parityCase{"create, " + b.name, "", "POST", all, `{` + made + `}`, `mutation{createWebhook(input:{` + madeInput + `}){secret}}`, b.code},
			parityCase{"update, " + b.name, "", "PATCH", at, `{` + b.body + `}`, `mutation{updateWebhook(id:"` + hook.ID + `",input:{` + b.input + `}){webhook{id}}}`, b.code})
	}
	return cases
}

// sessionOf stores a session of an organization.
func (s *stack) sessionOf(organization string) string {
	s.Helper()
	row := &models.Session{OrganizationID: organization, Status: models.SessionStopped, RatePerMin: 20, RatePerHour: 600}
	require.NoError(s, s.db.Sessions.Create(s.Context(), row))
	return row.ID
}
