package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"wagateway/models/fault"
	"wagateway/whatsapp/outbound"
)

const field = "media.url"

// serve starts a server at an address of this machine.
func serve(t *testing.T, host string, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// resolver starts a DNS server that gives every name the addresses that answer
// has for it, and none for others.
func resolver(t *testing.T, answer func(name string) []string) *net.Resolver {
	t.Helper()
	socket, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, socket.Close()) })
	go func() {
		packet := make([]byte, 1500)
		for {
			n, from, err := socket.ReadFrom(packet)
			if err != nil {
				return
			}
			var message dnsmessage.Message
			if message.Unpack(packet[:n]) != nil || len(message.Questions) != 1 {
				continue
			}
			question := message.Questions[0]
			addresses := answer(strings.TrimSuffix(question.Name.String(), "."))
			message.Header = dnsmessage.Header{ID: message.ID, Response: true, Authoritative: true, RecursionAvailable: true}
			message.Additionals = nil
			if addresses == nil {
				message.RCode = dnsmessage.RCodeNameError
			}
			for _, address := range addresses {
				ip := netip.MustParseAddr(address)
				header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 1}
				switch {
				case ip.Is4() && question.Type == dnsmessage.TypeA:
					message.Answers = append(message.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
				case ip.Is6() && question.Type == dnsmessage.TypeAAAA:
					message.Answers = append(message.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
				}
			}
			if packed, err := message.Pack(); err == nil {
				_, _ = socket.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

func openGuard() *outbound.Guard { return outbound.New(outbound.Config{AllowPrivate: true}) }

// requireFault checks a failure's code, reason and field.
func requireFault(t *testing.T, err error, code fault.Code, reason fault.Reason, context ...any) {
	t.Helper()
	require.Error(t, err, context...)
	f := fault.From(err)
	require.Equal(t, code, f.Code(), "%v %v", err, context)
	require.Equal(t, reason, f.Reason(), "%v %v", err, context)
	require.Equal(t, field, f.Details()["field"], context...)
}

func TestFetch(t *testing.T) {
	t.Parallel()
	server := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "wagateway", r.UserAgent())
		assert.Equal(t, "identity", r.Header.Get("Accept-Encoding"))
		assert.Empty(t, r.Referer())
		for name, value := range r.URL.Query() {
			w.Header().Set(name, value[0])
		}
		if to := r.URL.Query().Get("Location"); to != "" {
			w.WriteHeader(http.StatusFound)
		}
		_, _ = w.Write([]byte("content"))
	})
	for path, want := range map[string]outbound.FetchInfo{
		"/a/cat.jpg?Content-Type=image/jpeg":                                                         {ContentType: "image/jpeg", Filename: "cat.jpg"},
		"/a/?Content-Type=Image/JPEG%3B+charset=utf-8":                                               {ContentType: "image/jpeg"},
		"/a/cat.jpg?Content-Type=nonsense/":                                                          {Filename: "cat.jpg"},
		"/a%2Fb%5Cc%0Ad.txt?Content-Type=text/plain":                                                 {ContentType: "text/plain", Filename: "cd.txt"},
		"/x?Content-Type=a/b&Content-Disposition=attachment%3B+filename=b.pdf":                       {ContentType: "a/b", Filename: "b.pdf"},
		"/x?Content-Type=a/b&Content-Disposition=inline%3B+filename*=UTF-8''%25e2%2582%25ac.pdf":     {ContentType: "a/b", Filename: "€.pdf"},
		"/x?Content-Type=a/b&Content-Disposition=attachment%3B+filename=%22..%5C%5C..%5C%5Cc.exe%22": {ContentType: "a/b", Filename: "c.exe"},
		"/x?Content-Type=a/b&Content-Disposition=attachment%3B+filename=%22../../etc/passwd%22":      {ContentType: "a/b", Filename: "passwd"},
		"/x.y?Content-Type=a/b&Content-Disposition=attachment%3B+filename=%22..%22":                  {ContentType: "a/b", Filename: "x.y"},
		"/once?Location=" + url.QueryEscape("/final.png?Content-Type=image/png&X=secret#fragment"):   {ContentType: "image/png", Filename: "once"},
	} {
		var got bytes.Buffer
		info, err := openGuard().Fetch(t.Context(), field, server.URL+path, 7, &got)
		require.NoError(t, err, path)
		want.Size = 7
		assert.Equal(t, want, info, path)
		assert.Equal(t, "content", got.String())
	}
}

func TestFetchRefusesAddresses(t *testing.T) {
	t.Parallel()
	guard := outbound.New(outbound.Config{})
	for address, reason := range map[string]fault.Reason{
		"http://169.254.169.254/latest/meta-data/": fault.ReasonPrivateAddress,
		"http://[fd00:ec2::254]/":                  fault.ReasonPrivateAddress,
		"http://localhost/":                        fault.ReasonPrivateAddress,
		"http://127.0.0.1/":                        fault.ReasonPrivateAddress,
		"http://[::1]/":                            fault.ReasonPrivateAddress,
		"http://[::ffff:7f00:1]/":                  fault.ReasonPrivateAddress,
		"http://0.0.0.0/":                          fault.ReasonPrivateAddress,
		"http://2130706433/":                       fault.ReasonPrivateAddress,
		"http://0177.0.0.1/":                       fault.ReasonPrivateAddress,
		"http://017700000001/":                     fault.ReasonPrivateAddress,
		"http://0x7f.1/":                           fault.ReasonPrivateAddress,
		"ftp://example.com/x":                      "",
		"file:///etc/passwd":                       "",
		"data:image/png;base64,AAAA":               "",
		"https://user:secret@example.com/":         "",
		"":                                         "",
	} {
		_, err := guard.Fetch(t.Context(), field, address, 10, io.Discard)
		requireFault(t, err, fault.Validation, reason, address)
	}
}

// A name is judged by what it resolves to when it is dialled, each time anew.
func TestFetchJudgesResolvedAddresses(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	server := serve(t, "127.0.0.1", func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	public := serve(t, "127.0.0.2", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("content")) })
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	_, publicPort, err := net.SplitHostPort(public.Listener.Addr().String())
	require.NoError(t, err)

	var rebound atomic.Bool
	guard := outbound.New(outbound.Config{Resolver: resolver(t, func(name string) []string {
		switch name {
		case "loopback.example.com":
			return []string{"127.0.0.1"}
		case "six.example.com":
			return []string{"::1"}
		case "metadata.example.com":
			return []string{"169.254.169.254"}
		case "private.example.com":
			return []string{"10.0.0.1", "192.168.0.1"}
		case "public.example.com":
			return []string{"127.0.0.2"}
		case "rebinding.example.com":
			if rebound.Load() {
				return []string{"127.0.0.1"}
			}
			return []string{"127.0.0.2"}
		}
		return nil
	})})
	guard.Publish(netip.MustParsePrefix("127.0.0.2/32"))
	for _, name := range []string{"loopback.example.com", "six.example.com", "metadata.example.com", "private.example.com"} {
		_, err := guard.Fetch(t.Context(), field, "http://"+name+":"+port+"/x", 10, io.Discard)
		requireFault(t, err, fault.Validation, fault.ReasonPrivateAddress, name)
		assert.NotContains(t, fault.From(err).Message(), "127.0.0.1", "what a name resolves to is not told")
	}
	_, err = guard.Fetch(t.Context(), field, "http://missing.example.com/x", 10, io.Discard)
	requireFault(t, err, fault.Validation, fault.ReasonMediaFetch)

	for _, name := range []string{"public.example.com", "rebinding.example.com"} {
		info, err := guard.Fetch(t.Context(), field, "http://"+name+":"+publicPort+"/x", 10, io.Discard)
		require.NoError(t, err)
		assert.Equal(t, int64(7), info.Size)
	}
	rebound.Store(true)
	_, err = guard.Fetch(t.Context(), field, "http://rebinding.example.com:"+port+"/x", 10, io.Discard)
	requireFault(t, err, fault.Validation, fault.ReasonPrivateAddress)
	assert.Zero(t, reached.Load())
}

