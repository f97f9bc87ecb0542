package graph

import (
	"context"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// messageFilter reads which messages are meant. nothing says that none can be: the
// chat or the person is not known.
func (r *Resolver) messageFilter(ctx context.Context, session *models.Session, input *gen.MessageFilter) (filter models.MessageFilter, text string, nothing bool, err error) {
	if input == nil {
		return filter, "", false, nil
	}
	filter = models.MessageFilter{
		Types: input.Types.Value(), FromMe: input.FromMe.Value(), HasMedia: input.HasMedia.Value(), Starred: input.Starred.Value(),
		From: orZero(input.From.Value()), Until: orZero(input.Until.Value()),
	}
	if jid := input.Chat.Value(); jid != nil {
		canonical, err := address.ParseChat("filter.chat", *jid)
		if err != nil {
			return filter, "", false, err
		}
		chat, err := r.DB.Chats.Get(ctx, session.ID, canonical)
		if err != nil {
			return filter, "", true, unless(err, fault.NotFound)
		}
		filter.ChatID = chat.ID
	}
	if jid := input.Sender.Value(); jid != nil {
		canonical, err := address.ParsePerson("filter.sender", *jid)
		if err != nil {
			return filter, "", false, err
		}
		sender, err := r.DB.Identities.Get(ctx, session.ID, canonical)
		if err != nil {
			return filter, "", true, unless(err, fault.NotFound)
		}
		filter.SenderID = sender.ID
	}
	return filter, orZero(input.Text.Value()), false, nil
}

// unless gives nil for errors of a code.
func unless(err error, code fault.Code) error {
	if fault.Is(err, code) {
		return nil
	}
	return err
}

// findMessages lists messages of a session, the latest first; with words, those that
// have them.
func (r *Resolver) findMessages(ctx context.Context, session *models.Session, input *gen.MessageFilter, query *string, page models.Page) (*gen.MessageConnection, error) {
	filter, text, nothing, err := r.messageFilter(ctx, session, input)
	if err != nil {
		return nil, err
	}
	if query == nil && text != "" {
		query = &text
	}
	find := func() (models.List[models.Message], error) { return r.DB.Messages.Find(ctx, session.ID, filter, page) }
	count := func(ctx context.Context) (int, error) { return r.DB.Messages.CountFound(ctx, session.ID, filter) }
	if query != nil {
		find = func() (models.List[models.Message], error) {
			return r.DB.Messages.Search(ctx, session.ID, *query, filter, page)
		}
		count = func(ctx context.Context) (int, error) {
			return r.DB.Messages.CountSearch(ctx, session.ID, *query, filter)
		}
	}
	if nothing {
		filter.Types = []models.MessageType{} // of no type: the rest is checked all the same
	}
	list, err := find()
	if err != nil {
		return nil, err
	}
	r.relateMessages(ctx)(list)
	return gen.NewConnection(list, page.After, count), nil
}
