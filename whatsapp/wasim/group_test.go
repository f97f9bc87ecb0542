package wasim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

// circle is a server with three linked accounts, and a fourth without companions.
type circle struct {
	srv                    *wasim.Server
	anna, bert, cleo, dora *wasim.Phone
	a, b, c                *client
}

func newCircle(t *testing.T) *circle {
	t.Helper()
	x := &circle{srv: newServer(t)}
	x.anna, x.bert = addPhone(t, x.srv, "491700000001", "Anna"), addPhone(t, x.srv, "491700000002", "Bert")
	x.cleo, x.dora = addPhone(t, x.srv, "491700000003", "Cleo"), addPhone(t, x.srv, "491700000004", "Dora")
	x.a, x.b, x.c = pair(t, x.srv, x.anna), pair(t, x.srv, x.bert), pair(t, x.srv, x.cleo)
	return x
}

// change matches a group event by what it says.
func change(match func(*events.GroupInfo) bool) func(*events.GroupInfo) bool { return match }

func TestGroupLife(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	unknown := types.NewJID("499999999999", types.DefaultUserServer)
	made, err := x.a.CreateGroup(within(t), whatsmeow.ReqCreateGroup{Name: "Hikers", Participants: []jid{x.bert.JID(), x.dora.LID(), unknown}})
	require.NoError(t, err)
	g := made.JID
	var failed []types.GroupParticipant
	for _, p := range made.Participants {
		if p.Error != 0 {
			failed = append(failed, p)
		}
	}
	require.Len(t, failed, 1)
	assert.Equal(t, 404, failed[0].Error)
	assert.Equal(t, unknown.User, failed[0].JID.User)

	joined := want(x.b, func(j *events.JoinedGroup) bool { return j.JID == g })
	assert.Equal(t, "Hikers", joined.Name)
	assert.Equal(t, types.AddressingModeLID, joined.AddressingMode)
	truth, ok := x.srv.Group(g)
	require.True(t, ok)
	require.Len(t, truth.Members, 3)
	assert.Equal(t, wasim.GroupMember{LID: x.anna.LID(), PhoneNumber: x.anna.JID(), Role: wasim.RoleSuperAdmin}, truth.Members[0])

	// Messages, both ways, phones and companions.
	_, err = x.a.SendMessage(within(t), g, text("to all"))
	require.NoError(t, err)
	m := want(x.b, saying("to all"))
	assert.Equal(t, g, m.Info.Chat)
	assert.Equal(t, x.anna.LID().User, m.Info.Sender.User)
	for _, phone := range []*wasim.Phone{x.anna, x.bert, x.dora} {
		got, err := phone.WaitMessage(within(t), heard("to all"))
		require.NoError(t, err)
		assert.Equal(t, g, got.Chat)
	}
	for _, from := range []*wasim.Phone{x.bert, x.dora, x.bert, x.dora} {
		body := fmt.Sprint(from.Name(), time.Now().UnixNano())
		_, err = from.SendText(within(t), g, body)
		require.NoError(t, err)
		assert.Equal(t, from.LID().User, want(x.a, saying(body)).Info.Sender.User)
	}

	// Members.
	results, err := x.a.UpdateGroupParticipants(within(t), g, []jid{x.cleo.LID(), x.bert.LID(), unknown}, whatsmeow.ParticipantChangeAdd)
	require.NoError(t, err)
	require.Len(t, results, 3)
	assert.Equal(t, []int{0, 409, 404}, []int{results[0].Error, results[1].Error, results[2].Error})
	added := want(x.b, change(func(i *events.GroupInfo) bool { return len(i.Join) == 1 }))
	assert.Equal(t, x.cleo.LID(), added.Join[0])
	assert.Equal(t, x.anna.LID(), *added.Sender)
	want(x.c, change(func(i *events.GroupInfo) bool { return len(i.Join) == 1 }))
	_, err = x.dora.SendText(within(t), g, "welcome Cleo")
	require.NoError(t, err)
	want(x.c, saying("welcome Cleo"))

	_, err = x.b.UpdateGroupParticipants(within(t), g, []jid{x.cleo.LID()}, whatsmeow.ParticipantChangeRemove)
	require.ErrorIs(t, err, whatsmeow.ErrIQForbidden, "only admins remove")
	results, err = x.a.UpdateGroupParticipants(within(t), g, []jid{x.bert.LID()}, whatsmeow.ParticipantChangePromote)
	require.NoError(t, err)
	assert.True(t, results[0].IsAdmin)
	want(x.b, change(func(i *events.GroupInfo) bool { return len(i.Promote) == 1 }))
	results, err = x.b.UpdateGroupParticipants(within(t), g, []jid{x.anna.LID()}, whatsmeow.ParticipantChangeDemote)
	require.NoError(t, err)
	assert.Equal(t, 403, results[0].Error, "the creator stays")
	results, err = x.b.UpdateGroupParticipants(within(t), g, []jid{x.cleo.JID()}, whatsmeow.ParticipantChangeRemove)
	require.NoError(t, err)
	assert.Zero(t, results[0].Error)
	gone := want(x.c, change(func(i *events.GroupInfo) bool { return len(i.Leave) == 1 }))
	assert.Equal(t, x.cleo.LID(), gone.Leave[0])
	_, err = x.c.GetGroupInfo(within(t), g)
	require.ErrorIs(t, err, whatsmeow.ErrNotInGroup)
	_, err = x.c.SendMessage(within(t), g, text("still there?"))
	require.Error(t, err)

	// After somebody left, phones use new sender keys.
	_, err = x.dora.SendText(within(t), g, "without Cleo")
	require.NoError(t, err)
	want(x.a, saying("without Cleo"))

	require.NoError(t, x.b.LeaveGroup(within(t), g))
	left := want(x.a, change(func(i *events.GroupInfo) bool { return len(i.Leave) == 1 && i.Leave[0] == x.bert.LID() }))
	assert.Equal(t, x.bert.LID(), *left.Sender)
	groups, err := x.b.GetJoinedGroups(within(t))
	require.NoError(t, err)
	assert.Empty(t, groups)
	require.NoError(t, x.anna.Leave(within(t), g))
	truth, _ = x.srv.Group(g)
	assert.Equal(t, []wasim.GroupMember{{LID: x.dora.LID(), PhoneNumber: x.dora.JID(), Role: wasim.RoleAdmin}}, truth.Members, "somebody stays in charge")
}

