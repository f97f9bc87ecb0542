package webhook_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
)

// A header that is allowed arrives as that header and nothing else, whoever
// reads the request.
func FuzzCheckHeaders(f *testing.F) {
	for _, seed := range [][2]string{
		{"X-Tenant", "acme"}, {"X-A\r\nHost", "v"}, {"X-A", "v\r\nHost: evil"}, {"Host", "x"}, {"Content-Length", "0"}, {"X A", "v"},
		{"Webhook-Id", "x"}, {"transfer-encoding", "chunked"}, {"X-Ä", "v"}, {"X", "ü"}, {"", ""}, {"X-\x00", "\x7f"}, {"X-A", "\tv\t"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		if err := models.CheckHeaders("customHeaders", map[string]string{name: value}); err != nil {
			assert.Equal(t, fault.Validation, fault.CodeOf(err))
			return
		}
		request, err := http.NewRequest(http.MethodPost, "http://example.com/hook", strings.NewReader("body"))
		require.NoError(t, err)
		request.Header.Set("User-Agent", "")
		request.Header.Set(name, value)
		var wire strings.Builder
		require.NoError(t, request.Write(&wire))
		read, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire.String())))
		require.NoError(t, err)
		assert.Equal(t, "example.com", read.Host)
		assert.EqualValues(t, 4, read.ContentLength)
		assert.Empty(t, read.TransferEncoding)
		assert.Equal(t, strings.Trim(value, " \t"), read.Header.Get(name))
		delete(read.Header, http.CanonicalHeaderKey(name))
		delete(read.Header, "Content-Length")
		assert.Empty(t, read.Header)
	})
}
