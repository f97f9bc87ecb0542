package pages

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func get(t *testing.T, h http.Handler, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPagesNeedNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	handlers, err := Handlers()
	require.NoError(t, err)
	reference := regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	for _, page := range []string{"/docs", "/pair"} {
		w := get(t, handlers[page])
		require.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
		assert.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'self'")
		assert.NotContains(t, w.Body.String(), "<script>", "the policy forbids inline scripts")
		found := 0
		for _, m := range reference.FindAllStringSubmatch(w.Body.String(), -1) {
			if m[1] == "data:," || m[1] == "/api/v1/openapi.json" {
				continue
			}
			found++
			assert.Contains(t, handlers, m[1], "%s refers to it", page)
		}
		assert.Positive(t, found)
	}
}

func TestCompressedAssetsReachEverybody(t *testing.T) {
	t.Parallel()
	handlers, err := Handlers()
	require.NoError(t, err)
	h := handlers["/docs/swagger-ui-bundle.js"]
	plain := get(t, h)
	packed := get(t, h, "Accept-Encoding", "br, gzip")
	assert.Empty(t, plain.Header().Get("Content-Encoding"))
	require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
	z, err := gzip.NewReader(packed.Body)
	require.NoError(t, err)
	unpacked, err := io.ReadAll(z)
	require.NoError(t, err)
	assert.Len(t, unpacked, plain.Body.Len())
	assert.Contains(t, string(unpacked), "SwaggerUIBundle")
	assert.True(t, strings.HasPrefix(plain.Header().Get("Content-Type"), "text/javascript"))
	again := get(t, h, "If-None-Match", plain.Header().Get("ETag"))
	assert.Equal(t, http.StatusNotModified, again.Code)
	assert.Zero(t, again.Body.Len())
}
