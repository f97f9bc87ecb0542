package graph_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/webhook"
	"wagateway/whatsapp/whatsapptest"
)

// pixel is a picture, in base64.
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// life is a walk through all that GraphQL offers, with a linked number.
type life struct {
	*whole

	at               string // sessionId: "…"
	session          string
	anna, bert, carl *wasim.Phone
}

// TestEveryField: every field of Query and Mutation succeeds against a real
// service and a simulated WhatsApp, and every field of every type is served, on
// both databases.
func TestEveryField(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			w := newWhole(t, dialect)
			w.key = w.Key(t, models.Read, models.Send, models.Manage)
			l := &life{whole: w, anna: w.Phone("491700000000", "Anna"), bert: w.Phone("491700000001", "Bert"), carl: w.Phone("491700000002", "Carl")}
			for _, part := range []func(){
				l.ofASession, l.ofAnAccount, l.ofAChat, l.ofAContact, l.ofAMessage, l.ofAGroup, l.ofACommunity, l.ofALabel, l.ofAChannel, l.ofAStory,
				l.ofACall, l.ofAWebhook, l.ofAKey, l.ofABackfill, l.endOfASession,
			} {
				part()
			}
			assert.Empty(t, w.unserved(), "never answered")
		})
	}
}

func (l *life) within(fields string) string { return strings.ReplaceAll(fields, "$at", l.at) }

// do runs fields in which $at is the session.
func (l *life) do(field string, wants ...string) string {
	l.Helper()
	return l.call(2, l.within(field), wants...)
}

// soon is do for an answer that comes a little later.
func (l *life) soon(field string, wants ...string) string {
	l.Helper()
	return l.await(2, l.within(field), wants...)
}

// ask runs a query of its own, for what no answer has in it by itself.
func (l *life) ask(query, want string) {
	l.Helper()
	r := l.Post(l, l.key, l.within(query), nil)
	require.Empty(l, r.Errors, "%s: %s", query, r.Body)
	assert.JSONEq(l, want, string(r.Data), query)
}

func (l *life) ofASession() {
	l.Helper()
	made := l.do(`createSession(input: {label: "Support", start: true, ratePerMin: 1000, ratePerHour: 50000, historyDays: 30})`, `"label":"Support"`)
	l.session = text(l, made, "createSession", "session", "id")
	l.at = `sessionId: "` + l.session + `"`
	l.soon(`sessionQR($at)`, `"code":"`)
	steps := l.Subscribe(l, l.key, l.within(`subscription { pairing($at)`+l.selection("PairingUpdate", 1, nil)+` }`), nil)
	assert.Contains(l, string(steps.Next(l).Data), `"status":"SCAN_QR_CODE"`)
	steps.Close()
	code := text(l, l.do(`sessionPairingCode($at, input: {phone: "491700000000"})`), "sessionPairingCode", "pairingCode", "code")
	l.do(`session(id: "`+l.session+`")`, `"status":"SCAN_QR_CODE"`)
	require.NoError(l, l.anna.EnterCode(whatsapptest.Within(l), code))
	l.working()
	l.do(`sessionMe($at)`, `"phoneNumber":"491700000000"`, `"connected":true`)
	l.do(`updateSession($at, input: {label: "Sales", autoRejectCalls: false})`, `"label":"Sales"`)
	l.do(`startSession($at)`, `"status":"WORKING"`)
	l.do(`restartSession($at)`, `"id":"`+l.session+`"`)
	l.working()
	l.do(`stopSession($at)`, `"status":"STOPPED"`)
	l.do(`startSession($at)`, `"status":"STARTING"`)
	l.working()
	l.do(`sessions`, `"label":"Sales"`)
	key := l.key
	l.key = l.Token(l, "super_admin", "owner")
	l.do(`adminListSessions`, `"label":"Sales"`)
	l.key = l.Token(l, "owner")
	l.do(`viewer`, `"organizationId":"`+graphtest.Organization+`"`)
	l.key = key
	l.do(`viewer`, `"`+graphtest.Organization+`"`)
}

