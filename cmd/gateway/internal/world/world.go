// Package world is the little world of `gateway demo`: an account to pair, people
// with names, groups, and a life that goes on in them. It acts only as phones do,
// through the simulator; the gateway hears of everything over the wire.
package world

import (
	"context"
	"fmt"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/types"

	"wagateway/whatsapp/wasim"
)

const (
	// AccountNumber is the phone number of the account that the demo pairs.
	AccountNumber = "12025550100"
	accountName   = "Demo"
	firstNumber   = 12025551000 // of the others, counted up
)

// MaxGroupSize is WhatsApp's limit on the members of a group.
const MaxGroupSize = 1024

// World is the account, the others and their groups. Its methods may be called
// from any goroutine, [World.Live] from one at a time.
type World struct {
	account *wasim.Phone
	people  []*wasim.Phone
	named   *wasim.Phone // the last one in the account's address book
	groups  []group      // in the order of plan
	channel types.JID    // that the account follows; empty before Talk
}

// group is a group with the phones that started it, its creator first.
type group struct {
	jid      types.JID
	members  []*wasim.Phone
	announce bool // only the creator writes
}

// plan is one group to create. Members are the creator, the account, and people
// from the start of the list.
type plan struct {
	subject, description string
	size                 int
	byAccount            bool // the account creates it
	promote              bool // the account becomes an admin
	announce, locked     bool
}

// Indexes of groups that Live uses for something particular.
const (
	team = iota
	family
	football
	neighbours
	announcements
	everyone
)

func plans(groupSize int) []plan {
	return []plan{
		team:          {subject: "Project Team", description: "Coordination for the third quarter", size: 12, promote: true},
		family:        {subject: "Family", size: 6},
		football:      {subject: "Sunday Football", description: "Ten o'clock, every Sunday, rain or shine", size: 18},
		neighbours:    {subject: "Neighbours", size: 24, locked: true, promote: true},
		announcements: {subject: "Announcements", description: "Only admins write here", size: 30, announce: true},
		everyone:      {subject: "Everyone", description: "The big one", size: groupSize, byAccount: true},
	}
}

// spare is how many people are in no group, to be added by whoever tries the demo.
const spare = 10

// New makes the people and the groups, one of them with groupSize members, the
// account included (2 to [MaxGroupSize]).
func New(ctx context.Context, simulator *wasim.Server, groupSize int) (*World, error) {
	if groupSize < 2 || groupSize > MaxGroupSize {
		return nil, fmt.Errorf("the group size must be 2 to %d, not %d", MaxGroupSize, groupSize)
	}
	w := &World{}
	var err error
	if w.account, err = simulator.AddPhone(AccountNumber, accountName); err != nil {
		return nil, fmt.Errorf("adding the account: %w", err)
	}
	grouped := 0
	for _, plan := range plans(groupSize) {
		grouped = max(grouped, plan.size)
	}
	for i := range grouped + spare {
		person, err := simulator.AddPhone(fmt.Sprint(firstNumber+i), personName(i))
		if err != nil {
			return nil, fmt.Errorf("adding a person: %w", err)
		}
		w.people = append(w.people, person)
	}
	if err := w.fillAddressBook(ctx); err != nil {
		return nil, err
	}
	for _, plan := range plans(groupSize) {
		if err := w.found(ctx, plan); err != nil {
			return nil, fmt.Errorf("founding %q: %w", plan.subject, err)
		}
	}
	if err := w.introduce(ctx); err != nil {
		return nil, err
	}
	w.remember()
	return w, nil
}

// found creates one group.
func (w *World) found(ctx context.Context, plan plan) error {
	members := []*wasim.Phone{w.account}
	members = append(members, w.people[:plan.size-1]...)
	if !plan.byAccount {
		members[0], members[1] = members[1], members[0]
	}
	creator := members[0]
	others := make([]types.JID, 0, len(members)-1)
	for _, member := range members[1:] {
		others = append(others, member.JID())
	}
	jid, _, err := creator.CreateGroupFrom(ctx, wasim.GroupSpec{
		Subject: plan.subject, Members: others, Announce: plan.announce, Locked: plan.locked,
	})
	if err != nil {
		return fmt.Errorf("creating the group: %w", err)
	}
	if plan.description != "" {
		if err := creator.SetDescription(ctx, jid, plan.description); err != nil {
			return fmt.Errorf("describing the group: %w", err)
		}
	}
	if plan.promote {
		if _, err := creator.Promote(ctx, jid, w.account.JID()); err != nil {
			return fmt.Errorf("promoting the account: %w", err)
		}
	}
	w.groups = append(w.groups, group{jid: jid, members: members, announce: plan.announce})
	return nil
}

// fillAddressBook gives the account most people's names, as a phone does: by app
// state. Every fourth person is a stranger, known by push name once they write.
func (w *World) fillAddressBook(ctx context.Context) error {
	patch := appstate.PatchInfo{Type: appstate.WAPatchCriticalUnblockLow}
	for i, person := range w.people {
		if i%4 == 3 {
			continue
		}
		w.named = person
		patch.Mutations = append(patch.Mutations, appstate.MutationInfo{
			Index:   []string{appstate.IndexContact, person.JID().String()},
			Version: 2, // of the contact action, as WhatsApp's own clients write it
			Value: &waSyncAction.SyncActionValue{ContactAction: &waSyncAction.ContactAction{
				FullName: new(person.Name()),
				LidJID:   new(person.LID().String()),
			}},
		})
	}
	if err := w.account.Mutate(ctx, patch); err != nil {
		return fmt.Errorf("filling the address book: %w", err)
	}
	return nil
}

// ScanQR lets the account's phone scan the QR code of a device to link.
func (w *World) ScanQR(ctx context.Context, code string) error {
	return w.account.ScanQR(ctx, code)
}

// NamedJID gives the address of the last person in the account's address book:
// when this name has arrived, all have.
func (w *World) NamedJID() string { return w.named.JID().String() }

// GroupJIDs gives the addresses of the groups.
func (w *World) GroupJIDs() []string {
	jids := make([]string, len(w.groups))
	for i, group := range w.groups {
		jids[i] = group.jid.String()
	}
	return jids
}

// BigGroupJID gives the address of the group of the wanted size.
func (w *World) BigGroupJID() string { return w.groups[everyone].jid.String() }
