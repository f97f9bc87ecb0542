package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"

	"github.com/coder/websocket"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/socket"

	"wagateway/models/fault"
)

// answers says what WhatsApp's error codes mean as the answer to one kind of
// request. A code that is missing is fault.Upstream.
type answers map[int]*fault.Error

// upstream maps the failure of a request to WhatsApp into the vocabulary, with
// err as the hidden cause. Faults pass; nil is nil.
//
//	the socket is not there           not_implemented, session_not_connected
//	WhatsApp answered with a code     as known says, else upstream_error with details.code
//	no answer in time                 upstream_error, timeout
//	the socket went before the answer upstream_error, outcome_unknown
//	the caller gave up                unavailable
//	anything else                     internal
func upstream(err error, known answers) error {
	if err == nil {
		return nil
	}
	if _, passes := errors.AsType[*fault.Error](err); passes {
		return err
	}
	if code, answered := answerCode(err); answered {
		if f := known[code]; f != nil {
			return f.Because(err)
		}
		return refused(code).Because(err)
	}
	var disconnected *whatsmeow.DisconnectedError
	switch {
	case errors.Is(err, whatsmeow.ErrNotConnected), errors.Is(err, whatsmeow.ErrNotLoggedIn), errors.Is(err, whatsmeow.ErrClientIsNil),
		errors.Is(err, socket.ErrSocketClosed):
		return fault.NotConnected().Because(err)
	case errors.Is(err, whatsmeow.ErrIQTimedOut), errors.Is(err, whatsmeow.ErrMessageTimedOut), errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Upstream, fault.ReasonTimeout, "WhatsApp did not answer in time").Because(err)
	case errors.As(err, &disconnected), socketLost(err):
		return fault.New(fault.Upstream, fault.ReasonOutcomeUnknown, "the connection was lost before WhatsApp answered").Because(err)
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Unavailable, "", "the request was cancelled").Because(err)
	default:
		return err
	}
}

// socketLost reports whether err is of a write to a connection that broke.
func socketLost(err error) bool {
	var closing websocket.CloseError
	var network *net.OpError
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || errors.As(err, &closing) || errors.As(err, &network)
}

// answerCode gives the code with which WhatsApp refused a request. Codes, not
// whatsmeow's sentinels, because those also compare WhatsApp's wording.
func answerCode(err error) (code int, answered bool) {
	var iq *whatsmeow.IQError
	if errors.As(err, &iq) && iq.Code != 0 {
		return iq.Code, true
	}
	if code, answered := graphCode(err); answered {
		return code, true
	}
	for _, s := range []struct {
		sentinel error
		code     int
	}{
		{whatsmeow.ErrGroupInviteLinkUnauthorized, 401},
		{whatsmeow.ErrNotInGroup, 403},
		{whatsmeow.ErrGroupNotFound, 404},
		{whatsmeow.ErrInviteLinkInvalid, 406},
		{whatsmeow.ErrInviteLinkRevoked, 410},
	} {
		if errors.Is(err, s.sentinel) {
			return s.code, true
		}
	}
	return 0, false
}

// refused is the fault for a code that has no meaning of its own for callers.
func refused(code int) *fault.Error {
	message := "WhatsApp refused the request"
	switch code {
	case 400, 406:
		message = "WhatsApp does not accept the request"
	case 401, 403, 405:
		message = "WhatsApp does not allow the request"
	case 409:
		message = "WhatsApp reports a conflict with another change"
	case 419:
		message = "a limit of WhatsApp is reached"
	case 423:
		message = "WhatsApp has locked this account or group"
	case 429:
		message = "WhatsApp asks to slow down"
	case 500, 503, 530:
		message = "WhatsApp has a problem of its own"
	}
	return fault.New(fault.Upstream, fault.ReasonWhatsApp, message).With("code", code)
}

// ask sends one request to WhatsApp by the session's client and maps its
// failure. It waits until ctx ends, at most actTimeout; the request itself is not
// cancelled with ctx, only by its deadline: whatsmeow closes the channel of a request whose sending
// is interrupted, and an answer that arrives at that moment would panic.
func ask[T any](ctx context.Context, x *session, known answers, request func(context.Context, *whatsmeow.Client) (T, error)) (answer T, err error) {
	cli := x.cli()
	if cli == nil || cli.Store == nil || cli.Store.GetJID().IsEmpty() {
		return answer, fault.NotConnected()
	}
	if err := ctx.Err(); err != nil {
		return answer, upstream(err, known)
	}
	ctx, stop := context.WithTimeout(ctx, actTimeout)
	defer stop()
	deadline, _ := ctx.Deadline()
	asking, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	type outcome struct {
		answer T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer cancel()
		var o outcome
		o.answer, o.err = guarded(asking, cli, request)
		done <- o
	}()
	select {
	case o := <-done:
		if errors.Is(o.err, context.Canceled) { // not by us: whatsmeow ends the writes of a connection that it closes
			o.err = fmt.Errorf("%w: %w", net.ErrClosed, o.err)
		}
		return o.answer, upstream(o.err, known)
	case <-ctx.Done():
		return answer, upstream(ctx.Err(), known)
	}
}

// guarded makes a request. A client that is unpaired meanwhile may panic inside
// whatsmeow: that is the session not being connected.
func guarded[T any](ctx context.Context, cli *whatsmeow.Client, request func(context.Context, *whatsmeow.Client) (T, error)) (answer T, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if cli.Store.GetJID().IsEmpty() {
			err = fault.NotConnected().Because(fmt.Errorf("panic in an unpaired client: %v", p))
			return
		}
		err = fmt.Errorf("panic in a request to WhatsApp: %v\n%s", p, debug.Stack())
	}()
	return request(ctx, cli)
}

// tell is ask for a request whose answer says nothing.
func tell(ctx context.Context, x *session, known answers, request func(context.Context, *whatsmeow.Client) error) error {
	_, err := ask(ctx, x, known, func(ctx context.Context, cli *whatsmeow.Client) (struct{}, error) {
		return struct{}{}, request(ctx, cli)
	})
	return err
}
