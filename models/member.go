package models

// MemberRole is what a member may do in a group.
type MemberRole string

// The roles. REST reports superadmin (the creator) as admin.
const (
	RoleMember     MemberRole = "member"
	RoleAdmin      MemberRole = "admin"
	RoleSuperAdmin MemberRole = "superadmin"
)

// GroupMember is one person in one group, read together with the identity.
// Who left keeps the row: LeftAt is set and LastSeenAt stops.
type GroupMember struct {
	ID          int64
	SessionID   string
	GroupID     int64
	GroupJID    string `gorm:"column:group_jid"`
	IdentityID  int64
	Role        MemberRole
	FirstSeenAt Millis
	LastSeenAt  Millis
	LeftAt      Millis // 0: is a member

	// Of the identity, joined in.
	LID          string `gorm:"column:lid"`
	PhoneJID     string `gorm:"column:phone_jid"`
	PhoneNumber  string
	ContactName  string
	PushName     string
	BusinessName string
}