// A redirect may lead nowhere that the caller could not have named.
func TestFetchJudgesRedirects(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	inner := serve(t, "127.0.0.1", func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	_, innerPort, err := net.SplitHostPort(inner.Listener.Addr().String())
	require.NoError(t, err)
	public := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		if n, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil {
			if n == 0 {
				_, _ = w.Write([]byte("content"))
				return
			}
			http.Redirect(w, r, "/?n="+strconv.Itoa(n-1), http.StatusMovedPermanently)
			return
		}
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	guard := outbound.New(outbound.Config{Resolver: resolver(t, func(name string) []string {
		if name == "evil.example.com" {
			return []string{"127.0.0.1"}
		}
		return nil
	})})
	guard.Publish(netip.MustParsePrefix("127.0.0.2/32"))
	for to, reason := range map[string]fault.Reason{
		inner.URL:                              fault.ReasonPrivateAddress,
		"//127.0.0.1:" + innerPort + "/":       fault.ReasonPrivateAddress,
		"http://localhost:" + innerPort + "/":  fault.ReasonPrivateAddress,
		"http://evil.example.com:" + innerPort: fault.ReasonPrivateAddress,
		"http://169.254.169.254/latest/":       fault.ReasonPrivateAddress,
		"http://0x7f000001:" + innerPort + "/": fault.ReasonPrivateAddress,
		"file:///etc/passwd":                   "",
		"gopher://127.0.0.1:6379/":             "",
		"http://user:secret@127.0.0.2/":        "",
		"":                                     fault.ReasonMediaFetch,
	} {
		_, err := guard.Fetch(t.Context(), field, public.URL+"/?to="+url.QueryEscape(to), 10, io.Discard)
		requireFault(t, err, fault.Validation, reason, to)
	}
	assert.Zero(t, reached.Load())

	_, err = guard.Fetch(t.Context(), field, public.URL+"/?n=5", 10, io.Discard)
	require.NoError(t, err)
	_, err = guard.Fetch(t.Context(), field, public.URL+"/?n=6", 10, io.Discard)
	requireFault(t, err, fault.Validation, fault.ReasonMediaFetch)
	_, err = guard.Fetch(t.Context(), field, public.URL+"/?n=1000000", 10, io.Discard)
	requireFault(t, err, fault.Validation, fault.ReasonMediaFetch)
}

func TestFetchBoundsSizes(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 1<<20)
	var packed bytes.Buffer
	pack := gzip.NewWriter(&packed)
	_, err := pack.Write(zeros)
	require.NoError(t, err)
	require.NoError(t, pack.Close())
	server := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/said":
			w.Header().Set("Content-Length", "101")
			_, _ = w.Write(zeros[:101])
		case "/unsaid":
			_, _ = w.Write(zeros[:50])
			w.(http.Flusher).Flush()
			_, _ = w.Write(zeros[:51])
		case "/exact":
			_, _ = w.Write(zeros[:100])
		case "/endless":
			for err := error(nil); err == nil; {
				_, err = w.Write(zeros)
			}
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		case "/short":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write(zeros[:10])
		}
	})
	for _, path := range []string{"/said", "/unsaid", "/endless"} {
		var got bytes.Buffer
		_, err := openGuard().Fetch(t.Context(), field, server.URL+path, 100, &got)
		requireFault(t, err, fault.Validation, fault.ReasonMediaTooLarge, path)
		assert.Equal(t, int64(100), fault.From(err).Details()["maxBytes"])
		assert.LessOrEqual(t, got.Len(), 101, path)
	}
	info, err := openGuard().Fetch(t.Context(), field, server.URL+"/exact", 100, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, int64(100), info.Size)

	var got bytes.Buffer
	_, err = openGuard().Fetch(t.Context(), field, server.URL+"/gzip", 10_000, &got)
	require.NoError(t, err)
	assert.Equal(t, packed.Bytes(), got.Bytes(), "nothing is unpacked")

	_, err = openGuard().Fetch(t.Context(), field, server.URL+"/short", 100, io.Discard)
	requireFault(t, err, fault.Upstream, fault.ReasonMediaFetch)
}

