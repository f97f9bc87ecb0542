package models

import (
	"net/url"

	"wagateway/models/contract"
)

// Shape is the message as the contract shows it. Reactions and votes are those of
// Details.
func (m *Message) Shape() contract.Message {
	mentions := m.Mentions
	if mentions == nil {
		mentions = []string{}
	}
	shape := contract.Message{
		AckLevel:    int(m.AckLevel),
		Body:        m.Body,
		ChatJID:     m.ChatJID,
		CreatedAt:   int64(m.CreatedAt),
		Deleted:     m.Deleted,
		Direction:   m.Direction(),
		Edited:      m.Edited,
		Error:       m.Error,
		FromMe:      m.FromMe,
		HasMedia:    m.HasMedia,
		ID:          m.ID,
		Mentions:    mentions,
		QuotedID:    m.QuotedID,
		Reactions:   []contract.Reaction{},
		SenderJID:   m.SenderJID,
		SenderLID:   m.SenderLID,
		SessionID:   m.SessionID,
		Timestamp:   int64(m.Timestamp),
		Type:        string(m.Type),
		WAMessageID: m.WAMessageID,

		EditedAt:         int64(m.EditedAt),
		EphemeralSeconds: m.Content.EphemeralSeconds,
		Forwarded:        m.Content.Forwarded,
		ServerID:         m.ServerID,
		Starred:          m.Starred,
		ViewOnce:         m.Content.ViewOnce,
	}
	m.shapeContent(&shape)
	if m.Details != nil {
		for _, r := range m.Details.Reactions {
			shape.Reactions = append(shape.Reactions, contract.Reaction{
				Emoji: r.Emoji, SenderJID: r.Identity.Address(), Timestamp: int64(r.At),
			})
		}
	}
	return shape
}

// shapeContent fills in what belongs to the kind.
func (m *Message) shapeContent(shape *contract.Message) {
	c := &m.Content
	if media := c.Media; media != nil {
		shape.Media = &contract.Media{
			Animated: media.Animated, Filename: media.Filename, Height: media.Height, Mimetype: media.Mimetype, Seconds: media.Seconds,
			Size: media.Size, URL: m.MediaPath(), VideoNote: media.VideoNote, Voice: media.Voice, Width: media.Width,
		}
	}
	if poll := c.Poll; poll != nil {
		shape.Poll = &contract.Poll{Name: poll.Name, Options: make([]contract.PollOption, len(poll.Options)), SelectableCount: poll.SelectableCount}
		for i, name := range poll.Options {
			shape.Poll.Options[i].Name = name
			if m.Details != nil {
				shape.Poll.Options[i].Votes = m.Details.Tally[name]
			}
		}
	}
	if place := c.Location; place != nil {
		shape.Location = &contract.Location{
			Address: place.Address, Latitude: place.Latitude, Live: place.Live, Longitude: place.Longitude, Name: place.Name, URL: place.URL,
		}
	}
	for _, card := range c.Contacts {
		shape.Contacts = append(shape.Contacts, contract.ContactCard{Name: card.Name, Phone: card.Phone, VCard: card.VCard})
	}
	if preview := c.LinkPreview; preview != nil {
		shape.LinkPreview = &contract.LinkPreview{Description: preview.Description, Title: preview.Title, URL: preview.URL}
	}
}

// MediaPath is where the REST API serves the message's file.
func (m *Message) MediaPath() string {
	return "/api/v1/sessions/" + m.SessionID + "/messages/" + url.PathEscape(m.WAMessageID) + "/media"
}

// MessageOf reads what Shape has made, as far as it tells.
func MessageOf(shape contract.Message) *Message {
	m := &Message{
		ID: shape.ID, SessionID: shape.SessionID, ChatJID: shape.ChatJID, WAMessageID: shape.WAMessageID,
		SenderJID: shape.SenderJID, SenderLID: shape.SenderLID, FromMe: shape.FromMe, Type: MessageType(shape.Type),
		Body: shape.Body, QuotedID: shape.QuotedID, Mentions: shape.Mentions, HasMedia: shape.HasMedia,
		AckLevel: AckLevel(shape.AckLevel), Error: shape.Error, Edited: shape.Edited, EditedAt: Millis(shape.EditedAt), Deleted: shape.Deleted,
		Starred: shape.Starred, ServerID: shape.ServerID, Timestamp: Millis(shape.Timestamp), CreatedAt: Millis(shape.CreatedAt),
		Content: Content{ViewOnce: shape.ViewOnce, Forwarded: shape.Forwarded, EphemeralSeconds: shape.EphemeralSeconds},
	}
	if media := shape.Media; media != nil {
		m.Content.Media = &Media{
			Mimetype: media.Mimetype, Size: media.Size, Filename: media.Filename, Width: media.Width, Height: media.Height,
			Seconds: media.Seconds, Voice: media.Voice, Animated: media.Animated, VideoNote: media.VideoNote,
		}
	}
	if poll := shape.Poll; poll != nil {
		m.Content.Poll = &Poll{Name: poll.Name, SelectableCount: poll.SelectableCount}
		for _, option := range poll.Options {
			m.Content.Poll.Options = append(m.Content.Poll.Options, option.Name)
		}
	}
	if place := shape.Location; place != nil {
		m.Content.Location = &Location{
			Latitude: place.Latitude, Longitude: place.Longitude, Name: place.Name, Address: place.Address, URL: place.URL, Live: place.Live,
		}
	}
	for _, card := range shape.Contacts {
		m.Content.Contacts = append(m.Content.Contacts, ContactCard{Name: card.Name, Phone: card.Phone, VCard: card.VCard})
	}
	if preview := shape.LinkPreview; preview != nil {
		m.Content.LinkPreview = &LinkPreview{URL: preview.URL, Title: preview.Title, Description: preview.Description}
	}
	return m
}
