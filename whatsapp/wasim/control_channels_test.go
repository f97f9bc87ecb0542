package wasim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"
)

func TestControlChannels(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	addPhone(t, srv, "491700000001", "Anna")
	bert := addPhone(t, srv, "491700000002", "Bert")
	b := pair(t, srv, bert)
	const annas, berts = "/phones/491700000001/channels", "/phones/491700000002/channels/"
	made := mustControl(t, srv, "POST", annas, `{"name":"Tides","description":"High and low","picture":"anBlZw=="}`)
	jid, ok := made["jid"].(string)
	require.True(t, ok)
	assert.NotEmpty(t, made["pictureId"])
	mustControl(t, srv, "POST", berts+jid+"/follow", `{}`)
	want[*events.NewsletterJoin](b, nil)
	mustControl(t, srv, "POST", berts+jid+"/mute", `{}`)
	want[*events.NewsletterMuteChange](b, nil)

	posted := mustControl(t, srv, "POST", annas+"/"+jid+"/messages", `{"text":"high at noon"}`)
	assert.InDelta(t, 100, posted["serverId"], 0)
	want(b, saying("high at noon"))
	edited := mustControl(t, srv, "POST", annas+"/"+jid+"/messages", `{"text":"high at one","edit":100}`)
	assert.NotNil(t, edited["editedAt"])
	want(b, saying("high at one"))
	mustControl(t, srv, "POST", berts+jid+"/messages", `{"react":{"id":100,"emoji":"🌊"}}`)
	mustControl(t, srv, "POST", berts+jid+"/messages", `{"view":[100]}`)
	seen := mustControl(t, srv, "GET", "/channels/"+jid, "")
	assert.Len(t, seen["followers"], 1)
	assert.Len(t, seen["muted"], 1)
	messages, ok := seen["messages"].([]any)
	require.True(t, ok)
	first, ok := messages[0].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, map[string]any{"🌊": 1.0}, first["reactions"])
	assert.InDelta(t, 1, first["views"], 0)
	assert.Equal(t, "text", first["type"])
	filmed := mustControl(t, srv, "POST", annas+"/"+jid+"/messages", `{"type":"video","media":{"size":1000,"caption":"waves"}}`)
	assert.Equal(t, "video", filmed["type"])
	waves := want(b, func(m *events.Message) bool { return m.Message.GetVideoMessage().GetCaption() == "waves" })
	film, err := b.Download(within(t), waves.Message.GetVideoMessage())
	require.NoError(t, err)
	assert.Len(t, film, 1000)
	mustControl(t, srv, "POST", annas+"/"+jid+"/messages", `{"delete":100}`)
	assert.Len(t, mustControl(t, srv, "GET", "/channels", "")["channels"], 1)
	mustControl(t, srv, "POST", berts+jid+"/follow", `{"on":false}`)
	want[*events.NewsletterLeave](b, nil)
	assert.InDelta(t, 1, mustControl(t, srv, "GET", "/stats", "")["channels"], 0)

	for _, wrong := range []struct {
		path, body string
		status     int
	}{
		{annas, `{"name":""}`, 400},
		{annas + "/1@newsletter/follow", `{}`, 404},
		{annas + "/1@g.us/follow", `{}`, 400},
		{annas + "/" + jid + "/follow", `{"on":false}`, 409},
		{annas + "/" + jid + "/messages", `{}`, 400},
		{annas + "/" + jid + "/messages", `{"text":""}`, 400},
		{annas + "/" + jid + "/messages", `{"text":"x","delete":100}`, 400},
		{annas + "/" + jid + "/messages", `{"edit":100}`, 400},
		{annas + "/" + jid + "/messages", `{"type":"image","media":{}}`, 400},
		{annas + "/" + jid + "/messages", `{"type":"song","media":{"size":1}}`, 400},
		{annas + "/" + jid + "/messages", `{"text":"x","edit":100}`, 404},
		{annas + "/" + jid + "/messages", `{"delete":99}`, 404},
		{berts + jid + "/messages", `{"text":"mine"}`, 409},
		{berts + jid + "/mute", `{}`, 409},
		{"/phones/499/channels", `{"name":"x"}`, 404},
	} {
		status, value := control(t, srv, "POST", wrong.path, wrong.body)
		assert.Equal(t, wrong.status, status, "%s %s: %v", wrong.path, wrong.body, value)
	}
	status, _ := control(t, srv, "GET", "/channels/1@newsletter", "")
	assert.Equal(t, 404, status)
}