// working waits until the session is connected and knows the account's name.
func (l *life) working() {
	l.Helper()
	l.Wait(l.session, func(u whatsapp.PairingUpdate) bool {
		return u.Status == models.SessionWorking && u.Session.PushName != ""
	})
}

func (l *life) ofAnAccount() {
	l.Helper()
	l.do(`updateProfile($at, input: {name: "Anna & co", about: "Busy", picture: "` + pixel + `"})`)
	l.do(`privacySettings($at)`, `"lastSeen"`)
	l.do(`updatePrivacySettings($at, input: {lastSeen: CONTACTS})`, `"lastSeen":"CONTACTS"`)
	l.do(`setDefaultDisappearingTimer($at, seconds: 86400)`, `86400`)
	l.do(`setDefaultDisappearingTimer($at, seconds: 0)`)
	link := text(l, l.do(`contactLink($at)`, `https://wa.me/`), "contactLink")
	assert.NotContains(l, l.do(`revokeContactLink($at)`, `https://wa.me/`), link)
	l.do(`setPresence($at, available: true)`, `"available":true`)
}

func (l *life) ofAChat() {
	l.Helper()
	bert := l.bert.JID().String()
	id, err := l.bert.SendText(whatsapptest.Within(l), l.anna.JID(), "hello <there>")
	require.NoError(l, err)
	l.soon(`message($at, waMessageId: "`+id+`")`, `"body":"hello <there>"`, `"direction":"IN"`)
	l.do(`chat($at, jid: "`+bert+`")`, `"unreadCount":1`)
	l.ask(`{ session(id: "`+l.session+`") { chat(jid: "`+bert+`") { unreadCount } } }`, `{"session":{"chat":{"unreadCount":1}}}`)
	l.do(`readChat($at, input: {jid: "`+bert+`", receipts: true})`, `"unreadCount":0`)
	l.do(`updateChat($at, input: {jid: "`+bert+`", pinned: true, mutedUntil: "2030-01-01T00:00:00Z"})`, `"pinned":true`, `"mutedUntil":"2030-01-01T00:00:00.000Z"`)
	l.do(`setChatPresence($at, input: {jid: "`+bert+`", state: COMPOSING})`, `"COMPOSING"`)
	l.do(`starMessage($at, input: {chat: "`+bert+`", waMessageId: "`+id+`"})`, `"starred":true`)
	l.do(`setDisappearingTimer($at, input: {jid: "`+bert+`", seconds: 604800})`, `"ephemeralSeconds":604800`)
	l.do(`messages($at, filter: {chat: "`+bert+`"})`, `hello`)
	l.do(`searchMessages($at, query: "hello")`, `hello`)
	l.do(`fetchHistory($at, input: {chatJid: "`+bert+`"})`, bert)
}

func (l *life) ofAContact() {
	l.Helper()
	bert, carl := l.bert.JID().String(), l.carl.JID().String()
	l.do(`checkContact($at, phone: "+491700000002")`, `"isOnWhatsApp":true`)
	l.do(`checkContacts($at, phones: ["491700000002", "491799999999"])`, `"isOnWhatsApp":true`, `"isOnWhatsApp":false`)
	l.bert.SetAbout("Busy")
	l.bert.SetPicture([]byte("\xff\xd8\xff picture"))
	l.do(`contactAbout($at, jid: "`+bert+`")`, `"about":"Busy"`)
	l.do(`contactPicture($at, jid: "`+bert+`")`, `https://pps.whatsapp.net/`)
	l.carl.SetBusinessProfile(&wasim.BusinessProfile{
		Address: "Harbour 1", TimeZone: "Europe/Berlin", Hours: []types.BusinessHoursConfig{{DayOfWeek: "mon", Mode: "specific_hours", OpenTime: "540", CloseTime: "1020"}},
	})
	l.do(`businessProfile($at, jid: "`+carl+`")`, `"address":"Harbour 1"`, `"open":"540"`)
	l.do(`blockContact($at, jid: "`+carl+`")`, carl)
	l.do(`blocklist($at)`, carl)
	l.do(`unblockContact($at, jid: "`+carl+`")`, carl)
	l.do(`saveContact($at, input: {jid: "`+bert+`", fullName: "Bert the Brave"})`, `Bert the Brave`)
	l.do(`contact($at, jid: "`+bert+`")`, `"name":"Bert the Brave"`)
	l.do(`subscribePresence($at, jid: "`+bert+`")`, bert)
}

