package models

// Capability is a right that a caller may hold (contract §3).
type Capability string

// The capabilities. SuperAdmin is a platform role; an API key never has it.
const (
	Read       Capability = "read"
	Send       Capability = "send"
	Manage     Capability = "manage"
	SuperAdmin Capability = "super_admin"
)

// APIKey is a long-lived credential of an organization with fixed capabilities.
// The secret is shown once, at creation, and kept only as a SHA-256 hash, in a
// column that this row does not map.
type APIKey struct {
	ID              string `gorm:"primaryKey"` // key_ + ULID
	OrganizationID  string
	Name            string
	Prefix          string // the secret's first characters ("wa_AbCd"), to recognise it by
	Capabilities    CapabilitySet
	SessionID       string // "" = every session of the organization
	CreatedByUserID string
	CreatedAt       Millis `gorm:"autoCreateTime:false"`
	ExpiresAt       Millis // 0: never
	LastUsedAt      Millis // 0: never; brought up to date at most once a minute
	RevokedAt       Millis // 0: valid
}
