package address

import (
	"strings"

	"wagateway/models/fault"
)

// inviteHost is where invite links of groups lead to.
const inviteHost = "chat.whatsapp.com/"

// Invite codes are 22 characters today; the bounds leave room.
const (
	minInvite = 8
	maxInvite = 64
)

// ParseInvite reads a group invite, a bare code or a link as people paste it
// ("https://chat.whatsapp.com/<code>", "chat.whatsapp.com/invite/<code>?mode=…"),
// and gives the code.
func ParseInvite(field, s string) (string, error) {
	if s == "" {
		return "", fault.Missing(field)
	}
	code := s
	if link, isLink := cutInviteHost(s); isLink {
		link, _, _ = strings.Cut(link, "#")
		link, _, _ = strings.Cut(link, "?")
		code = strings.TrimSuffix(strings.TrimPrefix(link, "invite/"), "/")
	}
	if !isInviteCode(code) {
		return "", fault.New(fault.Validation, fault.ReasonInvalidInvite,
			field+" must be an invite code or a link (https://chat.whatsapp.com/…)").With("field", field)
	}
	return code, nil
}

// channelHost is where invite links of channels lead to.
const channelHost = "whatsapp.com/channel/"

// ParseChannelInvite reads the invite of a channel, a bare code or a link
// ("https://whatsapp.com/channel/<code>"), and gives the code.
func ParseChannelInvite(field, s string) (string, error) {
	if s == "" {
		return "", fault.Missing(field)
	}
	code := s
	for _, prefix := range []string{"https://www.", "http://www.", "www.", "https://", "http://", ""} {
		if link, isLink := strings.CutPrefix(s, prefix+channelHost); isLink {
			link, _, _ = strings.Cut(link, "#")
			link, _, _ = strings.Cut(link, "?")
			code = strings.TrimSuffix(link, "/")
			break
		}
	}
	if !isInviteCode(code) {
		return "", fault.New(fault.Validation, fault.ReasonInvalidInvite,
			field+" must be an invite code or a link (https://whatsapp.com/channel/…)").With("field", field)
	}
	return code, nil
}

// cutInviteHost removes scheme and host, which are not case-sensitive.
func cutInviteHost(s string) (path string, isLink bool) {
	lower := strings.ToLower(s)
	for _, scheme := range []string{"https://", "http://", ""} {
		if strings.HasPrefix(lower, scheme+inviteHost) && len(lower) == len(s) {
			return s[len(scheme)+len(inviteHost):], true
		}
	}
	return s, false
}

func isInviteCode(code string) bool {
	if len(code) < minInvite || len(code) > maxInvite {
		return false
	}
	for i := range len(code) {
		c := code[i]
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
