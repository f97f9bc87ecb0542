package whatsapp_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
)

func newGroup(name string, members ...*wasim.Phone) whatsapp.NewGroup {
	return whatsapp.NewGroup{Name: name, Participants: names(members...)}
}

func ptr[T any](v T) *T { return &v }

func TestCreateGroup(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		ctx := w.Context()
		anna, bert, shy := w.phone("Anna"), w.phone("Bert"), w.phone("Shy")
		shy.SetPrivacy("groupadd", "contacts")
		session := w.link(anna)
		nobody := "4917099999999@s.whatsapp.net"

		created, err := w.svc.CreateGroup(ctx, session, whatsapp.NewGroup{
			Name:         "Ängste & 😀",
			Participants: []string{bert.LID().String(), nobody, shy.JID().String(), anna.JID().String()},
		})
		require.NoError(w, err)

		jid, err := types.ParseJID(created.Group.JID)
		require.NoError(w, err)
		w.isTrue(w, session, jid)
		assert.Equal(w, 2, created.Group.ParticipantCount)
		require.Len(w, created.Results, 4, "one for each, in the order given")
		assert.Equal(w, whatsapp.ParticipantResult{JID: bert.LID().String(), OK: true}, created.Results[0])
		assert.Equal(w, nobody, created.Results[1].JID)
		assert.False(w, created.Results[1].OK)
		assert.Equal(w, ptr(404), created.Results[1].Code)
		assert.Equal(w, ptr("this person is not on WhatsApp"), created.Results[1].Message)
		assert.Equal(w, ptr(403), created.Results[2].Code)
		require.NotNil(w, created.Results[2].InviteCode, "who can only be invited")
		assert.True(w, created.Results[3].OK, "naming oneself is harmless")

		empty, err := w.svc.CreateGroup(ctx, session, whatsapp.NewGroup{Name: strings.Repeat("ä", 100)})
		require.NoError(w, err)
		assert.Equal(w, 1, empty.Group.ParticipantCount)
		assert.Empty(w, empty.Results)
	})
}

func TestUpdateGroup(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(anna, mode, bert)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		all := whatsapp.GroupSettings{Subject: ptr("New"), Description: ptr("About"), Announce: ptr(true), Locked: ptr(true)}
		for range 2 { // a repeat changes nothing
			group, err := w.svc.UpdateGroup(ctx, session, jid.String(), all)
			require.NoError(w, err)
			assert.Equal(w, "New", group.Subject)
			assert.Equal(w, "About", group.Description)
			assert.True(w, group.IsAnnounce && group.IsLocked)
			w.isTrue(w, session, jid)
		}
		// Somebody else's description is in between: its id is the one to name.
		require.NoError(w, anna.SetDescription(ctx, jid, "By the phone"))
		for _, description := range []string{"Mine", "", ""} {
			group, err := w.svc.UpdateGroup(ctx, session, jid.String(), whatsapp.GroupSettings{Description: &description})
			require.NoError(w, err)
			assert.Equal(w, description, group.Description)
		}
		group, err := w.svc.UpdateGroup(ctx, session, jid.String(), whatsapp.GroupSettings{Announce: ptr(false), Locked: ptr(false)})
		require.NoError(w, err)
		assert.False(w, group.IsAnnounce || group.IsLocked)
		unchanged, err := w.svc.UpdateGroup(ctx, session, jid.String(), whatsapp.GroupSettings{})
		require.NoError(w, err, "nothing to change is no failure")
		assert.Equal(w, group, unchanged)
		w.soonTrue(session, jid)
	})
}

func TestUpdateGroupTellsWhatTookEffect(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(bert, mode, anna)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		// Any member may rename the group, only admins may decide who sends.
		_, err := w.svc.UpdateGroup(w.Context(), session, jid.String(), whatsapp.GroupSettings{
			Subject: ptr("By a member"), Announce: ptr(true), Locked: ptr(true),
		})
		f := is(w, err, fault.Forbidden, fault.ReasonNotGroupAdmin)
		assert.Equal(w, []string{"subject"}, f.Details()["applied"])
		stored, err := w.db.Groups.Get(w.Context(), session, jid.String())
		require.NoError(w, err)
		assert.Equal(w, "By a member", stored.Subject)
		assert.False(w, stored.IsAnnounce)
		w.isTrue(w, session, jid)
	})
}

func TestLeaveGroup(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(bert, mode, anna)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		left, err := w.svc.LeaveGroup(w.Context(), session, jid.String())
		require.NoError(w, err)
		assert.NotZero(w, left.LeftAt)
		again, err := w.svc.LeaveGroup(w.Context(), session, jid.String())
		require.NoError(w, err, "a repeat changes nothing")
		assert.Equal(w, left, again)
		truth, _ := w.srv.Group(jid)
		assert.Len(w, truth.Members, 1)

		_, err = w.svc.UpdateGroup(w.Context(), session, jid.String(), whatsapp.GroupSettings{Subject: ptr("From outside")})
		is(w, err, fault.Forbidden, fault.ReasonNotGroupMember)
	})
}

