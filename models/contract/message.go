package contract

// Message is the contract's Message: one message of a chat, in either direction.
type Message struct {
	AckLevel         int           `json:"ackLevel" required:"true" minimum:"-1" maximum:"4" description:"How far it is: -1 error, 0 pending, 1 server, 2 delivered, 3 read, 4 played. In a group, as far as the first recipient is." example:"3"`
	Body             string        `json:"body" required:"true" description:"The text, or the caption of media; empty when it has none." example:"Hello there!"`
	ChatJID          string        `json:"chatJid" required:"true" description:"The chat's address: a person's by phone number where known, else the LID." example:"6281234567890@s.whatsapp.net"`
	Contacts         []ContactCard `json:"contacts,omitempty" description:"The cards, of type contact."`
	CreatedAt        int64         `json:"createdAt" required:"true" description:"When the gateway stored it, Unix epoch milliseconds." example:"1719662400000"`
	Deleted          bool          `json:"deleted" required:"true" description:"Whether it was revoked for everyone." example:"false"`
	Direction        string        `json:"direction" required:"true" enum:"in,out" description:"out: from the account itself, from any of its devices." example:"in"`
	Edited           bool          `json:"edited" required:"true" description:"Whether the text was changed after it was sent." example:"false"`
	EditedAt         int64         `json:"editedAt,omitempty" description:"When the text was last changed, Unix epoch milliseconds." example:"1719662400000"`
	EphemeralSeconds int           `json:"ephemeralSeconds,omitempty" description:"After how long it disappears." example:"86400"`
	Error            string        `json:"error" required:"true" description:"Why it could not be sent or read; empty otherwise." example:""`
	Forwarded        bool          `json:"forwarded,omitempty" description:"Whether it was forwarded." example:"true"`
	FromMe           bool          `json:"fromMe" required:"true" description:"Whether the account itself sent it." example:"false"`
	HasMedia         bool          `json:"hasMedia" required:"true" description:"Whether it carries a file." example:"false"`
	ID               int64         `json:"id" required:"true" description:"The row's number in the gateway." example:"9912"`
	LinkPreview      *LinkPreview  `json:"linkPreview,omitempty" description:"What the text shows of a page it links to."`
	Location         *Location     `json:"location,omitempty" description:"The place, of type location."`
	Media            *Media        `json:"media" required:"true" nullable:"true" description:"The file; null when it carries none."`
	Mentions         []string      `json:"mentions" required:"true" nullable:"false" description:"The people named in the text, by address." example:"[]"`
	Poll             *Poll         `json:"poll,omitempty" description:"The poll, of type poll."`
	QuotedID         string        `json:"quotedId" required:"true" description:"The message it replies to, by WhatsApp's id; empty when it is no reply." example:""`
	Reactions        []Reaction    `json:"reactions" required:"true" nullable:"false" description:"What people reacted with."`
	SenderJID        string        `json:"senderJid" required:"true" description:"Who sent it, by phone number where known, else the LID." example:"6281234567890@s.whatsapp.net"`
	SenderLID        string        `json:"senderLid" required:"true" description:"The sender's stable id; empty when unknown." example:"205227043110953@lid"`
	ServerID         int64         `json:"serverId,omitempty" description:"The channel's own number of it." example:"117"`
	SessionID        string        `json:"sessionId" required:"true" description:"The session through which it is known." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Starred          bool          `json:"starred,omitempty" description:"Whether the account has starred it." example:"true"`
	Timestamp        int64         `json:"timestamp" required:"true" description:"When it was sent, as WhatsApp says, Unix epoch milliseconds." example:"1719662400000"`
	Type             string        `json:"type" required:"true" description:"text, image, video, audio, document, sticker, poll, location, contact, reaction, edit, revoke, vote, system, undecryptable or unknown." example:"text"`
	ViewOnce         bool          `json:"viewOnce,omitempty" description:"Whether it may be seen once only." example:"true"`
	WAMessageID      string        `json:"waMessageId" required:"true" description:"WhatsApp's id of it." example:"3EB0C431C26A1916E07A"`
}

// Media describes the file of a message.
type Media struct {
	Animated  bool   `json:"animated,omitempty" description:"Whether a sticker moves, or a video plays as a GIF." example:"true"`
	Filename  string `json:"filename,omitempty" description:"The file's name, where the sender gave one." example:"offer.pdf"`
	Height    int    `json:"height,omitempty" description:"Pixels." example:"768"`
	Mimetype  string `json:"mimetype" required:"true" description:"What kind of file it is." example:"application/pdf"`
	Seconds   int    `json:"seconds,omitempty" description:"How long it plays." example:"12"`
	Size      int64  `json:"size" required:"true" description:"Bytes." example:"20481"`
	URL       string `json:"url" required:"true" description:"The path of the file in this API." example:"/api/v1/sessions/01J9ZX8K2QHV0M3T6R7P4N5W8C/messages/3EB0C431C26A1916E07A/media"`
	VideoNote bool   `json:"videoNote,omitempty" description:"Whether it is a round video note." example:"true"`
	Voice     bool   `json:"voice,omitempty" description:"Whether it is a voice note." example:"true"`
	Width     int    `json:"width,omitempty" description:"Pixels." example:"1024"`
}

// Poll is a question with options.
type Poll struct {
	Name            string       `json:"name" required:"true" description:"The question." example:"Pizza or pasta?"`
	Options         []PollOption `json:"options" required:"true" nullable:"false" description:"The options with their votes."`
	SelectableCount int          `json:"selectableCount" required:"true" description:"How many a voter may choose; 0: any number." example:"1"`
}

// PollOption is an option of a poll.
type PollOption struct {
	Name  string `json:"name" required:"true" description:"The option." example:"Pizza"`
	Votes int    `json:"votes" required:"true" description:"How many have chosen it." example:"3"`
}

// Location is a place.
type Location struct {
	Address   string  `json:"address,omitempty" description:"Its address." example:"Jl. Merdeka 1, Jakarta"`
	Latitude  float64 `json:"latitude" required:"true" description:"Degrees." example:"-6.1754"`
	Live      bool    `json:"live,omitempty" description:"Whether it is shared as it changes." example:"true"`
	Longitude float64 `json:"longitude" required:"true" description:"Degrees." example:"106.8272"`
	Name      string  `json:"name,omitempty" description:"What it is called." example:"Monas"`
	URL       string  `json:"url,omitempty" description:"A page about it." example:"https://example.com/monas"`
}

// ContactCard is a person's card.
type ContactCard struct {
	Name  string `json:"name" required:"true" description:"The person's name." example:"Alice"`
	Phone string `json:"phone,omitempty" description:"The first number in the card." example:"+62 812 3456 7890"`
	VCard string `json:"vcard" required:"true" description:"The card." example:"BEGIN:VCARD\nVERSION:3.0\nFN:Alice\nEND:VCARD"`
}

// LinkPreview is what a text shows of a page it links to.
type LinkPreview struct {
	Description string `json:"description,omitempty" description:"What the page says of itself." example:"News of the day"`
	Title       string `json:"title,omitempty" description:"The page's title." example:"Example"`
	URL         string `json:"url" required:"true" description:"The page." example:"https://example.com/"`
}

// ReactionChange is the payload of message.reaction: somebody reacted to a message,
// or took that back.
type ReactionChange struct {
	ChatJID     string `json:"chatJid" required:"true" description:"The chat's address." example:"6281234567890@s.whatsapp.net"`
	Emoji       string `json:"emoji" required:"true" description:"The emoji; empty: the reaction was taken back." example:"👍"`
	FromMe      bool   `json:"fromMe" required:"true" description:"Whether the account itself reacted." example:"false"`
	SenderJID   string `json:"senderJid" required:"true" description:"Who reacted." example:"6281234567890@s.whatsapp.net"`
	SenderLID   string `json:"senderLid" required:"true" description:"The stable id of who reacted; empty when unknown." example:"205227043110953@lid"`
	SessionID   string `json:"sessionId" required:"true" description:"The session." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Timestamp   int64  `json:"timestamp" required:"true" description:"When, Unix epoch milliseconds." example:"1719662400000"`
	WAMessageID string `json:"waMessageId" required:"true" description:"WhatsApp's id of the message reacted to." example:"3EB0C431C26A1916E07A"`
}

// PollVote is the payload of poll.vote: somebody voted, or changed or took back a
// vote.
type PollVote struct {
	ChatJID     string   `json:"chatJid" required:"true" description:"The chat's address." example:"120363041234567890@g.us"`
	Options     []string `json:"options" required:"true" nullable:"false" description:"The options chosen now; empty: the vote was taken back." example:"[\"Pizza\"]"`
	Timestamp   int64    `json:"timestamp" required:"true" description:"When, Unix epoch milliseconds." example:"1719662400000"`
	VoterJID    string   `json:"voterJid" required:"true" description:"Who voted." example:"6281234567890@s.whatsapp.net"`
	WAMessageID string   `json:"waMessageId" required:"true" description:"WhatsApp's id of the poll." example:"3EB0C431C26A1916E07A"`
}

// HistorySynced is the payload of history.synced: a part of the past is stored.
type HistorySynced struct {
	Chats    int `json:"chats" required:"true" description:"How many chats the part told of." example:"12"`
	Messages int `json:"messages" required:"true" description:"How many messages of it are new here." example:"340"`
	Progress int `json:"progress" required:"true" minimum:"0" maximum:"100" description:"How far the phone is with sending the past, in per cent." example:"100"`
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
