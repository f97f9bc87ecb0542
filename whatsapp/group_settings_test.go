package whatsapp_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
)

func TestGroupSettingsOfTheRest(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		jid := w.group(anna, mode, bert)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })
		for range 2 {
			group, err := w.svc.UpdateGroup(ctx, session, jid.String(), whatsapp.GroupSettings{
				JoinApproval: ptr(true), MembersMayAdd: ptr(true), EphemeralSeconds: ptr(86400),
			})
			require.NoError(w, err)
			assert.True(w, group.JoinApproval)
			assert.True(w, group.MembersMayAdd())
			assert.Equal(w, 86400, group.EphemeralSeconds)
		}
		info, ok := w.srv.Group(jid)
		require.True(w, ok)
		assert.EqualValues(w, 86400, info.Ephemeral)
		_, err := w.svc.UpdateGroup(ctx, session, jid.String(), whatsapp.GroupSettings{EphemeralSeconds: ptr(17)})
		is(w.T, err, fault.Validation, "")
		group, err := w.svc.UpdateGroup(ctx, session, jid.String(), whatsapp.GroupSettings{
			JoinApproval: ptr(false), MembersMayAdd: ptr(false), EphemeralSeconds: ptr(0),
		})
		require.NoError(w, err)
		assert.False(w, group.JoinApproval || group.MembersMayAdd())
		assert.Zero(w, group.EphemeralSeconds)
	})
}

func TestCommunities(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		ctx, anna, bert := w.Context(), w.phone("Anna"), w.phone("Bert")
		session := w.link(anna)
		made, err := w.svc.CreateGroup(ctx, session, whatsapp.NewGroup{Name: "Village", Community: true})
		require.NoError(t, err)
		community := made.Group.JID
		assert.True(t, made.Group.IsCommunity)
		first, err := w.svc.SubGroups(ctx, session, community)
		require.NoError(t, err)
		require.Len(t, first, 1, "what WhatsApp makes with it")
		require.NotNil(t, first[0].Group)
		assert.True(t, first[0].IsDefault && first[0].Group.IsAnnounce)
		assert.Equal(t, community, first[0].Group.ParentJID)
		inside, err := w.svc.CreateGroup(ctx, session, whatsapp.NewGroup{Name: "Choir", Participants: names(bert), Parent: community})
		require.NoError(t, err)
		assert.Equal(t, community, inside.Group.ParentJID)
		outside, err := w.svc.CreateGroup(ctx, session, newGroup("Football", bert))
		require.NoError(t, err)

		for range 2 { // a repeat changes nothing
			group, err := w.svc.LinkGroup(ctx, session, community, outside.Group.JID)
			require.NoError(t, err)
			assert.Equal(t, community, group.ParentJID)
		}
		groups, err := w.svc.SubGroups(ctx, session, community)
		require.NoError(t, err)
		subjects := map[string]bool{}
		for _, g := range groups {
			subjects[g.Subject] = g.Group != nil
		}
		assert.True(t, subjects["Choir"] && subjects["Football"], "%v", subjects)
		people, err := w.svc.CommunityMembers(ctx, session, community)
		require.NoError(t, err)
		assert.Contains(t, people, bert.JID().String())

		group, err := w.svc.UnlinkGroup(ctx, session, community, outside.Group.JID)
		require.NoError(t, err)
		assert.Empty(t, group.ParentJID)
		_, err = w.svc.SubGroups(ctx, session, "nonsense")
		is(t, err, fault.Validation, fault.ReasonInvalidJID)
		_, err = w.svc.SubGroups(ctx, session, "120363999999999999@g.us")
		is(t, err, fault.NotFound, "")
	})
}

func TestGroupPictures(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		ctx, anna, bert := w.Context(), w.phone("Anna"), w.phone("Bert")
		session := w.link(anna)
		made, err := w.svc.CreateGroup(ctx, session, newGroup("Team", bert))
		require.NoError(t, err)
		jid := made.Group.JID
		_, err = w.svc.GroupPicture(ctx, session, jid, false)
		is(t, err, fault.NotFound, "")
		var picture bytes.Buffer
		require.NoError(t, png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 20, 10))))
		encoded := base64.StdEncoding.EncodeToString(picture.Bytes())
		id, err := w.svc.SetGroupPicture(ctx, session, jid, encoded)
		require.NoError(t, err)
		shown, err := w.svc.GroupPicture(ctx, session, jid, true)
		require.NoError(t, err)
		assert.Equal(t, id, shown.ID)
		assert.NotEmpty(t, shown.URL)
		for range 2 {
			require.NoError(t, w.svc.RemoveGroupPicture(ctx, session, jid))
		}
		_, err = w.svc.GroupPicture(ctx, session, jid, false)
		is(t, err, fault.NotFound, "")
		_, err = w.svc.SetGroupPicture(ctx, session, jid, "bm90IGEgcGljdHVyZQ==")
		is(t, err, fault.Validation, "")
		_, err = w.svc.SetGroupPicture(ctx, session, "120363999999999999@g.us", encoded)
		is(t, err, fault.NotFound, "")
	})
}
