package rest

import (
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// lifeOfAChannel is Anna making a channel, and following Bert's.
func (s *stack) lifeOfAChannel(expect expectation, session string, bert *wasim.Phone) {
	s.Helper()
	at := "/api/v1/sessions/" + session + "/channels"
	var own Channel
	expect("POST", at, `{"name":"Anna & <co>","description":"Of the day"}`, 201, `{"createdAtWa":MS,"description":"Of the day","firstSeenAt":MS,"following":true,"id":N,"inviteLink":"LINK","jid":"CHANNEL","muted":false,"name":"Anna & <co>","role":"owner","sessionId":"ULID","subscriberCount":0,"updatedAt":MS,"verified":false}`).into(s.T, &own)
	expect("GET", at+"/"+own.JID+"/messages", "", 200, `{"data":[],"nextCursor":""}`)
	s.postInAChannel(expect, session, own.JID)
	expect("POST", at+"/"+own.JID+":unfollow", "", 403, `{"error":{"code":"forbidden","message":"WhatsApp does not allow this account to do that in the channel","details":{}}}`)
	expect("POST", at, `{}`, 400, `{"error":{"code":"validation_error","message":"name is required","details":{"field":"name"}}}`)

	tides, err := bert.CreateChannel(whatsapptest.Within(s.T), "Tides", "", nil)
	require.NoError(s, err)
	channel := at + "/" + tides.String()
	expect("GET", channel+"/messages", "", 404, `{"error":{"code":"not_found","message":"channel not found","details":{}}}`)
	expect("POST", channel+":follow", "", 204, "")
	expect("POST", at+"/"+strings.Replace(tides.String(), "@", "%40", 1)+":follow", "", 204, "")
	for _, mute := range []string{"true", "true", "false"} {
		expect("POST", channel+":mute", `{"mute":`+mute+`}`, 204, "")
	}
	expect("POST", channel+":mute", `{}`, 400, `{"error":{"code":"validation_error","message":"mute is required","details":{"field":"mute"}}}`)
	for _, text := range []string{"ebb", "flood"} {
		post, err := bert.PostText(whatsapptest.Within(s.T), tides, text)
		require.NoError(s, err)
		require.Eventually(s, func() bool {
			_, err := s.db.Messages.Get(s.Context(), session, post.ID)
			return err == nil
		}, whatsapptest.Patience, 10*time.Millisecond)
	}
	a := s.send("GET", channel+"/messages?limit=1", s.newKey(whatsapptest.Organization, models.Send), "")
	require.Equal(s, 200, a.StatusCode, a.body)
	var page emptyEndList[map[string]any]
	a.into(s.T, &page)
	require.Len(s, page.Data, 1)
	assert.Equal(s, []any{"flood", tides.String(), "in", float64(101)}, []any{page.Data[0]["body"], page.Data[0]["chatJid"], page.Data[0]["direction"], page.Data[0]["serverId"]})
	require.NotEmpty(s, page.NextCursor)
	a = s.send("GET", channel+"/messages?limit=1&cursor="+page.NextCursor, s.key, "")
	require.Equal(s, 200, a.StatusCode, a.body)
	assert.Contains(s, a.body, `"body":"ebb"`)
	assert.Contains(s, a.body, `"nextCursor":""`)
	for range 2 {
		expect("POST", channel+":unfollow", "", 204, "")
	}
	expect("POST", channel+":mute", `{"mute":true}`, 403, `{"error":{"code":"forbidden","message":"WhatsApp does not allow this account to do that in the channel","details":{}}}`)
}

// postInAChannel is Anna posting a picture in her channel.
func (s *stack) postInAChannel(expect expectation, session, channel string) {
	s.Helper()
	at := "/api/v1/sessions/" + session + "/messages"
	const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	var sent SendResult
	expect("POST", at, `{"type":"image","to":"`+channel+`","media":{"data":"`+pixel+`","caption":"a dot"}}`, 200,
		`{"messageId":"WAID","mode":"sync","outboxId":"ULID","replayed":false,"status":"sent","timestamp":MS,"waMessageId":"WAID"}`).into(s.T, &sent)
	a := s.send("GET", "/api/v1/sessions/"+session+"/channels/"+channel+"/messages", s.key, "")
	require.Equal(s, 200, a.StatusCode, a.body)
	var page emptyEndList[map[string]any]
	a.into(s.T, &page)
	require.Len(s, page.Data, 1)
	assert.Equal(s, []any{sent.WAMessageID, "image", "a dot", "out", true, float64(100)}, []any{
		page.Data[0]["waMessageId"], page.Data[0]["type"], page.Data[0]["body"], page.Data[0]["direction"], page.Data[0]["hasMedia"], page.Data[0]["serverId"],
	})
	a = s.send("GET", at+"/"+sent.WAMessageID+"/media", s.key, "")
	assert.Equal(s, []any{200, "image/png"}, []any{a.StatusCode, a.Header.Get("Content-Type")})
	const done = `{"messageId":"WAID","mode":"sync","outboxId":"ULID","replayed":false,"status":"sent","timestamp":MS,"waMessageId":"WAID"}`
	expect("PATCH", at+"/"+sent.WAMessageID, `{"chat":"`+channel+`","text":"one dot"}`, 400, `{"error":{"code":"validation_error","message":"only texts can be edited here","details":{"field":"waMessageId"}}}`)
	expect("DELETE", at+"/"+sent.WAMessageID, `{"chat":"`+channel+`"}`, 200, done)
	a = s.send("GET", "/api/v1/sessions/"+session+"/channels/"+channel+"/messages", s.key, "")
	a.into(s.T, &page)
	require.Len(s, page.Data, 1)
	assert.Equal(s, []any{false, "", true}, []any{page.Data[0]["edited"], page.Data[0]["body"], page.Data[0]["deleted"]})
	expect("POST", at, `{"type":"poll","to":"`+channel+`","name":"?","options":["a","b"]}`, 400,
		`{"error":{"code":"validation_error","message":"a poll cannot be sent to a channel","details":{"field":"to"}}}`)
}

// channelParityCases are the failures of channels.
func channelParityCases(s *stack, session, offline string) []parityCase {
	const nobody, stored = "120363999999999999@newsletter", "120363012345678901@newsletter"
	_, err := s.db.Channels.Save(s.Context(), offline, models.ChannelSnapshot{JID: stored, Name: "Tides", Role: models.ChannelSubscriber})
	require.NoError(s, err)
	_, _, err = s.db.Messages.Receive(s.Context(), offline, models.NewMessage{
		Chat: models.ChatAddress{Type: models.ChatChannel, JID: stored}, WAMessageID: "POST1", ServerID: 100, Type: models.MessageText, Body: "ebb", Timestamp: models.Now(),
	})
	require.NoError(s, err)
	post, named := "/api/v1/sessions/"+offline+"/messages/POST1", `chat:"`+stored+`",waMessageId:"POST1"`
	at, off := "/api/v1/sessions/"+session+"/channels", "/api/v1/sessions/"+offline+"/channels"
	other := s.newKey(otherOrganization, models.Read, models.Send, models.Manage)
	read, manage := s.newKey(whatsapptest.Organization, models.Read), s.newKey(whatsapptest.Organization, models.Manage)
	return []parityCase{
		{"no name, channel", "", "POST", at, `{}`, `mutation{createChannel(sessionId:$session,input:{name:""}){channel{jid}}}`, "validation_error"},
		{"no picture, channel", "", "POST", at, `{"name":"x","picture":"!"}`, `mutation{createChannel(sessionId:$session,input:{name:"x",picture:"!"}){channel{jid}}}`, "validation_error"},
		{"not connected, channel", "", "POST", off, `{"name":"x"}`, `mutation{createChannel(sessionId:$offline,input:{name:"x"}){channel{jid}}}`, "not_implemented"},
		{"capability missing, channel", read, "POST", off, `{"name":"x"}`, `mutation{createChannel(sessionId:$offline,input:{name:"x"}){channel{jid}}}`, "forbidden"},
		{"unknown channel, messages", "", "GET", at + "/" + nobody + "/messages", "", `{channel(sessionId:$session,jid:"` + nobody + `"){messages{totalCount}}}`, "not_found"},
		{"bad channel, messages", "", "GET", at + "/1@g.us/messages", "", `{channel(sessionId:$session,jid:"1@g.us"){messages{totalCount}}}`, "validation_error"},
		{"forged cursor, channel's messages", "", "GET", off + "/" + stored + "/messages?cursor=Zm9yZ2Vk", "", `{channel(sessionId:$offline,jid:"` + stored + `"){messages(after:"Zm9yZ2Vk"){totalCount}}}`, "validation_error"},
		{"capability missing, channel's messages", manage, "GET", off + "/" + stored + "/messages", "", `{channel(sessionId:$offline,jid:"` + stored + `"){messages{totalCount}}}`, "forbidden"},
		{"another organization, channel's messages", other, "GET", off + "/" + stored + "/messages", "", `{channel(sessionId:$offline,jid:"` + stored + `"){messages{totalCount}}}`, "not_found"},
		{"unknown channel, follow", "", "POST", at + "/" + nobody + ":follow", "", `mutation{followChannel(sessionId:$session,jid:"` + nobody + `"){channel{jid}}}`, "not_found"},
		{"bad channel, follow", "", "POST", at + "/nonsense:follow", "", `mutation{followChannel(sessionId:$session,jid:"nonsense"){channel{jid}}}`, "validation_error"},
		{"not connected, follow", "", "POST", off + "/" + stored + ":follow", "", `mutation{followChannel(sessionId:$offline,jid:"` + stored + `"){channel{jid}}}`, "not_implemented"},
		{"unknown channel, unfollow", "", "POST", at + "/" + nobody + ":unfollow", "", `mutation{unfollowChannel(sessionId:$session,jid:"` + nobody + `"){channel{jid}}}`, "not_found"},
		{"unknown channel, mute", "", "POST", at + "/" + nobody + ":mute", `{"mute":false}`, `mutation{muteChannel(sessionId:$session,jid:"` + nobody + `",mute:false){channel{jid}}}`, "not_found"},
		{"not connected, mute", "", "POST", off + "/" + stored + ":mute", `{"mute":true}`, `mutation{muteChannel(sessionId:$offline,jid:"` + stored + `",mute:true){channel{jid}}}`, "not_implemented"},
		{"a post of others, edit", "", "PATCH", post, `{"chat":"` + stored + `","text":"flood"}`, `mutation{editMessage(sessionId:$offline,input:{` + named + `,text:"flood"}){status}}`, "forbidden"},
		{"a post of others, revoke", "", "DELETE", post, `{"chat":"` + stored + `"}`, `mutation{revokeMessage(sessionId:$offline,input:{` + named + `}){status}}`, "forbidden"},
		{"a post, reaction by message", "", "POST", post + "/reaction", `{"chat":"` + stored + `","emoji":"👍"}`, `mutation{addReaction(sessionId:$offline,input:{` + named + `,emoji:"👍"}){status}}`, "validation_error"},
		{"a channel of others, send", "", "POST", "/api/v1/sessions/" + offline + "/messages", `{"type":"text","to":"` + stored + `","text":"x"}`, `mutation{sendMessage(sessionId:$offline,input:{to:"` + stored + `",content:{text:{text:"x"}}}){status}}`, "forbidden"},
		{"another organization, mute", other, "POST", off + "/" + stored + ":mute", `{"mute":true}`, `mutation{muteChannel(sessionId:$offline,jid:"` + stored + `",mute:true){channel{jid}}}`, "not_found"},
	}
}
