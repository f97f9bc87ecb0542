package whatsapp

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Bounds of reaching WhatsApp. There is no bound on a whole answer: a websocket
// has none.
const (
	dialTimeout   = 15 * time.Second
	headerTimeout = 20 * time.Second
	idleConns     = 8 // of media and version traffic; websockets are not idle
)

// transports gives the HTTP clients that whatsmeow's clients dial with. Sessions
// share one, unless they have a proxy.
type transports struct {
	simulator *url.URL // nil: the real WhatsApp
	shared    *http.Client
}

// newTransports makes the clients; websocketURL is [Config.WhatsAppURL].
func newTransports(websocketURL string) (*transports, error) {
	t := &transports{}
	if websocketURL != "" {
		target, err := url.Parse(websocketURL)
		if err != nil || target.Host == "" {
			return nil, errors.New("the WhatsApp URL must be a websocket address")
		}
		switch target.Scheme {
		case "ws":
			target.Scheme = "http"
		case "wss":
			target.Scheme = "https"
		default:
			return nil, fmt.Errorf("the WhatsApp URL must start with ws:// or wss://, not %s://", target.Scheme)
		}
		t.simulator = target
	}
	t.shared = &http.Client{Transport: newTransport(http.ProxyFromEnvironment)}
	if t.simulator != nil {
		t.shared.Transport = &redirector{target: t.simulator, next: newTransport(nil)}
	}
	return t, nil
}

// newTransport is net/http's default one with bounds.
func newTransport(proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	return &http.Transport{
		Proxy:                 proxy,
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: headerTimeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   idleConns,
		IdleConnTimeout:       time.Minute,
	}
}

// client gives a client that dials through a proxy; "" is none, and a proxy that
// cannot be parsed is an error at each use, never a direct connection. A
// simulation is always reached directly.
func (t *transports) client(proxy string) *http.Client {
	if proxy == "" || t.simulator != nil {
		return t.shared
	}
	return &http.Client{Transport: newTransport(func(*http.Request) (*url.URL, error) { return url.Parse(proxy) })}
}

// release closes what a client keeps open, unless others share it.
func (t *transports) release(client *http.Client) {
	if client != t.shared {
		client.CloseIdleConnections()
	}
}

func (t *transports) close() { t.shared.CloseIdleConnections() }

// redirector sends every request to one host, whatever host it names.
type redirector struct {
	target *url.URL
	next   *http.Transport
}

// RoundTrip implements [http.RoundTripper].
func (r *redirector) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Scheme, request.URL.Host = r.target.Scheme, r.target.Host
	return r.next.RoundTrip(request)
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (r *redirector) CloseIdleConnections() { r.next.CloseIdleConnections() }
