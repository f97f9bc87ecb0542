package graph

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/coder/websocket"

	"wagateway/models/fault"
)

const (
	subprotocol = "graphql-transport-ws"
	// closeForbidden is what graphql-transport-ws closes a connection with whose
	// init payload is refused.
	closeForbidden = 4403
	initTimeout    = 10 * time.Second
	// pingInterval keeps proxies from closing a quiet socket; who misses two
	// pings is gone.
	pingInterval = 25 * time.Second
	// maxSocketOperations bounds what runs on one websocket at the same time.
	maxSocketOperations = 50
)

var errTooManyOperations = fault.New(fault.RateLimited, "", "too many operations run on this websocket")

// socket counts the operations of a websocket.
type socket struct{ running atomic.Int32 }

type socketKey struct{}

func socketOf(ctx context.Context) *socket {
	s, _ := ctx.Value(socketKey{}).(*socket)
	return s
}

// begin counts an operation until ctx ends, which the transport sees to.
func (s *socket) begin(ctx context.Context) bool {
	if s.running.Add(1) > maxSocketOperations {
		s.running.Add(-1)
		return false
	}
	context.AfterFunc(ctx, func() { s.running.Add(-1) })
	return true
}

// websockets is gqlgen's transport for one of its protocols.
type websockets struct{ transport.Websocket }

// websocketTransport serves graphql-transport-ws. Browsers cannot send headers
// with a websocket, so its init payload may carry the credential; and they send
// cookies to any origin, so an origin other than the server's own is refused.
func websocketTransport(o Options) graphql.Transport {
	limit := o.MaxBody
	return websockets{transport.Websocket{
		Implementation:   acceptor{log: o.Logger},
		InitTimeout:      initTimeout,
		PingPongInterval: pingInterval,
		PayloadReadLimit: &limit,
		InitFunc: func(ctx context.Context, payload transport.InitPayload) (context.Context, *transport.InitPayload, error) {
			ctx = context.WithValue(ctx, socketKey{}, &socket{})
			opened, err := o.Auth.FromPayload(ctx, payload)
			if err != nil {
				f := fault.From(err)
				o.Logger.DebugContext(ctx, "websocket refused", slog.Any("error", err))
				ctx = transport.AppendCloseReason(transport.WithWebsocketCloseCode(ctx, closeForbidden), f.Message())
				return ctx, nil, f
			}
			return opened, nil, nil
		},
		ErrorFunc: func(ctx context.Context, err error) {
			o.Logger.DebugContext(ctx, "websocket ended", slog.Any("error", err))
		},
	}}
}

// Supports implements [graphql.Transport].
func (websockets) Supports(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// Do implements [graphql.Transport].
func (t websockets) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if !offers(r, subprotocol) {
		writeRefusal(w, r, http.StatusBadRequest, refusal(codeOf(fault.Validation), "websockets must speak "+subprotocol))
		return
	}
	if !sameOrigin(r) {
		writeRefusal(w, r, http.StatusForbidden, refusal(codeOf(fault.Forbidden), "websockets of other sites are refused"))
		return
	}
	t.Websocket.Do(w, r, exec)
}

// sameOrigin reports whether the request is no page's, or one of this host's.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	from, err := url.Parse(origin)
	return err == nil && strings.EqualFold(from.Host, r.Host)
}

func offers(r *http.Request, protocol string) bool {
	for _, header := range r.Header.Values("Sec-Websocket-Protocol") {
		for offered := range strings.SplitSeq(header, ",") {
			if strings.TrimSpace(offered) == protocol {
				return true
			}
		}
	}
	return false
}

// acceptor upgrades requests to the one protocol.
type acceptor struct{ log *slog.Logger }

// Accept implements [transport.WebsocketImplementation].
func (acceptor) Accept(w http.ResponseWriter, r *http.Request, options transport.WebsocketAcceptOptions) (transport.WebsocketConn, error) {
	options.Subprotocols = slices.DeleteFunc(slices.Clone(options.Subprotocols), func(p string) bool { return p != subprotocol })
	conn, err := transport.CoderWebsocketImplementation{
		AcceptOptions: websocket.AcceptOptions{Subprotocols: []string{subprotocol}},
	}.Accept(w, r, options)
	if err != nil {
		return nil, err
	}
	able, ok := conn.(websocketConn)
	if !ok {
		return nil, errors.Join(errors.New("the websocket has no limits"), conn.Close())
	}
	return &uniqueIDs{websocketConn: able, active: make(map[string]bool)}, nil
}
