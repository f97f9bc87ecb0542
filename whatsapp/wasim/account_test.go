package wasim_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/whatsapp/wasim"
)

func TestLookups(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	found, err := a.IsOnWhatsApp(within(t), []string{"+" + bert.Number(), "+4966600000"})
	require.NoError(t, err)
	require.Len(t, found, 2)
	assert.True(t, found[0].IsIn)
	assert.Equal(t, bert.LID(), found[0].JID)
	assert.False(t, found[1].IsIn)

	require.NoError(t, b.SetStatusMessage(within(t), types.SetStatusInput{Text: proto.String("busy")}))
	picture := bert.SetPicture([]byte("jpeg"))
	seen, err := a.GetUserInfo(within(t), []jid{bert.JID()})
	require.NoError(t, err)
	info := seen[bert.JID()]
	assert.Equal(t, bert.LID(), info.LID)
	assert.Equal(t, "busy", info.Status)
	assert.Equal(t, picture, info.PictureID)
	assert.Len(t, info.Devices, 2)

	shown, err := a.GetProfilePictureInfo(within(t), bert.JID(), nil)
	require.NoError(t, err)
	assert.Equal(t, picture, shown.ID)
	same, err := a.GetProfilePictureInfo(within(t), bert.JID(), &whatsmeow.GetProfilePictureParams{ExistingID: picture})
	require.NoError(t, err)
	assert.Nil(t, same)
	_, err = a.GetProfilePictureInfo(within(t), anna.JID(), nil)
	require.ErrorIs(t, err, whatsmeow.ErrProfilePictureNotSet)
	bert.SetPrivacy("profile", "none")
	_, err = a.GetProfilePictureInfo(within(t), bert.JID(), nil)
	require.ErrorIs(t, err, whatsmeow.ErrProfilePictureUnauthorized)

	settings, err := a.TryFetchPrivacySettings(within(t), true)
	require.NoError(t, err)
	assert.Equal(t, types.PrivacySettingAll, settings.ReadReceipts)
	_, err = a.SetPrivacySetting(within(t), types.PrivacySettingTypeReadReceipts, types.PrivacySettingNone)
	require.NoError(t, err)
	channels, err := a.GetSubscribedNewsletters(within(t))
	require.NoError(t, err)
	assert.Empty(t, channels)
	assert.NotEqual(t, anna.Number(), anna.LID().User[len(anna.LID().User)-len(anna.Number()):])
	assert.Len(t, anna.LID().User, 15)
	again := addPhone(t, srv, anna.Number(), "Anna")
	assert.Same(t, anna, again)
	_, err = srv.AddPhone(anna.Number(), "Other")
	require.ErrorIs(t, err, wasim.ErrPhoneExists)
}

func TestPresence(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	require.NoError(t, b.SubscribePresence(within(t), anna.LID()))
	want(b, func(p *events.Presence) bool { return p.Unavailable })
	require.NoError(t, a.SendPresence(within(t), types.PresenceAvailable))
	want(b, func(p *events.Presence) bool { return !p.Unavailable && p.From == anna.LID() })
	a.Disconnect()
	want(b, func(p *events.Presence) bool { return p.Unavailable })
	anna.SetAvailable(true)
	want(b, func(p *events.Presence) bool { return !p.Unavailable })

	require.NoError(t, anna.Typing(within(t), bert.JID(), true))
	want(b, func(p *events.ChatPresence) bool {
		return p.State == types.ChatPresenceComposing && p.Chat == anna.LID()
	})
	require.NoError(t, anna.Typing(within(t), bert.JID(), false))
	want(b, func(p *events.ChatPresence) bool { return p.State == types.ChatPresencePaused })
	g, err := anna.CreateGroup(within(t), "Group", bert.JID())
	require.NoError(t, err)
	require.NoError(t, anna.Typing(within(t), g, true))
	want(b, func(p *events.ChatPresence) bool { return p.Chat == g && p.Sender == anna.LID() })
}

