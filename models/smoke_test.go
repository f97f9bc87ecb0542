package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

func TestSmoke(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		s := modelstest.Session(t, db, "org")
		_, err := db.Sessions.SetPaired(ctx, s.ID, models.Pairing{DeviceJID: "x"})
		require.NoError(t, err)
		k, secret, err := db.APIKeys.Create(ctx, models.NewAPIKey{OrganizationID: "org", Capabilities: models.CapabilitySet{"read"}})
		require.NoError(t, err)
		k2, err := db.APIKeys.Authenticate(ctx, secret)
		require.NoError(t, err)
		require.Equal(t, k.ID, k2.ID)
		g, err := db.Groups.Sync(ctx, s.ID, models.GroupSnapshot{JID: "1@g.us", Subject: "x", Members: []models.MemberSnapshot{{Person: models.Person{LID: "1@lid"}}, {Person: models.Person{PhoneJID: "2@s.whatsapp.net"}, Role: "admin"}}})
		require.NoError(t, err)
		require.Equal(t, 2, g.ParticipantCount)
		l, err := db.Members.List(ctx, g.ID, models.MemberFilter{}, models.Page{Limit: 1})
		require.NoError(t, err)
		require.True(t, l.HasNext)
		l, err = db.Members.List(ctx, g.ID, models.MemberFilter{}, models.Page{Limit: 1, After: l.NextCursor()})
		require.NoError(t, err)
		require.Len(t, l.Items, 1)
		gs, err := db.Groups.List(ctx, s.ID, models.Page{})
		require.NoError(t, err)
		require.Len(t, gs.Items, 1)
		require.NoError(t, db.Sessions.SetProxy(ctx, s.ID, "socks5://x"))
		p, err := db.Sessions.Proxy(ctx, s.ID)
		require.NoError(t, err)
		require.Equal(t, "socks5://x", p)
		require.NoError(t, db.Sessions.Delete(ctx, s.ID))
	})
}
