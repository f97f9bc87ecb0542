package models

import (
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// rememberedPeople bounds the memory of [peopleCache]: a few hundred bytes each.
	rememberedPeople = 8192
	// rememberedTime bounds how long a person is taken to be what they were. What
	// this process changes is forgotten at once; another one changes the people of
	// a session only when the session has moved there.
	rememberedTime = time.Minute
)

// peopleCache remembers people as they were told of and as they are stored, so
// that somebody who writes a hundred messages is looked up once. It holds only
// what storing again would not change.
type peopleCache struct {
	people *lru.Cache[told, remembered]

	mu      sync.Mutex
	changes map[string]uint64 // by session: counts changes of its people
	open    map[string]bool   // by session: its transaction has changed people, and may be undone
}

// told is what an event says of a person of a session.
type told struct {
	session string
	Person
}

type remembered struct {
	Identity
	change uint64
	until  time.Time
}

func newPeopleCache() (*peopleCache, error) {
	people, err := lru.New[told, remembered](rememberedPeople)
	if err != nil {
		return nil, fmt.Errorf("making the memory of people: %w", err)
	}
	return &peopleCache{people: people, changes: make(map[string]uint64), open: make(map[string]bool)}, nil
}

// recall gives all of these people; ok is false when one is not remembered. It is
// called within a sessionTx, as forget and remember are.
func (c *peopleCache) recall(session string, people []Person) (identities []Identity, ok bool) {
	change, now := c.change(session), time.Now()
	identities = make([]Identity, len(people))
	for i, p := range people {
		known, found := c.people.Get(told{session, p})
		if !found || known.change != change || known.until.Before(now) {
			return nil, false
		}
		identities[i] = known.Identity
	}
	return identities, true
}

// begin is called at the start of a sessionTx: the one before has ended.
func (c *peopleCache) begin(session string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, session)
}

// remember notes people as they are stored, unless the transaction has changed any.
func (c *peopleCache) remember(session string, people []Person, identities []Identity) {
	c.mu.Lock()
	change, open := c.changes[session], c.open[session]
	c.mu.Unlock()
	if open {
		return
	}
	until := time.Now().Add(rememberedTime)
	for i, p := range people {
		c.people.Add(told{session, p}, remembered{identities[i], change, until})
	}
}

// forget is called when people of a session change.
func (c *peopleCache) forget(session string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes[session]++
	c.open[session] = true
}

// forgetAll is called when it is not certain what is stored.
func (c *peopleCache) forgetAll() { c.people.Purge() }

func (c *peopleCache) change(session string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes[session]
}
