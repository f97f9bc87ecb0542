package wasim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

func TestOneToOne(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	a, b := pair(t, srv, anna), pair(t, srv, bert)
	second := pair(t, srv, bert)

	sent, err := a.SendMessage(within(t), bert.JID(), text("hello"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), sent.Timestamp, 5*time.Second)
	for _, receiver := range []*client{b, second} {
		m := want(receiver, saying("hello"))
		assert.Equal(t, anna.LID(), m.Info.Chat)
		assert.Equal(t, anna.LID().User, m.Info.Sender.User)
		assert.Equal(t, anna.JID().User, m.Info.SenderAlt.User)
		assert.Equal(t, "Anna", m.Info.PushName)
	}
	heardIt, err := bert.WaitMessage(within(t), heard("hello"))
	require.NoError(t, err)
	assert.Equal(t, sent.ID, heardIt.ID)
	assert.False(t, heardIt.FromMe)
	own, err := anna.WaitMessage(within(t), heard("hello"))
	require.NoError(t, err, "the sender's phone has a copy")
	assert.True(t, own.FromMe)
	assert.Equal(t, bert.LID(), own.Chat)

	// Three devices of Bert confirm.
	for device := range uint16(3) {
		want(a, func(r *events.Receipt) bool {
			return r.MessageIDs[0] == sent.ID && r.Sender.Device == device && r.Chat == bert.LID()
		})
	}
	require.NoError(t, b.MarkRead(within(t), []string{sent.ID}, time.Now(), anna.LID(), anna.LID()))
	want(a, func(r *events.Receipt) bool { return r.Type == types.ReceiptTypeRead && r.MessageIDs[0] == sent.ID })
	_, err = anna.WaitReceipt(within(t), func(r wasim.PhoneReceipt) bool { return r.Type == types.ReceiptTypeRead && r.IDs[0] == sent.ID })
	require.NoError(t, err)

	// From the phone: to the other side's devices, and to one's own.
	id, err := bert.SendText(within(t), anna.JID(), "from the phone")
	require.NoError(t, err)
	assert.Equal(t, id, want(a, saying("from the phone")).Info.ID)
	for _, own := range []*client{b, second} {
		copied := want(own, saying("from the phone"))
		assert.True(t, copied.Info.IsFromMe)
		assert.Equal(t, anna.LID(), copied.Info.Chat)
	}
	// From one companion: its sibling has a copy.
	_, err = b.SendMessage(within(t), anna.LID(), text("from b"))
	require.NoError(t, err)
	assert.True(t, want(second, saying("from b")).Info.IsFromMe)
	want(a, saying("from b"))

	// The ratchet turns both ways, in order.
	for i := range 10 {
		body := fmt.Sprint("ping ", i)
		_, err = a.SendMessage(within(t), bert.JID(), text(body))
		require.NoError(t, err)
		want(b, saying(body))
		_, err = b.SendMessage(within(t), anna.JID(), text("re: "+body))
		require.NoError(t, err)
		want(a, saying("re: "+body))
	}
}