func (l *life) ofAMessage() {
	l.Helper()
	bert := l.bert.JID().String()
	send := func(content, more string) string {
		l.Helper()
		return text(l, l.do(`sendMessage($at, input: {to: "`+bert+`", content: `+content+more+`})`), "sendMessage", "waMessageId")
	}
	got := func(id string) {
		l.Helper()
		_, err := l.bert.WaitMessage(whatsapptest.Within(l), func(m wasim.PhoneMessage) bool { return m.ID == id })
		require.NoError(l, err)
	}
	id := send(`{text: {text: "helo"}}`, `, idempotencyKey: "one"`)
	got(id)
	key := `chat: "` + bert + `", waMessageId: "` + id + `"`
	l.do(`editMessage($at, input: {`+key+`, text: "hello"})`, `"type":"EDIT"`)
	l.do(`addReaction($at, input: {`+key+`, emoji: "👍"})`, `"type":"REACTION"`)
	_, err := l.bert.React(whatsapptest.Within(l), l.anna.LID(), id, "🌊")
	require.NoError(l, err)
	l.soon(`message($at, waMessageId: "`+id+`")`, `"emoji":"🌊"`, `"edited":true`, `"fromMe":true`, `"participant"`)
	l.do(`removeReaction($at, input: {`+key+`})`, `"type":"REACTION"`)
	l.do(`forwardMessage($at, input: {`+key+`, to: "`+bert+`"})`, `"forwarded":true`)
	reply := send(`{text: {text: "again"}}`, `, replyTo: "`+id+`"`)
	l.ask(`{ message($at, waMessageId: "`+reply+`") { quoted { body } } }`, `{"message":{"quoted":{"body":"hello"}}}`)
	l.do(`revokeMessage($at, input: {`+key+`})`, `"type":"REVOKE"`)
	poll := send(`{poll: {name: "Pizza?", options: ["yes", "no"], selectableCount: 1}}`, ``)
	got(poll)
	l.do(`voteMessage($at, input: {chat: "`+bert+`", waMessageId: "`+poll+`", options: ["no"]})`, `"type":"VOTE"`)
	l.call(5, l.within(`message($at, waMessageId: "`+poll+`")`), `"voters":1`)
	l.do(`message($at, waMessageId: "`+send(`{location: {latitude: 1, longitude: 2}}`, ``)+`")`, `"latitude":1`)
	l.do(`message($at, waMessageId: "`+send(`{contact: {name: "Bob", phone: "491700000009"}}`, ``)+`")`, `"vcard"`)
	shown, err := l.bert.SendText(whatsapptest.Within(l), l.anna.LID(), "https://example.com/", wasim.WithLinkPreview(wasim.LinkPreview{URL: "https://example.com/", Title: "Example"}))
	require.NoError(l, err)
	l.soon(`message($at, waMessageId: "`+shown+`")`, `"title":"Example"`)

	odd, err := l.bert.Send(whatsapptest.Within(l), l.anna.LID(), &waE2E.Message{CancelPaymentRequestMessage: &waE2E.CancelPaymentRequestMessage{}})
	require.NoError(l, err)
	l.soon(`message($at, waMessageId: "`+odd+`")`, `"raw":"wgEA"`)

	file, err := l.bert.SendMedia(whatsapptest.Within(l), l.anna.LID(), wasim.Media{Kind: wasim.MediaDocument, Data: []byte("offer"), FileName: "offer.txt"})
	require.NoError(l, err)
	l.soon(`message($at, waMessageId: "`+file+`")`, `offer.txt`)
	l.do(`fetchMedia($at, input: {chat: "`+bert+`", waMessageId: "`+file+`"})`, `"status":"STORED"`)

	later := text(l, l.do(`sendMessage($at, input: {to: "`+bert+`", content: {text: {text: "later"}}, scheduledAt: "`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"})`, `"QUEUED"`),
		"sendMessage", "outboxId")
	l.do(`send($at, outboxId: "`+later+`")`, `"scheduledAt"`)
	l.do(`sends($at, filter: {scheduled: true})`, later)
	l.do(`cancelSend($at, outboxId: "`+later+`")`, `"FAILED"`)
	l.do(`send($at, outboxId: "`+later+`")`, `"reason":"cancelled"`)
}

func (l *life) ofAGroup() {
	l.Helper()
	bert, carl := l.bert.JID().String(), l.carl.JID().String()
	group := text(l, l.do(`createGroup($at, input: {name: "Team", participants: ["`+bert+`"]})`, `"participantCount":2`), "createGroup", "group", "jid")
	jid, err := types.ParseJID(group)
	require.NoError(l, err)
	of := `$at, groupJid: "` + group + `"`
	l.do(`group($at, jid: "`+group+`")`, `"subject":"Team"`)
	l.ask(`{ session(id: "`+l.session+`") { group(jid: "`+group+`") { subject } } }`, `{"session":{"group":{"subject":"Team"}}}`)
	l.do(`updateGroup(`+of+`, input: {subject: "Team & co", announce: true})`, `"subject":"Team & co"`, `"isAnnounce":true`)
	invite := text(l, l.do(`groupInvite(`+of+`)`), "groupInvite", "invite")
	l.do(`groupInvitePreview($at, invite: "`+invite+`")`, `"subject":"Team & co"`)
	l.do(`revokeGroupInvite(`+of+`)`, `https://chat.whatsapp.com/`)
	one := `, input: {participants: ["` + carl + `"]})`
	l.do(`addGroupMembers(`+of+one, carl)
	l.do(`promoteGroupMember(`+of+one, group)
	l.do(`demoteGroupMember(`+of+one, group)
	l.do(`removeGroupMember(`+of+one, group)
	l.carl.SetPrivacy(string(types.PrivacySettingTypeGroupAdd), string(types.PrivacySettingContacts))
	l.do(`addGroupMembers(`+of+one, `"inviteCode":"`)
	require.NoError(l, l.anna.SetApprovalMode(l.Context(), jid, true))
	l.asks(jid, of, "reject", `"participantCount":2`)
	l.asks(jid, of, "approve", `"participantCount":3`)
	l.do(`setGroupPicture(`+of+`, picture: "`+pixel+`")`, `"pictureId"`)
	l.do(`groupPicture(`+of+`)`, `https://pps.whatsapp.net/`)
	l.do(`removeGroupPicture(`+of+`)`, group)

	theirs, err := l.bert.CreateGroup(l.Context(), "Bert's")
	require.NoError(l, err)
	code, err := l.bert.GetInvite(l.Context(), theirs)
	require.NoError(l, err)
	l.do(`joinGroup($at, input: {invite: "`+code+`"})`, `"subject":"Bert's"`)
	l.do(`leaveGroup($at, groupJid: "`+theirs.String()+`")`, theirs.String())
}

// asks is Carl asking to join a group, and what is decided.
func (l *life) asks(group types.JID, of, act, want string) {
	l.Helper()
	_, err := l.carl.RequestJoin(l.Context(), group)
	require.NoError(l, err)
	l.do(`listGroupRequests(`+of+`)`, l.carl.LID().String())
	l.do(act+`GroupMembers(`+of+`, input: {participants: ["`+l.carl.LID().String()+`"]})`, want)
}

func (l *life) ofACommunity() {
	l.Helper()
	community := text(l, l.do(`createGroup($at, input: {name: "Harbour", participants: [], community: true})`, `"isCommunity":true`), "createGroup", "group", "jid")
	group := text(l, l.do(`createGroup($at, input: {name: "Pier", participants: []})`), "createGroup", "group", "jid")
	link := `$at, input: {communityJid: "` + community + `", groupJid: "` + group + `"})`
	l.do(`linkGroup(`+link, `"parentJid":"`+community+`"`)
	l.do(`subGroups($at, communityJid: "`+community+`")`, `"subject":"Pier"`, `"isDefault":true`)
	l.do(`communityMembers($at, communityJid: "`+community+`")`, `"`)
	l.do(`unlinkGroup(`+link, `"parentJid":null`)
}

func (l *life) ofALabel() {
	l.Helper()
	bert := l.bert.JID().String()
	label := text(l, l.do(`createLabel($at, input: {name: "New", color: 3})`, `"name":"New"`), "createLabel", "label", "labelId")
	of := `$at, labelId: "` + label + `"`
	l.do(`updateLabel(`+of+`, input: {name: "Important"})`, `"name":"Important"`)
	l.do(`labelChat(`+of+`, jid: "`+bert+`")`, `"name":"Important"`)
	id, err := l.bert.SendText(whatsapptest.Within(l), l.anna.LID(), "a label, please")
	require.NoError(l, err)
	l.soon(`message($at, waMessageId: "` + id + `")`)
	l.do(`labelMessage(`+of+`, input: {chat: "`+bert+`", waMessageId: "`+id+`"})`, `a label, please`)
	l.call(4, `session(id: "`+l.session+`")`, `"Important"`)
	l.do(`unlabelChat(`+of+`, jid: "`+bert+`")`, bert)
	l.do(`deleteLabel(`+of+`)`, label)
}

func (l *life) ofAChannel() {
	l.Helper()
	own := text(l, l.do(`createChannel($at, input: {name: "Anna's", description: "Of the day"})`, `"role":"OWNER"`), "createChannel", "channel", "jid")
	l.do(`channel($at, jid: "`+own+`")`, `"description":"Of the day"`)
	tides, err := l.bert.CreateChannel(whatsapptest.Within(l), "Tides", "High and low", nil)
	require.NoError(l, err)
	info, ok := l.WhatsApp.Channel(tides)
	require.True(l, ok)
	l.do(`channelByInvite($at, invite: "`+info.InviteCode+`")`, `"name":"Tides"`)
	of := `$at, jid: "` + tides.String() + `"`
	l.do(`followChannel(`+of+`)`, `"following":true`)
	l.do(`muteChannel(`+of+`, mute: true)`, `"muted":true`)
	l.do(`subscribeChannelUpdates(`+of+`)`, `"seconds":`)
	post, err := l.bert.PostText(whatsapptest.Within(l), tides, "flood")
	require.NoError(l, err)
	l.soon(`message($at, waMessageId: "`+post.ID+`")`, `flood`)
	l.do(`reactToChannelMessage($at, input: {jid: "`+tides.String()+`", serverId: 100, emoji: "🌊"})`, `100`)
	l.do(`markChannelViewed($at, input: {jid: "`+tides.String()+`", serverIds: [100]})`, `100`)
	l.do(`fetchChannelMessages(`+of+`, count: 10)`, `flood`, `"views":`)
	l.soon(`message($at, waMessageId: "`+post.ID+`")`, `"emoji":"🌊"`)
	l.do(`unfollowChannel(`+of+`)`, `"following":false`)
}

func (l *life) ofAStory() {
	l.Helper()
	story, err := l.bert.SendText(whatsapptest.Within(l), types.StatusBroadcastJID, "at the sea", wasim.WithRecipients(l.anna.JID()))
	require.NoError(l, err)
	l.soon(`message($at, waMessageId: "`+story+`")`, `at the sea`)
	l.do(`viewStatus($at, waMessageIds: ["`+story+`"])`, `at the sea`)
	id := text(l, l.do(`postStatus($at, input: {text: {text: "so am I"}})`, `so am I`), "postStatus", "waMessageId")
	l.do(`deleteStatus($at, waMessageId: "`+id+`")`, `"type":"REVOKE"`)
}

func (l *life) ofACall() {
	l.Helper()
	id, err := l.bert.Call(whatsapptest.Within(l), l.anna.JID(), true)
	require.NoError(l, err)
	l.soon(`call($at, callId: "`+id+`")`, `"status":"RINGING"`)
	l.do(`rejectCall($at, callId: "`+id+`")`, `"status":"REJECTED"`)
}

func (l *life) ofAWebhook() {
	l.Helper()
	l.Resolver.Hooks = webhook.New(webhook.Config{DB: l.DB, Log: l.Resolver.Events, Guard: outbound.New(outbound.Config{AllowPrivate: true})})
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	l.Cleanup(endpoint.Close)
	made := l.do(`createWebhook(input: {url: "`+endpoint.URL+`", customHeaders: [{name: "X-Tenant", value: "acme"}]})`, `"secret":"whsec_`)
	id := text(l, made, "createWebhook", "webhook", "id")
	l.do(`testWebhook(id: "`+id+`")`, `"delivered":true`, `"responseStatus":200`)
	l.do(`rotateWebhookSecret(id: "`+id+`")`, `"secret":"whsec_`)
	l.do(`updateWebhook(id: "`+id+`", input: {events: ["message"], sessionId: "`+l.session+`"})`, `"events":["message"]`)
	latest, err := l.DB.Messages.Find(l.Context(), l.session, models.MessageFilter{}, models.Page{Limit: 1})
	require.NoError(l, err)
	event := graphtest.EventOf(graphtest.Organization, l.session, models.EventMessage, latest.Items[0].Shape())
	graphtest.Append(l, l.Resolver.Events, event)
	l.do(`events(sessionId: "`+l.session+`")`, event.ID)
	ctx, stop := context.WithCancel(l.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = l.Resolver.Hooks.Run(ctx)
	}()
	l.await(4, `webhook(id: "`+id+`")`, event.ID, `"status":"DELIVERED"`)
	stop()
	<-ended
	var deliveries struct {
		Webhook struct {
			Deliveries struct{ Nodes []struct{ ID string } }
		}
	}
	l.Get(l, l.key, `{ webhook(id: "`+id+`") { deliveries { nodes { id } } } }`, nil, &deliveries)
	require.NotEmpty(l, deliveries.Webhook.Deliveries.Nodes)
	l.do(`redeliver(webhookId: "`+id+`", deliveryId: "`+deliveries.Webhook.Deliveries.Nodes[0].ID+`")`, `"status":"PENDING"`)
	l.do(`redeliverRange(webhookId: "` + id + `", input: {fromEvent: "` + event.ID + `"})`)
	l.do(`webhooks`, id)
	l.do(`deleteWebhook(id: "`+id+`")`, id)
}

func (l *life) ofAKey() {
	l.Helper()
	id := text(l, l.do(`createApiKey(input: {name: "CRM", capabilities: [READ], expiresAt: "2030-01-01T00:00:00Z"})`, `"secret":"wa_`), "createApiKey", "apiKey", "id")
	l.do(`apiKeys`, `"name":"CRM"`)
	l.do(`node(id: "`+id+`")`, `"__typename":"ApiKey"`)
	l.do(`revokeApiKey(id: "`+id+`")`, `"revokedAt":"`)
	l.do(`createRealtimeTicket(input: {sessionId: "`+l.session+`", types: [MESSAGE]})`, `"ticket":"rt_`)
}

func (l *life) ofABackfill() {
	l.Helper()
	key := l.key
	defer func() { l.key = key }()
	l.key = l.Token(l, "super_admin", "owner")
	l.do(`adminStartSessionBackfill($at)`, `"status":"RUNNING"`)
	l.soon(`adminSessionBackfillStatus($at)`, `"status":"COMPLETED"`)
}

func (l *life) endOfASession() {
	l.Helper()
	bert := l.bert.JID().String()
	l.call(6, `session(id: "`+l.session+`")`, `"Team & co"`)
	l.do(`clearChat($at, input: {jid: "`+bert+`"})`, bert)
	l.do(`deleteChat($at, input: {jid: "`+bert+`"})`, bert)
	l.do(`logoutSession($at)`, `"status":"STOPPED"`)
	l.do(`deleteSession($at)`, l.session)
}
