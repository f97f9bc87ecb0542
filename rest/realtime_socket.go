package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"wagateway/graph/auth"
	"wagateway/models/fault"
	"wagateway/whatsapp/stream"
)

// Bounds of what a client of the socket may send, which nobody reads.
const (
	maxSocketMessage = 4 << 10
	socketMessages   = 1.0 // a second
	socketBurst      = 30
)

// closeBase is added to the HTTP status of a failure to make the code that the
// socket is closed with: 4400 for a bad cursor, 4401 when the credential ended.
const closeBase = 4000

const realtimeOperation = "realtime"

// serveRealtime is the WebSocket of events. The ticket in the address is the
// credential, so it may come from any origin. A ticket that is not good is 401
// before the upgrade; every other failure is a frame with the body of an error
// and a close code, because a browser's WebSocket hides the answers of requests.
func (a *api) serveRealtime(w http.ResponseWriter, r *http.Request) {
	defer a.recovered(w, r, realtimeOperation)
	query := r.URL.Query()
	ctx, filter, err := a.core.UseTicket(r.Context(), query.Get("ticket"))
	var actor *auth.Actor
	if err == nil {
		actor, err = a.mayListen(ctx)
	}
	if err == nil && !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		err = fault.New(fault.Validation, "", "this address is for WebSockets")
	}
	if err != nil {
		a.fail(w, r, realtimeOperation, err)
		return
	}
	// Any origin: the ticket is what proves the right to connect.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		a.log.DebugContext(ctx, "websocket refused", slog.Any("error", err)) // answered by Accept
		return
	}
	s := socket{conn: conn, timing: a.timing}
	ctx, end := a.auth.WhileValid(ctx, actor, a.timing.Recheck)
	defer end(nil)
	filter.After = query.Get("after")
	events, err := a.core.OpenEvents(ctx, filter)
	if err == nil {
		defer events.Close()
		go s.read(ctx, end)
		go s.ping(ctx, end)
		err = s.run(ctx, events)
	}
	s.close(ctx, a, err)
}

// mayListen gives the maker of a ticket, if the credential is good still.
func (a *api) mayListen(ctx context.Context) (*auth.Actor, error) {
	if err := a.gate.Check(ctx, "Subscription.events"); err != nil {
		return nil, err
	}
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	return actor, a.auth.StillValid(ctx, actor)
}

// socket is an open WebSocket of events.
type socket struct {
	conn   *websocket.Conn
	timing StreamTiming
}

// run writes one envelope in each text frame until reading or writing fails.
func (s socket) run(ctx context.Context, events *stream.Stream) error {
	for {
		event, err := events.Next(ctx)
		if err != nil {
			return err
		}
		envelope, err := event.Envelope()
		if err != nil {
			return err
		}
		if err := s.write(ctx, envelope); err != nil {
			return errors.Join(errGone, err)
		}
	}
}

func (s socket) write(ctx context.Context, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.timing.WriteTimeout)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, frame)
}

// read throws away what the client sends, within bounds, until the socket ends. A
// reading that is cancelled would break the socket off before it is closed.
func (s socket) read(ctx context.Context, end context.CancelCauseFunc) {
	ctx = context.WithoutCancel(ctx)
	s.conn.SetReadLimit(maxSocketMessage)
	pace := rate.NewLimiter(socketMessages, socketBurst)
	for {
		_, message, err := s.conn.Reader(ctx)
		if err == nil {
			_, err = io.Copy(io.Discard, message)
		}
		if err == nil && !pace.Allow() {
			err = errChatty
		}
		if err != nil {
			end(err)
			return
		}
	}
}

// errChatty ends a socket whose client sends too much.
var errChatty = errors.New("the client sends too many messages")

// ping keeps proxies from closing a quiet socket; who does not answer is gone.
func (s socket) ping(ctx context.Context, end context.CancelCauseFunc) {
	ticker := time.NewTicker(s.timing.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		waiting, cancel := context.WithTimeout(ctx, s.timing.WriteTimeout)
		err := s.conn.Ping(waiting)
		cancel()
		if err != nil {
			end(errors.Join(errGone, err))
			return
		}
	}
}

// close says why the stream ends, if there is somebody to tell.
func (s socket) close(ctx context.Context, a *api, err error) {
	cause := context.Cause(ctx)
	switch f := endOf(ctx, err); {
	case f != nil:
		a.logFault(ctx, realtimeOperation, f, err)
		if body, err := json.Marshal(presentFault(f)); err == nil {
			_ = s.write(context.WithoutCancel(ctx), body) // the close code says it too
		}
		reason := string(f.Code())
		if f.Reason() != "" {
			reason = string(f.Reason())
		}
		_ = s.conn.Close(websocket.StatusCode(closeBase+statusOfFault(f)), reason)
	case errors.Is(cause, errChatty):
		_ = s.conn.Close(websocket.StatusPolicyViolation, errChatty.Error())
	case errors.Is(cause, context.Canceled): // of the request: the gateway shuts down
		_ = s.conn.Close(websocket.StatusGoingAway, "the gateway is shutting down")
	default:
		_ = s.conn.CloseNow()
	}
}