func TestGroupSettings(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	g, err := x.anna.CreateGroup(within(t), "Choir", x.bert.JID(), x.cleo.JID())
	require.NoError(t, err)
	want(x.b, func(j *events.JoinedGroup) bool { return j.JID == g })

	require.NoError(t, x.b.SetGroupName(within(t), g, "Big choir"), "unlocked groups can be renamed by all")
	renamed := want(x.a, change(func(i *events.GroupInfo) bool { return i.Name != nil }))
	assert.Equal(t, "Big choir", renamed.Name.Name)
	assert.Equal(t, x.bert.LID(), renamed.Name.NameSetBy)
	require.ErrorIs(t, x.b.SetGroupName(within(t), g, strings.Repeat("ä", 101)), whatsmeow.ErrIQNotAcceptable)
	require.NoError(t, x.b.SetGroupName(within(t), g, strings.Repeat("ä", 100)))

	require.NoError(t, x.a.SetGroupTopic(within(t), g, "", "first", "We sing"))
	topic := want(x.b, change(func(i *events.GroupInfo) bool { return i.Topic != nil }))
	assert.Equal(t, "We sing", topic.Topic.Topic)
	require.ErrorIs(t, x.a.SetGroupTopic(within(t), g, "wrong", "second", "We shout"), &whatsmeow.IQError{Code: 409, Text: "conflict"})
	require.NoError(t, x.a.SetGroupTopic(within(t), g, "first", "second", ""))
	topic = want(x.b, change(func(i *events.GroupInfo) bool { return i.Topic != nil }))
	assert.True(t, topic.Topic.TopicDeleted)

	require.NoError(t, x.a.SetGroupLocked(within(t), g, true))
	want(x.b, change(func(i *events.GroupInfo) bool { return i.Locked != nil && i.Locked.IsLocked }))
	require.ErrorIs(t, x.b.SetGroupName(within(t), g, "Mine"), whatsmeow.ErrIQForbidden)
	require.ErrorIs(t, x.b.SetGroupAnnounce(within(t), g, true), whatsmeow.ErrIQForbidden)

	require.NoError(t, x.a.SetGroupAnnounce(within(t), g, true))
	want(x.b, change(func(i *events.GroupInfo) bool { return i.Announce != nil && i.Announce.IsAnnounce }))
	_, err = x.b.SendMessage(within(t), g, text("quiet"))
	require.ErrorIs(t, err, whatsmeow.ErrServerReturnedError)
	_, err = x.bert.SendText(within(t), g, "quiet")
	require.ErrorIs(t, err, wasim.ErrNotAllowed)
	require.NoError(t, x.a.SetGroupAnnounce(within(t), g, false))
	_, err = x.b.SendMessage(within(t), g, text("loud"))
	require.NoError(t, err)

	require.NoError(t, x.a.SetDisappearingTimer(within(t), g, 24*time.Hour, time.Time{}))
	timer := want(x.c, change(func(i *events.GroupInfo) bool { return i.Ephemeral != nil }))
	assert.Equal(t, uint32(86400), timer.Ephemeral.DisappearingTimer)
	require.NoError(t, x.a.SetGroupMemberAddMode(within(t), g, types.GroupMemberAddModeAdmin))
	_, err = x.b.UpdateGroupParticipants(within(t), g, []jid{x.dora.JID()}, whatsmeow.ParticipantChangeAdd)
	require.ErrorIs(t, err, whatsmeow.ErrIQForbidden)
	require.NoError(t, x.a.SetGroupJoinApprovalMode(within(t), g, true))

	seen, err := x.b.GetGroupInfo(within(t), g)
	require.NoError(t, err)
	assert.True(t, seen.IsLocked && seen.IsJoinApprovalRequired && seen.IsEphemeral && !seen.IsAnnounce)
	assert.Equal(t, types.GroupMemberAddModeAdmin, seen.MemberAddMode)
	assert.Equal(t, 3, seen.ParticipantCount)
	truth, _ := x.srv.Group(g)
	assert.True(t, truth.Locked && truth.ApprovalRequired && !truth.Announce)
	assert.Empty(t, truth.Description)

	picture, err := x.a.SetGroupPhoto(within(t), g, []byte("jpeg"))
	require.NoError(t, err)
	assert.Equal(t, picture, want(x.b, func(p *events.Picture) bool { return p.JID == g }).PictureID)
	info, err := x.b.GetProfilePictureInfo(within(t), g, nil)
	require.NoError(t, err)
	assert.Equal(t, picture, info.ID)
}

