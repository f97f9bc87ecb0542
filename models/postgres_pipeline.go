package models

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// pipelining is a connector whose connections send what needs no answer of its own
// together with what comes next: each answer is a wait for the network and two
// changes of process. Only transactions whose context asks for it ([pipelined],
// [SyncedLater]) are treated so; all others are the driver's own.
type pipelining struct{ driver.Connector }

// Connect opens a connection.
func (p pipelining) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a connection of PostgreSQL is a %T", conn), conn.Close())
	}
	return &pipelinedConn{Conn: c}, nil
}

type (
	pipelinedKey struct{}
	deferredKey  struct{}
)

// pipelined gives a context whose transactions begin with their first statement,
// where it is PostgreSQL's.
func pipelined(ctx context.Context) context.Context {
	return context.WithValue(ctx, pipelinedKey{}, true)
}

// deferred gives a context whose writes go out with the next statement of their
// transaction, or with its commit, which then fails in their place. How many rows
// they touch is not known. It matters in a pipelined transaction only.
func deferred(ctx context.Context) context.Context {
	return context.WithValue(ctx, deferredKey{}, true)
}

func asked(ctx context.Context, key any) bool {
	yes, _ := ctx.Value(key).(bool)
	return yes
}

// pipelinedConn is a connection with the transaction that is under way on it. Like
// any, it is used by one goroutine at a time.
type pipelinedConn struct {
	*stdlib.Conn
	tx *pipelinedTx // nil: none, or one of the driver's own
}

// BeginTx implements [driver.ConnBeginTx].
func (c *pipelinedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	later := asked(ctx, syncedLaterKey{})
	if opts != (driver.TxOptions{}) || !later && !asked(ctx, pipelinedKey{}) {
		return c.Conn.BeginTx(ctx, opts)
	}
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	c.tx = &pipelinedTx{ctx: ctx, conn: c, defers: later}
	c.tx.queue("BEGIN")
	if later {
		c.tx.queue("SET LOCAL synchronous_commit = off")
	}
	return c.tx, nil
}

// ExecContext implements [driver.ExecerContext].
func (c *pipelinedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	switch {
	case c.tx == nil:
		return c.Conn.ExecContext(ctx, query, args)
	case c.tx.defers || asked(ctx, deferredKey{}):
		c.tx.queue(query, values(args)...)
		return driver.ResultNoRows, nil
	case len(c.tx.queued) == 0:
		return c.Conn.ExecContext(ctx, query, args)
	}
	c.tx.queue(query, values(args)...)
	tag, err := c.tx.send(ctx)
	return driver.RowsAffected(tag.RowsAffected()), err
}

// QueryContext implements [driver.QueryerContext]. Rows that come together with
// other answers are read at once.
func (c *pipelinedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.tx == nil || len(c.tx.queued) == 0 {
		return c.Conn.QueryContext(ctx, query, args)
	}
	return c.tx.query(ctx, query, values(args))
}

// PrepareContext implements [driver.ConnPrepareContext]: what the statement will do
// comes after what is queued.
func (c *pipelinedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.tx != nil && len(c.tx.queued) > 0 {
		if _, err := c.tx.send(ctx); err != nil {
			return nil, err
		}
	}
	return c.Conn.PrepareContext(ctx, query)
}

// pipelinedTx is a transaction with the statements that are not sent yet.
type pipelinedTx struct {
	ctx    context.Context //nolint:containedctx // of the transaction, as database/sql has it
	conn   *pipelinedConn
	defers bool // every write
	queued []*pgx.QueuedQuery
	begun  bool // something was sent
}

func (t *pipelinedTx) queue(sql string, args ...any) {
	t.queued = append(t.queued, &pgx.QueuedQuery{SQL: sql, Arguments: args})
}

// start sends what is queued, of which nothing is left then.
func (t *pipelinedTx) start(ctx context.Context) (results pgx.BatchResults, sent int) {
	batch := &pgx.Batch{QueuedQueries: t.queued}
	t.queued, t.begun = nil, true
	return t.conn.Conn.Conn().SendBatch(ctx, batch), len(batch.QueuedQueries)
}

// send sends what is queued and gives the last answer.
func (t *pipelinedTx) send(ctx context.Context) (last pgconn.CommandTag, err error) {
	results, sent := t.start(ctx)
	for range sent {
		if last, err = results.Exec(); err != nil {
			break
		}
	}
	if end := results.Close(); err == nil {
		err = end
	}
	return last, err
}

// query sends what is queued with a query, and gives its rows.
func (t *pipelinedTx) query(ctx context.Context, query string, args []any) (_ driver.Rows, err error) {
	t.queue(query, args...)
	results, sent := t.start(ctx)
	defer func() {
		if end := results.Close(); err == nil {
			err = end
		}
	}()
	for range sent - 1 {
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	return readRows(rows)
}

// Commit implements [driver.Tx].
func (t *pipelinedTx) Commit() error {
	t.conn.tx = nil
	if !t.begun && len(t.queued) == 0 {
		return nil
	}
	t.queue("COMMIT")
	tag, err := t.send(t.ctx)
	if err != nil {
		return errors.Join(err, t.undo())
	}
	if tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// Rollback implements [driver.Tx].
func (t *pipelinedTx) Rollback() error {
	t.conn.tx = nil
	if !t.begun {
		return nil
	}
	return t.undo()
}

// rollbackTimeout bounds the undoing of a transaction whose caller may have gone.
const rollbackTimeout = 5 * time.Second

// undo ends a transaction of which something was sent. A connection where that
// fails is closed, which ends it too.
func (t *pipelinedTx) undo() error {
	conn := t.conn.Conn.Conn()
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), rollbackTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
		return errors.Join(err, conn.Close(ctx))
	}
	return nil
}

func values(args []driver.NamedValue) []any {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg.Value
	}
	return values
}
