package wasim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

func TestPairByQR(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	c := newClient(t, srv)
	require.NoError(t, c.Connect())
	shown := want[*events.QR](c, nil)
	assert.Len(t, shown.Codes, 6)
	require.NoError(t, anna.ScanQR(within(t), shown.Codes[2]), "any code of the set can be scanned in its time")
	paired := want[*events.PairSuccess](c, nil)
	assert.Equal(t, anna.JID().User, paired.ID.User)
	assert.Equal(t, anna.LID().User, paired.LID.User)
	want[*events.Connected](c, nil)
	setting := want[*events.PushNameSetting](c, nil)
	assert.Equal(t, "Anna", setting.Action.GetName())
	require.Eventually(t, func() bool {
		return len(anna.Devices()) == 1 && anna.Devices()[0].Connected && anna.Devices()[0].Pending == 0
	}, patience, 5*time.Millisecond)
	assert.NotZero(t, anna.Devices()[0].PreKeys)
	require.ErrorIs(t, anna.ScanQR(within(t), shown.Codes[2]), wasim.ErrUnknownCode, "a code works once")
}

func TestQRExpires(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(o *wasim.Options) {
		// Codes are scannable for a grace time on top, so start in the past.
		o.FirstCodeLife, o.CodeLife = -time.Hour, 2*time.Hour
	})
	anna := addPhone(t, srv, "491700000001", "Anna")
	c := newClient(t, srv)
	require.NoError(t, c.Connect())
	shown := want[*events.QR](c, nil)
	require.ErrorIs(t, anna.ScanQR(within(t), shown.Codes[0]), wasim.ErrUnknownCode)
	require.NoError(t, anna.ScanQR(within(t), shown.Codes[1]))
	want[*events.Connected](c, nil)
}

func TestBadQR(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	for _, code := range []string{"", "x", ",,,", "a,b,c,d", "https://wa.me/settings/linked_devices#ref,AAAA,AAAA,AAAA,1"} {
		require.ErrorIs(t, anna.ScanQR(within(t), code), wasim.ErrBadCode, code)
	}
	key := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	require.ErrorIs(t, anna.ScanQR(within(t), "2@nobody,"+key+","+key+","+key), wasim.ErrUnknownCode)
}

func TestPairByCode(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	c := newClient(t, srv)
	require.NoError(t, c.Connect())
	want[*events.QR](c, nil)
	code, err := c.PairPhone(within(t), anna.Number(), true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	require.NoError(t, err)
	require.ErrorIs(t, bert.EnterCode(within(t), code), wasim.ErrUnknownCode, "the code is for another number")
	require.ErrorIs(t, anna.EnterCode(within(t), "short"), wasim.ErrBadCode)
	wrong := "1111-1111"
	require.NotEqual(t, wrong, code)
	require.ErrorIs(t, anna.EnterCode(within(t), wrong), wasim.ErrWrongCode)
	assert.Empty(t, anna.Devices())

	// A new code on the same socket works.
	code, err = c.PairPhone(within(t), anna.Number(), true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	require.NoError(t, err)
	require.NoError(t, anna.EnterCode(within(t), code))
	want[*events.PairSuccess](c, nil)
	want[*events.Connected](c, nil)

	_, err = bert.SendText(within(t), anna.JID(), "linked by code")
	require.NoError(t, err)
	want(c, saying("linked by code"))
}

func TestPairCodeNeedsABrowserName(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv)
	require.NoError(t, c.Connect())
	want[*events.QR](c, nil)
	_, err := c.PairPhone(within(t), "491700000001", true, whatsmeow.PairClientChrome, "My program")
	require.ErrorIs(t, err, whatsmeow.ErrIQBadRequest)
}

func TestPairingRefusedByTheDevice(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	c := newClient(t, srv)
	c.PrePairCallback = func(_ jid, _, _ string) bool { return false }
	require.NoError(t, c.Connect())
	shown := want[*events.QR](c, nil)
	require.ErrorIs(t, anna.ScanQR(within(t), shown.Codes[0]), wasim.ErrPairingRefused)
	assert.Empty(t, anna.Devices())
}

func TestLogoutFromThePhone(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	c := pair(t, srv, anna)
	assert.Equal(t, 1, anna.LogoutDevices())
	out := want[*events.LoggedOut](c, nil)
	assert.False(t, out.OnConnect)
	assert.Empty(t, anna.Devices())

	// The number can be linked again, with a new client.
	again := pair(t, srv, anna)
	assert.Equal(t, uint16(2), again.Store.ID.Device)
}

func TestLogoutWhileOffline(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	c := pair(t, srv, anna)
	c.Disconnect()
	assert.Equal(t, 1, anna.LogoutDevices())
	require.NoError(t, c.Connect())
	out := want[*events.LoggedOut](c, nil)
	assert.True(t, out.OnConnect)
	assert.Equal(t, events.ConnectFailureLoggedOut, out.Reason)
}

func TestLogoutByTheClient(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	c, sibling := pair(t, srv, anna), pair(t, srv, anna)
	require.NoError(t, c.Logout(within(t)))
	assert.Len(t, anna.Devices(), 1)

	// Others stop encrypting for the device that is gone.
	_, err := sibling.SendMessage(within(t), anna.JID(), text("note to self"))
	require.NoError(t, err)
	_, err = anna.WaitMessage(within(t), heard("note to self"))
	require.NoError(t, err)
}

func TestReplacedBySecondLogin(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna := addPhone(t, srv, "491700000001", "Anna")
	c := pair(t, srv, anna)
	other := whatsmeow.NewClient(c.Store, nil)
	attach(srv, other)
	require.NoError(t, other.Connect())
	t.Cleanup(other.Disconnect)
	want[*events.StreamReplaced](c, nil)
}
