package wasim

import (
	"slices"

	"go.mau.fi/whatsmeow/types"
)

// ask notes somebody's wish to join and tells the admins; a second wish changes
// nothing. The caller holds the lock.
func (g *group) ask(who *Phone) {
	if slices.ContainsFunc(g.requests, func(r request) bool { return r.phone == who }) {
		return
	}
	g.requests = append(g.requests, request{phone: who, at: g.srv.now()})
	g.notify(who, g.admins(), node{
		Tag: "created_membership_requests", Attrs: attrs{"request_method": "invite_link"}, Content: []node{g.participantNode(who)},
	})
}

// dropRequest forgets somebody's wish; false if there was none. The caller holds
// the lock.
func (g *group) dropRequest(who *Phone) bool {
	before := len(g.requests)
	g.requests = slices.DeleteFunc(g.requests, func(r request) bool { return r.phone == who })
	return len(g.requests) < before
}

// pending lists those who wait, for admins only.
func (g *group) pending(by *Phone) ([]request, *StanzaError) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if refusal := g.adminOnly(by); refusal != nil {
		return nil, refusal
	}
	return slices.Clone(g.requests), nil
}

// decide lets those who wait in, or turns them away.
func (g *group) decide(by *Phone, approve bool, who []types.JID) ([]ParticipantResult, *StanzaError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refusal := g.adminOnly(by); refusal != nil {
		return nil, refusal
	}
	if len(who) == 0 {
		return nil, ErrBadRequest
	}
	results := make([]ParticipantResult, 0, len(who))
	for _, jid := range who {
		results = append(results, g.decideOne(by, approve, jid))
	}
	return results, nil
}

// decideOne decides about one wish. The caller holds the lock.
func (g *group) decideOne(by *Phone, approve bool, jid types.JID) ParticipantResult {
	phone := g.srv.phoneOf(jid)
	if phone == nil {
		return ParticipantResult{JID: jid.ToNonAD(), Error: ErrNotFound.Code}
	}
	result := ParticipantResult{JID: phone.lid, PhoneNumber: phone.JID(), phone: phone}
	switch {
	case g.has(phone):
		result.Error = ErrConflict.Code
	case !g.dropRequest(phone):
		result.Error = ErrNotFound.Code
	case approve:
		if refusal := g.welcome(phone, by, "linked_group_join"); refusal != nil {
			result.Error = refusal.Code
		}
	default:
		g.revoked(by, phone)
	}
	return result
}

// withdraw takes one's own wish back.
func (g *group) withdraw(who *Phone) *StanzaError {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.dropRequest(who) {
		return ErrNotFound
	}
	g.revoked(who, who)
	return nil
}

// revoked tells the admins, and the one concerned, that a wish is gone. The
// caller holds the lock.
func (g *group) revoked(by, who *Phone) {
	to := g.admins()
	if !slices.Contains(to, who) {
		to = append(to, who)
	}
	g.notify(by, to, node{Tag: "revoked_membership_requests", Content: []node{g.participantNode(who)}})
}

// letAllIn takes in everybody who waits. The caller holds the lock.
func (g *group) letAllIn(by *Phone) {
	for _, waiting := range slices.Clone(g.requests) {
		// Whoever finds no room goes on waiting.
		_ = g.welcome(waiting.phone, by, "invite")
	}
}
