package wasim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

func TestCommunity(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	made, err := x.a.CreateGroup(within(t), whatsmeow.ReqCreateGroup{
		Name: "Village", Participants: []jid{x.bert.JID()}, GroupParent: types.GroupParent{IsParent: true},
	})
	require.NoError(t, err)
	village := made.JID
	assert.True(t, made.IsParent)
	assert.Equal(t, "request_required", made.DefaultMembershipApprovalMode)
	want(x.b, func(j *events.JoinedGroup) bool { return j.JID == village && j.IsParent })
	news := want(x.b, func(j *events.JoinedGroup) bool { return j.IsDefaultSubGroup })
	truth, _ := x.srv.Group(village)
	require.Equal(t, []jid{news.JID}, truth.SubGroups)
	info, err := x.b.GetGroupInfo(within(t), news.JID)
	require.NoError(t, err)
	assert.True(t, info.IsDefaultSubGroup && info.IsAnnounce)
	assert.Equal(t, village, info.LinkedParentJID)
	_, err = x.anna.SendText(within(t), village, "hello?")
	require.ErrorIs(t, err, wasim.ErrNotAllowed, "a community itself has no messages")
	_, err = x.a.SendMessage(within(t), news.JID, text("welcome"))
	require.NoError(t, err)
	want(x.b, saying("welcome"))

	// A group of its own, and one that existed before.
	inside, err := x.a.CreateGroup(within(t), whatsmeow.ReqCreateGroup{Name: "Bakers", GroupLinkedParent: types.GroupLinkedParent{LinkedParentJID: village}})
	require.NoError(t, err)
	assert.Equal(t, village, inside.LinkedParentJID)
	told := want(x.b, change(func(i *events.GroupInfo) bool {
		return i.JID == village && i.Link != nil && i.Link.Group.JID == inside.JID
	}))
	assert.Equal(t, types.GroupLinkChangeTypeSub, told.Link.Type)
	assert.Equal(t, "Bakers", told.Link.Group.Name)
	choir, err := x.anna.CreateGroup(within(t), "Choir", x.cleo.JID())
	require.NoError(t, err)
	_, err = x.c.GetSubGroups(within(t), village)
	require.ErrorIs(t, err, whatsmeow.ErrIQForbidden, "not in it yet")
	require.ErrorIs(t, x.b.LinkGroup(within(t), village, choir), whatsmeow.ErrIQForbidden)
	require.NoError(t, x.a.LinkGroup(within(t), village, choir))
	require.NoError(t, x.a.LinkGroup(within(t), village, choir), "twice is harmless")
	told = want(x.c, change(func(i *events.GroupInfo) bool { return i.JID == choir && i.Link != nil }))
	assert.Equal(t, types.GroupLinkChangeTypeParent, told.Link.Type)
	assert.Equal(t, village, told.Link.Group.JID)
	told = want(x.b, change(func(i *events.GroupInfo) bool { return i.JID == news.JID && i.Link != nil && i.Link.Group.JID == choir }))
	assert.Equal(t, types.GroupLinkChangeTypeSibling, told.Link.Type)
	joined := want(x.b, change(func(i *events.GroupInfo) bool { return i.JID == news.JID && len(i.Join) == 1 }))
	assert.Equal(t, []jid{x.cleo.LID()}, joined.Join, "its members are the community's now")
	require.ErrorIs(t, x.a.LinkGroup(within(t), choir, inside.JID), whatsmeow.ErrIQNotAcceptable)
	require.ErrorIs(t, x.a.LinkGroup(within(t), village, types.NewJID("1", types.GroupServer)), whatsmeow.ErrIQNotFound)

	subs, err := x.c.GetSubGroups(within(t), village)
	require.NoError(t, err)
	require.Len(t, subs, 3)
	assert.Equal(t, []jid{news.JID, inside.JID, choir}, []jid{subs[0].JID, subs[1].JID, subs[2].JID})
	assert.Equal(t, []bool{true, false, false}, []bool{subs[0].IsDefaultSubGroup, subs[1].IsDefaultSubGroup, subs[2].IsDefaultSubGroup})
	assert.Equal(t, "Choir", subs[2].Name)
	people, err := x.c.GetLinkedGroupsParticipants(within(t), village)
	require.NoError(t, err)
	assert.ElementsMatch(t, []jid{x.anna.LID(), x.bert.LID(), x.cleo.LID()}, people)
	_, err = x.a.GetSubGroups(within(t), choir)
	require.ErrorIs(t, err, whatsmeow.ErrIQNotAcceptable)

	// Joining a group joins the community; leaving the community leaves them all.
	_, err = x.anna.AddMembers(within(t), choir, x.dora.JID())
	require.NoError(t, err)
	truth, _ = x.srv.Group(village)
	assert.Len(t, truth.Members, 4)
	require.NoError(t, x.dora.Leave(within(t), village))
	assert.Empty(t, x.dora.Groups())
	want(x.c, change(func(i *events.GroupInfo) bool { return i.JID == choir && len(i.Leave) == 1 }))

	require.ErrorIs(t, x.a.UnlinkGroup(within(t), village, news.JID), &whatsmeow.IQError{Code: 405, Text: "not-allowed"})
	require.NoError(t, x.a.UnlinkGroup(within(t), village, choir))
	told = want(x.c, change(func(i *events.GroupInfo) bool { return i.JID == choir && i.Unlink != nil }))
	assert.Equal(t, types.GroupUnlinkReasonDefault, told.Unlink.UnlinkReason)
	assert.Equal(t, village, told.Unlink.Group.JID)
	want(x.b, change(func(i *events.GroupInfo) bool { return i.JID == village && i.Unlink != nil }))
	require.ErrorIs(t, x.a.UnlinkGroup(within(t), village, choir), whatsmeow.ErrIQNotFound)
	info, err = x.c.GetGroupInfo(within(t), choir)
	require.NoError(t, err)
	assert.True(t, info.LinkedParentJID.IsEmpty())

	// A phone does the same.
	town, err := x.dora.CreateCommunity(within(t), "Town", x.bert.JID())
	require.NoError(t, err)
	want(x.b, func(j *events.JoinedGroup) bool { return j.JID == town })
	band, err := x.dora.CreateGroup(within(t), "Band")
	require.NoError(t, err)
	require.NoError(t, x.dora.LinkGroup(within(t), town, band))
	require.ErrorIs(t, x.dora.LinkGroup(within(t), town, choir), wasim.ErrForbidden)
	require.NoError(t, x.dora.UnlinkGroup(within(t), town, band))
}

