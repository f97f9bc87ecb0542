package wasim_test

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/types/events"
)

func TestControlOfTheAccount(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	const path = "/phones/491700000001"
	state := mustControl(t, srv, "POST", path+"/state",
		`{"chat":"491700000002","archived":true,"pinned":true,"mutedUntil":"forever","read":false}`)
	assert.Equal(t, true, state["archived"])
	assert.Equal(t, "forever", state["mutedUntil"])
	want(a, func(e *events.Archive) bool { return e.Action.GetArchived() && e.JID == bert.LID() })
	want(a, func(m *events.MarkChatAsRead) bool { return !m.Action.GetRead() })
	state = mustControl(t, srv, "POST", path+"/state", `{"chat":"491700000002","mutedUntil":"2040-01-02T03:04:05Z","read":true}`)
	assert.Equal(t, "2040-01-02T03:04:05Z", state["mutedUntil"])
	assert.NotNil(t, state["readAt"])
	state = mustControl(t, srv, "POST", path+"/state", `{"chat":"491700000002","mutedUntil":"","cleared":true,"deleted":true}`)
	assert.Empty(t, state["mutedUntil"])
	want[*events.DeleteChat](a, nil)

	mustControl(t, srv, "POST", path+"/labels", `{"id":"1","name":"Orders","color":2}`)
	mustControl(t, srv, "POST", path+"/labels", `{"id":"1","chat":"491700000002"}`)
	want[*events.LabelAssociationChat](a, nil)
	mustControl(t, srv, "POST", path+"/labels", `{"id":"1","chat":"491700000002","message":"ID"}`)
	mustControl(t, srv, "POST", path+"/contacts", `{"who":"491700000002","fullName":"Bert Brecht","firstName":"Bert"}`)
	want(a, func(c *events.Contact) bool { return c.Action.GetFullName() == "Bert Brecht" })
	all := mustControl(t, srv, "GET", path+"/state", "")
	assert.Equal(t, []any{map[string]any{"id": "1", "name": "Orders", "color": 2.0, "deleted": false}}, all["labels"])
	assert.Contains(t, all["contacts"], bert.LID().String())
	chats, _ := all["chats"].(map[string]any)
	chat, _ := chats[bert.LID().String()].(map[string]any)
	assert.Equal(t, []any{"1"}, chat["labels"])
	assert.Equal(t, map[string]any{"ID": []any{"1"}}, chat["messageLabels"])
	all = mustControl(t, srv, "POST", path+"/labels", `{"id":"1","deleted":true}`)
	assert.Equal(t, []any{map[string]any{"id": "1", "name": "Orders", "color": 0.0, "deleted": true}}, all["labels"])

	picture := base64.StdEncoding.EncodeToString([]byte("jpeg"))
	profile := mustControl(t, srv, "POST", path+"/profile", quote(t, map[string]any{"name": "Anne", "about": "hi", "picture": picture}))
	assert.Equal(t, "Anne", profile["name"])
	assert.NotEmpty(t, profile["pictureId"])
	want(a, func(u *events.UserAbout) bool { return u.Status == "hi" })
	profile = mustControl(t, srv, "POST", path+"/profile", `{"picture":""}`)
	assert.Empty(t, profile["pictureId"])
	assert.Equal(t, []any{bert.LID().String()}, mustControl(t, srv, "POST", path+"/block", `{"who":"491700000002"}`)["blocked"])
	want[*events.Blocklist](a, nil)
	assert.Empty(t, mustControl(t, srv, "POST", path+"/block", `{"who":"491700000002","on":false}`)["blocked"])
	mustControl(t, srv, "POST", path+"/privacy", `{"last":"none","groupadd":"contacts"}`)
	assert.Equal(t, "none", anna.Privacy()["last"])
	profile = mustControl(t, srv, "GET", path+"/profile", "")
	privacy, _ := profile["privacy"].(map[string]any)
	assert.Equal(t, "contacts", privacy["groupadd"])

	history := mustControl(t, srv, "POST", path+"/history", quote(t, map[string]any{
		"chat": "491700000002", "unread": 3, "send": true, "messages": []any{
			map[string]any{"id": "H2", "fromMe": true, "text": "second", "timestamp": time.Now().Add(-time.Hour)},
			map[string]any{"id": "H1", "text": "first", "timestamp": time.Now().Add(-2 * time.Hour)},
		},
	}))
	assert.Equal(t, []any{"H1", "H2"}, history["ids"])
	part := want(a, ofKind(waHistorySync.HistorySync_INITIAL_BOOTSTRAP))
	assert.Equal(t, []string{"H2", "H1"}, idsIn(part))
	assert.EqualValues(t, 3, part.Data.GetConversations()[0].GetUnreadCount())
}

func TestControlOfTheAccountRefuses(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	addPhone(t, srv, "491700000001", "Anna")
	addPhone(t, srv, "491700000002", "Bert")
	const path = "/phones/491700000001"
	for _, refused := range []struct {
		path, body string
		status     int
	}{
		{"/phones/499999999999/state", `{"chat":"491700000002","archived":true}`, 404},
		{path + "/state", `{"chat":"491700000002"}`, 400},
		{path + "/state", `{"archived":true}`, 400},
		{path + "/state", `{"chat":"499999999999","archived":true}`, 404},
		{path + "/state", `{"chat":"1@g.us","pinned":true}`, 404},
		{path + "/state", `{"chat":"491700000002","mutedUntil":"soon"}`, 400},
		{path + "/labels", `{"id":"1"}`, 400},
		{path + "/labels", `{"name":"x"}`, 400},
		{path + "/labels", `{"id":"1","name":"x","message":"ID"}`, 400},
		{path + "/labels", `{"id":"1","chat":"499999999999"}`, 404},
		{path + "/contacts", `{"who":"1@g.us"}`, 400},
		{path + "/contacts", `{}`, 400},
		{path + "/profile", `{}`, 400},
		{path + "/profile", `{"name":""}`, 400},
		{path + "/profile", `{"picture":"%%%"}`, 400},
		{path + "/block", `{"who":"499999999999"}`, 404},
		{path + "/block", `{"who":"491700000001"}`, 400},
		{path + "/privacy", `{}`, 400},
		{path + "/privacy", `{"last":"nobody"}`, 400},
		{path + "/privacy", `{"colour":"red"}`, 400},
		{path + "/history", `{}`, 400},
		{path + "/history", `{"chat":"491700000002","unread":-1}`, 400},
		{path + "/history", `{"chat":"1@g.us","messages":[{"text":"by whom?"}]}`, 400},
		{path + "/history", `{"chat":"491700000002","mutedUntil":"soon"}`, 400},
	} {
		status, value := control(t, srv, http.MethodPost, refused.path, refused.body)
		assert.Equal(t, refused.status, status, "%s %s: %v", refused.path, refused.body, value)
		assert.NotEmpty(t, value["error"], refused.body)
	}
	anna, ok := srv.Phone("491700000001")
	require.True(t, ok)
	assert.Empty(t, anna.State().Chats)
}