func TestGroupInvites(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	g, err := x.anna.CreateGroup(within(t), "Readers", x.bert.JID())
	require.NoError(t, err)
	require.NoError(t, x.anna.SetMemberAddMode(within(t), g, types.GroupMemberAddModeAdmin))

	link, err := x.a.GetGroupInviteLink(within(t), g, false)
	require.NoError(t, err)
	_, err = x.b.GetGroupInviteLink(within(t), g, false)
	require.ErrorIs(t, err, whatsmeow.ErrGroupInviteLinkUnauthorized)
	_, err = x.c.GetGroupInviteLink(within(t), g, false)
	require.ErrorIs(t, err, whatsmeow.ErrNotInGroup)

	preview, err := x.c.GetGroupInfoFromLink(within(t), link)
	require.NoError(t, err)
	assert.Equal(t, "Readers", preview.Name)
	fresh, err := x.a.GetGroupInviteLink(within(t), g, true)
	require.NoError(t, err)
	assert.Equal(t, fresh, *want(x.b, change(func(i *events.GroupInfo) bool { return i.NewInviteLink != nil })).NewInviteLink)
	_, err = x.c.GetGroupInfoFromLink(within(t), link)
	require.ErrorIs(t, err, whatsmeow.ErrInviteLinkRevoked)
	_, err = x.c.JoinGroupWithLink(within(t), link)
	require.ErrorIs(t, err, whatsmeow.ErrInviteLinkRevoked)
	_, err = x.c.JoinGroupWithLink(within(t), "nonsense")
	require.ErrorIs(t, err, whatsmeow.ErrInviteLinkInvalid)

	joined, err := x.c.JoinGroupWithLink(within(t), fresh)
	require.NoError(t, err)
	assert.Equal(t, g, joined)
	event := want(x.a, change(func(i *events.GroupInfo) bool { return len(i.Join) == 1 }))
	assert.Equal(t, "invite", event.JoinReason)
	_, err = x.c.JoinGroupWithLink(within(t), fresh)
	require.Error(t, err, "already in")

	// A phone joins the same way.
	_, in, err := x.dora.JoinWithInvite(within(t), fresh)
	require.NoError(t, err)
	assert.True(t, in)
}

