package wasim

import (
	"context"

	"go.mau.fi/whatsmeow/types"
)

// Call rings at an account (by phone number or LID), or as a group call at all
// members of a group, and gives the call's id. Nothing is transmitted once the
// call is accepted. It rings until somebody answers or [Phone.HangUp].
func (p *Phone) Call(ctx context.Context, to types.JID, video bool) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	c, refusal := p.srv.startCall(p, to.ToNonAD(), video)
	if refusal != nil {
		return "", refusal
	}
	return c.id, nil
}

// HangUp ends a call that rings or goes on. An over call is [ErrGone], one the
// account has no part in [ErrNotFound].
func (p *Phone) HangUp(ctx context.Context, id string) error { return p.EndCall(ctx, id, "") }

// EndCall is [Phone.HangUp] with a reason, such as [CallTimeout].
func (p *Phone) EndCall(ctx context.Context, id, reason string) error {
	return p.onCall(ctx, id, func(c *call) *StanzaError { return c.end(p, nil, reason) })
}

// AcceptCall answers a call on the phone; the account's companions are told that
// it was accepted elsewhere.
func (p *Phone) AcceptCall(ctx context.Context, id string) error {
	return p.onCall(ctx, id, func(c *call) *StanzaError { return c.accept(p, nil) })
}

// RejectCall declines a call on the phone; the account's companions are told
// that it was rejected elsewhere.
func (p *Phone) RejectCall(ctx context.Context, id string) error {
	return p.onCall(ctx, id, func(c *call) *StanzaError { return c.reject(p, nil) })
}

// Calls lists the account's calls, in order.
func (p *Phone) Calls() []PhoneCall { return p.calls.all() }

// CallState tells how far one of the account's calls has come; empty if there is
// no such call.
func (p *Phone) CallState(id string) CallState {
	entry, _ := p.calls.get(id)
	return entry.State
}

// WaitCall gives the first call that matches, from the oldest on, or waits for
// one until ctx ends.
func (p *Phone) WaitCall(ctx context.Context, match func(PhoneCall) bool) (PhoneCall, error) {
	return p.calls.wait(ctx, match)
}

// onCall finds the call and acts on it.
func (p *Phone) onCall(ctx context.Context, id string, act func(*call) *StanzaError) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := p.srv.callOf(id)
	if c == nil {
		if p.CallState(id) != "" {
			return ErrGone
		}
		return ErrNotFound
	}
	if refusal := act(c); refusal != nil {
		return refusal
	}
	return nil
}
