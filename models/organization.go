package models

// Organization owns sessions, keys and webhooks; nobody sees another's. The id
// is the identity provider's opaque string.
type Organization struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	CreatedAt Millis `gorm:"autoCreateTime:false"`
}
