package whatsapp_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/whatsapp"
)

func TestChangesByOthersAreStoredWithinASecond(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, carl, dora := w.phone("Anna"), w.phone("Bert"), w.phone("Carl"), w.phone("Dora")
		jid := w.group(bert, mode, anna, carl)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		for _, change := range []struct {
			name string
			do   func() error
		}{
			{"subject", func() error { return bert.SetSubject(ctx, jid, "Ängste & 😀") }},
			{"description", func() error { return bert.SetDescription(ctx, jid, "What it is about") }},
			{"no description", func() error { return bert.SetDescription(ctx, jid, "") }},
			{"announce", func() error { return bert.SetAnnounce(ctx, jid, true) }},
			{"not announce", func() error { return bert.SetAnnounce(ctx, jid, false) }},
			{"locked", func() error { return bert.SetLocked(ctx, jid, true) }},
			{"unlocked", func() error { return bert.SetLocked(ctx, jid, false) }},
			{"ephemeral", func() error { return bert.SetEphemeral(ctx, jid, 604800) }},
			{"not ephemeral", func() error { return bert.SetEphemeral(ctx, jid, 0) }},
			{"approval", func() error { return bert.SetApprovalMode(ctx, jid, true) }},
			{"no approval", func() error { return bert.SetApprovalMode(ctx, jid, false) }},
			{"only admins add", func() error { return bert.SetMemberAddMode(ctx, jid, types.GroupMemberAddModeAdmin) }},
			{"all add", func() error { return bert.SetMemberAddMode(ctx, jid, types.GroupMemberAddModeAllMember) }},
			{"add", func() error { _, err := bert.AddMembers(ctx, jid, dora.JID()); return err }},
			{"promote", func() error { _, err := bert.Promote(ctx, jid, dora.JID()); return err }},
			{"demote", func() error { _, err := bert.Demote(ctx, jid, dora.JID()); return err }},
			{"promote the account", func() error { _, err := bert.Promote(ctx, jid, anna.JID()); return err }},
			{"leave", func() error { return dora.Leave(ctx, jid) }},
			{"remove", func() error { _, err := bert.RemoveMembers(ctx, jid, carl.JID()); return err }},
			{"new invite", func() error { _, err := bert.ResetInvite(ctx, jid); return err }},
			{"the creator leaves", func() error { return bert.Leave(ctx, jid) }},
		} {
			require.NoError(w, change.do(), change.name)
			w.eventually(soon, func(t *recorder) {
				w.isTrue(t, session, jid)
				if len(t.wrong) > 0 {
					t.wrong = append(t.wrong, "change: "+change.name)
				}
			})
		}
	})
}

func TestMembershipKeepsItsHistory(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		jid := w.group(bert, mode, anna, carl)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })
		before := w.member(session, jid, carl)

		require.NoError(w, carl.Leave(ctx, jid))
		w.soonTrue(session, jid)
		gone := w.member(session, jid, carl)
		assert.Equal(w, before.ID, gone.ID, "the row stays")
		assert.NotZero(w, gone.LeftAt)

		_, err := bert.AddMembers(ctx, jid, carl.JID())
		require.NoError(w, err)
		w.soonTrue(session, jid)
		back := w.member(session, jid, carl)
		assert.Equal(w, before.ID, back.ID)
		assert.Equal(w, before.FirstSeenAt, back.FirstSeenAt)
		assert.Zero(w, back.LeftAt)
	})
}

func TestTheAccountIsRemovedAndComesBack(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(bert, mode, anna)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		_, err := bert.RemoveMembers(ctx, jid, anna.JID())
		require.NoError(w, err)
		w.eventually(soon, func(t *recorder) {
			group, err := w.db.Groups.Get(ctx, session, jid.String())
			if fine(t, err) {
				assert.NotZero(t, group.LeftAt)
			}
		})
		groups, err := w.db.Groups.List(ctx, session, models.Page{})
		require.NoError(w, err)
		assert.Empty(w, groups.Items)

		require.NoError(w, bert.SetSubject(ctx, jid, "While away"))
		_, err = bert.AddMembers(ctx, jid, anna.JID())
		require.NoError(w, err)
		w.soonTrue(session, jid)
	})
}

func TestTwoSessionsSeeEachOthersChanges(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		jid := w.group(bert, mode, anna)
		annas, berts := w.link(anna), w.link(bert)
		both := func(t *recorder) { w.isTrue(t, annas, jid); w.isTrue(t, berts, jid) }
		w.eventually(slowly, both)

		_, err := w.svc.AddGroupMembers(ctx, berts, jid.String(), names(carl))
		require.NoError(w, err)
		w.eventually(soon, both)
		_, err = w.svc.PromoteGroupMembers(ctx, berts, jid.String(), names(anna))
		require.NoError(w, err)
		w.eventually(soon, both)
		_, err = w.svc.DemoteGroupMembers(ctx, annas, jid.String(), names(anna))
		require.NoError(w, err)
		w.eventually(soon, both)
		created, err := w.svc.CreateGroup(ctx, annas, newGroup("Ours", bert))
		require.NoError(w, err)
		other, err := types.ParseJID(created.Group.JID)
		require.NoError(w, err)
		w.eventually(soon, func(t *recorder) { w.isTrue(t, annas, other); w.isTrue(t, berts, other) })
	})
}

// Acts overtake the notifications of those before them on the way to the database.
func TestLateNotificationsUndoNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		session := w.link(anna)
		for range 3 {
			created, err := w.svc.CreateGroup(ctx, session, newGroup("New"))
			require.NoError(w, err)
			jid, err := types.ParseJID(created.Group.JID)
			require.NoError(w, err)
			for i := range 6 {
				on := i%2 == 0
				group, err := w.svc.UpdateGroup(ctx, session, jid.String(), whatsapp.GroupSettings{
					Subject: ptr(fmt.Sprintf("Title %d", i)), Announce: &on, Locked: &on,
				})
				require.NoError(w, err)
				assert.Equal(w, fmt.Sprintf("Title %d", i), group.Subject)
				assert.Equal(w, []bool{on, on}, []bool{group.IsAnnounce, group.IsLocked})
				changed, err := w.svc.AddGroupMembers(ctx, session, jid.String(), names(bert))
				require.NoError(w, err)
				assert.Equal(w, 2, changed.Group.ParticipantCount)
				_, err = w.svc.PromoteGroupMembers(ctx, session, jid.String(), names(bert))
				require.NoError(w, err)
				w.isTrue(w, session, jid)
				_, err = w.svc.DemoteGroupMembers(ctx, session, jid.String(), names(bert))
				require.NoError(w, err)
				w.isTrue(w, session, jid)
				changed, err = w.svc.RemoveGroupMembers(ctx, session, jid.String(), names(bert))
				require.NoError(w, err)
				assert.Equal(w, 1, changed.Group.ParticipantCount)
			}
			w.soonTrue(session, jid)
		}
	})
}
