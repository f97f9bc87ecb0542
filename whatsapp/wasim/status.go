package wasim

import (
	"context"
	"slices"
	"strings"
	"sync"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// peerSet are the accounts that a phone exchanged messages with one to one. The
// zero value is empty.
type peerSet struct {
	mu    sync.Mutex
	peers map[*Phone]struct{}
}

func (s *peerSet) add(peer *Phone) {
	if peer == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers == nil {
		s.peers = map[*Phone]struct{}{}
	}
	s.peers[peer] = struct{}{}
}

// list gives the peers by number.
func (s *peerSet) list() []*Phone {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Phone, 0, len(s.peers))
	for peer := range s.peers {
		list = append(list, peer)
	}
	slices.SortFunc(list, func(a, b *Phone) int { return strings.Compare(a.number, b.number) })
	return list
}

// sealStatus encrypts a story for those who may see it, and for the own devices.
func (p *Phone) sealStatus(ctx context.Context, e *envelope, chosen []types.JID, message *waE2E.Message) error {
	e.readers = []*Phone{p}
	candidates := p.peers.list()
	if len(chosen) > 0 {
		candidates = nil
		for _, jid := range chosen {
			candidates = append(candidates, p.srv.phoneOf(jid))
		}
	}
	for _, reader := range candidates {
		if reader != nil && !slices.Contains(e.readers, reader) && !reader.hasBlocked(p) {
			e.readers = append(e.readers, reader)
		}
	}
	return p.sealShared(ctx, e, e.readers, 0, message)
}

// relayStatus delivers a story to the accounts that the sender encrypted it for.
// Other broadcast lists do not exist any more.
func (s *Server) relayStatus(e *envelope) accepted {
	if e.to != types.StatusBroadcastJID {
		return accepted{code: ErrNotAllowed.Code}
	}
	address := statusAddress(e.sender, e.device)
	if e.direct != nil {
		if to := s.phoneOf(e.participant); to != nil {
			e.deliverDirect(to, e.participant.Device, e.to, address)
		}
		return accepted{}
	}
	for _, phone := range e.statusReaders() {
		if phone != e.sender || e.device != 0 {
			e.toPhone(phone, e.to)
		}
		for _, device := range phone.companions() {
			if phone == e.sender && device.id == e.device {
				continue
			}
			key, keyed := e.each[deviceRef{phone, device.id}]
			if e.readers == nil && !keyed {
				continue // linked since: the sender did not know of it
			}
			encs := e.shared
			if keyed {
				encs = append([]node{key}, e.shared...)
			}
			device.deliver(e.stanza(address, encs...))
		}
	}
	return accepted{}
}

// statusReaders are those who get a story. A companion distributes its sender
// key with each one, so the keys tell.
func (e *envelope) statusReaders() []*Phone {
	if e.readers != nil {
		return e.readers
	}
	readers := []*Phone{e.sender}
	for ref := range e.each {
		if !slices.Contains(readers, ref.phone) && !ref.phone.hasBlocked(e.sender) {
			readers = append(readers, ref.phone)
		}
	}
	return readers
}

// statusAddress is where a story says it comes from.
func statusAddress(who *Phone, device uint16) attrs {
	if who.addressingMode() == types.AddressingModePN {
		return attrs{"from": types.StatusBroadcastJID, "participant": deviceJID(who.JID(), device), "participant_lid": deviceJID(who.lid, device)}
	}
	return attrs{
		"from": types.StatusBroadcastJID, "participant": deviceJID(who.lid, device), "participant_pn": deviceJID(who.JID(), device),
		"addressing_mode": string(types.AddressingModeLID),
	}
}
