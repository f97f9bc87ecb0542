package wasim_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

func TestControlSendsEveryKind(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	const phone = "/phones/491700000002"
	send := func(body map[string]any) string {
		t.Helper()
		asked := map[string]any{"to": "491700000001"}
		maps.Copy(asked, body)
		ids, _ := mustControl(t, srv, "POST", phone+"/messages", quote(t, asked))["ids"].([]any)
		require.Len(t, ids, 1)
		id, _ := ids[0].(string)
		return id
	}
	listed := func(id string) map[string]any {
		t.Helper()
		_, err := anna.WaitMessage(within(t), got(id))
		require.NoError(t, err)
		messages, _ := mustControl(t, srv, "GET", "/phones/491700000001/messages", "")["messages"].([]any)
		for _, m := range messages {
			if m, _ := m.(map[string]any); m["id"] == id {
				return m
			}
		}
		require.Fail(t, "not listed", id)
		return nil
	}

	// Media, with content and made up.
	data := []byte("the file")
	id := send(map[string]any{"type": "document", "media": map[string]any{"data": base64.StdEncoding.EncodeToString(data), "filename": "a.txt", "mimetype": "text/plain", "caption": "read"}})
	document := want(a, having(id)).Message.GetDocumentMessage()
	received, err := a.Download(within(t), document)
	require.NoError(t, err)
	assert.Equal(t, data, received)
	shown := listed(id)
	assert.Equal(t, "document", shown["type"])
	assert.Equal(t, "read", shown["text"])
	media, _ := shown["media"].(map[string]any)
	assert.Equal(t, "a.txt", media["filename"])
	assert.EqualValues(t, len(data), media["size"])
	file := mustControl(t, srv, "GET", "/phones/491700000001/messages/"+id+"/media", "")
	assert.Equal(t, base64.StdEncoding.EncodeToString(data), file["data"])
	assert.Equal(t, media["sha256"], file["sha256"])
	for _, kind := range []string{"image", "video", "gif", "ptv", "audio", "voice", "sticker"} {
		id = send(map[string]any{"type": kind, "media": map[string]any{"size": 1000}})
		want(a, having(id))
		assert.Equal(t, kind, listed(id)["type"])
	}
	id = send(map[string]any{"type": "image", "media": map[string]any{"size": 10}, "viewOnce": true})
	assert.True(t, want(a, having(id)).IsViewOnce)
	assert.Equal(t, true, listed(id)["viewOnce"])

	// Places, contacts, links.
	id = send(map[string]any{"location": map[string]any{"latitude": 1.5, "longitude": 2.5, "name": "Here"}})
	assert.Equal(t, "Here", want(a, having(id)).Message.GetLocationMessage().GetName())
	assert.Equal(t, map[string]any{"latitude": 1.5, "longitude": 2.5, "name": "Here"}, listed(id)["location"])
	id = send(map[string]any{"type": "live_location", "location": map[string]any{"latitude": 1, "longitude": 2}})
	assert.NotNil(t, want(a, having(id)).Message.GetLiveLocationMessage())
	id = send(map[string]any{"contact": map[string]any{"name": "Cleo", "phone": "491700000003"}})
	assert.Contains(t, want(a, having(id)).Message.GetContactMessage().GetVcard(), "491700000003")
	contacts, _ := listed(id)["contacts"].([]any)
	assert.Len(t, contacts, 1)
	id = send(map[string]any{"contacts": []any{map[string]any{"name": "Cleo"}, map[string]any{"name": "Dora"}}})
	assert.Len(t, want(a, having(id)).Message.GetContactsArrayMessage().GetContacts(), 2)
	id = send(map[string]any{"text": "see https://example.com", "link": map[string]any{"url": "https://example.com", "title": "Example"}, "ephemeral": 60, "mentions": []string{"491700000001"}})
	m := want(a, having(id))
	assert.True(t, m.IsEphemeral)
	assert.Equal(t, "Example", m.Message.GetExtendedTextMessage().GetTitle())
	assert.Equal(t, []any{"491700000001@s.whatsapp.net"}, listed(id)["mentions"])

	// A poll and what is done to a message.
	poll := send(map[string]any{"poll": map[string]any{"name": "When?", "options": []string{"now", "later"}, "selectable": 1}})
	want(a, having(poll))
	vote := send(map[string]any{"vote": map[string]any{"id": poll, "options": []string{"now"}}})
	want(a, having(vote))
	assert.Equal(t, poll, listed(vote)["target"])
	tally, _ := listed(poll)["poll"].(map[string]any)
	assert.Equal(t, map[string]any{"now": []any{bert.LID().String()}}, tally["votes"])
	id = send(map[string]any{"text": "frist"})
	want(a, having(id))
	want(a, having(send(map[string]any{"edit": map[string]any{"id": id, "text": "first"}})))
	want(a, having(send(map[string]any{"react": map[string]any{"id": id, "emoji": "👍"}})))
	want(a, having(send(map[string]any{"pin": map[string]any{"id": id}})))
	forwarded := send(map[string]any{"forward": map[string]any{"id": id}})
	want(a, having(forwarded))
	assert.EqualValues(t, 1, listed(forwarded)["forwarded"])
	shown = listed(id)
	assert.Equal(t, "first", shown["text"])
	assert.EqualValues(t, 1, shown["edits"])
	assert.Equal(t, map[string]any{bert.LID().String(): "👍"}, shown["reactions"])
	assert.Equal(t, true, shown["pinned"])
	revoked := send(map[string]any{"revoke": map[string]any{"id": id}})
	want(a, having(revoked))
	assert.Equal(t, id, listed(revoked)["target"])
	assert.Equal(t, true, listed(id)["deleted"])

	// Stories, and what companions cannot read.
	id = send(map[string]any{"to": "status@broadcast", "text": "story", "recipients": []string{"491700000001"}})
	want(a, having(id))
	mustControl(t, srv, "POST", "/phones/491700000001/read", `{"chat":"status@broadcast","played":true}`)
	_, err = bert.WaitReceipt(within(t), func(r wasim.PhoneReceipt) bool { return r.Type == "played" && r.IDs[0] == id })
	require.NoError(t, err)
	id = send(map[string]any{"text": "once", "unavailable": "view_once"})
	want(a, func(m *events.UndecryptableMessage) bool { return m.Info.ID == id && m.IsUnavailable })
	id = send(map[string]any{"text": "twice", "undecryptable": 1})
	want(a, func(m *events.UndecryptableMessage) bool { return m.Info.ID == id && !m.IsUnavailable })
	want(a, having(id))

	// Expiry.
	assert.Equal(t, map[string]any{"expired": 1.0}, mustControl(t, srv, "POST", "/media/expire", quote(t, map[string]any{"path": document.GetDirectPath(), "status": 404})))
	status, _ := control(t, srv, "GET", "/phones/491700000001/messages/"+shown["id"].(string)+"/media", "")
	assert.Equal(t, http.StatusConflict, status, "there is no file in it")
	mustControl(t, srv, "POST", "/phones/491700000001/forget-media", "{}")
	assert.Equal(t, map[string]any{"on": false}, mustControl(t, srv, "POST", "/phones/491700000001/forget-media", `{"on":false}`))
}

