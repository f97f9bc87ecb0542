package graph

import (
	"context"
	"encoding/base64"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/whatsapp"
)

// messageKeyOf reads which message an act is about.
func messageKeyOf(input gen.MessageKeyInput) whatsapp.MessageKey {
	return whatsapp.MessageKey{Chat: input.Chat, WAMessageID: input.WaMessageID, Sender: orZero(input.Sender.Value())}
}

// content gives what a message says, by kind; nil for one that says nothing.
func (r *Resolver) content(ctx context.Context, m *models.Message) (gen.MessageContent, error) {
	c := &m.Content
	switch {
	case m.Deleted || m.Type == models.MessageUndecryptable:
		return nil, nil //nolint:nilnil // null, as the schema says
	case m.Type == models.MessageText || m.Type == models.MessageEdit:
		return gen.TextContent{Text: m.Body, LinkPreview: linkPreview(c.LinkPreview)}, nil
	case c.Media != nil:
		return r.mediaContent(ctx, m)
	case c.Poll != nil:
		return r.pollContent(ctx, m)
	case c.Location != nil:
		return gen.LocationContent{
			Latitude: c.Location.Latitude, Longitude: c.Location.Longitude, Name: c.Location.Name,
			Address: textOrNull(c.Location.Address), Live: c.Location.Live,
		}, nil
	case len(c.Contacts) > 0:
		return contactCards(c.Contacts), nil
	case m.Type == models.MessageReaction:
		return gen.ReactionContent{Emoji: m.Body, TargetID: m.QuotedID}, nil
	case m.Type == models.MessageVote:
		return gen.VoteContent{Chosen: append([]string{}, c.Options...), TargetID: m.QuotedID}, nil
	case m.Type == models.MessageRevoke:
		return gen.SystemContent{Notice: string(models.MessageRevoke)}, nil
	case c.System != nil:
		return gen.SystemContent{Notice: c.System.Kind}, nil
	default:
		return r.unknownContent(ctx, m)
	}
}

func linkPreview(p *models.LinkPreview) *gen.LinkPreview {
	if p == nil {
		return nil
	}
	return &gen.LinkPreview{URL: p.URL, Title: textOrNull(p.Title), Description: textOrNull(p.Description)}
}

func contactCards(cards []models.ContactCard) gen.ContactCardContent {
	content := gen.ContactCardContent{}
	for _, card := range cards {
		content.Cards = append(content.Cards, &gen.ContactCard{Name: card.Name, Phone: textOrNull(card.Phone), Vcard: card.VCard})
	}
	return content
}

// mediaContent describes a file and tells where it is.
func (r *Resolver) mediaContent(ctx context.Context, m *models.Message) (gen.MessageContent, error) {
	file, err := optional(ctx, m, m.ID, "media", r.DB.Media.ByMessages, nil)
	if err != nil {
		return nil, err
	}
	if file == nil {
		file = &models.MediaFile{Status: models.MediaFailed}
	}
	media := m.Content.Media
	kind, known := map[models.MessageType]gen.MediaKind{
		models.MessageImage: gen.MediaKindImage, models.MessageVideo: gen.MediaKindVideo, models.MessageAudio: gen.MediaKindAudio,
		models.MessageSticker: gen.MediaKindSticker,
	}[m.Type]
	switch {
	case !known:
		kind = gen.MediaKindDocument
	case media.Voice:
		kind = gen.MediaKindVoice
	}
	content := gen.MediaContent{
		Kind: kind, Mimetype: media.Mimetype, Size: int32(min(media.Size, maxInt)), Filename: textOrNull(media.Filename), Caption: m.Body,
		Width: numberOrNull(media.Width), Height: numberOrNull(media.Height), Seconds: numberOrNull(media.Seconds), Animated: media.Animated,
		Status: file.Status, Error: textOrNull(file.Error), URL: m.MediaPath(),
	}
	if len(file.Thumbnail) > 0 {
		content.Thumbnail = new(base64.StdEncoding.EncodeToString(file.Thumbnail))
	}
	return content, nil
}

// maxInt is the largest number that GraphQL's Int has.
const maxInt = 1<<31 - 1

// pollContent gives a poll with its votes.
func (r *Resolver) pollContent(ctx context.Context, m *models.Message) (gen.MessageContent, error) {
	votes, err := optional(ctx, m, m.ID, "votes", r.DB.Messages.VotesByMessages, nil)
	if err != nil {
		return nil, err
	}
	content := gen.PollContent{Name: m.Content.Poll.Name, SelectableCount: int32(m.Content.Poll.SelectableCount)}
	options := make(map[string]*gen.PollOption)
	for _, name := range m.Content.Poll.Options {
		option := &gen.PollOption{Name: name, Votes: []*models.PollVote{}}
		options[name] = option
		content.Options = append(content.Options, option)
	}
	if votes == nil {
		return content, nil
	}
	content.Voters = int32(len(*votes))
	for i := range *votes {
		vote := &(*votes)[i]
		for _, name := range vote.Options {
			if option := options[name]; option != nil {
				option.Votes = append(option.Votes, vote)
			}
		}
	}
	return content, nil
}

// unknownContent gives a message of a kind that is not known as it came.
func (r *Resolver) unknownContent(ctx context.Context, m *models.Message) (gen.MessageContent, error) {
	raw, err := optional(ctx, m, m.ID, "raw", r.DB.Messages.RawByMessages, nil)
	if err != nil {
		return nil, err
	}
	return gen.UnknownContent{Raw: base64.StdEncoding.EncodeToString(orZero(raw))}, nil
}

// reactions gives what people reacted to a message with.
func (r *Resolver) reactions(ctx context.Context, m *models.Message) ([]*models.Reaction, error) {
	found, err := optional(ctx, m, m.ID, "reactions", r.DB.Messages.ReactionsByMessages, nil)
	if err != nil || found == nil {
		return []*models.Reaction{}, err
	}
	return pointers(*found), nil
}
