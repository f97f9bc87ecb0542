package whatsapp

import (
	"context"
	"fmt"
	"slices"

	"go.mau.fi/whatsmeow/types"

	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// ParticipantResult is what became of one participant.
type ParticipantResult struct {
	JID        string  // as the caller gave it
	OK         bool    // the wish now holds
	Code       *int    // WhatsApp's code; nil when OK, or when WhatsApp gave no answer
	Message    *string // what the code means; nil when OK
	InviteCode *string // of the invitation to send, for a person who can only be invited
}

// participant is one of the people an act is about.
type participant struct {
	given string
	jid   types.JID
}

// parseParticipants reads the field "participants": person JIDs, none twice.
func parseParticipants(given []string, least, most int) ([]participant, error) {
	const field = "participants"
	switch {
	case len(given) < least:
		return nil, fault.Missing(field)
	case len(given) > most:
		return nil, fault.Invalid(field, fmt.Sprintf("%s must name at most %d people", field, most)).With("max", most)
	}
	people := make([]participant, len(given))
	seen := make(map[types.JID]bool, len(given))
	for i, s := range given {
		element := fmt.Sprintf("%s[%d]", field, i)
		canonical, err := address.ParsePerson(element, s)
		if err != nil {
			return nil, err
		}
		jid, err := parseCanonical(canonical)
		if err != nil {
			return nil, err
		}
		if seen[jid] {
			return nil, fault.Invalid(element, element+" is given twice")
		}
		seen[jid] = true
		people[i] = participant{given: s, jid: jid}
	}
	return people, nil
}

func jids(people []participant) []types.JID {
	all := make([]types.JID, len(people))
	for i := range people {
		all[i] = people[i].jid
	}
	return all
}

// others gives the people without the account itself, which WhatsApp adds.
func (x *session) others(people []participant) []types.JID {
	return slices.DeleteFunc(jids(people), x.isOwn)
}

// reading is how to read WhatsApp's codes about single participants.
type reading struct {
	settled []int                 // the wish holds already
	explain func(code int) string // what another code means
}

// results gives each participant's outcome in the order asked. WhatsApp answers
// by LID or by number, whichever the group uses, not always as it was asked.
func (x *session) results(ctx context.Context, people []participant, answered []types.GroupParticipant, codes reading) []ParticipantResult {
	byJID := make(map[types.JID]*types.GroupParticipant, 2*len(answered))
	for i := range answered {
		for _, jid := range []types.JID{answered[i].JID, answered[i].LID, answered[i].PhoneNumber} {
			if !jid.IsEmpty() {
				byJID[jid.ToNonAD()] = &answered[i]
			}
		}
	}
	results := make([]ParticipantResult, len(people))
	for i, p := range people {
		answer := byJID[p.jid]
		if answer == nil {
			answer = byJID[x.otherAddress(ctx, p.jid)]
		}
		switch {
		case answer != nil:
			results[i] = result(p.given, answer, codes)
		case x.isOwn(p.jid):
			results[i] = ParticipantResult{JID: p.given, OK: true}
		default:
			message := "WhatsApp did not say what became of this participant"
			results[i] = ParticipantResult{JID: p.given, Message: &message}
		}
	}
	return results
}

func result(given string, answer *types.GroupParticipant, codes reading) ParticipantResult {
	if succeeded(answer) || slices.Contains(codes.settled, answer.Error) {
		return ParticipantResult{JID: given, OK: true}
	}
	code, message := answer.Error, codes.explain(answer.Error)
	r := ParticipantResult{JID: given, Code: &code, Message: &message}
	if answer.AddRequest != nil && answer.AddRequest.Code != "" {
		invite := answer.AddRequest.Code
		r.InviteCode = &invite
	}
	return r
}

// agreed gives those for whom the wish holds.
func (r reading) agreed(answered []types.GroupParticipant) []types.GroupParticipant {
	return slices.DeleteFunc(slices.Clone(answered), func(p types.GroupParticipant) bool {
		return !succeeded(&p) && !slices.Contains(r.settled, p.Error)
	})
}

// succeeded: WhatsApp leaves the code out, or says 200.
func succeeded(p *types.GroupParticipant) bool { return p.Error == 0 || p.Error == 200 }

// whyNotAdded says what WhatsApp's code about somebody to add means, in the
// sense of the messages of its own apps.
func whyNotAdded(code int) string {
	switch code {
	case 401:
		return "this person has blocked the account"
	case 403:
		return "this person's privacy settings do not allow it; an invitation can be sent"
	case 404:
		return "this person is not on WhatsApp"
	case 408:
		return "this person left the group recently"
	case 417:
		return "this person cannot be added to the community; an invitation can be sent"
	case 419:
		return "the group is full"
	default:
		return declined(code)
	}
}

// whyNotChanged says what WhatsApp's code about a member to change means.
func whyNotChanged(code int) string {
	switch code {
	case 403, 405, 406:
		return "WhatsApp does not allow it for this member"
	case 404:
		return "this person is not in the group"
	default:
		return declined(code)
	}
}

// whyNotDecided says what WhatsApp's code about somebody who asks to join means.
func whyNotDecided(code int) string {
	switch code {
	case 404:
		return "this person does not ask to join"
	case 409:
		return "this person is in the group already"
	default:
		return whyNotAdded(code)
	}
}

func declined(code int) string { return fmt.Sprintf("WhatsApp declined with code %d", code) }

// fault is the failure of an act whose only participant this is.
func (r *ParticipantResult) fault() error {
	if r.Code == nil {
		return fault.New(fault.Upstream, fault.ReasonOutcomeUnknown, *r.Message)
	}
	switch *r.Code {
	case 404:
		return fault.NoSuch("member")
	case 401, 403:
		return fault.New(fault.Forbidden, fault.ReasonWhatsApp, *r.Message).With("code", *r.Code)
	default:
		return refused(*r.Code)
	}
}
