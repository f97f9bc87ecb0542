package wasim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

// aboutCall matches a call by its id in a state.
func aboutCall(id string, state wasim.CallState) func(wasim.PhoneCall) bool {
	return func(c wasim.PhoneCall) bool { return c.ID == id && c.State == state }
}

func hasVideo(offer *events.CallOffer) bool {
	_, ok := offer.Data.GetOptionalChildByTag("video")
	return ok
}

func TestCalls(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	b, b2 := pair(t, srv, bert), pair(t, srv, bert)

	// Hung up before anybody answers.
	id, err := anna.Call(within(t), bert.JID(), false)
	require.NoError(t, err)
	offer := want[*events.CallOffer](b, nil)
	assert.Equal(t, id, offer.CallID)
	assert.Equal(t, anna.LID(), offer.From)
	assert.Equal(t, anna.LID(), offer.CallCreator)
	assert.Equal(t, anna.JID(), offer.CallCreatorAlt)
	assert.NotEmpty(t, offer.RemotePlatform)
	assert.False(t, hasVideo(offer))
	assert.Equal(t, wasim.CallRinging, anna.CallState(id))
	require.NoError(t, anna.HangUp(within(t), id))
	over := want[*events.CallTerminate](b, nil)
	assert.Equal(t, id, over.CallID)
	assert.Empty(t, over.Reason)
	require.ErrorIs(t, anna.HangUp(within(t), id), wasim.ErrGone)

	// A companion rejects a video call: the caller and the other devices know.
	id, err = anna.Call(within(t), bert.LID(), true)
	require.NoError(t, err)
	offer = want(b, func(o *events.CallOffer) bool { return o.CallID == id })
	assert.True(t, hasVideo(offer))
	require.NoError(t, b.RejectCall(within(t), offer.From, offer.CallID))
	told, err := anna.WaitCall(within(t), aboutCall(id, wasim.CallRejected))
	require.NoError(t, err)
	assert.Equal(t, []jid{bert.LID()}, told.RejectedBy)
	assert.True(t, told.FromMe && told.Video)
	elsewhere := want(b2, func(c *events.CallTerminate) bool { return c.CallID == id })
	assert.Equal(t, "rejected_elsewhere", elsewhere.Reason)
	assert.Equal(t, wasim.CallRejected, bert.CallState(id))
	require.ErrorIs(t, bert.AcceptCall(within(t), id), wasim.ErrGone)

	// The phone accepts.
	id, err = anna.Call(within(t), bert.JID(), false)
	require.NoError(t, err)
	require.NoError(t, bert.AcceptCall(within(t), id))
	elsewhere = want(b, func(c *events.CallTerminate) bool { return c.CallID == id })
	assert.Equal(t, "accepted_elsewhere", elsewhere.Reason)
	require.ErrorIs(t, bert.RejectCall(within(t), id), wasim.ErrGone)
	require.NoError(t, bert.HangUp(within(t), id))
	assert.Equal(t, wasim.CallEnded, anna.CallState(id))

	// Missed while offline: both halves wait.
	b.Disconnect()
	id, err = anna.Call(within(t), bert.JID(), false)
	require.NoError(t, err)
	require.NoError(t, anna.EndCall(within(t), id, wasim.CallTimeout))
	require.NoError(t, b.Connect())
	want(b, func(o *events.CallOffer) bool { return o.CallID == id })
	assert.Equal(t, "timeout", want(b, func(c *events.CallTerminate) bool { return c.CallID == id }).Reason)

	// Nobody, oneself, a stranger's call, a blocked caller.
	_, err = anna.Call(within(t), types.NewJID("499999999999", types.DefaultUserServer), false)
	require.ErrorIs(t, err, wasim.ErrNotFound)
	_, err = anna.Call(within(t), anna.JID(), false)
	require.ErrorIs(t, err, wasim.ErrNotFound)
	require.ErrorIs(t, bert.RejectCall(within(t), "no such"), wasim.ErrNotFound)
	assert.Empty(t, anna.CallState("no such"))
	assert.Len(t, bert.Calls(), 4)
}

func TestGroupCall(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	g, err := x.anna.CreateGroup(within(t), "Hikers", x.bert.JID(), x.cleo.JID())
	require.NoError(t, err)
	_, err = x.dora.Call(within(t), g, true)
	require.ErrorIs(t, err, wasim.ErrForbidden)
	id, err := x.anna.Call(within(t), g, true)
	require.NoError(t, err)
	for _, c := range []*client{x.b, x.c} {
		notice := want[*events.CallOfferNotice](c, nil)
		assert.Equal(t, id, notice.CallID)
		assert.Equal(t, g, notice.GroupJID)
		assert.Equal(t, "group", notice.Type)
		assert.Equal(t, "video", notice.Media)
	}
	require.NoError(t, x.b.RejectCall(within(t), x.anna.LID(), id))
	told, err := x.anna.WaitCall(within(t), func(c wasim.PhoneCall) bool { return c.ID == id && len(c.RejectedBy) == 1 })
	require.NoError(t, err)
	assert.Equal(t, wasim.CallRinging, told.State, "the others may still come")
	require.NoError(t, x.cleo.AcceptCall(within(t), id))
	require.NoError(t, x.anna.HangUp(within(t), id))
	want(x.c, func(c *events.CallTerminate) bool { return c.CallID == id && c.Reason == "" })
	assert.Zero(t, count[*events.CallOfferNotice](x.a, nil), "own devices do not ring")
}