// acts are all acts on a group, for what they have in common.
func acts(w *world) map[string]func(session, group string) error {
	ctx := w.Context()
	person := []string{"4917099999998@s.whatsapp.net"}
	return map[string]func(session, group string) error{
		"UpdateGroup": func(s, g string) error {
			_, err := w.svc.UpdateGroup(ctx, s, g, whatsapp.GroupSettings{Announce: ptr(true)})
			return err
		},
		"UpdateGroup description": func(s, g string) error {
			_, err := w.svc.UpdateGroup(ctx, s, g, whatsapp.GroupSettings{Description: ptr("text")})
			return err
		},
		"AddGroupMembers":     func(s, g string) error { _, err := w.svc.AddGroupMembers(ctx, s, g, person); return err },
		"RemoveGroupMembers":  func(s, g string) error { _, err := w.svc.RemoveGroupMembers(ctx, s, g, person); return err },
		"PromoteGroupMembers": func(s, g string) error { _, err := w.svc.PromoteGroupMembers(ctx, s, g, person); return err },
		"DemoteGroupMembers":  func(s, g string) error { _, err := w.svc.DemoteGroupMembers(ctx, s, g, person); return err },
		"ApproveGroupMembers": func(s, g string) error { _, err := w.svc.ApproveGroupMembers(ctx, s, g, person); return err },
		"RejectGroupMembers":  func(s, g string) error { _, err := w.svc.RejectGroupMembers(ctx, s, g, person); return err },
		"LeaveGroup":          func(s, g string) error { _, err := w.svc.LeaveGroup(ctx, s, g); return err },
		"GroupInvite":         func(s, g string) error { _, err := w.svc.GroupInvite(ctx, s, g); return err },
		"RevokeGroupInvite":   func(s, g string) error { _, err := w.svc.RevokeGroupInvite(ctx, s, g); return err },
		"GroupRequests":       func(s, g string) error { _, err := w.svc.GroupRequests(ctx, s, g); return err },
	}
}

func TestActsOnGroupsThatAreNot(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		anna, bert := w.phone("Anna"), w.phone("Bert")
		strangers := w.group(bert, types.AddressingModeLID)
		session := w.link(anna)
		stopped := w.stopped()

		for name, act := range acts(w) {
			t.Run(name, func(t *testing.T) {
				is(t, act(session, "120363000000000000@g.us"), fault.NotFound, "")
				is(t, act(session, strangers.String()), fault.NotFound, "")
				is(t, act(stopped, "120363000000000000@g.us"), fault.NotImplemented, fault.ReasonNotConnected)
				for _, malformed := range []string{"", "120363000000000000", "49170@s.whatsapp.net", "x@g.us", "1@newsletter"} {
					is(t, act(stopped, malformed), fault.Validation, fault.ReasonInvalidJID)
				}
			})
		}
	})
}

func TestActsThatOnlyAdminsMay(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(bert, mode, anna)
		require.NoError(w, bert.SetLocked(w.Context(), jid, true))
		require.NoError(w, bert.SetMemberAddMode(w.Context(), jid, types.GroupMemberAddModeAdmin))
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		for name, act := range acts(w) {
			if name == "LeaveGroup" {
				continue
			}
			w.Run(name, func(t *testing.T) {
				is(t, act(session, jid.String()), fault.Forbidden, fault.ReasonNotGroupAdmin)
			})
		}
		w.isTrue(w, session, jid)
	})
}

func TestGroupNamesAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.Open(t, modelstest.SQLite))
	// Not connected: what is wrong with the body comes first.
	stopped := w.stopped()
	const group = "120363000000000000@g.us"
	for name, settings := range map[string]whatsapp.GroupSettings{
		"subject is required":                           {Subject: ptr("")},
		"subject is required ":                          {Subject: ptr(" \t\n")},
		"subject must have at most 100 characters":      {Subject: ptr(strings.Repeat("ä", 101))},
		"description must have at most 2048 characters": {Description: ptr(strings.Repeat("ä", 2049))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.svc.UpdateGroup(w.Context(), stopped, group, settings)
			assert.Equal(t, strings.TrimSpace(name), is(t, err, fault.Validation, "").Message())
		})
	}
	for _, name := range []string{"", "  ", strings.Repeat("a", 101)} {
		_, err := w.svc.CreateGroup(w.Context(), stopped, whatsapp.NewGroup{Name: name})
		assert.Equal(t, "name", is(t, err, fault.Validation, "").Details()["field"])
	}
	_, err := w.svc.UpdateGroup(w.Context(), stopped, group, whatsapp.GroupSettings{Description: ptr(strings.Repeat("ä", 2048))})
	is(t, err, fault.NotImplemented, fault.ReasonNotConnected)
}

func TestAnActDoesNotHang(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.Open(t, modelstest.SQLite))
	anna := w.phone("Anna")
	jid := w.group(anna, types.AddressingModeLID)
	session := w.link(anna)
	w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

	require.NoError(t, w.srv.SetFault(wasim.Fault{Kind: wasim.FaultSlow, Phone: anna.Number(), Delay: time.Minute}))
	t.Cleanup(w.srv.ClearFaults)
	ctx, cancel := context.WithTimeout(w.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := w.svc.GroupInvite(ctx, session, jid.String())
	is(t, err, fault.Upstream, fault.ReasonTimeout)
	_, err = w.svc.UpdateGroup(ctx, session, jid.String(), whatsapp.GroupSettings{Subject: ptr("Late")})
	assert.Equal(t, []string{}, is(t, err, fault.Upstream, fault.ReasonTimeout).Details()["applied"])
}
