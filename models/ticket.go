package models

import (
	"crypto/rand"
	"strings"
	"time"
)

// TicketLife is how long a ticket can be used.
const TicketLife = time.Minute

// ticketMark is how a ticket begins.
const ticketMark = "rt_"

// Ticket lets one WebSocket connection be opened, once, by who cannot send a
// credential there. It says whose it is and what the connection gives.
type Ticket struct {
	OrganizationID      string
	SessionID           string      // "" = every session of the organization
	Events              []EventName // none: all
	UserID              string      // of a login token; "" for an API key
	APIKeyID            string      // "" for a login token
	CredentialExpiresAt Millis      // 0: never
	ExpiresAt           Millis      // of the ticket; set by the store
}

// newTicket makes a ticket's secret: "rt_" and 26 letters and digits that hold
// 130 random bits.
func newTicket() string { return ticketMark + rand.Text() }

// isTicket reports whether a text has the form of a ticket's secret.
func isTicket(secret string) bool {
	rest, marked := strings.CutPrefix(secret, ticketMark)
	return marked && len(rest) == 26
}

func joinEvents(names []EventName) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ",")
}

func splitEvents(joined string) []EventName {
	if joined == "" {
		return nil
	}
	var names []EventName
	for name := range strings.SplitSeq(joined, ",") {
		names = append(names, EventName(name))
	}
	return names
}
