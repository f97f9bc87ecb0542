package graph

import (
	"context"
	"strings"
	"unicode/utf8"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp"
	"wagateway/whatsapp/address"
)

// maxQuery bounds what is looked for in names and addresses: longer than any.
const maxQuery = 100

// chat gives a chat of a session by the address of whom it is with.
func (r *Resolver) chat(ctx context.Context, session *models.Session, jid string) (*models.Chat, error) {
	canonical, err := address.ParseChat("jid", jid)
	if err != nil {
		return nil, err
	}
	return r.DB.Chats.Get(ctx, session.ID, canonical)
}

// chatFilter reads which chats are asked for.
func chatFilter(given *gen.ChatFilter) (models.ChatFilter, error) {
	if given == nil {
		return models.ChatFilter{}, nil
	}
	filter := models.ChatFilter{
		Type: orZero(given.Type.Value()), Archived: given.Archived.Value(), Pinned: given.Pinned.Value(), Unread: given.Unread.Value(),
		LabelID: orZero(given.LabelID.Value()), Query: orZero(given.Q.Value()),
	}
	if utf8.RuneCountInString(filter.Query) > maxQuery {
		return models.ChatFilter{}, fault.Invalid("q", "q must have at most 100 characters").With("max", maxQuery)
	}
	return filter, nil
}

// chatChange reads what is to be changed of a chat.
func chatChange(input gen.UpdateChatInput) whatsapp.ChatChange {
	return whatsapp.ChatChange{
		Archived: input.Archived.Value(), Pinned: input.Pinned.Value(), MutedUntil: input.MutedUntil.Value(),
		Unmute: orZero(input.Unmute.Value()), MarkedUnread: input.MarkedUnread.Value(),
	}
}

// chatState reads what the account does in a chat, in upper case; what is none is
// the service's to refuse.
func chatState(given gen.ChatPresenceState) whatsapp.ChatState {
	return whatsapp.ChatState(strings.ToLower(string(given)))
}

// orTrue gives an optional truth value, true when there is none.
func orTrue(given *bool) bool { return given == nil || *given }
