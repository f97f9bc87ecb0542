package wasim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/whatsapp/wasim"
)

func TestProfileChangesAreTold(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	sibling := pair(t, srv, anna)
	_, err := b.GetUserInfo(within(t), []jid{anna.JID()}) // who has looked hears of changes
	require.NoError(t, err)

	anna.SetAbout("on holiday")
	for _, c := range []*client{a, sibling} {
		want(c, func(u *events.UserAbout) bool { return u.Status == "on holiday" && u.JID == anna.JID() })
	}
	want(b, func(u *events.UserAbout) bool { return u.Status == "on holiday" && u.JID == anna.LID() })
	require.NoError(t, a.SetStatusMessage(within(t), types.SetStatusInput{Text: proto.String("back")}))
	want(sibling, func(u *events.UserAbout) bool { return u.Status == "back" })
	want(b, func(u *events.UserAbout) bool { return u.Status == "back" })

	id := anna.SetPicture([]byte("jpeg"))
	want(a, func(p *events.Picture) bool { return p.JID == anna.JID() })
	picture := want(b, func(p *events.Picture) bool { return p.JID == anna.LID() })
	assert.Equal(t, id, picture.PictureID)
	assert.Equal(t, anna.LID(), picture.Author)
	own, err := a.SetGroupPhoto(within(t), types.EmptyJID, []byte("another"))
	require.NoError(t, err)
	assert.Equal(t, own, want[*events.Picture](b, nil).PictureID)
	shown, err := b.GetProfilePictureInfo(within(t), anna.LID(), &whatsmeow.GetProfilePictureParams{Preview: true})
	require.NoError(t, err)
	data, err := b.DownloadMediaWithOnlyPath(within(t), shown.DirectPath+"?x=1")
	require.NoError(t, err)
	assert.Equal(t, "another", string(data))
	_, err = a.SetGroupPhoto(within(t), types.EmptyJID, nil)
	require.NoError(t, err)
	assert.True(t, want[*events.Picture](b, nil).Remove)
	_, err = a.SetGroupPhoto(within(t), bert.JID(), []byte("not mine"))
	require.ErrorIs(t, err, whatsmeow.ErrIQForbidden)

	// The name, changed by the phone and by a companion.
	require.NoError(t, anna.SetName(within(t), "Annegret"))
	want(a, func(p *events.PushNameSetting) bool { return p.Action.GetName() == "Annegret" })
	assert.Equal(t, "Annegret", anna.Name())
	_, err = anna.SendText(within(t), bert.JID(), "it is me")
	require.NoError(t, err)
	assert.Equal(t, "Annegret", want(b, saying("it is me")).Info.PushName)
	require.NoError(t, a.SendAppState(within(t), appstate.BuildSettingPushName("Anne")))
	_, err = anna.WaitState(within(t), func(s wasim.PhoneState) bool { return s.PushName == "Anne" })
	require.NoError(t, err)
	_, err = a.SendMessage(within(t), bert.JID(), text("renamed"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return anna.Name() == "Anne" }, patience, time.Millisecond)
	require.ErrorIs(t, anna.SetName(within(t), ""), wasim.ErrBadRequest)
}

