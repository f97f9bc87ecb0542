package models

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxPrepared bounds the statements that one connection keeps compiled.
const maxPrepared = 256

// preparing is a connector whose connections keep statements compiled, by their
// text: compiling takes SQLite longer than most statements take to run. Whoever
// uses the pool, whatsmeow too, gains without knowing.
type preparing struct {
	driver.Connector
	turn writeTurn // nil: the connections only read
}

// Connect opens a connection.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := conn.(driverConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a connection of SQLite lacks something: %T", conn), conn.Close())
	}
	statements, err := simplelru.NewLRU(maxPrepared, func(_ string, s *compiled) { s.drop() })
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &preparedConn{driverConn: c, statements: statements, turn: p.turn}, nil
}

// driverConn is what database/sql uses of the driver's connections.
type driverConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// driverStatement is the same of its statements.
type driverStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// driverRows is the same of its rows.
type driverRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// preparedConn is a connection with its compiled statements. Like any, it is used
// by one goroutine at a time.
type preparedConn struct {
	driverConn
	statements *simplelru.LRU[string, *compiled]
	turn       writeTurn
	inTx       bool
	relaxed    bool // its commits are not synced
}

// compiled is a statement that is kept. While its rows are read it is taken, and
// the same text is compiled anew for whoever else needs it.
type compiled struct {
	driverStatement
	taken, dropped bool
}

// drop closes a statement that is no longer kept, once it is not in use.
func (s *compiled) drop() {
	s.dropped = true
	if !s.taken {
		_ = s.Close()
	}
}

// giveBack ends the use of a statement.
func (s *compiled) giveBack() {
	s.taken = false
	if s.dropped {
		_ = s.Close()
	}
}

// take gives the compiled statement of a text; nil when it is in use, or cannot
// be compiled, and the text is better run as it is.
func (c *preparedConn) take(ctx context.Context, query string) *compiled {
	s, known := c.statements.Get(query)
	if !known {
		statement, err := c.PrepareContext(ctx, query)
		if err != nil {
			return nil // running it will say why
		}
		usable, ok := statement.(driverStatement)
		if !ok {
			_ = statement.Close()
			return nil
		}
		s = &compiled{driverStatement: usable}
		c.statements.Add(query, s)
	}
	if s.taken {
		return nil
	}
	s.taken = true
	return s
}

// ExecContext implements [driver.ExecerContext].
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !c.inTx {
		if err := c.turn.take(ctx); err != nil {
			return nil, err
		}
		defer c.turn.pass()
	}
	s := c.take(ctx, query)
	if s == nil {
		return c.driverConn.ExecContext(ctx, query, args)
	}
	defer s.giveBack()
	return s.ExecContext(ctx, args)
}

// QueryContext implements [driver.QueryerContext].
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s := c.take(ctx, query)
	if s == nil {
		return c.driverConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		s.giveBack()
		return nil, err
	}
	all, ok := rows.(driverRows)
	if !ok {
		s.giveBack()
		return nil, errors.Join(fmt.Errorf("rows of SQLite lack something: %s", reflect.TypeOf(rows)), rows.Close())
	}
	return &preparedRows{driverRows: all, statement: s}, nil
}

// Close closes the statements and the connection.
func (c *preparedConn) Close() error {
	if c.inTx {
		c.inTx = false
		c.turn.pass()
	}
	c.statements.Purge()
	return c.driverConn.Close()
}

// preparedRows are the rows of a statement that is taken until they are closed.
type preparedRows struct {
	driverRows
	statement *compiled
}

// Close ends the reading.
func (r *preparedRows) Close() error {
	err := r.driverRows.Close()
	if r.statement != nil {
		r.statement.giveBack()
		r.statement = nil
	}
	return err
}
