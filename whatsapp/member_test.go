package whatsapp_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
)

func TestMemberActs(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		jid := w.group(anna, mode)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		type act = func(context.Context, string, string, []string) (*whatsapp.MembersChanged, error)
		people := []string{bert.JID().String(), carl.LID().String()}
		for _, step := range []struct {
			name    string
			act     act
			members int
			admins  int
		}{
			{"add", w.svc.AddGroupMembers, 3, 0},
			{"promote", w.svc.PromoteGroupMembers, 3, 2},
			{"demote", w.svc.DemoteGroupMembers, 3, 0},
			{"remove", w.svc.RemoveGroupMembers, 1, 0},
		} {
			for _, round := range []string{"first", "repeated"} {
				changed, err := step.act(w.Context(), session, jid.String(), people)
				require.NoError(w, err, "%s, %s", step.name, round)
				assert.Equal(w, []whatsapp.ParticipantResult{{JID: people[0], OK: true}, {JID: people[1], OK: true}}, changed.Results, "%s, %s", step.name, round)
				assert.Equal(w, step.members, changed.Group.ParticipantCount, "%s, %s", step.name, round)
				w.isTrue(w, session, jid) // at once
			}
			single, err := step.act(w.Context(), session, jid.String(), people[:1])
			require.NoError(w, err, "%s, a third time, alone", step.name)
			assert.True(w, single.Results[0].OK)
		}
		w.soonTrue(session, jid)
	})
}

func TestTheNotificationOfAnOwnActChangesNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(anna, mode)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		changed, err := w.svc.AddGroupMembers(ctx, session, jid.String(), names(bert))
		require.NoError(w, err)
		member := w.member(session, jid, bert)
		// The change behind it has been handled, so the addition has been too.
		require.NoError(w, anna.SetSubject(ctx, jid, "Afterwards"))
		w.soonTrue(session, jid)
		assert.Equal(w, member.ID, w.member(session, jid, bert).ID)
		assert.Equal(w, member.FirstSeenAt, w.member(session, jid, bert).FirstSeenAt)
		group, err := w.db.Groups.Get(ctx, session, jid.String())
		require.NoError(w, err)
		assert.Equal(w, changed.Group.ParticipantCount, group.ParticipantCount)
	})
}

func TestWhatsAppDeclinesSomeParticipants(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, shy, stranger := w.phone("Anna"), w.phone("Bert"), w.phone("Shy"), w.phone("Stranger")
		shy.SetPrivacy("groupadd", "none")
		jid := w.group(anna, mode)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })
		nobody := "4917099999999@s.whatsapp.net"

		added, err := w.svc.AddGroupMembers(ctx, session, jid.String(), []string{nobody, bert.JID().String(), shy.JID().String()})
		require.NoError(w, err)
		assert.Equal(w, ptr(404), added.Results[0].Code)
		assert.Equal(w, ptr("this person is not on WhatsApp"), added.Results[0].Message)
		assert.True(w, added.Results[1].OK)
		assert.Equal(w, ptr(403), added.Results[2].Code)
		assert.NotEmpty(w, added.Results[2].InviteCode)
		assert.Equal(w, 2, added.Group.ParticipantCount)

		added, err = w.svc.AddGroupMembers(ctx, session, jid.String(), []string{nobody})
		require.NoError(w, err, "that all are declined is an answer too")
		assert.False(w, added.Results[0].OK)

		for name, act := range map[string]func(context.Context, string, string, []string) (*whatsapp.MembersChanged, error){
			"remove": w.svc.RemoveGroupMembers, "promote": w.svc.PromoteGroupMembers, "demote": w.svc.DemoteGroupMembers,
			"approve": w.svc.ApproveGroupMembers, "reject": w.svc.RejectGroupMembers,
		} {
			for _, person := range []string{stranger.JID().String(), stranger.LID().String(), nobody} {
				_, err = act(ctx, session, jid.String(), []string{person})
				assert.Equal(w, "member not found", is(w, err, fault.NotFound, "").Message(), name)
			}
			several, err := act(ctx, session, jid.String(), names(stranger, shy))
			require.NoError(w, err, name)
			assert.Equal(w, ptr(404), several.Results[0].Code, name)
		}
		w.isTrue(w, session, jid)
	})
}

func TestTheCreatorCannotBeDemoted(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(bert, mode, anna)
		_, err := bert.Promote(ctx, jid, anna.JID())
		require.NoError(w, err)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		for _, act := range []func(context.Context, string, string, []string) (*whatsapp.MembersChanged, error){
			w.svc.DemoteGroupMembers, w.svc.RemoveGroupMembers,
		} {
			_, err := act(ctx, session, jid.String(), names(bert))
			is(w, err, fault.Forbidden, fault.ReasonWhatsApp)
		}
		_, err = w.svc.PromoteGroupMembers(ctx, session, jid.String(), names(bert))
		require.NoError(w, err)
		w.isTrue(w, session, jid)
	})
}

func TestParticipantsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.Open(t, modelstest.SQLite))
	stopped := w.stopped()
	many := make([]string, 1025)
	for i := range many {
		many[i] = fmt.Sprintf("49170%07d@s.whatsapp.net", i)
	}
	const anna = "491700000001@s.whatsapp.net"
	for name, test := range map[string]struct {
		given  []string
		field  string
		reason fault.Reason
	}{
		"none":      {nil, "participants", ""},
		"too many":  {many, "participants", ""},
		"a group":   {[]string{anna, "120363000000000000@g.us"}, "participants[1]", fault.ReasonInvalidJID},
		"a channel": {[]string{"120363000000000000@newsletter"}, "participants[0]", fault.ReasonInvalidJID},
		"digits":    {[]string{"491700000001"}, "participants[0]", fault.ReasonInvalidJID},
		"empty":     {[]string{""}, "participants[0]", fault.ReasonInvalidJID},
		"twice":     {[]string{anna, "205227043110953@lid", anna}, "participants[2]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, act := range []func(context.Context, string, string, []string) (*whatsapp.MembersChanged, error){
				w.svc.AddGroupMembers, w.svc.RemoveGroupMembers, w.svc.PromoteGroupMembers, w.svc.DemoteGroupMembers,
				w.svc.ApproveGroupMembers, w.svc.RejectGroupMembers,
			} {
				_, err := act(w.Context(), stopped, "120363000000000000@g.us", test.given)
				assert.Equal(t, test.field, is(t, err, fault.Validation, test.reason).Details()["field"])
			}
			if test.given != nil {
				_, err := w.svc.CreateGroup(w.Context(), stopped, whatsapp.NewGroup{Name: "Name", Participants: test.given})
				assert.Equal(t, test.field, is(t, err, fault.Validation, test.reason).Details()["field"])
			}
		})
	}
	_, err := w.svc.CreateGroup(w.Context(), stopped, whatsapp.NewGroup{Name: "Name", Participants: many[:1024]})
	is(t, err, fault.Validation, "")
	_, err = w.svc.AddGroupMembers(w.Context(), stopped, "120363000000000000@g.us", many[:1024])
	is(t, err, fault.NotImplemented, fault.ReasonNotConnected)
}
