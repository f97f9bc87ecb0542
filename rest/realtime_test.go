package rest

import (
	"strings"
)

// lifeOfATicket makes a ticket and opens the stream of events.
func (s *stack) lifeOfATicket(expect expectation) {
	s.Helper()
	host := strings.TrimPrefix(s.url, "http://")
	expect("POST", "/api/v1/realtime/ticket", `{"events":["message","session.status"]}`, 201,
		`{"expiresAt":MS,"ticket":"TICKET","url":"ws://`+host+`/api/v1/realtime?ticket=TICKET"}`)
	a := s.send("GET", "/api/v1/events?events=message", s.key, "")
	if a.StatusCode != 200 || a.body != reconnectAfter {
		s.Errorf("the stream answers %d %q", a.StatusCode, a.body)
	}
}
