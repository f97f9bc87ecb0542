package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3afero"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/spf13/afero"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/blob"
)

func TestMain(m *testing.M) {
	// A bucket's credentials come from the environment only.
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": ""} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// s3 starts an S3 server with one bucket and gives the bucket's address. around
// may change what it does.
func s3(t testing.TB, around func(http.Handler) http.Handler) string {
	t.Helper()
	return serveS3(t, s3mem.New(), around)
}

// s3OnDisk is an S3 server that has no file in memory. Unlike S3 it takes a key
// for a folder when another is below it.
func s3OnDisk(t testing.TB) string {
	t.Helper()
	backend, err := s3afero.MultiBucket(afero.NewBasePathFs(afero.NewOsFs(), t.TempDir()))
	require.NoError(t, err)
	return serveS3(t, backend, nil)
}

func serveS3(t testing.TB, backend gofakes3.Backend, around func(http.Handler) http.Handler) string {
	t.Helper()
	require.NoError(t, backend.CreateBucket("media"))
	handler := gofakes3.New(backend).Server()
	if around != nil {
		handler = around(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return "s3://media/some/prefix?path-style=true&endpoint=" + server.URL
}

func open(t testing.TB, address string) *blob.Store {
	t.Helper()
	store, err := blob.Open(t.Context(), address, filepath.Join(t.TempDir(), "scratch"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	return store
}

// each runs a test on every kind of place.
func each(t *testing.T, test func(t *testing.T, store *blob.Store)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		address, err := blob.FolderURL(filepath.Join(t.TempDir(), "a folder", "media"))
		require.NoError(t, err)
		test(t, open(t, address))
	})
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, s3(t, nil)))
	})
}

func read(t *testing.T, store *blob.Store, key string, offset, length int64) string {
	t.Helper()
	r, err := store.NewReader(t.Context(), key, offset, length)
	require.NoError(t, err)
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return string(content)
}

func keys(t *testing.T, store *blob.Store, folder string) []string {
	t.Helper()
	all := []string{}
	for info, err := range store.List(t.Context(), folder) {
		require.NoError(t, err)
		all = append(all, info.Key)
	}
	slices.Sort(all)
	return all
}

func put(t *testing.T, store *blob.Store, key, content string) blob.Info {
	t.Helper()
	info, err := store.Put(t.Context(), key, strings.NewReader(content))
	require.NoError(t, err)
	return info
}

func TestStore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, store *blob.Store) {
		require.NoError(t, store.Check(t.Context()))
		sum := sha256.Sum256([]byte("0123456789"))
		assert.Equal(t, blob.Info{Key: "01A/01B", Size: 10, SHA256: sum[:]}, put(t, store, "01A/01B", "0123456789"))

		for _, test := range []struct {
			offset, length int64
			want           string
		}{
			{0, -1, "0123456789"}, {0, 10, "0123456789"}, {0, 1, "0"}, {0, 0, ""}, {4, -1, "456789"}, {4, 3, "456"},
			{9, 1, "9"}, {9, 100, "9"}, {10, -1, ""}, {10, 5, ""}, {1 << 40, -1, ""}, {3, 1 << 62, "3456789"},
		} {
			assert.Equal(t, test.want, read(t, store, "01A/01B", test.offset, test.length), "%d+%d", test.offset, test.length)
		}
		for _, wrong := range [][2]int64{{-1, 1}, {0, -2}} {
			_, err := store.NewReader(t.Context(), "01A/01B", wrong[0], wrong[1])
			assert.ErrorContains(t, err, "no range")
		}

		info, err := store.Stat(t.Context(), "01A/01B")
		require.NoError(t, err)
		assert.Equal(t, int64(10), info.Size)
		assert.WithinDuration(t, time.Now(), info.Modified, time.Hour)

		put(t, store, "01A/01B", "new")
		assert.Equal(t, "new", read(t, store, "01A/01B", 0, -1), "a file is replaced as a whole")
		put(t, store, "01A/empty", "")
		assert.Empty(t, read(t, store, "01A/empty", 0, -1))
		put(t, store, "01AA/x", "x")
		assert.Equal(t, []string{"01A/01B", "01A/empty", "01AA/x"}, keys(t, store, ""))
		assert.Equal(t, []string{"01A/01B", "01A/empty"}, keys(t, store, "01A"))
		assert.Empty(t, keys(t, store, "01"))
		assert.Empty(t, keys(t, store, "01A/01B"))

		require.NoError(t, store.Delete(t.Context(), "01A/01B"))
		require.NoError(t, store.Delete(t.Context(), "01A/01B"), "a file that is missing is deleted already")
		require.NoError(t, store.Delete(t.Context(), "01A"), "a folder is no file")
		require.NoError(t, store.DeleteFolder(t.Context(), "01A"))
		require.NoError(t, store.DeleteFolder(t.Context(), "01A"))
		assert.Equal(t, []string{"01AA/x"}, keys(t, store, ""))
	})
}

