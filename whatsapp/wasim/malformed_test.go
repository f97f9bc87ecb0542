package wasim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// What a client says wrongly about channels, calls, communities and presence has
// no effect, and the connection goes on.
func TestMalformedStanzas(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	a := pair(t, srv, anna)
	ch, err := anna.CreateChannel(within(t), "Tides", "", nil)
	require.NoError(t, err)
	village, err := anna.CreateCommunity(within(t), "Village")
	require.NoError(t, err)
	type attrs = waBinary.Attrs
	iq := func(namespace, kind string, to jid, content any) waBinary.Node {
		return waBinary.Node{Tag: "iq", Attrs: attrs{"id": a.GenerateMessageID(), "xmlns": namespace, "type": kind, "to": to}, Content: content}
	}
	child := func(tag string, a attrs, content ...waBinary.Node) []waBinary.Node {
		return []waBinary.Node{{Tag: tag, Attrs: a, Content: content}}
	}
	for _, wrong := range []waBinary.Node{
		iq("newsletter", "get", ch, nil),
		iq("newsletter", "get", types.ServerJID, child("messages", attrs{"type": "jid", "jid": "x", "count": "-1"})),
		iq("newsletter", "get", types.ServerJID, child("messages", attrs{"type": "invite"})),
		iq("newsletter", "get", ch, child("message_updates", attrs{"after": "-5", "count": "many"})),
		iq("newsletter", "set", ch, child("live", nil)),
		iq("w:mex", "get", types.ServerJID, nil),
		iq("w:mex", "get", types.ServerJID, []waBinary.Node{{Tag: "query", Attrs: attrs{"query_id": "6563316087068696"}, Content: []byte(`{"variables":{"input":[]}}`)}}),
		iq("w:mex", "get", types.ServerJID, []waBinary.Node{{Tag: "query", Attrs: attrs{"query_id": "6274038279359549"}, Content: []byte(`{"variables":null}`)}}),
		iq("tos", "set", types.ServerJID, nil),
		iq("w:g2", "set", village, child("links", nil)),
		iq("w:g2", "set", village, child("links", nil, child("link", nil, child("group", nil)...)...)),
		iq("w:g2", "set", village, child("unlink", nil)),
		iq("w:g2", "get", village, child("pictures", nil)),
		{Tag: "message", Attrs: attrs{"id": "M1", "to": ch, "type": "text"}},
		{Tag: "message", Attrs: attrs{"id": "M2", "to": ch, "type": "text"}, Content: []waBinary.Node{{Tag: "plaintext", Content: []byte{0xff}}}},
		{Tag: "message", Attrs: attrs{"id": "M3", "to": ch, "type": "text", "edit": "9"}, Content: []waBinary.Node{{Tag: "plaintext", Content: []byte{}}}},
		{Tag: "message", Attrs: attrs{"id": "M4", "to": ch, "type": "reaction", "server_id": "-1"}, Content: child("reaction", nil)},
		{Tag: "receipt", Attrs: attrs{"id": "R1", "to": ch, "type": "view"}},
		{Tag: "receipt", Attrs: attrs{"id": "R2", "to": ch, "type": "view"}, Content: child("list", nil, child("item", attrs{"server_id": "x"})...)},
		{Tag: "call", Attrs: attrs{"id": "C1", "to": anna.LID()}},
		{Tag: "call", Attrs: attrs{"id": "C2", "to": anna.LID()}, Content: child("reject", attrs{"call-id": "none"})},
		{Tag: "presence", Attrs: attrs{"type": "subscribe"}},
		{Tag: "chatstate", Attrs: attrs{"to": ch}, Content: child("composing", nil)},
		{Tag: "chatstate", Attrs: attrs{"to": anna.LID()}},
	} {
		require.NoError(t, a.DangerousInternals().SendNode(within(t), wrong))
	}
	list, err := a.GetSubscribedNewsletters(within(t))
	require.NoError(t, err)
	require.Len(t, list, 1)
	truth, _ := srv.Channel(ch)
	assert.Empty(t, truth.Messages)
	group, _ := srv.Group(village)
	assert.Len(t, group.SubGroups, 1)
	assert.True(t, a.IsConnected())
}
