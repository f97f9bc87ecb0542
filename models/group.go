package models

import "wagateway/models/contract"

// Group is a WhatsApp group that a session is or was in.
type Group struct {
	ID               int64 `gorm:"primaryKey"`
	SessionID        string
	JID              string `gorm:"column:group_jid"`
	Subject          string
	Description      string
	OwnerJID         string `gorm:"column:owner_jid"` // by phone number where known, else by LID; "" unknown
	IsAnnounce       bool   // only admins may send
	IsLocked         bool   // only admins may edit subject, description and picture
	JoinApproval     bool   // joining by link asks the admins first
	MemberAddMode    string // "admin_add" or "all_member_add"; "" unknown
	EphemeralSeconds int    // disappearing messages; 0 = off
	ParentJID        string `gorm:"column:parent_jid"` // the community it belongs to
	IsCommunity      bool
	ParticipantCount int    // members now, kept with the member rows
	CreatedAtWA      Millis `gorm:"column:created_at_wa"`
	FirstSeenAt      Millis
	UpdatedAt        Millis `gorm:"autoUpdateTime:false"`
	LeftAt           Millis // when the account left or was removed; 0 = it is a member
}

// The modes of adding members.
const (
	AdminsAddMembers = "admin_add"
	AllAddMembers    = "all_member_add"
)

// MembersMayAdd reports whether members who are no admins may add others.
func (g *Group) MembersMayAdd() bool { return g.MemberAddMode == AllAddMembers }

// TableName avoids SQL's reserved word.
func (Group) TableName() string { return "wa_groups" }

// Shape is the group as the contract shows it.
func (g *Group) Shape() contract.Group {
	return contract.Group{
		CreatedAtWA:      millisOrNull(g.CreatedAtWA),
		Description:      g.Description,
		FirstSeenAt:      int64(g.FirstSeenAt),
		GroupJID:         g.JID,
		ID:               g.ID,
		IsAnnounce:       g.IsAnnounce,
		IsLocked:         g.IsLocked,
		OwnerJID:         g.OwnerJID,
		ParticipantCount: g.ParticipantCount,
		Subject:          g.Subject,
		UpdatedAt:        int64(g.UpdatedAt),
	}
}