func TestMissing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, store *blob.Store) {
		put(t, store, "01A/file", "x")
		for _, key := range []string{"01A/other", "01B/file", "01A/file/below"} {
			_, err := store.Stat(t.Context(), key)
			require.ErrorIs(t, err, blob.ErrNotFound, key)
			for _, length := range []int64{-1, 0, 5} {
				_, err = store.NewReader(t.Context(), key, 0, length)
				require.ErrorIs(t, err, blob.ErrNotFound, key)
			}
			_, err = store.OpenFile(t.Context(), key)
			require.ErrorIs(t, err, blob.ErrNotFound, key)
		}
	})
}

func TestKeysStayInside(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, store *blob.Store) {
		for _, key := range []string{
			"", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/./x", "a//b", "a/", ".part/x", "a/.hidden", `a\b`, `..\x`, "a:b", "a b",
			"a\x00b", "a\nb", "a%2fb", "ä", "a?b", "a*b", "CON:", strings.Repeat("k", 513),
		} {
			_, err := store.Put(t.Context(), key, strings.NewReader("x"))
			require.Error(t, err, key)
			_, err = store.NewReader(t.Context(), key, 0, -1)
			require.Error(t, err, key)
			_, err = store.Stat(t.Context(), key)
			require.Error(t, err, key)
			require.Error(t, store.Delete(t.Context(), key), key)
			require.Error(t, store.DeleteFolder(t.Context(), key), key)
			for _, err := range store.List(t.Context(), key) {
				assert.Equal(t, key != "", err != nil, key)
			}
		}
		assert.Empty(t, keys(t, store, ""))
	})
}

// A file that could not be read to its end is never there, and leaves nothing.
func TestPutThatFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, store *blob.Store) {
		put(t, store, "s/old", "old")
		cut := errors.New("connection cut")
		for _, key := range []string{"s/new", "s/old"} {
			_, err := store.Put(t.Context(), key, io.MultiReader(strings.NewReader(strings.Repeat("half", 100_000)), iotest.ErrReader(cut)))
			require.ErrorIs(t, err, cut)
		}
		gone := errors.New("the caller has gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		endless := iotest.OneByteReader(rand.NewChaCha8([32]byte{}))
		_, err := store.Put(ctx, "s/new", readerFunc(func(p []byte) (int, error) {
			cancel(gone)
			return endless.Read(p)
		}))
		require.ErrorIs(t, err, gone)

		assert.Equal(t, []string{"s/old"}, keys(t, store, ""))
		assert.Equal(t, "old", read(t, store, "s/old", 0, -1))
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestSweep(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, store *blob.Store) {
		const files = 520 // more than are asked about at once
		for i := range files {
			put(t, store, "s"+strconv.Itoa(i%3)+"/"+strconv.Itoa(i), "x")
		}
		var asked []int
		odd := func(_ context.Context, keys []string) (gone []string, err error) {
			asked = append(asked, len(keys))
			for _, key := range keys {
				if n, err := strconv.Atoi(key[3:]); err == nil && n%2 == 1 {
					gone = append(gone, key)
				}
			}
			return gone, nil
		}
		swept, err := store.Sweep(t.Context(), time.Now().Add(-time.Hour), odd)
		require.NoError(t, err)
		assert.Zero(t, swept, "what is young may not be known yet")
		assert.Empty(t, asked)

		down := errors.New("database down")
		swept, err = store.Sweep(t.Context(), time.Now().Add(time.Hour), func(context.Context, []string) ([]string, error) { return nil, down })
		require.ErrorIs(t, err, down)
		assert.Zero(t, swept)

		swept, err = store.Sweep(t.Context(), time.Now().Add(time.Hour), odd)
		require.NoError(t, err)
		assert.Equal(t, files/2, swept)
		assert.Equal(t, []int{500, 20}, asked)
		assert.Len(t, keys(t, store, ""), files/2)
	})
}

func TestTemp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, store *blob.Store) {
		temp, err := store.Temp()
		require.NoError(t, err)
		_, err = temp.WriteString("decrypted in place")
		require.NoError(t, err)
		assert.Empty(t, keys(t, store, ""), "a file under way is not seen")
		for _, key := range []string{"s/first", "s/second"} {
			info, err := store.Put(t.Context(), key, temp)
			require.NoError(t, err)
			if key == "s/first" {
				sum := sha256.Sum256([]byte("decrypted in place"))
				assert.Equal(t, sum[:], info.SHA256)
			}
			_, err = temp.Seek(0, io.SeekStart)
			require.NoError(t, err)
		}
		require.NoError(t, temp.Close())
		require.NoError(t, temp.Close())
		assert.Equal(t, []string{"s/first", "s/second"}, keys(t, store, ""))
		assert.Equal(t, "decrypted in place", read(t, store, "s/second", 0, -1))

		unused, err := store.Temp()
		require.NoError(t, err)
		require.NoError(t, unused.Close())
		assert.NoFileExists(t, unused.Name())
	})
}

