package graph

import (
	"context"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/whatsapp"
)

// messageKeyOf reads which message an act is about.
func messageKeyOf(input gen.MessageKeyInput) whatsapp.MessageKey {
	return whatsapp.MessageKey{Chat: input.Chat, WAMessageID: input.WaMessageID, Sender: orZero(input.Sender.Value())}
}

// content gives what a message says, by kind.
func (r *Resolver) content(_ context.Context, _ *models.Message) (gen.MessageContent, error) {
	return nil, nil //nolint:nilnil // PENDING
}

// reactions gives what people reacted to a message with.
func (r *Resolver) reactions(_ context.Context, _ *models.Message) ([]*models.Reaction, error) {
	return []*models.Reaction{}, nil // PENDING
}
