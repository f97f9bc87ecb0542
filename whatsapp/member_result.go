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

// settled are codes that say that the wish holds already.
type settled []int

// results gives each participant's outcome in the order asked. WhatsApp answers
// by LID or by number, whichever the group uses, not always as it was asked.
func (x *session) results(ctx context.Context, people []participant, answered []types.GroupParticipant, already settled) []ParticipantResult {
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
			results[i] = result(p.given, answer, already)
		case x.isOwn(p.jid):
			results[i] = ParticipantResult{JID: p.given, OK: true}
		default:
			message := "WhatsApp did not say what became of this participant"
			results[i] = ParticipantResult{JID: p.given, Message: &message}
		}
	}
	return results
}

func result(given string, answer *types.GroupParticipant, already settled) ParticipantResult {
	// A settled code comes without the error in some answers of WhatsApp.
	if answer.Error == 0 || answer.Error == 200 || slices.Contains(already, answer.Error) {
		return ParticipantResult{JID: given, OK: true}
	}
	code, message := answer.Error, declineMessage(answer.Error)
	r := ParticipantResult{JID: given, Code: &code, Message: &message}
	if answer.AddRequest != nil && answer.AddRequest.Code != "" {
		invite := answer.AddRequest.Code
		r.InviteCode = &invite
	}
	return r
}

// done gives those whom an act changed something for.
func done(answered []types.GroupParticipant) []types.GroupParticipant {
	return slices.DeleteFunc(slices.Clone(answered), func(p types.GroupParticipant) bool {
		return p.Error != 0 && p.Error != 200
	})
}

// declineMessage says what WhatsApp's code about one participant means, as its
// own apps word it.
func declineMessage(code int) string {
	switch code {
	case 401:
		return "this person has blocked the account"
	case 403:
		return "this person's privacy settings do not allow it; an invitation can be sent"
	case 404:
		return "not on WhatsApp, or not in the group"
	case 405, 406:
		return "WhatsApp does not allow it for this person"
	case 408:
		return "this person left the group recently"
	case 409:
		return "already so"
	case 417:
		return "this person cannot be added to the community; an invitation can be sent"
	case 419:
		return "the group is full"
	default:
		return fmt.Sprintf("WhatsApp declined with code %d", code)
	}
}

// fault is the failure of an act whose only participant this is.
func (r *ParticipantResult) fault() error {
	if r.Code == nil {
		return fault.New(fault.Upstream, fault.ReasonOutcomeUnknown, *r.Message)
	}
	switch *r.Code {
	case 404:
		return fault.NoSuch("member")
	case 401, 403:
		return notGroupAdmin().With("code", *r.Code)
	default:
		return refused(*r.Code)
	}
}