func TestJoinRequests(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	g, err := x.anna.CreateGroup(within(t), "Exclusive", x.bert.JID())
	require.NoError(t, err)
	require.NoError(t, x.anna.SetApprovalMode(within(t), g, true))
	code, err := x.anna.GetInvite(within(t), g)
	require.NoError(t, err)

	asked, err := x.c.JoinGroupWithLink(within(t), code)
	require.NoError(t, err)
	assert.Equal(t, g, asked)
	in, err := x.dora.RequestJoin(within(t), g)
	require.NoError(t, err)
	assert.False(t, in)
	want(x.a, change(func(i *events.GroupInfo) bool {
		return len(i.UnknownChanges) == 1 && i.UnknownChanges[0].Tag == "created_membership_requests"
	}))
	waiting, err := x.a.GetGroupRequestParticipants(within(t), g)
	require.NoError(t, err)
	require.Len(t, waiting, 2)
	assert.Equal(t, []jid{x.cleo.LID(), x.dora.LID()}, []jid{waiting[0].JID, waiting[1].JID})
	_, err = x.b.GetGroupRequestParticipants(within(t), g)
	require.ErrorIs(t, err, whatsmeow.ErrIQForbidden)

	results, err := x.a.UpdateGroupRequestParticipants(within(t), g, []jid{x.cleo.LID(), x.bert.LID()}, whatsmeow.ParticipantChangeApprove)
	require.NoError(t, err)
	assert.Equal(t, []int{0, 409}, []int{results[0].Error, results[1].Error})
	want(x.c, change(func(i *events.GroupInfo) bool { return len(i.Join) == 1 }))
	results, err = x.a.UpdateGroupRequestParticipants(within(t), g, []jid{x.dora.LID()}, whatsmeow.ParticipantChangeReject)
	require.NoError(t, err)
	assert.Zero(t, results[0].Error)
	results, err = x.a.UpdateGroupRequestParticipants(within(t), g, []jid{x.dora.LID()}, whatsmeow.ParticipantChangeReject)
	require.NoError(t, err)
	assert.Equal(t, 404, results[0].Error)
	truth, _ := x.srv.Group(g)
	assert.Empty(t, truth.Requests)
	assert.Len(t, truth.Members, 3)

	_, err = x.dora.RequestJoin(within(t), g)
	require.NoError(t, err)
	require.NoError(t, x.dora.CancelJoinRequest(within(t), g))
	require.ErrorIs(t, x.dora.CancelJoinRequest(within(t), g), wasim.ErrNotFound)
	_, err = x.dora.RequestJoin(within(t), g)
	require.NoError(t, err)
	require.NoError(t, x.anna.SetApprovalMode(within(t), g, false), "ending approval lets the waiting in")
	truth, _ = x.srv.Group(g)
	assert.Len(t, truth.Members, 4)
}

