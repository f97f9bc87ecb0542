package graph

import (
	"encoding/json"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/eventlog"
)

// typedEvent gives an event as the schema has it. A payload that is not of the
// event's shape is not thrown away: it becomes an OtherEvent.
func typedEvent(e eventlog.Event) gen.Event {
	head := gen.EventHead{
		ID: e.ID, Type: models.EventName(e.Name), SessionID: e.Session, OrganizationID: e.Organization,
		Timestamp: models.Millis(e.At), Payload: e.Payload,
	}
	switch head.Type {
	case models.EventMessage, models.EventMessageEdited, models.EventMessageRevoked, models.EventChannelMessage:
		return decoded(head, messageEvent)
	case models.EventMessageStatus:
		return decoded(head, messageStatusEvent)
	case models.EventMessageUndecryptable:
		return decoded(head, undecryptableEvent)
	case models.EventSessionStatus:
		return decoded(head, sessionStatusEvent)
	case models.EventAuthQR, models.EventAuthPairingCode:
		return decoded(head, pairingEvent)
	case models.EventChatUpdated:
		return decoded(head, chatEvent)
	case models.EventContactUpdated:
		return decoded(head, contactEvent)
	case models.EventGroupUpdated:
		return decoded(head, groupEvent)
	case models.EventGroupMembers:
		return decoded(head, groupMembersEvent)
	case models.EventMessageReaction:
		return decoded(head, reactionEvent)
	case models.EventPollVote:
		return decoded(head, pollVoteEvent)
	case models.EventPresence:
		return decoded(head, presenceEvent)
	case models.EventCall:
		return decoded(head, callEvent)
	case models.EventHistorySynced:
		return decoded(head, historySyncedEvent)
	default:
		return &gen.OtherEvent{EventHead: head}
	}
}

// decoded reads the payload into its shape and makes the event of it.
func decoded[Shape, Event any](head gen.EventHead, event func(gen.EventHead, Shape) *Event) gen.Event {
	var shape Shape
	if err := json.Unmarshal(head.Payload, &shape); err != nil {
		return &gen.OtherEvent{EventHead: head}
	}
	return event(head, shape)
}

func messageEvent(head gen.EventHead, m contract.Message) *gen.MessageEvent {
	return &gen.MessageEvent{EventHead: head, Message: models.MessageOf(m)}
}

func messageStatusEvent(head gen.EventHead, s contract.MessageStatus) *gen.MessageStatusEvent {
	return &gen.MessageStatusEvent{
		EventHead: head, WaMessageID: s.WAMessageID, ChatJID: s.ChatJID, AckLevel: s.AckLevel, Status: s.Status,
		ParticipantJID: s.ParticipantJID, Error: s.Error, OutboxID: s.OutboxID,
	}
}

func undecryptableEvent(head gen.EventHead, u contract.Undecryptable) *gen.MessageUndecryptableEvent {
	return &gen.MessageUndecryptableEvent{
		EventHead: head, WaMessageID: u.WAMessageID, ChatJID: u.ChatJID, SenderJID: u.SenderJID, Reason: u.Reason,
	}
}

func sessionStatusEvent(head gen.EventHead, s contract.Session) *gen.SessionStatusEvent {
	return &gen.SessionStatusEvent{
		EventHead: head, SessionStatus: models.SessionStatus(s.Status), StatusReason: models.StatusReason(s.StatusReason),
	}
}

func pairingEvent(head gen.EventHead, c contract.QR) *gen.PairingEvent {
	return &gen.PairingEvent{EventHead: head, Code: c.Code, ExpiresAt: models.Millis(c.ExpiresAt)}
}

func chatEvent(head gen.EventHead, c contract.Chat) *gen.ChatEvent {
	return &gen.ChatEvent{EventHead: head, ChatJID: c.JID, UnreadCount: c.UnreadCount}
}

func contactEvent(head gen.EventHead, i contract.Identity) *gen.ContactEvent {
	return &gen.ContactEvent{EventHead: head, LID: i.LID, PhoneJID: i.PhoneJID, Name: i.Name}
}

func groupEvent(head gen.EventHead, g contract.Group) *gen.GroupEvent {
	return &gen.GroupEvent{EventHead: head, GroupJID: g.GroupJID, MemberJids: []string{}}
}

func groupMembersEvent(head gen.EventHead, c contract.GroupMembersChange) *gen.GroupEvent {
	members := make([]string, len(c.Members))
	for i, m := range c.Members {
		members[i] = m.JID
	}
	return &gen.GroupEvent{EventHead: head, GroupJID: c.GroupJID, MemberAction: c.Action, MemberJids: members}
}

func reactionEvent(head gen.EventHead, c contract.ReactionChange) *gen.ReactionEvent {
	return &gen.ReactionEvent{
		EventHead: head, ChatJID: c.ChatJID, WaMessageID: c.WAMessageID, SenderJID: c.SenderJID, FromMe: c.FromMe, Emoji: c.Emoji,
	}
}

func pollVoteEvent(head gen.EventHead, v contract.PollVote) *gen.PollVoteEvent {
	options := v.Options
	if options == nil {
		options = []string{}
	}
	return &gen.PollVoteEvent{EventHead: head, ChatJID: v.ChatJID, WaMessageID: v.WAMessageID, VoterJID: v.VoterJID, Options: options}
}

func presenceEvent(head gen.EventHead, p contract.Presence) *gen.PresenceEvent {
	return &gen.PresenceEvent{EventHead: head, ChatJID: p.ChatJID, SenderJID: p.SenderJID, State: p.State}
}

func callEvent(head gen.EventHead, c contract.Call) *gen.CallEvent {
	return &gen.CallEvent{EventHead: head, CallID: c.CallID, FromJID: c.FromJID, Action: c.Action, Video: c.Video}
}

func historySyncedEvent(head gen.EventHead, h contract.HistorySynced) *gen.HistorySyncedEvent {
	return &gen.HistorySyncedEvent{EventHead: head, Chats: h.Chats, Messages: h.Messages, Progress: h.Progress}
}
