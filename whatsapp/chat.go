package whatsapp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// ChatChange is what to change of a chat; nil stays as it is.
type ChatChange struct {
	Archived     *bool // archiving unpins, unless Pinned says otherwise
	Pinned       *bool
	MutedUntil   *models.Millis // after 1970 and before 10000; a time that has passed is no mute any more
	Unmute       bool           // wins over MutedUntil
	MarkedUnread *bool
}

// patch checks the change and gives it as it is stored.
func (c ChatChange) patch() (models.ChatPatch, error) {
	patch := models.ChatPatch{Archived: c.Archived, Pinned: c.Pinned, MutedUntil: c.MutedUntil, MarkedUnread: c.MarkedUnread}
	if until := c.MutedUntil; until != nil && (*until <= 0 || *until > models.MutedForever) {
		return models.ChatPatch{}, fault.Invalid("mutedUntil", "mutedUntil must be a time after 1970 and before 10000").
			With("min", 1).With("max", int64(models.MutedForever))
	}
	if c.Unmute {
		patch.MutedUntil = new(models.Millis(0))
	}
	return patch, nil
}

// UpdateChat changes a chat, also while the session is offline: what is stored is
// true from now on, and WhatsApp hears of it as soon as it can be told, after a
// restart of the process as well. A chat that is not known is fault.NotFound.
func (s *Service) UpdateChat(ctx context.Context, sessionID, chatJID string, change ChatChange) (*models.Chat, error) {
	jid, err := address.ParseChat("jid", chatJID)
	if err != nil {
		return nil, err
	}
	patch, err := change.patch()
	if err != nil {
		return nil, err
	}
	chat, err := s.db.Chats.Get(ctx, sessionID, jid)
	if err != nil {
		return nil, err
	}
	chat, err = s.db.Chats.Update(ctx, chat, patch)
	s.changes.notify(err)
	s.tellChatsOf(sessionID)
	return chat, err
}

// DeleteChat removes a chat with its messages and their files from the gateway.
// WhatsApp and the account's other devices keep it; a new message brings it back.
func (s *Service) DeleteChat(ctx context.Context, sessionID, chatJID string) error {
	jid, err := address.ParseChat("jid", chatJID)
	if err != nil {
		return err
	}
	chat, err := s.db.Chats.Get(ctx, sessionID, jid)
	if err != nil {
		return err
	}
	err = s.db.Chats.Delete(ctx, chat)
	s.changes.notify(err)
	return err
}

// ClearChat removes the messages of a chat with their files from the gateway, and
// keeps the chat. WhatsApp and the account's other devices keep them.
func (s *Service) ClearChat(ctx context.Context, sessionID, chatJID string) (*models.Chat, error) {
	jid, err := address.ParseChat("jid", chatJID)
	if err != nil {
		return nil, err
	}
	chat, err := s.db.Chats.Get(ctx, sessionID, jid)
	if err != nil {
		return nil, err
	}
	chat, err = s.db.Chats.Clear(ctx, chat)
	s.changes.notify(err)
	return chat, err
}

// SetDisappearingTimer has the new messages of a chat with a person or group
// disappear after so many seconds; 0: they stay. It asks WhatsApp: the session must
// be connected. The chat is made when it is new.
func (s *Service) SetDisappearingTimer(ctx context.Context, sessionID, chatJID string, seconds int) (*models.Chat, error) {
	jid, err := parseRecipient("jid", chatJID)
	if err != nil {
		return nil, err
	}
	timer := time.Duration(seconds) * time.Second
	if !slices.Contains(disappearingTimers(), timer) { // the server refuses others for groups, apps ignore them
		return nil, fault.Invalid("seconds", "seconds must be 0, 86400, 604800 or 7776000")
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	to, err := parseCanonical(jid)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	group := to.Server == types.GroupServer
	target := x.stateJID(asking, to)
	err = tell(asking, x, groupAnswers(), func(ctx context.Context, cli *whatsmeow.Client) error {
		return cli.SetDisappearingTimer(ctx, target, timer, time.Now())
	})
	if err != nil && group {
		return nil, s.groupFailure(ctx, x, to, err)
	}
	if err != nil {
		return nil, err
	}
	if group {
		if _, err := s.storeChange(ctx, x, to, models.GroupChange{EphemeralSeconds: new(seconds)}); err != nil {
			return nil, err
		}
	}
	saving, done := storing(ctx)
	defer done()
	if group {
		seconds = 0 // it is the group's, not the chat's
	}
	chat, err := s.db.Chats.SetEphemeral(saving, x.id, x.chatAddress(saving, to, types.EmptyJID), seconds)
	s.changes.notify(err)
	return chat, err
}

// StarMessage stars a message for the account, or takes the star off. It asks
// WhatsApp: the session must be connected. A message that is not known is
// fault.NotFound.
func (s *Service) StarMessage(ctx context.Context, sessionID string, key MessageKey, starred bool) (*models.Message, error) {
	chat, message, err := s.stateMessage(ctx, sessionID, key)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	target, err := x.chatTarget(chat)
	if err != nil {
		return nil, err
	}
	author := target // WhatsApp names it in groups only, and not the account itself
	if chat.Type == models.ChatGroup && !message.FromMe {
		if author, err = senderOf(message); err != nil {
			return nil, err
		}
	}
	err = s.sendState(ctx, x, appstate.BuildStar(target, author, message.WAMessageID, message.FromMe, starred))
	if err != nil {
		return nil, err
	}
	saving, done := storing(ctx)
	defer done()
	err = s.db.Chats.SetStarred(saving, x.id, models.MessageAddress{
		Chat: x.chatAddress(saving, target, types.EmptyJID), WAMessageID: message.WAMessageID, FromMe: message.FromMe,
	}, starred)
	s.changes.notify(err)
	if err != nil {
		return nil, err
	}
	return s.db.Messages.GetByID(ctx, message.ID)
}

// stateMessage gives the message that a caller means, and its chat.
func (s *Service) stateMessage(ctx context.Context, sessionID string, key MessageKey) (*models.Chat, *models.Message, error) {
	jid, err := address.ParseChat("chat", key.Chat)
	if err != nil {
		return nil, nil, err
	}
	if key.WAMessageID == "" {
		return nil, nil, fault.Missing("waMessageId")
	}
	chat, err := s.db.Chats.Get(ctx, sessionID, jid)
	if err != nil {
		return nil, nil, err
	}
	message, err := s.db.Messages.InChat(ctx, chat, key.WAMessageID)
	return chat, message, err
}

// stateJID is the address by which the account's devices know a chat: a person's
// LID where it is known.
func (x *session) stateJID(ctx context.Context, jid types.JID) types.JID {
	if jid.Server == types.DefaultUserServer {
		if lid := x.otherAddress(ctx, jid); !lid.IsEmpty() {
			return lid
		}
	}
	return jid
}

// chatTarget is stateJID of a stored chat.
func (x *session) chatTarget(chat *models.Chat) (types.JID, error) {
	if chat.LID != "" {
		return parseCanonical(chat.LID)
	}
	return parseCanonical(chat.JID)
}

// senderOf is who sent a message, by LID where it is known.
func senderOf(message *models.Message) (types.JID, error) {
	sender := message.SenderLID
	if sender == "" {
		sender = message.SenderJID
	}
	jid, err := types.ParseJID(sender)
	if err != nil {
		return types.JID{}, fmt.Errorf("reading a sender's address: %w", err)
	}
	return jid, nil
}
