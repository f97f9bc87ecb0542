package outbound_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
	"wagateway/whatsapp/outbound"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const (
		fine     = ""
		private  = "private_address"
		never    = "never" // not with private ones allowed either
		bad      = "bad"
		metadata = "http://169.254.169.254/latest/meta-data/"
	)
	for address, want := range map[string]string{
		"https://example.com":                     fine,
		"http://example.com:8080/a?b=c&d=%23":     fine,
		"https://EXAMPLE.com./":                   fine,
		"https://xn--mnchen-3ya.de/":              fine,
		"https://münchen.de/hook":                 fine,
		"http://8.8.8.8/":                         fine,
		"http://[2606:4700:4700::1111]:8443/x":    fine,
		"":                                        bad,
		"example.com/hook":                        bad,
		"//example.com/hook":                      bad,
		"ftp://example.com/":                      bad,
		"file:///etc/passwd":                      bad,
		"javascript:alert(1)":                     bad,
		"http:example.com":                        bad,
		"http://":                                 bad,
		"http:///path":                            bad,
		"http://:80/":                             bad,
		"http://./":                               bad,
		"https://user@example.com/":               bad,
		"https://user:secret@example.com/":        bad,
		"https://@example.com/":                   bad,
		"https://example.com#frag":                bad,
		"https://example.com/#":                   bad,
		"http://127.0.0.1#@example.com/":          bad,
		"https://example.com:0/":                  bad,
		"https://example.com:/":                   bad,
		"https://example.com:65536/":              bad,
		"https://example.com:http/":               bad,
		"https://example.com:-1/":                 bad,
		"https://exa mple.com/":                   bad,
		"https://example.com/a b":                 bad,
		"https://example.com/\r\nHost: evil":      bad,
		"https://example.com/\x00":                bad,
		`https:\\example.com\`:                    bad,
		`https://example.com\@127.0.0.1/`:         bad,
		"https://example.com/\xff":                bad,
		"https://[::1":                            bad,
		"https://%31%32%37.0.0.1/":                bad,
		"http://" + strings.Repeat("a.", 150):     bad,
		"http://a.b/" + strings.Repeat("x", 3000): bad,
		metadata:                           never,
		"http://127.0.0.1/":                private,
		"http://127.8.9.10:8080":           private,
		"http://127.1/":                    private,
		"http://2130706433/":               private,
		"http://0x7f000001/":               private,
		"http://0x7f.0.0.1/":               private,
		"http://0177.0.0.1/":               private,
		"http://1.2.3.08/":                 private,
		"http://0.0.0.0/":                  never,
		"http://10.1.2.3/":                 private,
		"http://172.16.0.1/":               private,
		"http://192.168.1.1./":             private,
		"http://100.64.0.1/":               private,
		"http://224.0.0.1/":                never,
		"http://255.255.255.255/":          never,
		"http://[::1]/":                    private,
		"http://[::]/":                     never,
		"http://[::ffff:127.0.0.1]/":       private,
		"http://[::ffff:a00:1]/":           private,
		"http://[fe80::1%25eth0]/":         never,
		"http://[fd00:ec2::254]/":          never,
		"http://[64:ff9b::7f00:1]/":        never,
		"http://[2002:7f00:1::]/":          never,
		"http://localhost/":                private,
		"http://LocalHost.:80/":            private,
		"http://a.localhost/":              private,
		"http://printer.local/":            private,
		"http://metadata.google.internal/": private,
		"http://intranet/":                 private,
	} {
		err := outbound.New(outbound.Config{}).Check(t.Context(), "url", address)
		open := outbound.New(outbound.Config{AllowPrivate: true}).Check(t.Context(), "url", address)
		switch want {
		case fine:
			assert.NoError(t, err, address)
			assert.NoError(t, open, address)
			continue
		case private, never:
			assert.Equal(t, fault.ReasonPrivateAddress, reason(err), address)
			assert.Equal(t, want == never, open != nil, "%s, with private ones allowed", address)
		default:
			assert.NotEqual(t, fault.ReasonPrivateAddress, reason(err), address)
			assert.Equal(t, fault.Validation, fault.CodeOf(open), address)
		}
		assert.Equal(t, fault.Validation, fault.CodeOf(err), address)
		if err != nil {
			assert.Equal(t, "url", fault.From(err).Details()["field"], address)
		}
	}
	assert.Equal(t, fault.Validation, fault.CodeOf(outbound.New(outbound.Config{MaxURL: 20}).Check(t.Context(), "url", "https://example.com/too-long")))
}