func TestControlCalls(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	addPhone(t, srv, "491700000001", "Anna")
	bert := addPhone(t, srv, "491700000002", "Bert")
	b := pair(t, srv, bert)
	ring := func() string {
		t.Helper()
		made := mustControl(t, srv, "POST", "/phones/491700000001/calls", `{"to":"491700000002","video":true}`)
		id, ok := made["id"].(string)
		require.True(t, ok)
		want(b, func(o *events.CallOffer) bool { return o.CallID == id })
		return id
	}
	id := ring()
	assert.Equal(t, "ended", mustControl(t, srv, "POST", "/phones/491700000001/calls/"+id+"/terminate", `{"reason":"timeout"}`)["state"])
	assert.Equal(t, "timeout", want[*events.CallTerminate](b, nil).Reason)
	status, _ := control(t, srv, "POST", "/phones/491700000001/calls/"+id+"/terminate", "")
	assert.Equal(t, 409, status, "over")
	id = ring()
	assert.Equal(t, "accepted", mustControl(t, srv, "POST", "/phones/491700000002/calls/"+id+"/accept", "")["state"])
	id = ring()
	assert.Equal(t, "rejected", mustControl(t, srv, "POST", "/phones/491700000002/calls/"+id+"/reject", "")["state"])
	assert.Len(t, mustControl(t, srv, "GET", "/phones/491700000001/calls", "")["calls"], 3)
	assert.InDelta(t, 3, mustControl(t, srv, "GET", "/stats", "")["calls"], 0)
	for path, body := range map[string]string{
		"/phones/491700000001/calls":               `{"to":"499999999999"}`,
		"/phones/491700000001/calls/no/accept":     "",
		"/phones/491700000001/calls/" + id + "/ok": "",
	} {
		status, value := control(t, srv, "POST", path, body)
		assert.Equal(t, 404, status, "%s: %v", path, value)
	}
}

func TestControlPresenceAndCommunities(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	b := pair(t, srv, bert)
	mustControl(t, srv, "POST", "/phones/491700000001/available", `{"on":true}`)
	seen := mustControl(t, srv, "POST", "/phones/491700000002/watch", `{"who":"491700000001"}`)
	assert.Len(t, seen["presences"], 1)
	mustControl(t, srv, "POST", "/phones/491700000001/typing", `{"chat":"491700000002","media":"audio"}`)
	want(b, func(p *events.ChatPresence) bool { return p.Media == "audio" && p.Chat == anna.LID() })
	assert.Len(t, mustControl(t, srv, "GET", "/phones/491700000002/seen", "")["typings"], 1)
	status, _ := control(t, srv, "POST", "/phones/491700000001/typing", `{"chat":"491700000002","media":"video"}`)
	assert.Equal(t, 400, status)
	status, _ = control(t, srv, "POST", "/phones/491700000002/watch", `{"who":"499999999999"}`)
	assert.Equal(t, 404, status)

	create := func(body string) string {
		t.Helper()
		jid, ok := mustControl(t, srv, "POST", "/phones/491700000001/groups", body)["jid"].(string)
		require.True(t, ok)
		return jid
	}
	village := create(`{"subject":"Village","community":true,"participants":["491700000002"]}`)
	inside := create(`{"subject":"Bakers","parent":` + quote(t, village) + `}`)
	choir := create(`{"subject":"Choir"}`)
	linked := mustControl(t, srv, "POST", "/groups/"+village+"/links", quote(t, map[string]any{"link": []string{choir}}))
	assert.Equal(t, true, linked["community"])
	assert.Len(t, linked["subGroups"], 3)
	assert.Equal(t, village, mustControl(t, srv, "GET", "/groups/"+inside, "")["parent"])
	linked = mustControl(t, srv, "POST", "/groups/"+village+"/links", quote(t, map[string]any{"unlink": []string{choir, inside}}))
	assert.Len(t, linked["subGroups"], 1)
	status, _ = control(t, srv, "POST", "/groups/"+village+"/links", `{}`)
	assert.Equal(t, 400, status)
	status, _ = control(t, srv, "POST", "/groups/"+village+"/links", `{"by":"491700000002","link":["`+choir+`"]}`)
	assert.Equal(t, 409, status)
	pictured := mustControl(t, srv, "PATCH", "/groups/"+choir, `{"picture":"anBlZw=="}`)
	assert.NotEmpty(t, pictured["pictureId"])
	assert.Empty(t, mustControl(t, srv, "PATCH", "/groups/"+choir, `{"picture":""}`)["pictureId"])
}
