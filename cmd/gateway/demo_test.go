package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// list is the contract's list of anything.
type list[T any] struct {
	Data       []T
	NextCursor *string
}

type groupShape struct {
	GroupJID         string
	Subject          string
	ParticipantCount int
}

// demonstration is what a demo printed.
type demonstration struct {
	*process
	base, key, session, simulator string
	commands                      []string
}

func startDemo(t *testing.T, settings []string, args ...string) *demonstration {
	t.Helper()
	d := &demonstration{process: start(t, settings, append([]string{"demo", "--addr", "127.0.0.1:0"}, args...)...)}
	d.base = strings.TrimSuffix(d.line("Playground"), "/playground")
	d.key = d.line("API key")
	d.session = d.line("Session")
	d.simulator = strings.Fields(d.line("Simulator"))[0]
	for range 3 {
		d.commands = append(d.commands, "curl "+d.line("  curl"))
	}
	d.line("Ctrl-C")
	return d
}

func TestDemoCommandsWork(t *testing.T) {
	t.Parallel()
	d := startDemo(t, nil, "--group-size", "80")

	type chatShape struct{ Name, LastMessage any }
	require.Eventually(t, func() bool { // what people wrote at the start arrives from another process
		return len(decode[list[chatShape]](t, tryCommand(t, d, d.commands[0])).Data) >= 8
	}, patience, 100*time.Millisecond)
	assert.Contains(t, tryCommand(t, d, d.commands[1]), `"waMessageId"`)
	assert.Contains(t, followCommand(t, d, d.commands[2]), `"event":`)

	_, answer := call(t, http.MethodGet, d.base+"/api/v1/sessions/"+d.session+"/groups", d.key, "")
	big := ""
	for _, group := range decode[list[groupShape]](t, answer).Data {
		if group.ParticipantCount == 80 {
			big = group.GroupJID
		}
	}
	require.NotEmpty(t, big, answer)

	_, page := call(t, http.MethodGet, d.base+"/playground", "", "")
	assert.Contains(t, page, d.key, "the playground has the key")
	assert.Contains(t, page, big, "and examples with real ids")
	assert.Zero(t, d.stop())
}

// followCommand gives the first event of the stream that a printed command asks for.
func followCommand(t *testing.T, d *demonstration, command string) string {
	t.Helper()
	words := strings.Split(command, "'")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, words[len(words)-2], http.NoBody)
	require.NoError(t, err)
	request.Header.Set("x-api-key", d.key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if data, found := strings.CutPrefix(lines.Text(), "data:"); found {
			return data
		}
	}
	require.FailNow(t, "the stream ended without an event", "%v", lines.Err())
	return ""
}

// tryCommand runs a printed command by copy and paste where curl is installed,
// and makes the same request where it is not.
func tryCommand(t *testing.T, d *demonstration, command string) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", command).Output()
		require.NoError(t, err, command)
		return string(out)
	}
	words := strings.Split(command, "'") // quoted words have odd indexes; none holds a quote
	url, method, body := words[len(words)-2], http.MethodGet, ""
	if _, data, found := strings.Cut(command, " -d '"); found {
		method = http.MethodPost
		body, _, _ = strings.Cut(data, "'")
	}
	status, answer := call(t, method, url, d.key, body)
	require.Equal(t, http.StatusOK, status, answer)
	return answer
}

func TestDemoLives(t *testing.T) {
	t.Parallel()
	d := startDemo(t, nil)
	groups := d.base + "/api/v1/sessions/" + d.session + "/groups"
	_, before := call(t, http.MethodGet, groups, d.key, "")
	assert.Eventually(t, func() bool { // another process renames a group after some seconds
		_, now := call(t, http.MethodGet, groups, d.key, "")
		return subjects(t, now) != subjects(t, before)
	}, patience, 200*time.Millisecond)
	assert.Zero(t, d.stop())
}

func subjects(t *testing.T, answer string) string {
	t.Helper()
	var all strings.Builder
	for _, group := range decode[list[groupShape]](t, answer).Data {
		all.WriteString(group.GroupJID + group.Subject + "\n")
	}
	return all.String()
}

// A demo on the data of an earlier one has the same session and key, and no
// leftovers, although the simulated WhatsApp behind it is another.
func TestDemoAgainOnTheSameData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kept")
	first := startDemo(t, nil, "--data", dir, "--quiet")
	_, before := call(t, http.MethodGet, first.base+"/api/v1/sessions/"+first.session+"/groups", first.key, "")
	assert.Zero(t, first.stop())

	second := startDemo(t, nil, "--data", dir, "--quiet")
	assert.Equal(t, first.key, second.key)
	assert.Equal(t, first.session, second.session)
	_, after := call(t, http.MethodGet, second.base+"/api/v1/sessions/"+second.session+"/groups", second.key, "")
	assert.Len(t, decode[list[groupShape]](t, after).Data, len(decode[list[groupShape]](t, before).Data))
	for _, command := range second.commands[:2] {
		assert.NotContains(t, tryCommand(t, second, command), `"error`)
	}
	assert.Zero(t, second.stop())
}

