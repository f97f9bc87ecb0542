package whatsapp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
)

func TestInvites(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(anna, mode)
		require.NoError(w, anna.SetDescription(ctx, jid, "About"))
		annas, berts := w.link(anna), w.link(bert)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, annas, jid) })

		first, err := w.svc.GroupInvite(ctx, annas, jid.String())
		require.NoError(w, err)
		truth, _ := w.srv.Group(jid)
		assert.Equal(w, "https://chat.whatsapp.com/"+truth.InviteCode, first.Invite)
		second, err := w.svc.RevokeGroupInvite(ctx, annas, jid.String())
		require.NoError(w, err)
		assert.NotEqual(w, first, second)

		for _, given := range []string{second.Invite, strings.TrimPrefix(second.Invite, "https://chat.whatsapp.com/")} {
			preview, err := w.svc.PreviewGroupInvite(ctx, berts, given)
			require.NoError(w, err)
			assert.Equal(w, &whatsapp.GroupPreview{JID: jid.String(), Subject: "Project Team", Description: "About", ParticipantCount: 1}, preview)
		}
		for _, bad := range []string{first.Invite, "https://chat.whatsapp.com/" + strings.Repeat("A", 22)} {
			_, err = w.svc.PreviewGroupInvite(ctx, berts, bad)
			is(w, err, fault.Validation, fault.ReasonInvalidInvite)
			_, err = w.svc.JoinGroup(ctx, berts, bad)
			is(w, err, fault.Validation, fault.ReasonInvalidInvite)
		}
		for range 2 { // a repeat changes nothing
			joined, err := w.svc.JoinGroup(ctx, berts, second.Invite)
			require.NoError(w, err)
			assert.Equal(w, jid.String(), joined.GroupJID)
			assert.False(w, joined.PendingApproval)
			require.NotNil(w, joined.Group)
			w.isTrue(w, berts, jid) // at once
		}
		w.soonTrue(annas, jid)
	})
}

func TestJoinRequests(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		jid := w.group(anna, mode)
		require.NoError(w, anna.SetApprovalMode(ctx, jid, true))
		annas, berts := w.link(anna), w.link(bert)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, annas, jid) })
		invite, err := w.svc.GroupInvite(ctx, annas, jid.String())
		require.NoError(w, err)
		none, err := w.svc.GroupRequests(ctx, annas, jid.String())
		require.NoError(w, err)
		assert.Empty(w, none)

		preview, err := w.svc.PreviewGroupInvite(ctx, berts, invite.Invite)
		require.NoError(w, err)
		assert.True(w, preview.JoinApproval)
		for range 2 {
			asked, err := w.svc.JoinGroup(ctx, berts, invite.Invite)
			require.NoError(w, err)
			assert.Equal(w, &whatsapp.JoinedGroup{GroupJID: jid.String(), PendingApproval: true}, asked)
		}
		_, err = w.db.Groups.Get(ctx, berts, jid.String())
		is(w, err, fault.NotFound, "")
		joined, err := carl.RequestJoin(ctx, jid)
		require.NoError(w, err)
		require.False(w, joined)

		waiting, err := w.svc.GroupRequests(ctx, annas, jid.String())
		require.NoError(w, err)
		require.Len(w, waiting, 2)
		for i, p := range []*wasim.Phone{bert, carl} {
			// WhatsApp tells one address only, the one that the group uses.
			if mode == types.AddressingModeLID {
				assert.Equal(w, p.LID().String(), waiting[i].JID)
			} else {
				assert.Equal(w, p.JID().String(), waiting[i].PhoneJID)
			}
			assert.NotZero(w, waiting[i].RequestedAt)
		}

		rejected, err := w.svc.RejectGroupMembers(ctx, annas, jid.String(), []string{waiting[1].JID})
		require.NoError(w, err)
		assert.True(w, rejected.Results[0].OK)
		for range 2 {
			approved, err := w.svc.ApproveGroupMembers(ctx, annas, jid.String(), names(bert))
			require.NoError(w, err)
			assert.True(w, approved.Results[0].OK)
			w.isTrue(w, annas, jid) // at once
		}
		w.soonTrue(berts, jid)
		waiting, err = w.svc.GroupRequests(ctx, annas, jid.String())
		require.NoError(w, err)
		assert.Empty(w, waiting)
	})
}

func TestInvitesAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.Open(t, modelstest.SQLite))
	stopped := w.stopped()
	for _, bad := range []string{"", "x", "https://example.com/" + strings.Repeat("A", 22), "https://chat.whatsapp.com/", "AAAA/../AAAA", strings.Repeat("A", 5000)} {
		_, err := w.svc.JoinGroup(w.Context(), stopped, bad)
		assert.Equal(t, fault.Validation, fault.CodeOf(err), "%.40q", bad)
		_, err = w.svc.PreviewGroupInvite(w.Context(), stopped, bad)
		assert.Equal(t, fault.Validation, fault.CodeOf(err), "%.40q", bad)
	}
	_, err := w.svc.JoinGroup(w.Context(), stopped, strings.Repeat("A", 22))
	is(t, err, fault.NotImplemented, fault.ReasonNotConnected)
}
