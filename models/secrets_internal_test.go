package models

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSealedValues(t *testing.T) {
	t.Parallel()
	ours, err := newKeyring(bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	theirs, err := newKeyring(bytes.Repeat([]byte{2}, 32))
	require.NoError(t, err)

	sealed := ours.seal("proxy:1", "socks5://user:pass@proxy")
	assert.NotContains(t, string(sealed), "user:pass")
	assert.NotEqual(t, sealed, ours.seal("proxy:1", "socks5://user:pass@proxy"), "each has a nonce of its own")
	value, err := ours.open("proxy:1", sealed)
	require.NoError(t, err)
	assert.Equal(t, "socks5://user:pass@proxy", value)

	_, err = theirs.open("proxy:1", sealed)
	require.ErrorIs(t, err, ErrSecret)
	_, err = ours.open("proxy:2", sealed)
	require.ErrorIs(t, err, ErrSecret, "a value moved to another row does not open")
	for cut := range sealed {
		_, err := ours.open("proxy:1", sealed[:cut])
		require.ErrorIs(t, err, ErrSecret)
		damaged := bytes.Clone(sealed)
		damaged[cut] ^= 1
		_, err = ours.open("proxy:1", damaged)
		require.ErrorIs(t, err, ErrSecret)
	}
}
