package models

import (
	"context"
	"fmt"
	"sync"

	"gorm.io/gorm"
)

// maxGroup bounds how many transactions share a commit, so that the first one
// does not wait for ever more.
const maxGroup = 64

// committer lets transactions that wait for SQLite's one writer share a commit,
// which is a sync of the disk: whoever comes while one is under way is done, and
// committed, together with all the others who did. Each runs in a savepoint, so
// one that fails takes nobody along. There is no delay and no goroutine: the
// first who waits works for all.
type committer struct {
	writer *gorm.DB
	broke  func() // hears of transactions that were undone as a whole

	mu      sync.Mutex
	waiting []*committing
	busy    bool
}

// committing is one transaction that waits to be run and committed.
type committing struct {
	ctx  context.Context //nolint:containedctx // of the caller that waits for it
	fn   func(tx *gorm.DB) error
	turn chan bool // true: work for all; false: done
	err  error
}

// run runs fn in a transaction and returns when it is committed, or rolled back
// because fn, the commit or the caller's context failed.
func (c *committer) run(ctx context.Context, fn func(tx *gorm.DB) error) error {
	own := &committing{ctx: ctx, fn: fn, turn: make(chan bool, 1)}
	c.mu.Lock()
	c.waiting = append(c.waiting, own)
	if c.busy {
		c.mu.Unlock()
		// Not given up when ctx ends: it may be running, and says then what became of it.
		if worker := <-own.turn; !worker {
			return own.err
		}
		c.mu.Lock()
	}
	c.busy = true
	group := c.waiting[:min(len(c.waiting), maxGroup)]
	c.waiting = c.waiting[len(group):]
	c.mu.Unlock()

	defer c.pass()
	c.commit(group)
	for _, other := range group {
		if other != own {
			other.turn <- false
		}
	}
	return own.err
}

// pass hands the writer to the next who waits.
func (c *committer) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.busy = false
		return
	}
	c.waiting[0].turn <- true
}

// commit runs a group in one transaction. When that breaks as a whole, which
// undoes all of it, its members are run again one by one.
//
// The statements are not cancelled with their callers: they are short, and SQLite
// undoes the whole transaction of a statement that is interrupted.
func (c *committer) commit(group []*committing) {
	if len(group) == 1 {
		t := group[0]
		if t.err = t.ctx.Err(); t.err == nil {
			t.err = c.writer.WithContext(context.WithoutCancel(t.ctx)).Transaction(func(tx *gorm.DB) error { return runGuarded(tx, t.fn) })
		}
		return
	}
	ctx := context.WithoutCancel(group[0].ctx)
	err := c.writer.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for _, t := range group {
			if err := t.inSavepoint(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return
	}
	c.broke()
	for _, t := range group {
		c.commit([]*committing{t})
	}
}

// inSavepoint runs one of a group; its failure, left in err, undoes nothing but
// itself. An error means that the transaction is broken.
func (t *committing) inSavepoint(tx *gorm.DB) error {
	if t.err = t.ctx.Err(); t.err != nil {
		return nil //nolint:nilerr // the caller's context says nothing about the transaction
	}
	if err := tx.Exec("SAVEPOINT one").Error; err != nil {
		return err
	}
	t.err = runGuarded(tx.WithContext(context.WithoutCancel(t.ctx)), t.fn)
	if t.err != nil {
		if err := tx.Exec("ROLLBACK TO one").Error; err != nil {
			return err
		}
	}
	return tx.Exec("RELEASE one").Error
}

// runGuarded makes a panic an error: it must not leave others waiting.
func runGuarded(tx *gorm.DB, fn func(tx *gorm.DB) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v", p)
		}
	}()
	return fn(tx)
}
