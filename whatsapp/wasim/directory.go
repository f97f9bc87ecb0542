package wasim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// What can go wrong when a phone is added.
var (
	// ErrBadNumber is returned for a phone number that is not 7 to 15 digits.
	ErrBadNumber = errors.New("phone number must have 7 to 15 digits and no leading zero")
	// ErrPhoneExists is returned when a number exists under another name.
	ErrPhoneExists = errors.New("phone exists under another name")
)

// AddPhone makes an account with its primary device. A number that exists is
// returned as it is if name is empty or the same; otherwise it is ErrPhoneExists.
func (s *Server) AddPhone(number, name string) (*Phone, error) {
	if !validNumber(number) {
		return nil, ErrBadNumber
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if known, ok := s.phones[number]; ok {
		if name != "" && known.Name() != name {
			return nil, ErrPhoneExists
		}
		return known, nil
	}
	lid := s.newLID(number)
	p := newPhone(s, number, lid, name)
	s.phones[number] = p
	s.lids[lid] = p
	return p, nil
}

// validNumber reports whether a text is a phone number's digits.
func validNumber(number string) bool {
	return len(number) >= 7 && len(number) <= 15 && number[0] != '0' && strings.Trim(number, "0123456789") == ""
}

// newLID gives 15 digits that depend on the number and the server's secret, so
// that no code can get away with computing one from the other.
func (s *Server) newLID(number string) string {
	const lowest, span = 100_000_000_000_000, 180_000_000_000_000
	for attempt := 0; ; attempt++ {
		mac := hmac.New(sha256.New, s.trust.lidSecret)
		mac.Write([]byte(number + "/" + strconv.Itoa(attempt)))
		lid := strconv.FormatUint(lowest+binary.BigEndian.Uint64(mac.Sum(nil))%span, 10)
		if _, taken := s.lids[lid]; !taken {
			return lid
		}
	}
}

// Phone finds an account by its number.
func (s *Server) Phone(number string) (*Phone, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.phones[number]
	return p, ok
}

// phoneOf finds the account behind a LID or phone-number JID of any device, or nil.
func (s *Server) phoneOf(jid types.JID) *Phone {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch jid.Server {
	case types.HiddenUserServer:
		return s.lids[jid.User]
	case types.DefaultUserServer, types.LegacyUserServer:
		return s.phones[jid.User]
	}
	return nil
}

// groupOf finds a group, or nil.
func (s *Server) groupOf(jid types.JID) *group {
	if jid.Server != types.GroupServer {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.groups[jid.User]
}
