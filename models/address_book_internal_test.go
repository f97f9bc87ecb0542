package models

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// randomPeople makes people out of a few addresses, so that they meet often.
func randomPeople(random *rand.Rand) []Person {
	people := make([]Person, 1+random.IntN(4))
	for i := range people {
		kind := random.IntN(3)
		if kind != 0 {
			people[i].LID = fmt.Sprintf("%d@lid", random.IntN(5))
		}
		if kind != 1 {
			people[i].PhoneJID = fmt.Sprintf("%d@s.whatsapp.net", random.IntN(5))
		}
		if random.IntN(2) == 0 {
			people[i].PushName = fmt.Sprintf("name %d", random.IntN(9))
		}
	}
	return people
}

// Whatever is learned in whatever order: addresses stay unique, nobody is left
// without one, and what was said last holds.
func TestAddressBookStaysConsistent(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		var stored []Identity
		var nextID int64
		for range 12 {
			book := newAddressBook("s", stored, 1)
			for _, p := range randomPeople(random) {
				e := book.learn(p)
				require.Nil(t, e.into, "seed %d: a live entry", seed)
				if p.LID != "" {
					require.Equal(t, p.LID, e.LID, "seed %d", seed)
				}
				if p.PhoneJID != "" {
					require.Equal(t, p.PhoneJID, e.PhoneJID, "seed %d", seed)
				}
				if p.PushName != "" {
					require.Equal(t, p.PushName, e.PushName, "seed %d", seed)
				}
			}
			stored = stored[:0:0]
			seen := map[string]bool{}
			for _, e := range book.entries {
				if e.into != nil {
					require.Nil(t, e.current().into)
					continue
				}
				if e.ID == 0 {
					nextID++
					e.ID = nextID
				}
				require.False(t, e.LID == "" && e.PhoneJID == "", "seed %d: an address", seed)
				require.Equal(t, phoneNumber(e.PhoneJID), e.PhoneNumber)
				for _, address := range []string{e.LID, e.PhoneJID} {
					require.False(t, address != "" && seen[address], "seed %d: %s stands twice", seed, address)
					seen[address] = true
				}
				stored = append(stored, e.Identity)
			}
		}
	}
}
