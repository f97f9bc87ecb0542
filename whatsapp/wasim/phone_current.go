package wasim

import (
	"context"
	"slices"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// MessageState is what a user sees of a message by now: with the edits,
// reactions and deletions that came after it.
type MessageState struct {
	PhoneMessage // as it was first

	// Text and Content are those of the last edit, if there was one.
	Text    string
	Content *waE2E.Message
	Edits   int
	// Deleted says that it was deleted for everybody, by DeletedBy (a LID).
	Deleted   bool
	DeletedBy types.JID
	// Reactions are the emoji by the LID of who reacted.
	Reactions map[types.JID]string
	Pinned    bool
}

// Current gives a message with everything that happened to it since, as far as
// this phone has heard; false if it does not have the message. An edit or a
// deletion by somebody who may not do that is ignored, as phones do.
func (p *Phone) Current(chat types.JID, id string) (MessageState, bool) {
	chat = p.chatOf(chat)
	messages := p.Messages()
	first := slices.IndexFunc(messages, func(m PhoneMessage) bool { return m.ID == id && m.Chat == chat })
	if first < 0 {
		return MessageState{}, false
	}
	m := messages[first]
	state := MessageState{PhoneMessage: m, Text: m.Text, Content: m.Content(), Reactions: map[types.JID]string{}}
	for _, later := range messages {
		// A reaction to a story comes one to one.
		if later.Chat == chat || chat == types.StatusBroadcastJID {
			state.add(later)
		}
	}
	return state, true
}

// WaitCurrent waits until the state of a message matches.
func (p *Phone) WaitCurrent(ctx context.Context, chat types.JID, id string, match func(MessageState) bool) (state MessageState, err error) {
	err = p.messages.until(ctx, func() bool {
		var ok bool
		state, ok = p.Current(chat, id)
		return ok && match(state)
	})
	return state, err
}

// add applies a later message that may be about this one.
func (s *MessageState) add(later PhoneMessage) {
	inner := later.Content()
	sameAuthor := later.Sender.User == s.Sender.User
	if word := inner.GetProtocolMessage(); word.GetKey().GetID() == s.ID {
		switch {
		case word.GetEditedMessage() != nil && sameAuthor:
			s.Edits++
			s.Content = content(word.GetEditedMessage())
			s.Text = textOfMessage(word.GetEditedMessage())
		case later.Kind() == "revoke" && (sameAuthor || later.byAdmin):
			s.Deleted, s.DeletedBy = true, later.Sender.ToNonAD()
			s.Text, s.Content = "", nil
		}
	}
	if reaction := inner.GetReactionMessage(); reaction.GetKey().GetID() == s.ID {
		if reaction.GetText() == "" {
			delete(s.Reactions, later.Sender.ToNonAD())
		} else {
			s.Reactions[later.Sender.ToNonAD()] = reaction.GetText()
		}
	}
	if pin := inner.GetPinInChatMessage(); pin.GetKey().GetID() == s.ID {
		s.Pinned = pin.GetType() == waE2E.PinInChatMessage_PIN_FOR_ALL
	}
}
