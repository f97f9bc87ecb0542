package rest

import (
	"context"
	"net/http"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/contract"
)

const (
	tagChats = "Chats"

	chatsPath = sessionPath + "/chats"
	chatPath  = chatsPath + "/{cid}"
)

// inChats is the input of the list of chats.
type inChats struct {
	inSession
	cursorPage
}

// inChat is the input of operations about one chat.
type inChat struct {
	inSession
	Chat string `path:"cid" json:"-" description:"The address of the person, by phone number or LID, or of the group or channel; @ may be written as %40." example:"6281234567890@s.whatsapp.net"`
}

// inChatMessages is the input of the list of a chat's messages.
type inChatMessages struct {
	inChat
	cursorPage
}

// inReadChat is the input of readChat.
type inReadChat struct {
	inChat
	Receipts *bool `json:"receipts" description:"Also send read receipts to the senders, which asks WhatsApp. Default false." example:"true"`
}

func chatRows() []route {
	return []route{
		row(spec{
			Operation: "listChats", Tag: tagChats, Method: http.MethodGet, Pattern: chatsPath,
			Field: "Session.chats", Status: http.StatusOK,
			Summary: "The session's chats, the one with the latest message first.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inChats) (*gen.ChatConnection, error) {
			s, err := root.Query().Session(ctx, in.Session)
			if err != nil {
				return nil, err
			}
			return root.Session().Chats(ctx, s, in.first(), in.after())
		}, presentChats),
		row(spec{
			Operation: "listChatMessages", Tag: tagChats, Method: http.MethodGet, Pattern: chatPath + "/messages",
			Field: "Chat.messages", Status: http.StatusOK,
			Summary: "The messages of a chat, the latest first.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inChatMessages) (*gen.MessageConnection, error) {
			c, err := root.Query().Chat(ctx, in.Session, in.Chat)
			if err != nil {
				return nil, err
			}
			messages, err := root.Chat().Messages(ctx, c, in.first(), in.after())
			if err != nil {
				return nil, err
			}
			return messages, detail(ctx, root, messages.Nodes)
		}, presentMessages),
		row(spec{
			Operation: "readChat", Tag: tagChats, Method: http.MethodPost, Pattern: chatPath + "/read",
			Field: "Mutation.readChat", Status: http.StatusOK, Live: true,
			Summary: "Set a chat's unread count to 0.",
			Notes: "Works while the session is offline, unless `receipts` is true: then the senders hear that their messages were read. " +
				"Repeating it changes nothing.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inReadChat) (*models.Chat, error) {
			p, err := root.Mutation().ReadChat(ctx, in.Session, gen.ReadChatInput{JID: in.Chat, Receipts: omit(in.Receipts)})
			if err != nil {
				return nil, err
			}
			return p.Chat, nil
		}, (*models.Chat).Shape),
	}
}

func presentChats(c *gen.ChatConnection) nullEndList[contract.Chat] {
	return nullEnd(presentEach(c.Nodes, (*models.Chat).Shape), c.PageInfo)
}

func presentMessages(c *gen.MessageConnection) nullEndList[contract.Message] {
	return nullEnd(presentEach(c.Nodes, (*models.Message).Shape), c.PageInfo)
}
