package whatsapp

import (
	"context"

	"wagateway/models"
	"wagateway/models/fault"
)

// NewSend is what to send, and to whom.
type NewSend struct {
	To             string       // a person by LID or phone number, or a group
	Text           *TextContent // exactly one kind of content
	ReplyTo        string       // WhatsApp's id of a message of the same chat; "" none
	Async          bool         // queue it instead of waiting for WhatsApp
	IdempotencyKey string       // names the request within the organization for 24 hours, 1 to 255 characters; "" none
}

// TextContent is a text.
type TextContent struct {
	Text     string   // 1 to 65,536 characters
	Mentions []string // people named in the text, at most 1,024
}

// SendMessage sends a message of a session.
func (s *Service) SendMessage(ctx context.Context, session *models.Session, send NewSend) (*models.Outgoing, error) {
	return nil, fault.NotConnected()
}
