// Package outbound guards the gateway's own network against the addresses that
// callers give: where webhooks go and media come from.
//
// An address is checked twice. [Guard.Check] refuses at once what can be told
// from its text. [Guard.Client] refuses again when it connects: then the name is
// resolved, and the very address that was checked is dialled, so a name that
// answers differently the second time gains nothing.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"code.dny.dev/ssrf"

	"wagateway/models/fault"
)

// Config says what callers' addresses may reach.
type Config struct {
	// AllowPrivate lets them reach loopback and private addresses. Link-local ones,
	// where clouds keep the machine's own credentials, stay refused.
	AllowPrivate bool
	// MaxURL bounds an address in bytes; 0 = 2048.
	MaxURL int
	// MaxHeaderBytes bounds the header of a response; 0 = 64 KiB.
	MaxHeaderBytes int64
	// ConnectionsPerHost bounds idle connections to one host; 0 = 8.
	ConnectionsPerHost int
	// FetchTimeout bounds [Guard.Fetch], redirects and the body included; 0 = 30 s.
	FetchTimeout time.Duration
	// UserAgent is what [Guard.Fetch] calls itself; "" = "wagateway".
	UserAgent string
	// Resolver looks names up; nil is the machine's.
	Resolver *net.Resolver
}

// ErrRefused is in the chain of a client's error when the guard refused to
// connect.
var ErrRefused = errors.New("the address is not allowed")

const (
	defaultMaxURL         = 2048
	defaultMaxHeaderBytes = 64 << 10
	defaultPerHost        = 8
	defaultFetchTimeout   = 30 * time.Second
	defaultUserAgent      = "wagateway"
	maxIdle               = 1024
	idleTime              = 90 * time.Second
	dialTimeout           = 10 * time.Second
)

// Guard decides what callers' addresses may reach. It is safe for concurrent use.
type Guard struct {
	config Config
	ranges *ssrf.Guardian
	media  *http.Client // of Fetch
}

// New makes a guard.
func New(config Config) *Guard {
	if config.MaxURL == 0 {
		config.MaxURL = defaultMaxURL
	}
	if config.MaxHeaderBytes == 0 {
		config.MaxHeaderBytes = defaultMaxHeaderBytes
	}
	if config.ConnectionsPerHost == 0 {
		config.ConnectionsPerHost = defaultPerHost
	}
	if config.FetchTimeout == 0 {
		config.FetchTimeout = defaultFetchTimeout
	}
	if config.UserAgent == "" {
		config.UserAgent = defaultUserAgent
	}
	g := &Guard{config: config}
	options := []ssrf.Option{ssrf.WithAnyPort()}
	if config.AllowPrivate {
		options = append(options, ssrf.WithAllowedV4Prefixes(privateV4()...), ssrf.WithAllowedV6Prefixes(privateV6()...))
	}
	g.ranges = ssrf.New(options...)
	g.media = g.Client(config.FetchTimeout)
	return g
}

// privateV4 and privateV6 are the machine itself and its private networks (RFC 1918,
// RFC 6598, RFC 4193).
func privateV4() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
	}
}

func privateV6() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fc00::/7")}
}

// metadataV6 is where a cloud keeps a machine's credentials, among private addresses.
var metadataV6 = netip.MustParseAddr("fd00:ec2::254")

// Check refuses an address that no request may go to: anything but http and
// https with a host, credentials or a fragment in it, a port that is none, and,
// unless private ones are allowed, names and literal addresses of this machine
// and its networks. The fault is a validation error about the field; it blocks
// for nothing.
func (g *Guard) Check(_ context.Context, field, rawURL string) error {
	if rawURL == "" {
		return fault.Missing(field)
	}
	if len(rawURL) > g.config.MaxURL {
		return fault.Invalid(field, field+" is too long").With("max", g.config.MaxURL)
	}
	if !utf8.ValidString(rawURL) || strings.ContainsFunc(rawURL, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return fault.Invalid(field, field+" must be an http or https address")
	}
	u, err := url.Parse(rawURL)
	if err != nil || u.Opaque != "" || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return fault.Invalid(field, field+" must be an http or https address")
	}
	if u.User != nil {
		return fault.Invalid(field, field+" must not hold credentials: use a header")
	}
	if strings.Contains(rawURL, "#") {
		return fault.Invalid(field, field+" must not have a fragment")
	}
	if err := checkPort(field, u); err != nil {
		return err
	}
	return g.checkHost(field, u.Hostname())
}

func checkPort(field string, u *url.URL) error {
	port := u.Port()
	if port == "" && !strings.HasSuffix(u.Host, ":") {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fault.Invalid(field, field+" has a port that is none")
	}
	return nil
}

// checkHost refuses what needs no resolver to be refused.
func (g *Guard) checkHost(field, host string) error {
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	if name == "" || len(name) > 253 {
		return fault.Invalid(field, field+" must be an http or https address")
	}
	address, err := netip.ParseAddr(name)
	switch {
	case err == nil && g.allowed(address) != nil:
		return refused(field)
	case err == nil, g.config.AllowPrivate:
		return nil
	case strings.Contains(name, ":"), localName(name), numeric(name):
		return refused(field)
	}
	return nil
}

// localName reports whether a name stands for this machine or its network by
// definition (RFC 6761, RFC 6762, RFC 8375, the clouds' metadata services), or has
// no dot, so that the resolver would search in the local domain.
func localName(name string) bool {
	if !strings.Contains(name, ".") {
		return true
	}
	for _, suffix := range []string{".localhost", ".local", ".internal", ".home.arpa", ".lan", ".localdomain"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// numeric reports whether a name is an IPv4 address in another spelling than
// four decimals ("127.1", "0x7f.0.0.1"), which some resolvers accept: its last
// label is a number (WHATWG URL, "ends in a number").
func numeric(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	_, decimal := strconv.ParseUint(last, 10, 64)
	return err == nil || decimal == nil
}

func refused(field string) *fault.Error {
	return fault.New(fault.Validation, fault.ReasonPrivateAddress, field+" must be a public address").With("field", field)
}

// allowed refuses an address that is not public. An IPv4 address within an IPv6
// one is judged as what it is.
func (g *Guard) allowed(address netip.Addr) error {
	address = address.Unmap().WithZone("")
	if address == metadataV6 {
		return fmt.Errorf("%w: %s", ErrRefused, address)
	}
	if err := g.ranges.SafeAddr(address); err != nil {
		return errors.Join(ErrRefused, err)
	}
	return nil
}

// control is called with the resolved address of each connection.
func (g *Guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s %s", ErrRefused, network, address)
	}
	return g.allowed(target.Addr())
}

// Client gives an HTTP client for addresses that callers gave. timeout bounds a
// whole exchange, the reading of the body included. It follows no redirect, uses
// no proxy of the environment and keeps connections open for reuse; close them
// with CloseIdleConnections.
func (g *Guard) Client(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: min(dialTimeout, timeout), KeepAlive: 30 * time.Second, Resolver: g.config.Resolver}
	dialer.ControlContext = g.control
	return &http.Client{
		Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    g.config.ConnectionsPerHost,
			IdleConnTimeout:        idleTime,
			TLSHandshakeTimeout:    min(dialTimeout, timeout),
			ExpectContinueTimeout:  time.Second,
			MaxResponseHeaderBytes: g.config.MaxHeaderBytes,
			DisableCompression:     true, // a small answer must not unpack to a large one
		},
	}
}
