package contract

// Group is the contract's Group.
type Group struct {
	CreatedAtWA      *int64 `json:"createdAtWa" required:"true" description:"When WhatsApp says it was created, Unix epoch milliseconds; null when unknown." example:"1700000000000"`
	Description      string `json:"description" required:"true" description:"Empty when it has none." example:"Coordination for Q3 launch"`
	FirstSeenAt      int64  `json:"firstSeenAt" required:"true" description:"When the gateway first saw it, Unix epoch milliseconds." example:"1719662400000"`
	GroupJID         string `json:"groupJid" required:"true" description:"Its address." example:"120363021234567890@g.us"`
	ID               int64  `json:"id" required:"true" description:"The row's number in the gateway." example:"512"`
	IsAnnounce       bool   `json:"isAnnounce" required:"true" description:"Whether only admins may send." example:"false"`
	IsLocked         bool   `json:"isLocked" required:"true" description:"Whether only admins may edit subject, description and picture." example:"false"`
	OwnerJID         string `json:"ownerJid" required:"true" description:"Who created it, by phone number where known; empty when unknown." example:"6281234567890@s.whatsapp.net"`
	ParticipantCount int    `json:"participantCount" required:"true" description:"How many members it has." example:"42"`
	Subject          string `json:"subject" required:"true" description:"Its name." example:"Project Team"`
	UpdatedAt        int64  `json:"updatedAt" required:"true" description:"When it last changed here, Unix epoch milliseconds." example:"1719662400000"`
}

// GroupMembersChange is the payload of group.members: who came, went, or got
// another role.
type GroupMembersChange struct {
	Action   string        `json:"action" required:"true" enum:"add,remove,promote,demote,join,leave" description:"What happened to them."`
	ByJID    string        `json:"byJid" required:"true" description:"Who did it; empty when unknown." example:"6281234567890@s.whatsapp.net"`
	GroupJID string        `json:"groupJid" required:"true" description:"The group's address." example:"120363021234567890@g.us"`
	Members  []Participant `json:"members" required:"true" nullable:"false" description:"Whom it happened to."`
}

// Participant is a person of a group, by their addresses.
type Participant struct {
	JID      string `json:"jid" required:"true" description:"By phone number where known, else the LID." example:"6281234567890@s.whatsapp.net"`
	LID      string `json:"lid" required:"true" description:"The stable id; empty when unknown." example:"205227043110953@lid"`
	PhoneJID string `json:"phoneJid,omitempty" description:"The address by phone number; absent when unknown." example:"6281234567890@s.whatsapp.net"`
}