func TestGroupPicture(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	village, err := x.anna.CreateCommunity(within(t), "Village", x.bert.JID())
	require.NoError(t, err)
	g, err := x.anna.CreateGroup(within(t), "Hikers", x.bert.JID())
	require.NoError(t, err)
	_, err = x.b.GetProfilePictureInfo(within(t), g, nil)
	require.ErrorIs(t, err, whatsmeow.ErrProfilePictureNotSet)
	for group, community := range map[jid]bool{g: false, village: true} {
		id, err := x.anna.SetGroupPicture(within(t), group, []byte("jpeg"))
		require.NoError(t, err)
		set := want(x.b, func(p *events.Picture) bool { return p.JID == group })
		assert.Equal(t, id, set.PictureID)
		assert.Equal(t, x.anna.LID(), set.Author)
		params := &whatsmeow.GetProfilePictureParams{IsCommunity: community, Preview: true}
		seen, err := x.b.GetProfilePictureInfo(within(t), group, params)
		require.NoError(t, err)
		assert.Equal(t, id, seen.ID)
		assert.Equal(t, "preview", seen.Type)
		params.ExistingID = id
		seen, err = x.b.GetProfilePictureInfo(within(t), group, params)
		require.NoError(t, err)
		assert.Nil(t, seen, "unchanged")
		_, err = x.c.GetProfilePictureInfo(within(t), group, &whatsmeow.GetProfilePictureParams{IsCommunity: community})
		require.ErrorIs(t, err, whatsmeow.ErrProfilePictureUnauthorized)
		truth, _ := x.srv.Group(group)
		_, err = x.c.GetProfilePictureInfo(within(t), group, &whatsmeow.GetProfilePictureParams{IsCommunity: community, InviteCode: truth.InviteCode})
		require.NoError(t, err, "whoever has the link may look")
	}
	_, err = x.c.SetGroupPhoto(within(t), g, []byte("mine"))
	require.ErrorIs(t, err, whatsmeow.ErrIQForbidden)
	_, err = x.a.SetGroupPhoto(within(t), g, nil)
	require.NoError(t, err)
	assert.True(t, want(x.b, func(p *events.Picture) bool { return p.JID == g }).Remove)
	_, err = x.b.GetProfilePictureInfo(within(t), g, nil)
	require.ErrorIs(t, err, whatsmeow.ErrProfilePictureNotSet)
}

// Groups take WhatsApp's disappearing times only.
func TestGroupTimer(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	g, err := x.anna.CreateGroup(within(t), "Spies", x.bert.JID())
	require.NoError(t, err)
	require.ErrorIs(t, x.a.SetDisappearingTimer(within(t), g, time.Hour, time.Time{}), whatsmeow.ErrInvalidDisappearingTimer)
	require.NoError(t, x.a.SetDisappearingTimer(within(t), g, whatsmeow.DisappearingTimer90Days, time.Time{}))
	on := want(x.b, change(func(i *events.GroupInfo) bool { return i.Ephemeral != nil }))
	assert.Equal(t, uint32(7_776_000), on.Ephemeral.DisappearingTimer)
	require.NoError(t, x.a.SetDisappearingTimer(within(t), g, 0, time.Time{}))
	off := want(x.b, change(func(i *events.GroupInfo) bool { return i.Ephemeral != nil }))
	assert.False(t, off.Ephemeral.IsEphemeral)
	truth, _ := x.srv.Group(g)
	assert.Zero(t, truth.Ephemeral)
}
