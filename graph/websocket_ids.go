package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql/handler/transport"
)

// closeSubscriberExists is what graphql-transport-ws closes a connection with that
// begins a second operation with an id in use.
const closeSubscriberExists = 4409

// maxCloseID bounds the id within a close reason, which has 123 bytes in all.
const maxCloseID = 80

// websocketConn is all that the transport can make use of.
type websocketConn interface {
	transport.WebsocketConn
	transport.WebsocketReadLimiter
	transport.WebsocketReadDeadliner
}

// uniqueIDs is a websocket that is closed over a second operation with an id in use, which
// the transport would let take the first one's place: nobody could end that one any more.
type uniqueIDs struct {
	websocketConn

	mu     sync.Mutex
	active map[string]bool
}

// frame is what every message of the protocol has.
type frame struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// NextReader implements [transport.WebsocketConn].
func (c *uniqueIDs) NextReader() (messageType int, r io.Reader, err error) {
	messageType, r, err = c.websocketConn.NextReader()
	if err != nil {
		return messageType, nil, err
	}
	message, err := io.ReadAll(r)
	if err != nil {
		return messageType, nil, fmt.Errorf("reading a websocket's message: %w", err)
	}
	var f frame
	if json.NewDecoder(bytes.NewReader(message)).Decode(&f) == nil && !c.begin(f) { // what is malformed, the transport refuses
		reason := "Subscriber for " + strings.ToValidUTF8(f.ID[:min(len(f.ID), maxCloseID)], "") + " already exists"
		_ = c.WriteClose(closeSubscriberExists, reason)
		return messageType, nil, transport.ErrWebsocketClosed
	}
	return messageType, bytes.NewReader(message), nil
}

// begin notes what a caller's message begins or ends; false: the id is in use.
func (c *uniqueIDs) begin(f frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case f.Type == "complete":
		delete(c.active, f.ID)
	case f.Type == "subscribe" && c.active[f.ID]:
		return false
	case f.Type == "subscribe":
		c.active[f.ID] = true
	}
	return true
}

// WriteJSON implements [transport.WebsocketConn]. An id is free before the caller
// can know that its operation has ended.
func (c *uniqueIDs) WriteJSON(v any) error {
	if f := frameOf(v); f.Type == "complete" || f.Type == "error" {
		c.mu.Lock()
		delete(c.active, f.ID)
		c.mu.Unlock()
	}
	return c.websocketConn.WriteJSON(v) //nolint:wrapcheck // the transport's own
}

// frameOf reads a message that the transport is to send. Its type is not exported, and
// encoding it once more would take longer than all else that an event costs.
func frameOf(v any) (f frame) {
	message := reflect.Indirect(reflect.ValueOf(v))
	if message.Kind() != reflect.Struct {
		return f
	}
	if kind := message.FieldByName("Type"); kind.Kind() == reflect.String {
		f.Type = kind.String()
	}
	if id := message.FieldByName("ID"); id.Kind() == reflect.String {
		f.ID = id.String()
	}
	return f
}