func TestPrivacy(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	sibling := pair(t, srv, anna)
	anna.SetAbout("secret")
	anna.SetPicture([]byte("jpeg"))
	sees := func() types.UserInfo {
		t.Helper()
		seen, err := b.GetUserInfo(within(t), []jid{anna.JID()})
		require.NoError(t, err)
		return seen[anna.JID()]
	}
	assert.Equal(t, "secret", sees().Status)
	anna.SetPrivacy("status", "contacts")
	want(a, func(p *events.PrivacySettings) bool { return p.StatusChanged })
	anna.SetPrivacy("profile", "none")
	assert.Empty(t, sees().Status)
	assert.Empty(t, sees().PictureID)
	require.NoError(t, anna.SaveContact(within(t), bert.JID(), "Bert", ""))
	assert.Equal(t, "secret", sees().Status)

	_, err := a.SetPrivacySetting(within(t), types.PrivacySettingTypeLastSeen, types.PrivacySettingNone)
	require.NoError(t, err)
	want(sibling, func(p *events.PrivacySettings) bool { return p.LastSeenChanged })
	assert.Equal(t, "none", anna.Privacy()["last"])
	_, err = a.SetPrivacySetting(within(t), types.PrivacySettingTypeOnline, types.PrivacySettingContacts)
	require.ErrorIs(t, err, whatsmeow.ErrIQBadRequest)
	settings, err := a.TryFetchPrivacySettings(within(t), true)
	require.NoError(t, err)
	assert.Equal(t, types.PrivacySettingNone, settings.LastSeen)
	assert.Equal(t, types.PrivacySettingContacts, settings.Status)
	assert.Equal(t, types.PrivacySettingOff, settings.Defense)

	who, err := a.GetStatusPrivacy(within(t))
	require.NoError(t, err)
	assert.Equal(t, []types.StatusPrivacy{{Type: types.StatusPrivacyTypeContacts, IsDefault: true}}, who)
	anna.SetStatusPrivacy(types.StatusPrivacyTypeBlacklist, bert.JID())
	who, err = a.GetStatusPrivacy(within(t))
	require.NoError(t, err)
	assert.Equal(t, []types.StatusPrivacy{{Type: types.StatusPrivacyTypeBlacklist, List: []jid{bert.JID()}, IsDefault: true}}, who)

	require.NoError(t, a.SetDefaultDisappearingTimer(within(t), 7*day))
	assert.Equal(t, 7*day, anna.DefaultDisappearing())
	require.ErrorIs(t, a.SetDefaultDisappearingTimer(within(t), time.Minute), whatsmeow.ErrIQBadRequest)
	require.NoError(t, anna.SetDefaultDisappearing(within(t), 0))
	assert.Zero(t, anna.DefaultDisappearing())
}

func TestBlockList(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, b := twoLinked(t)
	sibling := pair(t, srv, anna)
	anna.SetAbout("hello")
	require.NoError(t, anna.Block(bert.JID(), true))
	blocked := want[*events.Blocklist](a, nil)
	assert.Equal(t, []events.BlocklistChange{{JID: bert.LID(), Action: events.BlocklistChangeActionBlock}}, blocked.Changes)
	list, err := a.GetBlocklist(within(t))
	require.NoError(t, err)
	assert.Equal(t, []jid{bert.LID()}, list.JIDs)
	assert.Equal(t, blocked.DHash, list.DHash)
	assert.NotEqual(t, blocked.DHash, blocked.PrevDHash)
	seen, err := b.GetUserInfo(within(t), []jid{anna.JID()})
	require.NoError(t, err)
	assert.Empty(t, seen[anna.JID()].Status, "who is blocked sees nothing")
	want[*events.Blocklist](sibling, nil)
	list, err = a.UpdateBlocklist(within(t), bert.LID(), events.BlocklistChangeActionUnblock)
	require.NoError(t, err)
	assert.Empty(t, list.JIDs)
	assert.Equal(t, blocked.PrevDHash, list.DHash)
	unblocked := want[*events.Blocklist](sibling, nil)
	assert.Equal(t, blocked.DHash, unblocked.PrevDHash)
	assert.Equal(t, events.BlocklistChangeActionUnblock, unblocked.Changes[0].Action)
	assert.Empty(t, anna.Blocked())
	require.NoError(t, anna.Block(bert.LID(), false), "it is not blocked")
	require.ErrorIs(t, anna.Block(types.NewJID("4999999999", types.DefaultUserServer), true), wasim.ErrNotFound)
	require.ErrorIs(t, anna.Block(anna.JID(), true), wasim.ErrBadRequest)
	_, err = a.UpdateBlocklist(within(t), anna.LID(), events.BlocklistChangeActionBlock)
	require.ErrorIs(t, err, whatsmeow.ErrIQBadRequest)
	settled(t, bert)
	assert.Zero(t, count[*events.Blocklist](a, nil), "who does it is not told")
}

