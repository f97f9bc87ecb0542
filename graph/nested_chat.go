package graph

import (
	"context"
	"maps"
	"slices"

	"wagateway/graph/gen"
	"wagateway/models"
)

func chatHandle(c *models.Chat) any { return c }
func chatKey(c *models.Chat) int64  { return c.ID }

func messageHandle(m *models.Message) any { return m }
func messageKey(m *models.Message) int64  { return m.ID }

// listChats gives a page of those chats of a session that a filter chooses.
func (r *Resolver) listChats(ctx context.Context, session *models.Session, filter models.ChatFilter, page models.Page) (*gen.ChatConnection, error) {
	type arguments struct {
		filter string
		models.Page
	}
	list, err := together(ctx, handleOn(session, page), session.ID, field{"chats", arguments{filter.Key(), page}},
		func(ctx context.Context, id string) (models.List[models.Chat], error) {
			list, err := r.DB.Chats.List(ctx, id, filter, page)
			siblings(ctx, chatHandle, chatKey, list)
			return list, err
		},
		func(ctx context.Context, ids []string) (map[string]models.List[models.Chat], error) {
			lists, err := r.DB.Chats.ListBySessions(ctx, ids, filter, page)
			siblings(ctx, chatHandle, chatKey, slices.Collect(maps.Values(lists))...)
			return lists, err
		})
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return together(ctx, session, session.ID, field{"chats.totalCount", filter.Key()},
			func(ctx context.Context, id string) (int, error) { return r.DB.Chats.Count(ctx, id, filter) },
			func(ctx context.Context, ids []string) (map[string]int, error) {
				return r.DB.Chats.CountBySessions(ctx, ids, filter)
			})
	}), nil
}

// listMessages gives a page of a chat's messages.
func (r *Resolver) listMessages(ctx context.Context, chat *models.Chat, page models.Page) (*gen.MessageConnection, error) {
	list, err := together(ctx, handleOn(chat, page), chat.ID, field{"messages", page},
		func(ctx context.Context, id int64) (models.List[models.Message], error) {
			list, err := r.DB.Messages.List(ctx, id, page)
			siblings(ctx, messageHandle, messageKey, list)
			return list, err
		},
		func(ctx context.Context, ids []int64) (map[int64]models.List[models.Message], error) {
			lists, err := r.DB.Messages.ListByChats(ctx, ids, page)
			siblings(ctx, messageHandle, messageKey, slices.Collect(maps.Values(lists))...)
			return lists, err
		})
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return together(ctx, chat, chat.ID, field{"messages.totalCount", nil}, r.DB.Messages.Count, r.DB.Messages.CountByChats)
	}), nil
}

// optional loads a nested object that a row may not have, for all its siblings at
// once; nil when it has none. many gives the objects by the row's number; relate,
// unless nil, makes siblings of them.
func optional[V any](
	ctx context.Context, handle any, id int64, name string,
	many func(context.Context, []int64) (map[int64]V, error), relate func(models.List[V]),
) (*V, error) {
	all := func(ctx context.Context, ids []int64) (map[int64]*V, error) {
		found, err := many(ctx, ids)
		list := models.List[V]{Items: make([]V, 0, len(found))}
		pointers := make(map[int64]*V, len(found))
		for id, value := range found {
			list.Items = append(list.Items, value)
			pointers[id] = &list.Items[len(list.Items)-1]
		}
		if relate != nil {
			relate(list)
		}
		return pointers, err
	}
	return together(ctx, handle, id, field{name, nil}, func(ctx context.Context, id int64) (*V, error) {
		found, err := all(ctx, []int64{id})
		return found[id], err
	}, all)
}

// lastMessage gives a chat's latest message; nil when it has none.
func (r *Resolver) lastMessage(ctx context.Context, chat *models.Chat) (*models.Message, error) {
	return optional(ctx, chat, chat.ID, "lastMessage", r.DB.Messages.LatestByChats, r.relateMessages(ctx))
}

// quoted gives the message that one replies to; nil when it is no reply, or that
// is not known.
func (r *Resolver) quoted(ctx context.Context, message *models.Message) (*models.Message, error) {
	if message.QuotedID == "" {
		return nil, nil //nolint:nilnil // null, as the schema says
	}
	return optional(ctx, message, message.ID, "quoted", r.DB.Messages.QuotedBy, r.relateMessages(ctx))
}

func (r *Resolver) relateMessages(ctx context.Context) func(models.List[models.Message]) {
	return func(list models.List[models.Message]) { siblings(ctx, messageHandle, messageKey, list) }
}

// chatOf gives the chat of a message.
func (r *Resolver) chatOf(ctx context.Context, message *models.Message) (*models.Chat, error) {
	return optional(ctx, message, message.ID, "chat", r.DB.Chats.GetByMessages, func(list models.List[models.Chat]) {
		siblings(ctx, chatHandle, chatKey, list)
	})
}

// receipts gives how far each recipient is with a message.
func (r *Resolver) receipts(ctx context.Context, message *models.Message) ([]*models.MessageReceipt, error) {
	found, err := optional(ctx, message, message.ID, "receipts", r.DB.Messages.ReceiptsByMessages, nil)
	if err != nil || found == nil {
		return []*models.MessageReceipt{}, err
	}
	return pointers(*found), nil
}