func TestDemoWithAGivenKey(t *testing.T) {
	t.Parallel()
	key := "wa_" + strings.Repeat("Demo4", 8)
	d := startDemo(t, nil, "--api-key", key, "--quiet")
	assert.Equal(t, key, d.key)
	status, _ := call(t, http.MethodGet, d.base+"/api/v1/sessions", key, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Zero(t, d.stop())

	_, stderr, code := run(t, nil, "demo", "--addr", "127.0.0.1:0", "--api-key", "hunter2")
	assert.Equal(t, 1, code)
	assert.NotContains(t, stderr, "hunter2")
}

// The demo leaves a configured gateway's data alone, and nothing of its own behind.
func TestDemoTouchesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "production")
	d := startDemo(t, []string{"GATEWAY_DATA_DIR=" + dir, "GATEWAY_DATABASE_URL=postgres://nobody@127.0.0.1:1/none"}, "--quiet")
	assert.Zero(t, d.stop())
	assert.NoDirExists(t, dir)
	for _, variable := range d.command.Env {
		if tmp, found := strings.CutPrefix(variable, "TMPDIR="); found {
			left, err := os.ReadDir(tmp)
			require.NoError(t, err)
			assert.Empty(t, left, "the throwaway folder is gone")
		}
	}
}

// Two programs: a simulator, and a gateway that pairs with it by QR and comes
// back by itself after a restart.
func TestServeWithASimulator(t *testing.T) {
	t.Parallel()
	sim := start(t, nil, "simulator", "--addr", "127.0.0.1:0")
	settings := anywhere(t.TempDir(), "GATEWAY_ID=gw-test",
		"GATEWAY_WHATSAPP_URL="+sim.line("GATEWAY_WHATSAPP_URL="), "GATEWAY_WHATSAPP_ROOT_KEY="+sim.line("GATEWAY_WHATSAPP_ROOT_KEY="))
	control := sim.line("Control API")
	status, body := call(t, http.MethodPost, control+"/phones", "", `{"phone":"491700000001","name":"Anna"}`)
	require.Less(t, status, 300, body)
	account := decode[struct{ JID, LID string }](t, body)

	p := start(t, settings)
	key := "wa_" + p.line("  wa_")
	api := p.line("REST")
	_, body = call(t, http.MethodPost, api+"/sessions", key, `{"label":"Anna","start":true}`)
	session := api + "/sessions/" + decode[struct{ ID string }](t, body).ID

	code := ""
	require.Eventually(t, func() bool { // the contract: 404 until a code is ready
		status, body := call(t, http.MethodGet, session+"/qr", key, "")
		if status == http.StatusOK {
			code = decode[struct{ Code string }](t, body).Code
		}
		return code != ""
	}, patience, 50*time.Millisecond)
	status, body = call(t, http.MethodPost, control+"/phones/491700000001/scan", "", fmt.Sprintf(`{"qr":%q}`, code))
	require.Less(t, status, 300, body)
	waitForStatus(t, session, key, "working")

	_, body = call(t, http.MethodGet, session+"/me", key, "")
	me := decode[struct{ PhoneNumber, WAJID, WALID string }](t, body)
	assert.Equal(t, "491700000001", me.PhoneNumber)
	assert.Equal(t, account.JID, me.WAJID)
	assert.Equal(t, account.LID, me.WALID)
	assert.Contains(t, p.log.String(), "SIMULATED WhatsApp")
	assert.Zero(t, p.stop())

	again := start(t, settings)
	session = strings.Replace(session, api, again.line("REST"), 1)
	waitForStatus(t, session, key, "working")
	assert.Zero(t, again.stop())
	assert.Zero(t, sim.stop())
}

func waitForStatus(t *testing.T, session, key, want string) {
	t.Helper()
	var got struct{ Status, StatusReason, GatewayID string }
	require.Eventually(t, func() bool { // another process; its API is all there is to see
		_, body := call(t, http.MethodGet, session, key, "")
		got = decode[struct{ Status, StatusReason, GatewayID string }](t, body)
		return got.Status == want
	}, patience, 50*time.Millisecond, "last seen: %v", &got)
	assert.Equal(t, "gw-test", got.GatewayID)
}
