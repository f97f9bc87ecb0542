package models

// MessageType is what a message is, as in the contract's Message.type.
type MessageType string

// The kinds of messages. Those that change another message (reaction, edit, revoke,
// vote) are rows of their own, hidden, with the other's id as the quoted one.
const (
	MessageText          MessageType = "text"
	MessageImage         MessageType = "image"
	MessageVideo         MessageType = "video"
	MessageAudio         MessageType = "audio"
	MessageDocument      MessageType = "document"
	MessageSticker       MessageType = "sticker"
	MessagePoll          MessageType = "poll"
	MessageLocation      MessageType = "location"
	MessageContact       MessageType = "contact"
	MessageReaction      MessageType = "reaction"
	MessageEdit          MessageType = "edit"
	MessageRevoke        MessageType = "revoke"
	MessageVote          MessageType = "vote"
	MessageSystem        MessageType = "system"
	MessageUndecryptable MessageType = "undecryptable"
	MessageUnknown       MessageType = "unknown"
)

// Changes reports whether messages of this type change another one: they are
// hidden, and stand in no list.
func (t MessageType) Changes() bool {
	return t == MessageReaction || t == MessageEdit || t == MessageRevoke || t == MessageVote
}

// AckLevel is how far a message of the account's own is, as in the contract's
// Message.ackLevel. Those of others are AckDelivered once stored.
type AckLevel int

// The levels; each includes the ones before.
const (
	AckError     AckLevel = -1
	AckPending   AckLevel = 0
	AckServer    AckLevel = 1
	AckDelivered AckLevel = 2
	AckRead      AckLevel = 3
	AckPlayed    AckLevel = 4
)

// Status is the level in a word, as in message.status.
func (a AckLevel) Status() string {
	switch a {
	case AckError:
		return "failed"
	case AckPending:
		return "queued"
	case AckServer:
		return "sent"
	case AckDelivered:
		return "delivered"
	case AckRead:
		return "read"
	default:
		return "played"
	}
}

// Message is a message of a chat, in either direction.
type Message struct {
	ID          int64
	SessionID   string
	ChatID      int64
	ChatJID     string // as [Chat].JID
	WAMessageID string
	SenderID    int64  // the sender's identity; 0 unknown
	SenderJID   string // by number where known, else the LID; "" unknown
	SenderLID   string // "" unknown
	FromMe      bool
	Type        MessageType
	Body        string   // the text, or a caption
	QuotedID    string   // WhatsApp's id of the message it replies to; "" none
	Mentions    []string // addresses
	HasMedia    bool
	Content     Content
	Hidden      bool // it changes another message, and stands in no list
	AckLevel    AckLevel
	Error       string
	Edited      bool
	EditedAt    Millis // 0: never
	Deleted     bool   // revoked for everyone: what it said is gone
	Starred     bool
	ServerID    int64  // a channel's own number of it; 0 elsewhere
	Timestamp   Millis // when it was sent, as WhatsApp says
	CreatedAt   Millis
	UpdatedAt   Millis
	Details     *Details // what others did with it; nil: not loaded
}

// Details are what others did with a message.
type Details struct {
	Reactions []Reaction     // the earliest first
	Tally     map[string]int // of a poll: votes by option
}

// NewMessage is a message as WhatsApp delivered it, or as it is to be sent.
type NewMessage struct {
	Chat        ChatAddress
	Sender      Person // the account itself where FromMe
	WAMessageID string
	FromMe      bool
	Type        MessageType
	Body        string
	QuotedID    string
	Mentions    []string
	HasMedia    bool
	Content     Content
	Media       *NewMedia // where its file is; nil: it has none
	ServerID    int64     // a channel's own number of it; 0 elsewhere
	AckLevel    AckLevel
	Error       string // why it cannot be read
	Timestamp   Millis
	Raw         []byte // WhatsApp's own encoding
	Quiet       bool   // counts neither as unread nor as latest; always so where the type [MessageType.Changes]
	// History says that it is of the past: it comes without an event and counts as
	// latest, but not as unread.
	History bool
	Starred bool
}

// Direction is "out" for the account's own messages, from whatever device, else "in".
func (m *Message) Direction() string {
	if m.FromMe {
		return "out"
	}
	return "in"
}

// IsForwarded reports whether it was forwarded.
func (m *Message) IsForwarded() bool { return m.Content.Forwarded }

// IsViewOnce reports whether it may be seen once only.
func (m *Message) IsViewOnce() bool { return m.Content.ViewOnce }

// Ephemeral is after how many seconds it disappears; 0: it stays.
func (m *Message) Ephemeral() int { return m.Content.EphemeralSeconds }

// Level is AckLevel as a number.
func (m *Message) Level() int { return int(m.AckLevel) }

// MessageReceipt is how far one recipient is with a message of the account's own.
type MessageReceipt struct {
	MessageID int64
	Identity  Identity
	AckLevel  AckLevel // delivered, read or played
	At        Millis
}

// Status is the level in a word.
func (r *MessageReceipt) Status() string { return r.AckLevel.Status() }

// Level is AckLevel as a number.
func (r *MessageReceipt) Level() int { return int(r.AckLevel) }
