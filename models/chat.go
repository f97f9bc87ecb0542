package models

import "wagateway/models/contract"

// ChatType is what kind of chat it is, as in the contract's Chat.type.
type ChatType string

// The kinds of chats.
const (
	ChatDM        ChatType = "dm"
	ChatGroup     ChatType = "group"
	ChatChannel   ChatType = "channel"
	ChatBroadcast ChatType = "broadcast"
)

// Chat is a conversation of a session with a person, a group or a channel.
type Chat struct {
	ID           int64
	SessionID    string
	Type         ChatType
	JID          string // the person's by number where known, else their LID; the group's or channel's own
	IdentityID   int64  // the person of a DM, else 0
	LID          string // the person's of a DM; "" unknown
	Name         string // the person's name, the group's subject or the channel's name; "" unknown
	Archived     bool
	Pinned       bool
	MutedUntil   Millis // 0: not muted; MutedForever: without an end
	UnreadCount  int
	MarkedUnread bool // somebody marked it unread without a new message
	// EphemeralSeconds is after how long its new messages disappear; 0: they stay.
	EphemeralSeconds int
	Owed             ChatSync // what WhatsApp is still to hear
	LastMessageAt    Millis   // 0: no message
	CreatedAt        Millis
	UpdatedAt        Millis
}

// MutedForever is the end of a mute that has none: the last second that WhatsApp's
// clients and RFC 3339 know.
const MutedForever Millis = 253_402_300_799_000

// ChatSync says which parts of a chat's state WhatsApp is still to hear. Its bits
// are stored.
type ChatSync int

// The parts.
const (
	SyncArchived ChatSync = 1 << iota
	SyncPinned
	SyncMuted
	SyncRead // read, or marked unread
)

// ChatAddress says which chat an event or a caller means.
type ChatAddress struct {
	Type   ChatType
	JID    string // of a group, channel or broadcast list; "" with Person
	Person Person // of a DM; empty with JID
}

// Shape is the chat as the contract shows it.
func (c *Chat) Shape() contract.Chat {
	return contract.Chat{
		Archived:      c.Archived,
		ID:            c.ID,
		JID:           c.JID,
		LastMessageAt: millisOrNull(c.LastMessageAt),
		MutedUntil:    millisOrNull(c.MutedUntil),
		Name:          c.Name,
		Pinned:        c.Pinned,
		SessionID:     c.SessionID,
		Type:          string(c.Type),
		UnreadCount:   c.UnreadCount,
	}
}

// millisOrNull gives a time as the contract shows it: null when it is unknown
// or never was.
func millisOrNull(m Millis) *int64 {
	if m == 0 {
		return nil
	}
	n := int64(m)
	return &n
}
