package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/whatsapptest"
)

const followPairing = `subscription($s: ID!) { pairing(sessionId: $s) {
	status statusReason qr { code expiresAt } pairingCode { code } session { id phoneNumber waJid paired } } }`

type pairingUpdate struct {
	Pairing struct {
		Status       string
		StatusReason *string
		QR           *struct{ Code, ExpiresAt string }
		PairingCode  *struct{ Code string }
		Session      struct {
			ID          string
			PhoneNumber *string
			Paired      bool
		}
	}
}

// TestPairing follows a real pairing over both transports of subscriptions.
func TestPairing(t *testing.T) {
	t.Parallel()
	for name, follow := range map[string]func(*testing.T, *graphtest.Server, string, map[string]any) func() *graphtest.Response{
		"server-sent events": func(t *testing.T, s *graphtest.Server, key string, variables map[string]any) func() *graphtest.Response {
			t.Helper()
			events := s.Subscribe(t, key, followPairing, variables)
			return func() *graphtest.Response { return events.Next(t) }
		},
		"websocket": func(t *testing.T, s *graphtest.Server, key string, variables map[string]any) func() *graphtest.Response {
			t.Helper()
			socket := s.Open(t, map[string]any{"authorization": "Bearer " + key})
			socket.Subscribe(t, "1", followPairing, variables)
			return func() *graphtest.Response {
				if m := socket.Next(t); m.Type != "complete" {
					return m.Response(t)
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := graphtest.New(t, modelstest.SQLite)
			phone := s.Phone("6281234567890", "Ann")
			key := s.Key(t, models.Read, models.Manage)
			var created struct {
				CreateSession struct{ Session struct{ ID, Status string } }
			}
			s.Get(t, key, `mutation { createSession(input: {label: "Support", start: true}) { session { id status } } }`, nil, &created)
			id := created.CreateSession.Session.ID
			next := follow(t, s, key, map[string]any{"s": id})

			scanned := false
			var last pairingUpdate
			step := ""
			for response := next(); response != nil; response = next() {
				require.Empty(t, response.Errors, response.Body)
				assert.NotEqual(t, step, string(response.Data), "a step comes once")
				step = string(response.Data)
				last = pairingUpdate{}
				require.NoError(t, json.Unmarshal(response.Data, &last))
				assert.Equal(t, id, last.Pairing.Session.ID)
				if qr := last.Pairing.QR; qr != nil && !scanned {
					scanned = true
					assert.NotEmpty(t, qr.ExpiresAt)
					require.NoError(t, phone.ScanQR(whatsapptest.Within(t), qr.Code))
				}
			}
			assert.True(t, scanned, "a QR code was shown")
			assert.Equal(t, "WORKING", last.Pairing.Status, "the stream ends when it is paired")
			require.NotNil(t, last.Pairing.Session.PhoneNumber)
			assert.Equal(t, "6281234567890", *last.Pairing.Session.PhoneNumber)

			var me struct {
				SessionMe struct {
					Connected                            bool
					PhoneNumber, PushName, WaJID, Status string
					WaLID                                *string
				}
			}
			s.Get(t, key, `query($s: ID!) { sessionMe(sessionId: $s) { connected phoneNumber pushName waJid waLid status } }`, map[string]any{"s": id}, &me)
			assert.True(t, me.SessionMe.Connected)
			assert.Equal(t, "6281234567890@s.whatsapp.net", me.SessionMe.WaJID)
			require.NotNil(t, me.SessionMe.WaLID)
			again := s.Post(t, key, `query($s: ID!) { sessionQR(sessionId: $s) { code } }`, map[string]any{"s": id})
			assert.Equal(t, "VALIDATION_ERROR", again.Code(), "it is paired already")
			assert.Equal(t, "session_already_paired", again.Errors[0].Extensions.Reason)
		})
	}
}

// TestGroupsOfARealAccount goes through the life of a group, each act by GraphQL
// and each result as WhatsApp has it.
func TestGroupsOfARealAccount(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session, _ := s.PairedSession("6281234567890", "Ann")
	s.Phone("6281234567891", "Ben")
	s.Phone("6281234567892", "Cem")
	key := s.Key(t, models.Read, models.Send)
	var answer struct {
		CreateGroup struct {
			Group struct {
				JID, Subject     string
				ParticipantCount int
				Members          struct {
					Nodes []struct {
						Role    string
						Contact struct{ PhoneNumber *string }
					}
				}
			}
			Results []struct {
				JID  string
				OK   bool
				Code *int
			}
		}
	}
	s.Get(t, key, `mutation($s: ID!) { createGroup(sessionId: $s, input: {name: "Team", participants: ["6281234567891@s.whatsapp.net"]}) {
		group { jid subject participantCount members { nodes { role contact { phoneNumber } } } } results { jid ok code } } }`,
		map[string]any{"s": session.ID}, &answer)
	created := answer.CreateGroup
	assert.Equal(t, "Team", created.Group.Subject)
	assert.Equal(t, 2, created.Group.ParticipantCount)
	require.Len(t, created.Group.Members.Nodes, 2)
	require.Len(t, created.Results, 1)
	assert.True(t, created.Results[0].OK)

	values := map[string]string{"$s": session.ID, "$g": created.Group.JID, "$bad": "nothing", "$unknown": "120363000000000000@g.us"}
	in := func(call string) string {
		for name, value := range values {
			call = strings.ReplaceAll(call, ": "+name+",", `: "`+value+`",`)
			call = strings.ReplaceAll(call, ": "+name+")", `: "`+value+`")`)
		}
		return call
	}
	for _, act := range []struct{ call, selection, code, reason string }{
		{`addGroupMembers(sessionId: $s, groupJid: $g, input: {participants: ["6281234567892@s.whatsapp.net"]})`, `group { participantCount } results { ok }`, "", ""},
		{`promoteGroupMember(sessionId: $s, groupJid: $g, input: {participants: ["6281234567892@s.whatsapp.net"]})`, `results { ok }`, "", ""},
		{`demoteGroupMember(sessionId: $s, groupJid: $g, input: {participants: ["6281234567892@s.whatsapp.net"]})`, `results { ok }`, "", ""},
		{`removeGroupMember(sessionId: $s, groupJid: $g, input: {participants: ["6281234567892@s.whatsapp.net"]})`, `results { ok }`, "", ""},
		{`updateGroup(sessionId: $s, groupJid: $g, input: {subject: "New", description: "About", announce: true, locked: true})`, `group { subject description isAnnounce isLocked }`, "", ""},
		{`revokeGroupInvite(sessionId: $s, groupJid: $g)`, `groupInvite { invite }`, "", ""},
		{`addGroupMembers(sessionId: $s, groupJid: $g, input: {participants: []})`, `group { id }`, invalid, ""},
		{`addGroupMembers(sessionId: $s, groupJid: $g, input: {participants: ["nobody"]})`, `group { id }`, invalid, "invalid_jid"},
		{`addGroupMembers(sessionId: $s, groupJid: $bad, input: {participants: ["6281234567892@s.whatsapp.net"]})`, `group { id }`, invalid, "invalid_jid"},
		{`updateGroup(sessionId: $s, groupJid: $unknown, input: {subject: "x"})`, `group { id }`, notFound, ""},
		{`joinGroup(sessionId: $s, input: {invite: "not an invite"})`, `groupJid`, invalid, ""},
		{`leaveGroup(sessionId: $s, groupJid: $g)`, `group { leftAt }`, "", ""},
		{`leaveGroup(sessionId: $s, groupJid: $g)`, `group { leftAt }`, "", ""},
	} {
		r := s.Post(t, key, `mutation { `+in(act.call)+` { `+act.selection+` } }`, nil)
		require.Equal(t, act.code, r.Code(), "%s\n%s", act.call, r.Body)
		if act.reason != "" {
			assert.Equal(t, act.reason, r.Errors[0].Extensions.Reason, r.Body)
		}
	}
	r := s.Post(t, key, in(`{ group(sessionId: $s, jid: $g) { subject description leftAt } session(id: $s) { groups { totalCount } } }`), nil)
	require.Empty(t, r.Errors, r.Body)
	assert.Contains(t, r.Body, `"subject":"New","description":"About"`)
	assert.Contains(t, r.Body, `"totalCount":0`, "a group that was left is not listed")
}
