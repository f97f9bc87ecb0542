package contract

// Message is the contract's Message: one message of a chat, in either direction.
type Message struct {
	AckLevel    int        `json:"ackLevel" required:"true" minimum:"-1" maximum:"4" description:"How far it is: -1 error, 0 pending, 1 server, 2 delivered, 3 read, 4 played. In a group, as far as the first recipient is." example:"3"`
	Body        string     `json:"body" required:"true" description:"The text, or the caption of media; empty when it has none." example:"Hello there!"`
	ChatJID     string     `json:"chatJid" required:"true" description:"The chat's address: a person's by phone number where known, else the LID." example:"6281234567890@s.whatsapp.net"`
	CreatedAt   int64      `json:"createdAt" required:"true" description:"When the gateway stored it, Unix epoch milliseconds." example:"1719662400000"`
	Deleted     bool       `json:"deleted" required:"true" description:"Whether it was revoked for everyone." example:"false"`
	Direction   string     `json:"direction" required:"true" enum:"in,out" description:"out: from the account itself, from any of its devices." example:"in"`
	Edited      bool       `json:"edited" required:"true" description:"Whether the text was changed after it was sent." example:"false"`
	Error       string     `json:"error" required:"true" description:"Why it could not be sent or read; empty otherwise." example:""`
	FromMe      bool       `json:"fromMe" required:"true" description:"Whether the account itself sent it." example:"false"`
	HasMedia    bool       `json:"hasMedia" required:"true" description:"Whether it carries a file." example:"false"`
	ID          int64      `json:"id" required:"true" description:"The row's number in the gateway." example:"9912"`
	Media       *Media     `json:"media" required:"true" nullable:"true" description:"The file; null when it carries none, or it is not described yet."`
	Mentions    []string   `json:"mentions" required:"true" nullable:"false" description:"The people named in the text, by address." example:"[]"`
	QuotedID    string     `json:"quotedId" required:"true" description:"The message it replies to, by WhatsApp's id; empty when it is no reply." example:""`
	Reactions   []Reaction `json:"reactions" required:"true" nullable:"false" description:"What people reacted with."`
	SenderJID   string     `json:"senderJid" required:"true" description:"Who sent it, by phone number where known, else the LID." example:"6281234567890@s.whatsapp.net"`
	SenderLID   string     `json:"senderLid" required:"true" description:"The sender's stable id; empty when unknown." example:"205227043110953@lid"`
	SessionID   string     `json:"sessionId" required:"true" description:"The session through which it is known." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Timestamp   int64      `json:"timestamp" required:"true" description:"When it was sent, as WhatsApp says, Unix epoch milliseconds." example:"1719662400000"`
	Type        string     `json:"type" required:"true" description:"text, image, video, audio, document, sticker, poll, location, contact, reaction, edit, revoke, system, undecryptable or unknown." example:"text"`
	WAMessageID string     `json:"waMessageId" required:"true" description:"WhatsApp's id of it." example:"3EB0C431C26A1916E07A"`
}

// Media describes the file of a message.
type Media struct {
	Filename string `json:"filename,omitempty" description:"The file's name, where the sender gave one." example:"offer.pdf"`
	Mimetype string `json:"mimetype" required:"true" description:"What kind of file it is." example:"application/pdf"`
	Size     int64  `json:"size" required:"true" description:"Bytes." example:"20481"`
}

// Reaction is somebody's reaction to a message.
type Reaction struct {
	Emoji     string `json:"emoji" required:"true" description:"The emoji." example:"👍"`
	SenderJID string `json:"senderJid" required:"true" description:"Who reacted." example:"6281234567890@s.whatsapp.net"`
	Timestamp int64  `json:"timestamp" required:"true" description:"When, Unix epoch milliseconds." example:"1719662400000"`
}

// MessageStatus is the payload of message.status: a message of the account's own
// came further, or failed.
type MessageStatus struct {
	AckLevel       int    `json:"ackLevel" required:"true" description:"How far the message is now, as Message.ackLevel." example:"2"`
	ChatJID        string `json:"chatJid" required:"true" description:"The chat's address." example:"6281234567890@s.whatsapp.net"`
	Error          string `json:"error,omitempty" description:"Why it failed." example:""`
	OutboxID       string `json:"outboxId,omitempty" description:"The send it belongs to, when this gateway sent it." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	ParticipantJID string `json:"participantJid,omitempty" description:"Whose receipt it was; absent when WhatsApp itself reported it." example:"6281234567890@s.whatsapp.net"`
	Status         string `json:"status" required:"true" enum:"queued,sent,delivered,read,played,failed" description:"The same in a word." example:"delivered"`
	WAMessageID    string `json:"waMessageId" required:"true" description:"WhatsApp's id of the message." example:"3EB0C431C26A1916E07A"`
}

// Undecryptable is the payload of message.undecryptable: a message came that
// could not be read. A later message with the same id replaces it.
type Undecryptable struct {
	ChatJID     string `json:"chatJid" required:"true" description:"The chat's address." example:"6281234567890@s.whatsapp.net"`
	Reason      string `json:"reason" required:"true" description:"decryption_failed, or what WhatsApp calls it: view_once, …" example:"decryption_failed"`
	SenderJID   string `json:"senderJid" required:"true" description:"Who sent it." example:"6281234567890@s.whatsapp.net"`
	WAMessageID string `json:"waMessageId" required:"true" description:"WhatsApp's id of the message." example:"3EB0C431C26A1916E07A"`
}

// SendResult is what became of a send.
type SendResult struct {
	MessageID   string `json:"messageId" required:"true" description:"The same as waMessageId." example:"3EB0C431C26A1916E07A"`
	Mode        string `json:"mode" required:"true" enum:"sync,async" description:"Whether the caller waited for WhatsApp." example:"sync"`
	OutboxID    string `json:"outboxId" required:"true" description:"The send's own id, as in message.status." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Replayed    bool   `json:"replayed" required:"true" description:"Whether this is the result of an earlier request with the same Idempotency-Key." example:"false"`
	Status      string `json:"status" required:"true" enum:"queued,sent,delivered,read,failed" description:"How far it is." example:"sent"`
	Timestamp   int64  `json:"timestamp" required:"true" description:"When WhatsApp took it, or when it was queued, Unix epoch milliseconds." example:"1719662400000"`
	WAMessageID string `json:"waMessageId" required:"true" description:"WhatsApp's id of the message, known before it is sent." example:"3EB0C431C26A1916E07A"`
}
