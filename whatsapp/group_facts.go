package whatsapp

import (
	"strconv"
	"time"

	"wagateway/models"
)

// factLife is how long an own act is held against notifications. whatsmeow
// hands them over one by one, so one can lie behind a slow store call for as long
// as that may take, and more.
const factLife = time.Minute

// facts are what own acts have lately made of a group. WhatsApp's answer to an
// act overtakes the notifications of the changes before it, which wait for the
// handler: such a late one says what is no longer so, and must not be stored.
// The zero value is ready; the page's lock guards it.
type facts struct {
	known map[string]fact
}

type fact struct {
	value string
	at    time.Time
}

// learn notes what an own act has changed.
func (f *facts) learn(change models.GroupChange, now time.Time) {
	if f.known == nil {
		f.known = make(map[string]fact)
	}
	for key, known := range f.known {
		if now.Sub(known.at) >= factLife {
			delete(f.known, key)
		}
	}
	for key, value := range claims(change) {
		f.known[key] = fact{value: value, at: now}
	}
}

// contradicted reports whether a change says otherwise than an own act: it is
// older than the act, or somebody changed the same again. Only WhatsApp knows.
func (f *facts) contradicted(change models.GroupChange, now time.Time) bool {
	if !f.fresh(now) {
		return false
	}
	for key, value := range claims(change) {
		known, acted := f.known[key]
		if acted && now.Sub(known.at) < factLife && !known.allows(value) {
			return true
		}
	}
	return false
}

// allows reports whether both can be so at the same time.
func (f fact) allows(value string) bool {
	return f.value == value || value == isMember && f.value != isOut
}

// fresh reports whether there was an own act lately.
func (f *facts) fresh(now time.Time) bool {
	for _, known := range f.known {
		if now.Sub(known.at) < factLife {
			return true
		}
	}
	return false
}

// What may be known of a member; the roles are the other values. That somebody
// is a member goes with any role.
const (
	isOut    = "out"
	isMember = "in"
)

// claims takes a change apart, into what it is about and what it says of that.
func claims(change models.GroupChange) map[string]string {
	said := make(map[string]string)
	for key, text := range map[string]*string{"subject": change.Subject, "description": change.Description} {
		if text != nil {
			said[key] = *text
		}
	}
	for key, on := range map[string]*bool{"announce": change.IsAnnounce, "locked": change.IsLocked, "approval": change.JoinApproval} {
		if on != nil {
			said[key] = strconv.FormatBool(*on)
		}
	}
	if change.EphemeralSeconds != nil {
		said["ephemeral"] = strconv.Itoa(*change.EphemeralSeconds)
	}
	for _, m := range change.Removed {
		claimMember(said, m, isOut)
	}
	for _, m := range change.Added {
		if m.Role == models.RoleMember {
			claimMember(said, m, isMember)
		} else {
			claimMember(said, m, string(m.Role))
		}
	}
	for _, m := range change.Roles {
		claimMember(said, m, string(m.Role))
	}
	return said
}

// claimMember says the same of both addresses: the next to speak of the person
// may know one only.
func claimMember(said map[string]string, m models.MemberSnapshot, value string) {
	for _, jid := range []string{m.LID, m.PhoneJID} {
		if jid != "" {
			said["member "+jid] = value
		}
	}
}
