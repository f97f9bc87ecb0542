package whatsapp

import (
	"fmt"
	"net/url"
	"unicode/utf8"

	"wagateway/models"
	"wagateway/models/fault"
)

// NewSession describes a session to create. nil takes the default.
type NewSession struct {
	OrganizationID  string
	CreatedByUserID string
	Label           string // at most 100 characters
	AutoRead        bool
	PresenceTyping  bool
	AutoRejectCalls bool
	Start           bool   // begin pairing at once
	RatePerMin      *int   // 1 to 1,000; default 20
	RatePerHour     *int   // 1 to 50,000; default 600
	HistoryDays     *int   // 0 to 3,650; default 0
	ProxyURL        string // http, https or socks5; "" none
}

// SessionSettings are changes of a session; nil stays as it is.
type SessionSettings struct {
	Label           *string
	AutoRead        *bool
	PresenceTyping  *bool
	AutoRejectCalls *bool
	RatePerMin      *int
	RatePerHour     *int
	HistoryDays     *int
	ProxyURL        *string // used from the next start on; "" none
}

// The bounds of the settings are this gateway's own.
const (
	maxLabel           = 100
	maxRatePerMin      = 1000
	maxRatePerHour     = 50_000
	maxHistoryDays     = 3650
	maxProxyURL        = 2000
	defaultRatePerMin  = 20
	defaultRatePerHour = 600
)

// row gives the row to store.
func (n NewSession) row() *models.Session {
	row := &models.Session{
		OrganizationID: n.OrganizationID, CreatedByUserID: n.CreatedByUserID, Label: n.Label,
		AutoRead: n.AutoRead, PresenceTyping: n.PresenceTyping, AutoRejectCalls: n.AutoRejectCalls,
		RatePerMin: defaultRatePerMin, RatePerHour: defaultRatePerHour, Status: models.SessionStopped,
	}
	for value, wanted := range map[*int]*int{&row.RatePerMin: n.RatePerMin, &row.RatePerHour: n.RatePerHour, &row.HistoryDays: n.HistoryDays} {
		if wanted != nil {
			*value = *wanted
		}
	}
	return row
}

func (n NewSession) settings() SessionSettings {
	return SessionSettings{
		Label: &n.Label, RatePerMin: n.RatePerMin, RatePerHour: n.RatePerHour, HistoryDays: n.HistoryDays, ProxyURL: &n.ProxyURL,
	}
}

// validate checks the settings that are given.
func (c SessionSettings) validate() error {
	if c.Label != nil && utf8.RuneCountInString(*c.Label) > maxLabel {
		return fault.Invalid("label", fmt.Sprintf("label must have at most %d characters", maxLabel)).With("max", maxLabel)
	}
	for _, number := range []struct {
		field       string
		value       *int
		least, most int
	}{
		{"ratePerMin", c.RatePerMin, 1, maxRatePerMin},
		{"ratePerHour", c.RatePerHour, 1, maxRatePerHour},
		{"historyDays", c.HistoryDays, 0, maxHistoryDays},
	} {
		if v := number.value; v != nil && (*v < number.least || *v > number.most) {
			return fault.Invalid(number.field, fmt.Sprintf("%s must be %d to %d", number.field, number.least, number.most)).
				With("min", number.least).With("max", number.most)
		}
	}
	if c.ProxyURL != nil && *c.ProxyURL != "" {
		return checkProxy(*c.ProxyURL)
	}
	return nil
}

// checkProxy accepts what [http.Transport.Proxy] can use. The error does not
// repeat the URL, which may hold a password.
func checkProxy(proxy string) error {
	parsed, err := url.Parse(proxy)
	if err == nil && len(proxy) <= maxProxyURL && parsed.Hostname() != "" {
		switch parsed.Scheme {
		case "http", "https", "socks5":
			return nil
		}
	}
	return fault.Invalid("proxyUrl", "proxyUrl must be an http, https or socks5 URL")
}

// patch gives the columns to change.
func (c SessionSettings) patch() models.SessionPatch {
	return models.SessionPatch{
		Label: c.Label, AutoRead: c.AutoRead, PresenceTyping: c.PresenceTyping, AutoRejectCalls: c.AutoRejectCalls,
		RatePerMin: c.RatePerMin, RatePerHour: c.RatePerHour, HistoryDays: c.HistoryDays,
	}
}
