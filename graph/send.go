package graph

import (
	"context"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

// sendOf gives a send of a session.
func (r *Resolver) sendOf(ctx context.Context, session *models.Session, outboxID string) (*models.Outgoing, error) {
	send, err := r.DB.Outgoing.Get(ctx, outboxID)
	if err == nil && send.SessionID != session.ID {
		return nil, fault.NoSuch("send")
	}
	return send, err
}

// listSends gives a page of those sends of a session that a filter chooses.
func (r *Resolver) listSends(ctx context.Context, session *models.Session, input *gen.SendFilter, page models.Page) (*gen.SendConnection, error) {
	var filter models.OutgoingFilter
	if input != nil {
		filter = models.OutgoingFilter{State: orZero(input.Status.Value()), Scheduled: input.Scheduled.Value()}
	}
	list, err := r.DB.Outgoing.List(ctx, session.ID, filter, page)
	if err != nil {
		return nil, err
	}
	siblings(ctx, messageOfSend, keyOfSend, list)
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return r.DB.Outgoing.Count(ctx, session.ID, filter)
	}), nil
}

// The messages of listed sends load together what hangs below them.
func messageOfSend(send *models.Outgoing) any { return messageHandle(send.Message) }
func keyOfSend(send *models.Outgoing) int64   { return messageKey(send.Message) }

// failureOf gives why a send failed; nil unless it did.
func failureOf(send *models.Outgoing) *gen.SendFailure {
	if send.Status != models.OutgoingFailed {
		return nil
	}
	return &gen.SendFailure{
		Code: codeOf(send.Failure.Code), Reason: textOrNull(string(send.Failure.Reason)),
		Message: send.Failure.Message, WhatsAppCode: numberOrNull(send.Failure.WhatsAppCode),
	}
}
