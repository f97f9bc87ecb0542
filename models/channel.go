package models

import "wagateway/models/contract"

// ChannelRole is what the account is in a channel.
type ChannelRole string

// The roles in a channel.
const (
	ChannelGuest      ChannelRole = "guest" // does not follow it
	ChannelSubscriber ChannelRole = "subscriber"
	ChannelAdmin      ChannelRole = "admin"
	ChannelOwner      ChannelRole = "owner"
)

// Posts reports whether the role may write in the channel.
func (r ChannelRole) Posts() bool { return r == ChannelAdmin || r == ChannelOwner }

// Follows reports whether the channel's messages come to the account.
func (r ChannelRole) Follows() bool { return r == ChannelSubscriber || r.Posts() }

// channelLink is what an invite code becomes a link with.
const channelLink = "https://whatsapp.com/channel/"

// Channel is a WhatsApp channel that a session follows or followed.
type Channel struct {
	ID              int64 `gorm:"primaryKey"`
	SessionID       string
	JID             string `gorm:"column:jid"`
	Name            string
	Description     string
	InviteCode      string // "" unknown
	Role            ChannelRole
	Following       bool // its messages come; kept with the role
	Muted           bool // its messages do not ring on phones
	Verified        bool
	SubscriberCount int
	CreatedAtWA     Millis `gorm:"column:created_at_wa"` // 0 unknown
	FirstSeenAt     Millis
	UpdatedAt       Millis `gorm:"autoUpdateTime:false"`
}

// InviteLink is the link that shows the channel to anybody, "" when unknown.
func (c *Channel) InviteLink() string {
	if c.InviteCode == "" {
		return ""
	}
	return ChannelLink(c.InviteCode)
}

// ChannelLink is the link with an invite code.
func ChannelLink(inviteCode string) string { return channelLink + inviteCode }

// Shape is the channel as REST shows it.
func (c *Channel) Shape() contract.Channel {
	return contract.Channel{
		CreatedAtWA:     millisOrNull(c.CreatedAtWA),
		Description:     c.Description,
		FirstSeenAt:     int64(c.FirstSeenAt),
		Following:       c.Following,
		ID:              c.ID,
		InviteLink:      c.InviteLink(),
		JID:             c.JID,
		Muted:           c.Muted,
		Name:            c.Name,
		Role:            string(c.Role),
		SessionID:       c.SessionID,
		SubscriberCount: c.SubscriberCount,
		UpdatedAt:       int64(c.UpdatedAt),
		Verified:        c.Verified,
	}
}

// ChannelSnapshot is a channel as WhatsApp describes it.
type ChannelSnapshot struct {
	JID             string
	Name            string
	Description     string
	InviteCode      string
	Role            ChannelRole
	Muted           bool
	Verified        bool
	SubscriberCount int
	CreatedAtWA     Millis // 0 unknown
}

// ReactionCount is how many people reacted to a channel's message with an emoji.
type ReactionCount struct {
	Emoji string
	Count int
}

// ChannelStats tell how a channel's message is received, as last heard.
type ChannelStats struct {
	Views     int
	Reactions []ReactionCount // the most frequent first
	UpdatedAt Millis
}

// NewChannelStats are the stats that WhatsApp tells of a message.
type NewChannelStats struct {
	WAMessageID string
	Views       int // 0 not told: what was heard before stays
	Reactions   map[string]int
}

// ChannelNumber is the channel's own number of a message; nil elsewhere.
func (m *Message) ChannelNumber() *int {
	if m.ServerID == 0 {
		return nil
	}
	n := int(m.ServerID)
	return &n
}
