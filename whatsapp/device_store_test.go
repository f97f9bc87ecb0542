package whatsapp

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/modelstest"
)

func TestPreKeysAreWhatsmeowsOwn(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		pool, dialect := db.WhatsmeowDB()
		devices, err := openDevices(t.Context(), pool, dialect, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		device := devices.NewDevice()
		jid := types.JID{User: "491700000001", Device: 7, Server: types.DefaultUserServer}
		device.ID = &jid
		device.Account = &waAdv.ADVSignedDeviceIdentity{
			Details: []byte{1}, AccountSignature: make([]byte, 64), AccountSignatureKey: make([]byte, 32), DeviceSignature: make([]byte, 64),
		}
		require.NoError(t, device.Save(t.Context()))
		plain := device.PreKeys
		devices.prepare(device, func() bool { return false }, func(error) {}, func(context.Context) error { return nil })
		require.NotSame(t, plain, device.PreKeys)
		prepared := device.PreKeys
		devices.prepare(device, func() bool { return false }, func(error) {}, func(context.Context) error { return nil })
		assert.Same(t, prepared, device.PreKeys, "once is enough")

		_, err = plain.GenOnePreKey(t.Context()) // an uploaded one comes first
		require.NoError(t, err)
		made, err := prepared.GetOrGenPreKeys(t.Context(), 812)
		require.NoError(t, err)
		require.Len(t, made, 812)
		seen, err := plain.GetOrGenPreKeys(t.Context(), 812)
		require.NoError(t, err)
		require.Equal(t, made, seen, "whatsmeow reads the same keys")
		for i, key := range made {
			require.Equal(t, uint32(i+2), key.KeyID)
		}
		again, err := prepared.GetOrGenPreKeys(t.Context(), 50)
		require.NoError(t, err)
		assert.Equal(t, made[:50], again, "those that were not uploaded are used first")

		require.NoError(t, prepared.MarkPreKeysAsUploaded(t.Context(), 813))
		next, err := prepared.GetOrGenPreKeys(t.Context(), 50)
		require.NoError(t, err)
		require.Len(t, next, 50)
		assert.Equal(t, uint32(814), next[0].KeyID)
		one, err := prepared.GenOnePreKey(t.Context())
		require.NoError(t, err)
		assert.Equal(t, uint32(864), one.KeyID)
		count, err := prepared.UploadedPreKeyCount(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1+812+1, count)

		device.PushName = "Anna"
		require.NoError(t, device.Save(t.Context()))
		stored, err := devices.GetDevice(t.Context(), jid)
		require.NoError(t, err)
		assert.Equal(t, "Anna", stored.PushName)

		require.NoError(t, devices.remove(t.Context(), jid))
		require.ErrorIs(t, device.Save(t.Context()), store.ErrDeviceDeleted, "what is removed stays removed")
		stored, err = devices.GetDevice(t.Context(), jid)
		require.NoError(t, err)
		assert.Nil(t, stored)
		require.NoError(t, devices.remove(t.Context(), jid), "removing it twice")
	})
}