func TestAddAgainstPrivacy(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	g, err := x.anna.CreateGroup(within(t), "Neighbours", x.bert.JID())
	require.NoError(t, err)
	x.cleo.SetPrivacy("groupadd", "none")
	results, err := x.a.UpdateGroupParticipants(within(t), g, []jid{x.cleo.JID()}, whatsmeow.ParticipantChangeAdd)
	require.NoError(t, err)
	require.Len(t, results, 1)
	assert.Equal(t, 403, results[0].Error)
	require.NotNil(t, results[0].AddRequest)
	invitation := results[0].AddRequest
	seen, err := x.c.GetGroupInfoFromInvite(within(t), g, x.anna.LID(), invitation.Code, invitation.Expiration.Unix())
	require.NoError(t, err)
	assert.Equal(t, "Neighbours", seen.Name)
	require.Error(t, x.b.JoinGroupWithInvite(within(t), g, x.anna.LID(), invitation.Code, invitation.Expiration.Unix()), "for somebody else")
	require.NoError(t, x.c.JoinGroupWithInvite(within(t), g, x.anna.LID(), invitation.Code, invitation.Expiration.Unix()))
	want(x.a, change(func(i *events.GroupInfo) bool { return len(i.Join) == 1 && i.Join[0] == x.cleo.LID() }))
}

func TestGroupAddressedByNumber(t *testing.T) {
	t.Parallel()
	x := newCircle(t)
	g, _, err := x.anna.CreateGroupFrom(within(t), wasim.GroupSpec{
		Subject: "Old group", Members: []jid{x.bert.JID(), x.cleo.JID()}, Addressing: types.AddressingModePN,
	})
	require.NoError(t, err)
	joined := want(x.b, func(j *events.JoinedGroup) bool { return j.JID == g })
	assert.Equal(t, types.AddressingModePN, joined.AddressingMode)
	assert.Equal(t, types.DefaultUserServer, joined.Participants[0].JID.Server)
	assert.Equal(t, x.anna.LID(), joined.Participants[0].LID)

	_, err = x.anna.SendText(within(t), g, "by number")
	require.NoError(t, err)
	m := want(x.b, saying("by number"))
	assert.Equal(t, x.anna.JID(), m.Info.Sender)
	assert.Equal(t, x.anna.LID(), m.Info.SenderAlt)
	_, err = x.b.SendMessage(within(t), g, text("answer"))
	require.NoError(t, err)
	want(x.c, saying("answer"))
	_, err = x.anna.WaitMessage(within(t), heard("answer"))
	require.NoError(t, err)
	want(x.b, func(r *events.Receipt) bool { return r.Chat == g && r.Sender.User == x.cleo.JID().User })
}

func TestGroupLimits(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	owner := addPhone(t, srv, "491700000000", "Owner")
	members := make([]jid, 1023)
	for i := range members {
		members[i] = addPhone(t, srv, fmt.Sprintf("4916%08d", i), fmt.Sprint("Member ", i)).JID()
	}
	extra := addPhone(t, srv, "491711111111", "Extra")
	_, err := owner.CreateGroup(within(t), "Too big", append([]jid{extra.JID()}, members...)...)
	require.ErrorIs(t, err, wasim.ErrResourceLimit)
	g, err := owner.CreateGroup(within(t), "Full", members...)
	require.NoError(t, err)
	results, err := owner.AddMembers(within(t), g, extra.JID())
	require.NoError(t, err)
	assert.Equal(t, 419, results[0].Error)
	c := pair(t, srv, owner)
	info, err := c.GetGroupInfo(within(t), g)
	require.NoError(t, err)
	assert.Len(t, info.Participants, 1024)

	_, err = owner.CreateGroup(within(t), "")
	require.ErrorIs(t, err, wasim.ErrNotAcceptable)
	_, err = c.CreateGroup(within(t), whatsmeow.ReqCreateGroup{Name: strings.Repeat("x", 101)})
	require.ErrorIs(t, err, whatsmeow.ErrIQNotAcceptable)
	var refusal *wasim.StanzaError
	_, err = extra.Promote(within(t), g, members[0])
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 403, refusal.Code)
	require.ErrorIs(t, owner.SetSubject(within(t), types.NewJID("1", types.GroupServer), "x"), wasim.ErrNotFound)
}
