package blob_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/whatsapp/blob"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"file:///var/lib/media":                    "",
		"file:///a%20folder":                       "",
		"s3://bucket":                              "",
		"s3://bucket/a/prefix/":                    "",
		"s3://bucket?region=eu-1&path-style=false": "",
		"s3://b/p?endpoint=http://minio:9000":      "",
		"s3://b/p?endpoint=https%3A%2F%2Fminio%2F": "",
		"":                                "must be a file:/// or s3:// address",
		"/var/lib/media":                  "must be a file:/// or s3:// address",
		"gs://bucket":                     "must be a file:/// or s3:// address",
		"https://bucket.s3.amazonaws.com": "must be a file:/// or s3:// address",
		"file://media":                    "must be file:/// and an absolute path",
		"file:media":                      "must be file:/// and an absolute path",
		"file:///a?b=c":                   "must be file:/// and an absolute path",
		"file:///a%00b":                   "must be file:/// and an absolute path",
		"s3://":                           "must name a bucket",
		"s3:bucket":                       "must name a bucket",
		"s3://bucket:9000":                "must name a bucket",
		"s3://key:hunter2@bucket":         "must not hold credentials",
		"s3://bucket#x":                   "must not have a fragment",
		"s3://bucket/a/../b":              "has a prefix that is none",
		"s3://bucket?regio=x":             `knows no "regio"`,
		"s3://bucket?region=x&region=y":   "has region more than once",
		"s3://bucket?path-style=perhaps":  "path-style must be true or false",
		"s3://bucket?endpoint=minio:9000": "endpoint must be http",
		"s3://bucket?endpoint=https://u:hunter2@host": "endpoint must be http",
		"s3://bucket?endpoint=https://host/path":      "endpoint must be http",
		"s3://bucket?endpoint=%zz":                    "has parameters that cannot be read",
		"s3://hunter2:%zz@bucket":                     "must be a file:/// or s3:// address",
	} {
		err := blob.CheckURL(address)
		if want == "" {
			assert.NoError(t, err, address)
			continue
		}
		if assert.ErrorContains(t, err, want, address) {
			assert.NotContains(t, err.Error(), "hunter2", "secrets are not repeated")
		}
		_, err = blob.Open(t.Context(), address, t.TempDir())
		assert.ErrorContains(t, err, want, address)
	}
}

func TestFolderIsPrivate(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "media")
	address, err := blob.FolderURL(folder)
	require.NoError(t, err)
	store := open(t, address)
	put(t, store, "s/f", "x")
	for path, want := range map[string]os.FileMode{"": 0o700, "s": 0o700, "s/f": 0o600} {
		info, err := os.Stat(filepath.Join(folder, path))
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), path)
	}
}

// Somebody who can write into the folder, but not outside, gains nothing by a
// link; and what is not ours there is left alone.
func TestFolderIsNotLeft(t *testing.T) {
	t.Parallel()
	outside, folder := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(folder, "link")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(folder, "file")))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "lost+found"), nil, 0o600))
	address, err := blob.FolderURL(folder)
	require.NoError(t, err)
	store := open(t, address)

	_, err = store.NewReader(t.Context(), "link/secret", 0, -1)
	require.Error(t, err)
	_, err = store.NewReader(t.Context(), "file", 0, -1)
	require.Error(t, err)
	_, err = store.Put(t.Context(), "link/new", strings.NewReader("x"))
	require.Error(t, err)
	require.Error(t, store.Delete(t.Context(), "link/secret"))
	assert.Empty(t, keys(t, store, ""))
	assert.FileExists(t, filepath.Join(outside, "secret"))
	assert.NoFileExists(t, filepath.Join(outside, "new"))
}

func TestBucketThatIsMissing(t *testing.T) {
	t.Parallel()
	store := open(t, strings.Replace(s3(t, nil), "s3://media", "s3://other", 1))
	require.ErrorIs(t, store.Check(t.Context()), blob.ErrNoBucket)
	_, err := store.Put(t.Context(), "s/f", strings.NewReader("x"))
	require.ErrorIs(t, err, blob.ErrNoBucket)
}

// A service that is overloaded for a moment, or drops a connection half way,
// costs no file.
func TestBucketThatStumbles(t *testing.T) {
	t.Parallel()
	var puts atomic.Int32
	store := open(t, s3(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				switch puts.Add(1) {
				case 1:
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				case 2:
					_, _ = r.Body.Read(make([]byte, 1000))
					panic(http.ErrAbortHandler)
				}
			}
			next.ServeHTTP(w, r)
		})
	}))
	content := strings.Repeat("0123456789", 50_000)
	put(t, store, "s/f", content)
	assert.Equal(t, content, read(t, store, "s/f", 0, -1))
	assert.Equal(t, int32(3), puts.Load())
}

// What is signed is the content's digest, so that the service can refuse damage.
func TestBucketIsToldTheDigest(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	store := open(t, s3(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				seen <- r.URL.Path + " " + r.Header.Get("X-Amz-Content-Sha256")
				assert.Contains(t, r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=test/")
			}
			next.ServeHTTP(w, r)
		})
	}))
	put(t, store, "s/f", "abc")
	assert.Equal(t, "/media/some/prefix/s/f ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", <-seen)
}

func TestBucketOfOthersIsLeftAlone(t *testing.T) {
	t.Parallel()
	address := s3(t, nil)
	whole := open(t, strings.Replace(address, "/some/prefix", "", 1))
	inner := open(t, address)
	put(t, whole, "some/other", "x")
	put(t, inner, "s/f", "x")
	assert.Equal(t, []string{"s/f"}, keys(t, inner, ""))
	assert.Equal(t, []string{"some/other", "some/prefix/s/f"}, keys(t, whole, ""))
}
