package whatsapp

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
)

// TestOnlyTheChatsOwnMessagesAreGivenAgain: who asks for a message names its id
// and is known by the chat; neither other chats' nor other people's are given.
func TestOnlyTheChatsOwnMessagesAreGivenAgain(t *testing.T) {
	t.Parallel()
	s, x, db := bare(t)
	l := withLink(t, s, x)
	raw, err := proto.Marshal(&waE2E.Message{Conversation: proto.String("secret")})
	require.NoError(t, err)
	alice := types.NewJID("205227043110953", types.HiddenUserServer)
	bob := types.NewJID("205227043110954", types.HiddenUserServer)
	self := models.Person{LID: "100000000000001@lid"}
	for _, m := range []models.NewMessage{
		{Chat: x.chatAddress(t.Context(), alice, types.EmptyJID), Sender: self, FromMe: true, WAMessageID: "OWN"},
		{Chat: x.chatAddress(t.Context(), bob, types.EmptyJID), Sender: models.Person{LID: bob.String()}, WAMessageID: "THEIRS"},
	} {
		m.Type, m.Raw, m.Timestamp = models.MessageText, raw, models.Now()
		_, _, err := db.Messages.Receive(t.Context(), x.id, m)
		require.NoError(t, err)
	}
	assert.Equal(t, "secret", l.messageForRetry(alice, "OWN").GetConversation())
	device := alice
	device.Device = 3
	assert.Equal(t, "secret", l.messageForRetry(device, "OWN").GetConversation())
	assert.Nil(t, l.messageForRetry(bob, "OWN"), "another chat")
	assert.Nil(t, l.messageForRetry(bob, "THEIRS"), "not the account's own")
	assert.Nil(t, l.messageForRetry(alice, "unknown"))
	assert.Nil(t, l.messageForRetry(types.NewJID("1", types.HiddenUserServer), "OWN"), "no chat at all")
}
