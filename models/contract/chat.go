package contract

// Chat is the contract's Chat.
type Chat struct {
	Archived      bool   `json:"archived" required:"true" description:"Whether it is archived." example:"false"`
	ID            int64  `json:"id" required:"true" description:"The row's number in the gateway." example:"3344"`
	JID           string `json:"jid" required:"true" description:"Its address: a person's by phone number where known, else the LID." example:"6281234567890@s.whatsapp.net"`
	LastMessageAt *int64 `json:"lastMessageAt" required:"true" description:"When its latest message was sent, Unix epoch milliseconds; null: it has none." example:"1719662400000"`
	MutedUntil    *int64 `json:"mutedUntil" required:"true" description:"Until when it is muted, Unix epoch milliseconds; null: it is not." example:"1719662400000"`
	Name          string `json:"name" required:"true" description:"The person's name or the group's subject; empty when none is known." example:"Alice"`
	Pinned        bool   `json:"pinned" required:"true" description:"Whether it is pinned." example:"false"`
	SessionID     string `json:"sessionId" required:"true" description:"The session through which it is known." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Type          string `json:"type" required:"true" enum:"dm,group,channel,broadcast" description:"What kind of chat it is." example:"dm"`
	UnreadCount   int    `json:"unreadCount" required:"true" description:"Messages that came since it was last read." example:"3"`
}

// Presence is the payload of presence: what somebody is doing in a chat.
type Presence struct {
	ChatJID   string `json:"chatJid" required:"true" description:"The chat's address." example:"6281234567890@s.whatsapp.net"`
	SenderJID string `json:"senderJid" required:"true" description:"Whose presence it is." example:"6281234567890@s.whatsapp.net"`
	State     string `json:"state" required:"true" enum:"composing,recording,paused,available,unavailable" description:"What they are doing." example:"composing"`
}

// Call is the payload of call.
type Call struct {
	Action  string `json:"action" required:"true" enum:"offer,accept,reject,terminate" description:"What happened." example:"offer"`
	CallID  string `json:"callId" required:"true" description:"WhatsApp's id of the call." example:"C0FFEE"`
	FromJID string `json:"fromJid" required:"true" description:"Who calls." example:"6281234567890@s.whatsapp.net"`
	Video   bool   `json:"video" required:"true" description:"Whether it is a video call." example:"false"`
}
