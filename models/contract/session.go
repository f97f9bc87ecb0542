package contract

// Session is the contract's Session. Phone number, JID and LID are empty until
// it is paired.
type Session struct {
	AutoRead        bool   `json:"autoRead" required:"true" description:"Whether incoming messages are marked read by the gateway." example:"false"`
	AutoRejectCalls bool   `json:"autoRejectCalls,omitempty" description:"Whether calls are rejected by the gateway; absent when not." example:"true"`
	CreatedAt       int64  `json:"createdAt" required:"true" description:"Unix epoch milliseconds." example:"1719662400000"`
	CreatedByUserID string `json:"createdByUserId" required:"true" description:"The user who created it; empty when a key did." example:"user_01J9DEF"`
	GatewayID       string `json:"gatewayId" required:"true" description:"The replica that holds the session; empty when none does." example:"gw-sg-1"`
	ID              string `json:"id" required:"true" description:"A ULID." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	IsAdminSession  bool   `json:"isAdminSession" required:"true" description:"Whether it is the platform's own." example:"false"`
	Label           string `json:"label" required:"true" description:"A name for people." example:"Support line"`
	LastConnectedAt *int64 `json:"lastConnectedAt" required:"true" description:"When it last connected, Unix epoch milliseconds; null: never." example:"1719662400000"`
	OrganizationID  string `json:"organizationId" required:"true" description:"The organization that owns it." example:"org_01J9ABC"`
	PhoneNumber     string `json:"phoneNumber" required:"true" description:"The account's number in digits; empty until paired." example:"6281234567890"`
	PresenceTyping  bool   `json:"presenceTyping" required:"true" description:"Whether typing is shown before a message is sent." example:"true"`
	RatePerHour     int    `json:"ratePerHour" required:"true" description:"Sends allowed in an hour." example:"600"`
	RatePerMin      int    `json:"ratePerMin" required:"true" description:"Sends allowed in a minute." example:"20"`
	Status          string `json:"status" required:"true" enum:"stopped,starting,scan_qr_code,working,failed" description:"Where it stands." example:"working"`
	StatusReason    string `json:"statusReason,omitempty" description:"Why: logged_out, banned, client_outdated, replaced, qr_expired, connect_failed and others; absent when the status says all."`
	UpdatedAt       int64  `json:"updatedAt" required:"true" description:"Unix epoch milliseconds." example:"1719662400000"`
	WAJID           string `json:"waJid" required:"true" description:"The account's address; empty until paired." example:"6281234567890@s.whatsapp.net"`
	WALID           string `json:"waLid" required:"true" description:"The account's stable id; empty until paired." example:"205227043110953@lid"`
}

// QR is the contract's answer of sessionQR and the payload of auth.qr.
type QR struct {
	Code      string `json:"code" required:"true" description:"The raw text of the QR code." example:"2@AbCdEf,GhIjKl,MnOpQr,StUvWx"`
	ExpiresAt int64  `json:"expiresAt" required:"true" description:"When WhatsApp stops accepting it, Unix epoch milliseconds." example:"1719662400000"`
}

// PairingCode is the contract's answer of sessionPairingCode and the payload of
// auth.pairing_code.
type PairingCode struct {
	Code      string `json:"code" required:"true" description:"Eight characters to type on the phone." example:"ABCD-1234"`
	ExpiresAt int64  `json:"expiresAt" required:"true" description:"When WhatsApp stops accepting it, Unix epoch milliseconds." example:"1719662400000"`
}