func reason(err error) fault.Reason {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason()
}

func post(t *testing.T, client *http.Client, address string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("{}"))
	require.NoError(t, err)
	response, err := client.Do(request)
	if err == nil {
		t.Cleanup(func() { assert.NoError(t, response.Body.Close()) })
	}
	return response, err
}

func TestClientChecksTheResolvedAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	// Resolved by the machine itself, to loopback.
	byName := "http://localhost:" + port

	guarded := outbound.New(outbound.Config{}).Client(5 * time.Second)
	for _, address := range []string{byName, server.URL} {
		_, err = post(t, guarded, address)
		require.ErrorIs(t, err, outbound.ErrRefused, address)
	}
	allowed := outbound.New(outbound.Config{AllowPrivate: true}).Client(5 * time.Second)
	response, err := post(t, allowed, byName)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
}

func TestClientFollowsNoRedirectAndNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	visited := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			visited <- struct{}{}
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	response, err := post(t, outbound.New(outbound.Config{AllowPrivate: true}).Client(5*time.Second), server.URL)
	require.NoError(t, err)
	assert.Equal(t, http.StatusTemporaryRedirect, response.StatusCode)
	assert.Empty(t, visited)
}

func TestClientBoundsHeaderAndTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			<-release
			return
		}
		w.Header().Set("X-Large", strings.Repeat("x", 8<<10))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	client := outbound.New(outbound.Config{AllowPrivate: true, MaxHeaderBytes: 1 << 10}).Client(100 * time.Millisecond)
	_, err := post(t, client, server.URL)
	require.ErrorContains(t, err, "headers exceeded")
	_, err = post(t, client, server.URL+"/hang")
	var failed *url.Error
	require.ErrorAs(t, err, &failed)
	assert.True(t, failed.Timeout())
}

// What the guard lets pass, net/http reads in the same way: with a host, and
// never a literal address that is not public.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/hook", "http://127.0.0.1", "http://[::ffff:10.0.0.1]:80/", "http://0x7f.1/", "https://a@b.c/", "http://a.b#c",
		"http://example.com\\@127.0.0.1", "http://１２７.0.0.1/", "http://127。0。0。1/", "http://localhost%2e/", "http://a.b:0",
	} {
		f.Add(seed)
	}
	guard := outbound.New(outbound.Config{})
	f.Fuzz(func(t *testing.T, address string) {
		if err := guard.Check(context.Background(), "url", address); err != nil {
			assert.Equal(t, fault.Validation, fault.CodeOf(err))
			return
		}
		request, err := http.NewRequest(http.MethodPost, address, http.NoBody)
		require.NoError(t, err)
		assert.Contains(t, []string{"http", "https"}, request.URL.Scheme)
		assert.Nil(t, request.URL.User)
		assert.Empty(t, request.URL.Fragment)
		host := request.URL.Hostname()
		require.NotEmpty(t, host)
		assert.NotContains(t, strings.ToLower(host), "localhost.")
		if literal, err := netip.ParseAddr(strings.TrimSuffix(host, ".")); err == nil {
			literal = literal.Unmap()
			assert.False(t, literal.IsLoopback() || literal.IsPrivate() || literal.IsLinkLocalUnicast() || literal.IsUnspecified() || literal.IsMulticast(), host)
		}
	})
}
