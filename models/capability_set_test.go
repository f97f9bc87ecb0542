package models_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
)

func TestCapabilitySetIsCanonical(t *testing.T) {
	t.Parallel()
	set, err := models.NewCapabilitySet(models.Manage, models.Read, models.Manage)
	require.NoError(t, err)
	assert.Equal(t, models.CapabilitySet{models.Read, models.Manage}, set)
	assert.True(t, set.Has(models.Manage))
	assert.False(t, set.Has(models.Send))
	assert.True(t, set.HasAny(models.Send, models.Read))
	assert.False(t, set.HasAny(models.Send, models.SuperAdmin))
	assert.Equal(t, "read,manage", set.String())

	stored, err := models.CapabilitySet{models.Send, models.Read}.Value()
	require.NoError(t, err)
	assert.Equal(t, "read,send", stored)

	_, err = models.NewCapabilitySet("root")
	require.Error(t, err)
	_, err = models.CapabilitySet{"root"}.Value()
	require.Error(t, err)
}

func TestCapabilitySetScan(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]models.CapabilitySet{
		"":                             {},
		"read":                         {models.Read},
		"send,read":                    {models.Read, models.Send},
		"read,send,manage,super_admin": {models.Read, models.Send, models.Manage, models.SuperAdmin},
	} {
		var set models.CapabilitySet
		require.NoError(t, set.Scan(stored))
		assert.Equal(t, want, set)
		require.NoError(t, set.Scan([]byte(stored)))
		assert.Equal(t, want, set)
	}
	for _, bad := range []any{nil, 7, "root", "read,", ",", "READ", "read;send"} {
		var set models.CapabilitySet
		require.Error(t, set.Scan(bad), "%v", bad)
		assert.Nil(t, set)
	}
}

func FuzzCapabilitySetScan(f *testing.F) {
	for _, seed := range []string{"", "read", "read,send", "send,,read", "read,root", "\x00", strings.Repeat("read,", 99)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		var set models.CapabilitySet
		if err := set.Scan(stored); err != nil {
			return
		}
		again, err := set.Value()
		require.NoError(t, err)
		var second models.CapabilitySet
		require.NoError(t, second.Scan(again))
		assert.Equal(t, set, second)
		assert.LessOrEqual(t, len(set), 4)
	})
}
