package graph

import (
	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/whatsapp"
)

// newSend gives the input of sendMessage as the service takes it.
func newSend(input gen.SendMessageInput) whatsapp.NewSend {
	send := whatsapp.NewSend{
		To:             input.To,
		ReplyTo:        orZero(input.ReplyTo.Value()),
		Async:          orZero(input.Async.Value()),
		ScheduledAt:    orZero(input.ScheduledAt.Value()),
		ExpiresAt:      orZero(input.ExpiresAt.Value()),
		IdempotencyKey: orZero(input.IdempotencyKey.Value()),
	}
	c := input.Content
	if c == nil {
		return send
	}
	if text := c.Text.Value(); text != nil {
		send.Text = &whatsapp.TextContent{Text: text.Text, Mentions: text.Mentions.Value(), LinkPreview: orZero(text.LinkPreview.Value())}
	}
	for _, file := range []struct {
		kind  models.MessageType
		input *gen.MediaInput
	}{
		{models.MessageImage, c.Image.Value()},
		{models.MessageVideo, c.Video.Value()},
		{models.MessageAudio, c.Audio.Value()},
		{models.MessageDocument, c.Document.Value()},
		{models.MessageSticker, c.Sticker.Value()},
	} {
		if file.input != nil {
			send.Media = fileOf(file.kind, file.input)
		}
	}
	if poll := c.Poll.Value(); poll != nil {
		send.Poll = &whatsapp.PollContent{Name: poll.Name, Options: poll.Options, Selectable: number(poll.SelectableCount)}
	}
	if place := c.Location.Value(); place != nil {
		send.Location = &whatsapp.LocationContent{
			Latitude: place.Latitude, Longitude: place.Longitude, Name: orZero(place.Name.Value()), Address: orZero(place.Address.Value()),
		}
	}
	if card := c.Contact.Value(); card != nil {
		send.Contact = &whatsapp.ContactContent{
			Name: orZero(card.Name.Value()), Phone: orZero(card.Phone.Value()), VCard: orZero(card.Vcard.Value()),
		}
	}
	return send
}

func fileOf(kind models.MessageType, input *gen.MediaInput) *whatsapp.MediaContent {
	return &whatsapp.MediaContent{
		Type: kind, Data: orZero(input.Data.Value()), URL: orZero(input.URL.Value()), Mimetype: orZero(input.Mimetype.Value()),
		Caption: orZero(input.Caption.Value()), Filename: orZero(input.Filename.Value()), Mentions: input.Mentions.Value(),
		Voice: orZero(input.Voice.Value()), ViewOnce: orZero(input.ViewOnce.Value()), GIF: orZero(input.Gif.Value()),
	}
}
