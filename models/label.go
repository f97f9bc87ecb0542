package models

// Label is a label of the account's, for chats and messages. Business accounts
// have them.
type Label struct {
	ID        int64
	SessionID string
	WALabelID string // WhatsApp's id of it, within the account
	Name      string
	Color     int // an index into the palette of WhatsApp's apps
	CreatedAt Millis
	UpdatedAt Millis
}
