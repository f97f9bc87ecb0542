package wasim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

// control makes a call of the control API and gives its status and JSON.
func control(t *testing.T, srv *wasim.Server, method, path, body string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t), method, "http://"+srv.Addr()+path, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "application/json", response.Header.Get("Content-Type"), "%s %s", method, path)
	var value map[string]any
	require.NoError(t, json.Unmarshal(raw, &value), "%s %s: %s", method, path, raw)
	return response.StatusCode, value
}

// mustControl makes a call that succeeds.
func mustControl(t *testing.T, srv *wasim.Server, method, path, body string) map[string]any {
	t.Helper()
	status, value := control(t, srv, method, path, body)
	require.Equal(t, http.StatusOK, status, "%s %s %s: %v", method, path, body, value)
	return value
}

func quote(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	require.NoError(t, err)
	return string(raw)
}

func TestControlAPI(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	info := mustControl(t, srv, "GET", "/info", "")
	assert.Equal(t, map[string]any{"url": srv.URL(), "rootKey": srv.RootKeyHex()}, info)

	made := mustControl(t, srv, "POST", "/phones", `{"phone":"491700000001","name":"Anna"}`)
	assert.Equal(t, "491700000001@s.whatsapp.net", made["jid"])
	anna, ok := srv.Phone("491700000001")
	require.True(t, ok)
	assert.Equal(t, anna.LID().String(), made["lid"])
	mustControl(t, srv, "POST", "/phones", `{"phone":"491700000002","name":"Bert"}`)
	mustControl(t, srv, "POST", "/phones", `{"phone":"491700000003","name":"Cleo"}`)

	// Pairing, by QR and by code.
	a, b := newClient(t, srv), newClient(t, srv)
	require.NoError(t, a.Connect())
	qr := want[*events.QR](a, nil).Codes[0]
	mustControl(t, srv, "POST", "/phones/491700000001/scan", quote(t, map[string]string{"qr": qr}))
	want[*events.Connected](a, nil)
	require.NoError(t, b.Connect())
	want[*events.QR](b, nil)
	_, err := b.PairPhone(within(t), "491700000002", true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	require.NoError(t, err)
	status, _ := control(t, srv, "POST", "/phones/491700000002/enter-code", `{"code":"ZZZZ-ZZZZ"}`)
	assert.Equal(t, http.StatusConflict, status)
	code, err := b.PairPhone(within(t), "491700000002", true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	require.NoError(t, err)
	mustControl(t, srv, "POST", "/phones/491700000002/enter-code", quote(t, map[string]string{"code": code}))
	want[*events.Connected](b, nil)

	// Messages.
	sent := mustControl(t, srv, "POST", "/phones/491700000002/messages", `{"to":"491700000001","text":"hello {n}","count":3}`)
	require.Len(t, sent["ids"], 3)
	for _, body := range []string{"hello 1", "hello 2", "hello 3"} {
		want(a, saying(body))
	}
	listed, _ := mustControl(t, srv, "GET", "/phones/491700000001/messages", "")["messages"].([]any)
	require.Len(t, listed, 3)
	first, _ := listed[0].(map[string]any)
	assert.Equal(t, "hello 1", first["text"])
	assert.Equal(t, false, first["fromMe"])
	ids, _ := sent["ids"].([]any)
	assert.Equal(t, ids[0], first["id"])
	mustControl(t, srv, "POST", "/phones/491700000001/read", `{"chat":"491700000002"}`)
	want(b, func(r *events.Receipt) bool { return r.Type == "read" && len(r.MessageIDs) == 3 })
	mustControl(t, srv, "POST", "/phones/491700000001/messages", quote(t, map[string]any{"to": "491700000002", "text": "hi", "replyTo": ids[0]}))
	want(b, saying("hi"))
	mustControl(t, srv, "POST", "/phones/491700000001/typing", `{"chat":"491700000002"}`)

	// Groups, "@" raw and escaped.
	group := mustControl(t, srv, "POST", "/phones/491700000001/groups", `{"subject":"Group","participants":["491700000002","499999999999"]}`)
	jid, _ := group["jid"].(string)
	results, _ := group["participants"].([]any)
	require.Len(t, results, 2)
	want(b, func(j *events.JoinedGroup) bool { return j.JID.String() == jid })
	changed := mustControl(t, srv, "PATCH", "/groups/"+jid, `{"subject":"Renamed","announce":true,"description":"About"}`)
	assert.Equal(t, "Renamed", changed["subject"])
	want(b, func(i *events.GroupInfo) bool { return i.Announce != nil })
	escaped := strings.ReplaceAll(jid, "@", "%40")
	members := mustControl(t, srv, "POST", "/groups/"+escaped+"/members", `{"add":["491700000003"],"promote":["491700000002"]}`)
	require.Len(t, members["results"], 2)
	seen := mustControl(t, srv, "GET", "/groups/"+escaped, "")
	require.Len(t, seen["members"], 3)
	assert.Equal(t, "About", seen["description"])
	mustControl(t, srv, "POST", "/phones/491700000003/leave", quote(t, map[string]string{"group": jid}))
	mustControl(t, srv, "POST", "/phones/491700000003/join", quote(t, map[string]any{"invite": seen["inviteCode"]}))
	require.Len(t, mustControl(t, srv, "GET", "/groups", "")["groups"], 1)

	// Faults, counts, log-out.
	faults := mustControl(t, srv, "POST", "/faults", `{"kind":"slow","phone":"491700000001","for":"1m","delay":0.001}`)
	assert.Equal(t, []any{map[string]any{"kind": "slow", "phone": "491700000001", "for": "1m0s", "delay": "1ms"}}, faults["faults"])
	assert.Empty(t, mustControl(t, srv, "DELETE", "/faults", "")["faults"])
	stats := mustControl(t, srv, "GET", "/stats", "")
	assert.EqualValues(t, 2, stats["connected"])
	assert.GreaterOrEqual(t, stats["accepted"], 4.0)
	assert.Equal(t, map[string]any{"devices": 1.0}, mustControl(t, srv, "POST", "/phones/491700000001/logout-devices", ""))
	want[*events.LoggedOut](a, nil)
	require.Len(t, mustControl(t, srv, "GET", "/phones", "")["phones"], 3)
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	addPhone(t, srv, "491700000001", "Anna")
	addPhone(t, srv, "491700000002", "Bert")
	const phone = "/phones/491700000001"
	for _, refused := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/nowhere", "", 404},
		{"DELETE", "/phones", "", 405},
		{"PUT", "/groups/1@g.us", "", 405},
		{"POST", "/phones", "", 400},
		{"POST", "/phones", "{", 400},
		{"POST", "/phones", "[]", 400},
		{"POST", "/phones", `{"phone":"491700000003"} {}`, 400},
		{"POST", "/phones", `{"phone":"491700000003","colour":"red"}`, 400},
		{"POST", "/phones", `{"phone":491700000003}`, 400},
		{"POST", "/phones", `{"phone":"+49170"}`, 400},
		{"POST", "/phones", `{"phone":"0491700000003"}`, 400},
		{"POST", "/phones", `{"phone":"12345678901234567890"}`, 400},
		{"POST", "/phones", `{"phone":"４９１７００００００３"}`, 400},
		{"POST", "/phones", `{"phone":"491700000001","name":"Other"}`, 409},
		{"POST", "/phones", `{"name":"` + strings.Repeat("x", 2<<20) + `"}`, 413},
		{"POST", "/phones/499999999999/scan", `{"qr":"x"}`, 404},
		{"POST", "/phones/%2e%2e/scan", `{"qr":"x"}`, 404},
		{"POST", phone + "/scan", `{"qr":"x"}`, 400},
		{"POST", phone + "/scan", `{"qr":"ref,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`, 404},
		{"POST", phone + "/enter-code", `{"code":"1"}`, 400},
		{"POST", phone + "/enter-code", `{"code":"ABCD-1234"}`, 404},
		{"POST", phone + "/messages", `{"to":"491700000002"}`, 400},
		{"POST", phone + "/messages", `{"to":"nobody","text":"x"}`, 400},
		{"POST", phone + "/messages", `{"to":"x@newsletter","text":"x"}`, 400},
		{"POST", phone + "/messages", `{"to":"499999999999","text":"x"}`, 404},
		{"POST", phone + "/messages", `{"to":"1@g.us","text":"x"}`, 404},
		{"POST", phone + "/messages", `{"to":"491700000002","text":"x","count":0}`, 400},
		{"POST", phone + "/messages", `{"to":"491700000002","text":"x","count":1e9}`, 400},
		{"POST", phone + "/messages", `{"to":"491700000002","text":"x","count":1.5}`, 400},
		{"POST", phone + "/messages", `{"to":"491700000002","text":"x","type":"image"}`, 400},
		{"POST", phone + "/messages", `{"to":"491700000002","text":"x","poll":{"name":"?"}}`, 400},
		{"POST", phone + "/messages", `{"to":"491700000002","text":"x","replyTo":"unknown"}`, 404},
		{"POST", phone + "/read", `{"chat":"491700000002","ids":["unknown"]}`, 404},
		{"POST", phone + "/typing", `{"chat":"499999999999"}`, 404},
		{"POST", phone + "/groups", `{}`, 400},
		{"POST", phone + "/groups", `{"subject":"x","participants":["1@g.us"]}`, 400},
		{"POST", phone + "/groups", `{"subject":"x","addressing":"mail"}`, 400},
		{"POST", phone + "/groups", `{"subject":"` + strings.Repeat("x", 101) + `"}`, 400},
		{"POST", phone + "/join", `{}`, 400},
		{"POST", phone + "/join", `{"invite":"unknown"}`, 400},
		{"POST", phone + "/leave", `{"group":"1@g.us"}`, 404},
		{"GET", "/groups/1@g.us", "", 404},
		{"GET", "/groups/nonsense", "", 400},
		{"PATCH", "/groups/1@g.us", `{"subject":"x"}`, 404},
		{"POST", "/faults", `{"kind":"earthquake"}`, 400},
		{"POST", "/faults", `{"kind":"slow","for":"soon"}`, 400},
		{"POST", "/faults", `{"kind":"slow","for":-1}`, 400},
		{"POST", "/faults", `{"kind":"slow","for":1e300}`, 400},
		{"POST", "/faults", `{"kind":"slow","count":-1}`, 400},
		{"POST", "/faults", `{"kind":"slow","phone":"499999999999"}`, 404},
	} {
		status, value := control(t, srv, refused.method, refused.path, refused.body)
		name := refused.method + " " + refused.path + " " + refused.body[:min(len(refused.body), 80)]
		assert.Equal(t, refused.status, status, "%s: %v", name, value)
		assert.NotEmpty(t, value["error"], name)
	}
	assert.Zero(t, srv.Stats().Accepted)
	assert.Equal(t, 2, srv.Stats().Phones)
}

func TestControlGroupRefusals(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	addPhone(t, srv, "491700000002", "Bert")
	g, err := anna.CreateGroup(within(t), "Group")
	require.NoError(t, err)
	path := "/groups/" + url.PathEscape(g.String())
	for body, status := range map[string]int{
		`{}`: 400, `{"by":"491700000002","subject":"x"}`: 409, `{"by":"499999999999","subject":"x"}`: 404,
		`{"memberAddMode":"everybody"}`: 400, `{"ephemeral":-1}`: 400, `{"subject":""}`: 400,
	} {
		got, value := control(t, srv, "PATCH", path, body)
		assert.Equal(t, status, got, "%s: %v", body, value)
	}
	for body, status := range map[string]int{
		`{}`: 400, `{"add":[]}`: 400, `{"add":["x"]}`: 400, `{"by":"491700000002","add":["491700000002"]}`: 409,
	} {
		got, value := control(t, srv, "POST", path+"/members", body)
		assert.Equal(t, status, got, "%s: %v", body, value)
	}
	require.NoError(t, anna.Leave(within(t), g))
	got, _ := control(t, srv, "PATCH", path, `{"subject":"x"}`)
	assert.Equal(t, 409, got, "nobody is left to act")
}

func TestControlRefusesForeignPages(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	request, err := http.NewRequestWithContext(within(t), http.MethodPost, "http://"+srv.Addr()+"/phones", strings.NewReader(`{"phone":"491700000001"}`))
	require.NoError(t, err)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	request.Header.Set("Origin", "https://example.com")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
	assert.Zero(t, srv.Stats().Phones)
}
