package graph

import (
	"context"

	"wagateway/graph/auth"
	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp"
)

// createSession makes a session of the caller's organization. What the settings
// may be is the service's business.
func (r *Resolver) createSession(ctx context.Context, input gen.CreateSessionInput) (*gen.CreateSessionPayload, error) {
	actor, err := auth.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	organization, err := r.organization(ctx)
	if err != nil {
		return nil, err
	}
	session, err := r.WhatsApp.CreateSession(ctx, whatsapp.NewSession{
		OrganizationID: organization, CreatedByUserID: actor.UserID,
		Label:    orZero(input.Label.Value()),
		AutoRead: orZero(input.AutoRead.Value()), PresenceTyping: orZero(input.PresenceTyping.Value()),
		AutoRejectCalls: orZero(input.AutoRejectCalls.Value()),
		Start:           orZero(input.Start.Value()),
		RatePerMin:      number(input.RatePerMin), RatePerHour: number(input.RatePerHour),
		HistoryDays: number(input.HistoryDays), ProxyURL: orZero(input.ProxyURL.Value()),
	})
	if err != nil {
		return nil, err
	}
	return &gen.CreateSessionPayload{Session: session}, nil
}

// account gives the account behind a session, fault.NotFound until it is paired.
func (r *Resolver) account(session *models.Session) (*gen.SessionAccount, error) {
	if !session.Paired() {
		return nil, fault.New(fault.NotFound, fault.ReasonNotPaired, "session is not paired")
	}
	return &gen.SessionAccount{
		Session:     session,
		Connected:   r.WhatsApp.Connected(session.ID),
		Status:      session.Status,
		PhoneNumber: session.PhoneNumber,
		PushName:    session.PushName,
		WaJID:       session.WAJID,
		WaLID:       session.WALID,
	}, nil
}
