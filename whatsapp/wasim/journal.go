package wasim

import (
	"context"
	"slices"
	"sync"
)

// journal remembers what happened to a phone, in order, and wakes those who
// wait for something to happen. It forgets the oldest entries beyond its limit.
type journal[K comparable, T any] struct {
	limit int

	mu       sync.Mutex
	first    int // how many entries were forgotten: the number of entries[0]
	entries  []T
	keys     []K
	numbers  map[K]int
	revision int           // counts changes of existing entries
	changed  chan struct{} // closed at the next change; nil while nobody waits
}

// put appends an entry, or lets merge change the one that has the same key.
func (j *journal[K, T]) put(key K, entry T, merge func(*T)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if number, ok := j.numbers[key]; ok {
		merge(&j.entries[number-j.first])
		j.revision++
	} else {
		if j.numbers == nil {
			j.numbers = map[K]int{}
		}
		j.numbers[key] = j.first + len(j.entries)
		j.entries, j.keys = append(j.entries, entry), append(j.keys, key)
		j.forget()
	}
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// forget drops the oldest entries, many at a time, which keeps adding cheap.
func (j *journal[K, T]) forget() {
	if j.limit <= 0 || len(j.entries) <= j.limit+j.limit/2 {
		return
	}
	drop := len(j.entries) - j.limit
	for _, key := range j.keys[:drop] {
		delete(j.numbers, key)
	}
	j.entries, j.keys = append([]T(nil), j.entries[drop:]...), append([]K(nil), j.keys[drop:]...)
	j.first += drop
}

// get finds an entry by its key.
func (j *journal[K, T]) get(key K) (T, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	number, ok := j.numbers[key]
	if !ok {
		var none T
		return none, false
	}
	return j.entries[number-j.first], true
}

// all copies the entries.
func (j *journal[K, T]) all() []T {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]T(nil), j.entries...)
}

// wait gives the first entry that matches, from the oldest on, or waits for one.
func (j *journal[K, T]) wait(ctx context.Context, match func(T) bool) (T, error) {
	next, revision := 0, 0
	for {
		entry, ok, changed := j.search(match, &next, &revision)
		if ok {
			return entry, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return entry, ctx.Err()
		}
	}
}

// search looks at the entries from number *next on, or at all of them if one has
// changed since. It gives the channel that tells the next change.
func (j *journal[K, T]) search(match func(T) bool, next, revision *int) (found T, ok bool, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if *revision != j.revision {
		*next, *revision = 0, j.revision
	}
	for number := max(*next, j.first); number < j.first+len(j.entries); number++ {
		if entry := j.entries[number-j.first]; match(entry) {
			return entry, true, nil
		}
	}
	*next = j.first + len(j.entries)
	if j.changed == nil {
		j.changed = make(chan struct{})
	}
	return found, false, j.changed
}

// find gives the first entry that matches.
func (j *journal[K, T]) find(match func(T) bool) (T, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := slices.IndexFunc(j.entries, match); i >= 0 {
		return j.entries[i], true
	}
	var none T
	return none, false
}

// until waits for done, which may read the journal and is asked again after
// every change.
func (j *journal[K, T]) until(ctx context.Context, done func() bool) error {
	for {
		changed := j.next()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// next gives the channel that tells the next change.
func (j *journal[K, T]) next() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.changed == nil {
		j.changed = make(chan struct{})
	}
	return j.changed
}