func TestControlRefusesSenselessMessages(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	addPhone(t, srv, "491700000001", "Anna")
	addPhone(t, srv, "491700000002", "Bert")
	for body, status := range map[string]int{
		`"type":"image"`:                                     400,
		`"type":"media","media":{"size":1}`:                  400,
		`"media":{"size":1}`:                                 400,
		`"type":"hologram","text":"x"`:                       400,
		`"type":"poll","text":"x"`:                           400,
		`"type":"image","media":{}`:                          400,
		`"type":"image","media":{"size":-1}`:                 400,
		`"type":"image","media":{"size":1e9}`:                400,
		`"type":"image","media":{"size":1,"data":"eA=="}`:    400,
		`"type":"image","media":{"size":1e8},"count":10000`:  400,
		`"type":"image","media":{"data":"not base64!"}`:      400,
		`"location":{},"poll":{}`:                            400,
		`"poll":{"name":"?","options":["a"],"selectable":2}`: 400,
		`"text":"x","mentions":["nobody"]`:                   400,
		`"text":"x","viewOnce":true`:                         409,
		`"location":{},"link":{"url":"x"}`:                   409,
		`"vote":{"id":"unknown","options":["a"]}`:            404,
		`"react":{"id":"unknown"}`:                           404,
		`"edit":{"id":"unknown","text":"x"}`:                 404,
		`"revoke":{"id":"unknown"}`:                          404,
		`"forward":{"id":"unknown","chat":"nobody"}`:         400,
		`"forward":{"id":"unknown","chat":"491700000002"}`:   404,
	} {
		got, value := control(t, srv, "POST", "/phones/491700000001/messages", `{"to":"491700000002",`+body+`}`)
		assert.Equal(t, status, got, "%s: %v", body, value)
		assert.NotEmpty(t, value["error"], body)
	}
	assert.Zero(t, srv.Stats().Accepted)
	status, _ := control(t, srv, "POST", "/media/expire", `{"status":200}`)
	assert.Equal(t, http.StatusBadRequest, status)
	status, _ = control(t, srv, "GET", "/phones/491700000001/messages/unknown/media", "")
	assert.Equal(t, http.StatusNotFound, status)
}
