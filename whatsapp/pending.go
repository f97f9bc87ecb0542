package whatsapp

import (
	"context"

	"wagateway/models"
	"wagateway/models/fault"
)

// PENDING: each function here moves to its own file with its body.

var errPending = fault.New(fault.NotImplemented, "", "pending")

// EditMessage replaces the text of a message of the account's own.
func (s *Service) EditMessage(_ context.Context, _ *models.Session, _ MessageKey, _ TextContent, _ bool) (*models.Outgoing, error) {
	return nil, errPending
}

// RevokeMessage takes a message back for everyone.
func (s *Service) RevokeMessage(_ context.Context, _ *models.Session, _ MessageKey, _ bool) (*models.Outgoing, error) {
	return nil, errPending
}

// ForwardMessage sends a message to another chat.
func (s *Service) ForwardMessage(_ context.Context, _ *models.Session, _ MessageKey, _ string, _ bool) (*models.Outgoing, error) {
	return nil, errPending
}

// AddReaction reacts to a message.
func (s *Service) AddReaction(_ context.Context, _ *models.Session, _ MessageKey, _ string, _ bool) (*models.Outgoing, error) {
	return nil, errPending
}

// RemoveReaction takes the account's reaction back.
func (s *Service) RemoveReaction(_ context.Context, _ *models.Session, _ MessageKey, _ bool) (*models.Outgoing, error) {
	return nil, errPending
}

// VoteMessage votes in a poll.
func (s *Service) VoteMessage(_ context.Context, _ *models.Session, _ MessageKey, _ []string, _ bool) (*models.Outgoing, error) {
	return nil, errPending
}

// CancelSend withdraws a send.
func (s *Service) CancelSend(_ context.Context, _ *models.Session, _ string) (*models.Outgoing, error) {
	return nil, errPending
}