func TestBusiness(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	cleo := addPhone(t, srv, "491700000003", "Cleo")
	cleo.SetBusinessProfile(&wasim.BusinessProfile{
		VerifiedName: "Cleo's Shop", Address: "1 Main Street", Description: "Flowers", Email: "cleo@example.com",
		Websites: []string{"https://example.com"}, Categories: []types.Category{{ID: "11", Name: "Florist"}}, TimeZone: "Europe/Berlin",
		Hours:   []types.BusinessHoursConfig{{DayOfWeek: "mon", Mode: "specific_hours", OpenTime: "540", CloseTime: "1020"}},
		Options: map[string]string{"cart_enabled": "true"},
	})
	profile, err := a.GetBusinessProfile(within(t), cleo.JID())
	require.NoError(t, err)
	assert.Equal(t, &types.BusinessProfile{
		JID: cleo.JID(), Address: "1 Main Street", Email: "cleo@example.com", Categories: []types.Category{{ID: "11", Name: "Florist"}},
		ProfileOptions: map[string]string{"cart_enabled": "true"}, BusinessHoursTimeZone: "Europe/Berlin",
		BusinessHours: []types.BusinessHoursConfig{{DayOfWeek: "mon", Mode: "specific_hours", OpenTime: "540", CloseTime: "1020"}},
	}, profile)
	_, err = a.GetBusinessProfile(within(t), bert.JID())
	require.Error(t, err, "not a business")

	// Several numbers at once.
	found, err := a.IsOnWhatsApp(within(t), []string{"+" + bert.Number(), "+" + cleo.Number(), "+4966600000"})
	require.NoError(t, err)
	require.Len(t, found, 3)
	assert.Nil(t, found[0].VerifiedName)
	assert.Equal(t, "Cleo's Shop", found[1].VerifiedName.Details.GetVerifiedName())
	assert.False(t, found[2].IsIn)
	nobody := types.NewJID("4966600000", types.DefaultUserServer)
	seen, err := a.GetUserInfo(within(t), []jid{bert.JID(), cleo.JID(), nobody})
	require.NoError(t, err)
	assert.Equal(t, cleo.LID(), seen[cleo.JID()].LID)
	assert.Zero(t, seen[nobody].LID)
	assert.Empty(t, seen[nobody].Devices)
	want(a, func(n *events.BusinessName) bool { return n.NewBusinessName == "Cleo's Shop" })

	shop := pair(t, srv, cleo)
	assert.Equal(t, "Cleo's Shop", shop.Store.BusinessName)
	cleo.SetBusinessProfile(nil)
	_, ok := cleo.BusinessProfile()
	assert.False(t, ok)

	// Links.
	code, err := a.GetContactQRLink(within(t), false)
	require.NoError(t, err)
	assert.Equal(t, code, anna.ContactLink(false))
	target, err := shop.ResolveContactQRLink(within(t), whatsmeow.ContactQRLinkPrefix+code)
	require.NoError(t, err)
	assert.Equal(t, &types.ContactQRLinkTarget{JID: anna.JID(), Type: "contact", PushName: "Anna"}, target)
	_, err = a.GetContactQRLink(within(t), true)
	require.NoError(t, err)
	_, err = shop.ResolveContactQRLink(within(t), code)
	require.ErrorIs(t, err, whatsmeow.ErrContactQRLinkNotFound)
	business, err := a.ResolveBusinessMessageLink(within(t), cleo.AddMessageLink("I want flowers"))
	require.NoError(t, err)
	assert.Equal(t, cleo.JID(), business.JID)
	assert.Equal(t, "I want flowers", business.Message)
}