func TestReadingOnThePhoneShowsOnCompanions(t *testing.T) {
	t.Parallel()
	_, anna, bert, a, b := twoLinked(t)
	sent, err := b.SendMessage(within(t), anna.JID(), text("read me"))
	require.NoError(t, err)
	want(a, saying("read me"))
	require.NoError(t, anna.MarkRead(within(t), bert.JID(), bert.LID(), sent.ID))
	want(b, func(r *events.Receipt) bool { return r.Type == types.ReceiptTypeRead })
	own := want(a, func(r *events.Receipt) bool { return r.IsFromMe && r.MessageIDs[0] == sent.ID })
	assert.Equal(t, bert.LID(), own.Chat)
}

func TestAppState(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	require.NoError(t, a.SendAppState(within(t), appstate.BuildMute(bert.LID(), true, time.Hour)))
	require.NoError(t, anna.Mutate(within(t), appstate.BuildPin(bert.LID(), true)))
	want(a, func(p *events.Pin) bool { return p.Action.GetPinned() })
	require.NoError(t, anna.Mutate(within(t), appstate.BuildMute(bert.LID(), false, 0)), "the phone catches up with the companion first")
	want(a, func(m *events.Mute) bool { return !m.Action.GetMuted() })
	sibling := pair(t, srv, anna)
	want(sibling, func(p *events.Pin) bool { return p.Action.GetPinned() })
}

func TestMedia(t *testing.T) {
	t.Parallel()
	srv, _, bert, a, b := twoLinked(t)
	data := bytes.Repeat([]byte("picture"), 5000)
	up, err := a.Upload(within(t), data, whatsmeow.MediaImage)
	require.NoError(t, err)
	_, err = a.SendMessage(within(t), bert.JID(), &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
		URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256,
		FileSHA256: up.FileSHA256, FileLength: &up.FileLength, Mimetype: proto.String("image/jpeg"), Caption: proto.String("look"),
	}})
	require.NoError(t, err)
	m := want(b, func(m *events.Message) bool { return m.Message.GetImageMessage() != nil })
	back, err := b.Download(within(t), m.Message.GetImageMessage())
	require.NoError(t, err)
	assert.Equal(t, data, back)
	_, err = bert.WaitMessage(within(t), heard("look"))
	require.NoError(t, err)

	version, err := whatsmeow.GetLatestVersion(within(t), &http.Client{Transport: srv.Transport()})
	require.NoError(t, err)
	assert.Equal(t, store.GetWAVersion(), *version)
}

func TestNewDeviceHearsFromThoseWhoKnewTheOldList(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	_, err := a.SendMessage(within(t), bert.JID(), text("before"))
	require.NoError(t, err)
	want(b, saying("before"))
	late := pair(t, srv, bert)
	pendingBecomes(t, anna, 0) // the notification of the new device is handled
	_, err = a.SendMessage(within(t), bert.JID(), text("after"))
	require.NoError(t, err)
	want(late, saying("after"))
	want(b, saying("after"))
	_, err = b.SendMessage(within(t), anna.JID(), text("from the sibling"))
	require.NoError(t, err)
	assert.True(t, want(late, saying("from the sibling")).Info.IsFromMe)
}

func TestPreKeysAreConsumedAndRefilled(t *testing.T) {
	t.Parallel()
	srv, anna, _, a, _ := twoLinked(t)
	settled(t, anna)
	left := anna.Devices()[0].PreKeys
	require.Greater(t, left, 5)
	asking := pair(t, srv, addPhone(t, srv, "491700000003", "Cleo"))
	for range left - 4 {
		require.NoError(t, takePreKey(t, asking, a.Store.GetLID()))
	}
	// At four, the server asks and the client uploads more.
	require.Eventually(t, func() bool { return anna.Devices()[0].PreKeys > 5 }, patience, 5*time.Millisecond)
}

// takePreKey fetches one bundle of a device.
func takePreKey(t *testing.T, c *client, device jid) error {
	t.Helper()
	_, err := c.DangerousInternals().FetchPreKeys(within(t), []jid{device})
	return err
}