// What a process that died left under way goes at a later start; what another
// one may still be writing stays.
func TestOpenRemovesWhatWasLeft(t *testing.T) {
	t.Parallel()
	folder, scratch := t.TempDir(), t.TempDir()
	address, err := blob.FolderURL(folder)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(folder, ".part"), 0o700))
	for name, places := range map[string][]string{address: {filepath.Join(folder, ".part")}, s3(t, nil): {scratch}} {
		for _, place := range places {
			for _, file := range []string{"old.part", "young.part", "others.txt"} {
				require.NoError(t, os.WriteFile(filepath.Join(place, file), []byte("x"), 0o600))
			}
			for _, file := range []string{"old.part", "others.txt"} {
				require.NoError(t, os.Chtimes(filepath.Join(place, file), time.Time{}, time.Now().Add(-25*time.Hour)))
			}
			store, err := blob.Open(t.Context(), name, scratch)
			require.NoError(t, err)
			require.NoError(t, store.Close())
			assert.NoFileExists(t, filepath.Join(place, "old.part"))
			assert.FileExists(t, filepath.Join(place, "young.part"))
			assert.FileExists(t, filepath.Join(place, "others.txt"))
		}
	}
}

func TestServedInRanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, store *blob.Store) {
		put(t, store, "s/f", "0123456789")
		for header, want := range map[string]string{"": "0123456789", "bytes=2-4": "234", "bytes=-3": "789", "bytes=9-": "9"} {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			request.Header.Set("Range", header)
			answer := httptest.NewRecorder()
			file, err := store.OpenFile(t.Context(), "s/f")
			require.NoError(t, err)
			http.ServeContent(answer, request, "f.txt", file.Modified, file)
			require.NoError(t, file.Close())
			assert.Equal(t, want, answer.Body.String(), header)
		}
		file, err := store.OpenFile(t.Context(), "s/f")
		require.NoError(t, err)
		require.NoError(t, iotest.TestReader(file, []byte("0123456789")))
		_, err = file.Seek(-1, io.SeekStart)
		require.Error(t, err)
		put(t, store, "s/f", "01")
		_, err = file.Seek(0, io.SeekStart)
		require.NoError(t, err)
		_, err = io.ReadAll(file)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "half a file is not taken for the whole")
		require.NoError(t, file.Close())
	})
}

// A file's size must not show in the heap. All that is allocated is counted, also
// what is freed at once, the S3 server's part included. It runs alone.
func TestMemory(t *testing.T) {
	const size, most = 64 << 20, 1 << 20
	folder, err := blob.FolderURL(t.TempDir())
	require.NoError(t, err)
	source := rand.NewChaCha8([32]byte{1})
	for name, address := range map[string]string{"folder": folder, "bucket": s3OnDisk(t)} {
		store := open(t, address)
		_, err := store.Put(t.Context(), "s/warm", strings.NewReader("connections and their buffers stay"))
		require.NoError(t, err)

		var before, between, after runtime.MemStats
		runtime.ReadMemStats(&before)
		info, err := store.Put(t.Context(), "s/large", io.LimitReader(source, size))
		require.NoError(t, err)
		runtime.ReadMemStats(&between)
		r, err := store.NewReader(t.Context(), "s/large", 0, -1)
		require.NoError(t, err)
		sum := sha256.New()
		n, err := io.Copy(sum, r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		runtime.ReadMemStats(&after)

		assert.Equal(t, int64(size), n)
		assert.Equal(t, info.SHA256, sum.Sum(nil))
		t.Logf("%s: %d bytes allocated to store 64 MiB, %d to read them", name, between.TotalAlloc-before.TotalAlloc, after.TotalAlloc-between.TotalAlloc)
		assert.Less(t, between.TotalAlloc-before.TotalAlloc, uint64(most), name)
		assert.Less(t, after.TotalAlloc-between.TotalAlloc, uint64(most), name)
	}
}

// FuzzKey: no key that is taken names anything outside the store.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"01A/01B", "../x", "a/..", "/a", "a//b", ".part/x", `a\..\b`, "a\x00", "..."} {
		f.Add(seed)
	}
	folder := f.TempDir()
	address, err := blob.FolderURL(filepath.Join(folder, "media"))
	require.NoError(f, err)
	store := open(f, address)
	f.Fuzz(func(t *testing.T, key string) {
		_, err := store.Put(t.Context(), key, bytes.NewReader([]byte("x")))
		if err != nil {
			return
		}
		require.True(t, filepath.IsLocal(key), key)
		require.FileExists(t, filepath.Join(folder, "media", key))
		require.NoError(t, store.Delete(t.Context(), key))
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	})
}
