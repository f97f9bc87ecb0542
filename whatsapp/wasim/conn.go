package wasim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

const (
	// handshakeTimeout bounds how long a stranger may take to introduce itself.
	handshakeTimeout = 20 * time.Second
	// writeTimeout bounds one frame; a client that does not read for this long is
	// cut off.
	writeTimeout = 20 * time.Second
)

var errEmptyFrame = errors.New("empty frame")

// conn is one websocket with the Noise transport on it. Its reader is the HTTP
// handler's goroutine, its writer a goroutine of its own; both end with ctx.
type conn struct {
	srv    *Server
	ws     *websocket.Conn
	ctx    context.Context //nolint:containedctx // a connection lives as long as its context
	cancel context.CancelFunc

	// Set before the writer starts.
	session *secured

	// Reader only.
	frames       frameReader
	readCounter  uint32
	registration *registration

	// Writer only.
	writeCounter uint32

	// companion is the linked device, once logged in.
	companion atomic.Pointer[companion]

	mu      sync.Mutex
	queue   []node
	closing bool
	wake    chan struct{} // 1 slot: the queue or closing changed
}

// serveSocket upgrades a request and serves the connection until it ends.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	done, ok := s.enter()
	if !ok {
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	defer done()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled, // the client offers context takeover, which costs memory per socket
	})
	if err != nil {
		s.log.Debug("websocket not accepted", "error", err)
		return
	}
	ws.SetReadLimit(frameHeader + maxFrame)
	ctx, cancel := context.WithCancel(s.ctx)
	c := &conn{srv: s, ws: ws, ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1)}
	c.frames = frameReader{fetch: c.fetch, limit: maxHandshakeFrame}
	s.track(c)
	defer s.untrack(c)
	defer func() { _ = ws.CloseNow() }()
	defer cancel()
	c.serve()
}

// serve runs the connection.
func (c *conn) serve() {
	timeout := time.AfterFunc(handshakeTimeout, c.cancel)
	session, err := c.srv.trust.handshake(&c.frames, c.writeFrame)
	timeout.Stop()
	if err != nil {
		c.srv.log.Debug("handshake failed", "error", err)
		return
	}
	c.session = session
	c.frames.limit = maxFrame
	if !c.srv.spawn(c.writeLoop) {
		return
	}
	defer c.leave()
	c.greet()
	for {
		n, err := c.readNode()
		if err != nil {
			c.srv.log.Debug("connection ended", "error", err)
			return
		}
		c.srv.stats.stanzasIn.Add(1)
		c.dispatch(n)
	}
}

// leave takes the connection off whatever it was attached to.
func (c *conn) leave() {
	if c.registration != nil {
		c.registration.abandon()
	}
	if device := c.companion.Load(); device != nil {
		device.detach(c)
	}
}

func (c *conn) fetch() ([]byte, error) {
	for {
		kind, data, err := c.ws.Read(c.ctx)
		if err != nil {
			return nil, fmt.Errorf("reading websocket: %w", err)
		}
		if kind == websocket.MessageBinary {
			return data, nil
		}
	}
}

// writeFrame puts a whole frame into one websocket message: whatsmeow puts a
// frame together wrongly that is split over two.
func (c *conn) writeFrame(data []byte) error {
	frame, err := appendFrame(make([]byte, 0, frameHeader+len(data)), data)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.ctx, writeTimeout)
	defer cancel()
	if err = c.ws.Write(ctx, websocket.MessageBinary, frame); err != nil {
		return fmt.Errorf("writing websocket: %w", err)
	}
	return nil
}

func (c *conn) readNode() (*node, error) {
	frame, err := c.frames.frame()
	if err != nil {
		return nil, err
	}
	plain, err := c.session.read.Open(nil, nonce(c.readCounter), frame, nil)
	if err != nil {
		return nil, fmt.Errorf("opening frame %d: %w", c.readCounter, err)
	}
	c.readCounter++
	if len(plain) == 0 {
		return nil, errEmptyFrame
	}
	raw, err := waBinary.Unpack(plain)
	if err != nil {
		return nil, fmt.Errorf("unpacking node: %w", err)
	}
	n, err := waBinary.Unmarshal(raw)
	if err != nil {
		return nil, fmt.Errorf("reading node: %w", err)
	}
	return n, nil
}

