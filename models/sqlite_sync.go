package models

import (
	"context"
	"database/sql/driver"
)

type syncedLaterKey struct{}

// SyncedLater gives a context whose transactions on [DB.WhatsmeowDB] are not synced
// to the disk by themselves; a caller does that with the next commit of any store,
// which makes all before it in the write-ahead log durable too. It is for what may
// be undone by a power cut, or by a crash of PostgreSQL, as long as no such commit
// came after it. A process of ours that is killed undoes nothing. In PostgreSQL their
// writes wait for the next question or the commit too, and fail there: see [deferred].
func SyncedLater(ctx context.Context) context.Context {
	return context.WithValue(ctx, syncedLaterKey{}, true)
}

// relax turns off the syncing of commits for a transaction that may be synced
// later. SQLite wants to hear of it before the transaction begins.
func (c *preparedConn) relax(ctx context.Context) error {
	if later, _ := ctx.Value(syncedLaterKey{}).(bool); !later {
		return nil
	}
	c.relaxed = true
	return c.pragma(ctx, "PRAGMA synchronous = NORMAL")
}

// strain turns it on again; a connection where that fails is not used any more.
func (c *preparedConn) strain() {
	if c.relaxed {
		c.relaxed = c.pragma(context.Background(), "PRAGMA synchronous = FULL") != nil
	}
}

// pragma runs a statement uncompiled: SQLite does what it says when it is compiled.
func (c *preparedConn) pragma(ctx context.Context, statement string) error {
	_, err := c.driverConn.ExecContext(ctx, statement, []driver.NamedValue{})
	return err
}

// IsValid implements [driver.Validator].
func (c *preparedConn) IsValid() bool { return !c.relaxed && c.driverConn.IsValid() }
