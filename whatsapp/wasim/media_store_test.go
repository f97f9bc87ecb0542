package wasim

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A large file must not stay in memory, nor on disk behind the server's end.
func TestLargeMediaIsOnDiskWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	srv, err := New(Options{})
	require.NoError(t, err)
	large, small := bytes.Repeat([]byte("media"), inMemory), []byte("media")
	paths := map[string][]byte{}
	for _, data := range [][]byte{small, large} {
		file, err := srv.host("491700000001", data, imageKeys)
		require.NoError(t, err)
		paths[file.directPath] = data
		kept, ok := srv.media.get(file.directPath)
		require.True(t, ok)
		assert.Equal(t, len(data) < inMemory, kept.dir == nil)
		assert.Equal(t, kept.dir == nil, len(kept.data) > 0)
		sealed, err := kept.read()
		require.NoError(t, err)
		assert.EqualValues(t, len(sealed), kept.size)
		plain, err := openMedia(sealed, imageKeys, file)
		require.NoError(t, err)
		assert.Equal(t, data, plain)
		_, err = openMedia(sealed, videoKeys, file)
		require.ErrorIs(t, err, ErrMediaBroken)
		file.length++
		_, err = openMedia(sealed, imageKeys, file)
		require.ErrorIs(t, err, ErrMediaBroken)
		again, ok := srv.media.get(srv.media.again(kept))
		require.True(t, ok)
		assert.Equal(t, kept, again)
	}
	dropped := srv.media.create("")
	_, err = dropped.Write(large)
	require.NoError(t, err)
	dropped.discard()
	left, err := filepath.Glob(filepath.Join(srv.media.dir.Name(), "*"))
	require.NoError(t, err)
	assert.Len(t, left, 1)
	require.NoError(t, srv.Close())
	_, err = os.Stat(srv.media.dir.Name())
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Len(t, paths, 2)
}
