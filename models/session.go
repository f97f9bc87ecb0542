package models

import "wagateway/models/contract"

// SessionStatus is where a session stands, as in the contract's Session.status.
type SessionStatus string

// The states. whatsapp/session_state.go holds the allowed steps between them.
const (
	SessionStopped    SessionStatus = "stopped"
	SessionStarting   SessionStatus = "starting"
	SessionScanQRCode SessionStatus = "scan_qr_code"
	SessionWorking    SessionStatus = "working"
	SessionFailed     SessionStatus = "failed"
)

// StatusReason says why a session is in its state; "" when the state says all.
type StatusReason string

// The reasons, as in the contract's Session.statusReason.
const (
	ReasonLoggedOut      StatusReason = "logged_out"
	ReasonBanned         StatusReason = "banned"
	ReasonClientOutdated StatusReason = "client_outdated"
	ReasonReplaced       StatusReason = "replaced"
	ReasonQRExpired      StatusReason = "qr_expired"
	ReasonPairingFailed  StatusReason = "pairing_failed"
	ReasonConnectFailed  StatusReason = "connect_failed"
	ReasonDisconnected   StatusReason = "disconnected"
)

// Session is one linked (or linkable) WhatsApp number of an organization.
type Session struct {
	ID              string `gorm:"primaryKey"` // ULID
	OrganizationID  string
	Label           string
	CreatedByUserID string
	IsAdminSession  bool
	PhoneNumber     string // digits; "" until paired, as the three below
	WAJID           string `gorm:"column:wa_jid"`
	WALID           string `gorm:"column:wa_lid"`
	DeviceJID       string `gorm:"column:device_jid"` // whatsmeow's own device JID, key into its store
	PushName        string
	Status          SessionStatus
	StatusReason    StatusReason
	Enabled         bool   // desired state: the gateway keeps it connected, also after a restart
	GatewayID       string // the replica that holds it
	AutoRead        bool
	PresenceTyping  bool
	AutoRejectCalls bool
	RatePerMin      int // sends a minute
	RatePerHour     int // sends an hour
	HistoryDays     int
	// StateDoubtful says that something of the app state may have been read and not
	// stored: see [SessionStore.SetStateDoubtful].
	StateDoubtful   bool   `gorm:"->"`
	LastConnectedAt Millis // 0: never
	CreatedAt       Millis `gorm:"autoCreateTime:false"`
	UpdatedAt       Millis `gorm:"autoUpdateTime:false"`
}

// Paired reports whether a device is linked to the session.
func (s *Session) Paired() bool { return s.DeviceJID != "" }

// Shape is the session as the contract shows it.
func (s *Session) Shape() contract.Session {
	return contract.Session{
		AutoRead:        s.AutoRead,
		AutoRejectCalls: s.AutoRejectCalls,
		CreatedAt:       int64(s.CreatedAt),
		CreatedByUserID: s.CreatedByUserID,
		GatewayID:       s.GatewayID,
		ID:              s.ID,
		IsAdminSession:  s.IsAdminSession,
		Label:           s.Label,
		LastConnectedAt: millisOrNull(s.LastConnectedAt),
		OrganizationID:  s.OrganizationID,
		PhoneNumber:     s.PhoneNumber,
		PresenceTyping:  s.PresenceTyping,
		RatePerHour:     s.RatePerHour,
		RatePerMin:      s.RatePerMin,
		Status:          string(s.Status),
		StatusReason:    string(s.StatusReason),
		UpdatedAt:       int64(s.UpdatedAt),
		WAJID:           s.WAJID,
		WALID:           s.WALID,
	}
}
