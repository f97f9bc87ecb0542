package graph

import (
	"context"
	"net/http"
	"net/url"
)

// RealtimePath is where the WebSocket of events is.
const RealtimePath = "/api/v1/realtime"

type addressKey struct{}

// withAddress notes where a request came to, as its caller wrote it.
func withAddress(ctx context.Context, r *http.Request) context.Context {
	scheme := "ws"
	if r.TLS != nil {
		scheme = "wss"
	}
	return context.WithValue(ctx, addressKey{}, url.URL{Scheme: scheme, Host: r.Host})
}

// realtimeURL gives the address to open a WebSocket at, on the host that the
// request came to.
func realtimeURL(ctx context.Context, ticket string) string {
	address, _ := ctx.Value(addressKey{}).(url.URL)
	address.Path = RealtimePath
	address.RawQuery = url.Values{"ticket": {ticket}}.Encode()
	return address.String()
}
