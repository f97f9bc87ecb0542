package graph

import (
	"context"
	"maps"
	"slices"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/whatsapp/address"
)

func channelHandle(c *models.Channel) any { return c }
func channelKey(c *models.Channel) int64  { return c.ID }

// channel gives a channel that the session's account follows or followed.
func (r *Resolver) channel(ctx context.Context, session *models.Session, jid string) (*models.Channel, error) {
	canonical, err := address.ParseChannel("jid", jid)
	if err != nil {
		return nil, err
	}
	return r.DB.Channels.Get(ctx, session.ID, canonical)
}

// listChannels gives a page of those channels of a session that a filter chooses.
func (r *Resolver) listChannels(ctx context.Context, session *models.Session, filter models.ChannelFilter, page models.Page) (*gen.ChannelConnection, error) {
	type arguments struct {
		filter string
		models.Page
	}
	many := func(ctx context.Context, ids []string) (map[string]models.List[models.Channel], error) {
		lists, err := r.DB.Channels.ListBySessions(ctx, ids, filter, page)
		siblings(ctx, channelHandle, channelKey, slices.Collect(maps.Values(lists))...)
		return lists, err
	}
	list, err := together(ctx, handleOn(session, page), session.ID, field{"channels", arguments{filter.Key(), page}}, one(many), many)
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		many := func(ctx context.Context, ids []string) (map[string]int, error) {
			return r.DB.Channels.CountBySessions(ctx, ids, filter)
		}
		return together(ctx, session, session.ID, field{"channels.totalCount", filter.Key()}, one(many), many)
	}), nil
}

// channelChat gives the chat that a channel's messages are in; nil when there are
// none.
func (r *Resolver) channelChat(ctx context.Context, channel *models.Channel) (*models.Chat, error) {
	return optional(ctx, channel, channel.ID, "chat", r.DB.Chats.GetByChannels, func(list models.List[models.Chat]) {
		siblings(ctx, chatHandle, chatKey, list)
	})
}

// channelMessages gives a page of a channel's messages.
func (r *Resolver) channelMessages(ctx context.Context, channel *models.Channel, page models.Page) (*gen.MessageConnection, error) {
	chat, err := r.channelChat(ctx, channel)
	switch {
	case err != nil:
		return nil, err
	case chat == nil && page.After == "":
		none := func(context.Context) (int, error) { return 0, nil }
		return gen.NewConnection(models.List[models.Message]{Items: []models.Message{}}, "", none), nil
	case chat == nil: // no cursor is one of an empty list: this refuses it
		chat = &models.Chat{}
	}
	return r.listMessages(ctx, chat, page)
}

// channelDone is the answer of what does something with a channel.
func channelDone(channel *models.Channel, err error) (*gen.ChannelPayload, error) {
	if err != nil {
		return nil, err
	}
	return &gen.ChannelPayload{Channel: channel}, nil
}

// numbers gives numbers of the schema as the service takes them.
func numbers(given []int32) []int {
	n := make([]int, len(given))
	for i, v := range given {
		n[i] = int(v)
	}
	return n
}