// send queues a stanza. It never blocks; stanzas after closing are dropped.
func (c *conn) send(n node) {
	c.mu.Lock()
	if !c.closing {
		c.queue = append(c.queue, n)
	}
	c.mu.Unlock()
	c.signal()
}

// finish queues a last stanza. The connection is closed by the client, or by
// the server [Options.CloseGrace] after the stanza was written: whatsmeow loses
// a stanza that the end of the socket follows at once.
func (c *conn) finish(last node) {
	c.mu.Lock()
	if !c.closing {
		c.queue = append(c.queue, last)
	}
	c.closing = true
	c.mu.Unlock()
	c.signal()
}

// fail refuses the log-in.
func (c *conn) fail(reason attrs) { c.finish(node{Tag: "failure", Attrs: reason}) }

// conflict ends the stream because of another device's act.
func (c *conn) conflict(kind string, extra attrs) {
	if extra == nil {
		extra = attrs{}
	}
	c.finish(node{Tag: "stream:error", Attrs: extra, Content: []node{{Tag: "conflict", Attrs: attrs{"type": kind}}}})
}

// drop cuts the connection without a close frame, as a broken network does.
func (c *conn) drop() { c.cancel() }

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// next takes what is queued, waiting for something to do. closing is true when
// nothing will follow the batch.
func (c *conn) next() (batch []node, closing bool, ok bool) {
	for {
		c.mu.Lock()
		batch, closing = c.queue, c.closing
		c.queue = nil
		c.mu.Unlock()
		if len(batch) > 0 || closing {
			return batch, closing, true
		}
		select {
		case <-c.wake:
		case <-c.ctx.Done():
			return nil, false, false
		}
	}
}

// writeLoop seals and writes queued stanzas in order.
func (c *conn) writeLoop() {
	defer c.cancel()
	for {
		batch, closing, ok := c.next()
		if !ok {
			return
		}
		for i := range batch {
			if err := c.write(batch[i]); err != nil {
				c.srv.log.Debug("stanza not written", "error", err)
				return
			}
		}
		if closing {
			c.wait(c.srv.options.CloseGrace, nil)
			_ = c.ws.Close(websocket.StatusNormalClosure, "")
			return
		}
	}
}

func (c *conn) write(n node) error {
	if device := c.companion.Load(); device != nil {
		if slow, ok := c.srv.faults.take(FaultSlow, device.phone.number); ok && !c.wait(slow.Delay, c.srv.faults.ending()) {
			return c.ctx.Err()
		}
	}
	data, err := waBinary.Marshal(n)
	if err != nil {
		return fmt.Errorf("marshalling %s: %w", n.Tag, err)
	}
	sealed := c.session.write.Seal(nil, nonce(c.writeCounter), data, nil)
	c.writeCounter++
	if err = c.writeFrame(sealed); err != nil {
		return err
	}
	c.srv.stats.stanzasOut.Add(1)
	return nil
}

// wait sleeps, at most until it is over, or gives false when the connection ends
// first. over may be nil.
func (c *conn) wait(d time.Duration, over <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-over:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// serverIQ is the frame of an iq the server asks.
func (s *Server) serverIQ(id, namespace string, content ...node) node {
	return node{Tag: "iq", Attrs: attrs{"from": types.ServerJID, "type": "set", "id": id, "xmlns": namespace, "t": s.nowText()}, Content: content}
}

// serverNotification is the frame of a notification from the server itself.
func (s *Server) serverNotification(kind string, content ...node) node {
	return node{Tag: "notification", Attrs: attrs{"from": types.ServerJID, "id": s.nextID(), "type": kind, "t": s.nowText()}, Content: content}
}
