package whatsapp

import (
	"context"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
)

// groupBook is what a running session remembers of its groups beside the
// database: the order of changes, and which groups are to be fetched anew. The
// zero value is ready. It is lost with the process; reading all groups on the
// next connect replaces it.
//
// A snapshot takes time to fetch, and a notification may be stored meanwhile.
// Every store call therefore goes through [groupBook.change] or
// [groupBook.adopt]: one group at a time, and no snapshot over a change that is
// younger than it.
type groupBook struct {
	// listing is held for reading while a change is stored, and for writing while
	// what WhatsApp did not list is marked as left.
	listing sync.RWMutex

	mu     sync.Mutex
	last   uint64 // number of the last stored change
	pages  map[types.JID]*groupPage
	taker  <-chan struct{} // closes when nobody takes what is wanted any more
	wanted map[wanted]bool
	wake   chan struct{}
}

// groupPage is the part of one group.
type groupPage struct {
	storing sync.Mutex // held while a change of this group is stored
	changed uint64     // number of its last stored change; guarded by groupBook.mu
	version string     // WhatsApp's participant version, "" unknown; guarded by storing
	facts   facts      // of own acts; guarded by storing
}

func (b *groupBook) page(jid types.JID) *groupPage {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pages[jid]
	if p == nil {
		p = &groupPage{}
		if b.pages == nil {
			b.pages = make(map[types.JID]*groupPage)
		}
		b.pages[jid] = p
	}
	return p
}

// mark gives the present position, for [groupBook.adopt].
func (b *groupBook) mark() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// change stores a change of a group. store may read and set the page's version.
func (b *groupBook) change(jid types.JID, store func(*groupPage) error) error {
	p := b.page(jid)
	p.storing.Lock()
	defer p.storing.Unlock()
	return b.stored(p, store)
}

// adopt stores a snapshot that was asked for after mark, unless the group has
// changed since: the snapshot may be older than that.
func (b *groupBook) adopt(jid types.JID, mark uint64, store func(*groupPage) error) (adopted bool, err error) {
	p := b.page(jid)
	p.storing.Lock()
	defer p.storing.Unlock()
	b.mu.Lock()
	current := p.changed <= mark
	b.mu.Unlock()
	if !current {
		return false, nil
	}
	return true, b.stored(p, store)
}

// acted notes what an own act has changed that is stored by other means.
func (b *groupBook) acted(jid types.JID, change models.GroupChange) {
	p := b.page(jid)
	p.storing.Lock()
	defer p.storing.Unlock()
	p.facts.learn(change, time.Now())
}

func (b *groupBook) stored(p *groupPage, store func(*groupPage) error) error {
	b.listing.RLock()
	defer b.listing.RUnlock()
	if err := store(p); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	p.changed = b.last
	return nil
}

// changedSince gives the groups with a stored change after mark.
func (b *groupBook) changedSince(mark uint64) []types.JID {
	b.mu.Lock()
	defer b.mu.Unlock()
	var changed []types.JID
	for jid, p := range b.pages {
		if p.changed > mark {
			changed = append(changed, jid)
		}
	}
	return changed
}

// retain marks as left, by store, all groups but those that a list asked for after
// mark has and those that changed since: they may be younger than the list. No
// change is stored meanwhile.
func (b *groupBook) retain(mark uint64, store func(changed []types.JID) error) error {
	b.listing.Lock()
	defer b.listing.Unlock()
	return store(b.changedSince(mark))
}

// wanted is something to fetch anew in the background.
type wanted struct {
	everything bool      // all groups, and the names of people
	names      bool      // the names of people
	channels   bool      // the channels that the account follows
	group      types.JID // one group
}

// want asks for something to be fetched, soon and in the background. Asking
// again before that changes nothing.
func (b *groupBook) want(w wanted) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wanted == nil {
		b.wanted = make(map[wanted]bool)
	}
	b.wanted[w] = true
	select {
	case b.signal() <- struct{}{}:
	default: // a wake-up is under way already
	}
}

// signal gives the wake-up channel; b.mu is held.
func (b *groupBook) signal() chan struct{} {
	if b.wake == nil {
		b.wake = make(chan struct{}, 1)
	}
	return b.wake
}

// next waits for something to fetch and takes it. An error is ctx's end.
func (b *groupBook) next(ctx context.Context) (wanted, error) {
	for {
		w, wake := b.take()
		if wake == nil {
			return w, ctx.Err()
		}
		select {
		case <-ctx.Done():
			return wanted{}, ctx.Err()
		case <-wake:
		}
	}
}

// take gives something to fetch, or the channel that tells when there is.
func (b *groupBook) take() (wanted, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if everything := (wanted{everything: true}); b.wanted[everything] {
		channels := b.wanted[wanted{channels: true}]
		clear(b.wanted) // it includes the rest
		if channels {
			b.wanted[wanted{channels: true}] = true
		}
		return everything, nil
	}
	for w := range b.wanted {
		delete(b.wanted, w)
		return w, nil
	}
	return wanted{}, b.signal()
}

// enter makes the caller the one who takes what is wanted, until done closes;
// false when somebody is already. One whose time is over may still be finishing
// its last fetch: two at a time are harmless, see [groupBook.adopt].
func (b *groupBook) enter(done <-chan struct{}) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taker != nil {
		select {
		case <-b.taker:
		default:
			return false
		}
	}
	b.taker = done
	return true
}
