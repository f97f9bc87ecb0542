package models

import (
	"context"
	"database/sql/driver"
)

// writeTurn lets the writing connections of one process take turns. SQLite itself
// lets them poll for its lock, with pauses of milliseconds, and whoever polls at
// the right moment wins; here the next one goes at once. Its lock still decides
// between processes.
type writeTurn chan struct{}

func newWriteTurn() writeTurn { return make(writeTurn, 1) }

// take waits for the turn until ctx ends. A nil turn is everybody's.
func (t writeTurn) take(ctx context.Context) error {
	if t == nil {
		return nil
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t writeTurn) pass() {
	if t != nil {
		<-t
	}
}

// BeginTx implements [driver.ConnBeginTx]: a transaction has the turn until its end.
func (c *preparedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.turn.take(ctx); err != nil {
		return nil, err
	}
	tx, err := c.begin(ctx, opts)
	if err != nil {
		c.strain()
		c.turn.pass()
		return nil, err
	}
	c.inTx = true
	return &turnTx{Tx: tx, conn: c}, nil
}

func (c *preparedConn) begin(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.relax(ctx); err != nil {
		return nil, err
	}
	return c.driverConn.BeginTx(ctx, opts)
}

// turnTx is a transaction that passes the turn on when it ends.
type turnTx struct {
	driver.Tx
	conn *preparedConn
}

// Commit ends the transaction.
func (t *turnTx) Commit() error {
	defer t.end()
	return t.Tx.Commit()
}

// Rollback undoes the transaction.
func (t *turnTx) Rollback() error {
	defer t.end()
	return t.Tx.Rollback()
}

func (t *turnTx) end() {
	if t.conn.inTx {
		t.conn.strain()
		t.conn.inTx = false
		t.conn.turn.pass()
	}
}