// Neither a server that does not answer nor one that dribbles holds a fetch for
// longer than its bound.
func TestFetchBoundsTime(t *testing.T) {
	t.Parallel()
	server := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/dribble" {
			for {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}
		<-r.Context().Done()
	})
	guard := outbound.New(outbound.Config{AllowPrivate: true, FetchTimeout: 150 * time.Millisecond})
	for _, path := range []string{"/silent", "/dribble"} {
		_, err := guard.Fetch(t.Context(), field, server.URL+path, 1<<30, io.Discard)
		requireFault(t, err, fault.Upstream, fault.ReasonTimeout, path)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := openGuard().Fetch(ctx, field, server.URL+"/dribble", 1<<30, writer(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}))
	require.ErrorIs(t, err, context.Canceled)
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestFetchTellsWhoseFaultItIs(t *testing.T) {
	t.Parallel()
	server := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
		status, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(status)
	})
	for status, code := range map[int]fault.Code{
		204: fault.Validation, 206: fault.Validation, 304: fault.Validation, 400: fault.Validation, 401: fault.Validation, 403: fault.Validation,
		404: fault.Validation, 410: fault.Validation, 408: fault.Upstream, 425: fault.Upstream, 429: fault.Upstream, 500: fault.Upstream, 503: fault.Upstream,
	} {
		_, err := openGuard().Fetch(t.Context(), field, server.URL+"/"+strconv.Itoa(status), 10, io.Discard)
		requireFault(t, err, code, fault.ReasonMediaFetch, status)
		assert.Equal(t, status, fault.From(err).Details()["status"])
	}
	_, err := openGuard().Fetch(t.Context(), field, server.URL+"/cut?signature=hunter2", 10, io.Discard)
	requireFault(t, err, fault.Upstream, fault.ReasonMediaFetch)
	assert.NotContains(t, err.Error(), "hunter2", "an address may hold a secret")
	server.Close()
	_, err = openGuard().Fetch(t.Context(), field, server.URL+"/?signature=hunter2", 10, io.Discard)
	requireFault(t, err, fault.Upstream, fault.ReasonMediaFetch)
	assert.NotContains(t, err.Error(), "hunter2", "an address may hold a secret")

	unsafe := httptest.NewUnstartedServer(http.NotFoundHandler())
	unsafe.Config.ErrorLog = log.New(io.Discard, "", 0)
	unsafe.StartTLS()
	t.Cleanup(unsafe.Close)
	_, err = openGuard().Fetch(t.Context(), field, unsafe.URL, 10, io.Discard)
	requireFault(t, err, fault.Upstream, fault.ReasonMediaFetch, "a certificate that nobody vouches for")

	full := serve(t, "127.0.0.1", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("content")) })
	disk := errors.New("no space left")
	_, err = openGuard().Fetch(t.Context(), field, full.URL, 10, writer(func([]byte) (int, error) { return 0, disk }))
	require.ErrorIs(t, err, disk)
	assert.Equal(t, fault.Internal, fault.CodeOf(err))
}

func TestCleanName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 200)
	for name, want := range map[string]string{
		"a.pdf": "a.pdf", "/": "", "..": "", "a/..": "", `C:\x\y.doc`: "y.doc", " a b.txt ": "a b.txt", "a\x00\n\u202eb.txt": "ab.txt",
		"\xff.txt": ".txt", long + ".jpeg": strings.Repeat("ä", 125) + ".jpeg", "." + long: "." + strings.Repeat("ä", 127),
	} {
		assert.Equal(t, want, outbound.CleanName(name), name)
	}
}
