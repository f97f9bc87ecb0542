package graph

import (
	"wagateway/graph/gen"
	"wagateway/whatsapp"
)

// newSend gives the input of sendMessage as the service takes it.
func newSend(input gen.SendMessageInput) whatsapp.NewSend {
	send := whatsapp.NewSend{
		To:             input.To,
		ReplyTo:        orZero(input.ReplyTo.Value()),
		Async:          orZero(input.Async.Value()),
		IdempotencyKey: orZero(input.IdempotencyKey.Value()),
	}
	if input.Content != nil {
		if text := input.Content.Text.Value(); text != nil {
			send.Text = &whatsapp.TextContent{Text: text.Text, Mentions: text.Mentions.Value()}
		}
	}
	return send
}
