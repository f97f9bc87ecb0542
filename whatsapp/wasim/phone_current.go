package wasim

import (
	"context"

	"go.mau.fi/whatsmeow/proto/waCommon"
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
	for _, state := range p.states() {
		if state.ID == id && state.Chat == chat {
			return *state, true
		}
	}
	return MessageState{}, false
}

// states gives all messages as they are by now, in order.
func (p *Phone) states() []*MessageState {
	messages := p.Messages()
	states := make([]*MessageState, len(messages))
	byID := make(map[string][]*MessageState, len(messages))
	for i, m := range messages {
		states[i] = &MessageState{PhoneMessage: m, Text: m.Text, Content: m.Content()}
		byID[m.ID] = append(byID[m.ID], states[i])
	}
	for _, later := range messages {
		target := targetOf(later)
		if target == "" {
			continue
		}
		for _, state := range byID[target] {
			// A reaction to a story comes one to one.
			if later.Chat == state.Chat || state.Chat == types.StatusBroadcastJID {
				state.add(p, later)
			}
		}
	}
	return states
}

// targetOf gives the id of the message that another one is about; empty if it
// stands for itself.
func targetOf(m PhoneMessage) string {
	inner := m.Content()
	for _, key := range []*waCommon.MessageKey{
		inner.GetProtocolMessage().GetKey(), inner.GetReactionMessage().GetKey(), inner.GetPinInChatMessage().GetKey(),
		inner.GetPollUpdateMessage().GetPollCreationMessageKey(), inner.GetEncReactionMessage().GetTargetMessageKey(),
	} {
		if key.GetID() != "" {
			return key.GetID()
		}
	}
	return ""
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

// add applies a later message about this one.
func (s *MessageState) add(p *Phone, later PhoneMessage) {
	inner, author := later.Content(), later.Sender.ToNonAD()
	byAuthor := author.User == s.Sender.User
	switch later.Kind() {
	case "edit":
		if byAuthor {
			edited := inner.GetProtocolMessage().GetEditedMessage()
			s.Edits++
			s.Content, s.Text = content(edited), textOfMessage(edited)
		}
	case "revoke":
		if byAuthor || later.byAdmin {
			s.Deleted, s.DeletedBy = true, author
			s.Text, s.Content = "", nil
		}
	case "reaction":
		s.react(author, p, later)
	case "pin":
		s.Pinned = inner.GetPinInChatMessage().GetType() == waE2E.PinInChatMessage_PIN_FOR_ALL
	}
}

// react applies a reaction; an empty one takes the earlier one back.
func (s *MessageState) react(author types.JID, p *Phone, later PhoneMessage) {
	emoji, ok := p.reaction(s.PhoneMessage, later)
	switch {
	case !ok:
	case emoji == "":
		delete(s.Reactions, author)
	default:
		if s.Reactions == nil {
			s.Reactions = map[types.JID]string{}
		}
		s.Reactions[author] = emoji
	}
}
