package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow"

	"wagateway/models"
	"wagateway/models/fault"
)

// RejectCall rejects a call that rings, and gives it as it is then. A call that is
// over is given as it is, also while the session is offline; one that another
// device has accepted is fault.Conflict, one that is not known fault.NotFound.
func (s *Service) RejectCall(ctx context.Context, sessionID, callID string) (*models.Call, error) {
	if callID == "" {
		return nil, fault.Missing("callId")
	}
	if storable(callID) != callID {
		return nil, fault.NoSuch("call")
	}
	call, err := s.db.Calls.Get(ctx, sessionID, callID)
	if err != nil {
		return nil, err
	}
	switch {
	case call.Status.Over():
		return call, nil
	case call.Status == models.CallAccepted:
		return nil, fault.New(fault.Conflict, "", "another device of the account has accepted the call")
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return s.reject(ctx, x, call)
}

// reject tells WhatsApp that a call is not wanted, and stores that: WhatsApp tells
// the account's other devices only. What dies in between leaves the call ringing
// here until the caller gives up.
func (s *Service) reject(ctx context.Context, x *session, call *models.Call) (*models.Call, error) {
	caller := models.Person{LID: call.FromLID}
	from := call.FromLID
	if from == "" {
		from, caller = call.FromJID, models.Person{PhoneJID: call.FromJID}
	}
	jid, err := parseCanonical(from)
	if err != nil {
		return nil, err
	}
	err = tell(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error { return cli.RejectCall(ctx, jid, call.CallID) })
	if err != nil {
		return nil, err
	}
	ctx, cancel := storing(ctx)
	defer cancel()
	rejected, err := s.db.Calls.Heard(ctx, x.id, models.CallNews{
		CallID: call.CallID, Caller: caller, Action: models.CallReject, At: models.Now(),
	})
	s.changes.notify(err)
	return rejected, err
}
