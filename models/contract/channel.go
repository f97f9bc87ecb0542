package contract

// Channel is a channel that the account follows or followed.
type Channel struct {
	CreatedAtWA     *int64 `json:"createdAtWa" required:"true" description:"When it was created, Unix epoch milliseconds; null when unknown." example:"1719662400000"`
	Description     string `json:"description" required:"true" description:"What it is about." example:"High and low water"`
	FirstSeenAt     int64  `json:"firstSeenAt" required:"true" description:"When the gateway first heard of it, Unix epoch milliseconds." example:"1719662400000"`
	Following       bool   `json:"following" required:"true" description:"Whether its messages come to the account." example:"true"`
	ID              int64  `json:"id" required:"true" description:"The row's number." example:"7"`
	InviteLink      string `json:"inviteLink" required:"true" description:"The link that shows it to anybody; empty when unknown." example:"https://whatsapp.com/channel/0029VaAbCdEfGhIjKlMnOp"`
	JID             string `json:"jid" required:"true" description:"Its address." example:"120363012345678901@newsletter"`
	Muted           bool   `json:"muted" required:"true" description:"Whether its messages ring on no phone." example:"false"`
	Name            string `json:"name" required:"true" description:"Its name." example:"Tides"`
	Role            string `json:"role" required:"true" enum:"guest,subscriber,admin,owner" description:"What the account is in it; a guest does not follow it." example:"owner"`
	SessionID       string `json:"sessionId" required:"true" description:"The session." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	SubscriberCount int    `json:"subscriberCount" required:"true" description:"How many follow it, as last heard." example:"1200"`
	UpdatedAt       int64  `json:"updatedAt" required:"true" description:"When it was last heard of, Unix epoch milliseconds." example:"1719662400000"`
	Verified        bool   `json:"verified" required:"true" description:"Whether WhatsApp has verified it." example:"false"`
}
