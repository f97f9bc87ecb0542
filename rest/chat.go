package rest

import (
	"context"
	"net/http"
	"strings"

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

// inUpdateChat is the input of updateChat.
type inUpdateChat struct {
	inChat
	Archived   *bool  `json:"archived" description:"Archive it, or take it out of the archive. Archiving unpins it, unless pinned says otherwise." example:"true"`
	Pinned     *bool  `json:"pinned" description:"Pin it, or unpin it." example:"false"`
	MutedUntil *int64 `json:"mutedUntil" minimum:"1" maximum:"253402300799000" description:"Mute it until then, Unix epoch milliseconds." example:"1893456000000"`
	Unmute     *bool  `json:"unmute" description:"Unmute it; wins over mutedUntil." example:"false"`
}

// inChatPresence is the input of setChatPresence.
type inChatPresence struct {
	inChat
	State string `json:"state" enum:"composing,paused,recording" description:"What the account does." example:"composing"`
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
			return root.Session().Chats(ctx, s, in.first(), in.after(), nil)
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
		row(spec{
			Operation: "updateChat", Tag: tagChats, Method: http.MethodPatch, Pattern: chatPath,
			Field: "Mutation.updateChat", Status: http.StatusOK, Unprocessable: true,
			Summary: "Archive, pin or mute a chat.",
			Notes: "Works while the session is offline: what is stored is true from now on, and the account's other devices follow as " +
				"soon as they can be told. Absent fields stay.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inUpdateChat) (*models.Chat, error) {
			p, err := root.Mutation().UpdateChat(ctx, in.Session, gen.UpdateChatInput{
				JID: in.Chat, Archived: omit(in.Archived), Pinned: omit(in.Pinned),
				MutedUntil: omit((*models.Millis)(in.MutedUntil)), Unmute: omit(in.Unmute),
			})
			if err != nil {
				return nil, err
			}
			return p.Chat, nil
		}, (*models.Chat).Shape),
		act(spec{
			Operation: "deleteChat", Tag: tagChats, Method: http.MethodDelete, Pattern: chatPath,
			Field: "Mutation.deleteChat", Status: http.StatusNoContent,
			Summary: "Remove a chat with its messages and files from the gateway.",
			Notes:   "WhatsApp keeps it; a new message brings it back.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inChat) (*gen.DeleteChatPayload, error) {
			return root.Mutation().DeleteChat(ctx, in.Session, gen.DeleteChatInput{JID: in.Chat})
		}),
		act(spec{
			Operation: "setChatPresence", Tag: tagChats, Method: http.MethodPut, Pattern: chatPath + "/presence",
			Field: "Mutation.setChatPresence", Status: http.StatusNoContent, Live: true, Unprocessable: true,
			Summary: "Show that the account types or records a voice note, or no longer does.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inChatPresence) (*gen.SetChatPresencePayload, error) {
			return root.Mutation().SetChatPresence(ctx, in.Session, gen.SetChatPresenceInput{JID: in.Chat, State: presenceState(in.State)})
		}),
	}
}

// presenceState gives a state as the schema writes it. What is not written as the
// contract does stays as it is, and is refused.
func presenceState(state string) gen.ChatPresenceState {
	if state != strings.ToLower(state) {
		return ""
	}
	return gen.ChatPresenceState(strings.ToUpper(state))
}

func presentChats(c *gen.ChatConnection) nullEndList[contract.Chat] {
	return nullEnd(presentEach(c.Nodes, (*models.Chat).Shape), c.PageInfo)
}

func presentMessages(c *gen.MessageConnection) nullEndList[contract.Message] {
	return nullEnd(presentEach(c.Nodes, (*models.Message).Shape), c.PageInfo)
}
