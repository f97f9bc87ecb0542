package graph

import (
	"context"
	"maps"
	"slices"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/whatsapp"
)

// newStatus gives the input of postStatus as the service takes it.
func newStatus(input gen.PostStatusInput, async *bool) whatsapp.NewStatus {
	status := whatsapp.NewStatus{Async: orZero(async)}
	if text := input.Text.Value(); text != nil {
		status.Text = &whatsapp.StatusText{
			Text: text.Text, BackgroundColor: orZero(text.BackgroundColor.Value()), Font: string(orZero(text.Font.Value())),
		}
	}
	for kind, file := range map[models.MessageType]*gen.MediaInput{
		models.MessageImage: input.Image.Value(), models.MessageVideo: input.Video.Value(), models.MessageAudio: input.Audio.Value(),
	} {
		if file != nil {
			status.Media = fileOf(kind, file)
		}
	}
	return status
}

// listStories gives a page of the stories that a session knows; from is one
// person's address, "" anybody's.
func (r *Resolver) listStories(ctx context.Context, session *models.Session, from string, page models.Page) (*gen.MessageConnection, error) {
	type arguments struct {
		from string
		models.Page
	}
	many := func(ctx context.Context, ids []string) (map[string]models.List[models.Message], error) {
		lists, err := r.DB.Messages.ListStories(ctx, ids, from, page)
		siblings(ctx, messageHandle, messageKey, slices.Collect(maps.Values(lists))...)
		return lists, err
	}
	list, err := together(ctx, handleOn(session, page), session.ID, field{"statuses", arguments{from, page}}, one(many), many)
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		many := func(ctx context.Context, ids []string) (map[string]int, error) {
			return r.DB.Messages.CountStories(ctx, ids, from)
		}
		return together(ctx, session, session.ID, field{"statuses.totalCount", from}, one(many), many)
	}), nil
}
